"""What a platform mailed, person by person, and changes of a person's state that no API call makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from airflow_provider_mkt.sandbox.server.json_types import JsonObject

Outcome: TypeAlias = Literal["sent", "delivered", "bounced", "dropped"]
"""`sent` has left and has not arrived, `dropped` was never sent."""
PAGE_MAX = 10_000


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One email for one person.

    `person` is the id of the contact or lead, `email` the id of the email, `at` seconds since the epoch.
    `reason` says in the platform's own word why it was dropped or bounced.
    """

    person: str
    address: str | None
    email: str
    at: float
    outcome: Outcome
    reason: str | None = None
    subject: str | None = None
    """The subject as the person sees it, with the values of its tokens; None where it is not known."""

    def view(self) -> JsonObject:
        return {
            "person": self.person,
            "address": self.address,
            "email": self.email,
            "at": datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds"),
            "outcome": self.outcome,
            "reason": self.reason,
            "subject": self.subject,
        }


class OutboxPage(BaseModel):
    """Which rows of the outbox a request selects."""

    model_config = ConfigDict(extra="forbid")

    email: str | None = None
    """Id of an email; all emails by default."""
    person: str | None = None
    """Id of a contact or lead; everybody by default."""
    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=1000, ge=1, le=PAGE_MAX)

    def of(self, outbox: Sequence[OutboxRow]) -> JsonObject:
        """Return the selected rows, with `next` as the offset of the following page or null."""
        rows: Sequence[OutboxRow] = outbox
        if self.email is not None or self.person is not None:
            rows = [
                row for row in outbox if self.email in (None, row.email) and self.person in (None, row.person)
            ]
        end = self.offset + self.limit
        page = rows[self.offset : end]
        return {
            "total": len(rows),
            "rows": [row.view() for row in page],
            "next": end if end < len(rows) else None,
        }


class PersonChange(BaseModel):
    """A change of one person's state. A platform adds what it knows about people.

    Fields that are left out do not change.
    """

    model_config = ConfigDict(extra="forbid")

    id: int | str | None = None
    email: str | None = None
    """Address; give this or the id."""
    unsubscribed: bool | None = None
    """From all marketing email."""
    bounced: bool | None = None
    """The address bounced for good."""

    @model_validator(mode="after")
    def _names_one_person(self) -> PersonChange:
        if (self.id is None) is (self.email is None):
            msg = "give either the id or the email of a person"
            raise ValueError(msg)
        return self
