"""SyncLeadsOperator sends what changed, and does what is wanted with rows that are gone."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from change_runs import Runs, adds_up, counted, held, person, sent
from sync_runs import BOTH, FIRST, KNOWN, SEEDED, world
from workers import context

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators.deleting import DeleteLeadsOperator
from airflow_provider_mkt.operators.lists import AddToListOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot_seed
from airflow_provider_mkt.sandbox.marketo import seed as marketo_seed
from airflow_provider_mkt.version_compat import AirflowFailException, TaskDeferred

POSTGRES = os.environ.get("MKT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
pytestmark = pytest.mark.usefixtures("short_waits", "own_state")


STATIC_LISTS = {"hubspot": str(hubspot_seed.LIST_ID), "marketo": str(marketo_seed.STATIC_LIST)}


def members(box: Sandbox, platform: str, list_id: str) -> set[str]:
    if platform == "hubspot":
        return set(box.hubspot.state.lists.ids_in(hubspot_seed.LIST_ID))
    return {str(lead) for lead in box.marketo.state.lists[int(list_id)].members}


@pytest.mark.parametrize("platform", BOTH)
class TestOnlyWhatChanged:
    def test_the_next_run_sends_the_rows_that_differ(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync, first = Runs(platform, tmp_path), FIRST[platform]
        rows = [person(number, platform) for number in range(250)]
        assert counted(sync(rows)) == (250, 0, 0, 0)
        before = sent(sandbox, platform)
        assert counted(sync(rows)) == (0, 0, 250, 0)
        assert sent(sandbox, platform) == before
        rows[3][first] = "Other"
        rows.append(person(999, platform))
        outcome = sync(list(reversed(rows)))
        assert counted(outcome) == (1, 1, 249, 0)
        assert sent(sandbox, platform) == before + 1
        assert held(sandbox, platform)["p3@example.com"][first] == "Other"
        assert Path(outcome["history"]).exists()

    def test_a_missing_library_is_named_before_anything_is_sent(
        self, sandbox: Sandbox, platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        sync, people = Runs(platform, tmp_path), [person(1, platform)]
        with pytest.raises(AirflowFailException, match=r"pip install 'airflow-provider-mkt\[duckdb\]'"):
            sync(people)
        assert sent(sandbox, platform) == 0

    def test_a_changed_address_is_an_update_of_the_same_lead(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync = Runs(platform, tmp_path)
        rows = [person(number, platform) for number in range(3)]
        sync(rows)
        ids = {address: lead["id"] for address, lead in held(sandbox, platform).items()}
        rows[1]["email"] = "New@Example.com"
        # Its old address belongs to somebody else now.
        rows.append({**person(7, platform), "email": "p1@example.com"})
        assert counted(sync(rows)) == (1, 1, 2, 0)
        found = held(sandbox, platform)
        assert found["new@example.com"]["id"] == ids["p1@example.com"]
        assert found["p1@example.com"][FIRST[platform]] == "P7"
        assert counted(sync(rows)) == (0, 0, 4, 0)

    def test_a_lead_does_not_get_the_address_of_another_one(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync = Runs(platform, tmp_path)
        rows = [person(number, platform) for number in range(4)]
        sync(rows)
        # One is of somebody whom no row is about, one of a row that is gone, and one is passed on.
        rows[0]["email"], rows[1]["email"], rows[2]["email"] = (
            KNOWN[platform],
            "p3@example.com",
            "p1@example.com",
        )
        outcome = sync(rows[:3])
        assert (outcome["rejected"], outcome["reasons"]) == (3, {"CONFLICT": 3})
        assert sum(lead["email"] == KNOWN[platform] for lead in world(sandbox, platform)) == 1
        # With the row that is gone removed, the others get their addresses.
        outcome = sync(rows[:3], refresh="failed", leave="archive" if platform == "hubspot" else "delete")
        assert (outcome["updated"], outcome["rejected"], outcome["removed"]) == (2, 1, 1)

    def test_rows_pass_their_addresses_on_and_exchange_them(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync = Runs(platform, tmp_path)
        rows = [person(number, platform) for number in range(4)]
        sync(rows)
        ids = {lead["email"]: lead["id"] for lead in world(sandbox, platform)}
        for row, address in zip(rows, ["p1@example.com", "p2@example.com", "new@example.com"], strict=False):
            row["email"] = address
        assert counted(sync(rows)) == (0, 3, 1, 0)
        rows[0]["email"], rows[1]["email"] = rows[1]["email"], rows[0]["email"]
        exchanged = 2 if platform == "marketo" else 0
        assert counted(sync(rows)) == (0, exchanged, 2, 2 - exchanged)
        now = {lead["id"]: lead["email"] for lead in world(sandbox, platform)}
        held = [now[ids[f"p{number}@example.com"]] for number in range(3)]
        wanted = ["p2@example.com", "p1@example.com"] if exchanged else ["p1@example.com", "p2@example.com"]
        assert held == [*wanted, "new@example.com"]

    def test_a_lead_that_somebody_deleted_is_created_again(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync = Runs(platform, tmp_path)
        rows = [person(number, platform) for number in range(3)]
        sync(rows)
        lead_id = held(sandbox, platform)["p1@example.com"]["id"]
        DeleteLeadsOperator(task_id="delete", conn_id=f"{platform}_default", leads=[lead_id]).execute(
            context()
        )
        rows[1]["email"] = "new@example.com"
        assert counted(sync(rows)) == (1, 0, 2, 0)
        assert held(sandbox, platform)["new@example.com"]["id"] != lead_id

    def test_rejected_rows_are_tried_again(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        sync = Runs(platform, tmp_path)
        rows = [person(number, platform) for number in range(3)]
        rows[1]["email"] = "nobody" if platform == "hubspot" else "nöbody@example.com"
        outcome = sync(rows)
        assert counted(outcome) == (2, 0, 0, 1)
        assert len(Path(outcome["rejects"].removeprefix("file://")).read_text().splitlines()) == 1
        assert counted(sync(rows)) == (0, 0, 2, 1)
        rows[1]["email"] = "somebody@example.com"
        assert counted(sync(rows)) == (1, 0, 2, 0)

    def test_a_full_refresh_sends_every_row(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        sync = Runs(platform, tmp_path)
        rows = [person(number, platform) for number in range(3)]
        sync(rows)
        assert counted(sync(rows, refresh=True)) == (0, 3, 0, 0)
        assert counted(sync(rows, refresh_every=3)) == (0, 3, 0, 0)
        assert counted(sync(rows, refresh_every=3)) == (0, 0, 3, 0)

    def test_a_changed_mapping_sends_the_rows_whose_payload_changed(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync, first = Runs(platform, tmp_path), FIRST[platform]
        rows = [{**person(number, platform), "town": "Bern" if number else None} for number in range(3)]
        sync(rows, columns={"town": None})
        assert counted(sync(rows, columns={"town": "city"})) == (0, 2, 1, 0)
        # A field that is not sent any more changes nothing.
        assert counted(sync(rows, columns={"town": None, first: None})) == (0, 0, 3, 0)

    def test_an_import_sends_what_changed_too(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        sync = Runs(platform, tmp_path, mode="bulk", poll_interval=0.05)
        rows = [person(number, platform) for number in range(20)]
        outcome = sync(rows)
        adds_up(outcome)
        assert (outcome["written"], outcome["mode"], len(outcome["jobs"])) == (20, "bulk", 1)
        rows[4][FIRST[platform]] = "Other"
        outcome = sync(rows)
        assert counted(outcome, "written", "unchanged") == (1, 19)
        assert held(sandbox, platform)["p4@example.com"][FIRST[platform]] == "Other"
        assert counted(sync(rows), "written", "unchanged") == (0, 20)


@pytest.mark.parametrize("platform", BOTH)
class TestRowsThatAreGone:
    def test_nothing_happens_to_their_leads_unless_it_is_wanted(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync = Runs(platform, tmp_path)
        rows = [person(number, platform) for number in range(4)]
        sync(rows)
        outcome = sync(rows[:3])
        assert counted(outcome, "unchanged", "removed") == (3, 0)
        assert "p3@example.com" in held(sandbox, platform)

    def test_only_leads_that_this_sync_wrote_are_deleted(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync = Runs(platform, tmp_path, leave="archive" if platform == "hubspot" else "delete")
        rows = [person(number, platform) for number in range(4)]
        others = set(held(sandbox, platform))
        sync(rows)
        outcome = sync(rows[:2])
        assert counted(outcome, "unchanged", "removed", "not_removed") == (2, 2, 0)
        assert set(held(sandbox, platform)) == others | {"p0@example.com", "p1@example.com"}
        assert counted(sync(rows[:2]), "unchanged", "removed") == (2, 0)
        # One comes back.
        assert counted(sync(rows[:3]), "created", "unchanged") == (1, 2)
        assert "p2@example.com" in held(sandbox, platform)

    @pytest.mark.parametrize("how", ["clear", "set"])
    def test_their_fields_are_cleared_or_set(
        self, sandbox: Sandbox, platform: str, tmp_path: Path, how: str
    ) -> None:
        first = FIRST[platform]
        sync = Runs(platform, tmp_path, leave="clear" if how == "clear" else {"set": {"city": "gone"}})
        rows = [person(number, platform, city="Bern") for number in range(3)]
        sync(rows)
        assert counted(sync(rows[:2]), "unchanged", "removed") == (2, 1)
        lead = held(sandbox, platform)["p2@example.com"]
        assert (lead.get(first) or "", lead.get("city") or "") == (
            ("", "") if how == "clear" else ("P2", "gone")
        )
        # It comes back as it was.
        assert counted(sync(rows), "updated", "unchanged") == (1, 2)
        assert held(sandbox, platform)["p2@example.com"]["city"] == "Bern"

    def test_they_leave_a_list(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        list_id = STATIC_LISTS[platform]
        sync = Runs(platform, tmp_path, leave={"remove_from_list": list_id})
        rows = [person(number, platform) for number in range(3)]
        sync(rows)
        ids = [held(sandbox, platform)[f"p{number}@example.com"]["id"] for number in range(3)]
        AddToListOperator(task_id="add", conn_id=f"{platform}_default", leads=ids, list_id=list_id).execute(
            context("add")
        )
        assert counted(sync(rows[1:]), "unchanged", "removed") == (2, 1)
        assert set(ids) & members(sandbox, platform, list_id) == set(ids[1:])

    def test_rows_that_were_imported_are_found_by_their_key(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync = Runs(
            platform,
            tmp_path,
            mode="bulk",
            poll_interval=0.05,
            leave="archive" if platform == "hubspot" else "delete",
        )
        rows = [person(number, platform) for number in range(4)]
        sync(rows)
        assert counted(sync(rows[:3]), "unchanged", "removed") == (3, 1)
        assert "p3@example.com" not in held(sandbox, platform)

    def test_nothing_is_removed_without_a_state_or_a_source(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync = Runs(platform, tmp_path, leave="archive" if platform == "hubspot" else "delete")
        rows = [person(number, platform) for number in range(4)]
        sync(rows)
        before = set(held(sandbox, platform))
        with pytest.raises(AirflowFailException, match="the source is empty"):
            sync([])
        assert counted(sync([], min_rows=0), "total", "removed") == (0, 0)
        cut = tmp_path / "cut.jsonl"
        cut.write_text("".join(json.dumps(row) + "\n" for row in rows[:2]) + '{"id": 2, "em')
        outcome = sync(None, source=str(cut))
        assert counted(outcome, "unchanged", "rejected", "removed") == (2, 1, 0)
        # The state is lost.
        assert counted(sync(rows[:2], state_path=str(tmp_path / "other")), "updated", "removed") == (2, 0)
        assert set(held(sandbox, platform)) == before

    def test_the_other_platforms_way_is_refused(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        other = "delete" if platform == "hubspot" else "gdpr_delete"
        with pytest.raises(AirflowFailException, match=r"leave: .* is of the other platform"):
            Runs(platform, tmp_path, leave=other)([person(1, platform)])


def test_a_gdpr_delete_is_for_good(sandbox: Sandbox, tmp_path: Path) -> None:
    sync = Runs("hubspot", tmp_path, leave="gdpr_delete")
    rows = [person(number, "hubspot") for number in range(3)]
    sync(rows)
    assert counted(sync(rows[:2]), "unchanged", "removed") == (2, 1)
    # The person is never written again.
    assert counted(sync(rows), "created", "unchanged", "suppressed") == (0, 2, 1)
    # Nor under another key of the source.
    again = [*rows[:2], {**rows[2], "id": 99}]
    assert counted(sync(again), "created", "unchanged", "suppressed") == (0, 2, 1)
    assert "p2@example.com" not in held(sandbox, "hubspot")


def test_a_gdpr_delete_leaves_the_lead_whose_address_another_row_has_now(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sync = Runs("hubspot", tmp_path, leave="gdpr_delete", max_rejected=None)
    rows = [person(number, "hubspot") for number in range(4)]
    sync(rows)
    taken = {**rows[3], "email": "p2@example.com"}
    outcome = sync([*rows[:2], taken])
    assert counted(outcome, "unchanged", "rejected", "removed", "not_removed") == (2, 1, 0, 1)
    assert outcome["reasons"] == {"KEY_REUSED": 1, "CONFLICT": 1}
    assert {"p2@example.com", "p3@example.com"} <= held(sandbox, "hubspot").keys()


@pytest.mark.parametrize("platform", BOTH)
class TestLimits:
    def test_nothing_is_sent_when_one_is_not_kept(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync, first = Runs(platform, tmp_path), FIRST[platform]
        rows = [person(number, platform) for number in range(10)]
        # A share does not limit a first run, a number does.
        with pytest.raises(AirflowFailException, match="10 rows would be written, allowed: 9"):
            sync(rows, max_changed=9)
        sync(rows, max_changed="10%")
        before = sent(sandbox, platform)
        many = [{**row, first: "Other"} for row in rows]
        with pytest.raises(AirflowFailException, match=r"10 rows would be written, allowed: 50.00% of 10"):
            sync(many, max_changed=0.5)
        leave = "archive" if platform == "hubspot" else "delete"
        with pytest.raises(AirflowFailException, match=r"2 rows would be removed, allowed: 10.00% of 10"):
            sync(rows[:8], leave=leave, max_removed="10%")
        with pytest.raises(AirflowFailException, match=r"the source has 8 rows, wanted: at least 90.00%"):
            sync(rows[:8], min_rows="90%")
        assert sent(sandbox, platform) == before
        assert counted(sync(rows[:9], leave=leave, max_removed="10%"), "unchanged", "removed") == (9, 1)

    def test_duplicate_keys_are_rejected_or_the_last_one_is_sent(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        first = FIRST[platform]
        rows = [person(1, platform), person(2, platform), {**person(1, platform), first: "Later"}]
        outcome = Runs(platform, tmp_path, duplicates="reject")(rows)
        assert counted(outcome) == (1, 0, 0, 2)
        assert outcome["reasons"] == {"DUPLICATE_KEY": 2}
        outcome = Runs(platform, tmp_path / "last")(rows)
        assert counted(outcome, "created", "updated", "skipped") == (1, 1, 1)
        assert held(sandbox, platform)["p1@example.com"][first] == "Later"

    def test_people_on_a_suppression_list_are_never_written(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        list_id = STATIC_LISTS[platform]
        lead_id = held(sandbox, platform)[KNOWN[platform]]["id"]
        AddToListOperator(
            task_id="add", conn_id=f"{platform}_default", leads=[lead_id], list_id=list_id
        ).execute(context("add"))
        digest = hashlib.sha256(b"p3@example.com").hexdigest()
        sync = Runs(platform, tmp_path, suppress=["P2@example.com", digest], suppress_list_id=list_id)
        rows = [person(number, platform) for number in range(4)]
        rows.append({**person(9, platform), "email": KNOWN[platform]})
        for created, unchanged in ((2, 0), (0, 2)):
            outcome = sync(rows)
            assert counted(outcome, "created", "unchanged", "suppressed") == (created, unchanged, 3)
        assert held(sandbox, platform)[KNOWN[platform]][FIRST[platform]] != "P9"

    def test_a_value_does_not_go_back(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        first = FIRST[platform]
        sync = Runs(platform, tmp_path, never_back={"city": ["new", "known", "customer"]})
        rows = [person(number, platform, city="known") for number in range(3)]
        assert counted(sync(rows), "created", "kept") == (3, 0)
        rows[0]["city"], rows[1]["city"], rows[2]["city"] = "customer", "new", "elsewhere"
        rows[1][first] = "Other"
        assert counted(sync(rows), "updated", "kept") == (3, 1)
        found = held(sandbox, platform)
        assert [found[f"p{number}@example.com"]["city"] for number in range(3)] == [
            "customer",
            "known",
            "elsewhere",
        ]
        assert found["p1@example.com"][first] == "Other"
        assert counted(sync(rows), "unchanged", "kept") == (3, 0)

    def test_the_first_batch_is_sent_alone(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        sync = Runs(platform, tmp_path, canary=5, max_rejected="20%")
        city = {"hubspot": "lifecyclestage", "marketo": "leadScore"}[platform]
        rows = [person(number, platform, **{city: "no such value"}) for number in range(5)]
        rows += [person(number, platform) for number in range(5, 700)]
        with pytest.raises(AirflowFailException, match="Stopped after the first batch: 5"):
            sync(rows)
        assert len(held(sandbox, platform)) == SEEDED
        assert counted(sync(rows[5:])) == (695, 0, 0, 0)


@pytest.mark.parametrize("platform", BOTH)
class TestPlans:
    def test_a_plan_says_what_would_be_done_and_sends_nothing(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        leave = "archive" if platform == "hubspot" else "delete"
        sync, first = Runs(platform, tmp_path, leave=leave, max_changed=5), FIRST[platform]
        rows = [person(number, platform) for number in range(20)]
        sync(rows, max_changed=None)
        before = sent(sandbox, platform)
        rows[1][first], rows[2]["email"] = "Other", "new@example.com"
        rows[3:4] = []
        rows.append(person(50, platform))
        plan = sync(rows, dry_run=True)
        assert plan["ok"]
        assert plan["counts"] == {"new": 1, "changed": 2, "unchanged": 17, "gone": 1}
        assert (plan["total"], plan["to_write"], plan["to_remove"], plan["by_id"]) == (20, 3, 1, 1)
        assert plan["fields"] == {first: 1, "(match key)": 1, "email": 1}
        assert plan["calls"] >= 3
        assert plan["minutes"] > 0
        assert sent(sandbox, platform) == before
        assert "@example.com" not in json.dumps(plan)
        shown = [
            json.loads(line) for line in Path(plan["path"].removeprefix("file://")).read_text().splitlines()
        ]
        assert {
            "row": 2,
            "operation": "changed",
            "key": "p***@e***",
            "fields": {first: ["P***", "O***"]},
        } in shown
        assert not sync(rows, dry_run=True, max_changed=2)["ok"]

    def test_a_plan_is_applied_exactly_or_not_at_all(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        sync, first = Runs(platform, tmp_path), FIRST[platform]
        rows = [person(number, platform) for number in range(5)]
        plan = sync(rows, dry_run=True)
        later = [*rows[:4], {**rows[4], first: "Other"}]
        before = sent(sandbox, platform)
        with pytest.raises(
            AirflowFailException, match="the source or its mapping has changed since it was made"
        ):
            sync(later, plan=plan)
        assert sent(sandbox, platform) == before
        outcome = sync(rows, plan=json.dumps(plan), state_path=None)
        assert counted(outcome) == (5, 0, 0, 0)
        with pytest.raises(AirflowFailException, match="another run has changed the state"):
            sync(rows, plan=plan)
        with pytest.raises(AirflowFailException, match="must be the output"):
            sync(rows, plan={"plan": "x"})


@pytest.mark.parametrize("platform", BOTH)
class TestColumns:
    def test_a_column_that_nobody_named(
        self, sandbox: Sandbox, platform: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        first = FIRST[platform]
        path = tmp_path / "leads.csv"
        path.write_text("id,email,name,secret\n1,a@example.com,Ada,x\n")
        sync = Runs(platform, tmp_path, source=str(path), columns={"name": first})
        with pytest.raises(AirflowFailException, match="a column 'secret' that columns does not name"):
            sync(None, on_new_column="fail")
        caplog.set_level("INFO")
        assert counted(sync(None, on_new_column="ignore")) == (1, 0, 0, 0)
        left_out = [one.getMessage() for one in caplog.records if "is left out" in one.getMessage()]
        assert left_out == ["Column 'secret' is left out: columns does not name it (on_new_column='ignore')"]
        path.write_text("id,email,secret\n1,a@example.com,x\n")
        with pytest.raises(AirflowFailException, match=r"columns.name: there is no such column"):
            sync(None, on_new_column="ignore")
        path.write_text("email,name\na@example.com,Ada\n")
        with pytest.raises(AirflowFailException, match=r"row_key: there is no column 'id'"):
            sync(None, on_new_column="ignore")

    def test_a_field_that_is_gone_is_named_before_anything_is_sent(
        self, sandbox: Sandbox, platform: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first = FIRST[platform]
        path = tmp_path / "leads.csv"
        sync = Runs(platform, tmp_path, source=str(path))

        def log_of(content: str) -> str:
            path.write_text(content)
            sync(None)
            return "".join(capsys.readouterr())

        whole, without = (
            f"id,email,city,{first}\n1,a@example.com,Bern,Ada\n",
            "id,email,city\n1,a@example.com,Bern\n",
        )
        gone, new = f"No row of the source has a value of {first} any more", f"since the last run: {first}"
        for content, expected in ((whole, ""), (without, gone), (whole, new), (whole, "")):
            log = log_of(content)
            assert expected in log
            assert [one for one in (gone, new) if one in log] == ([expected] if expected else [])

    def test_what_no_value_means_can_differ(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        first = FIRST[platform]
        sync = Runs(platform, tmp_path, blank={"city": "clear"})
        sync([person(1, platform, city="Bern")])
        path = tmp_path / "leads.csv"
        path.write_text(f"id,email,{first},city\n1,p1@example.com,,\n")
        assert counted(sync(None, source=str(path))) == (0, 1, 0, 0)
        lead = held(sandbox, platform)["p1@example.com"]
        assert (lead[first], lead.get("city") or "") == ("P1", "")
        assert counted(sync([{"id": 1, "email": "p1@example.com", first: None, "city": None}])) == (
            0,
            0,
            1,
            0,
        )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"changes": "some"}, "changes: must be"),
        ({"leave": "burn"}, "leave: must be"),
        ({"leave": {"remove_from_list": "x"}}, "leave: must be"),
        ({"leave": {"set": {"nope": "x"}}}, "leave: field 'nope' does not exist"),
        ({"duplicates": "first"}, "duplicates: must be"),
        ({"max_changed": "many"}, "max_changed: must be"),
        ({"min_rows": -1}, "min_rows: must be"),
        ({"refresh": "often"}, "refresh: must be"),
        ({"refresh_every": 0}, "refresh_every: must be"),
        ({"canary": 0}, "canary: must be"),
        ({"never_back": {"city": ["one"]}}, "never_back.city: must list"),
        ({"suppress": ["nobody"]}, r"suppress\[0\]: must be"),
        ({"on_new_column": "drop"}, "on_new_column: must be"),
        ({"row_key": "number", "columns": {"id": None}}, "NO_KEY"),
        ({"action": "createDuplicate"}, "action: HubSpot has"),
        ({"state_path": "nowhere://crm/state"}, "state_path: nothing installed here reads nowhere:// paths"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_sent(
    sandbox: Sandbox, tmp_path: Path, arguments: dict[str, Any], problem: str
) -> None:
    sync = Runs("hubspot", tmp_path)
    # What the DAG file alone tells is refused when it is parsed.
    with pytest.raises((AirflowFailException, InvalidInput), match=problem):
        sync([person(1, "hubspot")], **{"max_rejected": 0, **arguments})
    assert sent(sandbox, "hubspot") == 0


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"row_key": "nr"}, r"row_key changed from id to nr, and every row is rejected \(NO_KEY: 2\)"),
        ({"lookup_field": "e_mail"}, "lookup_field.* e_mail, and every row is rejected|no leads by 'e_mail'"),
    ],
)
@pytest.mark.parametrize("platform", BOTH)
def test_a_misspelt_key_loses_no_state(
    sandbox: Sandbox, platform: str, tmp_path: Path, wrong: dict[str, Any], problem: str
) -> None:
    sync = Runs(platform, tmp_path)
    rows = [person(number, platform) for number in range(2)]
    sync(rows)
    with pytest.raises(AirflowFailException, match=problem):
        sync(rows, **{"columns": {"id": None}, **wrong})
    assert counted(sync(rows)) == (0, 0, 2, 0)


@pytest.mark.parametrize("platform", BOTH)
def test_the_log_quotes_no_value_and_the_file_has_the_row(
    sandbox: Sandbox, platform: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sync = Runs(platform, tmp_path)
    with pytest.raises(AirflowFailException, match=r"1 of 1 lead was rejected \(\w+: 1\), allowed: 0\. See"):
        sync([{**person(1, platform), "email": "erika.mustermann"}], max_rejected=0)
    (warning,) = (record.getMessage() for record in caplog.records if "was rejected" in record.getMessage())
    assert "erika" not in warning
    (file,) = (tmp_path / "state").rglob("*.try1.jsonl")
    assert "erika.mustermann" in file.read_text()


def test_the_state_of_another_account_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    Runs("hubspot", tmp_path)([person(1, "hubspot")])
    with pytest.raises(AirflowFailException, match="state_path: holds the state of account"):
        Runs("marketo", tmp_path)([person(1, "marketo")])


@pytest.mark.parametrize("platform", BOTH)
def test_a_plan_that_was_half_applied_is_continued(
    sandbox: Sandbox, platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = Runs(platform, tmp_path)
    rows = [person(number, platform) for number in range(700)]
    plan = sync(rows, dry_run=True)
    task = context(run="apply")
    operator = sync.operator(rows, plan=plan, max_concurrency=1)
    with monkeypatch.context() as patch:
        _gone_after(patch, type(operator.hook), writes=1)
        with pytest.raises(RuntimeError, match="the worker is gone"):
            operator.execute(task)
    left = held(sandbox, platform)
    assert SEEDED < len(left) < SEEDED + 700
    outcome: Any = sync.operator(rows, plan=plan).execute(task)
    adds_up(outcome)
    assert outcome["total"] == 700
    assert len(held(sandbox, platform)) == SEEDED + 700


def _gone_after(patch: pytest.MonkeyPatch, hook_type: Any, writes: int) -> None:
    """Let the worker fail after some calls that write leads."""
    reply, left = hook_type.reply, [writes]

    def failing(hook: Any, call: Any) -> Any:
        if call.route.method == "POST":
            left[0] -= 1
            if left[0] < 0:
                raise RuntimeError("the worker is gone")
        return reply(hook, call)

    patch.setattr(hook_type, "reply", failing)


@pytest.mark.parametrize("platform", BOTH)
def test_a_table_of_postgresql_is_compared(
    sandbox: Sandbox, platform: str, tmp_path: Path, database: str
) -> None:
    import psycopg

    city = "city"
    sync = Runs(
        platform,
        tmp_path,
        row_key="mail",
        columns={"mail": "email", "town": city},
        sql=f'SELECT mail, town FROM "{database}" WHERE score < 100 ORDER BY random()',
        sql_conn_id="crm",
        blank={city: "clear"},
    )
    assert counted(sync(None)) == (399, 0, 0, 0)
    assert counted(sync(None)) == (0, 0, 399, 0)
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"UPDATE \"{database}\" SET town = 'Thun' WHERE mail = 'p1@example.com'")  # type: ignore[arg-type]
        connection.execute(f"UPDATE \"{database}\" SET town = NULL WHERE mail = 'p2@example.com'")  # type: ignore[arg-type]
    assert counted(sync(None)) == (0, 2, 397, 0)
    found = held(sandbox, platform)
    assert [found[f"p{number}@example.com"].get(city) or "" for number in (1, 2, 4)] == ["Thun", "", "Bern"]
    with pytest.raises(AirflowFailException, match=r"columns\.town: there is no such column"):
        sync(None, sql=f'SELECT mail FROM "{database}"')


@pytest.mark.parametrize("platform", BOTH)
def test_an_import_may_be_waited_for_in_the_triggerer(
    sandbox: Sandbox, platform: str, tmp_path: Path
) -> None:
    sync = Runs(platform, tmp_path, mode="bulk", deferrable=True, poll_interval=0.05)
    rows = [person(number, platform) for number in range(20)]
    for changed in (20, 1):
        task = context(run=f"deferred {changed}")
        outcome: Any = None
        waits = 0
        while outcome is None:
            operator = sync.operator(rows)
            try:
                outcome = operator.resume(task) if waits else operator.execute(task)
            except TaskDeferred:
                waits += 1
                sandbox.clock.advance(30)
        assert waits
        assert counted(outcome, "written", "unchanged") == (changed, 20 - changed)
        assert len(outcome["jobs"]) == 1
        rows[4][FIRST[platform]] = "Other"
    assert held(sandbox, platform)["p4@example.com"][FIRST[platform]] == "Other"


@pytest.mark.parametrize("platform", BOTH)
def test_create_only_sends_no_row_whose_lead_it_created(
    sandbox: Sandbox, platform: str, tmp_path: Path
) -> None:
    sync, first = Runs(platform, tmp_path, action="createOnly"), FIRST[platform]
    rows = [person(1, platform), {**person(2, platform), "email": KNOWN[platform]}]
    assert counted(sync(rows), "created", "skipped") == (1, 1)
    before = sent(sandbox, platform)
    rows[0] = {**rows[0], first: "Other", "email": "other@example.com"}
    rows.append(person(3, platform))
    outcome = sync(rows)
    assert counted(outcome, "created", "skipped", "rejected") == (1, 2, 0)
    assert outcome["reasons"]["EXISTS"] == 1
    assert sent(sandbox, platform) == before + 1
    assert "other@example.com" not in held(sandbox, platform)
    # The other lead is not tried again at once, and is no rejected row.
    assert counted(sync(rows), "created", "unchanged", "skipped", "rejected") == (0, 1, 2, 0)
    assert sent(sandbox, platform) == before + 1
