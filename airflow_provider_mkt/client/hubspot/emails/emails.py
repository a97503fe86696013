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
"""Rows per page: HubSpot's default. It documents no higher limit."""
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
    """List marketing emails.

    :param campaign: only emails of the campaign with this id.
    :param types: only emails of these types, e.g. ``BATCH_EMAIL``.
    :param is_published: only published emails, or only unpublished ones.
    :param archived: return archived emails instead.
    :param created: creation time: an exact time, or a pair ``(after, before)`` of which either may be None.
    :param updated: time of the last update, in the same form.
    :param published: publication time, in the same form.
    :param sort: ``createdAt`` (default), ``updatedAt``, ``name``, ``createdBy`` or ``updatedBy``, the most
        significant first; a leading ``-`` sorts in descending order.
    :param included_properties: fields to return, all when empty; ``id`` is always returned.
    :param include_stats: also read the send statistics.
    :param variant_stats: also read the statistics of each A/B variation.
    :param marketing_campaign_names: also return campaign names.
    :param workflow_names: also return workflow names.
    :param limit: rows per page, 1-100.
    :returns: one page of emails; iterate the call for all pages.
    :raises InvalidInput: when *sort* is unknown, *limit* is out of range, or a time has no time zone.

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
    """Read an email.

    :param email_id: id of the email.
    :param archived: also read an archived email.
    :param included_properties: fields to return, all when empty; ``id`` is always returned.
    :param include_stats: also read the send statistics.
    :param variant_stats: also read the statistics of each A/B variation.
    :param marketing_campaign_names: also return the campaign's name.
    :param workflow_names: also return the names of the workflows that send the email.
    :raises NotFound: when it does not exist.

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
    """Create an email as a draft.

    Names are not unique in HubSpot, so a retry can create a duplicate.

    :param name: name of the email.
    :param fields: further fields by their API names; ``state`` only to create another type of draft, e.g.
        ``AUTOMATED_DRAFT``.
    :returns: the email.
    :raises InvalidInput: when *name* is empty, or ``state`` is not a draft state.

    Source: ``POST /marketing/{version}/emails``.
    """
    call = "emails.create"
    if fields is not None and not isinstance(fields, Mapping):
        raise InvalidInput("fields", f"must be a mapping of fields, not {describe_type(fields)}", call=call)
    given = dict(fields or {})
    if "name" in given:
        raise InvalidInput("fields.name", "is already given by the parameter name", call=call)
    if "DRAFT" not in str(given.get("state", "DRAFT")):
        raise InvalidInput("fields.state", "is not a draft state; use emails.publish to publish", call=call)
    testing = given.get("testing")
    if isinstance(testing, Mapping):
        # The dated paths require this field, and a new email is never a variation.
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
    """Clone an email. Every call creates a copy, so it is never retried automatically.

    :param email_id: id of the email to clone.
    :param clone_name: name of the clone.
    :param language: language of the clone, e.g. ``de``.
    :returns: the clone, a draft.
    :raises NotFound: when the email does not exist.

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

    :param email_id: id of the email.
    :raises NotFound: when the email does not exist.

    Source: ``DELETE /marketing/{version}/emails/{emailId}``.
    """
    name = "emails.archive"
    params = path_params(name, emailId=email_id)
    return Call(name, Route("DELETE", "emails", "/{emailId}", params), nothing, Replay.SAFE, scopes=WRITE)


def update(email_id: str, changes: dict[str, Any], *, archived: bool | None = None) -> Call[Email]:
    """Update the live version of an email.

    :param email_id: id of the email.
    :param changes: fields to update, by their API names. ``state`` is rejected: use :func:`publish`.
    :param archived: also update an archived email.
    :returns: the email after the change.
    :raises InvalidInput: when *changes* is empty, or contains ``state``.

    Source: ``PATCH /marketing/{version}/emails/{emailId}``.
    """
    name = "emails.update"
    query = query_pairs(archived=flag(name, "archived", archived))
    return _update(name, email_id, "/{emailId}", changes, query)


def get_draft(email_id: str) -> Call[Email]:
    """Read the draft of an email. Without a draft, HubSpot returns the live version and does not say so.

    :param email_id: id of the email.
    :raises NotFound: when the email does not exist.

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
    """Update the draft of an email. Without a draft, HubSpot creates one from the live version.

    :param email_id: id of the email.
    :param changes: fields to update, by their API names.
    :returns: the draft after the change.
    :raises InvalidInput: when *changes* is empty, or contains ``state``.

    Source: ``PATCH /marketing/{version}/emails/{emailId}/draft``.
    """
    return _update("emails.update_draft", email_id, "/{emailId}/draft", changes)


def reset_draft(email_id: str) -> Call[None]:
    """Reset the draft of an email to the live version, which discards the draft's changes.

    :param email_id: id of the email.
    :raises NotFound: when the email does not exist.

    Source: ``POST /marketing/{version}/emails/{emailId}/draft/reset``.
    """
    name = "emails.reset_draft"
    route = Route("POST", "emails", "/{emailId}/draft/reset", path_params(name, emailId=email_id))
    return Call(name, route, nothing, Replay.SAFE, scopes=WRITE)


def publish(email_id: str) -> Call[None]:
    """Publish an email: send it, schedule it, or turn an automated email on.

    Sends real email. Needs Marketing Hub Enterprise or the transactional email add-on. Read the email's state
    before and after: HubSpot does not document that a second publish is rejected.

    :param email_id: id of the email.
    :raises PermissionDenied: when the product or the scope is missing.

    Source: ``POST /marketing/{version}/emails/{emailId}/publish``.
    """
    return _switch("emails.publish", email_id, "/{emailId}/publish", Replay.VERIFY)


def unpublish(email_id: str) -> Call[None]:
    """Cancel a scheduled email, or turn an automated email off.

    :param email_id: id of the email.
    :raises InvalidRequest: when sending has started.

    Source: ``POST /marketing/{version}/emails/{emailId}/unpublish``.
    """
    return _switch("emails.unpublish", email_id, "/{emailId}/unpublish", Replay.VERIFY)


def schedule_changes(publish_at: datetime | None) -> dict[str, Any]:
    """Return the fields that set the send time: *publish_at*, or immediately when None.

    :raises InvalidInput: when a time has no time zone.
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
        raise InvalidInput("changes.state", "cannot publish an email; use emails.publish", call=name)
    testing = changes.get("testing")
    if isinstance(testing, Mapping) and not isinstance(testing.get("isAbVariation"), bool):
        # The dated paths require this field, and only the caller knows which of the two the email is.
        field = "changes.testing.isAbVariation"
        raise InvalidInput(field, "is missing: it says whether the email is the variation", call=name)
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
        # HubSpot does not count these two calls in its ten-second window.
        quota=Quota.FREE,
        scopes=_PUBLISH_SCOPES,
    )
