"""Fixtures for tests that run against the sandbox. A folder's conftest imports those that it needs."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow_runs import Airflow, connected
from workers import shorten_waits

from airflow_provider_mkt.sandbox import Sandbox

POSTGRES = os.environ.get("MKT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")


@pytest.fixture
def airflow(airflow_home: Path) -> Airflow:
    return Airflow(airflow_home)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with connected() as box:
        yield box


@pytest.fixture
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep what tasks remember in a directory of the test's own."""
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits, and use task state that no earlier test has written."""
    shorten_waits(monkeypatch)
    monkeypatch.setenv("WORKERS_RUN", uuid.uuid4().hex)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A PostgreSQL connection of Airflow, and a table of 12,000 people."""
    import psycopg

    try:
        connection = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL server; set MKT_TEST_POSTGRES to its URL")
    table = f"people_{socket.gethostname().replace('-', '_')}_{os.getpid()}"
    monkeypatch.setenv("AIRFLOW_CONN_CRM", POSTGRES.replace("postgresql", "postgres"))
    with connection:
        connection.execute(f'DROP TABLE IF EXISTS "{table}"')
        connection.execute(
            f"CREATE TABLE \"{table}\" AS SELECT 'p' || n || '@example.com' AS mail, "
            "CASE WHEN n % 2 = 0 THEN 'Bern' END AS town, n::numeric / 4 AS score "
            "FROM generate_series(1, 12000) AS n"
        )
        yield table
        connection.execute(f'DROP TABLE "{table}"')
