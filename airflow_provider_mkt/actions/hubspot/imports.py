"""Import files of contacts, none of them twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from airflow_provider_mkt.actions.hubspot.jobs import SPECS
from airflow_provider_mkt.actions.idempotency import Ensured, create_if_absent
from airflow_provider_mkt.actions.imports import Findings, RowNote, Upload
from airflow_provider_mkt.actions.jobs import Job, JobState, spec_of
from airflow_provider_mkt.actions.procedure import Pages, Pause, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, Json
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.imports import imports

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
        rows: list[imports.Import] = yield Pages(imports.list(limit=imports.PAGE_MAX))
        named = [one for one in rows if one.importName == name]
        if not isinstance(before, list):
            before = [one.id for one in named]
        return next((one for one in named if one.id not in before), None)

    ensured: Ensured[imports.Import] = yield from create_if_absent(
        _KEY, task_state, call, find, details=lambda: {"before": before}, max_requests=1, clock=clock
    )
    task_state.set(_KEY, {"answer": ensured.value.id})
    return ensured.value


OPERATIONS = {"createOrUpdate": "UPSERT", "createOnly": "CREATE", "updateOnly": "UPDATE"}
_RECORD_ID = "hs_object_id"
_ERRORS_LAG = 60.0
"""Seconds within which the row errors of a complete import show."""
_ERRORS_INTERVAL = 5.0


class ContactImporter:
    """Import files of contacts.

    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``.
    :param lookup_field: the key: ``email``, another unique property, or ``hs_object_id`` to update by id.
    :param date_format: the order of the parts of a date; ``YEAR_MONTH_DAY`` when not given.
    :param time_zone: the time zone of times; the account's when not given.
    :param marketable_contacts: make them marketing contacts, which the account pays for.
    :param create_list: add them to new static lists, one for each file of the import.
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
        if action not in OPERATIONS:
            raise InvalidInput("action", f"HubSpot imports have {', '.join(OPERATIONS)}")
        if lookup_field == _RECORD_ID and action != "updateOnly":
            raise InvalidInput("lookup_field", f"{_RECORD_ID} is given by HubSpot; use action updateOnly")
        # Not the platform's default, which no other system writes.
        self.date_format = date_format or "YEAR_MONTH_DAY"
        if self.date_format not in imports.DATE_FORMATS:
            raise InvalidInput("date_format", f"must be one of {', '.join(imports.DATE_FORMATS)}")
        self.action = action
        self.key_column = lookup_field
        self.time_zone = time_zone
        self.marketable_contacts = marketable_contacts
        self.create_list = create_list

    def settings(self) -> Sequence[object]:
        return [self.action, self.date_format, self.time_zone, self.marketable_contacts, self.create_list]

    def known_fields(self) -> Procedure[frozenset[str] | None]:
        # The platform rejects a file with an unknown column before it reads a row.
        return None
        yield  # a procedure that needs no call

    def key(self, value: str) -> str:
        stripped = value.strip()
        return stripped.lower() if self.key_column == "email" else stripped

    def start(self, upload: Upload, task_state: TaskState) -> Procedure[Job]:
        call = imports.start(
            upload.name,
            upload.content,
            [self._column(name) for name in upload.columns],
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
            yield Pause(_ERRORS_INTERVAL, f"{len(rows)} of {wanted} row errors show")
            waited += _ERRORS_INTERVAL

    def _column(self, name: str) -> Mapping[str, str | None]:
        if name != self.key_column:
            return {"name": name, "property_name": name}
        kind = "HUBSPOT_OBJECT_ID" if name == _RECORD_ID else "HUBSPOT_ALTERNATE_ID"
        return {"name": name, "property_name": name, "column_type": kind}


def _note(row: imports.RowError) -> RowNote:
    source: imports.Row = row.get("sourceData") or {}
    reason = row.get("errorMessage") or row["errorType"].replace("_", " ").lower()
    return RowNote(row["errorType"], reason, source.get("rowData") or None, source.get("lineNumber") or None)
