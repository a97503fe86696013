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
    """What became of a record. Every record has exactly one."""

    CREATED = "created"
    UPDATED = "updated"
    SKIPPED = "skipped"
    REJECTED = "rejected"


@dataclass(frozen=True)
class RecordResult:
    """What became of one record, and why.

    :param id: the platform's id of the lead, where it told.
    :param code: the platform's code, or this package's own in capitals.
    """

    result: RecordStatus
    id: str = ""
    code: str = ""
    reason: str = ""


def rejected(code: str, reason: str) -> RecordResult:
    return RecordResult(RecordStatus.REJECTED, code=code, reason=reason)


@dataclass
class LeadMerge:
    """What became of leads, by id.

    :param survivor: the lead that stays; the platform may have chosen another than was asked for.
    :param merged: those that this task merged into it.
    :param already: those that were not there as leads of their own before.
    :param rejected: those that were refused, with the reason.
    """

    survivor: str
    merged: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


def checked_ids(winner_id: int | str, loser_ids: Sequence[int | str]) -> tuple[int, list[int]]:
    """The ids as numbers, each loser once.

    :raises InvalidInput: on an id that is none, no losers, or the winner among them.
    """
    winner = numeric_id("", "winner_id", winner_id)
    losers = [numeric_id("", f"loser_ids[{place}]", loser) for place, loser in enumerate(loser_ids)]
    if not losers:
        raise InvalidInput("loser_ids", "is empty: nobody to merge")
    if winner in losers:
        raise InvalidInput(f"loser_ids[{losers.index(winner)}]", "is the winner itself")
    return winner, list(dict.fromkeys(losers))


@dataclass(frozen=True)
class Change:
    """One change of a lead.

    :param lead_id: the platform's id of the lead.
    :param key: what tells this change from all others.
    :param at: when it happened.
    :param new: whether the lead was made by it.
    """

    lead_id: str
    key: str
    at: datetime
    new: bool

    @property
    def mark(self) -> str:
        """The key in eight characters, for long lists of what is known already."""
        return b64encode(blake2b(self.key.encode(), digest_size=6).digest()).decode()


ReadChanges: TypeAlias = Callable[[datetime, Sequence[str], str | None], Procedure[Call[list[Change]]]]
"""Makes the paged call that reads changes: since when, of which fields (all when empty), in which list."""


@dataclass(frozen=True)
class ChangeLog:
    """How a platform tells of changes.

    :param read: makes the call that reads them.
    :param late: how long after it happened a change may first be told, in seconds.
    """

    read: ReadChanges
    late: float


def any_change(changes: Procedure[Call[list[Change]]], known: Container[str]) -> Procedure[PollResult]:
    """Whether there is a change whose mark is not among the known ones. A page may be empty with more to
    come."""
    call: Call[list[Change]] | None = yield from changes
    while call is not None:
        page: list[Change]
        page, call = yield with_next(call)
        if any(change.mark not in known for change in page):
            return met_when(True)
    return met_when(False)
