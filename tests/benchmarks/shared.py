"""Share of the limit that four worker processes on one account reach, with the budget in each store.

The share is the time that the limit needs for as many calls, divided by the time from the first call of the
four workers to their last. ``shared.py [hubspot] [marketo] [file] [redis] [postgres]``.
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
    end_task,
    heading,
    line,
    selected_platforms,
    served,
    start_task,
    write_leads,
)

WORKERS = 4
WINDOWS = {"hubspot": 8.5, "marketo": 4.5}
LATENCY = 0.3
STORES = ("file", "redis", "postgres")


@contextmanager
def url_of(store: str) -> Iterator[str]:
    """Yield the ``[mkt] shared_state_url`` of a store, and clean the store up."""
    if store != "postgres":
        # The keys in Redis expire.
        yield REDIS if store == "redis" else ""
        return
    import psycopg

    name = f"mkt_bench_{os.getpid()}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{POSTGRES.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def measure(box: Served, homes: list[Path], platform: Platform, store: str, url: str) -> None:
    calls = round(platform.window_calls * WINDOWS[platform.name] / WORKERS)
    box.control(platform.name, "reset", {})
    box.control(platform.name, "limits", {"latency": LATENCY})
    os.environ["AIRFLOW__MKT__SHARED_STATE_URL"] = url
    tasks = []
    for number, home in enumerate(homes):
        leads = calls * platform.batch
        source = write_leads(home / "leads.csv", leads, platform.first_name, start=number * leads)
        conn = f"{platform.name}_default"
        tasks.append(start_task(home, "leads", "SyncLeadsOperator", conn_id=conn, source=source))
    results = [end_task(task) for task in tasks]
    assert all(result["outcome"]["created"] == calls * platform.batch for result in results), results
    calls_seen = box.calls(platform)
    done = calls_seen["total"] - sum(calls_seen["refused"].values())
    ideal = (done - 1) // platform.window_calls * platform.window_seconds
    share = ideal / (calls_seen["last"] - calls_seen["first"])
    rate, max_in_flight = (calls_seen["refused"].get(gate, 0) for gate in ("rate", "concurrency"))
    line(platform.name, store, done, f"{share:.1%}", rate, max_in_flight, calls_seen["peakInFlight"])


def main(platforms: list[Platform], stores: list[str]) -> None:
    heading(
        "platform",
        "budget in",
        "calls",
        "share of the limit",
        "rejected for rate",
        "rejected for concurrency",
        "peak",
    )
    with served() as box, airflow_home(box) as home:
        homes = [another_home(home, f"worker{number}") for number in range(WORKERS)]
        for platform in platforms:
            for store in stores:
                with url_of(store) as url:
                    measure(box, homes, platform, store, url)


if __name__ == "__main__":
    main(selected_platforms(sys.argv[1:]), [one for one in STORES if one in sys.argv[1:]] or list(STORES))
