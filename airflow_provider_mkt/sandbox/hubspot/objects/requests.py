"""The object type of a request, its scopes, and checks of requests that write records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.errors import (
    HubSpotError,
    bad_properties,
    conflict,
    invalid,
    property_errors,
)
from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Problem
from airflow_provider_mkt.sandbox.hubspot.objects.store import Record
from airflow_provider_mkt.sandbox.hubspot.objects.types import CONTACTS, ObjectType, has_no_records
from airflow_provider_mkt.sandbox.hubspot.requests import is_september, property_map
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest
from airflow_provider_mkt.sandbox.server.json_types import JsonObject


def kind_of(request: HubSpotRequest) -> ObjectType:
    """Return the object type in the path; contacts where the path has none."""
    return named_kind(request, request.path_params.get("objectType", CONTACTS))


def named_kind(request: HubSpotRequest, given: str) -> ObjectType:
    """Return the object type of a name.

    :raises HubSpotError: 400, there is none, or the sandbox keeps no records of it.
    """
    found = request.state.objects.find(given)
    if found is not None:
        return found
    if has_no_records(given):
        msg = f"The sandbox keeps no records of {given}"
        raise invalid(msg)
    msg = f"Unable to infer object type from: {given!r}"
    raise invalid(msg)


def read_scopes(request: HubSpotRequest) -> tuple[str, ...]:
    return kind_of(request).read


def write_scopes(request: HubSpotRequest) -> tuple[str, ...]:
    return kind_of(request).write


@dataclass(frozen=True, slots=True)
class Write:
    """The values of a record in a request, as they are stored."""

    values: dict[str, str]
    warnings: list[JsonObject]
    """About values that are stored in another format than they were sent in."""

    def notes(self) -> JsonObject:
        """Return what the response says about the write, beside the record."""
        return {"warnings": self.warnings} if self.warnings else {}


def read_writes(request: HubSpotRequest, items: Iterable[object], schema: str) -> list[Write]:
    """Return the property maps of a request; one invalid value rejects the whole request.

    2026-09 accepts more formats of dates than the other versions, and warns of them.
    """
    kind = kind_of(request)
    definitions = kind.store.definitions
    writes = [Write(property_map(item, schema), []) for item in items]
    for write in writes if is_september(request) else ():
        for name, value in write.values.items():
            stored = definitions[name].normalized(value) if name in definitions else None
            if stored is not None:
                write.values[name] = stored
                write.warnings.append(_normalized(name, value, stored))
    check_values((write.values for write in writes), kind)
    return writes


def _normalized(name: str, sent: str, stored: str) -> JsonObject:
    return {
        "category": "PROPERTY_VALUE_NORMALIZED",
        "message": f"The value of {name} is stored in another format than it was sent in",
        "context": {"propertyName": name, "rawValue": sent, "normalizedValue": stored},
    }


def check_values(values: Iterable[dict[str, str]], kind: ObjectType) -> None:
    """Reject a request for one invalid value."""
    problems = dict.fromkeys(problem for one in values for problem in kind.store.problems(one))
    if problems:
        raise bad_properties(list(problems))


def check_records(
    request: HubSpotRequest, kind: ObjectType, writes: Iterable[tuple[dict[str, str], Record | None]]
) -> None:
    """Reject a request in which a new record lacks what its type requires, or a stage is not of its pipeline.

    What HubSpot answers is not documented for every type; here one such record rejects the request.

    :param writes: the values to be written, and the record to be updated or None.
    """
    problems: dict[Problem, None] = {}
    for values, record in writes:
        if record is None and (missing := kind.missing(values)):
            raise missing_properties(kind, missing)
        problems.update(dict.fromkeys(request.state.objects.pipeline_problems(kind, values, record)))
    if problems:
        raise bad_properties(list(problems))


def missing_properties(kind: ObjectType, groups: Iterable[tuple[str, ...]]) -> HubSpotError:
    """400 for a new record without properties that its type requires."""
    message = f"Error creating {kind.noun}. Some required properties were not set."
    errors = [
        {
            "message": f"Error creating {kind.noun}. Required: {' or '.join(group)}",
            "code": "REQUIRED_FIELD",
            "context": {"propertyName": list(group)},
        }
        for group in groups
    ]
    return invalid(message, errors=errors, context={"properties": [name for one in groups for name in one]})


def exists_already(kind: ObjectType, holder: Record, values: dict[str, str]) -> HubSpotError:
    """Return the error of a value that another record has.

    For contacts 409, as documented. What other types answer is not documented: 400, as public reports say.
    """
    if kind.is_contacts:
        return conflict(f"Contact already exists. Existing ID: {holder.id}")
    taken = [
        (name, value)
        for name, value in values.items()
        if value
        and any(
            key in kind.store.keys_of(name, holder.properties.get(name, ""))
            for key in kind.store.keys_of(name, value)
        )
    ]
    name, value = taken[0]
    where = f"PropertyValueCoordinates{{objectTypeId={kind.id}, propertyName={name}, value={value}}}"
    message = f"Cannot set {where}. {holder.id} already has that value."
    error = (name, "DUPLICATE_UNIQUE_PROPERTY_VALUE", message)
    return invalid(message, errors=property_errors([error]))


def check_id_property(name: object, kind: ObjectType, *, refused: Iterable[str] = ()) -> None:
    """Check that an idProperty has unique values.

    :param refused: properties with unique values that the call does not take.
    """
    if name is None or (name == "hs_object_id" and name not in refused):
        return
    known = kind.store.definitions.get(str(name))
    if known is None or not known.unique or known.name in refused:
        msg = f"Unable to perform update/upsert by non-unique {kind.id} property: {name}"
        raise invalid(msg)


def reject_duplicates(keys: Iterable[str]) -> None:
    """Check that no record occurs twice in a request."""
    twice = sorted(key for key, count in Counter(keys).items() if count > 1)
    if twice:
        msg = f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique"
        raise invalid(msg)


def reject_shared_values(values: Iterable[dict[str, str]], kind: ObjectType) -> None:
    """Check that no two records of a request have the same unique value."""
    reject_duplicates(key for one in values for _, key in kind.store.keys_among(one))


def unknown_ids(kind: ObjectType, ids: list[str]) -> JsonObject:
    """Return the batch error that names all ids that were not found."""
    message = (
        f"Could not get some {kind.noun} objects, they may be deleted or not exist. Check that ids are valid."
    )
    return HubSpotError(404, "OBJECT_NOT_FOUND", message).as_batch_error(ids=ids)
