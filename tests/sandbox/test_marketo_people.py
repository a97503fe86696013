"""Lists, program members, pushes, forms, merges and memberships of a lead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from marketo_tools import Api, code, reason

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset()
    return Api(sandbox)


NURTURE = f"/v1/programs/{seed.NURTURE_PROGRAM}/members"
LIST = f"/v1/lists/{seed.STATIC_LIST}/leads"
COOKIE = "id:123-ABC-456&token:_mch-example.com-1500000000000-12345"


def enrol(api: Api, status: str, *leads: int) -> list[dict[str, object]]:
    body = {"statusName": status, "input": [{"leadId": lead} for lead in leads]}
    rows: list[dict[str, object]] = api.post(f"{NURTURE}/status.json", body)["result"]
    return rows


def member(api: Api, lead: int, fields: str = "statusName,trackName,nurtureCadence") -> dict[str, object]:
    answer = api.get(f"{NURTURE}.json", filterType="leadId", filterValues=lead, fields=fields)
    (row,) = answer["result"]
    return dict(row)


def test_list_members_are_added_checked_read_and_removed(api: Api) -> None:
    added = api.post(f"{LIST}.json", None, id=[seed.DAVID, 999])["result"]
    assert (added[0]["status"], reason(added[1])) == ("added", "1004")
    requested = api.get(f"{LIST}/ismember.json", id=[seed.DAVID, seed.ELIF])["result"]
    assert [row["status"] for row in requested] == ["memberof", "notmemberof"]
    on_it = [row["id"] for row in api.get(f"{LIST}.json")["result"]]
    assert on_it == [seed.ANNA, seed.BEN, seed.CARLA, seed.DAVID]
    (mine,) = api.get(f"/v1/leads/{seed.DAVID}/listMembership.json")["result"]
    assert mine["listId"] == seed.STATIC_LIST
    gone = api.client.delete(f"/rest{LIST}.json", params={"id": [seed.DAVID, seed.ELIF]}).json()["result"]
    assert (gone[0]["status"], reason(gone[1])) == ("removed", "1015")
    assert [row["activityTypeId"] for row in api.activities(24, 25)] == [24, 25]


def test_list_members_can_be_named_in_a_json_body(api: Api) -> None:
    body = {"input": [{"id": seed.DAVID}]}
    assert api.post(f"{LIST}.json", body)["result"][0]["status"] == "added"
    assert api.post(f"{LIST}/ismember.json", body, _method="GET")["result"][0]["status"] == "memberof"
    removed = api.client.request("DELETE", f"/rest{LIST}.json", json=body).json()
    assert removed["result"][0]["status"] == "removed"


def test_only_the_plural_path_has_more_result(api: Api) -> None:
    plural = api.get(f"{LIST}.json", batchSize=2)
    singular = api.get(f"/v1/list/{seed.STATIC_LIST}/leads.json", batchSize=2)
    assert plural["moreResult"] is True
    assert "moreResult" not in singular
    rest = api.get(
        f"/v1/list/{seed.STATIC_LIST}/leads.json", batchSize=2, nextPageToken=singular["nextPageToken"]
    )
    assert [row["id"] for row in rest["result"]] == [seed.CARLA]
    assert "nextPageToken" not in rest


def test_lists_are_found_by_id_and_name_and_unknown_ones_are_1013(api: Api) -> None:
    assert api.get("/v1/lists.json", name="Newsletter Readers")["result"][0]["id"] == seed.STATIC_LIST
    assert api.get(f"/v1/lists/{seed.STATIC_LIST}.json")["result"][0]["name"] == "Newsletter Readers"
    assert code(api.get("/v1/lists/9.json")) == "1013"
    assert code(api.post("/v1/lists/9/leads.json", None, id=seed.ANNA)) == "1013"


def test_setting_a_status_adds_a_member_to_the_first_stream(api: Api) -> None:
    (row,) = enrol(api, "Member", seed.ANNA)
    assert row == {"seq": 0, "status": "created", "leadId": seed.ANNA}
    returned = member(api, seed.ANNA)
    assert (returned["statusName"], returned["trackName"], returned["nurtureCadence"]) == (
        "Member",
        "First Steps",
        "norm",
    )
    (mine,) = api.get(f"/v1/leads/{seed.ANNA}/programMembership.json")["result"]
    assert (mine["id"], mine["stream"], mine["progressionStatus"]) == (2001, "First Steps", "Member")
    (lead,) = api.get(f"/v1/leads/programs/{seed.NURTURE_PROGRAM}.json")["result"]
    assert (lead["email"], lead["membership"]["nurtureCadence"]) == ("anna.berg@example.com", "norm")
    assert [row["activityTypeId"] for row in api.activities(104, 113)] == [104, 113]


def test_a_status_only_moves_forward(api: Api) -> None:
    enrol(api, "Engaged", seed.ANNA)
    for status in ("Engaged", "Member"):
        (row,) = enrol(api, status, seed.ANNA)
        assert (row["status"], reason(row)) == ("skipped", "1037")
    (row,) = enrol(api, "Influenced", seed.ANNA)
    assert row["status"] == "updated"
    assert member(api, seed.ANNA, "reachedSuccess")["reachedSuccess"] is True


def test_unknown_statuses_programs_and_leads_have_their_codes(api: Api) -> None:
    body = {"statusName": "member", "input": [{"leadId": seed.ANNA}]}
    assert code(api.post(f"{NURTURE}/status.json", body)) == "1025"
    assert code(api.post("/v1/programs/9/members/status.json", body)) == "1013"
    assert reason(enrol(api, "Member", 999)[0]) == "1004"


def test_the_older_status_endpoint_adds_no_members(api: Api) -> None:
    path = f"/v1/leads/programs/{seed.NURTURE_PROGRAM}/status.json"
    body = {"status": "Engaged", "input": [{"id": seed.ANNA}]}
    assert reason(api.post(path, body)["result"][0]) == "1013"
    enrol(api, "Member", seed.ANNA)
    assert api.post(path, body)["result"] == [{"id": seed.ANNA, "status": "updated"}]


def test_member_data_is_written_for_members_only_and_can_be_searched(api: Api) -> None:
    enrol(api, "Member", seed.ANNA)
    rows = [{"leadId": lead, seed.MEMBER_FIELD: "Aisle"} for lead in (seed.ANNA, seed.BEN)]
    rows.append({"leadId": seed.ANNA, "statusName": "Engaged"})
    first, second, third = api.post(f"{NURTURE}.json", {"input": rows})["result"]
    assert first["status"] == "updated"
    assert second["reasons"] == [{"code": "1013", "message": "Membership not found"}]
    assert reason(third) == "1003"
    found = api.get(f"{NURTURE}.json", filterType=seed.MEMBER_FIELD, filterValues="aisle")["result"]
    assert [row["leadId"] for row in found] == [seed.ANNA]


def test_members_are_found_by_every_filter(api: Api) -> None:
    enrol(api, "Member", seed.ANNA, seed.BEN)
    enrol(api, "Influenced", seed.CARLA)
    by_status = api.get(f"{NURTURE}.json", filterType="statusName", filterValues="Member")["result"]
    assert [row["leadId"] for row in by_status] == [seed.ANNA, seed.BEN]
    won = api.get(f"{NURTURE}.json", filterType="reachedSuccess", filterValues="true")["result"]
    assert [(row["seq"], row["leadId"], row["reachedSuccess"]) for row in won] == [(0, seed.CARLA, True)]
    now = api.sandbox.clock.now()
    hour = timedelta(hours=1)
    span = {"startAt": f"{now - hour:%FT%TZ}", "endAt": f"{now + hour:%FT%TZ}"}
    assert len(api.get(f"{NURTURE}.json", filterType="updatedAt", **span)["result"]) == 3
    wide = {"startAt": "2025-01-01T00:00:00Z", "endAt": "2025-01-09T00:00:00Z"}
    assert code(api.get(f"{NURTURE}.json", filterType="updatedAt", **wide)) == "1003"
    assert code(api.get(f"{NURTURE}.json", filterType="trackName", filterValues="x")) == "1011"


def test_removing_a_member_again_is_skipped(api: Api) -> None:
    enrol(api, "Member", seed.ANNA)
    body = {"input": [{"leadId": seed.ANNA}]}
    (gone,) = api.post(f"{NURTURE}/delete.json", body)["result"]
    (again,) = api.post(f"{NURTURE}/delete.json", body)["result"]
    assert gone["status"] == "deleted"
    assert again["reasons"] == [{"code": "1037", "message": "Lead not in program"}]


def test_member_fields_have_their_own_schema(api: Api) -> None:
    new = {"displayName": "Meal", "name": "meal", "dataType": "string"}
    assert api.post("/v1/programs/members/schema/fields.json", {"input": [new]})["success"]
    names = [row["name"] for row in api.get("/v1/programs/members/schema/fields.json")["result"]]
    assert {"meal", "nurtureCadence"} <= set(names)
    (returned,) = api.get("/v1/programs/members/describe.json")["result"]
    assert ["meal"] in returned["searchableFields"]
    assert code(api.get("/v1/leads/schema/fields/meal.json")) == "1006"


def test_each_push_logs_an_activity(api: Api) -> None:
    body = {
        "programName": "Website Contacts",
        "programStatus": "Responded",
        "source": "shop",
        "input": [{"email": "push@example.com", "cookies": COOKIE}, {"email": "bad"}],
    }
    for word in ("created", "updated"):
        answer = api.post("/v1/leads/push.json", body)
        assert answer["result"][0]["status"] == word
        assert set(answer["result"][1]) == {"reasons"}
        assert answer["warnings"] == []
    pushed = api.activities(145)
    assert [row["primaryAttributeValue"] for row in pushed] == ["Website Contacts"] * 2
    lead = pushed[0]["leadId"]
    (mine,) = api.get(f"/v1/leads/{lead}/programMembership.json")["result"]
    assert mine["progressionStatus"] == "Responded"


def test_a_push_needs_a_program_that_exists(api: Api) -> None:
    rows = [{"email": "push@example.com"}]
    assert code(api.post("/v1/leads/push.json", {"input": rows})) == "1002"
    assert code(api.post("/v1/leads/push.json", {"input": rows, "programName": "None"})) == "1013"
    wrong = {"input": rows, "programName": "Website Contacts", "programStatus": "Gone"}
    assert code(api.post("/v1/leads/push.json", wrong)) == "1025"


def test_a_form_fill_upserts_enrols_and_is_logged_each_time(api: Api) -> None:
    fields = {"email": "form@example.com", "firstName": "Fay", seed.MEMBER_FIELD: "Window"}
    body = {"formId": seed.FORM, "input": [{"leadFormFields": fields, "cookie": COOKIE}]}
    first = api.post("/v1/leads/submitForm.json", body)["result"][0]
    second = api.post("/v1/leads/submitForm.json", body)["result"][0]
    assert (first["status"], second["status"], first["id"]) == ("created", "updated", second["id"])
    assert len(api.activities(2)) == 2
    (returned,) = api.get(
        f"/v1/programs/{seed.DEFAULT_PROGRAM}/members.json",
        filterType="leadId",
        filterValues=first["id"],
        fields=seed.MEMBER_FIELD,
    )["result"]
    assert returned[seed.MEMBER_FIELD] == "Window"


def test_a_form_rejects_unknown_fields(api: Api) -> None:
    body = {"formId": seed.FORM, "input": [{"leadFormFields": {"email": "f@example.com", "city": "x"}}]}
    refused = api.post("/v1/leads/submitForm.json", body)
    assert code(refused) == "1003"
    assert refused["errors"][0]["message"].startswith("Form validation failed")
    assert code(api.post("/v1/leads/submitForm.json", body | {"formId": 9})) == "1013"


def test_a_cookie_belongs_to_the_lead_it_was_last_associated_with(api: Api) -> None:
    for lead in (seed.ANNA, seed.BEN):
        answer = api.post(f"/v1/leads/{lead}/associate.json", None, cookie=COOKIE)
        assert answer["success"]
        assert "result" not in answer
    found = api.get("/v1/leads.json", filterType="cookies", filterValues=COOKIE)["result"]
    assert [row["id"] for row in found] == [seed.BEN]
    cut = api.client.post(f"/rest/v1/leads/{seed.ANNA}/associate.json?cookie={COOKIE}").json()
    assert code(cut) == "1012"


def test_a_merge_fills_empty_fields_moves_memberships_and_cannot_be_repeated(api: Api) -> None:
    enrol(api, "Member", seed.ANNA)
    rows = [{"id": seed.ANNA, "phone": "555", "firstName": "Ann"}, {"id": seed.DAVID, "firstName": "Dave"}]
    api.post("/v1/leads.json", {"action": "updateOnly", "lookupField": "id", "input": rows})
    path = f"/v1/leads/{seed.DAVID}/merge.json"
    assert api.post(path, None, leadId=seed.ANNA)["success"]
    (david,) = api.get(f"/v1/lead/{seed.DAVID}.json", fields="firstName,phone")["result"]
    assert david == {"id": seed.DAVID, "firstName": "Dave", "phone": "555"}
    assert member(api, seed.DAVID)["statusName"] == "Member"
    assert seed.DAVID in [row["id"] for row in api.get(f"{LIST}.json")["result"]]
    assert code(api.get(f"/v1/lead/{seed.ANNA}.json")) == "1004"
    assert code(api.post(path, None, leadId=seed.ANNA)) == "1004"
    (merged,) = api.activities(32)
    assert merged["leadId"] == seed.DAVID


def test_more_than_25_losers_are_1080_and_nothing_is_merged(api: Api) -> None:
    losers = ",".join(str(number) for number in range(1, 27))
    assert code(api.post(f"/v1/leads/{seed.ANNA}/merge.json", None, leadIds=losers)) == "1080"
    both = api.post(f"/v1/leads/{seed.ANNA}/merge.json", None, leadIds=f"{seed.BEN},999")
    assert code(both) == "1004"
    assert api.get(f"/v1/lead/{seed.BEN}.json")["success"]
