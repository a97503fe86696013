"""Marketing emails."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    JsonBody,
    Pairs,
    Quota,
    Replay,
    Route,
    flag,
    path_params,
    query_pairs,
    utc,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.emails._fields import READ, SORTS, WRITE, When, details, moments
from airflow_provider_mkt.client.hubspot.emails._fields import Email as Email
from airflow_provider_mkt.client.hubspot.parameters import names, page_size, text
from airflow_provider_mkt.client.paging import after_cursor
from airflow_provider_mkt.client.redaction import describe_type

PAGE_MAX = 100
"""Rows per page: the platform's default. It documents no larger one."""
_PUBLISH_SCOPES = ("marketing-email or transactional-email",)


def list(
    *,
    campaign: str | None = None,
    types: Sequence[str] = (),
    is_published: bool | None = None,
    archived: bool | None = None,
    created: When = None,
    updated: When = None,
    published: When = None,
    sort: Sequence[str] = (),
    included_properties: Sequence[str] = (),
    include_stats: bool = False,
    variant_stats: bool = False,
    marketing_campaign_names: bool = False,
    workflow_names: bool = False,
    limit: int = PAGE_MAX,
) -> Call[builtins.list[Email]]:
    """Page through the account's emails.

    :param campaign: only those of the campaign with this id.
    :param types: only those of these types, e.g. ``BATCH_EMAIL``.
    :param is_published: only those that are published, or that are not.
    :param archived: the archived ones instead of the others.
    :param created: when they were created: a time for exactly then, or a pair of times, either of
        which may be None, for after the one and before the other.
    :param updated: when they were last changed, likewise.
    :param published: when they were published, likewise.
    :param sort: ``createdAt`` (the platform's choice), ``updatedAt``, ``name``, ``createdBy`` or
        ``updatedBy``, the weightiest first; a leading ``-`` turns one round.
    :param included_properties: fields to return, all when none is named; ``id`` always comes along.
    :param include_stats: also read the send statistics.
    :param variant_stats: also read those of A/B variations apart.
    :param marketing_campaign_names: also read the names of campaigns.
    :param workflow_names: also read the names of workflows.
    :param limit: rows per page, 1-100.
    :returns: one page of emails; iterate the call for all.
    :raises InvalidInput: on an unknown sort, a limit out of bounds or a time without a zone.

    Source: ``GET /marketing/{version}/emails``.
    """
    name = "emails.list"
    for index, one in enumerate(names(name, "sort", sort) or ()):
        if one.removeprefix("-") not in SORTS:
            raise InvalidInput(f"sort[{index}]", f"must be one of {', '.join(SORTS)}", call=name)
    filters = query_pairs(
        campaign=campaign,
        type=names(name, "types", types),
        isPublished=flag(name, "is_published", is_published),
        sort=names(name, "sort", sort),
        limit=page_size(name, limit, at_most=PAGE_MAX),
    )
    along = details(
        name,
        archived=archived,
        included_properties=included_properties,
        include_stats=include_stats,
        variant_stats=variant_stats,
        marketing_campaign_names=marketing_campaign_names,
        workflow_names=workflow_names,
    )
    times = moments(name, created=created, updated=updated, published=published)
    return Call(
        name,
        Route("GET", "emails"),
        _emails,
        Replay.SAFE,
        query=(*filters, *times, *along),
        follow=after_cursor,
        scopes=READ,
    )


def get(
    email_id: str,
    *,
    archived: bool | None = None,
    included_properties: Sequence[str] = (),
    include_stats: bool = False,
    variant_stats: bool = False,
    marketing_campaign_names: bool = False,
    workflow_names: bool = False,
) -> Call[Email]:
    """Read one email.

    :param email_id: its id.
    :param archived: read it though it is archived.
    :param included_properties: fields to return, all when none is named; ``id`` always comes along.
    :param include_stats: also read the send statistics.
    :param variant_stats: also read those of an A/B variation apart.
    :param marketing_campaign_names: also read the name of its campaign.
    :param workflow_names: also read the names of workflows that send it.
    :raises NotFound: when there is none.

    Source: ``GET /marketing/{version}/emails/{emailId}``.
    """
    name = "emails.get"
    along = details(
        name,
        archived=archived,
        included_properties=included_properties,
        include_stats=include_stats,
        variant_stats=variant_stats,
        marketing_campaign_names=marketing_campaign_names,
        workflow_names=workflow_names,
    )
    return Call(
        name,
        Route("GET", "emails", "/{emailId}", path_params(name, emailId=email_id)),
        Email.model_validate,
        Replay.SAFE,
        query=along,
        scopes=READ,
    )


def create(name: str, fields: Mapping[str, Any] | None = None) -> Call[Email]:
    """Create an email, as a draft.

    Names are not unique to the platform, so a blind repeat creates it again.

    :param name: its name.
    :param fields: more of its fields by their API names; ``state`` only to make a draft of another
        kind, e.g. ``AUTOMATED_DRAFT``.
    :returns: the email.
    :raises InvalidInput: without a name, or on a state that is no draft.

    Source: ``POST /marketing/{version}/emails``.
    """
    call = "emails.create"
    if fields is not None and not isinstance(fields, Mapping):
        raise InvalidInput("fields", f"must be a mapping of fields, not {describe_type(fields)}", call=call)
    given = dict(fields or {})
    if "name" in given:
        raise InvalidInput("fields.name", "is given by name already", call=call)
    if "DRAFT" not in str(given.get("state", "DRAFT")):
        raise InvalidInput("fields.state", "is no draft; use emails.publish to publish", call=call)
    testing = given.get("testing")
    if isinstance(testing, Mapping):
        # Dated paths insist on it, and a new email is nobody's variation.
        given["testing"] = {"isAbVariation": False, **testing}
    return Call(
        call,
        Route("POST", "emails"),
        Email.model_validate,
        Replay.VERIFY,
        body=JsonBody({"name": text(call, "name", name), **given}),
        scopes=WRITE,
    )


def clone(email_id: str, *, clone_name: str | None = None, language: str | None = None) -> Call[Email]:
    """Copy an email. Every call makes one more copy, so it is never repeated by itself.

    :param email_id: the email to copy.
    :param clone_name: name of the copy.
    :param language: language of the copy, e.g. ``de``.
    :returns: the copy, a draft.
    :raises NotFound: when there is no such email.

    Source: ``POST /marketing/{version}/emails/clone``.
    """
    call = "emails.clone"
    body = {"id": str(dict(path_params(call, email_id=email_id))["email_id"])}
    for field, key, value in (("clone_name", "cloneName", clone_name), ("language", "language", language)):
        if value is not None:
            body[key] = text(call, field, value)
    return Call(
        call,
        Route("POST", "emails", "/clone"),
        Email.model_validate,
        Replay.NEVER,
        body=JsonBody(body),
        scopes=WRITE,
    )


def archive(email_id: str) -> Call[None]:
    """Archive an email.

    :param email_id: its id.
    :raises NotFound: when there is no such email.

    Source: ``DELETE /marketing/{version}/emails/{emailId}``.
    """
    name = "emails.archive"
    params = path_params(name, emailId=email_id)
    return Call(name, Route("DELETE", "emails", "/{emailId}", params), nothing, Replay.SAFE, scopes=WRITE)


def update(email_id: str, changes: dict[str, Any], *, archived: bool | None = None) -> Call[Email]:
    """Change the live version of an email.

    :param email_id: its id.
    :param changes: fields of the email by their API names. ``state`` is refused here: publishing
        has a call of its own.
    :param archived: change it though it is archived.
    :returns: the email after the change.
    :raises InvalidInput: when there is nothing to change, or ``state`` is among the changes.

    Source: ``PATCH /marketing/{version}/emails/{emailId}``.
    """
    name = "emails.update"
    query = query_pairs(archived=flag(name, "archived", archived))
    return _update(name, email_id, "/{emailId}", changes, query)


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
        scopes=READ,
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


def reset_draft(email_id: str) -> Call[None]:
    """Make the draft of an email a copy of the live version again, which discards its changes.

    :param email_id: its id.
    :raises NotFound: when there is no such email.

    Source: ``POST /marketing/{version}/emails/{emailId}/draft/reset``.
    """
    name = "emails.reset_draft"
    route = Route("POST", "emails", "/{emailId}/draft/reset", path_params(name, emailId=email_id))
    return Call(name, route, nothing, Replay.SAFE, scopes=WRITE)


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


def _emails(envelope: Envelope) -> builtins.list[Email]:
    return [Email.model_validate(row) for row in envelope["results"]]


def _update(name: str, email_id: str, tail: str, changes: dict[str, Any], query: Pairs = ()) -> Call[Email]:
    if not isinstance(changes, dict) or not changes:
        raise InvalidInput(
            "changes", f"must name the fields to change, not {describe_type(changes)}", call=name
        )
    if "state" in changes:
        raise InvalidInput("changes.state", "is not a way to publish; use emails.publish", call=name)
    testing = changes.get("testing")
    if isinstance(testing, Mapping) and not isinstance(testing.get("isAbVariation"), bool):
        # Dated paths insist on it, and the caller alone knows which of the two the email is.
        field = "changes.testing.isAbVariation"
        raise InvalidInput(field, "is missing: whether the email is the variation", call=name)
    return Call(
        name,
        Route("PATCH", "emails", tail, path_params(name, emailId=email_id)),
        Email.model_validate,
        Replay.SAFE,
        query=query,
        body=JsonBody(changes),
        scopes=WRITE,
    )


def _switch(name: str, email_id: str, tail: str, replay: Replay) -> Call[None]:
    return Call(
        name,
        Route("POST", "emails", tail, path_params(name, emailId=email_id)),
        nothing,
        replay,
        # The platform exempts these two from the ten-second window.
        quota=Quota.FREE,
        scopes=_PUBLISH_SCOPES,
    )
