"""Publishing an email so that it is never sent twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest, OutcomeUnknown, PlatformError
from airflow_provider_mkt.api.flow import SETTLE, Flow, Memory, Pause
from airflow_provider_mkt.api.hubspot import emails, jobs
from airflow_provider_mkt.api.jobs import Job
from airflow_provider_mkt.api.outcomes import Publication

_TRIES = 2
_LOOK_EVERY = 5.0


def publish(
    email_id: str,
    memory: Memory,
    *,
    publish_at: datetime | None = None,
    send_now: bool = False,
    clock: Callable[[], float] = time.time,
) -> Flow[Publication]:
    """Publish an email that is a draft; leave one alone that is published, scheduled or being sent.

    The platform does not say that it refuses a second publish. So that it was asked is remembered
    before it is asked, and while an earlier request may still be at work only the state is read.

    :param email_id: the email.
    :param memory: what the task's earlier tries did.
    :param publish_at: schedule it for then.
    :param send_now: send it at once, whatever the email says. Without either it goes out as the email
        itself is set up.
    :raises NotFound: when there is no such email.
    :raises InvalidRequest: when it is in error, or scheduled for another time.
    :raises OutcomeUnknown: when it was asked for and did not show within a minute, twice.
    """
    if publish_at is not None and publish_at <= datetime.fromtimestamp(clock(), UTC):
        raise InvalidInput("publish_at", "is in the past; leave it out to send at once")
    key = f"publish {email_id}"
    lost: OutcomeUnknown | None = None
    for _ in range(_TRIES):
        email = yield from _settled(email_id, memory.get(key), clock)
        if (there := _there_already(email, publish_at)) is not None:
            return _publication(email, done=bool(memory.get(key)), scheduled_for=there or None)
        if changes := _changes(email, publish_at, send_now):
            yield emails.update(email_id, changes)
        memory.set(key, clock())
        try:
            yield emails.publish(email_id)
        except OutcomeUnknown as error:
            lost = error
            continue
        except PlatformError:
            memory.set(key, None)
            raise
        email = yield emails.get(email_id)
        return _publication(email, done=True, scheduled_for=_when(email))
    email = yield from _settled(email_id, memory.get(key), clock)
    if _there_already(email, None) is not None:
        return _publication(email, done=True, scheduled_for=_when(email))
    raise lost if lost is not None else OutcomeUnknown("publishing did not show", platform="hubspot")


def _settled(email_id: str, asked_at: Any, clock: Callable[[], float]) -> Flow[emails.Email]:
    """Read the email; while an earlier request may still be at work, until it shows."""
    while True:
        email: emails.Email = yield emails.get(email_id)
        if not isinstance(asked_at, (int, float)) or jobs.email_word(email) not in jobs.DRAFTS:
            return email
        left = asked_at + SETTLE - clock()
        if left <= 0:
            return email
        yield Pause(min(left, _LOOK_EVERY), "an earlier request to publish may still be at work")


def _there_already(email: emails.Email, publish_at: datetime | None) -> str | None:
    """The scheduled time (or empty text) of an email that needs no publishing, None of a draft."""
    word = jobs.email_word(email)
    if word in jobs.DRAFTS:
        return None
    if word in jobs.SCHEDULED:
        if publish_at is not None and not _same_moment(email.publishDate, publish_at):
            raise InvalidRequest(
                f"email {email.id} is scheduled for {email.publishDate} already; unpublish it first to "
                f"schedule it for {publish_at.isoformat()}",
                platform="hubspot",
                code=word,
            )
        return email.publishDate or ""
    if word in jobs.PUBLISHED or word in jobs.SENDING:
        return ""
    raise InvalidRequest(
        f"email {email.id} is in state {word or 'unknown'} and cannot be published",
        platform="hubspot",
        code=word,
    )


def _changes(email: emails.Email, publish_at: datetime | None, send_now: bool) -> dict[str, Any]:
    if publish_at is None and not send_now:
        return {}
    wanted = emails.schedule_changes(publish_at)
    same = email.sendOnPublish is wanted["sendOnPublish"] and (
        publish_at is None or _same_moment(email.publishDate, publish_at)
    )
    return {} if same else wanted


def _same_moment(text: str | None, moment: datetime) -> bool:
    try:
        return text is not None and datetime.fromisoformat(text) == moment
    except (ValueError, TypeError):
        return False


def _when(email: emails.Email) -> str | None:
    return email.publishDate if jobs.email_word(email) in jobs.SCHEDULED else None


def _publication(email: emails.Email, *, done: bool, scheduled_for: str | None) -> Publication:
    return Publication(done, email.state, Job("hubspot", "email_publish", email.id), scheduled_for)
