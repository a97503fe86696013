"""New and changed leads, as both platforms tell of them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import TypeAlias

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.conditions import Seen
from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.flow import Flow
from airflow_provider_mkt.api.paging import with_next
from airflow_provider_mkt.api.redact import shape


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


ReadChanges: TypeAlias = Callable[[datetime, Sequence[str], str | None], Flow[Call[list[Change]]]]
"""Makes the paged call that reads changes: since when, of which fields (all when empty), in which list."""


@dataclass(frozen=True)
class ChangeLog:
    """How a platform tells of changes.

    :param read: makes the call that reads them.
    :param late: how long after it happened a change may first be told, in seconds.
    """

    read: ReadChanges
    late: float


def any_change(changes: Flow[Call[list[Change]]], known: Container[str]) -> Flow[Seen]:
    """Whether there is a change whose mark is not among the known ones. A page may be empty with more to
    come."""
    call: Call[list[Change]] | None = yield from changes
    while call is not None:
        page: list[Change]
        page, call = yield with_next(call)
        if any(change.mark not in known for change in page):
            return Seen(True)
    return Seen(False)


def instant(field_name: str, value: object) -> datetime:
    """Read a time with its offset, as conditions carry it.

    :raises InvalidInput: when it is none.
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise InvalidInput(field_name, f"must be an ISO 8601 time with its offset, not {shape(value)}")
    return moment
