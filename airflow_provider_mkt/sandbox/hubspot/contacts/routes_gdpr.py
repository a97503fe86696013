"""Delete a contact for GDPR."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.contacts import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.objects.definitions import is_email
from airflow_provider_mkt.sandbox.hubspot.objects.requests import check_id_property, kind_of, write_scopes
from airflow_provider_mkt.sandbox.hubspot.requests import read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes

routes = HubSpotRoutes(*PREFIXES, scopes_of=write_scopes)


@routes.handle("POST", "/gdpr-delete")
async def gdpr_delete_contact(request: HubSpotRequest) -> Response:
    """Delete a contact permanently. An address without a contact is blocked instead."""
    body = await read_object(request, "PublicGdprDeleteInput", ["objectId"])
    id_property, wanted = body.get("idProperty"), str(body["objectId"])
    kind, contacts = kind_of(request), request.state.contacts
    check_id_property(id_property, kind)
    if id_property == "email" and not is_email(wanted.strip()):
        msg = "objectId is no email address"
        raise invalid(msg)
    await request.simulate_latency()
    contact = contacts.find(id_property, wanted)
    if contact is None and id_property in (None, "hs_object_id"):
        contact = contacts.get(wanted, archived=True)
    if contact is not None:
        contacts.erase(contact)
        request.state.associations.drop(kind, contact.id)
    elif id_property == "email":
        contacts.blocked.add(wanted.strip().lower())
    else:
        raise not_found()
    return Response(status_code=204)
