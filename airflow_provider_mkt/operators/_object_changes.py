"""A sync of companies, deals, custom objects and other records that sends what changed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, cast

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._change_options import (
    CHANGE_CHECKS,
    CREATED_FIELDS,
    NOT_IN_DRY_RUN,
    ChangeOptions,
    Changes,
    Duplicates,
    check_changes,
    check_leave,
    decode_leave,
)
from airflow_provider_mkt.sync.plan import OBJECT_PLAN, Leaving

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.leads import StoredLeads
    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.actions.ports import LeadImporter, LeadWriter, ObjectWriter, StoredObjects
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._bulk_sync import BulkOperator
    from airflow_provider_mkt.operators._change_options import Baseline, ReconcileAction
    from airflow_provider_mkt.operators._lead_source import LeadSource, RepeatableSource, Source
    from airflow_provider_mkt.operators._object_writing import Associations, ObjectWriting
    from airflow_provider_mkt.operators._parameters import HeldCallable
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators._suppression import Suppressed
    from airflow_provider_mkt.sync.changes import ImportNotes, KeyKind
    from airflow_provider_mkt.sync.plan import Leave, PlanOutcome
    from airflow_provider_mkt.sync.results import ObjectChangesOutcome, SyncOutcome

OBJECT_CHANGE_FIELDS = (
    "changes",
    "row_key",
    "state_path",
    "refresh",
    "leave",
    "max_changed",
    "max_removed",
    "min_rows",
    "canary",
    "baseline",
    "reconcile",
    "plan",
)
"""Template fields of a sync of objects that compares."""

_OF_PEOPLE = ("remove_from_list", "gdpr_delete")


class ObjectChangeParameters(Protocol):
    """The parameters of an operator that say what of its objects is compared, and what may change."""

    changes: Changes | str
    row_key: str | None
    state_path: str | None
    refresh: bool | Literal["failed"] | str
    refresh_every: int | None
    leave: Leave | str
    max_changed: int | float | str | None
    max_removed: int | float | str | None
    min_rows: int | float | str | None
    duplicates: Duplicates | None
    never_back: Mapping[str, Sequence[str]] | None
    canary: bool | int | str
    read_back: bool | Sequence[str]
    baseline: Baseline | str
    only_if_empty: Sequence[str] | None
    reconcile: float | str | None
    reconcile_action: ReconcileAction
    plan_only: bool
    plan: Mapping[str, object] | str | None
    allow_older: bool
    create_missing_properties: bool


class _Parameters:
    """The parameters of a sync of objects, without those about people, which leads alone have.

    :param given: the operator.
    """

    suppress: Suppressed | HeldCallable | None = None
    suppress_list_id: str | int | None = None
    consent: bool | Mapping[str, object] | str | None = None

    def __init__(self, given: ObjectChangeParameters) -> None:
        self.changes, self.row_key, self.state_path = given.changes, given.row_key, given.state_path
        self.refresh, self.refresh_every = given.refresh, given.refresh_every
        self.leave, self.duplicates = given.leave, given.duplicates
        self.max_changed, self.max_removed = given.max_changed, given.max_removed
        self.min_rows, self.canary = given.min_rows, given.canary
        self.never_back, self.only_if_empty = given.never_back, given.only_if_empty
        self.read_back, self.baseline = given.read_back, given.baseline
        self.reconcile, self.reconcile_action = given.reconcile, given.reconcile_action
        self.plan_only, self.plan, self.allow_older = given.plan_only, given.plan, given.allow_older


def object_changes(given: ObjectChangeParameters, platform: str) -> ChangeOptions:
    """Return how a sync of objects compares, and what it may change.

    :param given: the operator.
    :param platform: of its connection.
    :raises InvalidInput: naming the parameter that is wrong.
    """
    options = ChangeOptions(_Parameters(given), platform, plan_of=OBJECT_PLAN)
    _check_left(options.leaving.how)
    if not options.compares:
        return options
    if given.create_missing_properties and options.dry_run:
        raise InvalidInput("create_missing_properties", NOT_IN_DRY_RUN)
    return options


def check_object_changes(arguments: Arguments) -> None:
    """Check what is known when the DAG file is parsed of what is compared, and what may change.

    :raises InvalidInput: naming the parameter that is wrong.
    """
    check_changes(arguments)
    if arguments["dry_run"] is True and arguments["create_missing_properties"] is True:
        raise InvalidInput("create_missing_properties", NOT_IN_DRY_RUN)


def _check_leave(name: str, value: object) -> None:
    check_leave(name, value)
    leave = decode_leave(value)
    _check_left(str(next(iter(leave))) if isinstance(leave, Mapping) else str(leave))


def _check_left(how: str) -> None:
    if how in _OF_PEOPLE:
        raise InvalidInput("leave", f"{how!r} is for people; see SyncLeadsOperator")


OBJECT_CHANGE_CHECKS: Mapping[str, ParseCheck] = {
    **CHANGE_CHECKS,
    "leave": _check_leave,
}
"""Checks of the parameters, when the DAG file is parsed."""


class ObjectTarget:
    """The records of one object type, as a sync compares them.

    :param hook: of the account.
    :param stored: reads and removes them.
    """

    plan_outcome = OBJECT_PLAN.outcome
    # Marketo does not change the key of a record, so that none is sent.
    unique_keys = True

    def __init__(self, hook: MarketingHook, stored: StoredObjects) -> None:
        self._hook, self._stored = hook, stored
        self.object_type, self.id_field = stored.object_type, stored.id_field
        self.created_fields = CREATED_FIELDS[hook.conn_type]
        self.key_fields = stored.key_fields
        self.key_kind: KeyKind = stored.key_kind
        self.key_changes = stored.key_changes
        self.never_cleared, self.no_such_record = stored.never_cleared, stored.no_such_record

    def read(self, field: str, keys: Sequence[str], names: Sequence[str]) -> StoredLeads:
        by_id = field == self.id_field
        return self._hook.follow(self._stored.read(keys, names, by_id=by_id))

    def by_id(self) -> LeadWriter:
        return self._hook.object_writer(self.object_type, action="updateOnly", lookup_field=self.id_field)

    def removal(self, leaving: Leaving) -> MemberAction:
        return self._stored.removal()


def sync_changed_objects(
    operator: BulkOperator,
    writing: ObjectWriting,
    source: LeadSource,
    action: str,
    options: ChangeOptions,
    importer: LeadImporter | None,
    *,
    mode: str,
    associations: Associations | None,
) -> ObjectChangesOutcome | PlanOutcome:
    """Write the records that differ from what earlier runs have written, or return what would be written.

    :param operator: has the parameters of imports.
    :param writing: writes records.
    :param source: the rows.
    :param action: what the writer does.
    :param options: what is compared, and what may be changed.
    :param importer: the platform's import; None for calls only.
    :param mode: ``calls``, ``bulk`` or ``auto``.
    :param associations: what the records are associated with; None for nothing.
    :raises AirflowFailException: when a limit is not kept, a plan cannot be applied any more, or more records
        were rejected than allowed.
    """
    from airflow_provider_mkt.operators._bulk_sync import BulkSync
    from airflow_provider_mkt.operators._changed_sync import ChangedSync

    def in_bulk(
        importer: LeadImporter,
        rows: RepeatableSource,
        by_calls: Callable[[Source], SyncOutcome],
        about: Sequence[object],
        notes: ImportNotes,
    ) -> SyncOutcome:
        sync = BulkSync.of(operator, writing, importer, rows, by_calls=by_calls, about=about, notes=notes)
        return sync.run(choose=mode == "auto")

    with writing.hook, writing.hook.exclusive(f"task {writing.task}"):
        stored = _stored_objects(writing, options)
        key = ", ".join(stored.key_fields)
        writing.options.lookup_field = key
        writing.key = key if len(stored.key_fields) == 1 else None
        sync = ChangedSync(
            operator,
            writing,
            source,
            action,
            options,
            target=lambda key: ObjectTarget(writing.hook, stored),
            in_bulk=None if importer is None else functools.partial(in_bulk, importer),
            mode=mode,
            associations=associations,
        )
        if options.dry_run:
            return sync.plan()
        finished = writing.of_finished_try()
        if finished is None:
            finished = cast("ObjectChangesOutcome", writing.of_objects(sync.run()))
            writing.finish(finished)
        outcome = cast("ObjectChangesOutcome", finished)
    writing.fail_if_rejected(outcome)
    return outcome


def _stored_objects(writing: ObjectWriting, options: ChangeOptions) -> StoredObjects:
    """Read the schema, and return what reads and removes the records that are compared.

    :raises InvalidInput: when there is no key by which records can be compared.
    """
    writer = cast("ObjectWriter", writing.writer)
    # The schema says what identifies a record.
    writing.hook.follow(writer.known_fields())
    stored = writer.stored()
    if options.row_key is not None and not stored.key_changes:
        raise InvalidInput(
            "row_key",
            f"Marketo does not change the key of a record, so that {', '.join(stored.key_fields)} identifies "
            "a row of the source too; leave row_key out",
        )
    return stored
