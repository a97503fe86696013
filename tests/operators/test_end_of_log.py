"""The log of a task ends with counts in good English, and has nobody's address."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from reliability.rows import ROWS
from reliability.waits import end_jobs_immediately
from workers import context

from airflow_provider_mkt.client.wording import counted, part_of
from airflow_provider_mkt.operators._task_log import rejects_line
from airflow_provider_mkt.operators.lists import AddToListOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo.exports import store as exports
from airflow_provider_mkt.triggers._events import ShortEvent
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")

ONE_OF_SEVERAL = re.compile(r"(?<![\d,.])1 (?!address\b|status\b|process\b)[a-z]+s\b")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_FRAME = re.compile(r"^\S+ \[(?:info|warning|error) *\] (.*?) +\[airflow\S*\] loc=.*$")


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines of the log, without time, level and place."""
    found = (_FRAME.match(line) for line in _COLOUR.sub("", capsys.readouterr().out).splitlines())
    return [one[1] for one in found if one is not None]


@pytest.fixture(autouse=True)
def quick_exports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marketo's export jobs change their status at once, and not every minute."""
    monkeypatch.setattr(exports, "STEP", timedelta(seconds=0.02))


@pytest.fixture(autouse=True)
def all_lines(caplog: pytest.LogCaptureFixture) -> None:
    """Show lines of all levels from information on."""
    caplog.set_level(logging.INFO)


@pytest.mark.parametrize("name", ROWS)
def test_lines_have_no_address_and_no_wrong_plural(
    name: str, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = ROWS[name]
    end_jobs_immediately(sandbox)
    row.prepare(sandbox)
    row.make(tmp_path).execute(context())
    lines = lines_of(capsys)
    assert len(lines) > 1, "nothing but the line of the start"
    assert not [line for line in lines if "@example.com" in line]
    assert not [line for line in lines if ONE_OF_SEVERAL.search(line)]


def test_first_reasons_have_places_and_the_last_line_has_the_file(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    leads = ["ada@example.com", "nobody@example.com", "none@example.com"]
    operator = AddToListOperator(task_id="t", conn_id="hubspot_default", leads=leads, list_id=101)
    task = {**context(), "task": operator}
    with pytest.raises(AirflowFailException, match="2 of 3 leads were rejected"):
        operator.execute(task)
    reasons = [one.getMessage() for one in caplog.records]
    lines = [*reasons, *lines_of(capsys)]
    assert [line for line in reasons if "was rejected" in line] == [
        "Lead 2 was rejected: NOT_FOUND nobody has this email address"
    ]
    path = task["ti"].pushed["return_value"]["rejects"]
    assert lines[-1] == f"Rejects by reason: NOT_FOUND: 2. All of them are in {path}"
    assert not [line for line in lines if "@" in line]


def test_counts() -> None:
    assert counted(1, "lead") == "1 lead"
    assert counted(1_000, "row") == "1,000 rows"
    assert counted(0, "entry") == "0 entries"
    assert counted(2, "single contact") == "2 single contacts"
    assert counted(2, "person") == "2 people"
    assert part_of(1, 1, "address") == "1 of 1 address"
    assert part_of(1, 2, "address") == "1 of 2 addresses"


def test_outcomes_without_a_file_have_no_line() -> None:
    assert rejects_line({"rejects": None, "reasons": {}}) == ""
    assert rejects_line({"rejected": {"a": "no"}}) == ""


def test_an_event_of_many_jobs_is_one_short_line_and_whole_for_the_task() -> None:
    states: list[dict[str, Any]] = [{"job": {"id": str(n)}, "details": {"rows": n}} for n in range(100)]
    payload = {"status": "success", "message": "all complete", "job_states": states, "carry": None}
    event = ShortEvent(payload)
    assert repr(event) == (
        "TriggerEvent<status='success', message='all complete', job_states=[100 items], carry=None>"
    )
    assert event.payload == payload
    assert event.model_dump()["payload"] == payload
    assert len(repr(ShortEvent({**payload, "message": "x" * 9_000}))) < 500
