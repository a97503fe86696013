"""A killed sync: time until its retry writes new leads, and leads that are sent twice.

The first try of 100,000 leads is killed after six tenths of its calls. The retry runs on the same machine,
and on another one that shares a server (``[mkt] shared_state_url``). ``resume.py [hubspot] [marketo]``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import (
    NO_LIMITS,
    REDIS,
    Platform,
    Served,
    airflow_home,
    heading,
    line,
    selected_platforms,
    served,
    write_leads,
)

LEADS = 100_000
LATENCY = 0.1

TRY = """
import json, sys, time
from types import SimpleNamespace
from airflow_provider_mkt.operators.leads import SyncLeadsOperator

task = SyncLeadsOperator(task_id="task", conn_id=sys.argv[1], source=sys.argv[2])
ti = SimpleNamespace(dag_id="resumed", run_id=sys.argv[3], task_id="task", map_index=-1,
                     try_number=int(sys.argv[4]), max_tries=2, xcom_push=lambda key, value: None)
begun = time.time()
print(json.dumps({"begun": begun, "outcome": task.execute({"ti": ti})}), flush=True)
"""


def start(platform: Platform, source: str, run: str, number: int) -> subprocess.Popen[str]:
    arguments = [f"{platform.name}_unbound", source, f"run-{platform.name}-{run}", str(number)]
    return subprocess.Popen(
        [sys.executable, "-c", TRY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def measure(box: Served, home: Path, platform: Platform, *, elsewhere: bool) -> None:
    os.environ["AIRFLOW__MKT__SHARED_STATE_URL"] = REDIS if elsewhere else ""
    os.environ["AIRFLOW__MKT__STATE_DIR"] = str(home / f"state-{elsewhere}")
    box.control(platform.name, "reset", {})
    box.control(platform.name, "limits", {**NO_LIMITS, "latency": LATENCY})
    source = write_leads(home / "leads.csv", LEADS, platform.first_name)
    calls = -(-LEADS // platform.batch)
    run = f"{os.getpid()}-{elsewhere}"
    first = start(platform, source, run, 1)
    while (before := box.calls(platform)["total"]) < calls * 6 // 10:
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    if elsewhere:
        os.environ["AIRFLOW__MKT__STATE_DIR"] = str(home / "state-of-another-machine")
    output, _ = start(platform, source, run, 2).communicate()
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    outcome = result["outcome"]
    assert outcome["total"] == LEADS, outcome
    assert outcome["created"] + outcome["updated"] + outcome["resumed"] >= LEADS, outcome
    # Every lead was new, so an updated one was sent before.
    twice = outcome["updated"]
    sent = sorted(
        call["at"] - call["seconds"]
        for call in box.control(platform.name, "calls")["recent"]
        if call["route"] == platform.route and call["at"] - call["seconds"] >= result["begun"]
    )
    new = sent[min(twice // platform.batch, len(sent) - 1)]
    line(
        platform.name,
        "another" if elsewhere else "the same",
        before,
        f"{outcome['resumed']:,}",
        f"{sent[0] - result['begun']:.1f} s",
        f"{new - result['begun']:.1f} s",
        f"{twice:,}",
        f"{outcome['created'] - outcome['resumed']:,}",
    )


def main(platforms: list[Platform]) -> None:
    heading(
        "platform",
        "machine of the retry",
        "calls at the kill",
        "saved results",
        "first call after",
        "first new lead after",
        "sent twice",
        "sent once by the retry",
    )
    with served() as box, airflow_home(box) as home:
        for platform in platforms:
            for elsewhere in (False, True):
                measure(box, home, platform, elsewhere=elsewhere)


if __name__ == "__main__":
    main(selected_platforms(sys.argv[1:]))
