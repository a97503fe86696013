"""An app's settings for marketing events: the URL from which HubSpot fetches unknown events.

Both calls need a token of the developer account; a token of an account that installed the app is rejected.
"""

from __future__ import annotations

from typing import Annotated, TypedDict, cast
from urllib.parse import urlsplit

from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Replay, Route, path_params
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.events._fields import FAMILY
from airflow_provider_mkt.client.parameters import Check, Text, endpoint, to_id

_LARGEST_APP_ID = 2**31 - 1


def _app_id(field: str, value: object) -> int:
    app_id = to_id(field, value)
    if app_id > _LARGEST_APP_ID:
        raise InvalidInput(field, "is larger than any app id")
    return app_id


AppId = Annotated[int | str, Check(_app_id)]


class EventSettings(TypedDict):
    appId: int
    eventDetailsUrl: str


@endpoint
def get(app_id: AppId) -> Call[EventSettings]:
    """Read an app's settings.

    :param app_id: id of the app.
    :raises PermissionDenied: when the token is not of the developer account.
    :raises NotFound: when the app does not exist, or has no settings.

    Source: ``GET /marketing/{version}/marketing-events/{appId}/settings``.
    """
    return Call(
        "marketing_event_settings.get",
        _route("GET", app_id),
        _settings,
        Replay.SAFE,
        scopes=("developers-read",),
    )


@endpoint
def update(app_id: AppId, event_details_url: Text) -> Call[EventSettings]:
    """Create or replace an app's settings.

    :param app_id: id of the app.
    :param event_details_url: ``https`` URL from which HubSpot fetches an event; ``%s`` stands for the
        external event id.
    :returns: the settings.
    :raises InvalidInput: when *event_details_url* is not such a URL.
    :raises PermissionDenied: when the token is not of the developer account.

    Source: ``POST /marketing/{version}/marketing-events/{appId}/settings``.
    """
    try:
        parts = urlsplit(event_details_url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.netloc or "%s" not in event_details_url:
        raise InvalidInput("event_details_url", "must be an https URL that contains %s")
    return Call(
        "marketing_event_settings.update",
        _route("POST", app_id),
        _settings,
        Replay.SAFE,
        body=JsonBody({"eventDetailsUrl": event_details_url}),
        scopes=("developers-write",),
    )


def _route(method: str, app_id: AppId) -> Route:
    return Route(method, FAMILY, "/{appId}/settings", path_params(appId=app_id))


def _settings(envelope: Envelope) -> EventSettings:
    return cast("EventSettings", envelope)
