"""What the event endpoints share: scopes, and finding the event that a call means."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.events.models import Event
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest

READ = ("crm.objects.marketing_events.read",)
WRITE = ("crm.objects.marketing_events.write",)
MAX_INPUTS = 100
"""Inputs of a batch. No limit is documented; one this low catches the client that thinks there is none."""


def account_of(request: HubSpotRequest) -> str:
    """The external account of the query, which the calls by external event id must name."""
    account = request.query_params.get("externalAccountId")
    if not account:
        msg = "The query parameter externalAccountId is required"
        raise invalid(msg)
    return account


def unknown(external_event_id: str) -> HubSpotError:
    """404 of an event that the calling app did not make, whether another one did or none."""
    return not_found(f"Marketing event with external event id {external_event_id} was not found")


def own(request: HubSpotRequest, account_id: str, event_id: str) -> Event:
    """The calling app's event of these external ids; 404 for another app's."""
    event = request.state.events.find(request.token.app, account_id, event_id)
    if event is None:
        raise unknown(event_id)
    return event


def own_by_query(request: HubSpotRequest) -> Event:
    """The same, with the event id in the path and the account in the query."""
    return own(request, account_of(request), request.path_params["externalEventId"])


def own_by_path(request: HubSpotRequest) -> Event:
    """The same, with both ids in the path."""
    return own(request, request.path_params["externalAccountId"], request.path_params["externalEventId"])


def by_object_id(request: HubSpotRequest, name: str = "objectId") -> Event:
    """The event of an object id, whichever app made it."""
    event = request.state.events.get(request.path_params[name])
    if event is None:
        msg = f"Marketing event {request.path_params[name]} was not found"
        raise not_found(msg)
    return event
