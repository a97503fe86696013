"""Associations of contacts with companies, deals, tickets and other contacts."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

Links = dict[str, list[str]]
"""Ids of associated objects, by object type."""

_ONE_OF = {"companies": "company", "contacts": "contact", "deals": "deal", "tickets": "ticket"}
_BY_NAME = {name: kind for kind, one in _ONE_OF.items() for name in (kind, one)}
_BY_NAME |= {"0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets"}
_BY_TYPE = {1: "companies", 279: "companies", 4: "deals", 15: "tickets", 449: "contacts"}
"""Ids of HubSpot's association types. The account has not defined any."""
_CATEGORIES = ("HUBSPOT_DEFINED", "INTEGRATOR_DEFINED", "USER_DEFINED", "WORK")
_SCHEMA, _SPEC = "PublicAssociationsForObject", "AssociationSpec"


def requested_associations(body: JsonObject, schema: str) -> Links:
    """Return the associations that a body requests for a new contact."""
    associations: Links = {}
    for item in array(body, "associations", schema):
        given = check_object(item, _SCHEMA, ["to", "types"])
        target = check_object(given["to"], "PublicObjectId", ["id"])
        types = array(given, "types", _SCHEMA)
        if not types:
            raise _misshapen(_SCHEMA, "types is empty")
        for kind in map(_kind, types):
            ids = associations.setdefault(kind, [])
            if str(target["id"]) not in ids:
                ids.append(str(target["id"]))
    return associations


def check_associations(state: HubSpotState, associations: Links) -> None:
    """Check that deals and contacts exist. Other objects are not emulated and not checked."""
    deals = {deal.id for deal in state.deals.all()}
    for kind, ids in associations.items():
        for one in ids:
            if (kind == "deals" and one not in deals) or (
                kind == "contacts" and state.contacts.get(one) is None
            ):
                msg = f"No {_ONE_OF[kind]} with id {one} to associate with"
                raise invalid(msg)


def associate(state: HubSpotState, contact: Contact, associations: Links) -> None:
    """Associate a contact with other objects; with contacts in both directions."""
    contact.associations = associations
    for one in associations.get("contacts", []):
        other = state.contacts.get(one)
        if other is not None:
            other.associations.setdefault("contacts", []).append(contact.id)


def with_associations(
    state: HubSpotState, contact: Contact, view: JsonObject, names: Iterable[str]
) -> JsonObject:
    """Add the requested associations to the view of a contact; unknown object types are ignored."""
    pages: JsonObject = {}
    for kind in dict.fromkeys(_BY_NAME.get(name.lower(), "") for name in names):
        ids = list(contact.associations.get(kind, []))
        if kind == "deals":
            identities = {contact.id, *contact.merged}
            ids += [deal.id for deal in state.deals.all() if identities & deal.contacts]
        elif kind == "contacts":
            # The other contact may have been merged or deleted.
            now = (state.contacts.survivor(one) for one in ids)
            ids = [one for one in now if one != contact.id and state.contacts.get(one) is not None]
        if ids:
            named = f"contact_to_{_ONE_OF[kind]}"
            pages[kind] = {"results": [{"id": one, "type": named} for one in dict.fromkeys(ids)]}
    return view | {"associations": pages} if pages else view


def _kind(spec: object) -> str:
    given = check_object(spec, _SPEC, ["associationCategory", "associationTypeId"])
    category, number = given["associationCategory"], given["associationTypeId"]
    if category not in _CATEGORIES:
        raise _misshapen(_SPEC, f"associationCategory knows no {category!r}")
    if isinstance(number, bool) or not isinstance(number, int):
        raise _misshapen(_SPEC, "associationTypeId is no number")
    if category != "HUBSPOT_DEFINED" or number not in _BY_TYPE:
        msg = f"{category} {number} is no type of association that contacts of this account have"
        raise invalid(msg)
    return _BY_TYPE[number]


def _misshapen(schema: str, what: str) -> HubSpotError:
    return invalid(f"Invalid input JSON on line 1, column 1: Cannot build {schema}, {what}")
