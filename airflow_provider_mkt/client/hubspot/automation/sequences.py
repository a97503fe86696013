"""Sequences: series of one-to-one emails that are sent in the name of a sales user."""

from __future__ import annotations

import builtins
from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, JsonBody, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.hubspot.parameters import EmailAddress, PageSize
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import NumericId, Text, endpoint

PAGE_MAX = 100
"""HubSpot documents no limit; its other lists accept this many."""
_READ = ("automation.sequences.read",)
_ENROL = ("automation.sequences.enrollments.write",)


class Sequence(TypedDict):
    id: str
    name: str
    userId: str
    createdAt: str
    updatedAt: str
    folderId: NotRequired[str]
    steps: NotRequired[builtins.list[JsonDict]]
    dependencies: NotRequired[builtins.list[JsonDict]]
    settings: NotRequired[JsonDict]


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


@endpoint
def list(
    user_id: NumericId, *, name: str | None = None, limit: PageSize | None = None, after: Cursor | None = None
) -> Call[builtins.list[Sequence]]:
    """List the sequences that a user can see, without their steps.

    :param user_id: id of the user.
    :param name: only sequences of this name.
    :param limit: rows per page, 1-100; HubSpot's default when not given.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when *user_id* is not a number, or *limit* is out of range.

    Source: ``GET /automation/{version}/sequences``.
    """
    return Call(
        "sequences.list",
        Route("GET", "sequences"),
        lambda envelope: cast("builtins.list[Sequence]", envelope["results"]),
        Replay.SAFE,
        query=query_pairs(after=after, userId=user_id, name=name, limit=limit),
        follow=after_cursor,
        scopes=_READ,
    )


@endpoint
def get(sequence_id: NumericId, user_id: NumericId) -> Call[Sequence]:
    """Read a sequence with its steps.

    :param sequence_id: id of the sequence.
    :param user_id: id of a user who can see the sequence.
    :raises InvalidInput: when an id is not a number.
    :raises NotFound: when the sequence does not exist, or the user cannot see it.

    Source: ``GET /automation/{version}/sequences/{sequenceId}``.
    """
    params = path_params(sequenceId=sequence_id)
    return Call(
        "sequences.get",
        Route("GET", "sequences", "/{sequenceId}", params),
        lambda envelope: cast("Sequence", envelope),
        Replay.SAFE,
        query=query_pairs(userId=user_id),
        scopes=_READ,
    )


@endpoint
def enrol(
    user_id: NumericId,
    sequence_id: NumericId,
    contact_id: NumericId,
    sender_email: EmailAddress,
    *,
    sender_alias_address: Text | None = None,
) -> Call[SequenceEnrolment]:
    """Enrol a contact in a sequence. Sends real email, so it is never retried automatically.

    A contact can be in one sequence at a time. Read its :func:`enrolment` before enrolling it, and after an
    ambiguous failure.

    :param user_id: id of the user who enrols; needs a paid seat and a connected inbox.
    :param sequence_id: id of the sequence.
    :param contact_id: the contact's record id.
    :param sender_email: address to send from; must belong to the user.
    :param sender_alias_address: alias of that inbox to send from.
    :raises InvalidInput: when an id is not a number, or an address is not an email address.
    :raises InvalidRequest: when the contact is already in a sequence, or the address does not belong to the
        user.
    :raises PermissionDenied: when the user has no paid seat.
    :raises NotFound: when the sequence or the contact does not exist.

    Source: ``POST /automation/{version}/sequences/enrollments``.
    """
    body = {"sequenceId": str(sequence_id), "contactId": str(contact_id), "senderEmail": sender_email}
    if sender_alias_address is not None:
        body["senderAliasAddress"] = sender_alias_address
    return Call(
        "sequences.enrol",
        Route("POST", "sequences", "/enrollments"),
        lambda envelope: cast("SequenceEnrolment", envelope),
        Replay.NEVER,
        query=query_pairs(userId=user_id),
        body=JsonBody(body),
        scopes=_ENROL,
    )


@endpoint
def enrolment(contact_id: NumericId) -> Call[CurrentEnrolment]:
    """Read the sequence that a contact is enrolled in now.

    :param contact_id: the contact's record id.
    :raises InvalidInput: when the id is not a number.
    :raises NotFound: when the contact is in no sequence.

    Source: ``GET /automation/{version}/sequences/enrollments/contact/{contactId}``.
    """
    params = path_params(contactId=contact_id)
    return Call(
        "sequences.enrolment",
        Route("GET", "sequences", "/enrollments/contact/{contactId}", params),
        lambda envelope: cast("CurrentEnrolment", envelope),
        Replay.SAFE,
        scopes=_READ,
    )
