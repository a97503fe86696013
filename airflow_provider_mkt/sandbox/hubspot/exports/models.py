"""Exports: what was requested, their states and their files."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import NamedTuple

from airflow_provider_mkt.sandbox.hubspot.objects.search_filters import Groups
from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType

ENQUEUED, PROCESSING = "ENQUEUED", "PROCESSING"
DEFERRED, PENDING_APPROVAL = "DEFERRED", "PENDING_APPROVAL"
DONE, FAILED, CANCELED = "DONE", "FAILED", "CANCELED"
CONFLICT, DELETED = "CONFLICT", "DELETED"
ENDED = (DONE, FAILED, CANCELED, CONFLICT, DELETED)


@dataclass(frozen=True, slots=True)
class Order:
    """A checked request.

    :param list_id: the list whose members are exported; None for a view.
    :param groups: filters of a view.
    :param query: the text that a view searches for.
    :param names: whether columns have internal names and not labels.
    :param values: whether values are internal ones and not labels.
    :param others: object types whose associated ids are in the rows.
    :param labels: whether labels of associations are in the rows.
    :param primary: whether the names of associated records are in the rows.
    :param unlimited: whether a row may have more than 1,000 associated records of a type.
    """

    name: str
    kind: ObjectType
    properties: tuple[str, ...]
    format: str
    list_id: str | None
    groups: Groups
    query: str
    names: bool
    values: bool
    others: tuple[ObjectType, ...]
    labels: bool
    primary: bool
    unlimited: bool


class File(NamedTuple):
    """The file of an export."""

    name: str
    content: bytes
    rows: int


Writing = Generator[None, None, File]
"""Writes a file in steps, and returns it."""


@dataclass(slots=True)
class Export:
    """One export. It waits from `created`, and runs from `began` to `ended`."""

    id: str
    order: Order
    created: float
    updated: float
    state: str
    ready: float | None
    """When it may begin, as soon as no other one runs; None while it needs an approval."""
    began: float | None = None
    ended: float | None = None
    writing: Writing | None = None
    steps: int = 0
    """Steps in which its file was written so far."""
    file: File | None = None
    keys: dict[str, float] = field(default_factory=dict)
    """The keys of the file's addresses, and when they die."""
