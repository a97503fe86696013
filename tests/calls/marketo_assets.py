"""Scenes of programs, campaigns, emails and what they lean on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from calls.marketo_runners import CallRunner
from calls.scenes import Scenes

from airflow_provider_mkt.client.marketo.activities import activities
from airflow_provider_mkt.client.marketo.emails import designer_emails, email_content, emails
from airflow_provider_mkt.client.marketo.folders import folders
from airflow_provider_mkt.client.marketo.lists import lead_memberships, smart_lists
from airflow_provider_mkt.client.marketo.programs import channels, programs, tags, tokens
from airflow_provider_mkt.client.marketo.smart_campaigns import campaigns
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.programs.models import TagType

SCENES = Scenes()
ANNA, BEN = seed.ANNA, seed.BEN
NURTURE, NEWSLETTER, WEBSITE = seed.NURTURE_PROGRAM, seed.EMAIL_PROGRAM, seed.DEFAULT_PROGRAM
REQUEST, BATCH, INACTIVE = seed.REQUEST_CAMPAIGN, seed.BATCH_CAMPAIGN, seed.INACTIVE_CAMPAIGN
WELCOME, DRAFT = seed.APPROVED_EMAIL, seed.DRAFT_EMAIL
HOUR = timedelta(hours=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def ids(rows: list[Any]) -> list[int]:
    return [row["id"] for row in rows]


def happened(run: CallRunner, *types: int) -> list[dict[str, Any]]:
    """What happened in the last hours, by types of activity."""
    token = run(activities.paging_token(run.box.clock.now() - 3 * HOUR))
    return run.every(activities.read(token, activity_type_ids=types))  # type: ignore[return-value]


@SCENES.show(programs="list get by_name")
def programs_are_found(run: CallRunner) -> None:
    assert ids(run.every(programs.list(page_size=2))) == [NURTURE, NEWSLETTER, WEBSITE]
    assert ids(run(programs.list(status="on", updated_after=LONG_AGO))) == [NURTURE]
    assert ids(run(programs.list(filter_type="id", filter_values=[str(NEWSLETTER)]))) == [NEWSLETTER]
    assert run(programs.get(NURTURE))["type"] == "Engagement"
    assert run(programs.get(1)) is None
    assert run(programs.by_name("Website Contacts", include_tags=True, include_costs=True))["tags"] == []
    assert run(programs.by_name("Nothing")) is None


@SCENES.show(programs="create update clone delete")
def a_programs_life(run: CallRunner) -> None:
    north = [{"tagType": "Region", "tagValue": "North"}]
    spent = [{"startDate": "2025-12-01", "cost": 50, "note": "Stand"}]
    made = run(
        programs.create("Autumn", folder_id=seed.PROGRAM_FOLDER, channel="Default", tags=north, costs=spent)
    )["id"]
    shown = run(programs.get(made))
    assert (shown["tags"], shown["costs"]) == (north, spent)
    run(
        programs.update(
            made,
            new_name="Fall & more",
            tags=[{"tagType": "Region", "tagValue": "North"}],
            costs=[{"startDate": "2026-01-01", "cost": 100}],
        )
    )
    shown = run(programs.by_name("Fall & more", include_tags=True, include_costs=True))
    assert (shown["id"], shown["tags"][0]["tagValue"]) == (made, "North")
    assert [one["cost"] for one in shown["costs"]] == [50, 100]
    run(programs.update(made, replace_costs=True))
    assert run(programs.by_name("Fall & more", include_costs=True))["costs"] == []
    copy = run(programs.clone(NEWSLETTER, "December", folder_id=seed.PROGRAM_FOLDER))["id"]
    assert run(programs.get(copy))["name"] == "December"
    assert [one["value"] for one in run(tokens.list(copy))] == ["News of the month"]
    assert {made, copy} <= set(ids(run(folders.content(seed.PROGRAM_FOLDER))))
    run(programs.delete(made))
    assert run(programs.get(made)) is None


@SCENES.show(programs="reschedule approve unapprove")
def an_email_program_is_approved_and_taken_back(run: CallRunner) -> None:
    start = (run.box.clock.now() + HOUR).replace(microsecond=0)
    run(programs.reschedule(NEWSLETTER, start, start + 2 * HOUR))
    assert run(programs.get(NEWSLETTER))["startDate"].startswith(f"{start:%Y-%m-%dT%H:%M:%S}")
    run(programs.approve(NEWSLETTER))
    assert run(programs.get(NEWSLETTER))["status"] == "locked"
    run(programs.unapprove(NEWSLETTER))
    assert run(programs.get(NEWSLETTER))["status"] == "unlocked"
    run(programs.reschedule(NEWSLETTER, start + 24 * HOUR, start + 48 * HOUR, head_start=True))
    assert run(programs.get(NEWSLETTER))["headStart"] is True


@SCENES.show(campaigns="list get by_name legacy_list legacy_get")
def campaigns_are_found(run: CallRunner) -> None:
    found = run.every(campaigns.list(folder_id=seed.CAMPAIGN_FOLDER, page_size=1))
    assert ids(found) == [REQUEST, INACTIVE]
    assert ids(run(campaigns.list(folder_id=seed.CAMPAIGN_FOLDER, is_active=True))) == [REQUEST]
    assert run(campaigns.get(REQUEST))["isRequestable"] is True
    assert run(campaigns.get(1)) is None
    assert ids(run(campaigns.by_name("Monthly Digest"))) == [BATCH]
    assert ids(run.every(campaigns.legacy_list(batch_size=1))) == [REQUEST, BATCH, INACTIVE]
    assert ids(run(campaigns.legacy_list(is_triggerable=True, names=["Monthly Digest"]))) == []
    assert run(campaigns.legacy_get(BATCH))["programName"] == "Website Contacts"


@SCENES.show(campaigns="create update clone activate deactivate delete")
def a_campaigns_life(run: CallRunner) -> None:
    made = run(campaigns.create("Thanks", folder_id=seed.CAMPAIGN_FOLDER, description="d"))["id"]
    run(campaigns.update(made, new_name="Thank you", description=""))
    shown = run(campaigns.get(made))
    assert (shown["name"], shown["description"], shown["isActive"]) == ("Thank you", "", False)
    copy = run(campaigns.clone(REQUEST, "Again", folder_id=seed.CAMPAIGN_FOLDER))["id"]
    run(campaigns.activate(INACTIVE))
    run(campaigns.deactivate(REQUEST))
    active = {row["id"]: row["isActive"] for row in run(campaigns.list(folder_id=seed.CAMPAIGN_FOLDER))}
    assert active == {REQUEST: False, INACTIVE: True, made: False, copy: False}
    run(campaigns.delete(made))
    assert run(campaigns.get(made)) is None


@SCENES.show(campaigns="request schedule", lead_memberships="campaigns")
def campaigns_run(run: CallRunner) -> None:
    run(campaigns.request(REQUEST, [ANNA, BEN]))
    run(campaigns.schedule(BATCH, run_at=run.box.clock.now() + HOUR, tokens={"{{my.Headline}}": "Later"}))
    run.wait(2 * 3600)
    requested = [row for row in happened(run, 47) if row.get("campaignId") == REQUEST]
    assert {row["leadId"] for row in requested} == {ANNA, BEN}
    campaigns_of_anna = {row["smartCampaignId"] for row in run(lead_memberships.campaigns(ANNA))}
    assert {REQUEST, BATCH} <= campaigns_of_anna


@SCENES.show(emails="list get by_name")
def emails_are_found(run: CallRunner) -> None:
    assert ids(run(emails.list(status="draft"))) == [DRAFT]
    assert ids(run(emails.list(folder_id=NEWSLETTER, folder_type="Program"))) == [seed.NEWSLETTER_EMAIL]
    assert len(run.every(emails.list(page_size=1))) == 3
    assert run(emails.get(WELCOME))["status"] == "approved"
    assert run(emails.get(WELCOME, status="draft")) is None
    assert ids(run(emails.by_name("Spring Offer", status="draft"))) == [DRAFT]


@SCENES.show(emails="create update update_headers approve_draft discard_draft unapprove clone delete")
def an_emails_life(run: CallRunner) -> None:
    made = run(
        emails.create(
            "Thanks",
            folder_id=seed.EMAIL_FOLDER,
            template_id=seed.TEMPLATE,
            subject="Thank you",
            from_name="Example Ltd",
            from_email="news@example.com",
            reply_email="reply@example.com",
            auto_copy_to_text=True,
            is_open_tracking_disabled=True,
        )
    )["id"]
    shown = run(emails.get(made))
    assert (shown["autoCopyToText"], shown["isOpenTrackingDisabled"]) == (True, True)
    run(emails.update(made, new_name="Hello", pre_header="Good to see you", operational=True))
    run(emails.update_headers(made, subject="Thanks & hello", reply_to="us@example.com"))
    shown = run(emails.get(made, status="draft"))
    assert (shown["name"], shown["preHeader"], shown["operational"]) == ("Hello", "Good to see you", True)
    assert (shown["subject"]["value"], shown["replyEmail"]["value"]) == ("Thanks & hello", "us@example.com")
    run(emails.approve_draft(made))
    assert run(emails.get(made))["status"] == "approved"
    copy = run(emails.clone(made, "Copy", folder_id=seed.EMAIL_FOLDER))["id"]
    assert run(emails.get(copy))["subject"]["value"] == "Thanks & hello"
    run(emails.update_headers(made, subject="Worse"))
    run(emails.discard_draft(made))
    assert run(emails.get(made))["subject"]["value"] == "Thanks & hello"
    assert run(emails.get(made, status="draft")) is None
    run(emails.unapprove(made))
    assert run(emails.get(made))["status"] == "draft"
    run(emails.delete(made))
    assert run(emails.get(made)) is None


@SCENES.show(
    designer_emails="create get list update transition clone delete used_by "
    "batch_get batch_delete batch_used_by"
)
def an_email_of_the_designer(run: CallRunner) -> None:
    headers = {"subject": "Hello", "fromName": "Example Ltd", "fromEmail": "news@example.com"}
    folder = str(seed.EMAIL_FOLDER)
    made = run(
        designer_emails.create(
            "Designed", headers=headers, folder_id=folder, html="<p>Hi</p>", settings={"isOperational": True}
        )
    )
    number = made["id"]
    assert (made["status"], made["data"]["html"]["body"]) == ("draft", "<p>Hi</p>")
    run(designer_emails.update(number, new_name="Renamed", headers={"preheader": "Look"}))
    shown = run(designer_emails.get(number))
    assert (shown["name"], shown["headers"]["preheader"]) == ("Renamed", "Look")
    assert run(designer_emails.transition(number, "approve"))["status"] == "approved"
    run(designer_emails.transition(number, "create_draft"))
    run(designer_emails.update(number, headers={"subject": "Worse"}, text="Hi"))
    run(designer_emails.transition(number, "discard"))
    assert run(designer_emails.get(number))["headers"]["subject"] == "Hello"
    copies = [run(designer_emails.clone(number, f"Copy {count}"))["id"] for count in range(3)]
    rows = run.every(designer_emails.list("1", folder_id=folder, page_size=2))
    assert [row["id"] for row in rows] == [number, *copies]
    rows = run.every(designer_emails.list("1", statuses=["approved"], name="Renamed"))
    assert [row["id"] for row in rows] == [number]
    users = [{"id": str(count), "name": f"User {count}"} for count in range(3)]
    run.state.designer_emails[copies[0]].used_by = list(users)
    assert run.every(designer_emails.used_by(copies[0], page_size=2)) == users
    counts = run(designer_emails.batch_used_by(copies[:2]))
    assert [(row["count"], row["used"]) for row in counts] == [(3, True), (0, False)]
    assert [row["name"] for row in run(designer_emails.batch_get(copies))] == ["Copy 0", "Copy 1", "Copy 2"]
    run(designer_emails.batch_delete(copies[:2], ignore_used_by=True))
    run(designer_emails.delete(copies[2]))
    run(designer_emails.transition(number, "unapprove"))
    run(designer_emails.delete(number))
    assert run.every(designer_emails.list("1")) == []


@SCENES.show(emails="send_sample")
def a_sample_of_an_email(run: CallRunner) -> None:
    run(emails.send_sample(WELCOME, "me+test@example.com", lead_id=ANNA, text_only=True))
    # Samples are in no answer.
    (sent,) = run.state.samples
    assert (sent.email_id, sent.address) == (WELCOME, "me+test@example.com")


@SCENES.show(email_content="sections update_section preview variables set_variable cc_fields")
def what_an_email_says(run: CallRunner) -> None:
    (section,) = run(email_content.sections(WELCOME, status="approved"))
    hello = "<p>Hi {{lead.First Name}} & all</p>"
    run(email_content.update_section(WELCOME, section["htmlId"], hello, text_value="Hi"))
    shown = run(email_content.preview(WELCOME, status="draft", lead_id=ANNA))
    assert "Hi Anna & all" in shown["content"]
    assert run(email_content.preview(WELCOME, status="draft", content_type="Text"))["content"] == "Hi"
    assert run(email_content.preview(1)) is None
    (variable,) = run(email_content.variables(WELCOME))
    assert run(email_content.set_variable(WELCOME, variable["name"], ""))["value"] == ""
    assert run(email_content.variables(WELCOME)) == [variable | {"value": ""}]
    assert run(email_content.cc_fields())[0]["objectName"] == "lead"


@SCENES.show(smart_lists="list get by_name of_program of_campaign clone delete")
def a_smart_lists_life(run: CallRunner) -> None:
    made = run(smart_lists.clone(seed.SMART_LIST, "Readers & co", folder_id=seed.PROGRAM_FOLDER))["id"]
    assert ids(run.every(smart_lists.list(page_size=1))) == sorted([seed.SMART_LIST, made])
    assert ids(run(smart_lists.list(folder_id=seed.EMAIL_FOLDER))) == []
    assert ids(run(smart_lists.by_name("Readers & co"))) == [made]
    smart_lists_read = [
        run(smart_lists.get(made, include_rules=True)),
        run(smart_lists.of_program(NEWSLETTER, include_rules=True)),
        run(smart_lists.of_campaign(BATCH, include_rules=True)),
    ]
    assert {one["rules"]["filters"][0]["conditions"][0]["values"][0] for one in smart_lists_read} == {
        "Newsletter Readers"
    }
    assert "rules" not in run(smart_lists.get(made))
    run(smart_lists.delete(made))
    assert run(smart_lists.get(made)) is None


@SCENES.show(tags="list by_name programs set_value delete")
def tags_of_programs(run: CallRunner) -> None:
    state = run.box.marketo.state
    state.tag_types = (state.tag_types[0], TagType("Track & field", ("1",)))
    kind, other = run.every(tags.list(page_size=1))
    assert other["tagType"] == "Track & field"
    assert "North" in run(tags.by_name(kind["tagType"]))["allowableValues"]
    assert run(tags.by_name("Nothing")) is None
    run(tags.set_value(WEBSITE, kind["tagType"], "North"))
    run(tags.set_value(WEBSITE, "Track & field", "1"))
    (found,) = run.every(tags.programs(kind["tagType"], "North", page_size=1))
    assert (found["id"], len(found["tags"])) == (WEBSITE, 2)
    run(tags.delete(WEBSITE, "Track & field"))
    assert [one["tagValue"] for one in run(programs.get(WEBSITE))["tags"]] == ["North"]


@SCENES.show(tokens="list set_value delete")
def tokens_of_a_program(run: CallRunner) -> None:
    run(tokens.set_value(NEWSLETTER, "Price", "10", token_type="number"))
    run(tokens.set_value(NEWSLETTER, "Headline", "Other & more"))
    assert {one["name"]: one["value"] for one in run(tokens.list(NEWSLETTER))} == {
        "Headline": "Other & more",
        "Price": "10",
    }
    run(tokens.delete(NEWSLETTER, "Headline"))
    assert [one["name"] for one in run(tokens.list(NEWSLETTER))] == ["Price"]
    assert run(tokens.list(NURTURE)) == []


@SCENES.show(channels="list by_name")
def channels_are_read(run: CallRunner) -> None:
    names = [one["name"] for one in run.every(channels.list(page_size=3))]
    assert names == ["Email Send", "Nurture", "Default", "Roadshow"]
    nurture = run(channels.by_name("Nurture"))
    assert nurture["applicableProgramType"] == "Engagement"
    assert nurture["progressionStatuses"][0]["step"] == 0
    assert run(channels.by_name("Nothing")) is None


@SCENES.show(folders="create update delete")
def a_folders_life(run: CallRunner) -> None:
    made = run(folders.create("Autumn & co", parent_id=NEWSLETTER, parent_type="Program"))["id"]
    assert ids(run(folders.list(root_id=NEWSLETTER, root_type="Program"))) == [NEWSLETTER, made]
    run(folders.update(made, new_name="Fall", description="", is_archive=True))
    shown = run(folders.get(made))
    assert (shown["name"], shown["isArchive"]) == ("Fall", True)
    run(folders.delete(made))
    assert run(folders.get(made)) is None


@SCENES.show(folders="list get by_name content")
def folders_are_read(run: CallRunner) -> None:
    assert ids(run(folders.list(max_depth=0))) == [seed.ROOT_FOLDER]
    assert run(folders.get(NURTURE, folder_type="Program"))["folderType"] == "Nurture Program"
    assert ids(run(folders.by_name("Welcome Nurture", folder_type="Program"))) == [NURTURE]
    assert ids(run.every(folders.list(page_size=3))) == [1, 11, 12, 13]
    assert run(folders.get(seed.EMAIL_FOLDER))["name"] == "Emails"
    assert ids(run(folders.by_name("Emails", root_id=seed.ROOT_FOLDER))) == [seed.EMAIL_FOLDER]
    inside = run.every(folders.content(seed.CAMPAIGN_FOLDER, page_size=2))
    assert ids(inside) == [REQUEST, INACTIVE, seed.STATIC_LIST]
    assert ids(run(folders.content(WEBSITE, folder_type="Program"))) == [BATCH, seed.FORM]
