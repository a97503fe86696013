"""How much of the account's rate limit a sync reaches, beside loops over public clients, and who loses what.

The ideal run makes a full window's calls at once, waits for the window's end, and so on; the share is the
ideal run's time over the measured one's. A loop over a client is given ten seconds, and its calls per second
are compared with the limit's. ``ceiling.py [hubspot] [marketo] [seconds of latency ...] [runs=seconds]``.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import Platform, Served, airflow_home, asked_for, heading, line, served, sync_leads, write_leads

CLIENTS = {"hubspot": "hubspot-api-client", "marketo": "marketorestpython"}
LATENCIES = (0.1, 1.0, 3.0)
SECONDS = 200
"""About how long a run takes at the limit."""
CLIENT_SECONDS = 10
BAD, BAD_CALLS = 0.01, 20
AT_ONCE = {"hubspot": 100, "marketo": 10}
"""Calls the operator has under way at most."""


def client(box: Served, platform: Platform, calls: int, seconds: float, bad: float) -> subprocess.Popen[str]:
    words = [platform.name, box.urls[platform.name], str(calls), str(seconds), str(bad)]
    command = [sys.executable, str(Path(__file__).with_name("clients.py")), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = process.communicate()
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


def refused(box: Served, platform: Platform) -> int:
    return sum(box.calls(platform)["refused"].values())


def ceilings(
    box: Served, other: Served, home: Path, platform: Platform, latencies: list[float], seconds: float
) -> None:
    windows = max(1, round(seconds / platform.window_seconds))
    # Half a window's calls more than whole windows, so that the last one is not an edge case.
    rest = platform.window_calls // 2
    total = platform.window_calls * windows + rest
    source = write_leads(home / "leads.csv", total * platform.batch, platform.first_name)
    max_in_flight = AT_ONCE[platform.name]
    for latency in latencies:
        for each in (box, other):
            each.tell(platform.name, "reset", {})
            each.tell(platform.name, "limits", {"latency": latency})
        beside = client(other, platform, 10**6, CLIENT_SECONDS, 0.0)
        outcome = sync_leads(home, conn_id=f"{platform.name}_default", source=source)["outcome"]
        assert outcome["created"] == total * platform.batch, outcome
        # The last window's half takes as long as its calls take by so many at once.
        rounds = -(-rest // max_in_flight)
        ideal = max(windows * platform.window_seconds + rounds * latency, total / max_in_flight * latency)
        share = ideal / outcome["seconds"]
        line(
            platform.name,
            "SyncLeadsOperator",
            f"{latency:g} s",
            total,
            f"{share:.1%}",
            refused(box, platform),
        )
        loop = told(beside)
        share = loop["calls"] / loop["seconds"] / min(platform.per_second, max_in_flight / latency)
        line(
            platform.name,
            CLIENTS[platform.name],
            f"{latency:g} s",
            loop["calls"],
            f"{share:.1%}",
            refused(other, platform),
        )


def losses(box: Served, home: Path, platform: Platform) -> None:
    fault = {"code": "606"} if platform.name == "marketo" else {"status": 429}
    order = {"path": f"*{platform.route}", "method": "POST", "answer": fault, "skip": 2}
    chance = random.Random(1)
    rows = BAD_CALLS * platform.batch
    source, bad = home / "bad.csv", 0
    with source.open("w") as file:
        file.write(f"email,{platform.score}\n")
        for number in range(rows):
            wrong = chance.random() < BAD
            bad += wrong
            file.write(f"client{number}@example.com,{'bad' if wrong else 7}\n")
    for who in ("SyncLeadsOperator", CLIENTS[platform.name]):
        box.tell(platform.name, "reset", {})
        box.tell(platform.name, "limits", {"latency": 0.0})
        box.tell(platform.name, "faults", order)
        if who == "SyncLeadsOperator":
            conn = f"{platform.name}_default"
            outcome = sync_leads(home, conn_id=conn, source=source.as_uri(), max_rejected=None)["outcome"]
            written, named, exceptions = outcome["created"] + outcome["updated"], outcome["rejected"], 0
        else:
            loop = told(client(box, platform, BAD_CALLS, 600, BAD))
            assert (loop["good"], loop["bad"]) == (rows - bad, bad), loop
            written, named, exceptions = loop["written"], loop["named"], loop["exceptions"]
        line(platform.name, who, f"{rows - bad:,}", f"{rows - bad - written:,}", bad, named, exceptions)


def main(platforms: list[Platform], latencies: list[float], seconds: float) -> None:
    with served() as box, served() as other, airflow_home(box) as home:
        heading("platform", "who", "latency", "calls", "share of the limit", "refused")
        for platform in platforms:
            ceilings(box, other, home, platform, latencies, seconds)
        print()
        heading(
            "platform", "who", "good leads", "of them not written", "bad leads", "of them named", "exceptions"
        )
        for platform in platforms:
            losses(box, home, platform)


if __name__ == "__main__":
    numbers = [float(word) for word in sys.argv[1:] if word[0].isdigit()]
    runs = [float(word.removeprefix("runs=")) for word in sys.argv[1:] if word.startswith("runs=")]
    main(asked_for(sys.argv[1:]), numbers or list(LATENCIES), runs[0] if runs else SECONDS)
