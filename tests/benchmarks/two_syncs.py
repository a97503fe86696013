"""Share of Marketo's limit that one sync and two syncs on one account reach, whose leads do not overlap.

Each sync claims the keys of its calls in the place that the tasks share. The share is the time that the limit
needs for as many calls, divided by the time from the first call to the last one. ``two_syncs.py [file]
[redis] [postgres]``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bench import (
    MARKETO,
    Served,
    airflow_home,
    another_home,
    end_task,
    heading,
    line,
    served,
    start_task,
    write_leads,
)
from shared import LATENCY, STORES, url_of

WINDOWS = 6.5


def measure(box: Served, homes: list[Path], store: str, url: str) -> None:
    calls = round(MARKETO.window_calls * WINDOWS / len(homes))
    box.control("marketo", "reset", {})
    box.control("marketo", "limits", {"latency": LATENCY})
    os.environ["AIRFLOW__MKT__SHARED_STATE_URL"] = url
    tasks = []
    for number, home in enumerate(homes):
        leads = calls * MARKETO.batch
        source = write_leads(home / "leads.csv", leads, MARKETO.first_name, start=number * leads)
        tasks.append(start_task(home, "leads", "SyncLeadsOperator", conn_id="marketo_default", source=source))
    results = [end_task(task) for task in tasks]
    assert all(result["outcome"]["created"] == calls * MARKETO.batch for result in results), results
    seen = box.calls(MARKETO)
    done = seen["total"] - sum(seen["refused"].values())
    ideal = (done - 1) // MARKETO.window_calls * MARKETO.window_seconds
    line(
        len(homes),
        store,
        done,
        f"{ideal / (seen['last'] - seen['first']):.1%}",
        sum(seen["refused"].values()),
    )


def main(stores: list[str]) -> None:
    heading("syncs", "claims in", "calls", "share of the limit", "rejected")
    with served() as box, airflow_home(box) as home:
        homes = [another_home(home, f"worker{number}") for number in range(2)]
        for store in stores:
            with url_of(store) as url:
                for count in (1, 2):
                    measure(box, homes[:count], store, url)


if __name__ == "__main__":
    main([one for one in STORES if one in sys.argv[1:]] or list(STORES))
