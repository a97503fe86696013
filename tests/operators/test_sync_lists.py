"""SyncListOperator makes a static list equal to its source."""

from __future__ import annotations

import hashlib
import json
import random
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import connected
from sync_runs import BOTH, of, world
from workers import Worker, context, until

from airflow_provider_mkt.actions.procedure import InMemoryTaskState
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.contacts import contact_merging
from airflow_provider_mkt.client.hubspot.lists import lists as hubspot_lists
from airflow_provider_mkt.client.hubspot.subscriptions import subscription_statuses as statuses
from airflow_provider_mkt.client.marketo.leads import leads as marketo_leads
from airflow_provider_mkt.client.marketo.lists import static_lists
from airflow_provider_mkt.hooks.base import MarketingHook
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.operators import _list_diff
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.lists import SyncListOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot_seed
from airflow_provider_mkt.sandbox.marketo import seed as marketo_seed
from airflow_provider_mkt.sync.changes import ChangeRun
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

LIST = {"hubspot": str(hubspot_seed.LIST_ID), "marketo": str(marketo_seed.STATIC_LIST)}
STATUSES = (
    *("added", "already_in", "removed", "already_out", "not_found"),
    *("suppressed", "rejected", "unknown", "not_sent"),
)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(_list_diff, "QUIET_AFTER", 0.2)
    with connected() as box:
        yield box


def hook(platform: str) -> MarketingHook:
    return (HubSpotHook if platform == "hubspot" else MarketoHook)(f"{platform}_default")


class People:
    """The people and the list of a platform, as it has them."""

    def __init__(self, box: Sandbox, platform: str) -> None:
        self.box, self.platform = box, platform

    def create(self, count: int, start: int = 0) -> list[str]:
        """Create people, and return their addresses."""
        addresses = [f"p{number}@example.com" for number in range(start, start + count)]
        with hook(self.platform) as api:
            writer = api.lead_writer(action="createOrUpdate", lookup_field="email")
            for start in range(0, count, writer.batch_max):
                some = [{"email": one} for one in addresses[start : start + writer.batch_max]]
                api.run(writer.call(some))
        return addresses

    def delete(self, address: str) -> None:
        person = self.by_address[address]
        with hook(self.platform) as api:
            api.follow(api.people.delete().apply([person], InMemoryTaskState()))

    def put(self, addresses: Iterable[str]) -> None:
        """Add people to the list, as somebody else does."""
        ids = [self.by_address[one] for one in addresses]
        with hook(self.platform) as api:
            api.follow(api.people.add_to_list(LIST[self.platform]).apply(ids, InMemoryTaskState()))

    def take(self, addresses: Iterable[str]) -> None:
        """Remove people from the list, as somebody else does."""
        ids = [self.by_address[one] for one in addresses]
        with hook(self.platform) as api:
            api.follow(api.people.remove_from_list(LIST[self.platform]).apply(ids, InMemoryTaskState()))

    @property
    def by_address(self) -> dict[str, str]:
        return {str(lead["email"]).lower(): lead["id"] for lead in world(self.box, self.platform)}

    @property
    def members(self) -> set[str]:
        """The addresses of the members."""
        if self.platform == "hubspot":
            ids = set(self.box.hubspot.state.lists.ids_in(hubspot_seed.LIST_ID))
        else:
            ids = {str(one) for one in self.box.marketo.state.lists[int(LIST["marketo"])].members}
        return {address for address, one in self.by_address.items() if one in ids}

    def changes(self) -> int:
        """Requests that changed the members so far."""
        routes = of(self.box, self.platform).calls.routes
        return sum(
            counter.total
            for (method, path), counter in routes.items()
            if ("/memberships/" in path and method == "PUT")
            or ("/lists/{listId}/leads" in path and method in ("POST", "DELETE"))
        )


class Runs:
    """Runs of one sync, one after another."""

    def __init__(self, platform: str, folder: Path, **settings: Any) -> None:
        self.platform, self.number = platform, 0
        self.settings = {
            "list_id": LIST[platform],
            "state_path": str(folder / "state-of-list"),
            "max_removed": None,
            "max_rejected": None,
            **settings,
        }

    def operator(self, addresses: Any, **more: Any) -> SyncListOperator:
        rows = [{"email": one} if isinstance(one, str) else one for one in addresses]
        return SyncListOperator(
            task_id="sync",
            conn_id=f"{self.platform}_default",
            **{"leads": rows, **self.settings, **more},
        )

    def __call__(self, addresses: Any, **more: Any) -> Any:
        self.number += 1
        outcome: Any = self.operator(addresses, **more).execute(context(run=f"run {self.number}"))
        return outcome


def counted(outcome: dict[str, Any]) -> dict[str, int]:
    """The counts that are not 0, after a check that they add up."""
    counts = {name: outcome[name] for name in STATUSES}
    assert sum(counts.values()) == outcome["total"]
    beside = outcome["total"] - outcome["rows"]
    assert 0 <= beside <= outcome["removed"] + outcome["already_out"] + outcome["unknown"]
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize("platform", BOTH)
class TestAList:
    def test_it_becomes_the_source_and_others_members_stay(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path)
        others = people.members
        assert others
        addresses = people.create(5)
        outcome = sync([*addresses[:3], addresses[0].upper(), "nobody@example.com", min(others)])
        assert counted(outcome) == {"added": 3, "already_in": 2, "not_found": 1}
        assert outcome["no_removals"] == "this is a baseline: first run"
        assert people.members == others | set(addresses[:3])
        before = people.changes()
        assert counted(sync(addresses[:3])) == {"already_in": 3}
        assert people.changes() == before
        assert counted(sync([addresses[1], addresses[4]])) == {"added": 1, "already_in": 1, "removed": 2}
        assert people.members == others | {addresses[1], addresses[4]}

    def test_members_of_others_are_never_removed_and_exclusive_removes_them(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path)
        others, addresses = people.members, people.create(4)
        sync(addresses)
        people.put(people.create(1, start=10))
        # Somebody took a person out, and somebody put in one whom the sync had removed.
        people.take(addresses[:1])
        assert counted(sync(addresses[:2])) == {"added": 1, "already_in": 1, "removed": 2}
        people.put(addresses[3:])
        assert counted(sync(addresses)) == {"added": 1, "already_in": 3}
        assert counted(sync(addresses[:1])) == {"already_in": 1, "removed": 2}
        assert people.members == {*others, addresses[0], addresses[3], "p10@example.com"}
        outcome = sync(addresses[:1], exclusive=True)
        assert counted(outcome) == {"already_in": 1, "removed": len(others) + 2}
        assert people.members == {addresses[0]}

    def test_a_first_run_and_one_without_its_state_remove_nobody(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        people = People(sandbox, platform)
        others, addresses = people.members, people.create(3)
        assert counted(Runs(platform, tmp_path, exclusive=True)(addresses)) == {"added": 3}
        lost = Runs(platform, tmp_path / "lost", exclusive=True)
        assert counted(lost(addresses[:1])) == {"already_in": 1}
        assert people.members == {*others, *addresses}

    def test_an_empty_or_unreadable_source_removes_nobody(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path)
        others, addresses = people.members, people.create(3)
        sync(addresses)
        with pytest.raises(AirflowFailException, match="min_rows: the source is empty; 0 allows it"):
            sync([])
        row = {"mail": addresses[0]}
        with pytest.raises(AirflowFailException, match="min_rows: the source has 1 row, none with a key"):
            sync([row])
        with pytest.raises(
            AirflowFailException, match="lookup_field: no row of the source has e_mail, the key"
        ):
            sync([row], lookup_field="e_mail")
        assert counted(sync([], min_rows=0)) == {}
        file = tmp_path / "cut.csv"
        file.write_text(f'email\n{addresses[0]}\n"{addresses[1]}')
        outcome = sync([], leads=None, source=str(file))
        assert counted(outcome) == {"already_in": 1, "rejected": 1}
        assert "could not be read" in outcome["no_removals"]
        # An empty key is the key of nobody, and hides nobody.
        outcome = sync([addresses[0], {"email": None}, {"email": " "}])
        assert counted(outcome) == {"already_in": 1, "removed": 2, "rejected": 2}
        assert outcome["reasons"]["KEY_MISSING"] == 2
        assert people.members == {*others, addresses[0]}

    def test_a_source_that_fails_on_the_way_changes_nothing(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path)
        addresses = people.create(3)
        sync(addresses)
        before, changes = people.members, people.changes()

        def rows() -> Iterator[dict[str, str]]:
            yield {"email": addresses[0]}
            raise ConnectionError("the database is gone")

        with pytest.raises(ConnectionError):
            sync([], leads=rows)
        assert (people.members, people.changes()) == (before, changes)

    def test_the_limits_stop_it_before_anything_is_sent(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path, max_removed="20%")
        addresses = people.create(10)
        sync(addresses)
        before = people.changes()
        with pytest.raises(AirflowFailException, match=r"3 rows would be removed, allowed: 20.00% of 10"):
            sync(addresses[3:])
        with pytest.raises(AirflowFailException, match=r"the source has 8 rows, wanted: at least 90.00%"):
            sync(addresses[2:], min_rows="90%")
        more = people.create(2, start=20)
        with pytest.raises(AirflowFailException, match="2 rows would be written, allowed: 1"):
            sync([*addresses, *more], max_changed=1)
        assert people.changes() == before
        assert counted(sync(addresses[2:])) == {"already_in": 8, "removed": 2}

    def test_who_is_missing_is_created_first(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path, missing="create")
        others, (known, *_) = people.members, people.create(1)
        rows = [
            {"email": known, "town": "Bern"},
            {"email": "new@example.com", "town": "Thun"},
            {"email": "NEW@example.com", "town": "Thun"},
        ]
        plan = sync(rows, columns={"town": "city"}, dry_run=True)
        assert (plan["to_add"], plan["to_create"], plan["counts"]) == (2, 1, {"added": 2, "already_in": 1})
        outcome = sync(rows, columns={"town": "city"}, plan=plan)
        assert counted(outcome) == {"added": 2, "already_in": 1}
        assert (outcome["created"], outcome["reasons"]) == (1, {"DUPLICATE_KEY": 1})
        towns = {lead["email"]: lead.get("city") for lead in world(sandbox, platform)}
        assert towns["new@example.com"] == "Thun"
        assert not towns[known], "who exists is not changed"
        assert people.members == {*others, known, "new@example.com"}
        assert counted(sync(rows[:2], columns={"town": "city"})) == {"already_in": 2}
        file = tmp_path / "people.csv"
        file.write_text("email,nickname\na@example.com,A\n")
        with pytest.raises(AirflowFailException, match="'nickname' is not a field"):
            sync([], leads=None, source=str(file))

    def test_every_row_has_one_status_in_the_files(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path)
        addresses = people.create(3)
        sync(addresses)
        paths = {
            "outcomes_path": str(tmp_path / "outcomes.jsonl"),
            "rejects_path": str(tmp_path / "rejects.jsonl"),
        }
        rows = [addresses[0], "nobody@example.com", addresses[0], addresses[2]]
        outcome = sync(rows, suppress=[addresses[2]], **paths)
        assert counted(outcome) == {"already_in": 2, "removed": 2, "not_found": 1}
        lines = [json.loads(line) for line in Path(paths["outcomes_path"]).read_text().splitlines()]
        assert len(lines) == outcome["total"]
        by_row = {line["row"]: (line["outcome"], line.get("code"), line["id"] != "") for line in lines}
        assert by_row == {
            1: ("already_in", None, True),
            2: ("not_found", "NOT_FOUND", False),
            3: ("already_in", None, True),
            4: ("removed", "SUPPRESSED", True),
            None: ("removed", "NOT_IN_SOURCE", True),
        }
        (reject,) = [json.loads(line) for line in Path(paths["rejects_path"]).read_text().splitlines()]
        assert (reject["row"], reject["record"]) == (2, {"email": "nobody@example.com"})
        # The rejects are the source of a later run, and too many of them fail the task.
        with pytest.raises(AirflowFailException, match=r"1 of 1 row not found.*\(NOT_FOUND: 1\), allowed: 0"):
            sync([], leads=None, source=paths["rejects_path"], max_rejected=0)

    def test_people_on_a_suppression_list_are_held_back(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path)
        others, addresses = people.members, people.create(4)
        folder = tmp_path / "erased"
        folder.mkdir()
        digest = hashlib.sha256(addresses[0].encode()).hexdigest()
        (folder / "a.txt").write_text(f"{digest}\n\n")
        (folder / "b.txt").write_text(f"{addresses[1].upper()}\n")
        rows = [*addresses, min(others)]
        assert counted(sync(rows, suppress=str(folder), suppress_list_id=LIST[platform])) == {
            "added": 2,
            "suppressed": 3,
        }
        assert people.members == {*others, *addresses[2:]}
        with pytest.raises(AirflowFailException, match="there is no file or folder"):
            sync(rows, suppress=str(tmp_path / "missing.txt"))
        (folder / "c.txt").write_text("Ada\n")
        with pytest.raises(AirflowFailException, match=r"suppress: c.txt, line 1: must be an email address"):
            sync(rows, suppress=str(folder))

    def test_by_id(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        people = People(sandbox, platform)
        key = {"hubspot": "hs_object_id", "marketo": "id"}[platform]
        sync = Runs(platform, tmp_path, lookup_field=key)
        others, addresses = people.members, people.create(3)
        ids = [people.by_address[one] for one in addresses]
        rows = [{key: ids[0]}, {key: int(ids[1])}, {key: "999999999"}, {key: "x"}]
        outcome = sync(rows, suppress=[addresses[1]])
        assert counted(outcome) == {"added": 1, "not_found": 1, "rejected": 1, "suppressed": 1}
        assert outcome["reasons"] == {"NOT_FOUND": 1, "INVALID_ID": 1, "SUPPRESSED": 1}
        assert counted(sync([{key: ids[2]}])) == {"added": 1, "removed": 1}
        assert people.members == {*others, addresses[2]}
        with pytest.raises(AirflowFailException, match="missing"):
            sync(rows, missing="create")

    def test_a_plan_is_applied_exactly_or_refused(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path)
        addresses = people.create(6)
        sync(addresses[:4])
        before, changes = people.members, people.changes()
        wanted = [*addresses[1:5], "nobody@example.com"]
        plan = json.loads(json.dumps(sync(wanted, dry_run=True, max_removed="10%")))
        assert not plan["ok"]
        plan = json.loads(json.dumps(sync(wanted, dry_run=True)))
        assert plan["ok"]
        assert plan["counts"] == {"added": 1, "already_in": 3, "removed": 1, "not_found": 1}
        assert (plan["to_add"], plan["to_remove"], plan["members"]) == (1, 1, len(before))
        assert plan["calls"] > 0
        assert plan["minutes"] > 0
        sample = Path(plan["path"].removeprefix("file://")).read_text()
        assert '"removed"' in sample
        assert not any(address in sample for address in addresses)
        assert (people.members, people.changes()) == (before, changes)
        for rows, problem in (
            (addresses[2:5], "the source has changed"),
            ([*wanted, addresses[5]], "the source has changed"),
        ):
            with pytest.raises(AirflowFailException, match=problem):
                sync(rows, plan=plan)
        people.put(addresses[5:])
        with pytest.raises(AirflowFailException, match="the list has changed"):
            sync(wanted, plan=plan)
        people.take(addresses[5:])
        with pytest.raises(AirflowFailException, match="settings have changed"):
            sync(wanted, plan=plan, exclusive=True)
        with pytest.raises(AirflowFailException, match="must be the output of a SyncListOperator"):
            sync(wanted, plan={"outcome": "lead_sync_plan"})
        assert people.members == before
        outcome = sync(reversed(wanted), plan=plan)
        assert counted(outcome) == plan["counts"]
        with pytest.raises(AirflowFailException, match="another run has changed the state"):
            sync(wanted, plan=plan)

    def test_the_state_of_another_list_is_refused(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path)
        addresses = people.create(2)
        sync(addresses)
        other = _other_list(platform)
        with pytest.raises(AirflowFailException, match=r"holds the state of object 'members of list \d+'"):
            sync(addresses, list_id=other)
        with pytest.raises(AirflowFailException, match=r"list|List"):
            sync(addresses, list_id="424242", state_path=str(tmp_path / "other"))

    def test_a_list_that_its_rules_fill_is_refused(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        people = People(sandbox, platform)
        addresses = people.create(2)
        rules = _list_of_rules(platform)
        before = people.changes()
        with pytest.raises(AirflowFailException, match=r"its (filters|rules)"):
            Runs(platform, tmp_path)(addresses, list_id=rules)
        assert people.changes() == before
        assert not (tmp_path / "state-of-list").exists()


def _other_list(platform: str) -> str:
    with hook(platform) as api:
        if platform == "hubspot":
            return str(api.run(hubspot_lists.create("Other", processing_type="MANUAL"))["listId"])
        return str(api.run(static_lists.create("Other", folder_id=marketo_seed.CAMPAIGN_FOLDER))["id"])


def _list_of_rules(platform: str) -> str:
    if platform == "marketo":
        return str(marketo_seed.SMART_LIST)
    filters = {"filterType": "PROPERTY", "property": "city", "operation": {
        "operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": ["Bern"],
    }}  # fmt: skip
    inner = {"filterBranchType": "AND", "filterBranches": [], "filters": [filters]}
    branch: Any = {"filterBranchType": "OR", "filterBranches": [inner], "filters": []}
    with hook(platform) as api:
        call = hubspot_lists.create("Bern", processing_type="DYNAMIC", filter_branch=branch)
        return str(api.run(call)["listId"])


class TestConsent:
    def test_hubspot_opt_outs_of_all_mail_and_of_one_type(self, sandbox: Sandbox, tmp_path: Path) -> None:
        people, sync = People(sandbox, "hubspot"), Runs("hubspot", tmp_path)
        addresses = people.create(5)
        of_type = {"subscription_id": hubspot_seed.DEFAULT_SUBSCRIPTION}
        with hook("hubspot") as api:
            api.run(statuses.unsubscribe_from_all(addresses[0]))
            for address, state in ((addresses[1], "UNSUBSCRIBED"), (addresses[2], "SUBSCRIBED")):
                api.run(statuses.set_status(address, hubspot_seed.DEFAULT_SUBSCRIPTION, state))  # type: ignore[arg-type]
        assert counted(sync([*addresses, "x"], consent=True)) == {"added": 4, "suppressed": 1, "not_found": 1}
        outcome = sync(addresses, consent=of_type)
        assert counted(outcome) == {"already_in": 3, "removed": 1, "suppressed": 1}
        assert outcome["reasons"] == {"OPTED_OUT": 2}
        outcome = sync(addresses, consent=json.dumps({**of_type, "opt_in": True}))
        assert counted(outcome) == {"already_in": 1, "removed": 2, "suppressed": 2}
        assert outcome["reasons"] == {"OPTED_OUT": 2, "NO_OPT_IN": 2}
        assert people.members & set(addresses) == {addresses[2]}
        key = Runs("hubspot", tmp_path / "ids", lookup_field="hs_object_id", consent=True)
        ids = [{"hs_object_id": people.by_address[one]} for one in addresses]
        assert counted(key(ids)) == {"added": 3, "already_in": 1, "suppressed": 1}
        with pytest.raises(AirflowFailException, match="there is no subscription type 5"):
            sync(addresses, consent={"subscription_id": 5})
        with pytest.raises(AirflowFailException, match=r"consent.fields"):
            sync(addresses, consent={"fields": {"unsubscribed": False}})

    def test_marketo_fields_that_say_no(self, sandbox: Sandbox, tmp_path: Path) -> None:
        people, sync = People(sandbox, "marketo"), Runs("marketo", tmp_path)
        addresses = people.create(4)
        with hook("marketo") as api:
            api.run(
                marketo_leads.sync(
                    [
                        {"email": addresses[0], "unsubscribed": True},
                        {"email": addresses[1], "blackListed": True},
                        {"email": addresses[2], "marketingSuspended": True},
                    ],
                    lookup_field="email",
                )
            )
        outcome = sync([*addresses, "nobody@example.com"], consent=True)
        assert counted(outcome) == {"added": 2, "suppressed": 2, "not_found": 1}
        strict = {"fields": {"unsubscribed": False, "blackListed": False, "marketingSuspended": False}}
        outcome = sync(addresses, consent=strict)
        assert counted(outcome) == {"already_in": 1, "removed": 1, "suppressed": 2}
        outcome = sync(["nobody@example.com", addresses[0]], consent={"fields": {"unsubscribed": True}})
        assert outcome["reasons"]["NO_OPT_IN"] == 1
        # What is wrong in the DAG file is refused when it is parsed.
        with pytest.raises(InvalidInput, match=r"consent.fields.unsubscribed"):
            sync(addresses, consent={"fields": {"unsubscribed": "no"}})
        with pytest.raises(AirflowFailException, match="consent"):
            sync(addresses, consent={"subscription_id": 5})

    @pytest.mark.parametrize("platform", BOTH)
    def test_a_sync_of_leads_holds_them_back_too(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        addresses = People(sandbox, platform).create(3)
        with hook(platform) as api:
            if platform == "hubspot":
                api.run(statuses.unsubscribe_from_all(addresses[0]))
            else:
                api.run(marketo_leads.sync([{"email": addresses[0], "unsubscribed": True}]))
        first = {"hubspot": "firstname", "marketo": "firstName"}[platform]

        def sync(run: str, **settings: Any) -> Any:
            operator = SyncLeadsOperator(
                task_id="leads",
                conn_id=f"{platform}_default",
                leads=[{"email": one, first: "Ada"} for one in [*addresses, "new@example.com"]],
                consent=True,
                suppress=addresses[1:2],
                state_path=str(tmp_path / "leads"),
                **settings,
            )
            return operator.execute(context(run=run))

        plan = sync("plan", dry_run=True)
        assert plan["counts"] == {"new": 2, "suppressed": 2}
        outcome = sync("apply", plan=plan)
        assert (outcome["written"], outcome["suppressed"], outcome["total"]) == (2, 2, 4)
        assert outcome["reasons"] == {"OPTED_OUT": 1, "SUPPRESSED": 1}
        named = {lead["email"] for lead in world(sandbox, platform) if lead.get(first) == "Ada"}
        assert named & {*addresses, "new@example.com"} == {addresses[2], "new@example.com"}


class TestWhoItIs:
    def test_hubspot_further_addresses_and_merged_contacts_are_one_person(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        people, sync = People(sandbox, "hubspot"), Runs("hubspot", tmp_path)
        others, addresses = people.members, people.create(3)
        assert counted(sync(addresses[:2])) == {"added": 2}
        ids = [people.by_address[one] for one in addresses]
        with hook("hubspot") as api:
            # The address of the merged contact becomes a further one of the contact that stays.
            api.run(contact_merging.merge(ids[2], ids[1]))
        outcome = sync(addresses)
        assert counted(outcome) == {"added": 1, "already_in": 2}
        assert outcome["reasons"] == {"SAME_PERSON": 1}
        # One of the two rows left, and the person stays as the other's.
        assert counted(sync([addresses[0], addresses[2]])) == {"already_in": 2}
        assert counted(sync(addresses[:1])) == {"already_in": 1, "removed": 1}
        assert people.members == {*others, addresses[0]}

    def test_marketo_several_leads_of_one_address_are_rejected_with_their_ids(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        people, sync = People(sandbox, "marketo"), Runs("marketo", tmp_path)
        (address,) = people.create(1)
        with hook("marketo") as api:
            api.run(marketo_leads.sync([{"email": address}], action="createDuplicate"))
        ids = sorted(lead["id"] for lead in world(sandbox, "marketo") if lead["email"] == address)
        rejects = tmp_path / "rejects.jsonl"
        outcome = sync([address], rejects_path=str(rejects))
        assert counted(outcome) == {"rejected": 1}
        (reject,) = [json.loads(line) for line in rejects.read_text().splitlines()]
        assert reject["code"] == "SEVERAL_FOUND"
        assert all(one in reject["reason"] for one in ids)
        # Both may be meant, so neither is removed as one that no row is about.
        people.put([address])
        assert address in people.members
        sync([address], exclusive=True)
        assert people.members == {address}


@pytest.mark.parametrize("platform", BOTH)
class TestFaults:
    def test_a_lost_answer_is_no_lost_member(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path)
        others, addresses = people.members, people.create(4)
        faults = of(sandbox, platform).faults
        faults.add(_CHANGE[platform], method=_ADD[platform], when="after", answer={"reset": True})
        assert counted(sync(addresses)) == {"added": 4}
        faults.add(_CHANGE[platform], method=_REMOVE[platform], when="after", answer={"reset": True})
        assert counted(sync(addresses[:1])) == {"already_in": 1, "removed": 3}
        assert people.members == {*others, addresses[0]}
        # Whom an unanswered request has added belongs to this sync.
        assert counted(sync(addresses[1:])) == {"added": 3, "removed": 1}

    def test_a_worker_that_is_killed_while_it_adds_and_while_it_removes(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path)
        others, addresses = people.members, people.create(6)
        faults = of(sandbox, platform).faults

        def kill_during(rows: list[str], method: str) -> None:
            faults.add(_CHANGE[platform], method=method, when="after", answer={"reset": True}, delay=60.0)
            before = people.changes()
            worker = Worker(sync.operator(rows), run=f"run {sync.number + 1}")
            until(lambda: people.changes() > before or worker.ended)
            assert people.changes() > before, worker.end()
            worker.kill()
            faults.clear()

        kill_during(addresses[:3], _ADD[platform])
        # They were added, and the source has changed meanwhile.
        assert counted(sync(addresses[1:4])) == {"added": 1, "already_in": 2}
        # That run was a baseline, which removes nobody. The next one removes whom the killed one had added.
        assert counted(sync(addresses[1:4])) == {"already_in": 3, "removed": 1}
        kill_during(addresses[2:4], _REMOVE[platform])
        until(lambda: addresses[1] not in people.members)
        assert counted(sync(addresses[1:])) == {"added": 3, "already_in": 2}
        assert counted(sync(addresses[5:])) == {"already_in": 1, "removed": 4}
        assert people.members == {*others, addresses[5]}

    def test_two_runs_at_once(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path)
        others, addresses = people.members, people.create(8)
        sync(addresses[:2])
        workers = [
            Worker(sync.operator(addresses[2:5]), run="a"),
            Worker(sync.operator(addresses[4:]), run="b"),
        ]
        outcomes = [worker.end()["result"] for worker in workers]
        for outcome in outcomes:
            counted(outcome)
        assert {outcome["run"] for outcome in outcomes} == {2, 3}
        last = max(outcomes, key=lambda one: one["run"])
        wanted = addresses[2:5] if last is outcomes[0] else addresses[4:]
        assert people.members == {*others, *wanted}

    def test_a_retry_of_a_finished_try_sends_nothing(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path)
        addresses = people.create(2)
        first: Any = sync.operator(addresses).execute(context(run="same"))
        people.take(addresses)
        before = people.changes()
        assert sync.operator(addresses).execute(context(run="same", try_number=2)) == first
        assert people.changes() == before
        again: Any = sync.operator(addresses).execute(context(run="same", cleared=1))
        assert counted(again) == {"added": 2}

    def test_large_lists_take_few_requests(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        people, sync = People(sandbox, platform), Runs(platform, tmp_path)
        addresses = people.create(700)
        before = people.changes()
        assert counted(sync(addresses)) == {"added": 700}
        assert people.changes() - before == (1 if platform == "hubspot" else 3)
        assert counted(sync(addresses[:-1], max_removed="1%")) == {"already_in": 699, "removed": 1}


_CHANGE = {"hubspot": "*/memberships/*", "marketo": "*/lists/*/leads.json"}
_ADD = {"hubspot": "PUT", "marketo": "POST"}
_REMOVE = {"hubspot": "PUT", "marketo": "DELETE"}


@pytest.mark.parametrize("platform", BOTH)
@pytest.mark.parametrize("exclusive", [False, True])
def test_after_each_clean_run_the_list_is_what_the_settings_say(
    sandbox: Sandbox, platform: str, exclusive: bool, tmp_path: Path
) -> None:
    choice = random.Random(f"{platform} {exclusive}")
    people, sync = People(sandbox, platform), Runs(platform, tmp_path, min_rows=0, exclusive=exclusive)
    theirs, unclear = set(people.members), set[str]()
    addresses = people.create(12)
    existing, wanted = set(addresses), set[str]()
    sync([])
    for run in range(12):
        for address in addresses:
            what = choice.random()
            if what < 0.25:
                wanted ^= {address}
            elif what < 0.32 and address in existing:
                if address not in people.members:
                    theirs.add(address)
                    people.put([address])
            elif what < 0.39 and address in people.members:
                people.take([address])
                theirs.discard(address)
            elif what < 0.43 and address in existing:
                people.delete(address)
                existing.discard(address)
                theirs.discard(address)
            elif what < 0.5 and address not in existing:
                people.create(1, start=addresses.index(address))
                existing.add(address)
        rows = [*wanted, *(one.upper() for one in wanted if choice.random() < 0.2)]
        choice.shuffle(rows)
        before = people.members
        if choice.random() < 0.4:
            _killed_run(sync, rows, choice.randrange(1, 12), run)
            # Whether somebody else adds them later cannot be distinguished from the killed run's work.
            unclear |= (wanted & existing) - before
            theirs &= people.members
            continue
        outcome = sync(rows)
        counts = counted(outcome)
        assert (counts.get("rejected", 0), counts.get("unknown", 0)) == (0, 0)
        assert outcome["rows"] == len(rows)
        members = people.members
        assert members & set(addresses) >= wanted & existing
        assert counts.get("added", 0) == len(wanted & existing - before)
        assert counts.get("removed", 0) == len(before - members)
        left = members - wanted
        if exclusive:
            assert left == set()
        else:
            assert theirs - wanted - unclear <= left <= theirs | unclear, (run, left, theirs)
        theirs, unclear = theirs & members, unclear & members - wanted & left


def _killed_run(sync: Runs, rows: list[str], calls: int, run: int) -> None:
    """Run, and end after so many calls as a kill does: nothing is noted afterwards."""
    operator = sync.operator(rows)
    run_call, left, lock = type(operator.hook).reply, [calls], threading.Lock()

    def reply(api: Any, call: Any) -> Any:
        answer = run_call(api, call)
        with lock:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(operator.hook), "reply", reply)
        patch.setattr(ChangeRun, "close", lambda run: None)
        with suppress(KeyboardInterrupt):
            operator.execute(context(run=f"killed {run}"))
