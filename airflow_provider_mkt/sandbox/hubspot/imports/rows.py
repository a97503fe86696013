"""Import one row of a file."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.contacts.store import ContactStore
from airflow_provider_mkt.sandbox.hubspot.imports.dates import as_written
from airflow_provider_mkt.sandbox.hubspot.imports.models import Import, Line
from airflow_provider_mkt.sandbox.hubspot.objects.store import Record
from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectTypes

BY_ID, BY_KEY = "HUBSPOT_OBJECT_ID", "HUBSPOT_ALTERNATE_ID"
CREATE, UPDATE, UPSERT = "CREATE", "UPDATE", "UPSERT"
_KINDS = {
    "INVALID_EMAIL": "INVALID_EMAIL",
    "INVALID_OPTION": "INVALID_ENUMERATION_OPTION",
    "INVALID_LONG": "COULD_NOT_PARSE_NUMBER",
    "INVALID_DATE": "COULD_NOT_PARSE_DATE",
    "REQUIRED_FIELD": "MISSING_REQUIRED_PROPERTY",
}


class _RowRejected(Exception):
    def __init__(self, kind: str, message: str, column: int | None = None, value: str | None = None) -> None:
        super().__init__(kind)
        self.details = {"kind": kind, "message": message}
        self.column = column
        self.value = value


def write_row(objects: ObjectTypes, one: Import, line: Line, at: float) -> str | None:
    """Import one row. Return the record's id, or None after an error."""
    one.counters["TOTAL_ROWS"] += 1
    try:
        return _import(objects, one, line, at)
    except _RowRejected as rejected:
        one.fail(**rejected.details, at=at, line=line, column=rejected.column, value=rejected.value)
        return None


def _import(objects: ObjectTypes, one: Import, line: Line, at: float) -> str:
    kind, store = one.kind, one.kind.store
    if kind.id in objects.archived:
        raise _RowRejected("MISSING_OBJECT_DEFINITION", f"Object type {kind.id} does not exist any more")
    if len(line.cells) != len(one.columns):
        details = f"The row has {len(line.cells)} columns, the header {len(one.columns)}"
        raise _RowRejected("INCORRECT_NUMBER_OF_COLUMNS", details)
    values = _values(one, line)
    if isinstance(store, ContactStore) and values.get("email", "").lower() in store.blocked:
        raise _RowRejected("GDPR_BLACKLISTED_EMAIL", "The address was deleted under privacy laws")
    known = _find(one, line)
    if known is None and one.operation == UPDATE:
        raise _RowRejected(
            "UPDATE_ONLY_IMPORT", f"No {kind.singular} has this key, and the import only updates"
        )
    holder = store.holder(values, exclude=known.id if known is not None else None)
    if one.operation == CREATE and (known is not None or holder is not None):
        raise _RowRejected(
            "CREATE_ONLY_IMPORT", f"A {kind.singular} has this key, and the import only creates"
        )
    if holder is not None:
        raise _RowRejected(
            "DUPLICATE_UNIQUE_PROPERTY_VALUE",
            f"{kind.singular.capitalize()} {holder.id} has this value already",
        )
    # An empty cell does not change the value.
    values = {name: value for name, value in values.items() if value != ""}
    for _, code, message in objects.pipeline_problems(kind, values, known):
        raise _RowRejected(_KINDS[code], message)
    if known is None:
        if not values:
            details = "The row has no values"
            raise _RowRejected("FAILED_TO_PROCESS_OBJECT_WITH_EMPTY_PROPERTY_VALUES", details)
        if missing := kind.missing(values):
            details = "; ".join(f"A new {kind.singular} needs {' or '.join(group)}" for group in missing)
            raise _RowRejected("MISSING_REQUIRED_PROPERTY", details)
        known = store.create({**objects.with_pipeline(kind, values), **_of_settings(one)}, at=at)
        one.counters["CREATED_OBJECTS"] += 1
    else:
        store.update(known, {**values, **_of_settings(one)}, at=at)
        one.counters["UPDATED_OBJECTS"] += 1
    one.written.add(known.id)
    one.counters["UNIQUE_OBJECTS_WRITTEN"] = len(one.written)
    one.counters["PROPERTY_VALUES_EMITTED"] += len(values)
    return known.id


def _of_settings(one: Import) -> dict[str, str]:
    """Return the values that the import's settings give to every contact of the file."""
    marketable = one.order.get("marketableContactImport")
    return {} if marketable is None else {"hs_marketable_status": str(marketable).lower()}


def _values(one: Import, line: Line) -> dict[str, str]:
    values: dict[str, str] = {}
    for place, (column, cell) in enumerate(zip(one.columns, line.cells, strict=True)):
        name, text = column.property_name, cell.strip()
        if name is None or column.kind == BY_ID:
            continue
        known = one.kind.store.definitions.get(name)
        if known is None:
            details = f'Property "{name}" does not exist any more'
            raise _RowRejected("PROPERTY_DEFINITION_NOT_FOUND", details, place)
        if known.kind in ("date", "datetime") and text:
            read = as_written(text, one.date_format, one.zone, whole_day=known.kind == "date")
            if read is None:
                raise _RowRejected("COULD_NOT_PARSE_DATE", f"No date in {one.date_format}", place, text)
            text = read
        elif (problem := known.problem(text)) is not None:
            kind = _KINDS.get(problem[1], "INVALID_PROPERTY_VALUE_FORMAT")
            raise _RowRejected(kind, problem[2], place, text)
        values[name] = text
    return values


def _find(one: Import, line: Line) -> Record | None:
    """Return the record with the row's key. The key is required, and must be unique in the file."""
    for place, (column, cell) in enumerate(zip(one.columns, line.cells, strict=True)):
        if column.kind not in (BY_ID, BY_KEY):
            continue
        key = cell.strip().lower() if column.property_name == "email" else cell.strip()
        by_id = column.kind == BY_ID
        if not key:
            if by_id and one.operation != UPDATE:
                continue
            kind = "INVALID_OBJECT_ID" if by_id else "INVALID_ALTERNATE_ID"
            raise _RowRejected(kind, "The row has no key", place, cell)
        if f"{place} {key}" in one.keys:
            kind = "DUPLICATE_OBJECT_ID" if by_id else "DUPLICATE_ALTERNATE_ID"
            raise _RowRejected(kind, "The file has this key in an earlier row", place, cell)
        one.keys.add(f"{place} {key}")
        found = one.kind.store.find(None if by_id else column.property_name, key)
        if found is None and by_id:
            raise _RowRejected("INVALID_OBJECT_ID", f"No {one.kind.singular} has this id", place, cell)
        return found
    return None
