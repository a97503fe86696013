"""What a run reads in Airflow's database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from airflow_provider_mkt.cli.database import RunDatabase


def test_the_seconds_of_a_task_are_from_its_start_to_its_end_in_any_minute(tmp_path: Path) -> None:
    path = tmp_path / "airflow.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TABLE task_instance (dag_id, task_id, map_index, state, start_date, end_date, duration)"
        )
        database.executemany(
            "INSERT INTO task_instance VALUES ('d', ?, -1, ?, ?, ?, -52.2)",
            [
                ("ended", "success", "2026-11-30 05:20:56.500000", "2026-11-30 05:21:04.300000"),
                ("running", "running", "2026-11-30 05:21:05.000000", None),
            ],
        )
        database.commit()
    ended, running = RunDatabase(path).tasks("d")
    assert (ended.name, ended.state) == ("ended", "success")
    assert ended.seconds == pytest.approx(7.8, abs=0.01)
    assert running.seconds is None
