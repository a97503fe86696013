"""Emails with their approved and draft versions, runs, and what they mailed to whom."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.folders.models import Asset
from airflow_provider_mkt.sandbox.server.outbox import Outcome

APPROVED, DRAFT = "approved", "draft"
FIRST_NAME = "{{lead.First Name}}"


@dataclass(frozen=True)
class Version:
    """The part of an email that is approved."""

    subject: str = ""
    from_name: str = ""
    from_email: str = ""
    reply_email: str = ""
    pre_header: str = ""
    operational: bool = False
    text_only: bool = False
    web_view: bool = False
    published: bool = False
    copy_to_text: bool = False
    tracking_disabled: bool = False
    variables: tuple[tuple[str, str], ...] = (("accentColor", "#2266aa"),)
    body: str = f"<p>Hello {FIRST_NAME}</p>"
    body_text: str = f"Hello {FIRST_NAME}"


@dataclass
class Email(Asset):
    template: int
    approved: Version | None = None
    draft: Version | None = None

    @property
    def status(self) -> str:
        return APPROVED if self.approved else DRAFT

    def version(self, status: str | None = None) -> Version | None:
        if status == APPROVED:
            return self.approved
        if status == DRAFT:
            return self.draft
        return self.approved or self.draft

    def edit(self, now: datetime, **changes: object) -> None:
        """Return the draft to change; for an approved email it is a copy of the approved version."""
        base = self.draft or self.approved or Version()
        self.draft = replace(base, **changes)  # type: ignore[arg-type]
        self.updated_at = now

    def approve(self, now: datetime) -> None:
        if self.draft is None:
            raise MarketoError(709, "Email has no draft to approve")
        wanted = {
            "subject": self.draft.subject,
            "fromName": self.draft.from_name,
            "fromEmail": self.draft.from_email,
            "replyEmail": self.draft.reply_email,
        }
        empty = [name for name, value in wanted.items() if not value]
        if empty:
            raise MarketoError(709, f"Email cannot be approved without {', '.join(empty)}")
        self.approved, self.draft, self.updated_at = self.draft, None, now

    def unapprove(self, now: datetime) -> None:
        if self.approved is None:
            raise MarketoError(709, "Email is not approved")
        self.draft = self.draft or self.approved
        self.approved, self.updated_at = None, now

    def discard(self, now: datetime) -> None:
        if self.draft is None:
            raise MarketoError(709, "Email has no draft to discard")
        if self.approved is None:
            raise MarketoError(709, "The only version of an email cannot be discarded")
        self.draft, self.updated_at = None, now


@dataclass(eq=False)
class Run:
    """One run of an email program, a campaign or a cast, with what it did.

    :param name: the program or campaign.
    :param limits: whether communication limits apply.
    :param one_by_one: whether each lead is treated for itself, so that one address can get several emails.
    """

    id: int
    name: str
    started_at: datetime
    program_id: int | None = None
    campaign_id: int | None = None
    limits: bool = False
    one_by_one: bool = False
    qualified: int = 0
    refused: str = ""
    """Why it did not happen at all."""
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    """How many got no email, by reason."""
    addresses: set[tuple[int, str]] = field(default_factory=set)
    """The addresses that an email of the run was sent to."""
    ended_at: datetime | None = None
    aborted: bool = False
    """Whether a person stopped it. What was sent stays sent."""


@dataclass(eq=False, slots=True)
class Mail:
    """An email for a lead: sent, or dropped for a reason."""

    run: Run
    at: datetime
    email_id: int
    lead_id: int
    address: str
    subject: str = ""
    tokens: Mapping[str, str] = field(default_factory=dict)
    operational: bool = False
    outcome: Outcome = "sent"
    reason: str | None = None

    @property
    def campaign_id(self) -> int | None:
        return self.run.campaign_id

    @property
    def program_id(self) -> int | None:
        return self.run.program_id

    def end(self, outcome: Outcome, reason: str | None = None) -> None:
        """Set the outcome, which the run counts."""
        self.run.outcomes[self.outcome] -= 1
        self.run.outcomes[outcome] += 1
        self.outcome, self.reason = outcome, reason


@dataclass(frozen=True)
class Sample:
    at: datetime
    email_id: int
    address: str
    lead_id: int | None
    text_only: bool
