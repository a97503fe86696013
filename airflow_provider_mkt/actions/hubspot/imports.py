"""Starting an import so that no file is imported twice.

Importing files of contacts into HubSpot.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_provider_mkt.actions.hubspot.jobs import SPECS
from airflow_provider_mkt.actions.jobs import Job, spec_of
from airflow_provider_mkt.actions.polling import JobState
from airflow_provider_mkt.actions.ports import Findings, RowNote, Upload
from airflow_provider_mkt.actions.procedure import CONSISTENCY_WINDOW, Pages, Pause, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, Json
from airflow_provider_mkt.client.errors import InvalidInput, OutcomeUnknown, PlatformError
from airflow_provider_mkt.client.hubspot.imports import imports

_LOOK_EVERY = 5.0
_KEY = "start import"


def start_once(
    name: str,
    order: Call[imports.Import],
    task_state: TaskState,
    *,
    clock: Callable[[], float] = time.time,
) -> Procedure[imports.Import]:
    """Start an import, or find the one that an earlier try of this task has started.

    What is asked is remembered before it is sent, with the ids of the imports that had the name then. An
    import of that name with another id is this task's own, as long as no other task uses the name.

    :param name: the import's name, which no other import of the same time should have.
    :param order: the call that starts it, from :func:`.imports.start` with that name.
    :param memory: what the task's earlier tries did.
    :raises OutcomeUnknown: when the answer was lost, and a minute later no such import has shown.
    """
    mark = task_state.get(_KEY)
    if isinstance(mark, Mapping):
        if isinstance(started := mark.get("id"), str):
            known: imports.Import = yield imports.get(started)
            return known
        found = yield from _look_for(name, mark, clock)
        if found is not None:
            task_state.set(_KEY, {"id": found.id})
            return found
    rows = yield from _named(name)
    before: dict[str, Json] = {"before": [one.id for one in rows], "asked": clock()}
    task_state.set(_KEY, before)
    try:
        made: imports.Import = yield order
    except OutcomeUnknown as lost:
        # The time counts from now: until now the request may have been on its way.
        mark = {**before, "asked": clock()}
        task_state.set(_KEY, mark)
        found = yield from _look_for(name, mark, clock)
        if found is None:
            raise lost from lost.__cause__
        made = found
    except PlatformError:
        task_state.set(_KEY, None)
        raise
    task_state.set(_KEY, {"id": made.id})
    return made


def _named(name: str) -> Procedure[list[imports.Import]]:
    rows: list[imports.Import] = yield Pages(imports.list(limit=imports.PAGE_MAX))
    return [one for one in rows if one.importName == name]


def _look_for(
    name: str, mark: Mapping[str, Any], clock: Callable[[], float]
) -> Procedure[imports.Import | None]:
    """Look for an import that an earlier request has started, until it must have shown."""
    before, asked = mark.get("before"), mark.get("asked")
    known = before if isinstance(before, list) else []
    until = (asked if isinstance(asked, (int, float)) else clock()) + CONSISTENCY_WINDOW
    while True:
        rows = yield from _named(name)
        for one in rows:
            if one.id not in known:
                return one
        left = until - clock()
        if left <= 0:
            return None
        yield Pause(min(left, _LOOK_EVERY), "an earlier request to start the import may still be at work")


OPERATIONS = {"createOrUpdate": "UPSERT", "createOnly": "CREATE", "updateOnly": "UPDATE"}
_RECORD_ID = "hs_object_id"
_ERRORS_LAG = 60.0


class ContactImporter:
    """Imports files of contacts.

    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``.
    :param lookup_field: the key: ``email``, another unique property, or ``hs_object_id`` to update by id.
    :param date_format: the order in which dates are written; ``YEAR_MONTH_DAY`` when not given.
    :param time_zone: in which times are meant; the account's when not given.
    :param marketable_contacts: make them marketing contacts, which the account pays for.
    :param create_list: put them on new static lists, one for each file of the import.
    :raises InvalidInput: on an action or a key that the platform has no import for.
    """

    platform = "hubspot"
    # Far below the platform's 512 MB and 1,048,576 rows, so that a worker can hold a file in memory.
    bytes_max = 20_000_000
    rows_max = 500_000
    max_in_flight = 3
    empty_clears = False
    # Imports are listed, so one can look.
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
            raise InvalidInput("action", f"HubSpot imports know {', '.join(OPERATIONS)}")
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
        # The platform refuses a file with an unknown column before it reads a row.
        return None
        yield  # a flow that needs no call

    def key(self, value: str) -> str:
        stripped = value.strip()
        return stripped.lower() if self.key_column == "email" else stripped

    def start(self, upload: Upload, task_state: TaskState) -> Procedure[Job]:
        order = imports.start(
            upload.name,
            upload.content,
            [self._column(name) for name in upload.columns],
            operation=OPERATIONS[self.action],
            date_format=self.date_format,
            time_zone=self.time_zone,
            marketable_contacts=self.marketable_contacts,
            create_list=self.create_list,
        )
        started = yield from start_once(upload.name, order, task_state)
        return Job("hubspot", self.spec.kind, started.id)

    def findings(self, look: JobState, columns: Sequence[str]) -> Procedure[Findings]:
        """The rows with errors, which show a little later than the state: waited for until all are there."""
        wanted, waited = int(look.details.get("ERRORS") or 0), 0.0
        # A counter that nothing was counted by is missing.
        created = look.details.get("CREATED_OBJECTS", 0 if "UPDATED_OBJECTS" in look.details else None)
        if not wanted:
            return Findings(created=created)
        listed = Pages(imports.errors(look.job.id, include_row_data=True, limit=imports.PAGE_MAX))
        while True:
            rows: list[imports.RowError] = yield listed
            if len(rows) >= wanted or waited >= _ERRORS_LAG:
                unlisted = max(0, wanted - len(rows))
                return Findings([_note(row) for row in rows], unlisted=unlisted, created=created)
            yield Pause(_LOOK_EVERY, f"{len(rows)} of {wanted} row errors show as yet")
            waited += _LOOK_EVERY

    def _column(self, name: str) -> Mapping[str, str | None]:
        if name != self.key_column:
            return {"name": name, "property_name": name}
        kind = "HUBSPOT_OBJECT_ID" if name == _RECORD_ID else "HUBSPOT_ALTERNATE_ID"
        return {"name": name, "property_name": name, "column_type": kind}


def _note(row: imports.RowError) -> RowNote:
    source: Mapping[str, Any] = row.get("sourceData") or {}
    reason = row.get("errorMessage") or row["errorType"].replace("_", " ").lower()
    return RowNote(row["errorType"], reason, source.get("rowData") or None, source.get("lineNumber") or None)
