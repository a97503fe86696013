"""SyncObjectsOperator sends what changed, and does what is wanted with rows that are gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import connected
from change_runs import adds_up, counted
from sync_runs import lines
from workers import Worker, context, until

from airflow_provider_mkt.actions.leads import KEY_SEPARATOR, UNKNOWN_LEADS, StoredLead
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators import _change_read_back
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.objects import SyncObjectsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

KEY = "warehouse_id"


@dataclass
class Kind:
    """An object type of a platform, and how its rows are made.

    :param name: of the type.
    :param key: the fields that a number becomes a part of; the last one is unique.
    :param changed: a field that changes.
    :param others: fields that every row has.
    :param lookup_field: the key; None where the schema says it.
    """

    platform: str
    name: str
    key: str
    changed: str
    others: dict[str, object] = field(default_factory=dict)
    lookup_field: str | None = None

    def __str__(self) -> str:
        return f"{self.platform} {self.name}"

    @property
    def removal(self) -> str:
        return "archive" if self.platform == "hubspot" else "delete"

    @property
    def batch(self) -> int:
        return 100 if self.platform == "hubspot" else 300

    def row(self, number: int, value: object = "A") -> dict[str, Any]:
        return {**self.others, self.key: f"k{number}", self.changed: value}

    def rows(self, count: int) -> list[dict[str, Any]]:
        return [self.row(number) for number in range(count)]


COMPANIES = Kind("hubspot", "companies", KEY, "city", {"name": "Acme"}, KEY)
DEALS = Kind("hubspot", "deals", KEY, "description", {"dealname": "A", "dealstage": "qualifiedtobuy"}, KEY)
MARKETO_COMPANIES = Kind("marketo", "companies", "externalCompanyId", "billingCity")
MACHINES = Kind("marketo", seed.MACHINE_TYPE, "serialNumber", "model", {"leadId": seed.ANNA})
ENROLLMENTS = Kind("marketo", seed.ENROLLMENT_TYPE, "courseId", "grade", {"leadId": seed.BEN})
ALL = [COMPANIES, DEALS, MARKETO_COMPANIES, MACHINES, ENROLLMENTS]
"""Enrollments have a key of two fields."""
ONE_EACH = [COMPANIES, MACHINES]

of_all = pytest.mark.parametrize("kind", ALL, ids=str)
of_each_platform = pytest.mark.parametrize("kind", ONE_EACH, ids=str)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path / "state"))
    with connected() as box:
        for kind in box.hubspot.state.objects:
            kind.properties.put(
                {
                    "name": KEY,
                    "label": "Warehouse id",
                    "type": "string",
                    "fieldType": "text",
                    "groupName": kind.properties.default_group,
                    "hasUniqueValue": True,
                }
            )
        yield box


class Runs:
    """Runs of one sync, one after another."""

    def __init__(self, kind: Kind, folder: Path, **settings: Any) -> None:
        self.kind, self.number = kind, 0
        self.settings = {
            "changes": "changed",
            "lookup_field": kind.lookup_field,
            "state_path": str(folder / "sync"),
            "max_removed": None,
            "max_rejected": None,
            **settings,
        }

    def operator(self, rows: Any, **more: Any) -> SyncObjectsOperator:
        return SyncObjectsOperator(
            task_id="sync",
            conn_id=f"{self.kind.platform}_default",
            object_type=self.kind.name,
            records=rows,
            **{**self.settings, **more},
        )

    def __call__(self, rows: Any, **more: Any) -> Any:
        self.number += 1
        return self.operator(rows, **more).execute(context(run=f"run {self.number}"))


def held(box: Sandbox, kind: Kind) -> dict[str, dict[str, Any]]:
    """The records that the platform holds, by key, with their ids."""
    if kind.platform == "hubspot":
        live = box.hubspot.state.objects[kind.name].store.live()
        return {
            one.properties[KEY]: {"id": one.id, **one.properties} for one in live if KEY in one.properties
        }
    state = box.marketo.state
    store = state.companies if kind.name == "companies" else state.custom_objects.live(kind.name)
    return {str(one.values[kind.key]): {"id": str(one.id), **one.values} for one in store}


def writes(box: Sandbox, kind: Kind) -> int:
    """Calls that write or remove records."""
    ends: tuple[str, ...] = ("/batch/upsert", "/batch/update", "/batch/create", "/batch/archive")
    if kind.platform == "marketo":
        ends = ("/companies.json", "/customobjects/{customObjectName}.json", "/delete.json")
    calls = (box.hubspot if kind.platform == "hubspot" else box.marketo).calls
    return sum(
        counter.total
        for (method, path), counter in calls.routes.items()
        if method == "POST" and path.endswith(ends)
    )


@of_all
def test_the_next_run_sends_the_rows_that_differ(sandbox: Sandbox, kind: Kind, tmp_path: Path) -> None:
    sync, rows = Runs(kind, tmp_path), kind.rows(350)
    outcome = sync(rows)
    assert counted(outcome) == (350, 0, 0, 0)
    assert (outcome["outcome"], outcome["object_type"]) == ("object_sync", kind.name)
    assert len(held(sandbox, kind)) == 350
    before = writes(sandbox, kind)
    assert before >= 2
    assert counted(sync(rows)) == (0, 0, 350, 0)
    assert writes(sandbox, kind) == before
    rows[3] = kind.row(3, "B")
    rows.append(kind.row(999))
    outcomes = str(tmp_path / "outcomes.jsonl")
    outcome = sync(list(reversed(rows)), outcomes_path=outcomes)
    assert counted(outcome) == (1, 1, 349, 0)
    assert writes(sandbox, kind) == before + 1
    found = held(sandbox, kind)
    assert found["k3"][kind.changed] == "B"
    assert Path(outcome["history"]).exists()
    by_outcome = {line["outcome"]: line["id"] for line in lines(outcomes)}
    assert (by_outcome["created"], by_outcome["updated"]) == (found["k999"]["id"], found["k3"]["id"])


@of_all
def test_records_of_rows_that_are_gone_are_removed_and_come_back(
    sandbox: Sandbox, kind: Kind, tmp_path: Path
) -> None:
    others = Runs(kind, tmp_path / "others")
    others([kind.row(77)])
    sync, rows = Runs(kind, tmp_path, leave=kind.removal), kind.rows(5)
    sync(rows)
    outcome = sync(rows[1:4])
    assert counted(outcome) == (0, 0, 3, 0)
    assert (outcome["removed"], outcome["not_removed"]) == (2, 0)
    assert sorted(held(sandbox, kind)) == ["k1", "k2", "k3", "k77"]
    assert counted(sync(rows)) == (2, 0, 3, 0)
    assert len(held(sandbox, kind)) == 6
    # An empty source removes nothing.
    with pytest.raises(AirflowFailException, match="min_rows"):
        sync([])
    assert sync([], min_rows=0)["removed"] == 0
    assert len(held(sandbox, kind)) == 6


@of_all
def test_a_record_that_somebody_removed_is_not_there_any_more(
    sandbox: Sandbox, kind: Kind, tmp_path: Path
) -> None:
    sync, rows = Runs(kind, tmp_path, leave=kind.removal), kind.rows(3)
    sync(rows)
    # Another sync removes it first.
    other = Runs(kind, tmp_path / "other", leave=kind.removal)
    other(rows)
    other(rows[1:])
    outcome = sync(rows[1:])
    assert (outcome["removed"], outcome["not_removed"]) == (1, 0)
    assert sorted(held(sandbox, kind)) == ["k1", "k2"]


@of_all
def test_their_fields_are_cleared_or_set(sandbox: Sandbox, kind: Kind, tmp_path: Path) -> None:
    sync, rows = Runs(kind, tmp_path), kind.rows(3)
    sync(rows)
    assert sync(rows[1:], leave="clear")["removed"] == 1
    record = held(sandbox, kind)["k0"]
    assert not record.get(kind.changed)
    # Keys, links, and what a deal cannot be without are kept.
    for name in ("leadId", "dealname", "dealstage"):
        if name in kind.others:
            assert record[name] == kind.others[name]
    assert sync(rows[2:], leave={"set": {kind.changed: "Gone"}})["removed"] == 1
    assert held(sandbox, kind)["k1"][kind.changed] == "Gone"
    # The next runs have nothing more to do, and a row that is back is written.
    before = writes(sandbox, kind)
    assert sync(rows[2:], leave={"set": {kind.changed: "Gone"}})["removed"] == 0
    assert writes(sandbox, kind) == before
    assert counted(sync(rows)) == (0, 2, 1, 0)
    assert {one[kind.changed] for one in held(sandbox, kind).values()} == {"A"}


@of_each_platform
def test_nothing_is_sent_when_a_limit_is_not_kept(sandbox: Sandbox, kind: Kind, tmp_path: Path) -> None:
    sync, rows = Runs(kind, tmp_path, leave=kind.removal), kind.rows(20)
    sync(rows)
    before = writes(sandbox, kind)
    changed = [kind.row(number, "B") for number in range(20)]
    for given, limits, problem in (
        (changed, {"max_changed": "50%"}, "20 rows would be written, allowed: 50.00%"),
        (rows[:10], {"max_removed": "10%"}, "10 .* would be .*removed, allowed: 10.00%"),
        (rows[:10], {"min_rows": "90%"}, "the source has 10 rows"),
    ):
        with pytest.raises(AirflowFailException, match=f"Nothing was sent: .*{problem}"):
            sync(given, **limits)
    assert writes(sandbox, kind) == before
    assert counted(sync(rows, max_changed=1, max_removed=0, min_rows=20)) == (0, 0, 20, 0)


@of_each_platform
def test_keys_that_several_rows_have(sandbox: Sandbox, kind: Kind, tmp_path: Path) -> None:
    sync = Runs(kind, tmp_path)
    rows = [kind.row(1, "A"), kind.row(1, "B"), kind.row(2)]
    assert counted(sync(rows, duplicates="reject"), "created", "rejected") == (1, 2)
    assert counted(sync(rows), "created", "skipped", "unchanged") == (1, 1, 1)
    assert held(sandbox, kind)["k1"][kind.changed] == "B"


@of_each_platform
def test_the_first_batch_is_sent_alone(sandbox: Sandbox, kind: Kind, tmp_path: Path) -> None:
    sync, rows = Runs(kind, tmp_path, canary=2, max_rejected=0), kind.rows(10)
    bad = [{**row, "numberofemployees" if kind.platform == "hubspot" else "hours": "many"} for row in rows]
    before = writes(sandbox, kind)
    with pytest.raises(AirflowFailException, match="Stopped after the first batch: 2 of its rows"):
        sync(bad, max_rejected=0)
    assert writes(sandbox, kind) - before <= 4
    assert held(sandbox, kind) == {}
    assert counted(sync(rows, refresh="failed"), "created") == (10,)


@of_each_platform
def test_every_row_is_sent_again_where_it_is_wanted(sandbox: Sandbox, kind: Kind, tmp_path: Path) -> None:
    sync, rows = Runs(kind, tmp_path), kind.rows(3)
    sync(rows)
    assert counted(sync(rows, refresh=True)) == (0, 3, 0, 0)
    assert counted(sync(rows, refresh_every=3)) == (0, 3, 0, 0)
    assert counted(sync(rows, changes="all")) == (0, 3, 0, 0)
    assert counted(sync(rows)) == (0, 0, 3, 0)


@of_all
def test_a_plan_is_applied_exactly_or_not_at_all(sandbox: Sandbox, kind: Kind, tmp_path: Path) -> None:
    sync, rows = Runs(kind, tmp_path, leave=kind.removal), kind.rows(20)
    sync(rows)
    before = writes(sandbox, kind)
    later = [kind.row(0, "B"), *rows[1:19], kind.row(50)]
    plan = sync(later, dry_run=True)
    assert (plan["outcome"], plan["object_type"], plan["ok"]) == ("object_sync_plan", kind.name, True)
    assert plan["counts"] == {"new": 1, "changed": 1, "unchanged": 18, "gone": 1}
    assert (plan["to_write"], plan["to_remove"], plan["by_id"]) == (2, 1, 0)
    assert plan["fields"] == {kind.changed: 1}
    shown = lines(plan["path"].removeprefix("file://"))
    assert {"row": 1, "operation": "changed", "fields": {kind.changed: ["A***", "B***"]}} in [
        {name: value for name, value in one.items() if name != "key"} for one in shown
    ]
    assert not sync(later, dry_run=True, max_changed=1)["ok"]
    with pytest.raises(AirflowFailException, match="the source or its mapping has changed since"):
        sync([*later[:-1], kind.row(50, "C")], plan=plan)
    with pytest.raises(AirflowFailException, match="must be the output of a SyncObjectsOperator"):
        sync(later, plan={**plan, "outcome": "lead_sync_plan"})
    assert writes(sandbox, kind) == before
    outcome = sync(later, plan=json.dumps(plan), state_path=None)
    assert (*counted(outcome), outcome["removed"]) == (1, 1, 18, 0, 1)
    assert held(sandbox, kind)["k0"][kind.changed] == "B"
    assert "k19" not in held(sandbox, kind)
    with pytest.raises(AirflowFailException, match="another run has changed the state"):
        sync(later, plan=plan)


@of_all
def test_a_run_that_is_killed_before_its_journal_is_done_by_the_retry(
    sandbox: Sandbox, kind: Kind, tmp_path: Path
) -> None:
    sync, size = Runs(kind, tmp_path, leave=kind.removal, max_concurrency=1), kind.batch
    rows = kind.rows(2 * size)
    sync([*rows[:10], kind.row(9_999)])
    changed = [kind.row(number, "B") for number in range(2 * size)]
    # The first batch is written, and its answer does not arrive.
    faults = (sandbox.hubspot if kind.platform == "hubspot" else sandbox.marketo).faults
    route = "*/batch/upsert" if kind.platform == "hubspot" else f"*/{kind.name}.json"
    faults.add(route, method="POST", when="after", delay=30)
    worker = Worker(sync.operator(changed), run="run 2")
    until(lambda: bool(faults.fired))
    worker.kill()
    assert len(held(sandbox, kind)) >= size
    outcome = sync(changed)
    adds_up(outcome)
    assert (outcome["total"], outcome["rejected"], outcome["unknown"]) == (2 * size, 0, 0)
    found = held(sandbox, kind)
    assert len(found) == 2 * size
    assert {one[kind.changed] for one in found.values()} == {"B"}
    before = writes(sandbox, kind)
    assert counted(sync(changed), "unchanged") == (2 * size,)
    assert writes(sandbox, kind) == before


@of_all
def test_stored_records_are_found_by_key_and_by_id(sandbox: Sandbox, kind: Kind, tmp_path: Path) -> None:
    Runs(kind, tmp_path)(kind.rows(3))
    hook = Runs(kind, tmp_path).operator([]).hook
    writer = hook.object_writer(kind.name, action="createOrUpdate", lookup_field=kind.lookup_field)
    with hook:
        hook.follow(writer.known_fields())
        stored = writer.stored()
        values = {**kind.others, kind.key: "K1" if kind.platform == "marketo" else "k1"}
        key = KEY_SEPARATOR.join(str(values[name]) for name in stored.key_fields)
        unknown = [key.lower().replace("k1", "k9"), f"{key},"]
        ids = {name: one["id"] for name, one in held(sandbox, kind).items()}
        found = hook.follow(stored.read([key, *unknown], [kind.changed], by_id=False))
        wanted = {key.lower(): [StoredLead(ids["k1"], {kind.changed: "A"})]}
        if kind.platform == "marketo" and len(stored.key_fields) == 1:
            # Marketo cannot search for a comma.
            wanted[f"{key},".lower()] = [*UNKNOWN_LEADS]
        assert found == wanted
        found = hook.follow(stored.read([ids["k2"], "404"], [kind.changed], by_id=True))
        assert found == {ids["k2"].lower(): [StoredLead(ids["k2"], {kind.changed: "A"})]}


def test_a_changed_key_is_an_update_of_the_same_record(sandbox: Sandbox, tmp_path: Path) -> None:
    sync = Runs(COMPANIES, tmp_path, row_key="row")
    rows = [{"row": number, **COMPANIES.row(number)} for number in range(3)]
    sync(rows)
    record_id = held(sandbox, COMPANIES)["k1"]["id"]
    rows[1][KEY] = "moved"
    assert counted(sync(rows)) == (0, 1, 2, 0)
    assert held(sandbox, COMPANIES)["moved"]["id"] == record_id
    assert "k1" not in held(sandbox, COMPANIES)


def test_a_record_that_the_platform_keeps_is_not_counted_as_removed(sandbox: Sandbox, tmp_path: Path) -> None:
    kind = Kind("marketo", "sales_persons", "externalSalesPersonId", "firstName")
    sync, rows = Runs(kind, tmp_path, leave="delete"), kind.rows(3)
    sync(rows)
    SyncLeadsOperator(
        task_id="owned",
        conn_id="marketo_default",
        leads=[{"email": "owned@example.com", "externalSalesPersonId": "k0"}],
    ).execute(context(task="owned"))
    outcome = sync(rows[2:])
    assert (outcome["removed"], outcome["not_removed"]) == (1, 1)
    assert outcome["reasons"] == {"1022": 1}
    left = [one.values["externalSalesPersonId"] for one in sandbox.marketo.state.sales_persons]
    assert left == ["k0", "k2"]


@pytest.mark.parametrize("kind", [MACHINES, ENROLLMENTS], ids=str)
def test_custom_objects_of_marketo_are_imported_in_bulk(sandbox: Sandbox, tmp_path: Path, kind: Kind) -> None:
    sync = Runs(kind, tmp_path, mode="bulk", poll_interval=0.05, leave="delete")
    rows = kind.rows(20)
    outcome = sync(rows)
    adds_up(outcome)
    assert (outcome["written"], outcome["mode"], len(outcome["jobs"])) == (20, "bulk", 1)
    rows[4] = kind.row(4, "B")
    assert counted(sync(rows), "written", "unchanged") == (1, 19)
    assert held(sandbox, kind)["k4"][kind.changed] == "B"
    # An import does not tell the ids, so the record is found by its key.
    outcome = sync(rows[1:])
    assert (outcome["removed"], counted(outcome, "unchanged")) == (1, (19,))
    assert "k0" not in held(sandbox, kind)


# -- reading first ---------------------------------------------------------------------------------------

of_single_and_joined_keys = pytest.mark.parametrize("kind", [COMPANIES, MACHINES, ENROLLMENTS], ids=str)


def change(box: Sandbox, kind: Kind, number: int, value: str | None) -> None:
    """Change a record as a person does in the platform's own pages."""
    key = f"k{number}"
    if kind.platform == "hubspot":
        live = box.hubspot.state.objects[kind.name].store.live()
        values = next(one.properties for one in live if one.properties.get(KEY) == key)
        values[kind.changed] = value or ""
    else:
        (record,) = [
            one for one in box.marketo.state.custom_objects.live(kind.name) if one.values[kind.key] == key
        ]
        record.values[kind.changed] = value


@of_single_and_joined_keys
def test_values_that_the_platform_has_are_kept_where_it_is_wanted(
    sandbox: Sandbox, kind: Kind, tmp_path: Path
) -> None:
    sync = Runs(kind, tmp_path)
    sync(kind.rows(3))
    change(sandbox, kind, 0, "C")
    change(sandbox, kind, 1, None)
    rows = [kind.row(number, "B") for number in range(3)]
    assert sync(rows, only_if_empty=[kind.changed], dry_run=True)["to_read"] == 3
    assert counted(sync(rows, only_if_empty=[kind.changed]), "written", "kept") == (3, 2)
    assert [held(sandbox, kind)[f"k{number}"][kind.changed] for number in range(3)] == ["C", "B", "A"]
    order = {kind.changed: ["A", "B", "C"]}
    rows = [kind.row(number, value) for number, value in enumerate("ACA")]
    assert counted(sync(rows, never_back=order), "written", "kept") == (3, 1)
    assert [held(sandbox, kind)[f"k{number}"][kind.changed] for number in range(3)] == ["C", "C", "A"]


@of_single_and_joined_keys
def test_the_first_batch_is_read_back(
    sandbox: Sandbox, kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert counted(Runs(kind, tmp_path, canary=2, read_back=True)(kind.rows(4)), "written") == (4,)
    step = _change_read_back.ReadBack.lasting_differences

    def meanwhile(self: Any, records: Any) -> Any:
        change(sandbox, kind, 1, "C")
        return step(self, records)

    monkeypatch.setattr(_change_read_back, "READ_AGAIN", (0.01,))
    monkeypatch.setattr(_change_read_back.ReadBack, "lasting_differences", meanwhile)
    sync = Runs(kind, tmp_path / "other", canary=2, read_back=True)
    with pytest.raises(AirflowFailException, match=rf"not as they were sent, by field: {kind.changed} \(1\)"):
        sync(kind.rows(4))


@of_single_and_joined_keys
def test_changes_of_others_are_found_and_undone_where_it_is_wanted(
    sandbox: Sandbox, kind: Kind, tmp_path: Path
) -> None:
    sync, rows = Runs(kind, tmp_path, reconcile="100%"), kind.rows(5)
    assert counted(sync(rows, baseline="assume_synced"), "unchanged", "written") == (5, 0)
    assert held(sandbox, kind).keys().isdisjoint({"k0", "k1"})
    assert counted(sync(rows, refresh=True), "written", "drifted") == (5, 5)
    change(sandbox, kind, 3, "C")
    assert counted(sync(rows), "unchanged", "reconciled", "drifted", "written") == (5, 5, 1, 0)
    outcome = sync(rows, reconcile_action="send")
    assert counted(outcome, "unchanged", "drifted", "written") == (4, 1, 1)
    assert held(sandbox, kind)["k3"][kind.changed] == "A"
    assert counted(sync(rows), "unchanged", "drifted") == (5, 0)


@pytest.mark.parametrize(
    ("kind", "arguments", "problem"),
    [
        (
            COMPANIES,
            {"create_missing_properties": True, "property_group": "g", "dry_run": True},
            "create_missing_properties: cannot be combined with dry_run",
        ),
        (COMPANIES, {"leave": "delete"}, "leave: 'delete' is of the other platform"),
        (COMPANIES, {"leave": "gdpr_delete"}, "leave: 'gdpr_delete' is for people"),
        (COMPANIES, {"leave": {"remove_from_list": 1}}, "leave: 'remove_from_list' is for people"),
        (COMPANIES, {"lookup_field": "domain", "action": "updateOnly"}, "lookup_field: .* are not unique"),
        (COMPANIES, {"changes": "some"}, "changes: must be"),
        (COMPANIES, {"duplicates": "first"}, "duplicates: must be"),
        (COMPANIES, {"refresh_every": 0}, "refresh_every: must be"),
        (COMPANIES, {"canary": 0}, "canary: must be"),
        (COMPANIES, {"read_back": True}, "read_back: .* needs canary"),
        (COMPANIES, {"reconcile": 2}, "reconcile: must be a share"),
        (MACHINES, {"only_if_empty": ["serialNumber"]}, "only_if_empty: .* records are found by"),
        (ENROLLMENTS, {"only_if_empty": ["leadId"]}, "only_if_empty: .* records are found by"),
        (COMPANIES, {"plan": {"plan": "x"}, "dry_run": True}, "plan: cannot be combined with dry_run"),
        (MACHINES, {"row_key": "row"}, "row_key: Marketo does not change the key"),
        (MACHINES, {"leave": "archive"}, "leave: 'archive' is of the other platform"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_sent(
    sandbox: Sandbox, tmp_path: Path, kind: Kind, arguments: dict[str, Any], problem: str
) -> None:
    # What the DAG file alone tells is refused when it is parsed.
    with pytest.raises((AirflowFailException, InvalidInput), match=problem):
        Runs(kind, tmp_path)([{"row": 1, **kind.row(1)}], **arguments)
    assert writes(sandbox, kind) == 0


def test_the_state_of_another_object_type_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    Runs(COMPANIES, tmp_path)(COMPANIES.rows(1))
    with pytest.raises(AirflowFailException, match="state_path: holds the state of"):
        Runs(DEALS, tmp_path)(DEALS.rows(1))
