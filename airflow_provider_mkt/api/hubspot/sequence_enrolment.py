"""Enrolling contacts in a sequence, each once."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import NotFound
from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.hubspot import sequences
from airflow_provider_mkt.api.people import Fared, PeopleVerb, PersonOutcome, requested_once

_CHUNK = 20
_NOBODY = "1"


def verb(
    sequence_id: int | str,
    *,
    user_id: int | str,
    sender_email: str,
    sender_alias_address: str | None = None,
    clock: Callable[[], float] = time.time,
) -> PeopleVerb:
    """Enrol contacts in a sequence, which sends them mail in a user's name.

    A contact is in one sequence at a time. Where it is now is looked up before it is enrolled, and after a
    lost answer.

    :param sequence_id: the sequence.
    :param user_id: the user who enrols, with a paid seat and a connected inbox.
    :param sender_email: the address it is sent from, which must be the user's.
    :param sender_alias_address: an alias of that inbox to send from.
    :raises InvalidInput: when an id is no number, or an address is none.
    """

    def request(contact_id: str) -> Call[sequences.SequenceEnrolment]:
        return sequences.enrol(
            user_id, sequence_id, contact_id, sender_email, sender_alias_address=sender_alias_address
        )

    request(_NOBODY)

    def before() -> Flow[None]:
        yield sequences.get(sequence_id, user_id)

    def apply(people: Sequence[str], memory: Memory) -> Flow[list[PersonOutcome]]:
        outcomes = []
        for contact_id in people:
            outcome = yield from requested_once(
                contact_id,
                contact_id,
                memory,
                request(contact_id),
                functools.partial(_standing, contact_id, sequence_id),
                clock=clock,
            )
            outcomes.append(outcome)
        return outcomes

    return PeopleVerb(
        outcome="sequence_enrollment",
        key=f"sequence {sequence_id}",
        done="enrolled",
        already="already_enrolled",
        chunk_max=_CHUNK,
        apply=apply,
        before=before,
        once=True,
    )


def _standing(contact_id: str, sequence_id: int | str) -> Flow[PersonOutcome | None]:
    try:
        current: sequences.CurrentEnrolment = yield sequences.enrolment(contact_id)
    except NotFound:
        return None
    if str(current["sequenceId"]) == str(sequence_id):
        return PersonOutcome(contact_id, Fared.ALREADY)
    reason = f"is in sequence {current['sequenceId']} now, and can be in one at a time"
    return PersonOutcome(contact_id, Fared.REJECTED, "IN_ANOTHER_SEQUENCE", reason)
