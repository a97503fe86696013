"""Import one row of a file."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact, ContactStore
from airflow_provider_mkt.sandbox.hubspot.imports.dates import as_written
from airflow_provider_mkt.sandbox.hubspot.imports.models import Import, Line

BY_ID, BY_KEY = "HUBSPOT_OBJECT_ID", "HUBSPOT_ALTERNATE_ID"
CREATE, UPDATE, UPSERT = "CREATE", "UPDATE", "UPSERT"
_KINDS = {
    "INVALID_EMAIL": "INVALID_EMAIL",
    "INVALID_OPTION": "INVALID_ENUMERATION_OPTION",
    "INVALID_LONG": "COULD_NOT_PARSE_NUMBER",
    "INVALID_DATE": "COULD_NOT_PARSE_DATE",
}


class _RowRejected(Exception):
    def __init__(self, kind: str, message: str, column: int | None = None, value: str | None = None) -> None:
        super().__init__(kind)
        self.details = {"kind": kind, "message": message}
        self.column = column
        self.value = value


def write_row(contacts: ContactStore, one: Import, line: Line, at: float) -> str | None:
    """Import one row. Return the contact's id, or None after an error."""
    one.counters["TOTAL_ROWS"] += 1
    try:
        return _import(contacts, one, line)
    except _RowRejected as rejected:
        one.fail(**rejected.details, at=at, line=line, column=rejected.column, value=rejected.value)
        return None


def _import(contacts: ContactStore, one: Import, line: Line) -> str:
    if len(line.cells) != len(one.columns):
        details = f"The row has {len(line.cells)} columns, the header {len(one.columns)}"
        raise _RowRejected("INCORRECT_NUMBER_OF_COLUMNS", details)
    values = _values(contacts, one, line)
    if values.get("email", "").lower() in contacts.blocked:
        raise _RowRejected("GDPR_BLACKLISTED_EMAIL", "The address was deleted under privacy laws")
    known = _find(contacts, one, line)
    if known is None and one.operation == UPDATE:
        raise _RowRejected("UPDATE_ONLY_IMPORT", "No contact has this key, and the import only updates")
    holder = contacts.holder(values, exclude=known.id if known is not None else None)
    if one.operation == CREATE and (known is not None or holder is not None):
        raise _RowRejected("CREATE_ONLY_IMPORT", "A contact has this key, and the import only creates")
    if holder is not None:
        raise _RowRejected("DUPLICATE_UNIQUE_PROPERTY_VALUE", f"Contact {holder.id} has this value already")
    # An empty cell does not change the value.
    values = {name: value for name, value in values.items() if value != ""}
    if known is None:
        if not values:
            details = "The row has no values"
            raise _RowRejected("FAILED_TO_PROCESS_OBJECT_WITH_EMPTY_PROPERTY_VALUES", details)
        known = contacts.create(values)
        one.counters["CREATED_OBJECTS"] += 1
    else:
        contacts.update(known, values)
        one.counters["UPDATED_OBJECTS"] += 1
    one.written.add(known.id)
    one.counters["UNIQUE_OBJECTS_WRITTEN"] = len(one.written)
    one.counters["PROPERTY_VALUES_EMITTED"] += len(values)
    return known.id


def _values(contacts: ContactStore, one: Import, line: Line) -> dict[str, str]:
    values: dict[str, str] = {}
    for place, (column, cell) in enumerate(zip(one.columns, line.cells, strict=True)):
        name, text = column.property_name, cell.strip()
        if name is None or column.kind == BY_ID:
            continue
        known = contacts.definitions.get(name)
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


def _find(contacts: ContactStore, one: Import, line: Line) -> Contact | None:
    """Return the contact with the row's key. The key is required, and must be unique in the file."""
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
        found = contacts.find(None if by_id else column.property_name, key)
        if found is None and by_id:
            raise _RowRejected("INVALID_OBJECT_ID", "No contact has this id", place, cell)
        return found
    return None
