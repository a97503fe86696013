"""Sending a published email to many people, one mail to each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import NotFound
from airflow_provider_mkt.api.flow import Flow, Memory, Pause
from airflow_provider_mkt.api.hubspot import jobs, send_statuses
from airflow_provider_mkt.api.hubspot.email_sending import look_of, send_key
from airflow_provider_mkt.api.hubspot.mailbox import address
from airflow_provider_mkt.api.hubspot.send_statuses import SendStatus
from airflow_provider_mkt.api.people import Fared, PeopleVerb, PersonOutcome

CHUNK_MAX = 50


def mailing(
    names: Sequence[str],
    make: Callable[[str, str], Call[SendStatus]],
    *,
    poll_interval: float = 10.0,
    timeout: float = 600.0,
    clock: Callable[[], float] = time.time,
) -> PeopleVerb:
    """Send one mail to each person, and tell what became of it.

    Each goes out under a key of its own that stays the same over all tries, so asking again sends none
    twice.

    :param names: what tells this mailing from every other; the keys are made of them and of the addresses.
    :param make: the call that sends, for an address and a key.
    :param poll_interval: how often to ask what became of the mails, in seconds.
    :param timeout: for how long, in seconds. A mail of which nothing is known then is unknown.
    """

    def apply(people: Sequence[str], memory: Memory) -> Flow[list[PersonOutcome]]:
        sent: dict[str, SendStatus] = {}
        for person in people:
            sent[person] = yield make(person, send_key((*names, person)))
        until = clock() + timeout
        while True:
            under_way = [person for person, status in sent.items() if not look_of(status).status.final]
            left = until - clock()
            if not under_way or left <= 0:
                return [_outcome(person, status) for person, status in sent.items()]
            yield Pause(min(left, poll_interval), f"{len(under_way)} mails are on their way")
            for person in under_way:
                sent[person] = yield from _status(sent[person])

    return PeopleVerb(
        outcome="email_mailing",
        key=f"mailing {send_key(names)}",
        done="mailed",
        already="mailed_before",
        chunk_max=CHUNK_MAX,
        apply=apply,
        check=_address,
    )


def _address(field: str, value: Any) -> str:
    # Letters of another case are no other mailbox to the platform.
    return address("", field, value).lower()


def _status(known: SendStatus) -> Flow[SendStatus]:
    try:
        status: SendStatus = yield send_statuses.get(known.statusId)
    except NotFound:
        return known
    return status


def _outcome(person: str, status: SendStatus) -> PersonOutcome:
    word = jobs.send_word(status)
    if word == jobs.SENT_BEFORE:
        return PersonOutcome(person, Fared.ALREADY)
    if word == jobs.SENT:
        return PersonOutcome(person)
    if look_of(status).status.final:
        return PersonOutcome(person, Fared.REJECTED, status.sendResult or word, "no mail went out")
    reason = (
        "what became of the mail was not told in time; clear the task to ask again, which sends none twice"
    )
    return PersonOutcome(person, Fared.UNKNOWN, status.sendResult or word, reason)
