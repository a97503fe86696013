"""An app's settings for marketing events: the URL from which HubSpot fetches unknown events.

Both calls need a token of the developer account; a token of an account that installed the app is rejected.
"""

from __future__ import annotations

from typing import TypedDict, cast
from urllib.parse import urlsplit

from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Pairs, Replay, Route, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.events._fields import FAMILY
from airflow_provider_mkt.client.hubspot.parameters import text

_LARGEST_APP = 2**31 - 1


class EventSettings(TypedDict):
    appId: int
    eventDetailsUrl: str


def get(app_id: int | str) -> Call[EventSettings]:
    """Read an app's settings.

    :param app_id: id of the app.
    :raises PermissionDenied: when the token is not of the developer account.
    :raises NotFound: when the app does not exist, or has no settings.

    Source: ``GET /marketing/{version}/marketing-events/{appId}/settings``.
    """
    call = "marketing_event_settings.get"
    return Call(call, _app("GET", call, app_id), _settings, Replay.SAFE, scopes=("developers-read",))


def update(app_id: int | str, event_details_url: str) -> Call[EventSettings]:
    """Create or replace an app's settings.

    :param app_id: id of the app.
    :param event_details_url: ``https`` URL from which HubSpot fetches an event; ``%s`` stands for the
        external event id.
    :returns: the settings.
    :raises InvalidInput: when *event_details_url* is not such a URL.
    :raises PermissionDenied: when the token is not of the developer account.

    Source: ``POST /marketing/{version}/marketing-events/{appId}/settings``.
    """
    call = "marketing_event_settings.update"
    url = text(call, "event_details_url", event_details_url)
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.netloc or "%s" not in url:
        raise InvalidInput("event_details_url", "must be an https URL that contains %s", call=call)
    return Call(
        call,
        _app("POST", call, app_id),
        _settings,
        Replay.SAFE,
        body=JsonBody({"eventDetailsUrl": url}),
        scopes=("developers-write",),
    )


def _app(method: str, call: str, app_id: int | str) -> Route:
    number = numeric_id(call, "app_id", app_id)
    if number > _LARGEST_APP:
        raise InvalidInput("app_id", "is larger than any app id", call=call)
    params: Pairs = (("appId", str(number)),)
    return Route(method, FAMILY, "/{appId}/settings", params)


def _settings(envelope: Envelope) -> EventSettings:
    return cast("EventSettings", envelope)
