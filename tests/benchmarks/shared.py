"""Four worker processes on one account: what they reach together, with the budget in each place it can be.

The share is the time in which the limit allows as many calls, over the time from the first of the four's
calls to their last. ``shared.py [hubspot] [marketo] [file] [redis] [postgres]``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import (
    POSTGRES,
    REDIS,
    Platform,
    Served,
    airflow_home,
    another_home,
    asked_for,
    end_task,
    heading,
    line,
    served,
    start_task,
    write_leads,
)

WORKERS = 4
WINDOWS = {"hubspot": 8.5, "marketo": 4.5}
LATENCY = 0.3
PLACES = ("file", "redis", "postgres")


@contextmanager
def url_of(place: str) -> Iterator[str]:
    """What ``[mkt] shared_state_url`` is set to; nothing of it stays behind."""
    if place != "postgres":
        # What is in Redis goes by itself.
        yield REDIS if place == "redis" else ""
        return
    import psycopg

    name = f"mkt_bench_{os.getpid()}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{POSTGRES.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def measure(box: Served, homes: list[Path], platform: Platform, place: str, url: str) -> None:
    calls = round(platform.window_calls * WINDOWS[platform.name] / WORKERS)
    box.tell(platform.name, "reset", {})
    box.tell(platform.name, "limits", {"latency": LATENCY})
    os.environ["AIRFLOW__MKT__SHARED_STATE_URL"] = url
    tasks = []
    for number, home in enumerate(homes):
        leads = calls * platform.batch
        source = write_leads(home / "leads.csv", leads, platform.first_name, start=number * leads)
        conn = f"{platform.name}_default"
        tasks.append(start_task(home, "leads", "SyncLeadsOperator", conn_id=conn, source=source))
    results = [end_task(task) for task in tasks]
    assert all(result["outcome"]["created"] == calls * platform.batch for result in results), results
    seen = box.calls(platform)
    done = seen["total"] - sum(seen["refused"].values())
    ideal = (done - 1) // platform.window_calls * platform.window_seconds
    share = ideal / (seen["last"] - seen["first"])
    rate, max_in_flight = (seen["refused"].get(gate, 0) for gate in ("rate", "concurrency"))
    line(platform.name, place, done, f"{share:.1%}", rate, max_in_flight, seen["peakInFlight"])


def main(platforms: list[Platform], places: list[str]) -> None:
    heading("platform", "budget in", "calls", "share of the limit", "refused", "refused: at once", "peak")
    with served() as box, airflow_home(box) as home:
        homes = [another_home(home, f"worker{number}") for number in range(WORKERS)]
        for platform in platforms:
            for place in places:
                with url_of(place) as url:
                    measure(box, homes, platform, place, url)


if __name__ == "__main__":
    main(asked_for(sys.argv[1:]), [one for one in PLACES if one in sys.argv[1:]] or list(PLACES))
