"""Tables of the page."""

from typing import Any

from airflow_provider_mkt.sandbox.server.state import Table

MAX_ROWS = 50


def table(title: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> Table:
    """Make a table of the last rows, with their number in the title."""
    cells = [[str(row[column]) for column in columns] for row in rows[-MAX_ROWS:]]
    return Table(f"{title} ({len(rows)})", list(columns), cells)
