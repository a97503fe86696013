"""Associations in requests that write records, and in their responses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.associations.store import CATEGORIES, AssociationType
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.objects.requests import named_kind
from airflow_provider_mkt.sandbox.hubspot.objects.store import Record
from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_SCHEMA, _SPEC = "PublicAssociationsForObject", "AssociationSpec"


@dataclass(frozen=True, slots=True)
class Link:
    """One record that another one is to be associated with, and how."""

    kind: ObjectType
    id: str
    types: tuple[AssociationType, ...]


def requested_associations(
    request: HubSpotRequest, kind: ObjectType, body: JsonObject, schema: str
) -> list[Link]:
    """Return the associations that a body requests for a new record."""
    links: list[Link] = []
    for item in array(body, "associations", schema):
        given = check_object(item, _SCHEMA, ["to", "types"])
        target = check_object(given["to"], "PublicObjectId", ["id"])
        types = array(given, "types", _SCHEMA)
        if not types:
            raise _misshapen(_SCHEMA, "types is empty")
        for category, number in map(read_spec, types):
            other = _other_kind(request, kind, category, number)
            links.append(Link(other[0], str(target["id"]), (other[1],)))
    return links


def read_spec(spec: object) -> tuple[str, int]:
    """Return the category and the type id of a body."""
    given = check_object(spec, _SPEC, ["associationCategory", "associationTypeId"])
    category, number = given["associationCategory"], given["associationTypeId"]
    if category not in CATEGORIES:
        raise _misshapen(_SPEC, f"associationCategory knows no {category!r}")
    if isinstance(number, bool) or not isinstance(number, int):
        raise _misshapen(_SPEC, "associationTypeId is no number")
    return category, number


def spec_types(
    request: HubSpotRequest, kind: ObjectType, other: ObjectType, specs: Iterable[object]
) -> tuple[AssociationType, ...]:
    """Return the types that a body names for associations between two object types."""
    found = []
    for category, number in map(read_spec, specs):
        one = request.state.associations.find(kind, other, category, number)
        if one is None:
            msg = f"{category} {number} is no type of association from {kind.name} to {other.name}"
            raise invalid(msg)
        found.append(one)
    return tuple(found)


def _other_kind(
    request: HubSpotRequest, kind: ObjectType, category: str, number: int
) -> tuple[ObjectType, AssociationType]:
    for other in request.state.objects:
        one = request.state.associations.find(kind, other, category, number)
        if one is not None:
            return other, one
    msg = f"{category} {number} is no type of association that {kind.name} of this account have"
    raise invalid(msg)


def check_associations(state: HubSpotState, kind: ObjectType, links: Iterable[Link]) -> None:
    """Check that the records exist to which a new one is to be associated, and have room for it."""
    for link in links:
        if link.kind.store.get(link.id) is None:
            msg = f"No {link.kind.singular} with id {link.id} to associate with"
            raise invalid(msg)
        for one in link.types:
            if (error := no_room(state, kind, "", link.kind, link.id, one)) is not None:
                raise error


def no_room(
    state: HubSpotState,
    kind: ObjectType,
    record: str,
    other: ObjectType,
    target: str,
    one: AssociationType,
) -> HubSpotError | None:
    """Return the error of an association beyond the limit of either record, or None.

    :param record: its id; empty for a new one.
    """
    store = state.associations
    back = store.find(other, kind, one.category, one.inverse)
    if store.room(kind, record, other, target, one) and (
        back is None or store.room(other, target, kind, record, back)
    ):
        return None
    # That there is an error is documented, but not its code.
    msg = (
        f"{kind.singular} {record} and {other.singular} {target}: the limit of their associations is reached"
    )
    return invalid(msg, subCategory="crm.associations.ASSOCIATION_LIMIT_EXCEEDED")


def associate(state: HubSpotState, kind: ObjectType, record: Record, links: Iterable[Link]) -> None:
    """Associate a record with others."""
    for link in links:
        state.associations.link(kind, record.id, link.kind, link.id, link.types)


def associated(state: HubSpotState, kind: ObjectType, record_id: str, other: ObjectType) -> list[str]:
    """Return the ids of the records of a type that a record is associated with, and that exist."""
    every = state.associations.of((kind.id, record_id), other)
    return [one for one in every if other.store.get(one) is not None]


def with_associations(
    state: HubSpotState, kind: ObjectType, record: Record, view: JsonObject, names: Iterable[str]
) -> JsonObject:
    """Add the requested associations to the view of a record; unknown object types are ignored."""
    pages: JsonObject = {}
    wanted = {other.id: other for name in names if (other := state.objects.find(name)) is not None}
    for other in wanted.values():
        if ids := associated(state, kind, record.id, other):
            named = f"{kind.singular}_to_{other.singular}"
            pages[other.name] = {"results": [{"id": one, "type": named} for one in ids]}
    return view | {"associations": pages} if pages else view


def _misshapen(schema: str, what: str) -> HubSpotError:
    return invalid(f"Invalid input JSON on line 1, column 1: Cannot build {schema}, {what}")


def scopes_of(request: HubSpotRequest) -> tuple[str, ...]:
    """Return the scopes of which a request about associations needs one: those of either object type."""
    kind, other = pair_of(request)
    return (*kind.read, *other.read, *kind.write, *other.write)


def write_scopes_of(request: HubSpotRequest) -> tuple[str, ...]:
    kind, other = pair_of(request)
    return (*kind.write, *other.write)


def pair_of(request: HubSpotRequest) -> tuple[ObjectType, ObjectType]:
    """Return the two object types in the path."""
    given = request.path_params
    first = given.get("objectType") or given["fromObjectType"]
    return named_kind(request, first), named_kind(request, given["toObjectType"])


def pair_view(
    kind: ObjectType, record: str, other: ObjectType, target: str, types: Iterable[AssociationType]
) -> JsonObject:
    """Return what the response says of two records that were associated."""
    return {
        "fromObjectTypeId": kind.id,
        "fromObjectId": record,
        "toObjectTypeId": other.id,
        "toObjectId": target,
        "labels": [one.label for one in types if one.label is not None],
    }


def default_views(
    state: HubSpotState, kind: ObjectType, record: str, other: ObjectType, target: str
) -> list[JsonObject]:
    """Return what the response says of two records that were associated, in each direction."""
    there, back = state.associations.types(kind, other)[0], state.associations.types(other, kind)[0]
    return [
        {
            "from": {"id": one},
            "to": {"id": two},
            "associationSpec": {"associationCategory": each.category, "associationTypeId": each.id},
        }
        for one, two, each in ((record, target, there), (target, record, back))
    ]


def target_view(target: str, types: Iterable[AssociationType]) -> JsonObject:
    """Return one record that another one is associated with."""
    return {"toObjectId": target, "associationTypes": [one.view() for one in types]}


def missing_record(kind: ObjectType, record: str, other: ObjectType, target: str) -> HubSpotError | None:
    """Return the error of an association of which one of the records does not exist, or None."""
    for one, record_id in ((kind, record), (other, target)):
        if one.store.get(record_id) is None:
            return not_found(f"No {one.singular} with id {record_id} exists")
    return None


def as_error(error: HubSpotError, record: str, *targets: str) -> JsonObject:
    """Return an error as an entry of a batch response."""
    context = {"fromObjectId": [record]} | ({"toObjectId": list(targets)} if targets else {})
    sub = {"subCategory": error.more["subCategory"]} if "subCategory" in error.more else {}
    return error.as_batch_error(**context) | sub
