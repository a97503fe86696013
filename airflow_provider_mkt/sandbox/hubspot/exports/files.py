"""Write the files of exports."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator

from airflow_provider_mkt.sandbox.hubspot.associations.store import AssociationStore
from airflow_provider_mkt.sandbox.hubspot.exports.models import Export, File, Order, Writing
from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Property
from airflow_provider_mkt.sandbox.hubspot.objects.search_filters import is_match, queried_properties
from airflow_provider_mkt.sandbox.hubspot.objects.store import Record
from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType
from airflow_provider_mkt.sandbox.hubspot.properties.views import property_view
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.server.csv_lines import csv_writer

ASSOCIATIONS = 1_000
"""Associated records of a type in one row at most, unless the limit is lifted."""
RECORD_ID = "Record ID"
_ROWS_AT_ONCE = 100
_Cells = Callable[[Record], list[str]]


def write_file(
    one: Export,
    at: float,
    members: set[str] | None,
    associations: AssociationStore,
    settings: HubSpotSettings,
) -> Writing:
    """Write the file of an export: one CSV, or a zip of one or several.

    :param at: the moment whose values are written.
    :param members: the ids of the list's members; None for a view.
    """
    order = one.order
    columns = list(_columns(order, associations, settings))
    parts: list[bytes] = []
    text, rows = _begin(columns), 0
    for number, record in enumerate(_records(order, members), 1):
        then = record.as_of(at)
        if then is not None and _is_wanted(then, order):
            if rows and rows % settings.export_rows_per_file == 0:
                parts.append(_content(text))
                text = _begin(columns)
            csv_writer(text)([cell for _, cells in columns for cell in cells(then)])
            rows += 1
        if number % _ROWS_AT_ONCE == 0:
            yield
    parts.append(_content(text))
    name = f"hubspot-crm-exports-{order.kind.name}-{one.id}"
    if len(parts) == 1 and len(parts[0]) <= settings.export_zip_bytes:
        return File(f"{name}.csv", parts[0], rows)
    return File(f"{name}.zip", _zipped(name, parts), rows)


def _records(order: Order, members: set[str] | None) -> Iterator[Record]:
    store = order.kind.store
    if members is None:
        yield from store.live()
        return
    for record_id in sorted(members, key=int):
        record = store.get(record_id)
        if record is not None:
            yield record


def _is_wanted(record: Record, order: Order) -> bool:
    return is_match(record, order.groups, order.query, queried_properties(order.kind))


def _begin(columns: Iterable[tuple[str, _Cells]]) -> io.StringIO:
    text = io.StringIO()
    csv_writer(text)([header for header, _ in columns])
    return text


def _content(text: io.StringIO) -> bytes:
    return text.getvalue().encode("utf-8", "replace")


def _zipped(name: str, parts: list[bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, part in enumerate(parts, 1):
            ending = f"-{number}" if len(parts) > 1 else ""
            archive.writestr(zipfile.ZipInfo(f"{name}{ending}.csv"), part, zipfile.ZIP_DEFLATED, 1)
    return content.getvalue()


def _columns(
    order: Order, associations: AssociationStore, settings: HubSpotSettings
) -> Iterator[tuple[str, _Cells]]:
    """Return the columns of a file, each with its header."""
    if settings.export_record_id:
        yield RECORD_ID, lambda record: [record.id]
    for name in order.properties:
        known = order.kind.store.definitions[name]
        header = name if order.names else str(property_view(known, "")["label"])
        yield header, _value(known, internal=order.values)
    # How these columns are named in the files of the API is not documented; so they are in those of HubSpot's
    # application.
    for other in order.others:
        label = str((other.schema.get("labels") or {}).get("singular") or other.singular.capitalize())
        yield f"Associated {label} IDs", _associated(order, other, associations)
        if order.primary:
            yield f"Associated {label}", _names(order, other, associations)


def _value(known: Property, *, internal: bool) -> _Cells:
    if internal:
        return lambda record: [record.value(known.name) or ""]
    labels = {str(one["value"]): str(one["label"]) for one in property_view(known, "")["options"]}

    def labelled(record: Record) -> list[str]:
        value = record.value(known.name) or ""
        parts = value.split(";") if known.multiple else [value]
        return [";".join(labels.get(part, part) for part in parts)]

    return labelled


def _linked(order: Order, record: Record, other: ObjectType, associations: AssociationStore) -> list[str]:
    every = associations.of((order.kind.id, record.id), other)
    found = [one for one in every if other.store.get(one) is not None]
    return found if order.unlimited else found[:ASSOCIATIONS]


def _associated(order: Order, other: ObjectType, associations: AssociationStore) -> _Cells:
    def cells(record: Record) -> list[str]:
        types = associations.of((order.kind.id, record.id), other)
        ids = []
        for one in _linked(order, record, other, associations):
            labels = [each.label for each in types[one] if each.label] if order.labels else []
            ids.append(f"{one} ({', '.join(labels)})" if labels else one)
        return [";".join(ids)]

    return cells


def _names(order: Order, other: ObjectType, associations: AssociationStore) -> _Cells:
    def cells(record: Record) -> list[str]:
        found = [other.store.get(one) for one in _linked(order, record, other, associations)]
        shown = other.shown[-1] if other.shown else "hs_object_id"
        return [";".join((one.value(shown) or "") for one in found if one is not None)]

    return cells
