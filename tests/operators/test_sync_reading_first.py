"""Options of a sync that read the platform: values that it keeps, the first batch read back, drift."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from change_runs import Runs, adds_up, counted, held, person, sent
from sync_runs import BOTH, FIRST, of

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators import _change_read_back
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits", "own_state")


def change(box: Sandbox, platform: str, address: str, **values: Any) -> None:
    """Change a lead as a person does in the platform's own pages."""
    if platform == "hubspot":
        contacts = box.hubspot.state.contacts
        (contact,) = [one for one in contacts.live() if one.properties.get("email") == address]
        contact.properties.update(values)
    else:
        (lead,) = [one for one in box.marketo.state.leads if one.values.get("email") == address]
        lead.values.update(values)


@pytest.fixture(autouse=True)
def no_late_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_change_read_back, "READ_AGAIN", (0.01,))


@pytest.mark.parametrize("platform", BOTH)
class TestBaseline:
    def test_a_first_run_can_take_all_rows_for_acknowledged(
        self,
        sandbox: Sandbox,
        platform: str,
        tmp_path: Path,
    ) -> None:
        sync = Runs(platform, tmp_path, baseline="assume_synced")
        rows = [person(number, platform) for number in range(5)]
        outcome = sync(rows)
        assert counted(outcome) == (0, 0, 5, 0)
        assert sent(sandbox, platform) == 0
        rows[2][FIRST[platform]] = "Other"
        assert counted(sync(rows)) == (1, 0, 4, 0)
        # Another key is no first run.
        assert counted(sync(rows, row_key=None, columns={"id": None}), "unchanged") == (0,)

    def test_a_plan_says_so(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        sync = Runs(platform, tmp_path, baseline="assume_synced")
        plan = sync([person(1, platform)], dry_run=True)
        assert (plan["counts"], plan["to_write"], plan["first_run"]) == ({"assumed": 1}, 0, "first run")


@pytest.mark.parametrize("platform", BOTH)
def test_a_field_is_set_only_if_it_is_empty(sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
    first = FIRST[platform]
    sync = Runs(platform, tmp_path, only_if_empty=["city"])
    rows = [person(number, platform, city="Bern") for number in range(3)]
    assert counted(sync(rows[:2])) == (2, 0, 0, 0)
    change(sandbox, platform, "p0@example.com", city="Thun")
    change(sandbox, platform, "p1@example.com", city=None)
    for row in rows:
        row[first] = "Other"
    plan = sync(rows, dry_run=True)
    assert (plan["to_read"], plan["calls"]) == (3, 2)
    outcome = sync(rows)
    assert counted(outcome, "written", "kept") == (3, 1)
    found = held(sandbox, platform)
    assert [found[f"p{number}@example.com"]["city"] for number in range(3)] == ["Thun", "Bern", "Bern"]
    assert {found[f"p{number}@example.com"][first] for number in range(3)} == {"Other"}
    assert counted(sync(rows), "unchanged") == (3,)


@pytest.mark.parametrize("platform", BOTH)
def test_fields_to_keep_must_exist(sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
    with pytest.raises((InvalidInput, AirflowFailException), match=r"only_if_empty.*'nope' does not exist"):
        Runs(platform, tmp_path, only_if_empty=["nope"])([person(1, platform)])
    assert sent(sandbox, platform) == 0


@pytest.mark.parametrize("platform", BOTH)
class TestReadBack:
    def rows(self, platform: str) -> list[dict[str, Any]]:
        return [person(number, platform, city="Bern") for number in range(8)]

    def test_the_rest_is_sent_when_the_first_batch_is_as_it_was_sent(
        self,
        sandbox: Sandbox,
        platform: str,
        tmp_path: Path,
    ) -> None:
        outcome = Runs(platform, tmp_path, canary=3, read_back=True)(self.rows(platform))
        assert counted(outcome, "written", "not_sent") == (8, 0)

    def test_a_difference_stops_the_sync_and_names_fields_but_no_values(
        self,
        sandbox: Sandbox,
        platform: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        step = _change_read_back.ReadBack.lasting_differences

        def meanwhile(self: Any, records: Any) -> Any:
            change(sandbox, platform, "p1@example.com", city="Elsewhere")
            return step(self, records)

        sync = Runs(platform, tmp_path, canary=3, read_back=True)
        with monkeypatch.context() as patch:
            patch.setattr(_change_read_back.ReadBack, "lasting_differences", meanwhile)
            with pytest.raises(AirflowFailException) as stopped:
                sync(self.rows(platform))
        message = str(stopped.value)
        assert message.startswith(
            "Stopped after the first batch: records that are not as they were sent, by field: city (1). "
            "Not sent: 5 rows"
        )
        assert "Elsewhere" not in message
        assert len([one for one in held(sandbox, platform) if one.startswith("p")]) == 3
        # Other fields may be left to the platform.
        other = Runs(platform, tmp_path / "other", canary=3, read_back=[FIRST[platform]])
        assert counted(other(self.rows(platform)), "written") == (8,)

    def test_it_needs_a_canary(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        with pytest.raises((InvalidInput, AirflowFailException), match=r"read_back.*needs canary"):
            Runs(platform, tmp_path, read_back=True)(self.rows(platform))


@pytest.mark.parametrize("platform", BOTH)
class TestReconcile:
    def test_rows_whose_leads_were_changed_are_counted_and_listed(
        self,
        sandbox: Sandbox,
        platform: str,
        tmp_path: Path,
    ) -> None:
        import pyarrow.parquet as pq

        sync = Runs(platform, tmp_path, reconcile=1.0)
        rows = [person(number, platform, city="Bern") for number in range(20)]
        assert counted(sync(rows), "written", "reconciled", "drifted") == (20, 0, 0)
        assert counted(sync(rows), "unchanged", "reconciled", "drifted") == (20, 20, 0)
        change(sandbox, platform, "p3@example.com", city="Thun")
        before = sent(sandbox, platform)
        outcome = sync(rows)
        assert counted(outcome, "unchanged", "reconciled", "drifted", "written") == (20, 20, 1, 0)
        assert sent(sandbox, platform) == before
        (listed,) = pq.read_table(outcome["history"]).to_pylist()
        assert (listed["row_key"], listed["status"], listed["changed_fields"]) == ("3", "drifted", ["city"])

    def test_they_are_sent_again_on_request_but_not_those_that_were_deleted(
        self,
        sandbox: Sandbox,
        platform: str,
        tmp_path: Path,
    ) -> None:
        sync = Runs(platform, tmp_path, reconcile="100%", reconcile_action="send")
        rows = [person(number, platform, city="Bern") for number in range(10)]
        sync(rows)
        change(sandbox, platform, "p3@example.com", city="Thun")
        change(sandbox, platform, "p4@example.com", email="moved@example.com", city="Genf")
        with pytest.raises(AirflowFailException, match="2 rows would be written, allowed: 0"):
            sync(rows, max_changed=0)
        outcome = sync(rows)
        # The lead with another address is found by its id.
        assert counted(outcome, "written", "drifted", "unchanged") == (2, 2, 8)
        assert held(sandbox, platform)["p3@example.com"]["city"] == "Bern"
        adds_up(outcome)

    def test_each_run_reads_other_rows(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        sync = Runs(platform, tmp_path, reconcile=0.25)
        rows = [person(number, platform) for number in range(60)]
        sync(rows)
        read = [sync(rows)["reconciled"] for _ in range(4)]
        assert sum(read) == 60
        assert max(read) < 60

    @pytest.mark.parametrize("share", [0, 2, "0%", "x", True])
    def test_it_must_be_a_share(
        self,
        sandbox: Sandbox,
        platform: str,
        tmp_path: Path,
        share: Any,
    ) -> None:
        with pytest.raises((InvalidInput, AirflowFailException), match="reconcile"):
            Runs(platform, tmp_path, reconcile=share)([person(1, platform)])


def test_a_lead_that_was_deleted_is_only_reported(sandbox: Sandbox, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    sync = Runs("marketo", tmp_path, reconcile=1.0, reconcile_action="send")
    rows = [person(number, "marketo") for number in range(3)]
    sync(rows)
    leads = of(sandbox, "marketo").state.leads
    (gone,) = [one for one in leads if one.values.get("email") == "p1@example.com"]
    leads.delete(gone)
    outcome = sync(rows)
    assert counted(outcome, "written", "unchanged", "drifted") == (0, 3, 1)
    (listed,) = pq.read_table(outcome["history"]).to_pylist()
    assert (listed["row_key"], listed["status"], listed["reason"]) == ("1", "drifted", "RECORD_MISSING")
