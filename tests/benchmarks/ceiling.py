"""Share of the account's rate limit that a sync reaches, compared with public clients, and lost leads.

The ideal run sends all calls of a window at its start and waits for its end. The share is the time of the
ideal run divided by the measured time. A loop over a client runs for ten seconds, and its calls per second
are compared with the limit. ``ceiling.py [hubspot] [marketo] [seconds of latency ...] [runs=seconds]``.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import (
    Platform,
    Served,
    airflow_home,
    heading,
    line,
    selected_platforms,
    served,
    sync_leads,
    write_leads,
)

CLIENTS = {"hubspot": "hubspot-api-client", "marketo": "marketorestpython"}
LATENCIES = (0.1, 1.0, 3.0)
SECONDS = 200
"""Approximate duration of a run at the limit."""
CLIENT_SECONDS = 10
INVALID_SHARE, INVALID_CALLS = 0.01, 20
MAX_IN_FLIGHT = {"hubspot": 100, "marketo": 10}
"""Calls that the operator has in flight at most."""


def client(
    box: Served, platform: Platform, calls: int, seconds: float, invalid: float
) -> subprocess.Popen[str]:
    arguments = [platform.name, box.urls[platform.name], str(calls), str(seconds), str(invalid)]
    command = [sys.executable, str(Path(__file__).with_name("clients.py")), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def result_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = process.communicate()
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


def rejected_calls(box: Served, platform: Platform) -> int:
    return sum(box.calls(platform)["refused"].values())


def ceilings(
    box: Served, other: Served, home: Path, platform: Platform, latencies: list[float], seconds: float
) -> None:
    windows = max(1, round(seconds / platform.window_seconds))
    # Half a window more than whole windows, so that the last window is not an edge case.
    rest = platform.window_calls // 2
    total = platform.window_calls * windows + rest
    source = write_leads(home / "leads.csv", total * platform.batch, platform.first_name)
    max_in_flight = MAX_IN_FLIGHT[platform.name]
    for latency in latencies:
        for each in (box, other):
            each.control(platform.name, "reset", {})
            each.control(platform.name, "limits", {"latency": latency})
        client_run = client(other, platform, 10**6, CLIENT_SECONDS, 0.0)
        outcome = sync_leads(home, conn_id=f"{platform.name}_default", source=source)["outcome"]
        assert outcome["created"] == total * platform.batch, outcome
        # The last half window takes as long as its calls take at this concurrency.
        rounds = -(-rest // max_in_flight)
        ideal = max(windows * platform.window_seconds + rounds * latency, total / max_in_flight * latency)
        share = ideal / outcome["seconds"]
        line(
            platform.name,
            "SyncLeadsOperator",
            f"{latency:g} s",
            total,
            f"{share:.1%}",
            rejected_calls(box, platform),
        )
        loop = result_of(client_run)
        share = loop["calls"] / loop["seconds"] / min(platform.per_second, max_in_flight / latency)
        line(
            platform.name,
            CLIENTS[platform.name],
            f"{latency:g} s",
            loop["calls"],
            f"{share:.1%}",
            rejected_calls(other, platform),
        )


def losses(box: Served, home: Path, platform: Platform) -> None:
    fault = {"code": "606"} if platform.name == "marketo" else {"status": 429}
    order = {"path": f"*{platform.route}", "method": "POST", "answer": fault, "skip": 2}
    chance = random.Random(1)
    rows = INVALID_CALLS * platform.batch
    source, invalid = home / "invalid.csv", 0
    with source.open("w") as file:
        file.write(f"email,{platform.score}\n")
        for number in range(rows):
            is_invalid = chance.random() < INVALID_SHARE
            invalid += is_invalid
            file.write(f"client{number}@example.com,{'bad' if is_invalid else 7}\n")
    for name in ("SyncLeadsOperator", CLIENTS[platform.name]):
        box.control(platform.name, "reset", {})
        box.control(platform.name, "limits", {"latency": 0.0})
        box.control(platform.name, "faults", order)
        if name == "SyncLeadsOperator":
            conn = f"{platform.name}_default"
            outcome = sync_leads(home, conn_id=conn, source=source.as_uri(), max_rejected=None)["outcome"]
            written, reported = outcome["created"] + outcome["updated"], outcome["rejected"]
            exceptions = 0
        else:
            loop = result_of(client(box, platform, INVALID_CALLS, 600, INVALID_SHARE))
            assert (loop["valid"], loop["invalid"]) == (rows - invalid, invalid), loop
            written, reported, exceptions = loop["written"], loop["reported"], loop["exceptions"]
        line(
            platform.name,
            name,
            f"{rows - invalid:,}",
            f"{rows - invalid - written:,}",
            invalid,
            reported,
            exceptions,
        )


def main(platforms: list[Platform], latencies: list[float], seconds: float) -> None:
    with served() as box, served() as other, airflow_home(box) as home:
        heading("platform", "client", "latency", "calls", "share of the limit", "rejected")
        for platform in platforms:
            ceilings(box, other, home, platform, latencies, seconds)
        print()
        heading("platform", "client", "valid leads", "not written", "invalid leads", "reported", "exceptions")
        for platform in platforms:
            losses(box, home, platform)


if __name__ == "__main__":
    numbers = [float(word) for word in sys.argv[1:] if word[0].isdigit()]
    runs = [float(word.removeprefix("runs=")) for word in sys.argv[1:] if word.startswith("runs=")]
    main(selected_platforms(sys.argv[1:]), numbers or list(LATENCIES), runs[0] if runs else SECONDS)
