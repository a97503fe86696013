"""Three runs of ``SyncLeadsOperator(changes="changed")`` over a table of PostgreSQL, limits off: the first,
one with 2 % changed rows, and one with none.

``sql_changes.py [hubspot] [marketo] [rows]``: by default both platforms, and 1,000,000 rows.
"""

from __future__ import annotations

import sys

from bench import (
    NO_LIMITS,
    POSTGRES,
    Platform,
    airflow_home,
    heading,
    line,
    selected_platforms,
    served,
    sync_leads,
)
from memory import TABLE, people

ROWS = 1_000_000


def change(rows: int) -> int:
    """Change 2 % of the rows. Returns how many."""
    import psycopg

    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        changed = connection.execute(
            f"UPDATE {TABLE} SET first = first || '!' WHERE mod(hashtext(email), 50) = 0"
        )
        return changed.rowcount


def main(platforms: list[Platform], rows: int) -> None:
    heading("platform", "run", "rows", "sent", "calls", "seconds", "CPU seconds", "peak")
    with served() as box, airflow_home(box) as home, people(rows) as there:
        if not there:
            sys.exit("There is no PostgreSQL server: set MKT_TEST_POSTGRES to its URL.")
        for platform in platforms:
            box.control(platform.name, "reset", {"limits": False})
            box.control(platform.name, "limits", NO_LIMITS)
            for run in ("first", "2 % changed", "unchanged"):
                wanted = rows if run == "first" else change(rows) if run == "2 % changed" else 0
                result = sync_leads(
                    home,
                    conn_id=f"{platform.name}_unbound",
                    sql=f"SELECT email, first FROM {TABLE}",
                    sql_conn_id="crm",
                    columns={"first": platform.first_name},
                    changes="changed",
                    state_path=str(home / f"state-{platform.name}"),
                )
                outcome = result["outcome"]
                assert (outcome["written"], outcome["unchanged"]) == (wanted, rows - wanted), outcome
                line(
                    platform.name,
                    run,
                    f"{rows:,}",
                    f"{wanted:,}",
                    f"{outcome['calls']:,}",
                    f"{outcome['seconds']:,.0f}",
                    f"{result['cpu']:,.0f}",
                    f"{result['peak'] / 1024:.0f} MB",
                )


if __name__ == "__main__":
    main(
        selected_platforms(sys.argv[1:]),
        next((int(word) for word in sys.argv[1:] if word.isdigit()), ROWS),
    )
