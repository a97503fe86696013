"""Every operator that changes something on a platform, with arguments that let it do so on a new sandbox."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator
from reliability.tries import ANSWERED, BEFORE, RETURNED, UNANSWERED

from airflow_provider_mkt.get_provider_info import get_provider_info
from airflow_provider_mkt.operators import (
    _list_diff,
    campaign_requests,
    campaigns,
    custom_object_exports,
    deleting,
    email_checks,
    email_tests,
    emails,
    events,
    exports,
    imports,
    lead_intake,
    leads,
    lists,
    merging,
    nurture,
    objects,
    program_members,
    programs,
    sends,
    sequences,
    smart_campaigns,
    subscriptions,
    workflows,
)
from airflow_provider_mkt.operators.hubspot import HubSpotOperator
from airflow_provider_mkt.operators.marketo import MarketoOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.hubspot.automation import seed as automation
from airflow_provider_mkt.sandbox.hubspot.events import seed as marketing_events
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.emails.sending import approve_program

READ_ONLY = {
    "ApproveEmailOperator",
    "EmailReportOperator",
    "EmailStatisticsOperator",
    "ExportCampaignReportsOperator",
    "ExportDeletedLeadsOperator",
    "ExportEmailEventsOperator",
    "ExportEventParticipationsOperator",
    "ExportFormSubmissionsOperator",
    "ExportListMembersOperator",
    # Its jobs change nothing, and cannot be looked up. Kills of them are in test_exports_on_s3.py.
    "ExportObjectsOperator",
    "ExportSubscriptionsOperator",
}
"""Operators that send no request that changes anything."""

_THEN = "2025-01-06T09:00:00.000Z"
LATER = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)
PEOPLE = [marketo.ANNA, marketo.BEN]
NEW_PEOPLE = [{"email": f"new{number}@example.com"} for number in range(5)]
ADA, BRUNO, CHIDI = hubspot.CONTACT_IDS[:3]

LOST = frozenset({BEFORE, UNANSWERED})
"""A request that may have been sent, where the platform has no way to show whether it was."""

UNSENT = frozenset({BEFORE})
"""A request whose effect shows. Where it does not, it may still be on its way."""

UPLOADS = ("marketo.imports",)
"""An import that Marketo took without an answer cannot be found. Its file is sent again when that import
must have ended, which changes nothing more."""

NEVER: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Row:
    """An operator on a platform.

    :param operator: its class.
    :param arguments: of its constructor, given a folder for files.
    :param prepare: what the account needs first.
    :param unknown: the instants after which the task may end with an unknown outcome.
    :param each_run: whether each DAG run is to have an effect of its own, so that two runs have two.
    :param ignored: what is not compared.
    """

    operator: type[BaseOperator]
    platform: str
    arguments: Callable[[Path], dict[str, Any]]
    prepare: Callable[[Sandbox], object] = lambda box: None
    unknown: frozenset[str] = NEVER
    each_run: bool = False
    ignored: tuple[str, ...] = ()

    def make(self, folder: Path) -> BaseOperator:
        conn_id = f"{self.platform}_default"
        return self.operator(task_id="task", conn_id=conn_id, **self.arguments(folder))


def hub(
    operator: Any, prepare: Any = lambda box: None, unknown: Any = NEVER, each_run: bool = False, **given: Any
) -> Row:
    return Row(operator, "hubspot", lambda folder: given, prepare, unknown, each_run)


def mkt(
    operator: Any, prepare: Any = lambda box: None, unknown: Any = NEVER, each_run: bool = False, **given: Any
) -> Row:
    return Row(operator, "marketo", lambda folder: given, prepare, unknown, each_run)


def _source(folder: Path) -> str:
    path = folder / "leads.csv"
    if not path.exists():
        path.write_text("email\n" + "".join(f"{one['email']}\n" for one in NEW_PEOPLE))
    return path.as_uri()


def _import(platform: str) -> Row:
    return Row(
        imports.ImportLeadsOperator,
        platform,
        lambda folder: {"source": _source(folder), "poll_interval": 0.05, "lost_after": 0.4},
        ignored=UPLOADS,
    )


def _bulk_sync(platform: str) -> Row:
    arguments = {"mode": "bulk", "poll_interval": 0.05}
    return Row(
        leads.SyncLeadsOperator,
        platform,
        lambda folder: {"source": _source(folder), **arguments},
        ignored=UPLOADS,
    )


def _changed_sync(platform: str) -> Row:
    def arguments(folder: Path) -> dict[str, Any]:
        return {"leads": NEW_PEOPLE, "changes": "changed", "state_path": str(folder / "state")}

    return Row(leads.SyncLeadsOperator, platform, arguments)


def _changed_in_bulk(platform: str) -> Row:
    def arguments(folder: Path) -> dict[str, Any]:
        bulk = {"mode": "bulk", "poll_interval": 0.05}
        return {"source": _source(folder), "changes": "changed", "state_path": str(folder / "state"), **bulk}

    return Row(leads.SyncLeadsOperator, platform, arguments, ignored=UPLOADS)


def _list_sync(platform: str, list_id: Any, people: list[Any]) -> Row:
    key = _list_diff.ID_FIELDS[platform]

    def arguments(folder: Path) -> dict[str, Any]:
        rows = [{key: str(one)} for one in people]
        given = {"list_id": list_id, "leads": rows, "lookup_field": key}
        return {**given, "state_path": str(folder / "state")}

    return Row(lists.SyncListOperator, platform, arguments)


def _gdpr_deletion(platform: str, people: list[Any]) -> Row:
    def arguments(folder: Path) -> dict[str, Any]:
        return {"leads": people, "max_deleted": 5, "tombstones_path": str(folder / "tombstones")}

    return Row(deleting.GdprDeleteLeadsOperator, platform, arguments)


def _export(operator: Any, **given: Any) -> Row:
    def arguments(folder: Path) -> dict[str, Any]:
        return {"output_path": str(folder / "exported.csv"), "poll_interval": 0.05, **given}

    return Row(operator, "marketo", arguments)


def _machines(box: Sandbox) -> None:
    """Add a custom object whose records have a property with unique values."""
    serial = {"name": "serial", "label": "Serial", "type": "string", "fieldType": "text"}
    schema = {"name": "machine", "labels": {"singular": "Machine", "plural": "Machines"}}
    box.hubspot.state.objects.add_custom(
        {**schema, "createdAt": _THEN, "updatedAt": _THEN}, [{**serial, "hasUniqueValue": True}]
    )


def _long_program(box: Sandbox) -> Any:
    program = box.marketo.state.programs[marketo.EMAIL_PROGRAM]
    program.end = LATER + timedelta(days=9)
    return program


def _approved_program(box: Sandbox) -> None:
    program = _long_program(box)
    program.start = LATER
    approve_program(box.marketo.state, program)


def _published(box: Sandbox) -> None:
    email = box.hubspot.state.emails.get(hubspot.SCHEDULED_EMAIL)
    assert email is not None
    box.hubspot.state.emails.publish(email)


EVENT = {"external_event_id": "e", "external_account_id": "a", "name": "E", "organizer": "Us"}
KNOWN_EVENT = {
    "external_event_id": marketing_events.PAST_WEBINAR,
    "external_account_id": marketing_events.ACCOUNT,
}
NEW_CAMPAIGNS = [{"name": "A"}, {"name": "B"}]
IN_RANGE = {"start": "2025-01-01T00:00:00Z", "end": "2025-01-31T00:00:00Z"}

ROWS: dict[str, Row] = {
    # -- campaigns and programs
    "hubspot create campaigns": hub(campaigns.CreateCampaignBatchOperator, campaigns=NEW_CAMPAIGNS),
    "marketo create campaigns": mkt(
        campaigns.CreateCampaignBatchOperator,
        campaigns=NEW_CAMPAIGNS,
        campaign_defaults={"folder_id": marketo.PROGRAM_FOLDER, "channel": "Default"},
    ),
    "hubspot update campaigns": hub(
        campaigns.UpdateCampaignBatchOperator,
        campaigns=[hubspot.SPRING_CAMPAIGN, {"name": "Webinar series"}],
        changes={"hs_notes": "new"},
    ),
    "marketo update campaigns": mkt(
        campaigns.UpdateCampaignBatchOperator,
        campaigns=[marketo.DEFAULT_PROGRAM],
        changes={"description": "new"},
    ),
    "hubspot archive campaigns": hub(
        campaigns.ArchiveCampaignBatchOperator,
        campaigns=[hubspot.SPRING_CAMPAIGN, {"name": "Webinar series"}],
    ),
    "marketo archive campaigns": mkt(
        campaigns.ArchiveCampaignBatchOperator, campaigns=[marketo.DEFAULT_PROGRAM]
    ),
    "hubspot associate assets": hub(
        campaigns.AssociateAssetsOperator,
        campaign_id=hubspot.SPRING_CAMPAIGN,
        assets={"MARKETING_EMAIL": [hubspot.NEWSLETTER_EMAIL]},
    ),
    "marketo clone program": mkt(
        programs.CloneProgramOperator,
        program_id=marketo.EMAIL_PROGRAM,
        name="Copy",
        folder_id=marketo.PROGRAM_FOLDER,
    ),
    "marketo set tokens": mkt(
        programs.SetProgramTokensOperator, program_id=marketo.EMAIL_PROGRAM, tokens={"Headline": "x"}
    ),
    "marketo schedule program": mkt(
        programs.ScheduleEmailProgramOperator,
        _long_program,
        program_id=marketo.EMAIL_PROGRAM,
        publish_at=LATER,
    ),
    "marketo unapprove program": mkt(
        programs.UnapproveProgramOperator, _approved_program, program_id=marketo.EMAIL_PROGRAM
    ),
    "marketo schedule program with safeguards": mkt(
        programs.ScheduleEmailProgramOperator,
        _long_program,
        program_id=marketo.EMAIL_PROGRAM,
        publish_at=LATER,
        max_recipients=100,
        send_key="newsletter",
    ),
    "marketo schedule campaign": mkt(
        smart_campaigns.ScheduleCampaignOperator,
        campaign_id=marketo.BATCH_CAMPAIGN,
        unknown=UNSENT,
        each_run=True,
    ),
    "marketo schedule a copy": mkt(
        smart_campaigns.ScheduleCampaignOperator,
        campaign_id=marketo.BATCH_CAMPAIGN,
        clone_to_program_name="Copy",
    ),
    "marketo activate campaign": mkt(
        smart_campaigns.ActivateCampaignOperator, campaign_id=marketo.INACTIVE_CAMPAIGN
    ),
    "marketo deactivate campaign": mkt(
        smart_campaigns.DeactivateCampaignOperator, campaign_id=marketo.REQUEST_CAMPAIGN
    ),
    # -- emails
    "hubspot create email": hub(emails.CreateEmailOperator, name="Made", fields={"subject": "S"}),
    "marketo create email": mkt(
        emails.CreateEmailOperator,
        name="Made",
        fields={
            "subject": "S",
            "fromName": "Us",
            "fromEmail": "us@example.com",
            "replyEmail": "us@example.com",
        },
        folder_id=marketo.EMAIL_FOLDER,
        template_id=marketo.TEMPLATE,
    ),
    "hubspot clone email": hub(emails.CloneEmailOperator, email_id=hubspot.NEWSLETTER_EMAIL, name="Copy"),
    "marketo clone email": mkt(
        emails.CloneEmailOperator,
        email_id=marketo.APPROVED_EMAIL,
        name="Copy",
        folder_id=marketo.EMAIL_FOLDER,
    ),
    "hubspot update email": hub(
        emails.UpdateEmailOperator, email_id=hubspot.NEWSLETTER_EMAIL, changes={"subject": "New"}
    ),
    "marketo update email": mkt(
        emails.UpdateEmailOperator, email_id=marketo.DRAFT_EMAIL, changes={"subject": "New"}
    ),
    "hubspot publish": hub(emails.PublishEmailOperator, email_id=hubspot.NEWSLETTER_EMAIL, send_now=True),
    "hubspot publish with safeguards": hub(
        emails.PublishEmailOperator,
        email_id=hubspot.NEWSLETTER_EMAIL,
        send_now=True,
        max_recipients=100,
        not_after=LATER,
        send_key="newsletter",
    ),
    "hubspot schedule": hub(emails.PublishEmailOperator, email_id=hubspot.NEWSLETTER_EMAIL, publish_at=LATER),
    "marketo approve email": mkt(emails.PublishEmailOperator, email_id=marketo.DRAFT_EMAIL),
    "marketo publish program": mkt(
        emails.PublishEmailOperator, _long_program, program_id=marketo.EMAIL_PROGRAM, publish_at=LATER
    ),
    "hubspot unpublish": hub(emails.UnpublishEmailOperator, _published, email_id=hubspot.SCHEDULED_EMAIL),
    "marketo unapprove email": mkt(emails.UnpublishEmailOperator, email_id=marketo.NEWSLETTER_EMAIL),
    "hubspot create variation": hub(
        email_tests.CreateABTestVariationOperator, email_id=hubspot.NEWSLETTER_EMAIL, variation_name="B"
    ),
    "marketo send samples": mkt(
        email_tests.SendSampleEmailOperator,
        email_id=marketo.DRAFT_EMAIL,
        to=["a@example.com", "b@example.com"],
        unknown=LOST,
        each_run=True,
    ),
    "hubspot send transactional": hub(
        sends.SendTransactionalEmailOperator,
        email_id=hubspot.TRANSACTIONAL_EMAIL,
        to="new@example.com",
        each_run=True,
    ),
    "hubspot send single": hub(
        sends.SendSingleEmailOperator,
        email_id=hubspot.SINGLE_SEND_EMAIL,
        to="new@example.com",
        each_run=True,
    ),
    "hubspot send to people": hub(
        sends.SendEmailToPeopleOperator,
        email_id=hubspot.TRANSACTIONAL_EMAIL,
        leads=["new1@example.com", "new2@example.com"],
        poll_interval=0.05,
        each_run=True,
    ),
    # -- leads
    "hubspot sync": hub(leads.SyncLeadsOperator, leads=NEW_PEOPLE),
    "marketo sync": mkt(leads.SyncLeadsOperator, leads=NEW_PEOPLE),
    "marketo sync duplicates": mkt(
        leads.SyncLeadsOperator, leads=NEW_PEOPLE, action="createDuplicate", unknown=LOST, each_run=True
    ),
    "hubspot sync of objects": hub(
        objects.SyncObjectsOperator,
        _machines,
        object_type="p_machine",
        lookup_field="serial",
        records=[{"serial": str(number), "who": ADA} for number in range(3)],
        associate=[{"to": "contacts", "column": "who"}],
    ),
    "marketo sync of objects": mkt(
        objects.SyncObjectsOperator,
        object_type="machine_c",
        records=[{"serialNumber": f"m{number}", "leadId": marketo.ANNA} for number in range(3)],
    ),
    "hubspot bulk sync": _bulk_sync("hubspot"),
    "marketo bulk sync": _bulk_sync("marketo"),
    "hubspot sync of changes": _changed_sync("hubspot"),
    "marketo sync of changes": _changed_sync("marketo"),
    "hubspot bulk sync of changes": _changed_in_bulk("hubspot"),
    "marketo bulk sync of changes": _changed_in_bulk("marketo"),
    "hubspot import": _import("hubspot"),
    "marketo import": _import("marketo"),
    "marketo push": mkt(
        lead_intake.PushLeadsOperator,
        program_name="Website Contacts",
        leads=NEW_PEOPLE,
        unknown=LOST,
        each_run=True,
    ),
    "marketo submit form": mkt(
        lead_intake.SubmitFormOperator,
        form_id=marketo.FORM,
        fields={"email": "new@example.com"},
        unknown=LOST,
        each_run=True,
    ),
    "hubspot delete": hub(deleting.DeleteLeadsOperator, leads=[ADA, BRUNO]),
    "marketo delete": mkt(deleting.DeleteLeadsOperator, leads=PEOPLE),
    "hubspot gdpr delete": _gdpr_deletion("hubspot", [ADA, BRUNO]),
    "marketo gdpr delete": _gdpr_deletion("marketo", PEOPLE),
    "hubspot merge": hub(merging.MergeLeadsOperator, winner_id=ADA, loser_ids=[BRUNO, CHIDI]),
    "marketo merge": mkt(merging.MergeLeadsOperator, winner_id=marketo.DAVID, loser_ids=PEOPLE),
    "hubspot add to list": hub(
        lists.AddToListOperator, leads=list(hubspot.CONTACT_IDS[3:]), list_id=hubspot.LIST_ID
    ),
    "marketo add to list": mkt(
        lists.AddToListOperator, leads=[marketo.DAVID, marketo.ELIF], list_id=marketo.STATIC_LIST
    ),
    "hubspot sync of a list": _list_sync("hubspot", hubspot.LIST_ID, list(hubspot.CONTACT_IDS[3:])),
    "marketo sync of a list": _list_sync("marketo", marketo.STATIC_LIST, [marketo.DAVID, marketo.ELIF]),
    "hubspot remove from list": hub(
        lists.RemoveFromListOperator, leads=[ADA, BRUNO], list_id=hubspot.LIST_ID
    ),
    "marketo remove from list": mkt(lists.RemoveFromListOperator, leads=PEOPLE, list_id=marketo.STATIC_LIST),
    "hubspot subscribe": hub(
        subscriptions.SubscribeOperator,
        leads=["new1@example.com", "new2@example.com"],
        subscription_id=hubspot.DEFAULT_SUBSCRIPTION,
    ),
    "hubspot unsubscribe": hub(
        subscriptions.UnsubscribeOperator,
        leads=["ada@example.com", "new2@example.com"],
        subscription_id=hubspot.DEFAULT_SUBSCRIPTION,
    ),
    # -- nurture
    "hubspot enroll": hub(
        nurture.EnrollNurtureOperator,
        campaign_id=hubspot.TRIAL_NURTURE,
        leads=list(hubspot.LEAD_GUIDS[:2]),
    ),
    "marketo enroll by status": mkt(
        nurture.EnrollNurtureOperator,
        leads=PEOPLE,
        program_id=marketo.NURTURE_PROGRAM,
        status_name="Member",
    ),
    "marketo enroll by campaign": mkt(
        nurture.EnrollNurtureOperator,
        leads=PEOPLE,
        campaign_id=marketo.REQUEST_CAMPAIGN,
        program_id=marketo.NURTURE_PROGRAM,
        unknown=UNSENT,
    ),
    "marketo request campaign": mkt(
        campaign_requests.RequestCampaignOperator,
        leads=PEOPLE,
        campaign_id=marketo.REQUEST_CAMPAIGN,
        unknown=UNSENT,
        each_run=True,
    ),
    "marketo request campaign with safeguards": mkt(
        campaign_requests.RequestCampaignOperator,
        leads=PEOPLE,
        campaign_id=marketo.REQUEST_CAMPAIGN,
        max_recipients=2,
        not_after=LATER,
        unknown=UNSENT,
        each_run=True,
    ),
    "marketo set program status": mkt(
        program_members.SetProgramStatusOperator,
        leads=PEOPLE,
        program_id=marketo.NURTURE_PROGRAM,
        status_name="Member",
    ),
    "hubspot enroll in workflow": hub(
        workflows.EnrollWorkflowOperator,
        flow_id=automation.REMINDER_FLOW,
        leads=[ADA, BRUNO],
        unknown=UNSENT,
        each_run=True,
    ),
    "hubspot enroll in sequence": hub(
        sequences.EnrollSequenceOperator,
        leads=[ADA, BRUNO],
        sequence_id=automation.FOLLOW_UP_SEQUENCE,
        user_id=automation.SALES_USER,
        sender_email=automation.SALES_ADDRESS,
        unknown=UNSENT,
        each_run=True,
    ),
    # -- marketing events
    "hubspot upsert events": hub(events.UpsertMarketingEventsOperator, events=[EVENT]),
    "hubspot record attendance": hub(
        events.RecordAttendanceOperator,
        state="register",
        leads=[{"email": "new@example.com", "interaction_at": "2026-01-01T09:00:00Z"}],
        **KNOWN_EVENT,
    ),
    "hubspot cancel event": hub(events.CancelMarketingEventOperator, **KNOWN_EVENT),
    "hubspot complete event": hub(
        events.CompleteMarketingEventOperator,
        started_at="2026-01-01T09:00:00Z",
        ended_at="2026-01-01T10:00:00Z",
        **KNOWN_EVENT,
    ),
    # -- a check makes temporary lists
    "hubspot check email": hub(
        email_checks.CheckEmailOperator,
        lambda box: setattr(box.hubspot.settings, "list_processing", 0.05),
        email_id=hubspot.SCHEDULED_EMAIL,
        count="lists",
        on_error="report",
        poll_interval=0.05,
    ),
    # -- exports are jobs that count against the account's limits
    "marketo export leads": _export(exports.ExportLeadsOperator, fields=["id", "email"], **IN_RANGE),
    "marketo export activities": _export(exports.ExportActivitiesOperator, **IN_RANGE),
    "marketo export members": _export(
        exports.ExportProgramMembersOperator, fields=["leadId"], program_id=marketo.NURTURE_PROGRAM
    ),
    "marketo export custom objects": _export(
        custom_object_exports.ExportCustomObjectsOperator,
        api_name=marketo.MACHINE_TYPE,
        fields=["marketoGUID"],
        **IN_RANGE,
    ),
    # -- any call, whose effect cannot be looked up
    "hubspot named call": hub(
        HubSpotOperator,
        call="campaigns.create",
        arguments={"properties": {"hs_name": "Named"}},
        unknown=LOST,
        each_run=True,
    ),
    "marketo named call": mkt(
        MarketoOperator,
        call="campaigns.request",
        arguments={"campaign_id": marketo.REQUEST_CAMPAIGN, "lead_ids": PEOPLE},
        unknown=LOST,
        each_run=True,
    ),
}

__all__ = ["ANSWERED", "RETURNED", "ROWS", "Row", "operators_of_the_provider"]


def operators_of_the_provider() -> set[str]:
    """Names of the operators in the provider info."""
    modules = {module for one in get_provider_info()["operators"] for module in one["python-modules"]}
    return {
        name
        for module in modules
        for name, member in inspect.getmembers(import_module(module), inspect.isclass)
        if member.__module__ == module and issubclass(member, BaseOperator) and not name.startswith("_")
    }
