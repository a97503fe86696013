"""What the parts of a sync that compares share: the records that it writes, and what it knows of its run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from airflow_provider_mkt.actions.leads import KEY_SEPARATOR, KnownFields, RecordResult
from airflow_provider_mkt.operators._change_options import CREATED_FIELDS
from airflow_provider_mkt.operators._change_tally import Tally
from airflow_provider_mkt.sync.plan import LEAD_PLAN
from airflow_provider_mkt.sync.results import ResultFiles
from airflow_provider_mkt.sync.rows import LeadRows, Row

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.leads import StoredLeads
    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.actions.ports import LeadWriter
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._change_options import ChangeOptions
    from airflow_provider_mkt.operators._lead_source import Source
    from airflow_provider_mkt.operators._lead_writing import LeadWriting
    from airflow_provider_mkt.operators._object_writing import Associations
    from airflow_provider_mkt.sync.changes import ChangeRun, KeyKind, ValueType
    from airflow_provider_mkt.sync.plan import Leaving


NO_SUCH_LEAD = frozenset({"OBJECT_NOT_FOUND", "NOT_FOUND", "1004"})
"""Codes of a change by id whose lead was deleted or merged."""


class ChangeTarget(Protocol):
    """The records of one kind that a sync compares with its source."""

    object_type: str
    """The kind of record, e.g. ``contacts``."""
    id_field: str
    """The field with the platform's id."""
    created_fields: tuple[str, ...]
    """The fields of which one says when a record was created."""
    key_fields: tuple[str, ...]
    """The fields that records are found by."""
    key_kind: KeyKind
    """How keys are compared."""
    key_changes: bool
    """Whether the key of a record can be changed, by the platform's id."""
    unique_keys: bool
    """Whether the platform refuses a key that another record has."""
    no_such_record: frozenset[str]
    """Codes of a change by id whose record was deleted or merged."""
    plan_outcome: str
    """The kind of plan."""
    never_cleared: frozenset[str]
    """Fields that are not cleared when a row is gone from the source."""

    def read(self, field: str, keys: Sequence[str], names: Sequence[str]) -> StoredLeads:
        """Read records.

        :param field: the key that they are found by; ``id_field`` too. Fields of a key of several are joined
            as :func:`key_of` joins their values.
        :param keys: its values, at most as many as a call takes.
        :param names: the fields to return.
        """

    def by_id(self) -> LeadWriter:
        """Return what updates records by the platform's id."""

    def removal(self, leaving: Leaving) -> MemberAction:
        """Return what removes records as *leaving* says, by the platform's ids."""


class LeadTarget:
    """Leads of Marketo, or contacts of HubSpot.

    :param hook: of the account.
    :param key: the field that they are found by.
    :param by_id: makes a writer that updates leads by the platform's id.
    """

    key_changes = True
    no_such_record = NO_SUCH_LEAD
    plan_outcome = LEAD_PLAN.outcome

    def __init__(self, hook: MarketingHook, key: str, by_id: Callable[[str], LeadWriter]) -> None:
        self._hook, self._by_id = hook, by_id
        hubspot = hook.conn_type == "hubspot"
        self.object_type = "contacts" if hubspot else "leads"
        self.id_field = "hs_object_id" if hubspot else "id"
        self.created_fields = CREATED_FIELDS[hook.conn_type]
        self.unique_keys = hubspot
        self.key_fields: tuple[str, ...] = (key,)
        self.key_kind: KeyKind = "email" if not hubspot or key == "email" else "text"
        self.never_cleared = frozenset({key, "email", self.id_field, "hs_marketable_status"})

    def read(self, field: str, keys: Sequence[str], names: Sequence[str]) -> StoredLeads:
        return self._hook.follow(self._hook.people.read_by_key(field, keys, names))

    def by_id(self) -> LeadWriter:
        return self._by_id(self.id_field)

    def removal(self, leaving: Leaving) -> MemberAction:
        people = self._hook.people
        if leaving.how == "gdpr_delete":
            from airflow_provider_mkt.actions.hubspot.contacts import gdpr_deletion

            return gdpr_deletion()
        return (
            people.remove_from_list(leaving.list_id) if leaving.how == "remove_from_list" else people.delete()
        )


@dataclass
class ChangeTask:
    """One run of a sync that compares.

    :param writing: writes records.
    :param options: what is compared, and what may be changed.
    :param target: the records.
    :param key: the field that they are found by.
    :param action: what the writer does.
    :param run: the run of the state.
    :param known_fields: which fields can be written.
    :param types: field to type.
    :param associations: what the records are associated with; None for nothing.
    :param fields: fields that rows of the source have.
    """

    writing: LeadWriting
    options: ChangeOptions
    target: ChangeTarget
    key: str
    action: str
    run: ChangeRun
    known_fields: KnownFields
    types: Mapping[str, ValueType]
    associations: Associations | None = None
    tally: Tally = field(default_factory=Tally)
    fields: set[str] = field(default_factory=set)

    def associated(self, source: Source) -> Source:
        """Return a source with what its records are associated with when they are written."""
        return source if self.associations is None else self.associations.of(source)

    def compared_beside(self, row: Row) -> dict[str, str]:
        """Return what is compared beside the record of a row: what it is associated with."""
        from airflow_provider_mkt.sync.links import compared_links

        return {} if self.associations is None else compared_links(self.associations.rules, row)

    @property
    def batch_max(self) -> int:
        """Most records in one call."""
        return self.writing.writer.batch_max

    def raise_if_cancelled(self) -> None:
        self.writing.operator.raise_if_cancelled()


@dataclass(frozen=True)
class PlannedRows:
    """Rows of a plan, as a source that can be read several times."""

    rows: Callable[[], Iterator[Row]]
    count: int = 0
    repeatable: bool = True

    def open(self, stack: ExitStack, key: str | None, known_fields: KnownFields) -> LeadRows:
        return LeadRows(self.rows(), lambda done: self.count)


class ResultsOnly(ResultFiles):
    """Passes results on, and writes no file: they are not of rows of the source."""

    def write(self, row: Row, result: RecordResult) -> None:
        self.on_result(row, result)


def key_of(values: Mapping[str, object], names: Sequence[str]) -> object:
    """Return a key, which can be of several fields; None when a part of it is missing.

    :param values: field to value, or column to value.
    :param names: the fields, or the columns.
    """
    if len(names) == 1:
        return values.get(names[0])
    parts = [values.get(name) for name in names]
    if any(part in (None, "") for part in parts):
        return None
    return KEY_SEPARATOR.join(str(part).strip() for part in parts)


def raw_values(row: Row) -> Mapping[str, object]:
    """Return a row as the source has it; empty for one that cannot be read."""
    return row.raw if isinstance(row.raw, Mapping) else {}
