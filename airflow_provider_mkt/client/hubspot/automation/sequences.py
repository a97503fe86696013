"""Sequences: one-to-one mail that goes out in a sales user's name, step by step."""

from __future__ import annotations

import builtins
from typing import Any, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import (
    Call,
    JsonBody,
    Pairs,
    Replay,
    Route,
    numeric_id,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.hubspot.mailbox import address
from airflow_provider_mkt.client.hubspot.parameters import page_size, text
from airflow_provider_mkt.client.paging import after_cursor

PAGE_MAX = 100
"""The platform states no limit; this is what its other lists take."""
_READ = ("automation.sequences.read",)
_ENROL = ("automation.sequences.enrollments.write",)


class Sequence(TypedDict):
    id: str
    name: str
    userId: str
    createdAt: str
    updatedAt: str
    folderId: NotRequired[str]
    steps: NotRequired[builtins.list[dict[str, Any]]]
    dependencies: NotRequired[builtins.list[dict[str, Any]]]
    settings: NotRequired[dict[str, Any]]


class SequenceEnrolment(TypedDict):
    id: str
    toEmail: str
    enrolledAt: str
    updatedAt: str


class CurrentEnrolment(SequenceEnrolment):
    sequenceId: str
    sequenceName: str
    enrolledBy: str
    enrolledByEmail: str


def list(
    user_id: int | str, *, name: str | None = None, limit: int | None = None
) -> Call[builtins.list[Sequence]]:
    """Page through the sequences that a user may see, without their steps.

    :param user_id: the user.
    :param name: only sequences of this name.
    :param limit: rows per page, 1-100; the platform's default when not given.
    :returns: one page; iterate the call for all.
    :raises InvalidInput: on a user id that is no number, or a limit out of bounds.

    Source: ``GET /automation/{version}/sequences``.
    """
    call = "sequences.list"
    size = None if limit is None else page_size(call, limit, at_most=PAGE_MAX)
    return Call(
        call,
        Route("GET", "sequences"),
        lambda envelope: cast("builtins.list[Sequence]", envelope["results"]),
        Replay.SAFE,
        query=(*_as_user(call, user_id), *query_pairs(name=name, limit=size)),
        follow=after_cursor,
        scopes=_READ,
    )


def get(sequence_id: int | str, user_id: int | str) -> Call[Sequence]:
    """Read a sequence with its steps.

    :param sequence_id: the sequence.
    :param user_id: a user who may see it.
    :raises InvalidInput: when one of them is no number.
    :raises NotFound: when there is none, or the user may not see it.

    Source: ``GET /automation/{version}/sequences/{sequenceId}``.
    """
    name = "sequences.get"
    params = path_params(name, sequenceId=numeric_id(name, "sequence_id", sequence_id))
    return Call(
        name,
        Route("GET", "sequences", "/{sequenceId}", params),
        lambda envelope: cast("Sequence", envelope),
        Replay.SAFE,
        query=_as_user(name, user_id),
        scopes=_READ,
    )


def enrol(
    user_id: int | str,
    sequence_id: int | str,
    contact_id: int | str,
    sender_email: str,
    *,
    sender_alias_address: str | None = None,
) -> Call[SequenceEnrolment]:
    """Enrol a contact in a sequence. Sends real mail, so it is never repeated by itself.

    A contact is in one sequence at a time: after a lost answer, and better before as well, ask for its
    :func:`enrolment`.

    :param user_id: the user who enrols, with a paid seat and a connected inbox.
    :param sequence_id: the sequence.
    :param contact_id: the contact's record id.
    :param sender_email: the address it is sent from, which must be the user's.
    :param sender_alias_address: an alias of that inbox to send from.
    :raises InvalidInput: when an id is no number, or an address is none.
    :raises InvalidRequest: when the contact is in a sequence, or the address is not the user's.
    :raises PermissionDenied: when the user has no seat.
    :raises NotFound: when there is no such sequence or contact.

    Source: ``POST /automation/{version}/sequences/enrollments``.
    """
    name = "sequences.enrol"
    body = {
        "sequenceId": str(numeric_id(name, "sequence_id", sequence_id)),
        "contactId": str(numeric_id(name, "contact_id", contact_id)),
        "senderEmail": address(name, "sender_email", sender_email),
    }
    if sender_alias_address is not None:
        body["senderAliasAddress"] = text(name, "sender_alias_address", sender_alias_address)
    return Call(
        name,
        Route("POST", "sequences", "/enrollments"),
        lambda envelope: cast("SequenceEnrolment", envelope),
        Replay.NEVER,
        query=_as_user(name, user_id),
        body=JsonBody(body),
        scopes=_ENROL,
    )


def enrolment(contact_id: int | str) -> Call[CurrentEnrolment]:
    """Read in which sequence a contact is now.

    :param contact_id: the contact's record id.
    :raises InvalidInput: when it is no number.
    :raises NotFound: when it is in none.

    Source: ``GET /automation/{version}/sequences/enrollments/contact/{contactId}``.
    """
    name = "sequences.enrolment"
    params = path_params(name, contactId=numeric_id(name, "contact_id", contact_id))
    return Call(
        name,
        Route("GET", "sequences", "/enrollments/contact/{contactId}", params),
        lambda envelope: cast("CurrentEnrolment", envelope),
        Replay.SAFE,
        scopes=_READ,
    )


def _as_user(call: str, user_id: int | str) -> Pairs:
    return query_pairs(userId=numeric_id(call, "user_id", user_id))
