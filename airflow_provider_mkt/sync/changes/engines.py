"""Chooses what compares the rows of a source with a state."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import get_args

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sync.changes.arrow_engine import ArrowEngine
from airflow_provider_mkt.sync.changes.diff import Engine, EngineName, StateOnDisk
from airflow_provider_mkt.sync.changes.duckdb_engine import DuckDBEngine
from airflow_provider_mkt.sync.changes.snapshot import row_count

DUCKDB_ROWS = 10_000
"""Rows of the source or of the state from which on DuckDB is faster: it takes a while to start."""


def engine_of(name: EngineName, folder: Path, incoming: Path, state: StateOnDisk) -> Engine:
    """Return the engine that compares.

    :param name: ``auto`` takes DuckDB where it is installed and there are many rows.
    :param folder: for temporary files.
    :param incoming: the file of the source's rows.
    :param state: what they are compared with.
    :raises InvalidInput: when it is not installed.
    """
    if name not in get_args(EngineName):
        raise InvalidInput("engine", f"must be one of {', '.join(get_args(EngineName))}")
    if name == "auto":
        many = max(row_count(incoming), state.rows) >= DUCKDB_ROWS
        name = "duckdb" if many and importlib.util.find_spec("duckdb") is not None else "arrow"
    if name == "duckdb":
        if importlib.util.find_spec("duckdb") is None:
            raise InvalidInput("engine", "DuckDB is missing: pip install 'airflow-provider-mkt[duckdb]'")
        return DuckDBEngine(folder, incoming, state)
    return ArrowEngine(folder, incoming, state)
