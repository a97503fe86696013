"""Compares the rows of a source with a state with DuckDB, which keeps to a memory limit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.sync.changes.diff import MEMORY_LIMIT, StateOnDisk, groups
from airflow_provider_mkt.sync.changes.snapshot import Status, read_batches, schemas

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class DuckDBEngine:
    """Compares with DuckDB.

    :param folder: for temporary files.
    :param incoming: the file of the source's rows.
    :param state: what they are compared with.
    """

    def __init__(self, folder: Path, incoming: Path, state: StateOnDisk) -> None:
        self._folder, self._incoming, self._state = folder, incoming, state
        self._database: duckdb.DuckDBPyConnection | None = None

    def duplicates(self, column: str) -> Iterator[list[dict[str, Any]]]:
        columns = ", ".join(dict.fromkeys(["position", "row_key", "row_hash", column]))
        target = self._folder / "duplicates.parquet"
        source = _quoted(self._incoming)
        rows = f"SELECT * FROM read_parquet({source}) WHERE code IS NULL AND {column} IS NOT NULL"
        self._connect().execute(
            f"COPY (SELECT {columns} FROM ({rows}) WHERE {column} IN "
            f"(SELECT {column} FROM ({rows}) GROUP BY {column} HAVING count(*) > 1) "
            f"ORDER BY {column}, position) TO {_quoted(target)} (FORMAT parquet)"
        )
        yield from groups(read_batches(target), column)
        target.unlink()

    def candidates(self, excluded: dict[int, str], *, every: bool = False) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa
        from pyarrow.parquet import write_table

        schema = schemas().candidates
        target, left_out = self._folder / "candidates.parquet", self._folder / "excluded.parquet"
        write_table(pa.table({"position": pa.array(sorted(excluded), pa.int64())}), left_out)
        same = (
            "false"
            if every
            else f"""
            i.code IS NULL AND i.row_hash = s.row_hash AND s.plain
            AND i.position NOT IN (SELECT position FROM read_parquet({_quoted(left_out)}))
            """
        )
        shown = [
            "coalesce(i.row_key, c.row_key) AS row_key"
            if name == "row_key"
            else "coalesce(i.bucket, s.bucket) AS bucket"
            if name == "bucket"
            else f"s.{name.removeprefix('old_')} AS {name}"
            if name.startswith("old_")
            else f"i.{name}"
            for name in schema.names
        ]
        with closing(self._connect()) as database:
            database.execute(
                "CREATE VIEW incoming AS "
                f"SELECT * EXCLUDE payload FROM read_parquet({_quoted(self._incoming)})"
            )
            database.execute(f"CREATE VIEW state AS {_state(self._state)}")
            database.execute(
                f"""
                CREATE TEMP TABLE candidates AS
                SELECT i.position, s.row_key
                FROM (SELECT position, row_key, row_hash, code FROM incoming) i
                FULL JOIN (
                    SELECT row_key, row_hash,
                        status = '{Status.SYNCED}' AND left_run IS NULL AND next_try_run IS NULL AS plain,
                        status IN ('{Status.REMOVED}', '{Status.ERASED}', '{Status.FORGOTTEN}') AS finished
                    FROM state
                ) s ON i.row_key = s.row_key
                WHERE NOT coalesce({same}, false)
                AND NOT (i.position IS NULL AND s.finished)
                """
            )
            database.execute(
                f"""
                COPY (
                    SELECT {", ".join(shown)} FROM candidates c
                    LEFT JOIN incoming i ON i.position = c.position
                    LEFT JOIN state s ON s.row_key = c.row_key
                ) TO {_quoted(target)} (FORMAT parquet, ROW_GROUP_SIZE 32768)
                """
            )
        self._database = None
        for batch in read_batches(target):
            yield pa.Table.from_batches([batch]).cast(schema).combine_chunks().to_batches()[0]
        target.unlink()
        left_out.unlink()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        """Return the database of this comparison, which takes longer to make than to use on a few rows."""
        import duckdb

        if self._database is None:
            self._database = duckdb.connect(
                ":memory:",
                config={
                    "memory_limit": MEMORY_LIMIT,
                    "temp_directory": str(self._folder / "duckdb"),
                    "threads": min(4, os.cpu_count() or 1),
                    "preserve_insertion_order": "false",
                    # Nothing is downloaded.
                    "autoinstall_known_extensions": "false",
                },
            )
        return self._database


def _state(state: StateOnDisk) -> str:
    """The rows of a state, each key once."""
    base, newer = (
        None if path is None else f"SELECT * FROM read_parquet({_quoted(path)})"
        for path in (state.base, state.newer)
    )
    if base is None or newer is None:
        nothing = ", ".join(
            f"NULL::{_TYPES.get(str(field.type), 'VARCHAR')} AS {field.name}" for field in schemas().state
        )
        return base or newer or f"SELECT {nothing} WHERE false"
    replaced = f"SELECT 1 FROM ({newer}) newer WHERE newer.row_key = base.row_key"
    return f"{base} base WHERE NOT EXISTS ({replaced}) UNION ALL {newer}"


_TYPES = {
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "binary": "BLOB",
    "timestamp[ms, tz=UTC]": "TIMESTAMPTZ",
}


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
