"""Tables of the page."""

from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table

MAX_ROWS = 50


def table(title: str, columns: tuple[str, ...], rows: list[JsonObject]) -> Table:
    """Make a table of the last rows, with their number in the title."""
    cells = [[str(row[column]) for column in columns] for row in rows[-MAX_ROWS:]]
    return Table(f"{title} ({len(rows)})", list(columns), cells)
