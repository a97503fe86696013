"""Import files of contacts and other records, none of them twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from airflow_provider_mkt.actions.hubspot.contacts import MARKETABLE
from airflow_provider_mkt.actions.hubspot.jobs import SPECS
from airflow_provider_mkt.actions.hubspot.objects import NewProperties, ObjectWriter, read_number
from airflow_provider_mkt.actions.hubspot.records import RECORD_ID, record_fields
from airflow_provider_mkt.actions.idempotency import Ensured, create_if_absent
from airflow_provider_mkt.actions.imports import Findings, RowNote, Upload
from airflow_provider_mkt.actions.jobs import Job, JobSpec, JobState, spec_of
from airflow_provider_mkt.actions.leads import KnownFields
from airflow_provider_mkt.actions.procedure import Pages, Pause, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, Json
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.imports import imports
from airflow_provider_mkt.client.hubspot.objects._types import number_of, plural
from airflow_provider_mkt.client.wording import part_of

_KEY = "start import"


def start_once(
    name: str,
    call: Call[imports.Import],
    task_state: TaskState,
    *,
    clock: Callable[[], float] = time.time,
) -> Procedure[imports.Import]:
    """Start an import, or find the one that an earlier try of this task has started.

    The mark has the ids of the imports that had the name before the request. An import of that name with
    another id is this task's own, as long as no other task uses the name.

    :param name: the import's name, which no other import of the same time should have.
    :param call: starts it, from :func:`.imports.start` with that name.
    :param task_state: marks of the task's earlier tries.
    :raises OutcomeUnknown: when the answer was lost and no such import shows within the consistency window.
    """
    mark = task_state.get(_KEY)
    kept: Mapping[str, Json] = mark if isinstance(mark, Mapping) else {}
    if isinstance(started := kept.get("answer"), str):
        known: imports.Import = yield imports.get(started)
        return known
    before: Json = kept.get("before")

    def find() -> Procedure[imports.Import | None]:
        nonlocal before
        named = yield from _named({name})
        if not isinstance(before, list):
            before = [one.id for one in named]
        return next((one for one in named if one.id not in before), None)

    ensured: Ensured[imports.Import] = yield from create_if_absent(
        _KEY, task_state, call, find, details=lambda: {"before": before}, max_requests=1, clock=clock
    )
    task_state.set(_KEY, {"answer": ensured.value.id})
    return ensured.value


def find_named(kind: str, names: Collection[str]) -> Procedure[list[Job]]:
    """Find the imports that have one of some names.

    :param kind: of their jobs.
    """
    named = yield from _named(names)
    return [Job("hubspot", kind, one.id) for one in named]


def _named(names: Collection[str]) -> Procedure[list[imports.Import]]:
    rows: list[imports.Import] = yield Pages(imports.list(limit=imports.PAGE_MAX))
    return [one for one in rows if one.importName in names]


OPERATIONS = {"createOrUpdate": "UPSERT", "createOnly": "CREATE", "updateOnly": "UPDATE"}
_ERRORS_LAG = 60.0
"""Seconds within which the row errors of a complete import show."""
_ERRORS_INTERVAL = 5.0


class RecordImporter:
    """Import files of records of one object type.

    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``.
    :param lookup_field: the key: a property with unique values, or ``hs_object_id`` to update by id.
    :param date_format: the order of the parts of a date; ``YEAR_MONTH_DAY`` when not given.
    :param time_zone: the time zone of times; the account's when not given.
    :raises InvalidInput: on an action or a key that the platform has no import for.
    """

    platform = "hubspot"
    # Far below the platform's 512 MB and 1,048,576 rows, so that a worker can hold a file in memory.
    bytes_max = 20_000_000
    rows_max = 500_000
    max_in_flight = 3
    empty_clears = False
    # Imports are listed, so they can be looked up.
    quiet_after = 0.0
    takes_turns = False
    one_lead_per_key = True
    file_name = "records.csv"
    object_type_id: str
    """The number of the object type."""
    spec: JobSpec
    marketable_contacts: bool | None = None
    create_list = False

    def __init__(
        self,
        *,
        action: str,
        lookup_field: str,
        date_format: str | None = None,
        time_zone: str | None = None,
    ) -> None:
        if action not in OPERATIONS:
            raise InvalidInput("action", f"HubSpot imports have {', '.join(OPERATIONS)}")
        if lookup_field == RECORD_ID and action != "updateOnly":
            raise InvalidInput("lookup_field", f"{RECORD_ID} is given by HubSpot; use action updateOnly")
        # Not the platform's default, which no other system writes.
        self.date_format = date_format or "YEAR_MONTH_DAY"
        if self.date_format not in imports.DATE_FORMATS:
            raise InvalidInput("date_format", f"must be one of {', '.join(imports.DATE_FORMATS)}")
        self.action = action
        self.lookup_field = lookup_field
        self.key_columns: tuple[str, ...] = (lookup_field,)
        self.time_zone = time_zone

    def key(self, value: str) -> str:
        stripped = value.strip()
        return stripped.lower() if self.lookup_field == "email" else stripped

    def start(self, upload: Upload, task_state: TaskState) -> Procedure[Job]:
        call = imports.start(
            upload.name,
            upload.content,
            [self._column(name) for name in upload.columns],
            file_name=self.file_name,
            operation=OPERATIONS[self.action],
            date_format=self.date_format,
            time_zone=self.time_zone,
            marketable_contacts=self.marketable_contacts,
            create_list=self.create_list,
        )
        started = yield from start_once(upload.name, call, task_state)
        return Job("hubspot", self.spec.kind, started.id)

    def findings(self, state: JobState, columns: Sequence[str]) -> Procedure[Findings]:
        """Read the rows with errors. They show later than the state, so wait until all do."""
        wanted, waited = int(state.details.get("ERRORS") or 0), 0.0
        # A counter of zero is missing.
        created = state.details.get("CREATED_OBJECTS", 0 if "UPDATED_OBJECTS" in state.details else None)
        if not wanted:
            return Findings(created=created)
        listed = Pages(imports.errors(state.job.id, include_row_data=True, limit=imports.PAGE_MAX))
        while True:
            rows: list[imports.RowError] = yield listed
            if len(rows) >= wanted or waited >= _ERRORS_LAG:
                unlisted = max(0, wanted - len(rows))
                return Findings([_note(row) for row in rows], unlisted=unlisted, created=created)
            yield Pause(_ERRORS_INTERVAL, f"shown: {part_of(len(rows), wanted, 'row error')}")
            waited += _ERRORS_INTERVAL

    def _column(self, name: str) -> Mapping[str, str | None]:
        column = {"name": name, "property_name": name, "object_type_id": self.object_type_id}
        if name != self.lookup_field:
            return column
        kind = "HUBSPOT_OBJECT_ID" if name == RECORD_ID else "HUBSPOT_ALTERNATE_ID"
        return {**column, "column_type": kind}


class ContactImporter(RecordImporter):
    """Import files of contacts.

    :param lookup_field: the key: ``email``, another unique property, or ``hs_object_id`` to update by id.
    :param marketable_contacts: make them marketing contacts, which the account pays for.
    :param create_list: add them to new static lists, one for each file of the import.
    :raises InvalidInput: on an action or a key that the platform has no import for.
    """

    file_name = "contacts.csv"
    object_type_id = imports.CONTACTS
    spec = spec_of(SPECS, Job("hubspot", "contact_import", "0"))

    def __init__(
        self,
        *,
        action: str = "createOrUpdate",
        lookup_field: str = "email",
        date_format: str | None = None,
        time_zone: str | None = None,
        marketable_contacts: bool | None = None,
        create_list: bool = False,
    ) -> None:
        super().__init__(
            action=action, lookup_field=lookup_field, date_format=date_format, time_zone=time_zone
        )
        self.marketable_contacts = marketable_contacts
        self.create_list = create_list

    def settings(self) -> Sequence[object]:
        return [self.action, self.date_format, self.time_zone, self.marketable_contacts, self.create_list]

    def known_fields(self) -> Procedure[KnownFields]:
        return _without_marketable((yield from record_fields("contacts", self.lookup_field)))


class ObjectImporter(RecordImporter):
    """Import files of companies, deals, tickets, custom objects or contacts.

    :param object_type: a name, or a number such as ``2-123``.
    :param new_properties: what is created first.
    :raises InvalidInput: on an action or a key that the platform has no import for.
    """

    spec = spec_of(SPECS, Job("hubspot", "object_import", "0"))

    def __init__(
        self,
        object_type: str,
        *,
        action: str,
        lookup_field: str,
        new_properties: NewProperties | None = None,
    ) -> None:
        # Not the account's time zone: in a call, times without an offset are UTC.
        super().__init__(action=action, lookup_field=lookup_field, time_zone="UTC")
        self._writer = ObjectWriter(
            object_type, action=action, lookup_field=lookup_field, new_properties=new_properties
        )
        self.object_type = object_type
        self.object_type_id = number_of(object_type) or ""
        """The number of the object type. That of a custom object is read with the fields."""

    def settings(self) -> Sequence[object]:
        return [self.object_type_id, self.action]

    def known_fields(self) -> Procedure[KnownFields]:
        """Read which fields can be written, and check the object type and the key.

        :raises InvalidInput: when there is no such object type or property, or the key is not unique.
        """
        known = yield from self._writer.known_fields()
        if self._writer.found_by is not None:
            problem = (
                f"an import finds records by unique values, which {self.lookup_field!r} has not; use calls"
            )
            raise InvalidInput("lookup_field", problem)
        if not self.object_type_id:
            self.object_type_id = yield from read_number(self.object_type, "import")
        return _without_marketable(known) if plural(self.object_type) == "contacts" else known


def _without_marketable(known: KnownFields) -> KnownFields:
    # An import says it for all of its rows, in its settings.
    return replace(known, read_only=known.read_only | {MARKETABLE})


def _note(row: imports.RowError) -> RowNote:
    source: imports.Row = row.get("sourceData") or {}
    reason = row.get("errorMessage") or row["errorType"].replace("_", " ").lower()
    return RowNote(row["errorType"], reason, source.get("rowData") or None, source.get("lineNumber") or None)
