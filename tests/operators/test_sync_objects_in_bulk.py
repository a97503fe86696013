"""Companies, deals, tickets, custom objects and contacts are written by HubSpot's import."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow
from import_runs import jobs, max_in_flight
from object_runs import KEY, add_keys
from sync_runs import lines
from workers import Worker, context, until

from airflow_provider_mkt.actions.hubspot.imports import ObjectImporter
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators.objects import SyncObjectsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot.account.credential_store import ALL_SCOPES, Token
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

IMPORT = "*/imports/2026-09"
STATUS = "/crm/imports/2026-09/{importId}"
UPSERT = "*/batch/upsert"


@pytest.fixture(autouse=True)
def keyed(sandbox: Sandbox) -> None:
    add_keys(sandbox)
    max_in_flight(sandbox)


def operator(object_type: str, **arguments: Any) -> SyncObjectsOperator:
    given = {
        "conn_id": "hubspot_default",
        "lookup_field": KEY,
        "mode": "bulk",
        "poll_interval": 0.05,
        "deferrable": False,
        **arguments,
    }
    return SyncObjectsOperator(task_id="task", object_type=object_type, **given)


def run(object_type: str, at: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    outcome: dict[str, Any] = operator(object_type, **arguments).execute(at or context())
    counted = ("written", "skipped", "rejected", "unchanged")
    assert outcome["total"] == sum(outcome.get(name, 0) for name in counted)
    assert (outcome["outcome"], outcome["object_type"]) == ("object_sync", object_type)
    return outcome


def held(sandbox: Sandbox, object_type: str) -> dict[str, dict[str, str]]:
    """The values of the records that have a key, by their key."""
    store = sandbox.hubspot.state.objects[object_type].store
    keyed = [one.properties for one in store.live() if KEY in one.properties]
    by_key = {one[KEY]: one for one in keyed}
    assert len(by_key) == len(keyed)
    return by_key


ROWS: dict[str, dict[str, Any]] = {
    "companies": {"name": "Acme", "numberofemployees": 12},
    "deals": {"dealname": "Yearly", "dealstage": "qualifiedtobuy", "amount": 12.5, "closedate": "2026-12-31"},
    "tickets": {"subject": "Help", "hs_pipeline_stage": "1"},
    "p_machine": {"hubspot_owner_id": "9000501"},
    "2-7000001": {"hubspot_owner_id": "9000501"},
    "contacts": {"firstname": "Zoe"},
}


@pytest.mark.parametrize("object_type", ROWS)
def test_records_of_every_type_are_imported_as_calls_would_write_them(
    sandbox: Sandbox, object_type: str
) -> None:
    rows = [{KEY: str(number), **ROWS[object_type]} for number in range(250)]
    first = run(object_type, records=rows)
    assert (first["mode"], first["created"], first["updated"], first["rejected"]) == ("bulk", 250, 0, 0)
    assert [job["kind"] for job in first["jobs"]] == ["object_import"]
    imported = held(sandbox, object_type)
    again = run(object_type, records=rows[:20], at=context(run="another"))
    assert (again["created"], again["updated"]) == (0, 20)
    run(object_type, records=[{**rows[0], KEY: "by call"}], at=context(run="calls"), mode="calls")
    both, definitions = (
        held(sandbox, object_type),
        sandbox.hubspot.state.objects[object_type].store.definitions,
    )
    assert len(both) == 251
    by_import, by_call = (
        {name: definitions[name].comparable(value) for name, value in one.items() if name != KEY}
        for one in (imported["0"], both["by call"])
    )
    assert by_import == by_call


def messy(path: Path) -> str:
    """A CSV with rows of every kind: fine, without a stage, twice, refused, without a key."""
    rows = [f"{KEY},dealname,dealstage,amount"]
    rows += [f"k{number},Deal {number},qualifiedtobuy,{number}" for number in range(40)]
    rows += ["none,No stage,,1", "odd,Odd,nowhere,1", "many,Many,qualifiedtobuy,many", ",Nobody,x,1"]
    rows += ["k0,Twice,qualifiedtobuy,7"]
    path.write_text("\n".join(rows) + "\n")
    return str(path)


@pytest.mark.parametrize("mode", ["bulk", "calls"])
def test_each_row_has_the_status_and_the_reason_that_it_has_by_calls(
    sandbox: Sandbox, tmp_path: Path, mode: str
) -> None:
    outcome = run("deals", source=messy(tmp_path / "deals.csv"), max_rejected=None, mode=mode)
    assert (outcome["total"], outcome["mode"]) == (45, mode)
    assert outcome["reasons"] == {
        "REQUIRED_FIELD": 1,
        "INVALID_OPTION": 1,
        "INVALID_LONG": 1,
        "KEY_MISSING": 1,
        "DUPLICATE_KEY": 1,
    }
    rejected = lines(outcome["rejects"])
    assert {line["record"].get(KEY): line["code"] for line in rejected} == {
        "none": "REQUIRED_FIELD",
        "odd": "INVALID_OPTION",
        "many": "INVALID_LONG",
        None: "KEY_MISSING",
    }
    deals = held(sandbox, "deals")
    assert len(deals) == outcome["written"] == 40
    assert (deals["k0"]["dealname"], deals["k0"]["amount"]) == ("Twice", "7")


def test_too_many_rejects_fail_the_task_after_the_import(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="4 of 45 records were rejected"):
        run("deals", source=messy(tmp_path / "deals.csv"))
    assert len(held(sandbox, "deals")) == 40


@pytest.mark.parametrize(
    ("action", "counted"),
    [("createOnly", {"created": 1, "updated": 0}), ("updateOnly", {"created": 0, "updated": 1})],
)
def test_records_that_exist_or_do_not_are_skipped_as_the_action_says(
    sandbox: Sandbox, action: str, counted: dict[str, int]
) -> None:
    run("companies", records=[{KEY: "old", "name": "Old"}])
    rows = [{KEY: "old", "name": "Changed"}, {KEY: "new", "name": "New"}]
    outcome = run("companies", records=rows, action=action, at=context(run="2"))
    assert {**outcome, **counted} == outcome
    assert (outcome["skipped"], outcome["rejected"]) == (1, 0)
    names = {key: one["name"] for key, one in held(sandbox, "companies").items()}
    assert names == ({"old": "Old", "new": "New"} if action == "createOnly" else {"old": "Changed"})


def test_records_are_updated_by_their_record_id(sandbox: Sandbox) -> None:
    store = sandbox.hubspot.state.objects["tickets"].store
    made = store.create({"subject": "Old", "hs_pipeline_stage": "1"})
    rows = [{"hs_object_id": made.id, "subject": "New"}, {"hs_object_id": "1", "subject": "Nobody"}]
    by_id: dict[str, Any] = {"lookup_field": "hs_object_id", "action": "updateOnly", "max_rejected": None}
    outcome = run("tickets", records=rows, **by_id)
    assert (outcome["updated"], outcome["reasons"]) == (1, {"OBJECT_NOT_FOUND": 1})
    assert made.properties["subject"] == "New"


def test_missing_properties_are_created_before_the_import(sandbox: Sandbox) -> None:
    rows = [{KEY: "1", "name": "Acme", "tier": "gold"}]
    new: dict[str, Any] = {"types": {"tier": "text"}, "property_group": "warehouse"}
    assert run("companies", records=rows, create_missing_properties=True, **new)["created"] == 1
    assert held(sandbox, "companies")["1"]["tier"] == "gold"


def failing(object_type: str, **arguments: Any) -> str:
    with pytest.raises((AirflowFailException, InvalidInput)) as raised:
        run(object_type, **arguments)
    return str(raised.value)


LINK = [{"to": "contacts", "by": "email", "column": "who"}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"associate": LINK}, "associate: needs the ids of the records"),
        ({"outcomes_path": "/tmp/x.jsonl"}, "outcomes_path: an import does not report"),
        ({"lookup_field": "name", "action": "updateOnly"}, "lookup_field: an import finds records by unique"),
    ],
)
def test_what_cannot_be_imported_is_refused_or_goes_by_calls(
    sandbox: Sandbox, arguments: dict[str, Any], said: str, tmp_path: Path
) -> None:
    if "outcomes_path" in arguments:
        arguments = {"outcomes_path": str(tmp_path / "outcomes.jsonl")}
    sandbox.hubspot.state.objects["companies"].store.create({"name": "Acme"})
    rows = [{KEY: "1", "name": "Acme", **({"who": None} if "associate" in arguments else {})}]
    assert said in failing("companies", records=rows, **arguments)
    assert jobs(sandbox, "hubspot") == []
    outcome = run("companies", records=rows, **{**arguments, "mode": "auto"})
    assert (outcome["mode"], outcome["written"], jobs(sandbox, "hubspot")) == ("calls", 1, [])


@pytest.mark.parametrize(
    ("object_type", "arguments", "said"),
    [
        ("companys", {}, "object_type: "),
        ("companies", {"lookup_field": "shoe"}, "lookup_field: companies have no property 'shoe'"),
        ("companies", {"lookup_field": "name"}, "the values of 'name' are not unique"),
        ("companies", {"lookup_field": None}, "lookup_field: is missing"),
    ],
)
def test_a_wrong_type_or_key_is_named_before_anything_is_sent(
    sandbox: Sandbox, object_type: str, arguments: dict[str, Any], said: str
) -> None:
    assert said in failing(object_type, records=[{KEY: "1", "name": "Acme"}], **arguments)
    assert jobs(sandbox, "hubspot") == []


def test_a_token_that_must_not_read_schemas_imports_custom_objects_by_their_number(sandbox: Sandbox) -> None:
    scopes = frozenset(one for one in ALL_SCOPES if one != "crm.schemas.custom.read")
    tokens = sandbox.hubspot.state.credentials.tokens
    tokens |= {name: Token(name, one.app, scopes) for name, one in tokens.items()}
    rows = [{KEY: "1"}]
    assert "object_type: an import needs its number" in failing("p_machine", records=rows)
    assert run("2-7000001", records=rows)["created"] == 1


def test_auto_imports_where_calls_would_take_too_long(sandbox: Sandbox) -> None:
    rows = [{KEY: str(number), "name": "Acme"} for number in range(300)]
    assert run("companies", records=rows, mode="auto", bulk_after=0.0)["mode"] == "bulk"
    few = run("companies", records=rows, mode="auto", at=context(run="2"))
    assert (few["mode"], few["updated"]) == ("calls", 300)


def test_only_what_changed_is_imported(sandbox: Sandbox, tmp_path: Path) -> None:
    rows = [{KEY: str(number), "name": "Acme"} for number in range(20)]
    kept: dict[str, Any] = {"changes": "changed", "state_path": str(tmp_path / "state")}
    assert run("companies", records=rows, **kept)["written"] == 20
    rows[0]["name"] = "Beta"
    second = run("companies", records=rows, at=context(run="2"), **kept)
    assert (second["written"], second["unchanged"], second["mode"]) == (1, 19, "bulk")
    assert held(sandbox, "companies")["0"]["name"] == "Beta"


@pytest.mark.parametrize("stage", ["uploaded", "waiting", "rest"])
def test_a_killed_workers_next_try_follows_the_import_there_is_and_sends_the_rest_once(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    monkeypatch.setattr(ObjectImporter, "rows_max", 30)
    arguments: dict[str, Any] = {"source": messy(tmp_path / "deals.csv"), "max_rejected": None}
    faults = sandbox.hubspot.faults
    if stage == "uploaded":
        faults.add(IMPORT, method="POST", when="after", delay=30, skip=1)
    elif stage == "waiting":
        sandbox.hubspot.settings.import_startup = 3600.0
    else:
        faults.add(UPSERT, method="POST", when="after", delay=30)
    worker = Worker(operator("deals", **arguments))
    if stage == "waiting":
        until(lambda: sandbox.hubspot.calls.of("GET", STATUS).total >= 3)
    else:
        until(lambda: bool(faults.fired))
    worker.kill()
    sandbox.clock.advance(3600)
    sandbox.hubspot.settings.import_startup = 0.0
    outcome = Worker(operator("deals", **arguments)).end()["result"]
    assert (outcome["total"], outcome["written"], outcome["rejected"]) == (45, 40, 4)
    assert (len(jobs(sandbox, "hubspot")), len(held(sandbox, "deals"))) == (2, 40)
    # Its success may not have reached Airflow.
    again = Worker(operator("deals", **arguments)).end()["result"]
    assert (again["total"], again["resumed"], len(jobs(sandbox, "hubspot"))) == (45, 45, 2)


def test_an_upload_whose_answer_is_lost_is_found_by_its_name(sandbox: Sandbox) -> None:
    sandbox.hubspot.faults.add(IMPORT, method="POST", when="after", answer={"reset": True})
    assert run("companies", records=[{KEY: "1", "name": "Acme"}])["created"] == 1
    assert len(jobs(sandbox, "hubspot")) == 1


def test_two_runs_at_once_make_each_record_once(sandbox: Sandbox) -> None:
    rows = [{KEY: str(number), "name": "Acme"} for number in range(40)]
    sandbox.hubspot.faults.add(IMPORT, method="POST", delay=0.5)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(run, "companies", records=rows, at=context(run=f"run {n}")) for n in range(2)]
        outcomes = [one.result() for one in both]
    assert [one["written"] for one in outcomes] == [40, 40]
    assert len(held(sandbox, "companies")) == 40


def test_a_deferred_import_is_followed_in_the_triggerer_and_its_rest_sent_by_calls(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.hubspot.settings.import_startup = 1.0
    source = messy(tmp_path / "deals.csv")
    run = airflow.run(
        "from airflow_provider_mkt.operators.objects import SyncObjectsOperator\n"
        'SyncObjectsOperator(task_id="task", conn_id="hubspot_default", object_type="deals", '
        f'lookup_field="{KEY}", source="{source}", max_rejected=None, mode="bulk", deferrable=True, '
        "poll_interval=0.1)"
    )
    assert run.tasks == {"task": "success"}, run.log[-6000:]
    outcome = run.returned["task"]
    assert (outcome["total"], outcome["written"], outcome["rejected"]) == (45, 40, 4)
    assert "[DAG TEST] running trigger" in run.log or "deferr" in run.log.lower()
    assert (len(jobs(sandbox, "hubspot")), len(held(sandbox, "deals"))) == (1, 40)
