"""Exports that each begin where the one before ended."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import lift_rate_limits, lift_search_limit
from workers import Worker, context, until

from airflow_provider_mkt.operators import _since_last
from airflow_provider_mkt.operators.exports import ExportActivitiesOperator, ExportLeadsOperator
from airflow_provider_mkt.operators.object_exports import ExportObjectsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits", "variables")


class Contacts:
    """Contacts of the sandbox, and their exports."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.store = sandbox.hubspot.state.contacts
        self.runs = 0

    def operator(self, run: int, **more: Any) -> ExportObjectsOperator:
        arguments: dict[str, Any] = {"properties": ["lastname"], "include_deleted": True, **more}
        return ExportObjectsOperator(
            task_id="export",
            conn_id="hubspot_default",
            output_path=f"file://{self.folder}/{run}.csv",
            since="last",
            variable="contacts",
            **arguments,
        )

    def export(self, run: int | None = None, **more: Any) -> list[dict[str, str]]:
        """Export in a new run, or in one that is cleared or retried, and return the rows of its file."""
        self.runs += run is None
        number = self.runs if run is None else run
        cleared = more.pop("cleared", 0)
        self.outcome = self.operator(number, **more).execute(context(run=str(number), cleared=cleared))
        return self.rows(number)

    def rows(self, run: int) -> list[dict[str, str]]:
        with (self.folder / f"{run}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def add(self, lastname: str) -> str:
        return self.store.create({"lastname": lastname}).id

    def change(self, contact: str, lastname: str) -> None:
        found = self.store.get(contact)
        assert found is not None
        self.store.update(found, {"lastname": lastname})


@pytest.fixture
def contacts(sandbox: Sandbox, tmp_path: Path) -> Contacts:
    sandbox.hubspot.state.settings.search_lag = 0
    return Contacts(sandbox, tmp_path)


def names(rows: list[dict[str, str]]) -> list[str]:
    return sorted(row["lastname"] for row in rows)


def test_the_first_run_has_all_and_each_later_one_what_changed(contacts: Contacts) -> None:
    first = contacts.add("first")
    assert "first" in names(contacts.export())
    assert contacts.export() == []
    assert contacts.outcome["left_out"] > 0
    contacts.add("second")
    contacts.change(first, "changed")
    assert names(contacts.export()) == ["changed", "second"]
    assert contacts.export() == []


def test_deleted_and_merged_contacts_are_rows_of_their_own(contacts: Contacts) -> None:
    stays, merged, deleted = contacts.add("stays"), contacts.add("merged"), contacts.add("deleted")
    contacts.export()
    store = contacts.store
    store.merge(store.get(stays), store.get(merged))  # type: ignore[arg-type]
    store.archive(store.get(deleted))  # type: ignore[arg-type]
    rows = {row["id"]: row for row in contacts.export()}
    assert rows.keys() == {stays, merged, deleted}
    assert [rows[one]["archived"] for one in (stays, merged, deleted)] == ["false", "true", "true"]
    assert rows[merged]["mergedInto"] == stays
    assert rows[deleted]["archivedAt"]
    assert contacts.export() == []


def test_what_the_search_shows_late_is_in_a_later_file(contacts: Contacts) -> None:
    contacts.export()
    contacts.sandbox.hubspot.state.settings.search_lag = 3600
    contacts.add("late")
    assert contacts.export() == []
    contacts.sandbox.hubspot.state.settings.search_lag = 0
    assert names(contacts.export()) == ["late"]
    assert contacts.export() == []


def test_a_run_that_is_cleared_has_its_own_range_again(contacts: Contacts) -> None:
    contacts.export()
    contacts.add("second")
    assert names(contacts.export()) == ["second"]
    contacts.add("third")
    assert names(contacts.export()) == ["third"]
    assert names(contacts.export(2, cleared=1)) == ["second"]
    assert contacts.export() == []


def test_a_run_that_airflow_did_not_hear_of_is_not_exported_again(contacts: Contacts) -> None:
    contacts.export()
    one = contacts.add("second")
    assert names(contacts.export()) == ["second"]
    contacts.change(one, "third")
    assert names(contacts.export(2)) == ["second"]
    assert names(contacts.export()) == ["third"]


def test_ten_thousand_changes_of_one_millisecond_are_exported_once(
    contacts: Contacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    lift_rate_limits(contacts.sandbox)
    lift_search_limit(contacts.sandbox, monkeypatch)
    contacts.export()
    moment = contacts.sandbox.clock.time()
    for number in range(10_100):
        contacts.store.create({"lastname": str(number)}, at=moment)
    assert len(contacts.export()) == 10_100
    assert contacts.export() == []


def test_more_rows_than_are_kept_are_exported_again_and_none_is_missed(
    contacts: Contacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_since_last, "MARKS_MAX", 3)
    contacts.export()
    for number in range(5):
        contacts.add(str(number))
    assert set(names(contacts.export())) >= {"0", "1", "2", "3", "4"}
    contacts.add("new")
    assert "new" in names(contacts.export())
    assert "More than 3 rows are read again" in capsys.readouterr().out


def test_a_failed_run_leaves_its_range_to_the_next(contacts: Contacts) -> None:
    contacts.export()
    contacts.add("second")
    contacts.sandbox.hubspot.faults.add("/crm/objects/*", answer={"status": 400})
    with pytest.raises(AirflowFailException):
        contacts.export()
    assert names(contacts.export()) == ["second"]
    # When it is cleared it begins where the other one ended.
    contacts.add("third")
    assert names(contacts.export(2)) == ["third"]


def running(state: str) -> Any:
    def get_task_states(dag_id: str, **of: Any) -> dict[str, Any]:
        return {run: dict.fromkeys(of["task_ids"], state) for run in of["run_ids"]}

    return get_task_states


@pytest.mark.parametrize(("state", "waits"), [("deferred", True), ("up_for_retry", True), ("failed", False)])
def test_two_runs_do_not_export_at_the_same_time(contacts: Contacts, state: str, waits: bool) -> None:
    contacts.export()
    contacts.add("second")
    contacts.sandbox.hubspot.faults.add("/crm/objects/*", answer={"status": 400})
    with pytest.raises(AirflowFailException):
        contacts.export()
    other = context(run="3")
    other["ti"].get_task_states = running(state)
    if waits:
        with pytest.raises(_since_last.WatermarkHeld, match=r"run \S+-2 of task task .* still exports"):
            contacts.operator(3).execute(other)
        assert not (contacts.folder / "3.csv").exists()
        assert names(contacts.export(2)) == ["second"]
    else:
        contacts.operator(3).execute(other)
        assert names(contacts.rows(3)) == ["second"]


def test_a_run_that_counted_as_ended_does_not_write_its_file(contacts: Contacts) -> None:
    contacts.export()
    contacts.add("second")
    faults = contacts.sandbox.hubspot.faults
    faults.add("/crm/objects/*", delay=1.5)
    worker = Worker(contacts.operator(2), run="2")
    until(lambda: faults.fired)
    contacts.runs = 2
    assert names(contacts.export()) == ["second"]
    assert "WatermarkHeld" in worker.end()["error"]
    assert not (contacts.folder / "2.csv").exists()


@pytest.mark.parametrize(
    ("kept", "named"),
    [
        ({"account": "999"}, "is the watermark of account 999, not of account"),
        ({"of": "deals"}, "is the watermark of deals, not of contacts"),
        (None, "variable: Airflow Variable contacts is not a watermark"),
    ],
)
def test_the_watermark_of_something_else_is_refused(
    contacts: Contacts, kept: dict[str, Any] | None, named: str
) -> None:
    contacts.export()
    path = contacts.folder / "contacts.variable"
    path.write_text(json.dumps({**json.loads(path.read_text()), **kept} if kept else {"since": "x"}))
    with pytest.raises(AirflowFailException, match=named):
        contacts.export()


# -- Marketo -------------------------------------------------------------------------------------------


def log(sandbox: Sandbox, lead: int, ago: timedelta, late: timedelta = timedelta()) -> None:
    at = datetime.now(UTC).replace(microsecond=0) - ago
    sandbox.marketo.state.log.add(6, lead, at, {"Text": "x"}, committed_at=at + late)


def marketo_run(sandbox: Sandbox, folder: Path, number: int, **more: Any) -> list[str]:
    sandbox.marketo.settings.export_minutes = 0
    operator = ExportActivitiesOperator(
        task_id="export",
        conn_id="marketo_default",
        output_path=f"file://{folder}/{number}.csv",
        since="last",
        variable="marketo",
        poll_interval=0.05,
        activity_type_ids=[6],
        **more,
    )
    outcome = operator.execute(context(run=str(number)))
    with (folder / f"{number}.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert outcome["rows"] == len(found)
    return [row["leadId"] for row in found]


def test_activities_of_marketo_are_in_one_file_each(sandbox: Sandbox, tmp_path: Path) -> None:
    start = datetime.now(UTC) - timedelta(hours=10)
    hour = timedelta(hours=1)
    log(sandbox, seed.ANNA, 5 * hour)
    log(sandbox, seed.BEN, 4 * hour, late=5 * hour)
    assert marketo_run(sandbox, tmp_path, 1, start=start) == [str(seed.ANNA)]
    assert marketo_run(sandbox, tmp_path, 2, start=start) == []
    log(sandbox, seed.CARLA, timedelta(minutes=5))
    sandbox.clock.advance(2 * 3600)
    assert marketo_run(sandbox, tmp_path, 3, start=start) == [str(seed.BEN), str(seed.CARLA)]
    assert marketo_run(sandbox, tmp_path, 4, start=start) == []


@pytest.mark.parametrize("late", [1.5, 2.5, 30])
def test_late_activities_are_in_one_file_where_marketo_cuts_ranges_by_log_time(
    sandbox: Sandbox, tmp_path: Path, late: float
) -> None:
    sandbox.marketo.settings.extracts_by_log_time = True
    start, hour = datetime.now(UTC) - timedelta(hours=10), timedelta(hours=1)
    log(sandbox, seed.BEN, timedelta(minutes=5))
    log(sandbox, seed.ANNA, late * hour, late=(late - 0.2) * hour)
    found = [marketo_run(sandbox, tmp_path, number, start=start) for number in (1, 2, 3)]
    assert [sorted(one) for one in found] == [sorted([str(seed.ANNA), str(seed.BEN)]), [], []]


def test_changed_leads_of_marketo_are_in_the_next_file(sandbox: Sandbox, tmp_path: Path) -> None:
    lead = sandbox.marketo.state.leads.existing(seed.ANNA)
    lead.updated_at = datetime.now(UTC) - timedelta(minutes=3)

    def run(number: int) -> list[str]:
        sandbox.marketo.settings.export_minutes = 0
        ExportLeadsOperator(
            task_id="export",
            conn_id="marketo_default",
            output_path=f"file://{tmp_path}/{number}.csv",
            since="last",
            poll_interval=0.05,
            start="2025-01-01T00:00:00Z",
            fields=["id", "updatedAt"],
            date_filter="updatedAt",
            variable="leads",
        ).execute(context(run=str(number)))
        with (tmp_path / f"{number}.csv").open(encoding="utf-8", newline="") as file:
            return [row["id"] for row in csv.DictReader(file)]

    assert str(seed.ANNA) in run(1)
    assert run(2) == []
    lead.updated_at = datetime.now(UTC) - timedelta(minutes=1)
    assert run(3) == [str(seed.ANNA)]


def test_marketo_needs_a_first_start(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="start: is missing, and there is no watermark yet"):
        marketo_run(sandbox, tmp_path, 1)
