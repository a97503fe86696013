"""Revisions of a marketing email."""

from __future__ import annotations

import builtins
from typing import TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.emails._fields import READ, WRITE, Email
from airflow_provider_mkt.client.hubspot.parameters import PageSize
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.paging import Cursor, after_cursor, before_cursor
from airflow_provider_mkt.client.parameters import NumericId, endpoint

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
    object: JsonDict


@endpoint
def list(
    email_id: str, *, limit: PageSize = PAGE_MAX, after: Cursor | None = None, before: Cursor | None = None
) -> Call[builtins.list[Revision]]:
    """List the revisions of an email. HubSpot documents no order; sort by ``updatedAt``.

    :param email_id: id of the email.
    :param limit: rows per page, 1-100.
    :param after: cursor of the page to begin with; the first page when not given.
    :param before: instead of *after*, a cursor to go back from: the pages before it, the nearest first.
    :returns: one page of revisions; iterate the call for all pages.
    :raises NotFound: when the email does not exist.
    :raises InvalidInput: when *limit* is out of range, or both cursors are given.

    Source: ``GET /marketing/{version}/emails/{emailId}/revisions``.
    """
    if after is not None and before is not None:
        raise InvalidInput("before", "cannot be combined with after")
    return Call(
        "email_revisions.list",
        Route("GET", "emails", "/{emailId}/revisions", path_params(emailId=email_id)),
        lambda envelope: cast("builtins.list[Revision]", envelope["results"]),
        Replay.SAFE,
        query=query_pairs(limit=limit, after=after, before=before),
        follow=after_cursor if before is None else before_cursor,
        scopes=READ,
    )


@endpoint
def get(email_id: str, revision_id: int | str) -> Call[Revision]:
    """Read a revision of an email.

    :param email_id: id of the email.
    :param revision_id: id of the revision.
    :raises NotFound: when the email or the revision does not exist.

    Source: ``GET /marketing/{version}/emails/{emailId}/revisions/{revisionId}``.
    """
    params = path_params(emailId=email_id, revisionId=revision_id)
    return Call(
        "email_revisions.get",
        Route("GET", "emails", "/{emailId}/revisions/{revisionId}", params),
        _revision,
        Replay.SAFE,
        scopes=READ,
    )


@endpoint
def restore(email_id: str, revision_id: NumericId) -> Call[None]:
    """Restore a revision of an email as its live version.

    Every call adds a revision, even with the same content: check the newest revision before retrying.

    :param email_id: id of the email.
    :param revision_id: id of the revision to restore.
    :raises NotFound: when the email or the revision does not exist.

    Source: ``POST /marketing/{version}/emails/{emailId}/revisions/{revisionId}/restore``.
    """
    return Call(
        "email_revisions.restore",
        Route(
            "POST",
            "emails",
            "/{emailId}/revisions/{revisionId}/restore",
            path_params(emailId=email_id, revisionId=revision_id),
        ),
        nothing,
        Replay.VERIFY,
        scopes=WRITE,
    )


@endpoint
def restore_to_draft(email_id: str, revision_id: NumericId) -> Call[Email]:
    """Restore a revision of an email as its draft. The live version stays.

    Discards the current draft.

    :param email_id: id of the email.
    :param revision_id: id of the revision to restore.
    :returns: the draft.
    :raises NotFound: when the email or the revision does not exist.
    :raises InvalidInput: when *revision_id* is not a number.

    Source: ``POST /marketing/{version}/emails/{emailId}/revisions/{revisionId}/restore-to-draft``.
    """
    params = path_params(emailId=email_id, revisionId=revision_id)
    return Call(
        "email_revisions.restore_to_draft",
        Route("POST", "emails", "/{emailId}/revisions/{revisionId}/restore-to-draft", params),
        Email.model_validate,
        Replay.SAFE,
        scopes=WRITE,
    )


def _revision(envelope: Envelope) -> Revision:
    return cast("Revision", envelope)
