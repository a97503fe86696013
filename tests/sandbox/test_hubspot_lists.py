"""Lists, members, folders and conversions, by the client over HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest
from hubspot_runs import Runner

from airflow_provider_mkt.client.errors import InvalidRequest, NotFound, OutcomeUnknown, PermissionDenied
from airflow_provider_mkt.client.hubspot.lists import (
    list_conversions,
    list_folders,
    list_legacy_ids,
    list_memberships,
    lists,
)
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.account.credential_store import Token

ADA, BRUNO, CHIDI, DANA, EMI = seed.CONTACT_IDS
LIST = seed.LIST_ID
WAYS = [(profile, way) for profile in PROFILES for way in ("sync", "async")]
LEADS: dict[str, Any] = {
    "filterBranchType": "OR",
    "filterBranches": [
        {
            "filterBranchType": "AND",
            "filters": [
                {
                    "filterType": "PROPERTY",
                    "property": "lifecyclestage",
                    "operation": {
                        "operationType": "ENUMERATION",
                        "operator": "IS_ANY_OF",
                        "values": ["lead"],
                    },
                }
            ],
        }
    ],
}


def either(*groups: list[dict[str, Any]]) -> dict[str, Any]:
    """Filters of which one group must apply."""
    inner = [{"filterBranchType": "AND", "filterBranches": [], "filters": group} for group in groups]
    return {"filterBranchType": "OR", "filterBranches": inner, "filters": []}


def in_list(list_id: str, operator: str = "IN_LIST") -> dict[str, Any]:
    return {"filterType": "IN_LIST", "listId": list_id, "operator": operator}


def prop(name: str, **operation: Any) -> dict[str, Any]:
    return {"filterType": "PROPERTY", "property": name, "operation": operation}


@pytest.fixture(params=WAYS, ids="-".join)
def run(box: Sandbox, request: pytest.FixtureRequest) -> Runner:
    return Runner(box.hubspot.url, *request.param)


@pytest.fixture
def once(box: Sandbox) -> Runner:
    return Runner(box.hubspot.url, "v3", "sync")


def members(run: Runner, list_id: str) -> list[str]:
    return [row["recordId"] for row in run.every(list_memberships.members(list_id))]


def test_a_list_is_created_read_renamed_deleted_and_restored(box: Sandbox, run: Runner) -> None:
    made = run(lists.create("Visitors", custom_properties={"hs_note": "x"}))
    assert (made["processingType"], made["processingStatus"], made["size"]) == ("MANUAL", "COMPLETE", 0)
    assert run(lists.get(made["listId"])) == made
    assert run(lists.by_name("visitors"))["listId"] == made["listId"]
    assert [one["listId"] for one in run(lists.batch_read([LIST, "999", made["listId"]]))] == [
        LIST,
        made["listId"],
    ]
    renamed = run(lists.rename(made["listId"], "Guests / 2026"))
    assert run(lists.by_name("Guests / 2026"))["listId"] == renamed["listId"]
    run(lists.delete(made["listId"]))
    for gone in (lists.get(made["listId"]), lists.delete(made["listId"]), lists.by_name("Guests / 2026")):
        with pytest.raises(NotFound):
            run(gone)
    run(lists.restore(made["listId"]))
    assert run(lists.get(made["listId"]))["name"] == "Guests / 2026"
    run(lists.delete(made["listId"]))
    box.clock.advance(91 * 86_400)
    with pytest.raises(NotFound):
        run(lists.restore(made["listId"]))


def test_list_names_are_unique(run: Runner) -> None:
    for call in (lists.create("Early adopters"), lists.create("EARLY ADOPTERS ")):
        with pytest.raises(InvalidRequest, match="already exists"):
            run(call)
    other = run(lists.create("Other"))
    with pytest.raises(InvalidRequest, match="already exists"):
        run(lists.rename(other["listId"], "early adopters"))
    run(lists.delete(LIST))
    run(lists.create("Early adopters"))
    with pytest.raises(InvalidRequest, match="already exists"):
        run(lists.restore(LIST))


def test_a_list_is_found_by_name_after_a_lost_response(box: Sandbox, once: Runner) -> None:
    box.hubspot.faults.add("/crm/v3/lists", when="after", answer={"reset": True})
    with pytest.raises(OutcomeUnknown):
        once(lists.create("Visitors"))
    assert once(lists.by_name("Visitors"))["name"] == "Visitors"


def test_deleting_a_list_succeeds_after_a_lost_response(box: Sandbox, run: Runner) -> None:
    box.hubspot.faults.add("*/lists*", when="after", answer={"reset": True})
    run(lists.delete(LIST))
    assert LIST not in box.hubspot.state.lists


def test_members_are_added_and_removed_and_unknown_ones_are_reported(box: Sandbox, run: Runner) -> None:
    added = run(list_memberships.add(LIST, [DANA, ADA, "5"]))
    assert added == {"added": [DANA], "removed": [], "missing": ["5"]}
    assert run(list_memberships.remove(LIST, [ADA, EMI])) == {"added": [], "removed": [ADA], "missing": []}
    both = run(
        list_memberships.add_and_remove(LIST, record_ids_to_add=[EMI], record_ids_to_remove=[BRUNO, 6])
    )
    assert both == {"added": [EMI], "removed": [BRUNO], "missing": ["6"]}
    assert members(run, LIST) == [CHIDI, DANA, EMI]
    assert run(lists.get(LIST))["size"] == 3
    other = run(lists.create("Copy"))["listId"]
    run(list_memberships.add_from(other, LIST))
    assert members(run, other) == [CHIDI, DANA, EMI]
    (shown,) = [row for row in run(list_memberships.of_record(EMI)) if row["listId"] == other]
    assert shown["firstAddedTimestamp"] == shown["lastAddedTimestamp"]
    run(list_memberships.remove_all(other))
    assert members(run, other) == []
    box.hubspot.state.contacts.archive(box.hubspot.state.contacts.get(EMI))  # type: ignore[arg-type]
    assert members(run, LIST) == [CHIDI, DANA]


def test_members_are_paged_by_id_and_by_join_time(box: Sandbox, run: Runner) -> None:
    run(list_memberships.remove(LIST, [ADA]))
    box.clock.advance(5)
    run(list_memberships.add(LIST, [ADA]))
    by_id = run.pages(list_memberships.members(LIST, limit=2))
    assert [[row["recordId"] for row in page] for page in by_id] == [[ADA, BRUNO], [CHIDI]]
    by_time = run.every(list_memberships.by_join_time(LIST, limit=1))
    assert [row["recordId"] for row in by_time] == [BRUNO, CHIDI, ADA]
    last = run.reply(
        list_memberships.members(
            LIST,
            limit=2,
            after=run.reply(list_memberships.members(LIST, limit=2)).envelope["paging"]["next"]["after"],
        )
    )
    back = list_memberships.members(LIST, limit=2, before=last.envelope["paging"]["prev"]["before"])
    assert [[row["recordId"] for row in page] for page in run.pages(back)] == [[BRUNO, ADA]]


def test_an_email_to_a_list_is_sent_to_its_current_members(box: Sandbox, run: Runner) -> None:
    emails = box.hubspot.state.emails
    fields = {"subject": "A", "from": {"fromName": "A", "replyTo": "a@example.com"}}
    email = emails.create({"name": "To a list", **fields, "to": {"contactIlsLists": {"include": [LIST]}}})
    emails.publish(email)
    run(list_memberships.add_and_remove(LIST, record_ids_to_add=[EMI], record_ids_to_remove=[ADA]))
    emails.publish(email)
    assert [set(send.contacts or ()) for send in email.sends] == [{ADA, BRUNO, CHIDI}, {BRUNO, CHIDI, EMI}]


def test_an_active_list_has_members_by_filters_only(box: Sandbox, run: Runner) -> None:
    made = run(lists.create("Leads", processing_type="DYNAMIC", filter_branch=LEADS))
    active = made["listId"]
    assert (made["processingStatus"], members(run, active)) == ("PROCESSING", [])
    box.clock.advance(3)
    assert run(lists.get(active))["processingStatus"] == "COMPLETE"
    assert members(run, active) == [BRUNO, DANA]
    frozen = run(lists.create("Leads then", processing_type="SNAPSHOT", filter_branch=LEADS))["listId"]
    box.clock.advance(3)
    assert members(run, frozen) == [BRUNO, DANA]
    contacts = box.hubspot.state.contacts
    contacts.update(contacts.get(EMI), {"lifecyclestage": "lead"})  # type: ignore[arg-type]
    assert (members(run, active), members(run, frozen)) == ([BRUNO, DANA, EMI], [BRUNO, DANA])
    for call in (
        list_memberships.add(active, [ADA]),
        list_memberships.remove(active, [BRUNO]),
        list_memberships.remove_all(active),
        list_memberships.add_from(active, LIST),
    ):
        with pytest.raises(InvalidRequest, match="DYNAMIC"):
            run(call)
    assert run(list_memberships.add(frozen, [ADA]))["added"] == [ADA]


def test_filters_are_returned_if_requested_and_replaced(box: Sandbox, run: Runner) -> None:
    active = run(lists.create("Leads", processing_type="DYNAMIC", filter_branch=LEADS))["listId"]
    assert "filterBranch" not in run(lists.get(active))
    assert run(lists.get(active, include_filters=True))["filterBranch"] == LEADS
    others = either(
        [in_list(LIST)], [prop("firstname", operationType="STRING", operator="STARTS_WITH", value="em")]
    )
    changed = run(lists.update_filters(active, others, enroll_in_workflows=True))
    assert (changed["processingStatus"], changed["listVersion"]) == ("PROCESSING", 2)
    box.clock.advance(3)
    assert members(run, active) == [ADA, BRUNO, CHIDI, EMI]
    with pytest.raises(InvalidRequest, match="MANUAL"):
        run(lists.update_filters(LIST, others))


@pytest.mark.parametrize(
    "branch",
    [
        {"filterBranchType": "AND"},
        {"filterBranchType": "XOR"},
        {"filterBranchType": "OR", "filters": [in_list(LIST)]},
        either([{"filterType": "PAGE_VIEW"}]),
        either([{"filterType": "IN_LIST"}]),
        either([in_list(LIST, operator="IS_NOT_IN_LIST")]),
        either([in_list("404")]),
        either([{"filterType": "PROPERTY", "property": "nothing"}]),
        either([{"filterType": "PROPERTY", "property": ["email"]}]),
        either([prop("email", operator="IS_EQUAL_TO", values=["a"])]),
        either([prop("email", operationType="MULTISTRING", operator="IS_EQUAL_TO", values=1)]),
        either([prop("email", operationType="MULTISTRING", operator="IS_EQUAL_TO", values=[])]),
        either([prop("email", operationType="MULTISTRING", operator="IS_ANY_OF", values=["a"])]),
        either([prop("email", operationType="ENUMERATION", operator="IS_EQUAL_TO", values=["a"])]),
        either([prop("hs_email_optout", operationType="BOOL", operator="IS_EQUAL_TO", value="true")]),
        either([prop("lead_score", operationType="NUMBER", operator="IS_EQUAL_TO", value="3")]),
        either([prop("city", operationType="NUMBER", operator="IS_EQUAL_TO", value=3)]),
        either([prop("hs_lead_status", operationType="STRING", operator="IS_EQUAL_TO", value="NEW")]),
        either([prop("closedate", operationType="TIME_POINT", operator="IS_AFTER")]),
    ],
)
def test_invalid_filters_are_rejected(once: Runner, branch: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        once(lists.create("X", processing_type="DYNAMIC", filter_branch=branch))


def test_a_list_is_of_an_object_type_that_exists(once: Runner) -> None:
    assert once(lists.create("Deals", object_type_id="0-3"))["objectTypeId"] == "0-3"
    with pytest.raises(InvalidRequest, match="Unable to infer object type"):
        once(lists.create("Nothing", object_type_id="9-9"))


def test_the_search_pages_by_its_offset(run: Runner) -> None:
    for name in ("Guests A", "Guests B", "Guests C"):
        run(lists.create(name))
    run(lists.create("Leads", processing_type="DYNAMIC", filter_branch=LEADS))
    pages = run.pages(lists.search(query="guests", count=2, sort="-name"))
    assert [[row["name"] for row in page] for page in pages] == [["Guests C", "Guests B"], ["Guests A"]]
    (leads,) = run(lists.search(processing_types=["DYNAMIC"]))
    assert leads["name"] == "Leads"
    (early,) = run.every(lists.search(list_ids=[LIST], additional_properties=["hs_list_size"]))
    assert early["additionalProperties"] == {"hs_list_size": "3"}
    assert run(lists.search(object_type_id="0-2")) == []


def test_the_search_always_returns_size_and_folder(run: Runner) -> None:
    made = run(lists.create("Visitors", custom_properties={"hs_note": "x"}))
    assert "customProperties" not in made
    run(list_folders.move_list(made["listId"], run(list_folders.create("Spring"))["id"]))
    for requested, more in ([[], {}], [["hs_note", "hs_unknown"], {"hs_note": "x"}]):
        (found,) = run(lists.search(query="Visitors", additional_properties=list(requested)))
        assert found["additionalProperties"] == {"hs_list_size": "0", "hs_folder_name": "Spring", **more}


def test_renaming_returns_the_filters_if_requested(run: Runner) -> None:
    active = run(lists.create("Leads", processing_type="DYNAMIC", filter_branch=LEADS))["listId"]
    assert "filterBranch" not in run(lists.rename(active, "Prospects"))
    assert run(lists.rename(active, "Leads", include_filters=True))["filterBranch"] == LEADS


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"objectTypeId": ["0-1"]}),
        ("", {"customProperties": []}),
        ("", {"customProperties": {"hs_note": ["x"]}}),
        ("/search", {"sort": {"name": "asc"}}),
        ("/records/memberships/batch/read", {"inputs": [{"objectTypeId": "0-1", "recordId": [ADA]}]}),
        ("/records/memberships/batch/read", {"inputs": [{"objectTypeId": {}, "recordId": ADA}]}),
    ],
)
def test_wrong_types_of_strings_and_objects_are_rejected(
    api: httpx.Client, path: str, body: dict[str, Any]
) -> None:
    usual = {} if path else {"name": "X", "objectTypeId": "0-1", "processingType": "MANUAL"}
    reply = api.post(f"/crm/v3/lists{path}", json=usual | body)
    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")


def test_dated_search_requires_more(api: httpx.Client) -> None:
    body = {"additionalProperties": [], "offset": 0}
    assert api.post("/crm/v3/lists/search", json=body).status_code == 200
    assert api.post("/crm/lists/2026-03/search", json=body).status_code == 400


def test_dated_search_accepts_requests_of_hubspots_client(api: httpx.Client) -> None:
    body = {"listIds": [], "offset": 0, "processingTypes": []}
    for more in ({}, {"additional_filter_properties": ["hs_list_size"]}):
        reply = api.post("/crm/lists/2026-03/search", json=body | more)
        assert reply.json()["lists"][0]["additionalProperties"]["hs_list_size"] == "3"


def test_lists_of_records_are_read_one_or_many_at_a_time(run: Runner) -> None:
    assert [row["listId"] for row in run(list_memberships.of_record(ADA))] == [LIST]
    with pytest.raises(NotFound):
        run(list_memberships.of_record("5"))
    many = run(list_memberships.batch_read([ADA, EMI, "5"]))
    shown = {
        row["recordId"]: [one["listId"] for one in row["recordListMemberships"]] for row in many["results"]
    }
    assert shown == {ADA: [LIST], EMI: []}
    assert many["errors"][0]["context"] == {"ids": ["5"]}


def test_folders_contain_lists_and_folders(run: Runner) -> None:
    outer = run(list_folders.create("Outer"))
    inner = run(list_folders.create("Inner", parent_folder_id=outer["id"]))
    run(list_folders.move_list(LIST, inner["id"]))
    tree = run(list_folders.get())
    assert (tree["id"], tree["parentFolderId"]) == ("0", "0")
    assert tree["childNodes"][0]["childNodes"][0]["childLists"] == [int(LIST)]
    assert run(list_folders.rename(inner["id"], "In & out"))["name"] == "In & out"
    for refused in (list_folders.move(outer["id"], inner["id"]), list_folders.delete(inner["id"])):
        with pytest.raises(InvalidRequest):
            run(refused)
    assert run(list_folders.move(inner["id"], "0"))["parentFolderId"] == "0"
    run(list_folders.move_list(LIST, "0"))
    run(list_folders.delete(inner["id"]))
    for unknown in (list_folders.get(inner["id"]), list_folders.move_list(LIST, inner["id"])):
        with pytest.raises(NotFound):
            run(unknown)


def test_an_active_list_is_converted_when_scheduled(box: Sandbox, run: Runner) -> None:
    active = run(lists.create("Leads", processing_type="DYNAMIC", filter_branch=LEADS))["listId"]
    with pytest.raises(NotFound):
        run(list_conversions.get(active))
    day = (box.clock.now() + dt.timedelta(days=2)).date()
    planned = run(list_conversions.on_date(active, day))
    assert planned["requestedConversionTime"]["day"] == day.day
    run(list_conversions.cancel(active))
    run(list_conversions.when_inactive(active, 1, "WEEK"))
    assert "convertedAt" not in run(list_conversions.get(active))
    box.clock.advance(8 * 86_400)
    assert members(run, active) == [BRUNO, DANA]
    assert "convertedAt" in run(list_conversions.get(active))
    assert run(list_memberships.add(active, [ADA]))["added"] == [ADA]
    with pytest.raises(InvalidRequest, match="static"):
        run(list_conversions.on_date(LIST, day))


def test_legacy_ids_are_mapped_and_the_size_history_is_returned(box: Sandbox, run: Runner) -> None:
    assert run(list_legacy_ids.get(1)) == LIST
    with pytest.raises(NotFound):
        run(list_legacy_ids.get(2))
    mapped = run(list_legacy_ids.batch_read([1, 2]))
    assert mapped["legacyListIdsToIdsMapping"] == [{"legacyListId": "1", "listId": LIST}]
    assert mapped["missingLegacyListIds"] == ["2"]
    run(list_memberships.remove(LIST, [ADA]))
    box.clock.advance(1)
    now = box.clock.now()
    history = run(lists.size_history(LIST, start=now - dt.timedelta(days=2), end=now))
    assert [one["size"] for one in history["sizeHistory"]] == [0, 3, 2]
    assert history["editHistory"] == []
    active = run(lists.create("Leads", processing_type="DYNAMIC", filter_branch=LEADS))
    edited = run(lists.size_history(active["listId"]))["editHistory"]
    assert edited == [active["filtersUpdatedAt"]]


def test_writing_needs_the_read_scope_as_well(box: Sandbox, run: Runner) -> None:
    tokens = box.hubspot.state.credentials.tokens
    tokens["writer"] = Token("writer", "private-9", frozenset({"crm.lists.write"}))
    for token, call in (
        (seed.READ_ONLY_TOKEN, lists.get(LIST)),
        (seed.READ_ONLY_TOKEN, lists.create("X")),
        ("writer", lists.create("X")),
        ("writer", list_memberships.add(LIST, [ADA])),
    ):
        with pytest.raises(PermissionDenied):
            run.with_token(token)(call)


@pytest.mark.parametrize("body", [{"ids": []}, "text", [1], [[]]])
def test_members_are_sent_as_an_array_of_strings(api: httpx.Client, body: Any) -> None:
    assert api.put(f"/crm/v3/lists/{LIST}/memberships/add", json=body).status_code == 400


def test_new_records_are_on_the_page_and_in_the_snapshot(box: Sandbox) -> None:
    page = httpx.get(box.hubspot.url + "/", verify=False).text
    for title in ("Early adopters", "Single sends", "Subscriptions", "SMTP tokens"):
        assert title in page
    (shown,) = box.hubspot.snapshot()["lists"]
    assert (shown["listId"], shown["members"]) == (LIST, [ADA, BRUNO, CHIDI])


def test_a_list_answers_how_many_contacts_meet_conditions(box: Sandbox, run: Runner) -> None:
    box.hubspot.set_person(id=BRUNO, unsubscribed=True)
    others = str(run(lists.create("Others"))["listId"])
    run(list_memberships.add(others, [CHIDI, DANA, EMI]))
    out = prop("hs_email_optout", operationType="BOOL", operator="IS_EQUAL_TO", value=True)
    still_in = {"operator": "IS_NOT_EQUAL_TO", "value": True, "includeObjectsWithNoValueSet": True}
    not_out = prop("hs_email_optout", operationType="BOOL", **still_in)
    unknown = prop("hs_email_hard_bounce_reason_enum", operationType="ALL_PROPERTY", operator="IS_UNKNOWN")
    questions = {
        "opted out": ([in_list(LIST), in_list(others, "NOT_IN_LIST"), out], [BRUNO]),
        "the others": ([in_list(LIST), in_list(others, "NOT_IN_LIST"), not_out, unknown], [ADA]),
        "the end of an address": (
            [prop("email", operationType="MULTISTRING", operator="STARTS_WITH", values=["ada@", "emi@"])],
            [ADA, EMI],
        ),
        "a stage": (
            [prop("lifecyclestage", operationType="ENUMERATION", operator="IS_NONE_OF", values=["lead"])],
            [ADA, CHIDI, EMI],
        ),
    }
    for name, (filters, wanted) in questions.items():
        made = run(lists.create(name, processing_type="SNAPSHOT", filter_branch=either(filters)))
        assert made["processingStatus"] == "PROCESSING"
        box.clock.advance(3)
        shown = run(lists.get(made["listId"]))
        assert (shown["processingStatus"], shown["size"]) == ("COMPLETE", len(wanted))
        assert members(run, made["listId"]) == wanted
        # It is counted once: later changes do not change it.
        box.hubspot.set_person(id=ADA, unsubscribed=True)
        box.hubspot.set_person(id=ADA, unsubscribed=False)
        assert run(lists.get(made["listId"]))["size"] == len(wanted)
        run(lists.delete(made["listId"]))


def test_numbers_are_compared_by_a_list(box: Sandbox, once: Runner) -> None:
    contacts = box.hubspot.state.contacts
    for contact, score in ((ADA, "3"), (BRUNO, "10"), (CHIDI, "2.5")):
        contacts.update(contacts.get(contact), {"lead_score": score})  # type: ignore[arg-type]
    for operator, wanted in (
        ("IS_GREATER_THAN", [BRUNO]),
        ("IS_LESS_THAN_OR_EQUAL_TO", [ADA, CHIDI]),
        ("IS_NOT_EQUAL_TO", [BRUNO, CHIDI]),
    ):
        condition = prop("lead_score", operationType="NUMBER", operator=operator, value=3)
        made = once(lists.create(operator, processing_type="SNAPSHOT", filter_branch=either([condition])))
        box.clock.advance(3)
        assert members(once, made["listId"]) == wanted


def test_sizes_and_edits_are_kept(box: Sandbox, run: Runner) -> None:
    made = run(lists.create("Leads", processing_type="DYNAMIC", filter_branch=LEADS))["listId"]
    box.clock.advance(10)
    run(lists.get(made))
    run(lists.update_filters(made, either([in_list(LIST)])))
    box.clock.advance(10)
    run(lists.get(made))
    history = run(lists.size_history(made))
    assert [one["size"] for one in history["sizeHistory"]] == [0, 2, 3]
    assert len(history["editHistory"]) == 2
