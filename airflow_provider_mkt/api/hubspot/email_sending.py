"""Sending a mail to one person once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import NotFound
from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.hubspot import jobs, send_statuses
from airflow_provider_mkt.api.hubspot.send_statuses import SendStatus
from airflow_provider_mkt.api.jobs import BatchStatus, Job, Observation, spec_of
from airflow_provider_mkt.api.watching import Look, none_failed

_IDS = uuid.UUID("5d1f3c2e-7f57-4c40-9a6e-0b8f5e6c1a77")
_UNCLEAR = "IDEMPOTENT_FAIL"
"""What this says of the first request of its key is documented nowhere; maybe that mail went out."""


def send(
    memory: Memory, make: Callable[[str], Call[SendStatus]], names: Sequence[str], send_id: str | None = None
) -> Flow[Look]:
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
    mark = memory.get(key)
    known = mark if isinstance(mark, Mapping) else {}
    status_id, number = known.get("status_id"), known.get("round")
    again = number if isinstance(number, int) else 0
    if isinstance(status_id, str):
        before = yield from _status(status_id)
        if before is not None and not (_has_failed(before) and send_id is None):
            look = look_of(before)
            none_failed([look])
            return look
        again += before is not None
    sent: SendStatus = yield make(send_id or send_key(names, again))
    memory.set(key, {"status_id": sent.statusId, "round": again})
    look = look_of(sent)
    none_failed([look])
    return look


def send_key(names: Sequence[str], again: int = 0) -> str:
    """The key of the mail that these names tell from every other.

    :param again: how often it has failed before.
    """
    # Lengths keep ("a", "bc") and ("ab", "c") apart.
    text = "".join(f"{len(name)} {name} " for name in (*names, str(again)))
    return str(uuid.uuid5(_IDS, text))


def _status(status_id: str) -> Flow[SendStatus | None]:
    try:
        status: SendStatus = yield send_statuses.get(status_id)
    except NotFound:
        return None
    return status


def _has_failed(sent: SendStatus) -> bool:
    """Whether no mail went out and none will, for certain."""
    ended_badly = look_of(sent).status in (BatchStatus.FAILED, BatchStatus.CANCELED)
    return ended_badly and (sent.sendResult or "").upper() != _UNCLEAR


def look_of(sent: SendStatus) -> Look:
    """What a mail is at."""
    job = Job("hubspot", "email_send", sent.statusId)
    observation = Observation(jobs.send_word(sent), {"send_result": sent.sendResult})
    status = spec_of(jobs.SPECS, job).status(observation)
    return Look(job, status or BatchStatus.PROCESSING, observation.word, observation.facts)
