"""Marketing emails."""

from __future__ import annotations

import builtins
from collections.abc import Mapping

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Json,
    JsonBody,
    Pairs,
    Quota,
    Replay,
    Route,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.emails._fields import (
    READ,
    SORTS,
    WRITE,
    When,
    read_options,
    time_filters,
)
from airflow_provider_mkt.client.hubspot.emails._fields import Email as Email
from airflow_provider_mkt.client.hubspot.parameters import PageSize
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import JsonObject, Names, PathText, Text, endpoint
from airflow_provider_mkt.client.redaction import describe_type

PAGE_MAX = 100
"""Rows per page: HubSpot's default. It documents no higher limit."""
_PUBLISH_SCOPES = ("marketing-email or transactional-email",)


@endpoint
def list(
    *,
    campaign: str | None = None,
    types: Names = (),
    is_published: bool | None = None,
    archived: bool | None = None,
    created: When = None,
    updated: When = None,
    published: When = None,
    sort: Names = (),
    included_properties: Names = (),
    include_stats: bool = False,
    variant_stats: bool = False,
    marketing_campaign_names: bool = False,
    workflow_names: bool = False,
    limit: PageSize = PAGE_MAX,
    after: Cursor | None = None,
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
    :param include_stats: also read the send statistics. Users have reported that emails are left out of such
        a list; ``email_statistics.totals`` is complete.
    :param variant_stats: also read the statistics of each A/B variation.
    :param marketing_campaign_names: also return campaign names.
    :param workflow_names: also return workflow names.
    :param limit: rows per page, 1-100.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page of emails; iterate the call for all pages.
    :raises InvalidInput: when *sort* is unknown, *limit* is out of range, or a time has no time zone.

    Source: ``GET /marketing/{version}/emails``.
    """
    for index, property_name in enumerate(sort):
        if property_name.removeprefix("-") not in SORTS:
            raise InvalidInput(f"sort[{index}]", f"must be one of {', '.join(SORTS)}")
    filters = query_pairs(
        after=after,
        campaign=campaign,
        type=types or None,
        isPublished=is_published,
        sort=sort or None,
        limit=limit,
    )
    options = read_options(
        archived=archived,
        included_properties=included_properties,
        include_stats=include_stats,
        variant_stats=variant_stats,
        marketing_campaign_names=marketing_campaign_names,
        workflow_names=workflow_names,
    )
    times = time_filters(created=created, updated=updated, published=published)
    return Call(
        "emails.list",
        Route("GET", "emails"),
        _emails,
        Replay.SAFE,
        query=(*filters, *times, *options),
        follow=after_cursor,
        scopes=READ,
    )


@endpoint
def get(
    email_id: PathText,
    *,
    archived: bool | None = None,
    included_properties: Names = (),
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
    options = read_options(
        archived=archived,
        included_properties=included_properties,
        include_stats=include_stats,
        variant_stats=variant_stats,
        marketing_campaign_names=marketing_campaign_names,
        workflow_names=workflow_names,
    )
    return Call(
        "emails.get",
        Route("GET", "emails", "/{emailId}", path_params(emailId=email_id)),
        Email.model_validate,
        Replay.SAFE,
        query=options,
        scopes=READ,
    )


@endpoint
def create(name: Text, fields: JsonObject | None = None) -> Call[Email]:
    """Create an email as a draft.

    Names are not unique in HubSpot, so a retry can create a duplicate.

    :param name: name of the email.
    :param fields: further fields by their API names; ``state`` only to create another type of draft, e.g.
        ``AUTOMATED_DRAFT``.
    :returns: the email.
    :raises InvalidInput: when *name* is empty, or ``state`` is not a draft state.

    Source: ``POST /marketing/{version}/emails``.
    """
    email = dict(fields or {})
    if "name" in email:
        raise InvalidInput("fields.name", "is already given by the parameter name")
    if "DRAFT" not in str(email.get("state", "DRAFT")):
        raise InvalidInput("fields.state", "is not a draft state; use emails.publish to publish")
    testing = email.get("testing")
    if isinstance(testing, Mapping):
        # The dated paths require this field, and a new email is never a variation.
        email["testing"] = {"isAbVariation": False, **testing}
    return Call(
        "emails.create",
        Route("POST", "emails"),
        Email.model_validate,
        Replay.VERIFY,
        body=JsonBody({"name": name, **email}),
        scopes=WRITE,
    )


@endpoint
def clone(email_id: PathText, *, clone_name: Text | None = None, language: Text | None = None) -> Call[Email]:
    """Clone an email. Every call creates a copy, so it is never retried automatically.

    :param email_id: id of the email to clone.
    :param clone_name: name of the clone.
    :param language: language of the clone, e.g. ``de``.
    :returns: the clone, a draft.
    :raises NotFound: when the email does not exist.

    Source: ``POST /marketing/{version}/emails/clone``.
    """
    body: dict[str, Json] = {"id": email_id}
    if clone_name is not None:
        body["cloneName"] = clone_name
    if language is not None:
        body["language"] = language
    return Call(
        "emails.clone",
        Route("POST", "emails", "/clone"),
        Email.model_validate,
        Replay.NEVER,
        body=JsonBody(body),
        scopes=WRITE,
    )


@endpoint
def archive(email_id: PathText, *, archived: bool | None = None) -> Call[None]:
    """Archive an email.

    :param email_id: id of the email.
    :param archived: HubSpot has this parameter and documents no use of it; not sent when not given.
    :raises NotFound: when the email does not exist.

    Source: ``DELETE /marketing/{version}/emails/{emailId}``.
    """
    params = path_params(emailId=email_id)
    return Call(
        "emails.archive",
        Route("DELETE", "emails", "/{emailId}", params),
        nothing,
        Replay.SAFE,
        query=query_pairs(archived=archived),
        scopes=WRITE,
    )


@endpoint
def update(email_id: PathText, changes: JsonDict, *, archived: bool | None = None) -> Call[Email]:
    """Update the live version of an email.

    :param email_id: id of the email.
    :param changes: fields to update, by their API names. ``state`` is rejected: use :func:`publish`.
    :param archived: also update an archived email.
    :returns: the email after the change.
    :raises InvalidInput: when *changes* is empty, or contains ``state``.

    Source: ``PATCH /marketing/{version}/emails/{emailId}``.
    """
    query = query_pairs(archived=archived)
    return _update("emails.update", email_id, "/{emailId}", changes, query)


@endpoint
def get_draft(email_id: PathText) -> Call[Email]:
    """Read the draft of an email. Without a draft, HubSpot returns the live version and does not say so.

    :param email_id: id of the email.
    :raises NotFound: when the email does not exist.

    Source: ``GET /marketing/{version}/emails/{emailId}/draft``.
    """
    return Call(
        "emails.get_draft",
        Route("GET", "emails", "/{emailId}/draft", path_params(emailId=email_id)),
        Email.model_validate,
        Replay.SAFE,
        scopes=READ,
    )


@endpoint
def update_draft(email_id: PathText, changes: JsonDict) -> Call[Email]:
    """Update the draft of an email. Without a draft, HubSpot creates one from the live version.

    :param email_id: id of the email.
    :param changes: fields to update, by their API names.
    :returns: the draft after the change.
    :raises InvalidInput: when *changes* is empty, or contains ``state``.

    Source: ``PATCH /marketing/{version}/emails/{emailId}/draft``.
    """
    return _update("emails.update_draft", email_id, "/{emailId}/draft", changes)


@endpoint
def reset_draft(email_id: PathText) -> Call[None]:
    """Reset the draft of an email to the live version, which discards the draft's changes.

    :param email_id: id of the email.
    :raises NotFound: when the email does not exist.

    Source: ``POST /marketing/{version}/emails/{emailId}/draft/reset``.
    """
    route = Route("POST", "emails", "/{emailId}/draft/reset", path_params(emailId=email_id))
    return Call("emails.reset_draft", route, nothing, Replay.SAFE, scopes=WRITE)


@endpoint
def publish(email_id: PathText) -> Call[None]:
    """Publish an email: send it, schedule it, or turn an automated email on.

    Sends real email. Needs Marketing Hub Enterprise or the transactional email add-on. Read the email's state
    before and after: HubSpot does not document that a second publish is rejected.

    :param email_id: id of the email.
    :raises PermissionDenied: when the product or the scope is missing.

    Source: ``POST /marketing/{version}/emails/{emailId}/publish``.
    """
    return _switch("emails.publish", email_id, "/{emailId}/publish", Replay.VERIFY)


@endpoint
def unpublish(email_id: PathText) -> Call[None]:
    """Cancel a scheduled email, or turn an automated email off.

    :param email_id: id of the email.
    :raises InvalidRequest: when sending has started.

    Source: ``POST /marketing/{version}/emails/{emailId}/unpublish``.
    """
    return _switch("emails.unpublish", email_id, "/{emailId}/unpublish", Replay.VERIFY)


def _emails(envelope: Envelope) -> builtins.list[Email]:
    return [Email.model_validate(row) for row in envelope["results"]]


def _update(
    name: str, email_id: PathText, tail: str, changes: dict[str, Json], query: Pairs = ()
) -> Call[Email]:
    if not isinstance(changes, dict) or not changes:
        raise InvalidInput("changes", f"must be a mapping of fields to change, not {describe_type(changes)}")
    if "state" in changes:
        raise InvalidInput("changes.state", "cannot publish an email; use emails.publish")
    testing = changes.get("testing")
    if isinstance(testing, Mapping) and not isinstance(testing.get("isAbVariation"), bool):
        # The dated paths require this field, and only the caller knows which of the two the email is.
        field = "changes.testing.isAbVariation"
        raise InvalidInput(field, "is missing: it says whether the email is the variation")
    return Call(
        name,
        Route("PATCH", "emails", tail, path_params(emailId=email_id)),
        Email.model_validate,
        Replay.SAFE,
        query=query,
        body=JsonBody(changes),
        scopes=WRITE,
    )


def _switch(name: str, email_id: PathText, tail: str, replay: Replay) -> Call[None]:
    return Call(
        name,
        Route("POST", "emails", tail, path_params(emailId=email_id)),
        nothing,
        replay,
        # HubSpot does not count these two calls in its ten-second window.
        quota=Quota.FREE,
        scopes=_PUBLISH_SCOPES,
    )
