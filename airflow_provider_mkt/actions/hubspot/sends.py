"""Sending a mail to one person once.

Sending a published email to many people, one mail to each.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from airflow_provider_mkt.actions.hubspot import jobs
from airflow_provider_mkt.actions.jobs import BatchStatus, Job, JobState, PollResult, spec_of
from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.polling import PollFailureBudget, WaitTimedOut, completed, wait_for
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import NotFound, PlatformError
from airflow_provider_mkt.client.hubspot.mailbox import address
from airflow_provider_mkt.client.hubspot.sends import send_statuses
from airflow_provider_mkt.client.hubspot.sends.send_statuses import SendStatus

log = logging.getLogger(__name__)

_IDS = uuid.UUID("5d1f3c2e-7f57-4c40-9a6e-0b8f5e6c1a77")
_UNCLEAR = "IDEMPOTENT_FAIL"
"""What this says of the first request of its key is documented nowhere; maybe that mail went out."""


def send(
    task_state: TaskState,
    make: Callable[[str], Call[SendStatus]],
    names: Sequence[str],
    send_id: str | None = None,
) -> Procedure[JobState]:
    """Send a mail under a key that stays the same over all tries, of which the platform sends one mail.

    A later try of a task whose mail is known to have failed, which is one that a person has cleared, sends
    under a new key; the platform would not try again under the old one.

    :param memory: what the task's earlier tries did.
    :param make: the call that sends, for a key.
    :param names: what tells this mail from every other; the key is made of them.
    :param send_id: the key itself instead.
    :returns: what the mail is at.
    :raises InvalidRequest: when the email does not exist or is not published.
    :raises JobFailed: when the answer tells already that no mail goes out.
    """
    key = f"send {send_key(names)}"
    mark = task_state.get(key)
    known = mark if isinstance(mark, Mapping) else {}
    status_id, number = known.get("status_id"), known.get("round")
    again = number if isinstance(number, int) else 0
    if isinstance(status_id, str):
        before = yield from _read_status(status_id)
        if before is not None and not (_has_failed(before) and send_id is None):
            state = state_of(before)
            completed([state])
            return state
        again += before is not None
    sent: SendStatus = yield make(send_id or send_key(names, again))
    task_state.set(key, {"status_id": sent.statusId, "round": again})
    state = state_of(sent)
    completed([state])
    return state


def send_key(names: Sequence[str], again: int = 0) -> str:
    """The key of the mail that these names tell from every other.

    :param again: how often it has failed before.
    """
    # Lengths keep ("a", "bc") and ("ab", "c") apart.
    text = "".join(f"{len(name)} {name} " for name in (*names, str(again)))
    return str(uuid.uuid5(_IDS, text))


def _read_status(status_id: str) -> Procedure[SendStatus | None]:
    try:
        status: SendStatus = yield send_statuses.get(status_id)
    except NotFound:
        return None
    return status


def _has_failed(sent: SendStatus) -> bool:
    """Whether no mail went out and none will, for certain."""
    ended_badly = state_of(sent).status in (BatchStatus.FAILED, BatchStatus.CANCELED)
    return ended_badly and (sent.sendResult or "").upper() != _UNCLEAR


def state_of(sent: SendStatus) -> JobState:
    """Return the state of a mail."""
    job = Job("hubspot", "email_send", sent.statusId)
    result = PollResult(jobs.send_state(sent), {"send_result": sent.sendResult})
    return spec_of(jobs.SPECS, job).state(job, result)


CHUNK_MAX = 50


def mailing(
    names: Sequence[str],
    make: Callable[[str, str], Call[SendStatus]],
    *,
    poll_interval: float = 10.0,
    timeout: float = 600.0,
    clock: Callable[[], float] = time.time,
) -> MemberAction:
    """Send one mail to each person, and tell what became of it.

    Each goes out under a key of its own that stays the same over all tries, so asking again sends none
    twice.

    :param names: what tells this mailing from every other; the keys are made of them and of the addresses.
    :param make: the call that sends, for an address and a key.
    :param poll_interval: how often to ask what became of the mails, in seconds.
    :param timeout: for how long, in seconds. A mail of which nothing is known then is unknown.
    """

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        sent: dict[str, SendStatus] = {}
        for person in people:
            sent[person] = yield make(person, send_key((*names, person)))
        deadline = clock() + timeout
        # The requests were answered with the first statuses.
        pending: list[str] = []

        def poll() -> Procedure[list[str]]:
            for person in pending:
                sent[person] = yield from _refresh_status(sent[person])
            pending[:] = [person for person, status in sent.items() if not state_of(status).status.final]
            return pending

        with suppress(WaitTimedOut):
            yield from wait_for(
                poll,
                lambda pending: None if pending else True,
                interval=lambda _: poll_interval,
                deadline=lambda _: deadline,
                failure_budget=PollFailureBudget(0.0, fatal=(PlatformError,)),
                log=log,
                clock=clock,
            )
        return [_outcome(person, status) for person, status in sent.items()]

    return MemberAction(
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


def _refresh_status(known: SendStatus) -> Procedure[SendStatus]:
    try:
        status: SendStatus = yield send_statuses.get(known.statusId)
    except NotFound:
        return known
    return status


def _outcome(person: str, status: SendStatus) -> MemberResult:
    raw_status = jobs.send_state(status)
    if raw_status == jobs.SENT_BEFORE:
        return MemberResult(person, MemberStatus.ALREADY)
    if raw_status == jobs.SENT:
        return MemberResult(person)
    if state_of(status).status.final:
        return MemberResult(
            person, MemberStatus.REJECTED, status.sendResult or raw_status, "no mail went out"
        )
    reason = (
        "what became of the mail was not told in time; clear the task to ask again, which sends none twice"
    )
    return MemberResult(person, MemberStatus.UNKNOWN, status.sendResult or raw_status, reason)
