"""Send a published email to one person or to many, one mail to each."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from airflow_provider_mkt.actions.hubspot import jobs
from airflow_provider_mkt.actions.jobs import BatchStatus, Job, JobState, PollResult, chunked, spec_of
from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.polling import PollFailureBudget, WaitTimedOut, completed, wait_for
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.actions.send_guards import OPEN, SendGate
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import NotFound, PlatformError
from airflow_provider_mkt.client.hubspot.batch import BatchResult
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.mailbox import address
from airflow_provider_mkt.client.hubspot.sends import send_statuses
from airflow_provider_mkt.client.hubspot.sends.send_statuses import SendStatus

log = logging.getLogger(__name__)

_IDS = uuid.UUID("5d1f3c2e-7f57-4c40-9a6e-0b8f5e6c1a77")
_UNCLEAR = "IDEMPOTENT_FAIL"
"""It is not documented whether the mail of the first request with this key went out."""


def send(
    task_state: TaskState,
    make: Callable[[str], Call[SendStatus]],
    names: Sequence[str],
    send_id: str | None = None,
    *,
    gate: SendGate = OPEN,
) -> Procedure[JobState]:
    """Send a mail with a key that is the same in all tries, for which the platform sends one mail.

    When the mail of an earlier try has failed for certain, which only a person's clearing of the task leads
    to, it is sent with a new key: the platform would not try again with the old one.

    :param task_state: marks of the task's earlier tries.
    :param make: the call that sends, for a key.
    :param names: what identifies this mail; the key is made of them.
    :param send_id: the key itself instead.
    :param gate: is passed before the request.
    :returns: the state of the mail.
    :raises InvalidRequest: when the email does not exist or is not published.
    :raises JobFailed: when the answer says that no mail goes out.
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
    yield from gate.before_send()
    sent: SendStatus = yield make(send_id or send_key(names, again))
    task_state.set(key, {"status_id": sent.statusId, "round": again})
    state = state_of(sent)
    completed([state])
    return state


def send_key(names: Sequence[str], again: int = 0) -> str:
    """Return the key of the mail that these names identify.

    :param again: how often it has failed before.
    """
    # With lengths, ("a", "bc") and ("ab", "c") differ.
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
    failed = state_of(sent).status in (BatchStatus.FAILED, BatchStatus.CANCELED)
    return failed and (sent.sendResult or "").upper() != _UNCLEAR


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
    """Send one mail to each person, with a result for each.

    Each mail has a key of its own that is the same in all tries, so that a repeated request sends no second
    mail.

    :param names: what identifies this mailing; the keys are made of them and of the addresses.
    :param make: the call that sends, for an address and a key.
    :param poll_interval: seconds between two polls of the mails' statuses.
    :param timeout: seconds to poll; a mail without a final status then is unknown.
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
        done_key="mailed",
        already_key="mailed_before",
        chunk_max=CHUNK_MAX,
        apply=apply,
        parse_id=_address,
        find_bounced=_bounced,
    )


_BOUNCED = "hs_email_hard_bounce_reason_enum"


def _bounced(people: Sequence[str], since: float) -> Procedure[set[str]]:
    """To which people mail has bounced for good. The mail of those with an earlier bounce was rejected."""
    found: set[str] = set()
    for chunk in chunked(people, contacts.BATCH_MAX):
        answer: BatchResult = yield contacts.batch_read(
            chunk, properties=["email", _BOUNCED], id_property="email"
        )
        found.update(
            (row.properties.get("email") or "").lower()
            for row in answer.results
            if row.properties.get(_BOUNCED)
        )
    return found


def _address(field: str, value: object) -> str:
    # The platform ignores case in mail addresses.
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
    reason = "the mail had no final status in time; clear the task to poll again, which sends no second mail"
    return MemberResult(person, MemberStatus.UNKNOWN, status.sendResult or raw_status, reason)
