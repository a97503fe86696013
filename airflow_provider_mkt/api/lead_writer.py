"""How leads are written to a platform, as the sync pipeline sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import InvalidRequest
from airflow_provider_mkt.api.exchange import Reply
from airflow_provider_mkt.api.flow import Flow

Record: TypeAlias = Mapping[str, Any]
"""A lead: field names to values, as the source gave them, hence ``Any``."""


class Fate(StrEnum):
    """What became of a record. Every record has exactly one."""

    CREATED = "created"
    UPDATED = "updated"
    SKIPPED = "skipped"
    REJECTED = "rejected"


@dataclass(frozen=True)
class RecordFate:
    """What became of one record, and why.

    :param id: the platform's id of the lead, where it told.
    :param code: the platform's code, or this package's own in capitals.
    """

    fate: Fate
    id: str = ""
    code: str = ""
    reason: str = ""


def rejected(code: str, reason: str) -> RecordFate:
    return RecordFate(Fate.REJECTED, code=code, reason=reason)


class LeadWriter(Protocol):
    """Writes batches of leads to one platform."""

    batch_max: int
    """Records per call at most."""
    bytes_max: int
    """Bytes of one call's body at most."""
    quiet_after: float
    """Seconds after a call of unknown outcome for which the same keys must not be written; 0 for none."""
    repeatable: bool
    """Whether writing a record a second time leaves one lead."""

    def known_fields(self) -> Flow[frozenset[str] | None]:
        """The fields that can be written, or None where the platform does not tell."""

    def prepare(self, record: Record) -> dict[str, Any]:
        """The record as the platform wants its values."""

    def check(self, record: Record) -> RecordFate | None:
        """Why a prepared record must not be sent, or None when it may."""

    def key(self, record: Record) -> str | None:
        """What tells this lead from others, spelt so that equal keys are equal; None for no key."""

    def call(self, records: Sequence[Record]) -> Call[Any]:
        """The call that writes a batch."""

    def fates(self, records: Sequence[Record], reply: Reply[Any]) -> list[RecordFate]:
        """What became of each record, in their order."""

    def blamed(self, records: Sequence[Record], error: InvalidRequest) -> list[bool] | None:
        """Which records a refused batch was refused for, or None when the refusal does not say."""
