"""Audiences of Marketo: the rules of smart lists, who they find, and how the API shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from marketo_sends import PROGRAM, Sender, fresh, one_filter, sign_in
from marketo_tools import code, folder_param

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.lists.audience import members

EVERYBODY = (seed.ANNA, seed.BEN, seed.CARLA, seed.DAVID, seed.ELIF)
READERS = EVERYBODY[:3]
LIST = one_filter("Member of List", "in", "Newsletter Readers")
NOT_LIST = one_filter("Member of List", "not in", "Newsletter Readers")


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    with Sandbox(only="marketo") as running:
        yield sign_in(running)


@pytest.fixture
def api(sender: Sender) -> Sender:
    return fresh(sender)


def found(api: Sender, *filters: dict[str, Any], **rules: Any) -> tuple[int, ...]:
    assert api.audience(*filters, **rules)["problem"] == ""
    program = api.state.programs[seed.EMAIL_PROGRAM]
    return tuple(lead.id for lead in members(api.state, program.smart_list))


def update(api: Sender, *rows: dict[str, Any]) -> None:
    body = {"action": "updateOnly", "lookupField": "id", "input": list(rows)}
    assert api.post("/v1/leads.json", body)["success"]


def rules_of(api: Sender, owner: str) -> dict[str, Any]:
    (row,) = api.get(f"/asset/v1/{owner}/smartList.json", includeRules="true")["result"]
    return dict(row["rules"])


@pytest.mark.parametrize(
    ("operator", "values", "people"),
    [
        ("is", ["BERG", "Ito"], (seed.ANNA, seed.BEN)),
        ("is not", ["Berg", "Ito"], EVERYBODY[2:]),
        ("starts with", ["be"], (seed.ANNA,)),
        ("not starts with", ["be"], EVERYBODY[1:]),
        ("contains", ["e"], (seed.ANNA, seed.CARLA, seed.DAVID)),
        ("not contains", ["e"], (seed.BEN, seed.ELIF)),
        ("is empty", [], ()),
        ("is not empty", [], EVERYBODY),
    ],
)
def test_text_is_compared_without_regard_to_case(
    api: Sender, operator: str, values: list[str], people: tuple[int, ...]
) -> None:
    assert found(api, one_filter("Last Name", operator, *values)) == people


@pytest.mark.parametrize(
    ("operator", "values", "people"),
    [
        ("is", [10], (seed.ANNA,)),
        ("is not", [10], EVERYBODY[1:]),
        ("at least", ["20"], (seed.BEN, seed.CARLA)),
        ("at most", [20], (seed.ANNA, seed.BEN)),
        ("greater than", [20], (seed.CARLA,)),
        ("less than", [20], (seed.ANNA,)),
        ("between", [15, 30], (seed.BEN, seed.CARLA)),
        ("is empty", [], EVERYBODY[3:]),
    ],
)
def test_a_field_without_a_number_only_matches_is_not_and_is_empty(
    api: Sender, operator: str, values: list[object], people: tuple[int, ...]
) -> None:
    scores = ((seed.ANNA, 10), (seed.BEN, 20), (seed.CARLA, 30))
    update(api, *({"id": number, "leadScore": score} for number, score in scores))
    assert found(api, one_filter("Lead Score", operator, *values)) == people


@pytest.mark.parametrize(
    ("operator", "value", "people"),
    [
        ("is", "1990-05-02", (seed.ANNA,)),
        ("is not", "1990-05-02", EVERYBODY[1:]),
        ("after", "1990-05-02", (seed.BEN,)),
        ("before", "1995-01-01", (seed.ANNA,)),
        ("on or after", "1990-05-02", (seed.ANNA, seed.BEN)),
        ("on or before", "1990-05-02", (seed.ANNA,)),
        ("in past", "90 years", (seed.ANNA, seed.BEN)),
        ("in past before", "1 year", (seed.ANNA, seed.BEN)),
        ("in future", "1 month", ()),
        ("is empty", None, EVERYBODY[2:]),
    ],
)
def test_dates_are_compared_by_day_or_from_now(
    api: Sender, operator: str, value: str | None, people: tuple[int, ...]
) -> None:
    update(api, {"id": seed.ANNA, "dateOfBirth": "1990-05-02"}, {"id": seed.BEN, "dateOfBirth": "2000-01-31"})
    assert found(api, one_filter("Date of Birth", operator, *[value] * (value is not None))) == people


def test_a_boolean_without_a_value_is_false(api: Sender) -> None:
    api.person(seed.BEN, unsubscribed=True)
    assert found(api, one_filter("Unsubscribed", "is", "true")) == (seed.BEN,)
    assert seed.BEN not in found(api, one_filter("Unsubscribed", "is", "false"))


def test_members_of_lists_programs_and_smart_lists_are_found_and_left_out(api: Sender) -> None:
    status = {"statusName": "Member", "input": [{"leadId": seed.BEN}, {"leadId": seed.DAVID}]}
    assert api.post(f"/v1/programs/{seed.DEFAULT_PROGRAM}/members/status.json", status)["success"]
    of_program = one_filter("Member of Program", "in", "Website Contacts")
    assert found(api, LIST) == READERS
    assert found(api, NOT_LIST) == EVERYBODY[3:]
    assert found(api, of_program) == (seed.BEN, seed.DAVID)
    assert found(api, LIST, of_program) == (seed.BEN,)
    assert found(api, of_program | {"operator": "not in"}, LIST) == (seed.ANNA, seed.CARLA)
    of_status = one_filter("Member of Program", "in", "Website Contacts", status=("is", "Responded"))
    assert found(api, of_status) == ()
    nested = one_filter("Member of Smart List", "in", "Readers of the Newsletter")
    assert found(api, nested) == READERS
    assert found(api, nested | {"operator": "not in"}) == EVERYBODY[3:]
    assert found(api, one_filter("Email Address", "contains", "@"), nested | {"operator": "not in"}) == (
        seed.DAVID,
        seed.ELIF,
    )


def test_filters_are_combined_by_all_any_or_logic(api: Sender) -> None:
    anna, ben = one_filter("First Name", "is", "Anna"), one_filter("First Name", "is", "Ben")
    assert found(api, LIST, anna) == (seed.ANNA,)
    assert found(api, anna, ben, match="any") == (seed.ANNA, seed.BEN)
    logic = {"match": "advanced", "logic": "1 AND (2 or 3)"}
    assert found(api, LIST, anna, ben, **logic) == (seed.ANNA, seed.BEN)
    assert rules_of(api, f"program/{seed.EMAIL_PROGRAM}")["filterCustomRuleLogic"] == "1 AND (2 or 3)"


def test_activities_are_found_by_email_date_and_number_of_times(api: Sender) -> None:
    api.run_campaign()
    got = one_filter("Was Sent Email", "is", "Welcome")
    assert found(api, got) == READERS
    assert found(api, got | {"name": "Not Was Sent Email"}) == EVERYBODY[3:]
    assert found(api, one_filter("Was Sent Email", "is any", date=("in past", "1 hour"))) == READERS
    assert found(api, one_filter("Opened Email", "is", "Welcome")) == ()
    api.control("people", [{"id": seed.ANNA, "opens": seed.APPROVED_EMAIL}] * 2)
    assert found(api, one_filter("Opened Email", "is any", times=("is", 2))) == (seed.ANNA,)
    api.advance(7200)
    assert found(api, one_filter("Was Sent Email", "is any", date=("in past", "1 hour"))) == ()


NOBODY: list[dict[str, Any]] = [
    {"filters": []},
    {"filters": [one_filter("Member of List", "in", "No such list")]},
    {"filters": [one_filter("Member of List", "in", 999)]},
    {"filters": [one_filter("Member of List", "in")]},
    {"filters": [one_filter("Member of List", "is", "Newsletter Readers")]},
    {"filters": [one_filter("Member of Program", "in", seed.DEFAULT_PROGRAM, date=("in past", "1 day"))]},
    {"filters": [one_filter("Favourite Colour", "is", "red")]},
    {"filters": [one_filter("Lead Score", "is", "high")]},
    {"filters": [one_filter("Lead Score", "contains", "1")]},
    {"filters": [one_filter("Unsubscribed", "is not", "true")]},
    {"filters": [one_filter("Date of Birth", "in past", "a while")]},
    {"filters": [one_filter("Created At", "between", "2020-01-01")]},
    {"filters": [one_filter("Last Name", "is")]},
    {"filters": [one_filter("Was Sent Email", "is", "No such email")]},
    {"filters": [LIST], "triggers": ["Campaign is Requested"]},
    {"filters": [LIST, LIST], "match": "advanced", "logic": "1 and 3"},
    {"filters": [LIST, LIST], "match": "advanced", "logic": "1"},
    {"filters": [LIST, LIST], "match": "advanced", "logic": "(1 or 2"},
    {"filters": [LIST, LIST, LIST], "match": "advanced", "logic": "1 and 2 or 3"},
    {"filters": [LIST], "match": "advanced", "logic": "not 1"},
]


@pytest.mark.parametrize("rules", NOBODY, ids=range(len(NOBODY)))
def test_an_empty_or_invalid_smart_list_is_sent_to_nobody(api: Sender, rules: dict[str, Any]) -> None:
    more = {name: value for name, value in rules.items() if name != "filters"}
    assert api.audience(*rules["filters"], **more)["problem"]
    assert api.send() == []
    assert api.dropped() == {}
    (run,) = api.sends()
    assert (run["qualified"], run["sent"], run["refused"]) == (0, 0, None)
    assert api.counts(6, 7) == {}


def test_an_empty_list_and_a_clone_of_a_local_list_have_nobody(api: Sender) -> None:
    inside = folder_param(seed.EMAIL_PROGRAM, "Program")
    (local,) = api.form("/asset/v1/staticLists.json", name="Guests", folder=inside)["result"]
    assert found(api, one_filter("Member of List", "in", "November Newsletter.Guests")) == ()
    api.post(f"/v1/lists/{local['id']}/leads.json", {"input": [{"id": seed.ANNA}]})
    assert found(api, one_filter("Member of List", "in", "November Newsletter.Guests")) == (seed.ANNA,)
    copy = {"name": "December", "folder": folder_param(seed.PROGRAM_FOLDER)}
    (made,) = api.form(f"{PROGRAM}/clone.json", **copy)["result"]
    (condition,) = rules_of(api, f"program/{made['id']}")["filters"][0]["conditions"]
    assert condition["values"] == ["December.Guests"]
    assert members(api.state, api.state.programs[made["id"]].smart_list) == []


def test_a_smart_list_that_contains_itself_has_nobody(api: Sender) -> None:
    rules = {"filters": [one_filter("Member of Smart List", "in", seed.SMART_LIST)]}
    changed = api.control("assets", {"type": "smart_list", "id": seed.SMART_LIST, "smart_list": rules})
    assert "contains itself" in changed["problem"]
    assert (
        "contains itself"
        in api.audience(one_filter("Member of Smart List", "in", seed.SMART_LIST))["problem"]
    )


def test_the_rules_that_are_used_are_the_rules_that_are_read(api: Sender) -> None:
    api.audience(
        one_filter("Member of List", "not in", seed.STATIC_LIST),
        one_filter("Lead Score", "at least", 60),
        one_filter("Was Sent Email", "is", "Newsletter", date=("in past", "30 days")),
        match="any",
    )
    rules = rules_of(api, f"program/{seed.EMAIL_PROGRAM}")
    assert (rules["filterMatchType"], rules["triggers"]) == ("any", [])
    lists, score, sent = rules["filters"]
    (of_list,) = lists["conditions"]
    assert (lists["operator"], of_list["values"]) == ("not in", ["Newsletter Readers"])
    assert (score["name"], score["operator"]) == ("Lead Score", "at least")
    assert score["conditions"][0]["values"] == ["60"]
    primary, date = sent["conditions"]
    assert (sent["ruleType"], sent["operator"]) == ("Activity", "occurs")
    assert (primary["values"], primary["isPrimary"]) == (["November Newsletter.Newsletter"], True)
    assert (date["activityAttributeName"], date["operator"], date["values"]) == (
        "Date of Activity",
        "in past",
        ["30 days"],
    )
    list_path = f"/asset/v1/staticList/{seed.STATIC_LIST}"
    assert code(api.form(f"{list_path}/delete.json")) == "709"
    assert api.form(f"{list_path}.json", name="Renamed")["success"]
    (renamed,) = rules_of(api, f"program/{seed.EMAIL_PROGRAM}")["filters"][0]["conditions"]
    assert renamed["values"] == ["Renamed"]


def extract(api: Sender, number: int) -> Any:
    body = {"fields": ["id"], "filter": {"smartListId": number}}
    made = api.client.post("/bulk/v1/leads/export/create.json", json=body).json()
    if not made["success"]:
        return code(made)
    path = f"/bulk/v1/leads/export/{made['result'][0]['exportId']}"
    api.client.post(f"{path}/enqueue.json")
    api.advance(600)
    status = api.client.get(f"{path}/status.json").json()["result"][0]
    people = tuple(map(int, api.client.get(f"{path}/file.json").text.split()[1:]))
    assert status["numberOfRecords"] == len(people)
    return people


def test_an_extract_has_all_people_of_a_smart_list_whether_they_can_be_mailed_or_not(api: Sender) -> None:
    api.person(seed.DAVID, unsubscribed=True, black_listed=True)
    api.audience(one_filter("Last Name", "is", "Osei", "Kaya"))
    (own,) = api.get(f"{PROGRAM}/smartList.json")["result"]
    assert extract(api, own["id"]) == (seed.DAVID, seed.ELIF)
    assert extract(api, seed.SMART_LIST) == READERS
    api.audience()
    assert extract(api, own["id"]) == ()


def test_extracts_by_smart_list_can_be_missing_or_only_take_smart_lists_of_their_own(api: Sender) -> None:
    (own,) = api.get(f"{PROGRAM}/smartList.json")["result"]
    api.configure(extracts_by_local_smart_list=False)
    assert extract(api, own["id"]) == "1013"
    assert extract(api, seed.SMART_LIST) == READERS
    api.configure(limited_extract_filters=True)
    assert extract(api, seed.SMART_LIST) == "1035"


def test_a_smart_list_that_another_one_names_cannot_be_deleted(api: Sender) -> None:
    api.audience(one_filter("Member of Smart List", "in", seed.SMART_LIST))
    path = f"/asset/v1/smartList/{seed.SMART_LIST}"
    assert code(api.form(f"{path}/delete.json")) == "709"
    api.audience(LIST)
    assert api.form(f"{path}/delete.json")["success"]
