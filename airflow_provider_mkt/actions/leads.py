"""Leads as both platforms know them: records and their results, merges and changes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any, TypeAlias

from airflow_provider_mkt.actions.jobs import PollResult, met_when
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.paging import with_next

Record: TypeAlias = Mapping[str, Any]
"""A lead: field names to values, as the source gave them, hence ``Any``."""


class RecordStatus(StrEnum):
    """The status of a record that was written. Every record has exactly one."""

    CREATED = "created"
    UPDATED = "updated"
    SKIPPED = "skipped"
    REJECTED = "rejected"


@dataclass(frozen=True)
class RecordResult:
    """The result of writing one record.

    :param id: the platform's id of the lead, where it returned one.
    :param code: the platform's code, or this package's own in capitals.
    """

    result: RecordStatus
    id: str = ""
    code: str = ""
    reason: str = ""


def rejected(code: str, reason: str) -> RecordResult:
    """Return the result of a rejected record."""
    return RecordResult(RecordStatus.REJECTED, code=code, reason=reason)


@dataclass
class LeadMerge:
    """The outcome of a merge, by lead id.

    :param survivor: the lead that stays; the platform may choose another one than the requested winner.
    :param merged: leads that this task merged into it.
    :param already: leads that were merged or deleted before.
    :param rejected: leads that were rejected, with the reason.
    """

    survivor: str
    merged: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


def checked_ids(winner_id: int | str, loser_ids: Sequence[int | str]) -> tuple[int, list[int]]:
    """Return the ids as numbers, each loser once.

    :raises InvalidInput: on an id that is not a number, no losers, or the winner among them.
    """
    winner = numeric_id("", "winner_id", winner_id)
    losers = [numeric_id("", f"loser_ids[{place}]", loser) for place, loser in enumerate(loser_ids)]
    if not losers:
        raise InvalidInput("loser_ids", "is empty: no lead to merge")
    if winner in losers:
        raise InvalidInput(f"loser_ids[{losers.index(winner)}]", "is the winner itself")
    return winner, list(dict.fromkeys(losers))


@dataclass(frozen=True)
class Change:
    """One change of a lead.

    :param lead_id: the platform's id of the lead.
    :param key: identifies the change.
    :param at: when it happened.
    :param new: whether the lead was created by it.
    """

    lead_id: str
    key: str
    at: datetime
    new: bool

    @property
    def mark(self) -> str:
        """The key in eight characters, for long lists of known changes."""
        return b64encode(blake2b(self.key.encode(), digest_size=6).digest()).decode()


ReadChanges: TypeAlias = Callable[[datetime, Sequence[str], str | None], Procedure[Call[list[Change]]]]
"""Makes the paged call that reads changes: since when, of which fields (all when empty), of which list."""


@dataclass(frozen=True)
class ChangeLog:
    """How a platform reports changes.

    :param read: makes the call that reads them.
    :param late: seconds within which the platform reports a change.
    """

    read: ReadChanges
    late: float


def any_change(changes: Procedure[Call[list[Change]]], known: Container[str]) -> Procedure[PollResult]:
    """Poll whether there is a change whose mark is not known. Pages may be empty and have a next one."""
    call: Call[list[Change]] | None = yield from changes
    while call is not None:
        page: list[Change]
        page, call = yield with_next(call)
        if any(change.mark not in known for change in page):
            return met_when(True)
    return met_when(False)
