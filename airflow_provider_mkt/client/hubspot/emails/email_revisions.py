"""Earlier versions of a marketing email, and the way back to them."""

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
"""Rows per page: the platform's default. It documents no larger one."""


class RevisionUser(TypedDict):
    id: str
    email: str
    fullName: str


class Revision(TypedDict):
    """One version of an email; ``object`` is the email as it was."""

    id: str
    updatedAt: str
    user: RevisionUser
    object: dict[str, Any]


def list(email_id: str, *, limit: int = PAGE_MAX) -> Call[builtins.list[Revision]]:
    """Page through the versions of an email. They come in no promised order: ``updatedAt`` tells it.

    :param email_id: the email.
    :param limit: rows per page, 1-100.
    :returns: one page of versions; iterate the call for all.
    :raises NotFound: when there is no such email.
    :raises InvalidInput: on a limit out of bounds.

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
    """Read one version of an email.

    :param email_id: the email.
    :param revision_id: the version.
    :raises NotFound: when there is no such email or version.

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
    """Make the live version of an email what it was in an earlier one.

    Every call adds a version, the same content or not: before trying again, see whether the newest one
    is what you want.

    :param email_id: the email.
    :param revision_id: the version to go back to.
    :raises NotFound: when there is no such email or version.

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
    """Make the draft of an email what it was in an earlier version; the live version stays.

    Discards the draft there was.

    :param email_id: the email.
    :param revision_id: the version to go back to.
    :returns: the draft.
    :raises NotFound: when there is no such email or version.
    :raises InvalidInput: when the version is no number.

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
    # A negative number once meant the version that is live, to which there is no way back.
    number = numeric_id(call, "revision_id", revision_id)
    return path_params(call, emailId=email_id, revisionId=number)


def _revision(envelope: Envelope) -> Revision:
    return cast("Revision", envelope)
