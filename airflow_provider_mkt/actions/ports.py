"""The verbs that both platforms share, as operators and the sync pipeline call them.

Each verb checks what it is given before it yields its first call. Options that one platform alone has are
keyword arguments: :func:`no_options` rejects those of the other one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypedDict, Unpack

from airflow_provider_mkt.actions.campaigns import CampaignOutcome, CampaignRef
from airflow_provider_mkt.actions.emails import EmailChange, EnsuredEmail, Withdrawal
from airflow_provider_mkt.actions.imports import Findings, Upload
from airflow_provider_mkt.actions.jobs import Job, JobSpec, JobState
from airflow_provider_mkt.actions.leads import Record, RecordResult
from airflow_provider_mkt.actions.members import MemberAction
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
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

    def known_fields(self) -> Procedure[frozenset[str] | None]:
        """Read the fields that can be written; None where the platform does not list them."""

    def prepare(self, record: Record) -> dict[str, object]:
        """Convert the values of a record to the platform's types."""

    def check(self, record: Record) -> RecordResult | None:
        """Return why a prepared record must not be sent; None when it may."""

    def key(self, record: Record) -> str | None:
        """Return what identifies the lead, normalized so that equal keys are equal; None without a key."""

    def call(self, records: Sequence[Record]) -> Call[object]:
        """Return the call that writes a batch."""

    def record_results(self, records: Sequence[Record], reply: Reply[Any]) -> list[RecordResult]:
        """Return the result of each record, in their order."""

    def rejected_records(self, records: Sequence[Record], error: InvalidRequest) -> list[bool] | None:
        """Return which records a batch was rejected for; None when the error does not say."""


class LeadImporter(Protocol):
    """Import files of leads into one platform."""

    platform: str
    spec: JobSpec
    """How to follow an import."""
    key_column: str
    """The field that identifies a lead."""
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

    def settings(self) -> Sequence[object]:
        """Return what makes another import of the same rows, as plain JSON."""

    def known_fields(self) -> Procedure[frozenset[str] | None]:
        """Read the fields that can be imported; None where the platform does not list them.

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
