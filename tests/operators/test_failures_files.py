"""Every known form of Marketo's files of failed rows: all columns, without empty ones at the end, ragged."""

from __future__ import annotations

from pathlib import Path

import pytest
from import_runs import max_in_flight
from sync_runs import lines, write_calls
from workers import context

from airflow_provider_mkt.operators.imports import ImportLeadsOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")

SOURCE = """email,firstName,leadScore,title
one@example.com,Una,5,Boss
two@example.com,Duo,many,
three@example.com,Tria,7,Chief
four@example.com,Quad,lots,
five@example.com,,some,
"""


@pytest.fixture
def source(tmp_path: Path) -> str:
    (tmp_path / "in.csv").write_text(SOURCE)
    return f"file://{tmp_path}/in.csv"


@pytest.mark.parametrize("files", ["full", "short", "ragged"])
def test_each_failed_row_of_an_import_is_reported_with_its_own_record(
    sandbox: Sandbox, source: str, files: str
) -> None:
    max_in_flight(sandbox)
    sandbox.marketo.settings.result_files = files  # type: ignore[assignment]
    outcome = ImportLeadsOperator(
        task_id="t", conn_id="marketo_default", source=source, poll_interval=0.05, max_rejected=None
    ).execute(context())
    rejects = lines(outcome["rejects"] or "")
    assert (outcome["imported"], outcome["rejected"]) == (2, 3)
    assert [one["row"] for one in rejects] == [3, 5, 6]
    assert [one["record"]["email"] for one in rejects] == [
        "two@example.com",
        "four@example.com",
        "five@example.com",
    ]
    assert {one["reason"] for one in rejects} == {"Invalid data type in field Lead Score"}


@pytest.mark.parametrize("files", ["full", "short", "ragged"])
def test_only_the_failed_rows_of_a_bulk_sync_are_sent_again(
    sandbox: Sandbox, tmp_path: Path, files: str
) -> None:
    max_in_flight(sandbox)
    sandbox.marketo.settings.result_files = files  # type: ignore[assignment]
    people = [
        {"email": "one@example.com", "leadScore": 5, "title": "Boss"},
        {"email": "two@example.com", "leadScore": "many", "title": " "},
        {"email": "three@example.com", "leadScore": 7, "title": "Chief"},
    ]
    outcome = SyncLeadsOperator(
        task_id="t",
        conn_id="marketo_default",
        leads=people,
        mode="bulk",
        poll_interval=0.05,
        max_rejected=None,
    ).execute(context())
    (rejected,) = lines(outcome["rejects"] or "")
    assert (outcome["written"], outcome["rejected"], rejected["row"]) == (2, 1, 2)
    assert write_calls(sandbox, "marketo") == 2  # the file, and the one row
