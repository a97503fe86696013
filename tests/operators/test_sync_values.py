"""What a value of a source becomes, which fields can be written, and why a record is rejected."""

from __future__ import annotations

import json
from datetime import timedelta
from inspect import signature
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from export_runs import START, shorten, spread
from pyarrow import parquet
from sync_runs import BOTH, FIRST, KNOWN, SEEDED, lines, world, write_calls
from workers import context

from airflow_provider_mkt.client.hubspot.properties import properties
from airflow_provider_mkt.operators.events import RecordAttendanceOperator
from airflow_provider_mkt.operators.exports import ExportLeadsOperator
from airflow_provider_mkt.operators.imports import ImportLeadsOperator
from airflow_provider_mkt.operators.lead_intake import PushLeadsOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot_seed
from airflow_provider_mkt.sync.rows import NULL_VALUES
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

CITY = "city"
READ_ONLY = {"hubspot": "createdate", "marketo": "createdAt"}


def run(platform: str, at: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    given = {"conn_id": f"{platform}_default", "poll_interval": 0.1, **arguments}
    outcome: dict[str, Any] = SyncLeadsOperator(task_id="task", **given).execute(at or context())
    assert outcome["total"] == outcome["written"] + outcome["skipped"] + outcome["rejected"]
    return outcome


def failing(platform: str, **arguments: Any) -> str:
    with pytest.raises(AirflowFailException) as raised:
        run(platform, **arguments)
    return str(raised.value)


def lead(sandbox: Sandbox, platform: str, email: str) -> dict[str, Any]:
    return next(one for one in world(sandbox, platform) if one.get("email") == email)


# -- no value -----------------------------------------------------------------------------------------


def a_list(path: Path, email: str, value: str | None) -> dict[str, Any]:
    return {"leads": [{"email": email, CITY: value}]}


def a_callable(path: Path, email: str, value: str | None) -> dict[str, Any]:
    return {"leads": lambda: iter([{"email": email, CITY: value}])}


def json_lines(path: Path, email: str, value: str | None) -> dict[str, Any]:
    path.with_suffix(".jsonl").write_text(json.dumps({"email": email, CITY: value}) + "\n")
    return {"source": str(path.with_suffix(".jsonl"))}


def csv(path: Path, email: str, value: str | None) -> dict[str, Any]:
    path.with_suffix(".csv").write_text(f"email,{CITY}\n{email},{value or ''}\n")
    return {"source": str(path.with_suffix(".csv"))}


def a_parquet_file(path: Path, email: str, value: str | None) -> dict[str, Any]:
    table = pyarrow.table({"email": [email], CITY: pyarrow.array([value], pyarrow.string())})
    parquet.write_table(table, path.with_suffix(".parquet"))
    return {"source": str(path.with_suffix(".parquet"))}


def rejects(path: Path, email: str, value: str | None) -> dict[str, Any]:
    line = {"row": 1, "code": "X", "reason": "x", "record": {"email": email, CITY: value}}
    path.with_suffix(".jsonl").write_text(json.dumps(line) + "\n")
    return {"source": str(path.with_suffix(".jsonl"))}


SOURCES = [a_list, a_callable, json_lines, csv, a_parquet_file, rejects]


@pytest.mark.parametrize("platform", BOTH)
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("value", [None, "null"])
def test_no_value_means_the_same_in_every_kind_of_source(
    sandbox: Sandbox, tmp_path: Path, platform: str, source: Any, value: str | None
) -> None:
    email = KNOWN[platform]
    run(platform, leads=[{"email": email, CITY: "Bern"}])
    given = source(tmp_path / "people", email, value)
    run(platform, context("again"), **given)
    assert lead(sandbox, platform, email)[CITY] == "Bern"
    run(platform, context("clears"), **source(tmp_path / "people", email, value), blank="clear")
    assert not lead(sandbox, platform, email).get(CITY)


@pytest.mark.parametrize("platform", BOTH)
@pytest.mark.parametrize("source", [a_list, json_lines, a_parquet_file])
def test_an_empty_text_that_is_not_from_csv_is_a_value(
    sandbox: Sandbox, tmp_path: Path, platform: str, source: Any
) -> None:
    email = KNOWN[platform]
    run(platform, leads=[{"email": email, CITY: "Bern"}])
    run(platform, context("again"), **source(tmp_path / "people", email, ""))
    assert not lead(sandbox, platform, email).get(CITY)


@pytest.mark.parametrize("how", ["calls", "bulk", "import"])
def test_an_exported_file_is_written_back_without_a_change(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    shorten(monkeypatch)
    spread(sandbox, *([START] * SEEDED))
    out = tmp_path / "leads.csv"
    fields = ["email", "firstName", "lastName", CITY, "phone", "title"]
    ExportLeadsOperator(
        task_id="export",
        conn_id="marketo_default",
        fields=fields,
        start=START,
        end=START + timedelta(days=1),
        output_path=str(out),
        poll_interval=0.02,
    ).execute(context())
    before = world(sandbox, "marketo")
    assert "null" in out.read_text()
    if how == "import":
        ImportLeadsOperator(
            task_id="task", conn_id="marketo_default", source=str(out), poll_interval=0.05
        ).execute(context("import"))
    else:
        assert run("marketo", context("sync"), source=str(out), mode=how)["written"] == SEEDED
    after = world(sandbox, "marketo")
    assert [{name: one.get(name) or None for name in fields} for one in after] == [
        {name: one.get(name) or None for name in fields} for one in before
    ]


@pytest.mark.parametrize(
    "operator", [SyncLeadsOperator, ImportLeadsOperator, PushLeadsOperator, RecordAttendanceOperator]
)
def test_the_texts_that_mean_no_value_are_the_same_by_default(operator: Any) -> None:
    assert signature(operator.__init__).parameters["null_values"].default == NULL_VALUES


# -- fields that cannot be written ---------------------------------------------------------------------


@pytest.mark.parametrize("platform", BOTH)
@pytest.mark.parametrize("transport", ["calls", "bulk"])
def test_a_read_only_or_unknown_field_rejects_its_records_without_a_call(
    sandbox: Sandbox, platform: str, transport: str
) -> None:
    read_only = READ_ONLY[platform]
    people: list[dict[str, Any]] = [{"email": f"r{n}@example.com", FIRST[platform]: "R"} for n in range(300)]
    for number, one in enumerate(people[:298]):
        one["no_such" if number % 2 else read_only] = "2026-01-01"
    outcome = run(platform, leads=people, max_rejected=None, mode=transport)
    assert (outcome["created"] if transport == "calls" else outcome["written"]) == 2
    assert outcome["reasons"] == {"READ_ONLY_FIELD": 149, "UNKNOWN_FIELD": 149}
    # Of the file that is imported there is one upload; of the others none.
    assert write_calls(sandbox, platform) == (0 if (platform, transport) == ("hubspot", "bulk") else 1)
    reasons = {one["reason"] for one in lines(outcome["rejects"])}
    assert {one.split("'")[1] for one in reasons} == {read_only, "no_such"}


@pytest.mark.parametrize("platform", BOTH)
@pytest.mark.parametrize(
    ("column", "said"), [("{read_only}", "is a read-only field"), ("no_such", "is not a field of a lead")]
)
def test_a_header_with_a_field_that_cannot_be_written_is_refused(
    sandbox: Sandbox, tmp_path: Path, platform: str, column: str, said: str
) -> None:
    column = column.format(read_only=READ_ONLY[platform])
    path = tmp_path / "people.csv"
    path.write_text(f"email,{column}\na@example.com,2026-01-01\n")
    assert f"column {column!r} {said}" in failing(platform, source=str(path))
    assert write_calls(sandbox, platform) == 0
    assert run(platform, context("mapped"), source=str(path), columns={column: None})["created"] == 1


def test_the_key_may_be_read_only(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"hs_object_id,{CITY}\n{hubspot_seed.CONTACT_IDS[0]},Oslo\n")
    outcome = run("hubspot", source=str(path), action="updateOnly", lookup_field="hs_object_id")
    assert outcome["updated"] == 1


def test_a_sensitive_property_is_a_field_too(sandbox: Sandbox) -> None:
    definition = {
        "name": "health",
        "label": "Health",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
        "dataSensitivity": "sensitive",
    }
    sandbox.hubspot.state.properties.put(definition)
    assert run("hubspot", leads=[{"email": "h@example.com", "health": "good"}])["created"] == 1
    assert lead(sandbox, "hubspot", "h@example.com")["health"] == "good"


@pytest.mark.parametrize("sensitivity", properties.SENSITIVITIES)
def test_a_token_that_may_not_list_properties_writes_contacts_all_the_same(
    sandbox: Sandbox, sensitivity: str
) -> None:
    first = properties.SENSITIVITIES.index(sensitivity)
    sandbox.hubspot.faults.add("*/properties/*", answer={"error": "MISSING_SCOPES"}, skip=first)
    people = [{"email": "a@example.com"}, {"email": "b@example.com", "no_such": "1"}]
    outcome = run("hubspot", leads=people, max_rejected=1)
    assert outcome["created"] == 1
    assert outcome["reasons"] == {"PROPERTY_DOESNT_EXIST": 1}


# -- several options -----------------------------------------------------------------------------------


def roles(sandbox: Sandbox) -> str | None:
    value = lead(sandbox, "hubspot", KNOWN["hubspot"]).get("hs_buying_role")
    return None if value is None else str(value)


@pytest.mark.parametrize("transport", ["calls", "bulk"])
@pytest.mark.parametrize(
    ("kind", "value", "chosen"),
    [
        ("multiple", ["CHAMPION", "END_USER"], "CHAMPION;END_USER"),
        ("multiple", '["CHAMPION", "END_USER"]', "CHAMPION;END_USER"),
        ("multiple", "CHAMPION;END_USER", "CHAMPION;END_USER"),
        ("multiple", [], None),
        ("multiple_add", ["CHAMPION"], "BUDGET_HOLDER;CHAMPION"),
        ("multiple_add", "CHAMPION", "BUDGET_HOLDER;CHAMPION"),
        ("multiple_add", [], "BUDGET_HOLDER"),
    ],
)
def test_several_options_replace_what_is_chosen_or_are_added(
    sandbox: Sandbox, transport: str, kind: str, value: Any, chosen: str | None
) -> None:
    email = KNOWN["hubspot"]
    run("hubspot", leads=[{"email": email, "hs_buying_role": "BUDGET_HOLDER"}])
    types: Any = {"hs_buying_role": kind}
    people = [{"email": email, "hs_buying_role": value, CITY: "Rome"}]
    outcome = run("hubspot", context("again"), leads=people, types=types, mode=transport)
    assert outcome["updated"] == 1
    assert roles(sandbox) == chosen


@pytest.mark.parametrize("how", ["calls", "bulk", "changes"])
def test_a_list_of_options_needs_no_type_where_the_property_takes_several(sandbox: Sandbox, how: str) -> None:
    more: Any = {"changes": "changed"} if how == "changes" else {"mode": how}
    email = KNOWN["hubspot"]
    people = [
        {"email": email, "hs_buying_role": ["CHAMPION", "END_USER"]},
        {"email": "other@example.com", CITY: ["Rome", "Oslo"]},
        {"email": "bad@example.com", "hs_buying_role": ["CHAMPION", None]},
    ]
    outcome = run("hubspot", leads=people, max_rejected=None, **more)
    assert roles(sandbox) == "CHAMPION;END_USER"
    assert outcome["reasons"] == {"WRONG_TYPE": 2}


def test_options_that_are_no_list_of_them_reject_their_record(sandbox: Sandbox) -> None:
    wrong: list[Any] = [["A;B"], [None], {"a": 1}, [True], "[broken", [""]]
    people = [{"email": f"m{n}@example.com", "hs_buying_role": value} for n, value in enumerate(wrong)]
    outcome = run("hubspot", leads=people, types={"hs_buying_role": "multiple"}, max_rejected=None)
    assert outcome["reasons"] == {"BAD_VALUE": len(wrong)}
    assert write_calls(sandbox, "hubspot") == 0


def test_options_can_be_added_on_hubspot_alone(sandbox: Sandbox) -> None:
    said = failing("marketo", leads=[{"email": "a@example.com"}], types={CITY: "multiple_add"})
    assert f"types.{CITY}: only HubSpot can add" in said


# -- why a record is rejected --------------------------------------------------------------------------


def test_reasons_are_the_codes_of_the_values_that_are_wrong(sandbox: Sandbox) -> None:
    wrong = [
        ("lifecyclestage", "nonsense", "INVALID_OPTION"),
        ("renewal_date", "soon", "INVALID_DATE"),
        ("lead_score", "many", "INVALID_LONG"),
        ("newsletter_opt_in", "1", "INVALID_OPTION"),
    ]
    people = [{"email": f"w{n}@example.com", name: value} for n, (name, value, _) in enumerate(wrong)]
    fine = [{"email": f"f{n}@example.com"} for n in range(96)]
    outcome = run("hubspot", leads=[*people, *fine], max_rejected=None)
    assert outcome["created"] == 96
    assert outcome["reasons"] == {"INVALID_OPTION": 2, "INVALID_DATE": 1, "INVALID_LONG": 1}
    reported = {one["record"]["email"]: one for one in lines(outcome["rejects"])}
    for number, (name, value, code) in enumerate(wrong):
        reject = reported[f"w{number}@example.com"]
        assert reject["code"] == code
        # The sentence once, and no JSON.
        assert reject["reason"].count(value) == 1
        assert name in reject["reason"]
        assert "{" not in reject["reason"]


def test_a_long_list_of_options_is_cut_short(sandbox: Sandbox) -> None:
    options = [{"value": f"OPTION_{n}", "label": f"Option {n}"} for n in range(300)]
    definition = {
        "name": "size",
        "label": "Size",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "contactinformation",
        "options": options,
    }
    sandbox.hubspot.state.properties.put(definition)
    outcome = run("hubspot", leads=[{"email": "a@example.com", "size": "XXL"}], max_rejected=1)
    (reject,) = lines(outcome["rejects"])
    assert (reject["code"], len(reject["reason"]) < 400) == ("INVALID_OPTION", True)
    assert reject["reason"].startswith("size: XXL was not one of the allowed options")


@pytest.mark.parametrize(
    ("more", "named"),
    [({"lookup_field": "firstname"}, "non-unique"), ({"lookup_field": "phone"}, "non-unique")],
)
def test_a_refusal_of_the_key_ends_the_sync_at_the_first_batch(
    sandbox: Sandbox, more: dict[str, Any], named: str
) -> None:
    people = [{"email": f"p{n}@example.com", "firstname": f"P{n}", "phone": f"1{n}"} for n in range(900)]
    assert named in failing("hubspot", leads=people, max_concurrency=1, max_rejected=None, **more)
    assert write_calls(sandbox, "hubspot") == 1


@pytest.mark.parametrize("platform", BOTH)
def test_an_unknown_refusal_of_every_record_ends_the_sync_after_a_few_calls(
    sandbox: Sandbox, platform: str
) -> None:
    answer: Any = {"error": "VALIDATION_ERROR"} if platform == "hubspot" else {"code": "1003"}
    for path in ("*/batch/upsert", "*/leads.json"):
        sandbox.platforms[platform].faults.add(path, method="POST", answer=answer, times=None)
    people = [{"email": f"p{n}@example.com"} for n in range(900)]
    said = failing(platform, leads=people, max_concurrency=1, max_rejected=None)
    assert "none accepted" in said
    assert write_calls(sandbox, platform) <= 25


# -- marketing contacts --------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["calls", "bulk"])
@pytest.mark.parametrize("marketable", [True, False, None])
def test_who_becomes_a_marketing_contact_is_said_in_both_transports(
    sandbox: Sandbox, transport: str, marketable: bool | None
) -> None:
    people = [{"email": f"m{n}@example.com", "firstname": "M"} for n in range(3)]
    people[2]["hs_marketable_status"] = "true"
    outcome = run("hubspot", leads=people, mode=transport, marketable_contacts=marketable)
    assert outcome["created"] == 3
    said = None if marketable is None else str(marketable).lower()
    found = [lead(sandbox, "hubspot", one["email"]).get("hs_marketable_status") for one in people]
    assert found == [said, said, "true"]


def test_marketo_has_no_marketing_contacts(sandbox: Sandbox) -> None:
    assert "marketable_contacts: Marketo has no such option" in failing(
        "marketo", leads=[{"email": "a@example.com"}], marketable_contacts=False
    )


# -- fields that do not exist yet -----------------------------------------------------------------------

NEW_FIELDS: dict[str, Any] = {
    "types": {"lead_score": "integer", "key_account": "boolean", "since": "date", "city": "text"},
    "create_missing_fields": True,
}
GROUP = {"hubspot": {"property_group": "warehouse"}, "marketo": {}}


@pytest.mark.parametrize("mode", ["calls", "bulk"])
@pytest.mark.parametrize("platform", BOTH)
def test_fields_that_do_not_exist_are_created_where_it_is_wanted(
    sandbox: Sandbox, platform: str, mode: str
) -> None:
    rows = [{"email": "new@example.com", "lead_score": "7", "key_account": "yes", "since": "2026-01-02"}]
    given: dict[str, Any] = {"leads": rows, "mode": mode, **NEW_FIELDS, **GROUP[platform]}
    refused = run(platform, max_rejected=None, **{**given, "create_missing_fields": False})
    assert refused["reasons"] == {"UNKNOWN_FIELD": 1}
    assert run(platform, at=context(run="2"), **given)["written"] == 1
    held = lead(sandbox, platform, "new@example.com")
    assert (str(held["lead_score"]), str(held["key_account"]).lower()) == ("7", "true")
    assert str(held["since"]).startswith("2026-01-02")
    # They are there now.
    assert run(platform, at=context(run="3"), **given)["written"] == 1


def test_lead_fields_whose_creation_was_not_answered_are_read_again(sandbox: Sandbox) -> None:
    path = "/rest/v1/leads/schema/fields.json"
    sandbox.marketo.faults.add(path, method="POST", when="after", answer={"reset": True})
    row = {"email": "new@example.com", "lead_score": 7}
    assert run("marketo", leads=[row], **NEW_FIELDS)["created"] == 1
    made = sandbox.marketo.calls.routes["POST", path]
    assert (made.total, "lead_score" in sandbox.marketo.state.leads.schema.fields) == (1, True)


@pytest.mark.parametrize(
    ("platform", "arguments", "said"),
    [
        ("hubspot", {}, "property_group: is missing"),
        ("marketo", {"property_group": "g"}, "property_group: is an option of HubSpot"),
        ("marketo", {"types": {}}, "create_missing_fields: creates the fields in types"),
        ("marketo", {"types": {"1st": "text"}}, "fields[0].name: must be a letter"),
        (
            "hubspot",
            {"types": {"topics": "multiple"}, "property_group": "g"},
            "types.topics: a property with options",
        ),
    ],
)
def test_fields_that_are_not_created_are_named_before_anything_is_sent(
    sandbox: Sandbox, platform: str, arguments: dict[str, Any], said: str
) -> None:
    assert said in failing(platform, leads=[{"email": "new@example.com"}], **{**NEW_FIELDS, **arguments})
    assert len(world(sandbox, platform)) == SEEDED
