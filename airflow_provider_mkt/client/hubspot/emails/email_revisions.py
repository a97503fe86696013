"""Revisions of a marketing email."""

from __future__ import annotations

import builtins
from typing import Any, TypedDict, cast

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Pairs,
    Replay,
    Route,
    numeric_id,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.emails._fields import READ, WRITE, Email
from airflow_provider_mkt.client.hubspot.parameters import page_size
from airflow_provider_mkt.client.paging import after_cursor

PAGE_MAX = 100
"""Rows per page: HubSpot's default. It documents no higher limit."""


class RevisionUser(TypedDict):
    id: str
    email: str
    fullName: str


class Revision(TypedDict):
    """A revision of an email; ``object`` is the email in that revision."""

    id: str
    updatedAt: str
    user: RevisionUser
    object: dict[str, Any]


def list(email_id: str, *, limit: int = PAGE_MAX) -> Call[builtins.list[Revision]]:
    """List the revisions of an email. HubSpot documents no order; sort by ``updatedAt``.

    :param email_id: id of the email.
    :param limit: rows per page, 1-100.
    :returns: one page of revisions; iterate the call for all pages.
    :raises NotFound: when the email does not exist.
    :raises InvalidInput: when *limit* is out of range.

    Source: ``GET /marketing/{version}/emails/{emailId}/revisions``.
    """
    name = "email_revisions.list"
    return Call(
        name,
        Route("GET", "emails", "/{emailId}/revisions", path_params(name, emailId=email_id)),
        lambda envelope: cast("builtins.list[Revision]", envelope["results"]),
        Replay.SAFE,
        query=query_pairs(limit=page_size(name, limit, at_most=PAGE_MAX)),
        follow=after_cursor,
        scopes=READ,
    )


def get(email_id: str, revision_id: int | str) -> Call[Revision]:
    """Read a revision of an email.

    :param email_id: id of the email.
    :param revision_id: id of the revision.
    :raises NotFound: when the email or the revision does not exist.

    Source: ``GET /marketing/{version}/emails/{emailId}/revisions/{revisionId}``.
    """
    name = "email_revisions.get"
    params = path_params(name, emailId=email_id, revisionId=revision_id)
    return Call(
        name,
        Route("GET", "emails", "/{emailId}/revisions/{revisionId}", params),
        _revision,
        Replay.SAFE,
        scopes=READ,
    )


def restore(email_id: str, revision_id: int | str) -> Call[None]:
    """Restore a revision of an email as its live version.

    Every call adds a revision, even with the same content: check the newest revision before retrying.

    :param email_id: id of the email.
    :param revision_id: id of the revision to restore.
    :raises NotFound: when the email or the revision does not exist.

    Source: ``POST /marketing/{version}/emails/{emailId}/revisions/{revisionId}/restore``.
    """
    name = "email_revisions.restore"
    return Call(
        name,
        Route(
            "POST",
            "emails",
            "/{emailId}/revisions/{revisionId}/restore",
            _numbered(name, email_id, revision_id),
        ),
        nothing,
        Replay.VERIFY,
        scopes=WRITE,
    )


def restore_to_draft(email_id: str, revision_id: int | str) -> Call[Email]:
    """Restore a revision of an email as its draft. The live version stays.

    Discards the current draft.

    :param email_id: id of the email.
    :param revision_id: id of the revision to restore.
    :returns: the draft.
    :raises NotFound: when the email or the revision does not exist.
    :raises InvalidInput: when *revision_id* is not a number.

    Source: ``POST /marketing/{version}/emails/{emailId}/revisions/{revisionId}/restore-to-draft``.
    """
    name = "email_revisions.restore_to_draft"
    params = _numbered(name, email_id, revision_id)
    return Call(
        name,
        Route("POST", "emails", "/{emailId}/revisions/{revisionId}/restore-to-draft", params),
        Email.model_validate,
        Replay.SAFE,
        scopes=WRITE,
    )


def _numbered(call: str, email_id: str, revision_id: int | str) -> Pairs:
    # A negative number once meant the live version, which cannot be restored.
    number = numeric_id(call, "revision_id", revision_id)
    return path_params(call, emailId=email_id, revisionId=number)


def _revision(envelope: Envelope) -> Revision:
    return cast("Revision", envelope)
