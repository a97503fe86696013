"""Publishing an email so that it is never sent twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest, OutcomeUnknown, PlatformError
from airflow_provider_mkt.api.flow import SETTLE, Flow, Memory, Pause
from airflow_provider_mkt.api.hubspot import emails, jobs
from airflow_provider_mkt.api.jobs import Job
from airflow_provider_mkt.api.outcomes import Publication

_TRIES = 2
_LOOK_EVERY = 5.0
_SAME = timedelta(seconds=1)


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
    :raises InvalidInput: when it is still to be published and *publish_at* is over.
    :raises InvalidRequest: when it is in error, scheduled for another time, automated and given a time,
        or was taken back after an earlier try of the task had published it.
    :raises OutcomeUnknown: when it was asked for and did not show within :data:`SETTLE` seconds, twice.
    """
    key = f"publish {email_id}"
    lost: OutcomeUnknown | None = None
    for _ in range(_TRIES):
        before = memory.get(key)
        mark = before if isinstance(before, Mapping) else {}
        email = yield from _settled(email_id, mark.get("asked"), clock)
        if (there := _there_already(email, publish_at, send_now=send_now and not mark)) is not None:
            return _publication(email, done=bool(mark), scheduled_for=there or None)
        if mark.get("done"):
            memory.set(key, None)
            raise InvalidRequest(
                f"email {email_id} was published by an earlier try of this task and is a draft again, so "
                "somebody took it back; clear the task to publish it once more",
                platform="hubspot",
                code=email.state,
            )
        yield from _set_up(email, publish_at, send_now, clock)
        memory.set(key, {"asked": clock()})
        try:
            yield emails.publish(email_id)
        except OutcomeUnknown as error:
            # The time to settle counts from now: until now the request may have been on its way.
            memory.set(key, {"asked": clock()})
            lost = error
            continue
        except PlatformError:
            memory.set(key, before)
            raise
        asked = clock()
        memory.set(key, {"asked": asked, "done": True})
        # Whoever looks next, in this task or another, must not find a draft.
        email = yield from _settled(email_id, asked, clock)
        return _publication(email, done=True, scheduled_for=_when(email))
    email = yield from _settled(email_id, clock(), clock)
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


def _there_already(email: emails.Email, publish_at: datetime | None, *, send_now: bool = False) -> str | None:
    """The scheduled time (or empty text) of an email that needs no publishing, None of a draft."""
    word = jobs.email_word(email)
    if word in jobs.DRAFTS:
        return None
    if word in jobs.SCHEDULED:
        if send_now or (publish_at is not None and not _same_moment(email.publishDate, publish_at)):
            wanted = f"schedule it for {publish_at.isoformat()}" if publish_at else "send it now"
            raise InvalidRequest(
                f"email {email.id} is scheduled for {email.publishDate} already; unpublish it first to "
                f"{wanted}",
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


def _set_up(
    email: emails.Email, publish_at: datetime | None, send_now: bool, clock: Callable[[], float]
) -> Flow[None]:
    """Make the email go out when it is wanted to; as it is set up where nothing is wanted."""
    if publish_at is None and not send_now:
        return
    if jobs.email_word(email).startswith("AUTOMATED"):
        raise InvalidRequest(
            f"email {email.id} is automated: publishing turns it on at once; leave publish_at and "
            "send_now out",
            platform="hubspot",
            code=email.state,
        )
    if publish_at is not None and publish_at <= datetime.fromtimestamp(clock(), UTC):
        raise InvalidInput("publish_at", "is in the past; leave it out to send at once")
    changes = emails.schedule_changes(publish_at)
    if not _goes_out_as(email, changes, publish_at):
        yield emails.update(email.id, changes)
    # Publishing takes the draft, which keeps a time of its own where somebody began to edit the email.
    draft: emails.Email = yield emails.get_draft(email.id)
    if not _goes_out_as(draft, changes, publish_at):
        yield emails.update_draft(email.id, changes)


def _goes_out_as(email: emails.Email, changes: Mapping[str, Any], publish_at: datetime | None) -> bool:
    return email.sendOnPublish is changes["sendOnPublish"] and (
        publish_at is None or _same_moment(email.publishDate, publish_at)
    )


def _same_moment(text: str | None, moment: datetime) -> bool:
    # The platform keeps no fractions as fine as Python's.
    try:
        return text is not None and abs(datetime.fromisoformat(text) - moment) < _SAME
    except (ValueError, TypeError):
        return False


def _when(email: emails.Email) -> str | None:
    return email.publishDate if jobs.email_word(email) in jobs.SCHEDULED else None


def _publication(email: emails.Email, *, done: bool, scheduled_for: str | None) -> Publication:
    return Publication(done, email.state, Job("hubspot", "email_publish", email.id), scheduled_for)
