"""Leads as both platforms know them: records and their results, merges and changes."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from airflow_provider_mkt.actions.jobs import PollCache, PollResult, met_when
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.client.paging import with_next

Record: TypeAlias = Mapping[str, Any]
"""A lead: field names to values, as the source gave them, hence ``Any``."""


class RecordStatus(StrEnum):
    """The status of a record that was written. Every record has exactly one."""

    CREATED = "created"
    UPDATED = "updated"
    SKIPPED = "skipped"
    REJECTED = "rejected"

    # That of its value, as equal texts have; the one of enums takes three times as long.
    __hash__ = str.__hash__


T = TypeVar("T")


class RunCall(Protocol):
    """Runs a call and returns its result."""

    def __call__(self, call: Call[T], /) -> T: ...


class RecordResult(Struct, gc=False):
    """The result of writing one record.

    :param id: the platform's id of the lead, where it returned one.
    :param code: the platform's code, or this package's own in capitals.
    :param again: whether the record may be sent once more: another task has created it meanwhile.
    """

    result: RecordStatus
    id: str = ""
    code: str = ""
    reason: str = ""
    again: bool = False


def with_stripped(record: Record, *names: str) -> dict[str, object]:
    """Return a record whose values of some fields have no white space around them.

    A whole number has no decimals: a table with a missing number somewhere has 12.0 for 12. It is the record
    itself where all that is so already.
    """
    for name in names:
        value = record.get(name)
        if isinstance(value, str) and value != (stripped := value.strip()):
            record = {**record, name: stripped}
        elif isinstance(value, (float, Decimal)) and math.isfinite(value) and value == int(value):
            record = {**record, name: int(value)}
    return record if type(record) is dict else dict(record)


def rejected(code: str, reason: str) -> RecordResult:
    """Return the result of a rejected record."""
    return RecordResult(RecordStatus.REJECTED, code=code, reason=reason)


def rejection(error: InvalidRequest) -> RecordResult:
    """Return the result of a record that was refused: the code of its first value that is wrong, if known."""
    code = next((one.code for one in error.problems if one.code), error.code)
    return rejected(code or "REFUSED", error.message)


@dataclass(frozen=True)
class StoredLead:
    """A lead as the platform has it.

    :param id: the platform's id; empty for one that stands for leads which the platform does not return.
    :param values: of the requested fields.
    """

    id: str
    values: Mapping[str, object] = field(default_factory=dict)


UNKNOWN_LEADS = (StoredLead(""), StoredLead(""))
"""What stands for the leads of a key that the platform cannot search for, or that it returns only in part."""

StoredLeads: TypeAlias = Mapping[str, Sequence[StoredLead]]
"""Leads by key in lower case. A key that no lead has is missing."""


KEY_SEPARATOR = "\n"
"""Between the values of a key of several fields, where it is one text."""


def similar_to(name: str, known: Iterable[str]) -> str:
    """Return a hint at the names that a wrong one resembles; empty when there are none."""
    import difflib

    spelt = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), spelt, n=3, cutoff=0.7)
    return f" (did you mean {' or '.join(repr(spelt[one]) for one in near)}?)" if near else ""


@dataclass
class KnownFields:
    """What is known of the fields of a lead before one is written.

    :param names: fields that exist; None where the platform does not say.
    :param read_only: fields that the platform alone sets.
    :param types: field to what its values are: ``text``, ``integer``, ``number``, ``boolean``, ``date``,
        ``datetime`` or ``multiple``. A field without one has values of another kind.
    :param required: field that a source with columns must have to what it is.
    :param read_again: where the rest is some minutes old, or only what every account has, returns it as it is
        now. It is used once, before a field is found to have a problem.
    :param partial: whether the rest is only what every account has.
    """

    names: frozenset[str] | None = None
    read_only: frozenset[str] = frozenset()
    types: Mapping[str, str] = field(default_factory=dict)
    required: Mapping[str, str] = field(default_factory=dict)
    read_again: Callable[[], KnownFields] | None = field(default=None, repr=False, compare=False)
    partial: bool = field(default=False, repr=False, compare=False)
    _allowed: frozenset[str] | None = field(default=None, init=False, repr=False, compare=False)

    def problem(self, name: str) -> RecordResult | None:
        """Return why a record with a field must not be sent; None when it may.

        :raises PlatformError: when the fields are read again, and cannot be.
        """
        found = self._problem(name)
        if found is not None and self._renew():
            found = self._problem(name)
        return found

    def missing(self, columns: Collection[str]) -> str | None:
        """Return the first required field that a source with columns does not have; None when it has all."""
        found = self._missing(columns)
        if found is not None and self._renew():
            found = self._missing(columns)
        return found

    def all_types(self) -> Mapping[str, str]:
        """Return the types of all fields, also where only those of every account were known.

        :raises PlatformError: when the others are read, and cannot be.
        """
        if self.partial:
            self._renew()
        return self.types

    def _missing(self, columns: Collection[str]) -> str | None:
        return next((name for name in self.required if name not in columns), None)

    def _renew(self) -> bool:
        """Read the fields again, once. Whether that was done."""
        if self.read_again is None:
            return False
        now = self.read_again()
        self.names, self.read_only, self.types, self.required = (
            now.names,
            now.read_only,
            now.types,
            now.required,
        )
        self.read_again, self.partial, self._allowed = None, False, None
        return True

    def _problem(self, name: str) -> RecordResult | None:
        if self.names is not None and name not in self.names:
            return rejected("UNKNOWN_FIELD", f"field {name!r} does not exist")
        if name in self.read_only:
            return rejected("READ_ONLY_FIELD", f"field {name!r} is read-only: the platform sets it")
        return None

    def problem_of(self, record: Record) -> RecordResult | None:
        """Return the problem of a record's first field that has one."""
        if self._allowed is None and self.names is not None:
            self._allowed = self.names - self.read_only
        if self.read_only.isdisjoint(record) if self._allowed is None else record.keys() <= self._allowed:
            return None
        return next((found for name in record if (found := self.problem(name)) is not None), None)


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


_LATE_SCAN_PER_PAGE = 90.0
"""Seconds between two reads of a whole window, for each page of changes that are known in it."""


def reads_whole_window(
    cache: PollCache, *, known: int, page: int, late: float, read_at: float | None, clock: Callable[[], float]
) -> bool:
    """Decide whether a poll reads the whole window again, to find changes that arrived late.

    Otherwise it reads from the newest known change. The more pages of known changes there are, the less often
    the whole window is read; every quarter of *late* at least.

    :param known: number of known changes in the window.
    :param page: changes on one page.
    :param read_at: when the whole window was read last before this wait, in epoch seconds.
    """
    kept = cache.get("read_at")
    last = float(kept) if isinstance(kept, (int, float)) else read_at
    now = clock()
    pause = min(late / 4, known // page * _LATE_SCAN_PER_PAGE)
    if last is not None and last <= now < last + pause:
        return False
    cache["read_at"] = now
    return True


def any_change(changes: Procedure[Call[list[Change]]], known: Container[str]) -> Procedure[PollResult]:
    """Poll whether there is a change whose mark is not known. Pages may be empty and have a next one."""
    call: Call[list[Change]] | None = yield from changes
    while call is not None:
        page: list[Change]
        page, call = yield with_next(call)
        if any(change.mark not in known for change in page):
            return met_when(True)
    return met_when(False)
