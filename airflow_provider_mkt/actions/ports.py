"""The verbs that both platforms share, as operators and the sync pipeline call them.

Each verb checks what it is given before it yields its first call. Options that one platform alone has are
keyword arguments: :func:`no_options` rejects those of the other one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypedDict, Unpack

from airflow_provider_mkt.actions.campaigns import CampaignOutcome, CampaignRef
from airflow_provider_mkt.actions.consent import Consent, Person, Refusal
from airflow_provider_mkt.actions.emails import EmailChange, EnsuredEmail, Withdrawal
from airflow_provider_mkt.actions.imports import Findings, Upload
from airflow_provider_mkt.actions.jobs import Job, JobSpec, JobState
from airflow_provider_mkt.actions.leads import KnownFields, Record, RecordResult, RunCall, StoredLeads
from airflow_provider_mkt.actions.member_emails import Found
from airflow_provider_mkt.actions.members import MemberAction, StaticList
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.actions.reading import ColumnTypes, Reading, Span
from airflow_provider_mkt.actions.sending import (
    AudienceCount,
    Counting,
    CountMethod,
    SendDetails,
    SendEvidence,
    SendTarget,
)
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.client.transport.exchange import Reply


def no_options(options: Mapping[str, object], problem: str) -> None:
    """Check that no option of the other platform is given.

    :param problem: what is wrong with such an option.
    :raises InvalidInput: naming the first one that is given.
    """
    for name, value in options.items():
        if value is not None and value is not False:
            raise InvalidInput(name, problem)


class EmailCreateOptions(TypedDict, total=False):
    """Marketo's options for a new email: where it goes, and the template that it is made from."""

    folder_id: str | None
    folder_type: str | None
    template_id: str | None


class EmailCloneOptions(TypedDict, total=False):
    """Options for a copy of an email: Marketo's folder, HubSpot's language."""

    folder_id: str | None
    folder_type: str | None
    language: str | None


class EnrollOptions(TypedDict, total=False):
    """Options for an enrollment: HubSpot takes the campaign alone, Marketo a campaign or a program."""

    campaign_id: str | None
    program_id: str | None
    status_name: str | None
    tokens: Mapping[str, str] | None
    verify: bool
    stream_name: str | None
    on_no_effect: str


@dataclass(frozen=True)
class NewProperties:
    """HubSpot: properties that are created where an object type does not have them.

    :param types: field to its type.
    :param group: the property group, which is created too.
    :param parameter: the parameter that asks for it.
    """

    types: Mapping[str, str]
    group: str
    parameter: str = "create_missing_properties"


class LeadWriter(Protocol):
    """Write batches of leads to one platform."""

    batch_max: int
    """Most records in one call."""
    bytes_max: int
    """Most bytes in the body of one call."""
    quiet_after: float
    """Seconds after an ambiguous call for which the same keys must not be written; 0 for none."""
    repeatable: bool
    """Whether writing a record a second time leaves one lead."""
    one_lead_per_key: bool
    """Whether records with one key are one lead, so that only the last of them is sent."""
    standard_fields: frozenset[str]
    """Fields of text that every account has and that can be written. Leads that have no others are written
    before it is known which others there are."""

    def known_fields(self) -> Procedure[KnownFields]:
        """Read which fields can be written."""

    def prepare(self, record: Record) -> dict[str, object]:
        """Convert the values of a record to the platform's types; the record itself where they are that."""

    def check(self, record: Record) -> RecordResult | None:
        """Return why a prepared record must not be sent; None when it may."""

    def key(self, record: Record) -> str | None:
        """Return what identifies the lead, normalized so that equal keys are equal; None without a key."""

    def call(self, records: Sequence[Record]) -> Call[object]:
        """Return the call that writes a batch."""

    def record_results(self, records: Sequence[Record], reply: Reply[Any]) -> list[RecordResult]:
        """Return the result of each record, in their order."""

    def about_request(self, error: InvalidRequest) -> bool:
        """Tell whether a batch was rejected for something else than its records."""

    def rejected_records(
        self, records: Sequence[Record], error: InvalidRequest, run: RunCall
    ) -> list[RecordResult | None] | None:
        """Return the results of the records that a batch was rejected for; None when that is not known.

        :param run: runs a call that helps to find out.
        :returns: None for each record that may be sent again.
        """


class ObjectWriter(LeadWriter, Protocol):
    """Write batches of records of one object type."""

    object_type: str

    def stored(self) -> StoredObjects:
        """Return what reads and removes the records, once the fields are known.

        :raises InvalidInput: when the key does not say which record is meant.
        """


class StoredObjects(Protocol):
    """Read and remove the records of one object type."""

    object_type: str
    id_field: str
    """The field with the platform's id."""
    key_fields: tuple[str, ...]
    """The fields that identify a record."""
    key_kind: Literal["email", "text"]
    """How keys are compared: ``email`` where case makes no difference."""
    key_changes: bool
    """Whether the key of a record can be changed, by the platform's id."""
    never_cleared: frozenset[str]
    """Fields without which a record cannot be, or would belong to nobody."""
    no_such_record: frozenset[str]
    """Codes of a change by id whose record does not exist."""

    def read(self, keys: Sequence[str], fields: Sequence[str], *, by_id: bool) -> Procedure[StoredLeads]:
        """Read records.

        :param keys: at most as many as a call takes. The values of a key of several fields are joined by
            :data:`~airflow_provider_mkt.actions.leads.KEY_SEPARATOR`.
        :param fields: to return.
        :param by_id: whether the keys are the platform's ids.
        """

    def removal(self) -> MemberAction:
        """Delete records, by the platform's ids."""


class LeadImporter(Protocol):
    """Import files of leads into one platform."""

    platform: str
    spec: JobSpec
    """How to follow an import."""
    key_columns: tuple[str, ...]
    """The fields that identify a lead."""
    one_lead_per_key: bool
    """Whether rows with one key are one lead, so that only the last of them is sent."""
    bytes_max: int
    """Most bytes in one file."""
    rows_max: int
    """Most rows in one file."""
    max_in_flight: int
    """Most files imported at the same time."""
    empty_clears: bool
    """Whether an empty value clears the field; otherwise it leaves the field alone."""
    quiet_after: float
    """Seconds for which a file with an unanswered upload may be imported without showing; 0 where imports can
    be looked up."""
    takes_turns: bool
    """Whether two imports that run at once may make two leads of one new key."""

    def settings(self) -> Sequence[object]:
        """Return what makes another import of the same rows, as plain JSON."""

    def known_fields(self) -> Procedure[KnownFields]:
        """Read which fields can be imported.

        :raises InvalidInput: when leads cannot be found by the key.
        """

    def key(self, value: str) -> str:
        """Normalize a value of the key, so that equal keys are equal."""

    def start(self, upload: Upload, task_state: TaskState) -> Procedure[Job]:
        """Start the import of a file.

        :param task_state: of this file alone.
        :raises RateLimited: when the queue is full.
        :raises OutcomeUnknown: when it is unknown whether it was started.
        """

    def findings(self, state: JobState, columns: Sequence[str]) -> Procedure[Findings]:
        """Read what the platform reports of the rows of a complete import.

        :param columns: of its file, in order.
        """


class CampaignVerbs(Protocol):
    """Change and archive campaigns."""

    def update(self, task_state: TaskState, campaigns: Sequence[CampaignRef]) -> Procedure[CampaignOutcome]:
        """Change campaigns. Repeating it changes nothing more."""

    def archive(self, campaigns: Sequence[CampaignRef]) -> Procedure[CampaignOutcome]:
        """Archive the campaigns that exist."""


class EmailVerbs(Protocol):
    """Create, copy, change and unpublish emails."""

    def create(
        self,
        task_state: TaskState,
        name: str,
        fields: Mapping[str, object],
        **options: Unpack[EmailCreateOptions],
    ) -> Procedure[EnsuredEmail]:
        """Create an email, unless one with that name exists."""

    def clone(
        self, task_state: TaskState, email_id: str, name: str, **options: Unpack[EmailCloneOptions]
    ) -> Procedure[EnsuredEmail]:
        """Copy an email, unless the copy with that name exists."""

    def update(
        self, email_id: str, changes: Mapping[str, object], *, version: str | None
    ) -> Procedure[EmailChange]:
        """Change an email. Repeating it changes nothing more."""

    def unpublish(self, task_state: TaskState, email_id: str) -> Procedure[Withdrawal]:
        """Unpublish an email, unless it is a draft."""


class Audience(Protocol):
    """Actions on many people."""

    def enroll(self, **options: Unpack[EnrollOptions]) -> MemberAction:
        """Enroll people in a nurture program."""

    def add_to_list(self, list_id: str) -> MemberAction:
        """Add people to a static list."""

    def remove_from_list(self, list_id: str) -> MemberAction:
        """Remove people from a static list."""

    def delete(self) -> MemberAction:
        """Delete people."""

    def erase(self) -> MemberAction:
        """Delete people and their history for good."""

    def addresses_of(self, ids: Sequence[str]) -> Procedure[list[str]]:
        """Read all email addresses of people."""

    def find_by_email(self, emails: Sequence[str]) -> Procedure[Found]:
        """Find the ids of the people with each of some email addresses in lower case."""

    def read_by_key(
        self, lookup_field: str, keys: Sequence[str], fields: Sequence[str]
    ) -> Procedure[StoredLeads]:
        """Read people by a key.

        :param lookup_field: the key; the platform's own id too.
        :param keys: its values.
        :param fields: to return.
        """

    def check_consent(self, consent: Consent) -> Procedure[None]:
        """Check that the platform has what a consent names.

        :raises NotFound: when it has not.
        """

    def refusals(
        self, consent: Consent, lookup_field: str, people: Sequence[Person]
    ) -> Procedure[Mapping[str, Refusal]]:
        """Find the people who may not be written to.

        :param lookup_field: the field that their keys are values of.
        :returns: why, by key. Whoever may be written to is missing.
        """

    def static_list(self, list_id: str) -> Procedure[StaticList]:
        """Read a list whose members can be added and removed.

        :raises NotFound: when there is no such list.
        :raises InvalidRequest: when its rules find its members.
        """

    def list_member_ids(self, list_id: str) -> Procedure[set[int]]:
        """Read the ids of all members of a list."""

    def list_members(self, list_id: str) -> Procedure[dict[str, str]]:
        """Read all members of a list: ids to email addresses in lower case, empty without one.

        :raises NotFound: when there is no such list.
        """


class LeadReads(Protocol):
    """Reads of leads page by page, for exports."""

    def deleted_columns(self) -> ColumnTypes:
        """Return the columns of deleted leads."""

    def deleted_readings(self, span: Span | None, *, merged: bool) -> Procedure[Sequence[Reading]]:
        """Return what reads the leads that were deleted in a range of time.

        :param span: the range; None for all that the platform still lists.
        :param merged: also read the leads that were merged into others.
        :raises InvalidInput: when the platform needs a range.
        """

    def member_columns(self, list_id: str, fields: Sequence[str]) -> Procedure[ColumnTypes]:
        """Read the columns of the members of a list.

        :param fields: properties or fields of the members.
        :raises InvalidInput: naming a field that does not exist.
        :raises NotFound: when there is no such list.
        """

    def member_readings(
        self, list_id: str, fields: Sequence[str], span: Span | None
    ) -> Procedure[Sequence[Reading]]:
        """Return what reads the members of a list.

        :param span: the range of the time at which they joined; None for all.
        :raises InvalidInput: when the platform does not say when they joined.
        """


class SendingVerbs(Protocol):
    """Read what is to be sent, and count whom it reaches. Nothing is sent."""

    def describe(self, target: SendTarget) -> Procedure[SendDetails]:
        """Read what decides a send. Few calls, so that it can be repeated just before the send.

        :raises NotFound: when there is no such email, program or campaign.
        :raises InvalidInput: when the platform has no sends of that kind.
        """

    def read_evidence(
        self, details: SendDetails, *, around: datetime | None, within: timedelta | None
    ) -> Procedure[SendEvidence]:
        """Read what a send is judged by, beside what :meth:`describe` reads.

        :param around: when it goes out.
        :param within: how far other sends to the same lists may be apart from it; None reads none.
        """

    def count(self, details: SendDetails, how: CountMethod = "auto") -> Procedure[AudienceCount]:
        """Count the recipients, and wait for the platform where that takes time.

        :param details: of :meth:`describe`.
        :param how: see :data:`~airflow_provider_mkt.actions.sending.CountMethod`; ``sizes`` needs no call.
        :raises InvalidInput: when the platform cannot count in that way.
        """

    def advance_count(
        self,
        details: SendDetails,
        how: CountMethod,
        task_state: TaskState,
        *,
        fields: Sequence[str] = (),
        name: str = "",
    ) -> Procedure[AudienceCount | Counting]:
        """Count the recipients as far as it goes without waiting. Repeat it until it returns a count.

        :param task_state: keeps what was started, so that a retry continues it.
        :param fields: contact properties or lead fields of which blank values are counted.
        :param name: names the temporary lists, so that a person knows whose they are.
        """

    def discard_count(self, task_state: TaskState) -> Procedure[None]:
        """Delete what a count has made on the platform. Never raises a PlatformError."""
