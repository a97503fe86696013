"""Marketing emails."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from airflow_provider_mkt.api.call import Call, JsonBody, Meter, Replay, Route, path_params, query_pairs, utc
from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.hubspot.batch import nothing
from airflow_provider_mkt.api.redact import shape

_SCOPES = ("marketing.email.write or content",)
_PUBLISH_SCOPES = ("marketing-email or transactional-email",)


class Email(BaseModel):
    """A marketing email, as far as the provider itself reads it; the rest is kept."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str = ""
    state: str = ""
    isPublished: bool = False
    sendOnPublish: bool | None = None
    publishDate: str | None = None
    publishedAt: str | None = None


def get(email_id: str, *, include_stats: bool = False) -> Call[Email]:
    """Read one email.

    :param email_id: its id.
    :param include_stats: also read the send statistics.
    :raises NotFound: when there is none.

    Source: ``GET /marketing/{version}/emails/{emailId}``.
    """
    name = "emails.get"
    return Call(
        name,
        Route("GET", "emails", "/{emailId}", path_params(name, emailId=email_id)),
        Email.model_validate,
        Replay.SAFE,
        query=query_pairs(includeStats=True if include_stats else None),
        scopes=_SCOPES,
    )


def update(email_id: str, changes: dict[str, Any]) -> Call[Email]:
    """Change the live version of an email.

    :param email_id: its id.
    :param changes: fields of the email by their API names. ``state`` is refused here: publishing
        has a call of its own.
    :returns: the email after the change.
    :raises InvalidInput: when there is nothing to change, or ``state`` is among the changes.

    Source: ``PATCH /marketing/{version}/emails/{emailId}``.
    """
    return _update("emails.update", email_id, "/{emailId}", changes)


def get_draft(email_id: str) -> Call[Email]:
    """Read the draft of an email; the live version where there is no draft, and nothing tells which.

    :param email_id: its id.
    :raises NotFound: when there is no such email.

    Source: ``GET /marketing/{version}/emails/{emailId}/draft``.
    """
    name = "emails.get_draft"
    return Call(
        name,
        Route("GET", "emails", "/{emailId}/draft", path_params(name, emailId=email_id)),
        Email.model_validate,
        Replay.SAFE,
        scopes=_SCOPES,
    )


def update_draft(email_id: str, changes: dict[str, Any]) -> Call[Email]:
    """Change the draft of an email, which is made of the live version where there is none.

    :param email_id: its id.
    :param changes: fields of the email by their API names.
    :returns: the draft after the change.
    :raises InvalidInput: when there is nothing to change, or ``state`` is among the changes.

    Source: ``PATCH /marketing/{version}/emails/{emailId}/draft``.
    """
    return _update("emails.update_draft", email_id, "/{emailId}/draft", changes)


def publish(email_id: str) -> Call[None]:
    """Publish an email: send it, schedule it, or turn an automated one on.

    Sends real mail. Needs Marketing Hub Enterprise or the transactional email add-on. Read the
    email's state before and after; nobody documents that a second publish is refused.

    :param email_id: its id.
    :raises PermissionDenied: without the product or the scope.

    Source: ``POST /marketing/{version}/emails/{emailId}/publish``.
    """
    return _switch("emails.publish", email_id, "/{emailId}/publish", Replay.VERIFY)


def unpublish(email_id: str) -> Call[None]:
    """Cancel a scheduled email, or turn an automated one off.

    :param email_id: its id.
    :raises InvalidRequest: when sending has begun.

    Source: ``POST /marketing/{version}/emails/{emailId}/unpublish``.
    """
    return _switch("emails.unpublish", email_id, "/{emailId}/unpublish", Replay.VERIFY)


def schedule_changes(publish_at: datetime | None) -> dict[str, Any]:
    """The fields that decide when publishing sends: at *publish_at*, or at once when None.

    :raises InvalidInput: on a time without a zone.
    """
    if publish_at is None:
        return {"sendOnPublish": True}
    moment = utc("emails.publish", "publish_at", publish_at)
    return {"sendOnPublish": False, "publishDate": moment.isoformat().replace("+00:00", "Z")}


def _update(name: str, email_id: str, tail: str, changes: dict[str, Any]) -> Call[Email]:
    if not isinstance(changes, dict) or not changes:
        raise InvalidInput("changes", f"must name the fields to change, not {shape(changes)}", call=name)
    if "state" in changes:
        raise InvalidInput("changes.state", "is not a way to publish; use emails.publish", call=name)
    return Call(
        name,
        Route("PATCH", "emails", tail, path_params(name, emailId=email_id)),
        Email.model_validate,
        Replay.SAFE,
        body=JsonBody(changes),
        scopes=_SCOPES,
    )


def _switch(name: str, email_id: str, tail: str, replay: Replay) -> Call[None]:
    return Call(
        name,
        Route("POST", "emails", tail, path_params(name, emailId=email_id)),
        nothing,
        replay,
        # The platform exempts these two from the ten-second window.
        meter=Meter.FREE,
        scopes=_PUBLISH_SCOPES,
    )
