"""Companies, deals, tickets and custom objects are written, and associated, by ``SyncObjectsOperator``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from object_runs import KEY, add_keys
from pyarrow import parquet
from sync_runs import lines
from workers import context

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators.objects import SyncObjectsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.objects.store import Record
from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType
from airflow_provider_mkt.sandbox.hubspot.settings import AccountRules
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

STAGE = {"dealstage": "qualifiedtobuy"}
PAIRS = "/crm/associations/*/batch/associate/default"


@pytest.fixture(autouse=True)
def keyed(sandbox: Sandbox) -> None:
    """Each object type has a property with unique values, and the search is not behind."""
    sandbox.hubspot.settings.search_lag = 0.0
    add_keys(sandbox)


def run(object_type: str, at: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    given = {"conn_id": "hubspot_default", "lookup_field": KEY, "search_wait": 0.0, **arguments}
    operator = SyncObjectsOperator(task_id="task", object_type=object_type, **given)
    outcome: dict[str, Any] = operator.execute(at or context())
    assert outcome["total"] == outcome["written"] + outcome["skipped"] + outcome["rejected"]
    assert (outcome["outcome"], outcome["object_type"]) == ("object_sync", object_type)
    return outcome


def failing(object_type: str, **arguments: Any) -> str:
    # Literal arguments are refused when the DAG is parsed, the others when the task runs.
    with pytest.raises((AirflowFailException, InvalidInput)) as raised:
        run(object_type, **arguments)
    return str(raised.value)


def kind(sandbox: Sandbox, name: str) -> ObjectType:
    return sandbox.hubspot.state.objects[name]


def by_key(sandbox: Sandbox, name: str, key: str) -> Record:
    found = kind(sandbox, name).store.find(KEY, key)
    assert found is not None
    return found


def written(sandbox: Sandbox) -> list[str]:
    """The calls that changed something, by path."""
    routes = sandbox.hubspot.calls.routes
    return [
        path
        for (method, path), counter in routes.items()
        if counter.total
        and method == "POST"
        and not path.endswith(("/batch/read", "/search"))
        and "/crm/" in path
    ]


def company(sandbox: Sandbox, **values: str) -> str:
    return kind(sandbox, "companies").store.create({"name": "A company", **values}).id


def linked(sandbox: Sandbox, name: str, record: str, to: str) -> dict[str, set[str | None]]:
    """The records that a record is associated with, and the labels."""
    every = sandbox.hubspot.state.associations.of((kind(sandbox, name).id, record), kind(sandbox, to))
    return {one: {each.label for each in types} for one, types in every.items()}


ROWS = {
    "companies": {"name": "Acme"},
    "deals": {"dealname": "Yearly", **STAGE},
    "tickets": {"subject": "Help", "hs_pipeline_stage": "1"},
    "p_machine": {"hubspot_owner_id": "9000501"},
    "contacts": {"firstname": "Zoe"},
}


@pytest.mark.parametrize("object_type", ROWS)
def test_records_of_every_type_are_created_then_updated_by_a_unique_property(
    sandbox: Sandbox, object_type: str, tmp_path: Path
) -> None:
    rows = [{KEY: str(number), **ROWS[object_type]} for number in range(250)]
    outcomes = str(tmp_path / "outcomes.jsonl")
    first = run(object_type, records=rows, outcomes_path=outcomes)
    assert (first["created"], first["updated"], first["rejected"]) == (250, 0, 0)
    ids = {line["row"]: line["id"] for line in lines(outcomes)}
    assert ids[1] == by_key(sandbox, object_type, "0").id
    again = run(object_type, records=rows[:20], at=context(run="another"))
    assert (again["created"], again["updated"]) == (0, 20)


def test_a_file_with_mapped_columns_types_and_constants_is_written(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "deals.csv"
    file.write_text("id,title,eur,note\n7,Big one,12.5,x\n8,Small one,abc,y\n")
    outcome = run(
        "deals",
        source=str(file),
        columns={"id": KEY, "title": "dealname", "eur": "amount", "note": None},
        constants=STAGE,
        types={"amount": "number"},
        max_rejected=1,
    )
    assert outcome["reasons"] == {"BAD_VALUE": 1}
    assert by_key(sandbox, "deals", "7").properties["amount"] == "12.5"
    assert [line["record"]["id"] for line in lines(outcome["rejects"])] == ["8"]


def test_what_is_refused_is_reported_for_each_record(sandbox: Sandbox) -> None:
    rows = [
        {KEY: "1", "dealname": "Fine", **STAGE},
        {KEY: "2", "dealname": "No stage"},
        {KEY: "3", "dealname": "Bad stage", "dealstage": "nowhere"},
        {KEY: "4", "dealname": "Bad amount", "amount": "much", **STAGE},
        {KEY: "5", "dealname": "Unknown", "colour": "red", **STAGE},
        {KEY: "6", "dealname": "Read-only", "createdate": "2026-01-01", **STAGE},
        {"dealname": "No key", **STAGE},
    ]
    outcome = run("deals", records=rows, max_rejected=None)
    assert (outcome["created"], outcome["rejected"]) == (1, 6)
    codes = {line["row"]: line["code"] for line in lines(outcome["rejects"])}
    assert codes == {
        2: "REQUIRED_FIELD",
        3: "INVALID_OPTION",
        4: "INVALID_LONG",
        5: "UNKNOWN_FIELD",
        6: "READ_ONLY_FIELD",
        7: "KEY_MISSING",
    }


def test_rules_of_the_account_and_values_that_others_have_reject_their_record(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.object_rules = {"companies": AccountRules(required=("city",))}
    other = {"name": "code", "label": "Code", "type": "string", "fieldType": "text", "hasUniqueValue": True}
    own = kind(sandbox, "companies").properties
    own.put({**other, "groupName": own.default_group})
    company(sandbox, code="taken")
    rows = [
        {KEY: "1", "name": "Fine", "city": "Bonn"},
        {KEY: "2", "name": "No city"},
        {KEY: "3", "name": "Taken", "city": "Bonn", "code": "taken"},
    ]
    outcome = run("companies", records=rows, max_rejected=None)
    assert outcome["created"] == 1
    assert {line["row"]: line["code"] for line in lines(outcome["rejects"])} == {
        2: "MISSING_REQUIRED_PROPERTY",
        3: "DUPLICATE_UNIQUE_PROPERTY_VALUE",
    }


@pytest.mark.parametrize(
    ("object_type", "arguments", "said"),
    [
        ("spaceships", {}, "object_type"),
        ("companies", {"lookup_field": "domain"}, "are not unique"),
        ("companies", {"lookup_field": "no_such"}, "have no property 'no_such'"),
        ("companies", {"lookup_field": "hs_object_id"}, "use action updateOnly"),
        ("contacts", {"lookup_field": "email", "action": "updateOnly"}, "not by email"),
        ("companies", {"action": "createDuplicate"}, "must be one of createOrUpdate"),
        ("companies", {"associate": [{"to": "contacts"}]}, "associate[0].column"),
        ("companies", {"associate": [{"to": "contacts", "column": "x", "until": 1}]}, "has a key other than"),
        ("companies", {"associate": [{"to": "aliens", "column": "x"}]}, "associate[0].to"),
        ("companies", {"associate": [{"to": "contacts", "column": "x", "by": "y"}]}, "associate[0].by"),
        ("companies", {"associate": [{"to": "contacts", "column": "x", "label": "y"}]}, "associate[0].label"),
        ("companies", {"associate": [{"to": "contacts", "column": "x", "missing": "y"}]}, "must be one of"),
        ("companies", {"create_missing_properties": True}, "property_group"),
        ("companies", {"search_wait": -1}, "search_wait"),
        ("companies", {"search_wait": "long"}, "search_wait"),
        ("companies", {"records": None}, "give exactly one of records, source and sql"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(
    sandbox: Sandbox, object_type: str, arguments: dict[str, Any], said: str
) -> None:
    given = {"records": [{KEY: "1", "name": "Acme"}], **arguments}
    assert said in failing(object_type, **given)
    assert written(sandbox) == []


def test_a_column_that_is_no_property_is_refused_before_anything_is_sent(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / "companies.csv"
    file.write_text(f"{KEY},name,colour\n1,Acme,red\n")
    assert "column 'colour' is not a field of the object" in failing("companies", source=str(file))
    assert written(sandbox) == []


def test_records_are_updated_by_a_property_that_is_not_unique(sandbox: Sandbox) -> None:
    one = company(sandbox, domain="acme.example")
    twins = [company(sandbox, domain="twin.example") for _ in range(2)]
    rows = [
        {"domain": "https://www.Acme.example/about", "city": "Oslo"},
        {"domain": "twin.example", "city": "Rome"},
        {"domain": "nobody.example", "city": "Bonn"},
        {"city": "Bern"},
    ]
    outcome = run("companies", records=rows, lookup_field="domain", action="updateOnly", max_rejected=None)
    assert (outcome["updated"], outcome["skipped"], outcome["rejected"]) == (1, 1, 2)
    assert outcome["reasons"] == {"OBJECT_NOT_FOUND": 1, "AMBIGUOUS": 1, "KEY_MISSING": 1}
    reasons = {line["code"]: line["reason"] for line in lines(outcome["rejects"])}
    assert all(twin in reasons["AMBIGUOUS"] for twin in twins)
    changed = kind(sandbox, "companies").store.get(one)
    assert changed is not None
    assert (changed.properties["city"], changed.properties["domain"]) == ("Oslo", "acme.example")
    assert all("city" not in kind(sandbox, "companies").store.get(twin).properties for twin in twins)  # type: ignore[union-attr]


def test_records_are_updated_by_record_id_and_created_only_once(sandbox: Sandbox) -> None:
    one = company(sandbox)
    rows = [{"hs_object_id": one, "city": "Oslo"}, {"hs_object_id": "5", "city": "Rome"}]
    outcome = run("companies", records=rows, lookup_field="hs_object_id", action="updateOnly", max_rejected=1)
    assert (outcome["updated"], outcome["reasons"]) == (1, {"OBJECT_NOT_FOUND": 1})
    new = [{KEY: "1", "name": "Acme"}, {KEY: "2", "name": "Globex"}]
    assert run("companies", records=new[:1], action="createOnly")["created"] == 1
    again = run("companies", records=new, action="createOnly", at=context(run="another"))
    assert (again["created"], again["skipped"]) == (1, 1)


def test_missing_properties_are_created_in_a_group(sandbox: Sandbox) -> None:
    rows = [{KEY: "1", "name": "Acme", "score": 7, "key_account": True, "since": "2026-01-02"}]
    arguments: dict[str, Any] = {
        "records": rows,
        "types": {"score": "integer", "key_account": "boolean", "since": "date", "name": "text"},
        "property_group": "warehouse",
    }
    assert "UNKNOWN_FIELD" in failing("companies", **arguments)
    assert "score" not in kind(sandbox, "companies").store.definitions
    made = run("companies", **arguments, create_missing_properties=True, at=context(run="another"))
    assert made["created"] == 1
    own = kind(sandbox, "companies").properties
    assert {one.name: one.kind for one in own.in_group("warehouse")} == {
        "score": "number",
        "key_account": "bool",
        "since": "date",
    }
    values = by_key(sandbox, "companies", "1").properties
    assert (values["score"], values["key_account"], values["since"]) == ("7", "true", "2026-01-02")


# -- associations -------------------------------------------------------------------------------------


def test_contacts_are_associated_with_companies_by_domain(sandbox: Sandbox) -> None:
    acme = company(sandbox, domain="acme.example")
    twins = [company(sandbox, domain="twin.example") for _ in range(2)]
    rows = [{"email": f"p{number}@acme.example", "site": "www.Acme.example"} for number in range(120)]
    rows += [
        {"email": "q@gmail.com", "site": "q@gmail.com"},
        {"email": "r@twin.example", "site": "r@twin.example"},
        {"email": "s@nobody.example", "site": "nobody.example"},
        {"email": "t@example.com", "site": None},
    ]
    outcome = run(
        "contacts",
        records=rows,
        lookup_field="email",
        associate=[{"to": "companies", "by": "domain", "column": "site"}],
        max_rejected=None,
    )
    assert outcome["reasons"] == {"AMBIGUOUS": 1, "PARENT_MISSING": 1}
    reasons = {line["code"]: line["reason"] for line in lines(outcome["rejects"])}
    assert all(twin in reasons["AMBIGUOUS"] for twin in twins)
    assert outcome["associations"] == [
        {
            "to": "companies",
            "by": "domain",
            "linked": 120,
            "missing": 1,
            "ambiguous": 1,
            "none": 1,
            "free_mail": 1,
            "refused": 0,
        }
    ]
    assert len(linked(sandbox, "companies", acme, "contacts")) == 120
    contacts = sandbox.hubspot.state.contacts
    assert contacts.find("email", "q@gmail.com") is not None
    assert contacts.find("email", "s@nobody.example") is None
    routes = sandbox.hubspot.calls.routes
    searches = sum(counter.total for (_, path), counter in routes.items() if path.endswith("/search"))
    pairs = sum(counter.total for (_, path), counter in routes.items() if path.endswith("/default"))
    assert (searches, pairs) == (1, 1)


def test_a_row_whose_company_is_missing_is_written_where_that_is_wanted(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    outcomes = str(tmp_path / "outcomes.jsonl")
    rule = {"to": "companies", "by": KEY, "column": "company", "missing": "write"}
    rows = [{KEY: "1", "dealname": "A", "company": "c1", **STAGE}]
    first = run("deals", records=rows, associate=[rule], outcomes_path=outcomes)
    assert (first["created"], first["associations"][0]["missing"]) == (1, 1)
    assert [line["code"] for line in lines(outcomes)] == ["PARENT_MISSING"]
    parent = company(sandbox, **{KEY: "C1"})
    # Values are compared as HubSpot compares them: the key of the company is another one.
    deal = by_key(sandbox, "deals", "1").id
    assert linked(sandbox, "deals", deal, "companies") == {}
    kind(sandbox, "companies").store.update(kind(sandbox, "companies").store.get(parent), {KEY: "c1"})  # type: ignore[arg-type]
    run("deals", records=rows, associate=[rule], at=context(run="another"))
    assert linked(sandbox, "deals", deal, "companies") == {parent: {None}}


def test_labels_lists_and_several_types_of_records_are_associated(sandbox: Sandbox) -> None:
    store, objects = sandbox.hubspot.state.associations, sandbox.hubspot.state.objects
    store.add_label(objects["p_machine"], objects["contacts"], "user", "Used by", "Uses")
    acme = company(sandbox)
    ada, bruno = seed.CONTACT_IDS[:2]
    outcome = run(
        "p_machine",
        records=[{KEY: "1", "people": [ada, bruno], "owner": acme}, {KEY: "2", "people": [], "owner": acme}],
        associate=json.dumps(
            [
                {"to": "contacts", "column": "people", "label": "used by"},
                {"to": "companies", "column": "owner"},
            ]
        ),
    )
    assert [one["linked"] for one in outcome["associations"]] == [2, 2]
    first = by_key(sandbox, "p_machine", "1").id
    assert linked(sandbox, "p_machine", first, "contacts") == {
        ada: {None, "Used by"},
        bruno: {None, "Used by"},
    }
    assert linked(sandbox, "contacts", ada, "p_machine") == {first: {None, "Uses"}}
    assert len(linked(sandbox, "companies", acme, "p_machine")) == 2


def test_a_company_that_the_search_does_not_show_yet_is_searched_for_again(sandbox: Sandbox) -> None:
    # Real seconds: the search shows what was written when the first one is over.
    sandbox.hubspot.settings.search_lag = 1.0
    acme = company(sandbox, domain="acme.example")
    outcome = run(
        "deals",
        records=[{KEY: "1", "dealname": "A", "site": "acme.example", **STAGE}],
        associate=[{"to": "companies", "by": "domain", "column": "site"}],
        search_wait=30.0,
    )
    assert outcome["associations"][0]["linked"] == 1
    assert len(linked(sandbox, "companies", acme, "deals")) == 1


def test_ids_of_tables_and_texts_without_a_value_are_read(sandbox: Sandbox, tmp_path: Path) -> None:
    acme = company(sandbox, domain="acme.example")
    frame = pyarrow.table(
        {
            KEY: ["1", "2", "3"],
            "dealname": ["A", "B", "C"],
            "dealstage": ["closedwon"] * 3,
            # As a data frame holds ids beside one that is missing.
            "company": [float(acme), None, 5.0],
            "site": ["null", "acme.example", None],
        }
    )
    parquet.write_table(frame, tmp_path / "deals.parquet")
    outcome = run(
        "deals",
        source=str(tmp_path / "deals.parquet"),
        associate=[
            {"to": "companies", "column": "company", "missing": "write"},
            {"to": "companies", "by": "domain", "column": "site"},
        ],
    )
    by_id, by_domain = outcome["associations"]
    assert (by_id["linked"], by_id["none"], by_id["missing"]) == (1, 1, 1)
    assert (by_domain["linked"], by_domain["none"]) == (1, 2)
    assert len(linked(sandbox, "companies", acme, "deals")) == 2


def test_a_primary_company_replaces_the_one_before(sandbox: Sandbox) -> None:
    acme, globex = company(sandbox), company(sandbox)
    for number, one in enumerate((acme, globex)):
        run(
            "deals",
            records=[{KEY: "1", "dealname": "A", "company": one, **STAGE}],
            associate=[{"to": "companies", "column": "company", "label": "Primary"}],
            at=context(run=f"run {number}"),
        )
    deal = by_key(sandbox, "deals", "1").id
    assert linked(sandbox, "deals", deal, "companies") == {acme: {None}, globex: {None, "Primary"}}


def test_an_association_beyond_the_limit_rejects_its_row_and_says_that_it_was_written(
    sandbox: Sandbox,
) -> None:
    acme, globex = company(sandbox), company(sandbox)
    sandbox.hubspot.state.associations.limits["0-3", "0-2", "HUBSPOT_DEFINED", 341] = 1
    rows = [
        {KEY: "1", "dealname": "A", "company": [acme, globex], **STAGE},
        {KEY: "2", "dealname": "B", "company": [globex], **STAGE},
    ]
    outcome = run(
        "deals", records=rows, associate=[{"to": "companies", "column": "company"}], max_rejected=None
    )
    assert (outcome["written"], outcome["reasons"]) == (1, {"NOT_ASSOCIATED": 1})
    (line,) = lines(outcome["rejects"])
    assert "was written, but not associated with companies" in line["reason"]
    assert outcome["associations"][0]["refused"] == 1
    assert len(linked(sandbox, "deals", by_key(sandbox, "deals", "1").id, "companies")) == 1


def test_a_user_who_may_not_edit_associations_ends_the_task(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.hubspot.settings.may_edit_associations = False
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "login": seed.OAUTH_CLIENT_ID,
        "password": seed.OAUTH_CLIENT_SECRET,
        "extra": {"refresh_token": seed.REFRESH_TOKEN},
    }
    monkeypatch.setenv("AIRFLOW_CONN_OF_A_USER", json.dumps(connection))
    acme = company(sandbox)
    rows = [{KEY: "1", "dealname": "A", "company": acme, **STAGE}]
    said = failing(
        "deals", conn_id="of_a_user", records=rows, associate=[{"to": "companies", "column": "company"}]
    )
    assert "Edit Associations" in said


def test_a_try_that_ends_before_the_associations_is_continued_with_them(sandbox: Sandbox) -> None:
    acme = company(sandbox)
    rows = [{KEY: str(number), "dealname": "A", "company": acme, **STAGE} for number in range(150)]
    arguments: dict[str, Any] = {
        "records": rows,
        "associate": [{"to": "companies", "column": "company"}],
    }
    at = context()
    sandbox.hubspot.faults.add(PAIRS, answer={"error": "MISSING_SCOPES"})
    assert "scopes" in failing("deals", **arguments, at=at)
    assert len(list(kind(sandbox, "deals").store.live())) == 151
    assert linked(sandbox, "companies", acme, "deals") == {}
    outcome = run("deals", **arguments, at=at)
    # Nothing was done: each record is written again, which changes nothing, and associated.
    assert (outcome["updated"], outcome["resumed"]) == (150, 0)
    assert len(linked(sandbox, "companies", acme, "deals")) == 150
    assert len(list(kind(sandbox, "deals").store.live())) == 151


def test_associations_whose_answer_is_lost_are_sent_again(sandbox: Sandbox) -> None:
    acme = company(sandbox)
    sandbox.hubspot.faults.add(PAIRS, when="after", answer={"reset": True})
    outcome = run(
        "deals",
        records=[{KEY: "1", "dealname": "A", "company": acme, **STAGE}],
        associate=[{"to": "companies", "column": "company"}],
    )
    assert (outcome["created"], outcome["associations"][0]["linked"]) == (1, 1)


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_objects_are_written_and_associated_in_each_version(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "password": seed.TOKEN,
        "extra": {"api_version": version},
    }
    monkeypatch.setenv("AIRFLOW_CONN_OF_A_VERSION", json.dumps(connection))
    acme = company(sandbox, domain="acme.example")
    outcome = run(
        "deals",
        conn_id="of_a_version",
        records=[{KEY: "1", "dealname": "A", "site": "acme.example", **STAGE}],
        associate=[{"to": "companies", "by": "domain", "column": "site", "label": "Primary"}],
    )
    assert (outcome["created"], outcome["associations"][0]["linked"]) == (1, 1)
    deal = by_key(sandbox, "deals", "1").id
    assert linked(sandbox, "deals", deal, "companies") == {acme: {None, "Primary"}}


def test_a_batch_of_associations_that_is_refused_is_halved(sandbox: Sandbox) -> None:
    acme = company(sandbox)
    sandbox.hubspot.faults.add(PAIRS, answer={"error": "VALIDATION_ERROR"})
    rows = [{KEY: str(number), "dealname": "A", "company": acme, **STAGE} for number in range(9)]
    outcome = run("deals", records=rows, associate=[{"to": "companies", "column": "company"}])
    assert (outcome["created"], outcome["associations"][0]["linked"]) == (9, 9)


def test_associations_that_are_all_refused_end_the_task(sandbox: Sandbox) -> None:
    acme = company(sandbox)
    sandbox.hubspot.faults.add(PAIRS, answer={"error": "VALIDATION_ERROR"}, times=None)
    rows = [{KEY: str(number), "dealname": "A", "company": acme, **STAGE} for number in range(100)]
    said = failing("deals", records=rows, associate=[{"to": "companies", "column": "company"}])
    assert "The request is not valid" in said
    calls = sum(
        counter.total for (_, path), counter in sandbox.hubspot.calls.routes.items() if "default" in path
    )
    assert calls < 40
