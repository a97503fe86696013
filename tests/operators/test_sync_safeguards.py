"""Syncs that compare remove and clear nothing that is not theirs, and leave no row waiting for nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from change_runs import REMOVAL, Runs, adds_up, counted, held, person
from sync_runs import BOTH, FIRST, KNOWN, lines
from workers import Worker, context, until

from airflow_provider_mkt.operators import _change_sending
from airflow_provider_mkt.operators.lists import SyncListOperator
from airflow_provider_mkt.operators.objects import SyncObjectsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits", "own_state")


@pytest.mark.parametrize("platform", BOTH)
class TestNotTheirs:
    @pytest.mark.parametrize("sent", [False, True])
    def test_of_rows_that_may_have_been_written_only_new_records_are_removed(
        self, sandbox: Sandbox, platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bool
    ) -> None:
        sync = Runs(platform, tmp_path, leave=REMOVAL[platform])
        rows = [person(number, platform) for number in range(3)]
        sync(rows)
        stopped = tmp_path / "stopped"

        def stop(*_: Any) -> None:
            stopped.touch()
            until(lambda: False)

        others = {**person(7, platform), "email": KNOWN[platform]}
        with monkeypatch.context() as patch:
            patch.setattr(_change_sending.ChangeSender, "on_result" if sent else "take_not_sent", stop)
            worker = Worker(sync.operator([*rows, others, person(8, platform)]), run="killed")
        until(stopped.exists)
        worker.kill()
        assert ("p8@example.com" in held(sandbox, platform)) is sent
        sync(rows)
        now = held(sandbox, platform)
        assert KNOWN[platform] in now
        assert "p8@example.com" not in now
        # They are written again when they are back.
        outcome = sync([*rows, others, person(8, platform)])
        assert counted(outcome) == (1, 1, 3, 0)

    def test_values_that_the_platform_kept_are_not_cleared(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync = Runs(platform, tmp_path, leave="clear", only_if_empty=[FIRST[platform]])
        rows = [{**person(1, platform), "email": KNOWN[platform], "city": "Bern"}, person(2, platform)]
        before = held(sandbox, platform)[KNOWN[platform]][FIRST[platform]]
        assert sync(rows)["kept"] == 1
        assert sync(rows[1:])["removed"] == 1
        after = held(sandbox, platform)[KNOWN[platform]]
        assert (after[FIRST[platform]], after.get("city") or "") == (before, "")

    @pytest.mark.parametrize("killed", [False, True])
    def test_a_row_whose_lead_another_row_was_written_to_is_sent_when_it_counts_again(
        self, sandbox: Sandbox, platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool
    ) -> None:
        sync, first = Runs(platform, tmp_path, leave=REMOVAL[platform]), FIRST[platform]
        one, other = person(1, platform), {**person(9, platform), "email": "P1@example.com"}
        sync([one])
        stopped = tmp_path / "stopped"

        def stop(*_: Any) -> None:
            stopped.touch()
            until(lambda: False)

        if killed:
            with monkeypatch.context() as patch:
                patch.setattr(_change_sending.ChangeSender, "on_result", stop)
                worker = Worker(sync.operator([one, other]), run="killed")
            until(stopped.exists)
            worker.kill()
        else:
            assert counted(sync([one, other]), "updated", "created", "skipped") == (1, 0, 1)
        assert held(sandbox, platform)["p1@example.com"][first] == "P9"
        outcome = sync([one])
        assert (outcome["updated"], outcome["removed"]) == (1, 0)
        assert held(sandbox, platform)["p1@example.com"][first] == "P1"
        assert counted(sync([one])) == (0, 0, 1, 0)

    def test_a_share_is_no_limit_that_an_empty_run_takes_away(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync = Runs(platform, tmp_path, leave=REMOVAL[platform], max_removed="10%")
        rows = [person(number, platform) for number in range(4)]
        sync(rows)
        assert sync([], min_rows=0)["removed"] == 0
        with pytest.raises(AirflowFailException, match=r"max_removed: 3 rows would be removed.*10.00% of 0"):
            sync(rows[:1])
        assert counted(sync(rows)) == (0, 0, 4, 0)


@pytest.mark.parametrize("platform", BOTH)
@pytest.mark.parametrize(
    ("listed", "address"),
    [
        ("X@münchen.example", "x@xn--mnchen-3ya.example"),
        (hashlib.sha256("x@münchen.example".encode()).hexdigest(), "x@xn--mnchen-3ya.example"),
        (hashlib.sha256(b"x@xn--mnchen-3ya.example").hexdigest(), "X@xn--mnchen-3ya.example "),
    ],
)
def test_a_suppressed_address_is_known_in_each_of_its_forms(
    sandbox: Sandbox, platform: str, tmp_path: Path, listed: str, address: str
) -> None:
    sync = Runs(platform, tmp_path, suppress=[listed])
    outcome = sync([{**person(1, platform), "email": address}])
    assert (outcome["suppressed"], outcome["written"]) == (1, 0)
    adds_up(outcome)


@pytest.mark.parametrize("platform", BOTH)
def test_a_row_that_waits_is_tried_at_once_with_other_settings(
    sandbox: Sandbox, platform: str, tmp_path: Path
) -> None:
    path = str(tmp_path / "outcomes.jsonl")
    sync = Runs(platform, tmp_path, action="createOnly", outcomes_path=path)
    rows = [{**person(7, platform), "email": KNOWN[platform]}, {**person(8, platform), "email": "no address"}]
    refused = {"hubspot": ("CONFLICT", "INVALID_EMAIL"), "marketo": ("1005", "1003")}[platform]
    for _ in range(3):
        assert counted(sync(rows), "skipped", "rejected") == (1, 1)
    skipped, rejected = lines(path)
    assert (skipped["code"], rejected["code"]) == (refused[0], "WAITING")
    assert (
        skipped["reason"]
        == f"was skipped in an earlier run ({refused[0]}), and is tried again in a later one"
    )
    assert rejected["reason"].startswith(f"was rejected in an earlier run ({refused[1]})")
    assert counted(sync(rows, action="createOrUpdate"), "updated", "rejected") == (1, 1)
    updated, rejected = lines(path)
    assert (updated["outcome"], rejected["code"]) == ("updated", refused[1])
    assert "address" in rejected["reason"]
    assert held(sandbox, platform)[KNOWN[platform]][FIRST[platform]] == "P7"


@pytest.mark.parametrize("platform", BOTH)
def test_whole_numbers_of_a_key_have_no_decimals(sandbox: Sandbox, platform: str) -> None:
    if platform == "hubspot":
        kind, key, others = "companies", "warehouse_id", {"name": "Acme"}
        properties = sandbox.hubspot.state.objects[kind].properties
        properties.put(
            {
                "name": key,
                "label": "Warehouse id",
                "type": "string",
                "fieldType": "text",
                "groupName": properties.default_group,
                "hasUniqueValue": True,
            }
        )
    else:
        kind, key, others = "companies", "externalCompanyId", {"company": "Acme"}

    def sync(value: object) -> Any:
        operator = SyncObjectsOperator(
            task_id="sync",
            conn_id=f"{platform}_default",
            object_type=kind,
            lookup_field=key,
            records=[{key: value, **others}],
        )
        return operator.execute(context(run=f"run {value!r}"))

    # A column of a table with a missing value is one of floating-point numbers.
    assert sync(12)["created"] == 1
    assert sync(12.0)["updated"] == 1


def test_a_record_whose_key_marketo_cannot_search_for_does_not_count_as_removed(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    def sync(rows: list[dict[str, Any]], run: str, **more: Any) -> Any:
        operator = SyncObjectsOperator(
            task_id="sync",
            conn_id="marketo_default",
            object_type=seed.MACHINE_TYPE,
            records=rows,
            changes="changed",
            state_path=str(tmp_path / "sync"),
            max_removed=None,
            max_rejected=None,
            mode="bulk",
            poll_interval=0.02,
            **more,
        )
        outcome: Any = operator.execute(context(run=run))
        adds_up(outcome)
        return outcome

    rows = [{"serialNumber": key, "leadId": seed.ANNA, "model": "A"} for key in ("a,b", "c")]
    sync(rows, "1")
    # Whether the platform has a value is not known, so that none is sent.
    rows[0]["model"] = "B"
    assert sync(rows, "2", only_if_empty=["model"])["kept"] == 1
    outcome = sync([{"serialNumber": "d", "leadId": seed.ANNA}], "3", leave="delete")
    assert (outcome["removed"], outcome["not_removed"]) == (1, 1)
    assert outcome["reasons"] == {"KEY_NOT_SEARCHABLE": 1}
    there = {
        one.values["serialNumber"]: one
        for one in sandbox.marketo.state.custom_objects.live(seed.MACHINE_TYPE)
    }
    assert there["a,b"].values["model"] == "A"
    assert "c" not in there


def test_nobody_is_removed_for_a_row_whose_person_marketo_does_not_return(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    def sync(*addresses: str, run: str) -> Any:
        operator = SyncListOperator(
            task_id="sync",
            conn_id="marketo_default",
            list_id=seed.STATIC_LIST,
            leads=[{"email": one} for one in addresses],
            exclusive=True,
            state_path=str(tmp_path / "sync"),
            max_removed=None,
            max_rejected=None,
        )
        return operator.execute(context(run=run))

    members = sandbox.marketo.state.lists[seed.STATIC_LIST].members
    before = set(members)
    sync(KNOWN["marketo"], run="1")
    outcome = sync(KNOWN["marketo"], "a,b@example.com", run="2")
    assert (outcome["removed"], outcome["reasons"]) == (0, {"KEY_NOT_SEARCHABLE": 1})
    assert set(members) == before
    assert sync(KNOWN["marketo"], run="3")["removed"] == len(before) - 1
