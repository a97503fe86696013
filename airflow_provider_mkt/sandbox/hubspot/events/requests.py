"""Scopes, and finding the event that a request names."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.events.models import Event
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest

READ = ("crm.objects.marketing_events.read",)
WRITE = ("crm.objects.marketing_events.write",)
MAX_INPUTS = 100
"""Maximum number of inputs of a batch, which is not documented; 100 is assumed."""


def account_of(request: HubSpotRequest) -> str:
    """Return the external account of the query, which endpoints by external event id require."""
    account = request.query_params.get("externalAccountId")
    if not account:
        msg = "The query parameter externalAccountId is required"
        raise invalid(msg)
    return account


def unknown(external_event_id: str) -> HubSpotError:
    """Return 404 for an event that the calling app has not created."""
    return not_found(f"Marketing event with external event id {external_event_id} was not found")


def own(request: HubSpotRequest, account_id: str, event_id: str) -> Event:
    """Return the calling app's event with these external ids.

    :raises HubSpotError: 404, also for the event of another app.
    """
    event = request.state.events.find(request.token.app, account_id, event_id)
    if event is None:
        raise unknown(event_id)
    return event


def own_by_query(request: HubSpotRequest) -> Event:
    """Return the calling app's event, with the event id in the path and the account in the query."""
    return own(request, account_of(request), request.path_params["externalEventId"])


def own_by_path(request: HubSpotRequest) -> Event:
    """Return the calling app's event, with both ids in the path."""
    return own(request, request.path_params["externalAccountId"], request.path_params["externalEventId"])


def by_object_id(request: HubSpotRequest, name: str = "objectId") -> Event:
    """Return the event with an object id, of any app."""
    event = request.state.events.get(request.path_params[name])
    if event is None:
        msg = f"Marketing event {request.path_params[name]} was not found"
        raise not_found(msg)
    return event
