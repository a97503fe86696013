"""Merge contacts, and delete a contact for GDPR."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.contacts import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.contacts.property_definitions import is_email
from airflow_provider_mkt.sandbox.hubspot.contacts.requests import WRITE, check_id_property
from airflow_provider_mkt.sandbox.hubspot.contacts.views import contact_write_view
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.requests import read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

MAX_IDENTITIES = 250

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("POST", "/merge", scopes=WRITE)
async def merge_contacts(request: HubSpotRequest) -> Response:
    body = await read_object(request, "PublicMergeInput", ["primaryObjectId", "objectIdToMerge"])
    wanted = str(body["primaryObjectId"]), str(body["objectIdToMerge"])
    await request.simulate_latency()
    contacts = request.state.contacts
    primary, other = (contacts.get(one) for one in wanted)
    if primary is None or other is None:
        # A repeated merge fails here: the second contact does not exist any more.
        raise not_found(f"No contact with id {wanted[0] if primary is None else wanted[1]}")
    if primary is other:
        msg = "A contact cannot be merged with itself"
        raise invalid(msg)
    if primary.identities() + other.identities() + 1 > MAX_IDENTITIES:
        msg = f"The merged contact would have more than {MAX_IDENTITIES} identities"
        raise HubSpotError(414, "VALIDATION_ERROR", msg)
    contacts.merge(primary, other)
    return JSONResponse(contact_write_view(primary, primary.properties))


@routes.handle("POST", "/gdpr-delete", scopes=WRITE)
async def gdpr_delete_contact(request: HubSpotRequest) -> Response:
    """Delete a contact permanently. An address without a contact is blocked instead."""
    body = await read_object(request, "PublicGdprDeleteInput", ["objectId"])
    id_property, wanted = body.get("idProperty"), str(body["objectId"])
    check_id_property(id_property, request.state.contacts)
    if id_property == "email" and not is_email(wanted.strip()):
        msg = "objectId is no email address"
        raise invalid(msg)
    await request.simulate_latency()
    contacts = request.state.contacts
    contact = contacts.find(id_property, wanted)
    if contact is None and id_property in (None, "hs_object_id"):
        contact = contacts.get(wanted, archived=True)
    if contact is not None:
        contacts.erase(contact)
    elif id_property == "email":
        contacts.blocked.add(wanted.strip().lower())
    else:
        raise not_found()
    return Response(status_code=204)
