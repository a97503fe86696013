"""What the operators return: small JSON, which goes into XCom.

``outcome`` names the kind of outcome, ``platform`` is ``hubspot`` or ``marketo``. In the outcomes of batches,
``rejected`` maps the label of an item to the platform's reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from pydantic import JsonValue

    from airflow_provider_mkt.actions.jobs import JobDict, JobStateDict


# -- campaigns and programs ---------------------------------------------------------------------------


class CampaignBatchOutcome(TypedDict):
    """The campaigns of a batch, name to id, and how many of them were created or existed already.

    ``jobs`` are complete when the platform shows the campaigns in its lists.
    """

    outcome: Literal["campaign_batch"]
    platform: str
    campaigns: dict[str, str]
    created: int
    existing: int
    rejected: dict[str, str]
    jobs: list[JobDict]


class CampaignUpdateOutcome(TypedDict):
    """The campaigns that were updated, label to id, and how many."""

    outcome: Literal["campaign_update"]
    platform: str
    campaigns: dict[str, str]
    updated: int
    rejected: dict[str, str]


class CampaignArchiveOutcome(TypedDict):
    """How many campaigns were archived, and the labels of those that did not exist."""

    outcome: Literal["campaign_archive"]
    platform: str
    archived: int
    absent: list[str]
    rejected: dict[str, str]


class CampaignAssetsOutcome(TypedDict):
    """How many assets were added to a campaign and removed from it. ``rejected`` is by ``TYPE id``."""

    outcome: Literal["campaign_assets"]
    platform: str
    campaign_id: str
    added: int
    removed: int
    rejected: dict[str, str]


class CampaignScheduleOutcome(TypedDict):
    """A run of a smart campaign. ``scheduled`` is True when this task scheduled it."""

    outcome: Literal["campaign_schedule"]
    platform: str
    campaign_id: str
    program_id: str | None
    scheduled: bool
    run_at: str | None
    audience: NotRequired[SentTo]
    approval: NotRequired[ApprovedBy]


class CampaignSwitchOutcome(TypedDict):
    """Whether a trigger campaign is active, and whether this task changed that."""

    outcome: Literal["campaign_switch"]
    platform: str
    campaign_id: str
    active: bool
    changed: bool


class ProgramCopyOutcome(TypedDict):
    """A copy of a program. ``created`` is True when this task created it."""

    outcome: Literal["program_copy"]
    platform: str
    program_id: str
    name: str
    created: bool


class ProgramTokensOutcome(TypedDict):
    """The names of the tokens that were changed, and how many had their value already."""

    outcome: Literal["program_tokens"]
    platform: str
    changed: list[str]
    unchanged: int


class EmailProgramScheduleOutcome(TypedDict):
    """An approved email program. ``scheduled`` is True when this task approved it."""

    outcome: Literal["email_program_schedule"]
    platform: str
    program_id: str
    scheduled: bool
    state: str
    scheduled_for: str | None
    job: JobDict
    audience: NotRequired[SentTo]
    approval: NotRequired[ApprovedBy]
    job_states: NotRequired[list[JobStateDict]]


class EmailProgramWithdrawalOutcome(TypedDict):
    """Whether this task unapproved an email program, and when that program was due."""

    outcome: Literal["email_program_withdrawal"]
    platform: str
    program_id: str
    unapproved: bool
    was_due: str | None


# -- sends --------------------------------------------------------------------------------------------


class DryRunOutcome(TypedDict):
    """What an operator that sends would do, and did not, because of ``dry_run``.

    ``code`` names the safeguard that would refuse the send, such as ``audience.too_large``, and ``reason``
    says why; both are empty when nothing would. ``goes_out_at`` is None when the mail would go out at once.
    """

    outcome: Literal["dry_run"]
    platform: str
    target: str
    would_send: bool
    code: str
    reason: str
    goes_out_at: str | None
    audience: dict[str, object] | None


class SentTo(TypedDict):
    """How many people a send reaches: ``at_most``, which is ``exact`` or an upper bound."""

    at_most: int | None
    exact: bool


class ApprovedBy(TypedDict):
    """Who let a send go, an Airflow user, and when. ``by`` is empty when no answer was needed."""

    by: str
    at: str


# -- emails -------------------------------------------------------------------------------------------


class EmailPublicationOutcome(TypedDict):
    """An email that is published or scheduled. ``published`` is True when this task did that."""

    outcome: Literal["email_publication"]
    platform: str
    published: bool
    state: str
    scheduled_for: str | None
    job: JobDict
    audience: NotRequired[SentTo]
    approval: NotRequired[ApprovedBy]
    job_states: NotRequired[list[JobStateDict]]


class EmailCheckResult(TypedDict):
    """What one check found. ``exact`` is False where ``value`` is only an upper bound."""

    id: str
    severity: Literal["info", "warning", "error"]
    ok: bool
    value: JsonValue
    limit: JsonValue
    text: str
    exact: bool


class EmailCheckOutcome(TypedDict):
    """What the checks of a send found.

    ``status`` is the worst of what ``checks`` found, each by its severity.
    ``target`` and ``fingerprint`` bind a later send to what was checked. ``audience`` holds ``total``,
    ``at_most``, ``exact``, ``lists``, ``excluded_lists``, ``excluded`` by reason, ``last`` and ``change``.
    ``preview`` is Markdown. ``calls`` counts the calls, and ``report`` is the path of the full report.
    """

    outcome: Literal["email_check"]
    platform: str
    status: Literal["ok", "warning", "error"]
    target: dict[str, str]
    account: dict[str, str]
    name: str
    checks: list[EmailCheckResult]
    audience: dict[str, JsonValue]
    fingerprint: str
    preview: str
    link: str
    send_at: str | None
    checked_at: str
    calls: int
    report: str | None


class EmailCreationOutcome(TypedDict):
    """A new email or a copy of one. ``created`` is True when this task created it."""

    outcome: Literal["email_creation", "email_copy"]
    platform: str
    email_id: str
    name: str
    state: str
    created: bool


class EmailVariationOutcome(TypedDict):
    """The B variation of an email. ``created`` is True when this task created it."""

    outcome: Literal["email_variation"]
    platform: str
    email_id: str
    original_id: str
    name: str
    state: str
    created: bool


class EmailUpdateOutcome(TypedDict):
    """The names of the fields of an email that were changed, and in which version."""

    outcome: Literal["email_update"]
    platform: str
    email_id: str
    changed: list[str]
    version: str
    state: str


class EmailWithdrawalOutcome(TypedDict):
    """The state of an email that is not published. ``unpublished`` is True when this task unpublished it."""

    outcome: Literal["email_withdrawal"]
    platform: str
    email_id: str
    unpublished: bool
    state: str


class EmailSamplesOutcome(TypedDict):
    """How many samples were sent or rejected, and for how many it is unknown."""

    outcome: Literal["email_samples"]
    platform: str
    email_id: str
    total: int
    sent: int
    rejected: int
    unknown: int


class EmailSendOutcome(TypedDict):
    """The send status of one email to one person."""

    outcome: Literal["email_send"]
    platform: str
    email_id: str
    job: JobDict
    state: str
    approval: NotRequired[ApprovedBy]
    job_states: NotRequired[list[JobStateDict]]


class EmailApprovalOutcome(TypedDict):
    """Whether a person let an email go out. It holds for what has this ``fingerprint``, and nothing else.

    ``requested`` is False when no approval was needed: the check found nothing, and at most ``approve_above``
    people get it, None for any number. It then does not hold for more people.
    ``approved_by`` is the Airflow user who answered, None where nobody did; ``answered_at`` is in UTC.
    ``timed_out`` is True when nobody answered in time.
    """

    outcome: Literal["email_approval"]
    approved: bool
    requested: bool
    timed_out: bool
    approved_by: str | None
    answered_at: str
    note: str
    fingerprint: str
    audience: int | None
    approve_above: int | None
    target: dict[str, str]


class EmailReportRow(TypedDict):
    """What came of one send. Figures that the platform does not tell are None."""

    account: str
    kind: str
    id: str
    name: str
    series: str | None
    send_key: str | None
    audience: int | None
    sent: int
    delivered: int
    bounced: int
    soft_bounced: int | None
    dropped: int | None
    reasons: dict[str, int]
    unexplained: int | None
    opened: int
    clicked: int
    unsubscribed: int
    spam: int | None
    at: str


class EmailReportOutcome(TypedDict):
    """What came of the sends together. Figures that the platform does not tell are None.

    ``audience`` is the sum of ``sent``, ``dropped`` and ``unexplained``. ``reasons`` counts the dropped
    people by the platform's word. ``rates`` are shares of 1. ``status`` is ``error`` or ``warning`` when
    there are ``problems``. ``path`` is the file of figures, ``rejects`` that of the dropped people.
    """

    outcome: Literal["email_report"]
    platform: str
    status: Literal["ok", "warning", "error"]
    problems: list[str]
    audience: int | None
    sent: int
    delivered: int
    bounced: int
    dropped: int | None
    unexplained: int | None
    reasons: dict[str, int]
    opened: int
    clicked: int
    unsubscribed: int
    spam: int | None
    rates: dict[str, float]
    sends: list[dict[str, str | int]]
    path: str | None
    rejects: str | None


class EmailStatisticsOutcome(TypedDict):
    """A file of email statistics, and its number of rows."""

    outcome: Literal["email_statistics"]
    platform: str
    breakdown: str
    rows: int
    path: str


# -- marketing events ---------------------------------------------------------------------------------


class MarketingEventsOutcome(TypedDict):
    """How many marketing events were written or rejected, with reasons by event."""

    outcome: Literal["marketing_events"]
    platform: str
    total: int
    written: int
    rejected: int
    reasons: dict[str, str]


class MarketingEventOutcome(TypedDict):
    """The ids of a marketing event that was cancelled or completed."""

    outcome: Literal["marketing_event_cancelled", "marketing_event_completed"]
    platform: str
    external_event_id: str
    external_account_id: str
    object_id: str | None


# -- leads --------------------------------------------------------------------------------------------


class LeadMergeOutcome(TypedDict):
    """How many leads were merged into the winner, by this task or before, with reasons by rejected lead."""

    outcome: Literal["lead_merge"]
    platform: str
    winner_id: str
    total: int
    merged: int
    already: int
    rejected: int
    reasons: dict[str, str]


# -- files --------------------------------------------------------------------------------------------


class ExportedFile(TypedDict):
    """A file of an export. ``rows`` is None where the platform does not report them.

    ``export_id`` is the HubSpot job that it is made of, where there is one."""

    path: str
    rows: int | None
    bytes: int
    sha256: str
    export_id: NotRequired[str]


class RangeOutcome(TypedDict):
    """The range of an export with ``since="last"``.

    ``start`` is None where all there is was exported. ``left_out`` counts rows that were read again because
    some come late, and that earlier runs have exported.
    """

    start: NotRequired[str | None]
    end: NotRequired[str]
    left_out: NotRequired[int]


class ExportOutcome(RangeOutcome):
    """An export. ``sha256`` is None, and ``files`` is there, when each window has its own file.

    ``windows`` is how many there are. ``seconds`` counts from the start of the first try. ``export_ids`` are
    the platform's jobs; an export that reads pages has none.
    """

    outcome: Literal["export"]
    platform: str
    kind: str
    output_path: str
    rows: int | None
    bytes: int
    sha256: str | None
    windows: int
    export_ids: list[str | None]
    seconds: int
    files: NotRequired[list[ExportedFile]]


class RowsWrittenOutcome(TypedDict):
    """The file that has the result of a named call, and its number of rows.

    ``next`` is there when the file has one page: see :class:`PageOutcome`.
    """

    outcome: Literal["rows_written"]
    platform: str
    rows: int
    path: str
    next: NotRequired[dict[str, str | int] | None]


class PageOutcome(TypedDict):
    """One page of the rows of a named call.

    ``next`` has the arguments with which the next page begins, such as ``{"after": "100"}``, and is None on
    the last page.
    """

    outcome: Literal["page"]
    platform: str
    rows: list[object]
    next: dict[str, str | int] | None


class TooLargeForXComOutcome(TypedDict):
    """The size of a result of a named call that does not fit into XCom."""

    outcome: Literal["too_large_for_xcom"]
    platform: str
    characters: int


# -- one action for many leads or contacts ------------------------------------------------------------


class MemberOutcome(TypedDict):
    """What all outcomes of such an action have. Each adds the leads it changed, and those it had no need to.

    ``total`` counts distinct leads, ``duplicates`` those that were given again. For ``unknown`` leads it is
    not known whether the action was applied. ``reasons`` maps the most frequent codes of rejected and unknown
    leads to their counts; ``rejects`` is the file with these leads, None when there are none. ``seconds`` is
    the duration of the last try.
    """

    platform: str
    total: int
    duplicates: int
    rejected: int
    unknown: int
    reasons: dict[str, int]
    rejects: str | None
    seconds: float


class SendOutcome(MemberOutcome):
    """What the outcomes of an action that sends have besides. ``approval`` is there where one was given."""

    approval: NotRequired[ApprovedBy]


class ListAdditionOutcome(MemberOutcome):
    """Leads that were added to a list, and those that were in it. Marketo reports both as added."""

    outcome: Literal["list_addition"]
    added: int
    already_in: int


class ListRemovalOutcome(MemberOutcome):
    """Leads that were removed from a list, and those that were not in it."""

    outcome: Literal["list_removal"]
    removed: int
    not_in: int


class NurtureEnrollmentOutcome(SendOutcome):
    """Leads that were enrolled in a nurture program, and those that were in it."""

    outcome: Literal["nurture_enrollment"]
    enrolled: int
    already_enrolled: int


class WorkflowEnrollmentOutcome(SendOutcome):
    """Contacts that were enrolled in a workflow, and those that were in it."""

    outcome: Literal["workflow_enrollment"]
    enrolled: int
    already_enrolled: int


class SequenceEnrollmentOutcome(SendOutcome):
    """Contacts that were enrolled in a sequence, and those that were in it."""

    outcome: Literal["sequence_enrollment"]
    enrolled: int
    already_enrolled: int


class ProgramStatusOutcome(MemberOutcome):
    """Leads whose program status was set, and members that had it or a later one."""

    outcome: Literal["program_status"]
    changed: int
    already_there: int


class CampaignRequestOutcome(SendOutcome):
    """Leads that were requested for a campaign, and those that were left out as members of a program."""

    outcome: Literal["campaign_request"]
    requested: int
    already_member: int


class SubscriptionOutcome(MemberOutcome):
    """Addresses that were subscribed to a type of email, and those that were subscribed to it."""

    outcome: Literal["subscription"]
    subscribed: int
    already_subscribed: int


class UnsubscriptionOutcome(MemberOutcome):
    """Addresses that were unsubscribed from email, and those that were not subscribed to it."""

    outcome: Literal["unsubscription"]
    unsubscribed: int
    already_unsubscribed: int


class LeadDeletionOutcome(MemberOutcome):
    """Leads that were deleted, and those that did not exist."""

    outcome: Literal["lead_deletion"]
    deleted: int
    already_gone: int


class LeadErasureOutcome(MemberOutcome):
    """People who were deleted for good, and those whom the platform did not have."""

    outcome: Literal["lead_erasure"]
    deleted: int
    already_gone: int


class EmailMailingOutcome(SendOutcome):
    """Addresses that an email was sent to, and those that it was sent to by an earlier try."""

    outcome: Literal["email_mailing"]
    mailed: int
    mailed_before: int


# -- leads --------------------------------------------------------------------------------------------


class FormSubmissionOutcome(TypedDict):
    """A form that was filled out. ``status`` is ``created`` or ``updated``."""

    outcome: Literal["form_submission"]
    platform: str
    form_id: str
    lead_id: str
    status: str
