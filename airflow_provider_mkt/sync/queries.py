"""Rows of a database query, read by a cursor that stays on the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.sync.rows import Blank, Row, of_table

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

ROWS_AT_ONCE = 5_000
"""Rows fetched at a time."""


def of_query(
    engine: Engine,
    sql: str,
    parameters: Mapping[str, Any] | Sequence[Any] | None = None,
    *,
    blank: Blank = "omit",
) -> Iterator[Row]:
    """Rows of a query, with memory for one fetch whatever their number.

    :param engine: the database.
    :param sql: one statement that returns rows.
    :param parameters: values for its placeholders, in the style of the database's driver.
    :param blank: what NULL means: leave the field alone, or clear it.
    """
    with engine.connect() as connection:
        streaming = connection.execution_options(stream_results=True, yield_per=ROWS_AT_ONCE)
        given = dict(parameters) if isinstance(parameters, Mapping) else tuple(parameters or ())
        result = streaming.exec_driver_sql(sql, given or None)
        yield from of_table((dict(row) for row in result.mappings()), blank=blank)
