"""Programs, channels, emails and lists as assets, and sends of email programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from marketo_tools import Api, code, folder_param

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


PROGRAM = f"/asset/v1/program/{seed.EMAIL_PROGRAM}"
NOTHING = ["No assets found for the given search criteria."]


def in_future(api: Api, **delta: int) -> str:
    return f"{api.sandbox.clock.now() + timedelta(**delta):%Y-%m-%dT%H:%M:%SZ}"


def set_dates(api: Api, program: int = seed.EMAIL_PROGRAM) -> None:
    answer = api.form(
        f"/asset/v1/program/{program}.json",
        startDate=in_future(api, hours=1),
        endDate=in_future(api, hours=2),
    )
    assert answer["success"], answer


def clone(api: Api, name: str, source: int = seed.EMAIL_PROGRAM) -> dict[str, object]:
    path = f"/asset/v1/program/{source}/clone.json"
    return dict(api.form(path, name=name, folder=folder_param(seed.PROGRAM_FOLDER)))


def test_asset_envelopes_have_errors_warnings_and_asset_timestamps(api: Api) -> None:
    answer = api.get(f"{PROGRAM}.json")
    assert (answer["errors"], answer["warnings"]) == ([], [])
    (row,) = answer["result"]
    assert row["createdAt"] == "2025-01-06T09:00:00Z+0000"
    home = {"type": "Folder", "value": seed.PROGRAM_FOLDER, "id": seed.PROGRAM_FOLDER}
    assert row["folder"] == home | {"folderName": "Programs"}


@pytest.mark.parametrize(
    "path",
    [
        "/asset/v1/program/9.json",
        "/asset/v1/program/byName.json?name=None",
        "/asset/v1/programs.json?offset=50",
        "/asset/v1/email/9.json",
        "/asset/v1/email/3002.json?status=approved",
        "/asset/v1/smartCampaign/9.json",
        "/asset/v1/staticList/9.json",
        "/asset/v1/channel/byName.json?name=None",
    ],
)
def test_an_empty_result_is_a_success_with_a_warning(api: Api, path: str) -> None:
    answer = api.get(path)
    assert (answer["success"], answer["warnings"]) == (True, NOTHING)
    assert "result" not in answer


def test_programs_are_paged_by_offset_and_filtered(api: Api) -> None:
    first = api.get("/asset/v1/programs.json", maxReturn=2)["result"]
    rest = api.get("/asset/v1/programs.json", maxReturn=2, offset=2)["result"]
    assert [row["id"] for row in first + rest] == [2001, 2002, 2003]
    on = api.get("/asset/v1/programs.json", status="on")["result"]
    assert [row["name"] for row in on] == ["Welcome Nurture"]
    by_id = api.get("/asset/v1/programs.json", filterType="id", filterValues="2001,2003")["result"]
    assert [row["id"] for row in by_id] == [2001, 2003]
    assert code(api.get("/asset/v1/programs.json", maxReturn=201)) == "701"


def test_channels_list_their_steps(api: Api) -> None:
    (nurture,) = api.get("/asset/v1/channel/byName.json", name="Nurture")["result"]
    steps = [(one["name"], one["step"], one["success"]) for one in nurture["progressionStatuses"]]
    assert steps[0] == ("Not in Program", 0, False)
    assert steps[-1] == ("Influenced", 30, True)
    assert len(api.get("/asset/v1/channels.json")["result"]) == 4


def test_a_program_is_created_found_updated_and_rejected_with_the_same_name(api: Api) -> None:
    fields = {
        "name": "Autumn",
        "type": "Default",
        "channel": "Default",
        "folder": folder_param(seed.PROGRAM_FOLDER),
        "tags": [{"tagType": "Region", "tagValue": "EMEA"}],
        "costs": [{"startDate": "2026-01-01", "cost": 5}],
    }
    (made,) = api.form("/asset/v1/programs.json", **fields)["result"]
    assert code(api.form("/asset/v1/programs.json", **fields)) == "709"
    api.form(f"/asset/v1/program/{made['id']}.json", description="Leaves")
    (found,) = api.get("/asset/v1/program/byName.json", name="Autumn", includeTags="true")["result"]
    assert (found["description"], found["tags"][0]["tagValue"]) == ("Leaves", "EMEA")
    # Optional fields are present and empty.
    assert found["costs"] == []
    assert api.get(f"/asset/v1/program/{made['id']}.json")["result"][0]["costs"] == fields["costs"]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"folder": ""}, "701"),
        ({"folder": "11"}, "1001"),
        ({"folder": folder_param(99)}, "710"),
        ({"name": " "}, "701"),
        ({"name": "x" * 256}, "701"),
        ({"type": "Party"}, "709"),
        ({"channel": "Nurture"}, "709"),
        ({"startDate": "2030-01-01T00:00:00Z"}, "709"),
    ],
)
def test_a_rejected_program_has_a_reason(api: Api, change: dict[str, object], wanted: str) -> None:
    fields = {
        "name": "A",
        "type": "Default",
        "channel": "Default",
        "folder": folder_param(seed.PROGRAM_FOLDER),
    }
    assert code(api.form("/asset/v1/programs.json", **(fields | change))) == wanted


@pytest.mark.parametrize("folder", ["{'id': 11, 'type': Folder}", '{"id":"11","type":"Folder"}'])
def test_folder_parameters_are_parsed_with_any_quotes(api: Api, folder: str) -> None:
    fields = {"name": "Loose", "type": "Default", "channel": "Default", "folder": folder}
    assert api.form("/asset/v1/programs.json", **fields)["result"][0]["folder"]["value"] == 11


def test_a_clone_has_email_and_tokens_but_neither_members_nor_dates(api: Api) -> None:
    set_dates(api)
    (copy,) = clone(api, "December Newsletter")["result"]  # type: ignore[misc]
    assert (copy["status"], "startDate" in copy) == ("unlocked", False)
    (email,) = api.get("/asset/v1/emails.json", folder=f'{{"id":{copy["id"]},"type":"Program"}}')["result"]
    assert (email["name"], email["status"]) == ("Newsletter", "approved")
    assert email["id"] != seed.NEWSLETTER_EMAIL
    (tokens,) = api.get(f"/asset/v1/folder/{copy['id']}/tokens.json", folderType="Program")["result"]
    assert [one["name"] for one in tokens["tokens"]] == ["Headline"]
    assert code(clone(api, "December Newsletter")) == "709"
    assert len(api.get("/asset/v1/email/byName.json", name="Newsletter")["result"]) == 2


def test_an_email_program_is_approved_only_with_dates_email_and_smart_list(api: Api) -> None:
    assert code(api.form(f"{PROGRAM}/approve.json")) == "709"
    set_dates(api)
    fields = {
        "name": "Empty",
        "type": "Email",
        "channel": "Email Send",
        "folder": folder_param(seed.PROGRAM_FOLDER),
        "startDate": in_future(api, hours=1),
        "endDate": in_future(api, hours=2),
    }
    (empty,) = api.form("/asset/v1/programs.json", **fields)["result"]
    assert (
        "approved email" in api.form(f"/asset/v1/program/{empty['id']}/approve.json")["errors"][0]["message"]
    )
    for number in (seed.NURTURE_PROGRAM, seed.DEFAULT_PROGRAM):
        assert code(api.form(f"/asset/v1/program/{number}/approve.json")) == "709"
    assert api.form(f"{PROGRAM}/approve.json")["result"] == [{"id": seed.EMAIL_PROGRAM}]
    assert code(api.form(f"{PROGRAM}/approve.json")) == "709"
    assert api.get(f"{PROGRAM}.json")["result"][0]["status"] == "locked"
    assert code(api.form(f"{PROGRAM}.json", description="late")) == "709"


def test_an_approved_program_sends_once_at_its_start(api: Api) -> None:
    set_dates(api)
    api.form(f"{PROGRAM}/approve.json")
    members = f"/v1/programs/{seed.EMAIL_PROGRAM}/members.json"
    assert api.get(members, filterType="statusName", filterValues="Sent")["result"] == []
    assert len(api.state.outbox) == 0
    api.advance(3610)
    api = Api(api.sandbox)
    rows = api.get(members, filterType="statusName", filterValues="Sent")["result"]
    assert [row["leadId"] for row in rows] == [seed.ANNA, seed.BEN, seed.CARLA]
    assert len(api.state.outbox) == 3
    sent = api.activities(6, 7)
    assert len(sent) == 6
    assert {row["primaryAttributeValueId"] for row in sent} == {seed.NEWSLETTER_EMAIL}
    api.advance(3600)
    assert len(api.state.outbox) == 3
    assert code(Api(api.sandbox).form(f"{PROGRAM}/unapprove.json")) == "709"


def test_unapproving_before_the_start_cancels_the_send(api: Api) -> None:
    set_dates(api)
    assert code(api.form(f"{PROGRAM}/unapprove.json")) == "709"
    api.form(f"{PROGRAM}/approve.json")
    assert api.form(f"{PROGRAM}/unapprove.json")["success"]
    assert api.get(f"{PROGRAM}.json")["result"][0]["status"] == "unlocked"
    api.advance(7200)
    assert api.state.outbox == []


def test_unsubscribed_leads_get_no_email_and_do_not_become_members(api: Api) -> None:
    change = [{"id": seed.ANNA, "unsubscribed": True}, {"id": seed.BEN, "emailInvalid": True}]
    api.post("/v1/leads.json", {"action": "updateOnly", "lookupField": "id", "input": change})
    set_dates(api)
    api.form(f"{PROGRAM}/approve.json")
    api.advance(3601)
    assert [mail.lead_id for mail in api.state.outbox] == [seed.CARLA]
    assert set(api.state.programs[seed.EMAIL_PROGRAM].members) == {seed.CARLA}


def test_a_draft_is_approved_once_and_edits_start_a_new_one(api: Api) -> None:
    path = f"/asset/v1/email/{seed.DRAFT_EMAIL}"
    assert api.get(f"{path}.json")["result"][0]["status"] == "draft"
    assert api.form(f"{path}/approveDraft.json")["result"] == [{"id": seed.DRAFT_EMAIL}]
    assert code(api.form(f"{path}/approveDraft.json")) == "709"
    headers = {"subject": {"type": "Text", "value": "Spring, at last"}}
    assert api.form(f"{path}/content.json", **headers)["success"]
    subjects = {
        status: api.get(f"{path}.json", status=status)["result"][0]["subject"]["value"]
        for status in ("approved", "draft")
    }
    assert subjects == {"approved": "Spring is here", "draft": "Spring, at last"}
    assert api.form(f"{path}/discardDraft.json")["success"]
    assert code(api.form(f"{path}/discardDraft.json")) == "709"
    assert api.get(f"{path}.json", status="draft")["warnings"] == NOTHING
    assert api.form(f"{path}/unapprove.json")["success"]
    assert code(api.form(f"{path}/unapprove.json")) == "709"


def test_an_email_without_headers_cannot_be_approved(api: Api) -> None:
    fields = {"name": "Bare", "folder": folder_param(seed.EMAIL_FOLDER), "template": seed.TEMPLATE}
    (made,) = api.form("/asset/v1/emails.json", **fields)["result"]
    refused = api.form(f"/asset/v1/email/{made['id']}/approveDraft.json")
    assert code(refused) == "709"
    assert "subject" in refused["errors"][0]["message"]
    assert code(api.form("/asset/v1/emails.json", **fields)) == "709"


def test_an_email_in_use_is_neither_unapproved_nor_deleted(api: Api) -> None:
    path = f"/asset/v1/email/{seed.APPROVED_EMAIL}"
    assert code(api.form(f"{path}/unapprove.json")) == "709"
    assert code(api.form(f"{path}/delete.json")) == "709"
    assert code(api.form("/asset/v1/email/9/approveDraft.json")) == "702"


def test_name_and_description_change_at_once_and_the_rest_in_the_draft(api: Api) -> None:
    path = f"/asset/v1/email/{seed.APPROVED_EMAIL}"
    (row,) = api.form(f"{path}.json", name="Hello", preHeader="Look inside", operational="true")["result"]
    assert (row["name"], row["preHeader"], row["operational"], row["status"]) == (
        "Hello",
        "Look inside",
        True,
        "draft",
    )
    (kept,) = api.get(f"{path}.json", status="approved")["result"]
    assert (kept["name"], kept["preHeader"], kept["operational"]) == ("Hello", "", False)
    assert code(api.form(f"{path}.json", preHeader="x" * 1025)) == "701"
    assert code(api.form(f"{path}.json", name="Spring Offer")) == "709"


def test_a_cloned_email_is_a_draft(api: Api) -> None:
    path = f"/asset/v1/email/{seed.APPROVED_EMAIL}/clone.json"
    fields = {"name": "Welcome again", "folder": folder_param(seed.EMAIL_FOLDER)}
    (made,) = api.form(path, **fields)["result"]
    assert (made["status"], made["subject"]["value"]) == ("draft", "Welcome aboard")
    assert code(api.form(path, **fields)) == "709"


def test_each_sample_is_counted(api: Api) -> None:
    path = f"/asset/v1/email/{seed.APPROVED_EMAIL}/sendSample.json"
    for _ in range(2):
        answer = api.form(path, emailAddress="me@example.com", leadId=str(seed.ANNA))
        assert answer["result"] == [{"service": "sendTestEmail", "result": True}]
    assert len(api.state.samples) == 2
    assert code(api.form(path)) == "701"


def test_static_lists_are_assets_too(api: Api) -> None:
    fields = {"name": "Guests", "folder": folder_param(seed.CAMPAIGN_FOLDER)}
    (made,) = api.form("/asset/v1/staticLists.json", **fields)["result"]
    assert code(api.form("/asset/v1/staticLists.json", **fields)) == "709"
    assert api.get("/v1/lists.json", name="Guests")["result"][0]["id"] == made["id"]
    assert api.form(f"/asset/v1/staticList/{made['id']}/delete.json")["success"]
    assert code(api.form(f"/asset/v1/staticList/{seed.STATIC_LIST}/delete.json")) == "709"


def test_my_tokens_are_upserted_by_name(api: Api) -> None:
    path = f"/asset/v1/folder/{seed.EMAIL_PROGRAM}/tokens"
    for value in ("a", "b"):
        api.form(f"{path}.json", name="Place", type="text", value=value, folderType="Program")
    (returned,) = api.get(f"{path}.json", folderType="Program")["result"]
    assert {one["name"]: one["value"] for one in returned["tokens"]}["Place"] == "b"
    gone = {"name": "Place", "type": "text", "folderType": "Program"}
    assert api.form(f"{path}/delete.json", **gone)["success"]
    assert code(api.form(f"{path}/delete.json", **gone)) == "702"


def test_folders_are_listed_from_a_root_to_a_depth(api: Api) -> None:
    names = [row["name"] for row in api.get("/asset/v1/folders.json")["result"]]
    assert names == ["Marketing Activities", "Programs", "Campaigns", "Emails"]
    (top,) = api.get("/asset/v1/folders.json", maxDepth=0)["result"]
    assert top["id"] == seed.ROOT_FOLDER
    (leaf,) = api.get("/asset/v1/folders.json", root=seed.PROGRAM_FOLDER)["result"]
    assert leaf["parent"] == folder_param(seed.ROOT_FOLDER)
    assert api.get("/asset/v1/folders.json", workSpace="Other")["warnings"] == NOTHING
    assert api.get("/asset/v1/folder/byName.json", name="Programs")["result"] == [leaf]


def test_a_head_start_is_set_for_email_programs_only(api: Api) -> None:
    assert api.form(f"{PROGRAM}.json", headStart="true")["result"][0]["headStart"] is True
    assert code(api.form(f"/asset/v1/program/{seed.NURTURE_PROGRAM}.json", headStart="true")) == "709"
    for program, head_start in ((seed.EMAIL_PROGRAM, True), (seed.NURTURE_PROGRAM, False)):
        (row,) = api.get(f"/asset/v1/program/{program}.json")["result"]
        assert row["headStart"] is head_start


def test_an_event_program_has_dates(api: Api) -> None:
    fields = {
        "name": "Fair",
        "type": "Event",
        "channel": "Roadshow",
        "folder": folder_param(seed.PROGRAM_FOLDER),
    }
    (made,) = api.form("/asset/v1/programs.json", **fields)["result"]
    assert "startDate" not in made
    start, end = "2026-12-01T09:00:00.000Z", "2026-12-01T17:00:00.000Z"
    api.form(f"/asset/v1/program/{made['id']}.json", startDate=start, endDate=end)
    (shown,) = api.get(f"/asset/v1/program/{made['id']}.json")["result"]
    assert (shown["startDate"], shown["endDate"]) == (start, end)
    # It sends no emails, so it cannot be approved.
    assert code(api.form(f"/asset/v1/program/{made['id']}/approve.json")) == "709"
