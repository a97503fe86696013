"""Peak memory of a sync at several sizes, from a file and from a PostgreSQL cursor, with the limits off.

``memory.py [hubspot] [marketo] [rows ...]``: by default both platforms, and 10,000 to 10,000,000 rows.
The largest files repeat a million people, because the sandbox keeps them in memory on the same machine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import (
    NO_LIMITS,
    POSTGRES,
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

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
PEOPLE = 1_000_000
TABLE = "mkt_bench_people"


@contextmanager
def people(rows: int) -> Iterator[bool]:
    """Create a table of people in PostgreSQL. Yields False without a server."""
    import psycopg

    try:
        connection = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        yield False
        return
    with connection:
        connection.execute(f"DROP TABLE IF EXISTS {TABLE}")
        connection.execute(
            f"CREATE TABLE {TABLE} AS SELECT 'lead' || n || '@example.com' AS email, 'Lead ' || n AS first "
            f"FROM generate_series(1, {rows}) AS n"
        )
        try:
            yield True
        finally:
            connection.execute(f"DROP TABLE {TABLE}")


def measure(box: Served, home: Path, platform: Platform, rows: int, kind: str, **source: Any) -> None:
    box.control(platform.name, "reset", {"limits": False})
    result = sync_leads(home, conn_id=f"{platform.name}_unbound", **source)
    outcome = result["outcome"]
    assert outcome["created"] == min(rows, PEOPLE), outcome
    assert outcome["created"] + outcome["updated"] == rows, outcome
    before, peak = result["base"] / 1024, result["peak"] / 1024
    line(
        platform.name,
        kind,
        f"{rows:,}",
        f"{rows / outcome['seconds']:,.0f}",
        f"{before:.0f} MB",
        f"{peak:.0f} MB",
        f"{peak - before:.0f} MB",
    )


def main(platforms: list[Platform], sizes: list[int]) -> None:
    heading("platform", "source", "leads", "leads/s", "before the task", "peak", "added by the task")
    with served() as box, airflow_home(box) as home:
        for platform in platforms:
            box.control(platform.name, "limits", NO_LIMITS)
            for rows in sizes:
                source = write_leads(home / "leads.csv", rows, platform.first_name, people=PEOPLE)
                measure(box, home, platform, rows, "CSV", source=source)
            rows = min(max(sizes), PEOPLE)
            with people(rows) as there:
                if there:
                    measure(
                        box,
                        home,
                        platform,
                        rows,
                        "SQL",
                        sql=f"SELECT email, first FROM {TABLE}",
                        sql_conn_id="crm",
                        columns={"first": platform.first_name},
                    )


if __name__ == "__main__":
    main(
        selected_platforms(sys.argv[1:]),
        [int(word) for word in sys.argv[1:] if word.isdigit()] or list(SIZES),
    )
