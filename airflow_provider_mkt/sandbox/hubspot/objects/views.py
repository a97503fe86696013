"""Records as JSON."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_mkt.sandbox.hubspot.objects.store import Record
from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject


def record_view(
    record: Record, kind: ObjectType, names: Iterable[str] = (), with_history: Iterable[str] = ()
) -> JsonObject:
    """Return a record with the requested or the default properties.

    A property without a value is null. One that is not defined is left out.
    """
    definitions = kind.store.definitions
    requested = list(names)
    history = [name for name in with_history if name in definitions]
    wanted = [*(requested or kind.shown), *kind.always]
    known = sorted({*wanted, *history} & definitions.keys())
    properties = {name: record.value(name) for name in known}
    view = _view(record, properties)
    if history:
        view["propertiesWithHistory"] = {
            name: [
                {"value": value, "timestamp": iso(at), "sourceType": "INTEGRATION"}
                for at, value in reversed(record.history.get(name, []))
            ]
            for name in history
        }
    return view


def write_view(
    record: Record, kind: ObjectType, names: Iterable[str], trace: object = None, **more: object
) -> JsonObject:
    """Return a record after a write: the written properties, and those that the platform sets."""
    properties = {name: record.value(name) for name in sorted({*names, *kind.always})}
    view = _view(record, {name: value for name, value in properties.items() if value is not None})
    if trace is not None:
        view["objectWriteTraceId"] = trace
    return view | more


def _view(record: Record, properties: dict[str, str | None]) -> JsonObject:
    view: JsonObject = {
        "id": record.id,
        "properties": properties,
        "createdAt": iso(record.created),
        "updatedAt": iso(record.updated),
        "archived": record.archived_at is not None,
    }
    if record.archived_at is not None:
        view["archivedAt"] = iso(record.archived_at)
    return view
