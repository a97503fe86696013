"""Creating, copying, changing and taking back emails, each safe to ask for again.

Publishing an email so that it is never sent twice.

Making the B variation of an email once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from airflow_provider_mkt.actions.hubspot import jobs
from airflow_provider_mkt.actions.hubspot.jobs import DRAFTS, email_status
from airflow_provider_mkt.actions.idempotency import Ensured, create_if_absent
from airflow_provider_mkt.actions.jobs import Job
from airflow_provider_mkt.actions.ports import EmailChange, MadeEmail, Publication, Withdrawal
from airflow_provider_mkt.actions.procedure import CONSISTENCY_WINDOW, Pages, Pause, Procedure, TaskState
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PlatformError,
)
from airflow_provider_mkt.client.hubspot.emails import email_tests, emails
from airflow_provider_mkt.client.hubspot.emails._fields import schedule_changes

VERSIONS = ("live", "draft")
_SLACK = timedelta(seconds=1)


class HubSpotEmails:
    """What is done with HubSpot emails."""

    def create(
        self,
        task_state: TaskState,
        name: str,
        fields: Mapping[str, Any],
        *,
        folder_id: str | None,
        folder_type: str | None,
        template_id: str | None,
    ) -> Procedure[MadeEmail]:
        for field, value in (
            ("folder_id", folder_id),
            ("folder_type", folder_type),
            ("template_id", template_id),
        ):
            if value is not None:
                raise InvalidInput(field, "is Marketo's; HubSpot takes folderIdV2 and content in fields")
        return create(task_state, name, fields)

    def clone(
        self,
        task_state: TaskState,
        email_id: str,
        name: str,
        *,
        folder_id: str | None,
        folder_type: str | None,
        language: str | None,
    ) -> Procedure[MadeEmail]:
        for field, value in (("folder_id", folder_id), ("folder_type", folder_type)):
            if value is not None:
                raise InvalidInput(field, "HubSpot puts a copy beside its original; leave it out")
        return clone(task_state, email_id, name, language=language)

    def update(
        self, email_id: str, changes: Mapping[str, Any], *, version: str | None
    ) -> Procedure[EmailChange]:
        return update(email_id, changes, version=version)

    def unpublish(self, task_state: TaskState, email_id: str) -> Procedure[Withdrawal]:
        return unpublish(task_state, email_id)


def create(task_state: TaskState, name: str, fields: Mapping[str, Any]) -> Procedure[MadeEmail]:
    """Create an email, unless one of that name is there.

    Names are not unique to the platform, and its list has no filter by name: all emails are looked
    through, so that a creation that is repeated makes none twice.

    :param memory: what the task's earlier tries did.
    :param name: its name.
    :param fields: more of its fields by their API names.
    """
    name = name.strip()

    def find() -> Procedure[emails.Email | None]:
        rows: list[emails.Email] = yield Pages(emails.list(included_properties=("name", "state")))
        return next((row for row in rows if row.name == name), None)

    made: Ensured[emails.Email] = yield from create_if_absent(
        f"create email {name}", task_state, emails.create(name, fields), find
    )
    return MadeEmail(made.value.id, name, made.value.state, made.new)


def clone(
    task_state: TaskState, email_id: str, name: str, *, language: str | None = None
) -> Procedure[MadeEmail]:
    """Copy an email, unless a copy of it with that name is there.

    Names are not unique to the platform, and its list has no filter by name: the emails that are younger
    than the original are looked through.

    :param memory: what the task's earlier tries did.
    :param email_id: the email to copy.
    :param name: name of the copy.
    :param language: language of the copy.
    :raises NotFound: when there is no such email.
    """
    # A name that the platform trims would never be found again as it was written.
    name = name.strip()
    call = emails.clone(email_id, clone_name=name, language=language)
    original: emails.Email = yield emails.get(email_id, included_properties=("createdAt",))
    born = datetime.fromisoformat(original.createdAt) - _SLACK if original.createdAt else None

    def find() -> Procedure[emails.Email | None]:
        rows: list[emails.Email] = yield Pages(
            emails.list(
                created=None if born is None else (born, None),
                included_properties=("name", "clonedFrom", "state"),
            )
        )
        copies = (row for row in rows if row.name == name and row.id != original.id)
        return next((row for row in copies if row.clonedFrom in (None, original.id)), None)

    made: Ensured[emails.Email] = yield from create_if_absent(
        f"clone email {email_id} as {name}", task_state, call, find
    )
    return MadeEmail(made.value.id, name, made.value.state, made.new)


def update(
    email_id: str, changes: Mapping[str, Any], *, version: str | None = None
) -> Procedure[EmailChange]:
    """Change an email.

    :param email_id: the email.
    :param changes: fields by their API names.
    :param version: ``live`` or ``draft``. Not needed for an email that is a draft itself.
    :raises NotFound: when there is no such email.
    :raises InvalidInput: when it is no draft, and *version* does not say what is to be changed.
    """
    if version is not None and version not in VERSIONS:
        raise InvalidInput("version", f"must be one of {', '.join(VERSIONS)}")
    live, buffer = emails.update(email_id, dict(changes)), emails.update_draft(email_id, dict(changes))
    email: emails.Email = yield emails.get(email_id)
    unpublished = email_status(email) in DRAFTS
    if version is None and not unpublished:
        raise InvalidInput(
            "version",
            f"is missing: email {email_id} is {email.state}; live changes what goes out from now on, draft "
            "what the next publishing puts in its place",
        )
    if version == "draft":
        changed: emails.Email = yield buffer
        return EmailChange(email.id, "draft", changed.state)
    changed = yield live
    if unpublished:
        # Publishing takes the draft beside it, which is there once somebody has begun to edit the email.
        draft: emails.Email = yield emails.get_draft(email_id)
        if any(_value(draft, name) != _value(changed, name) for name in changes):
            yield buffer
    return EmailChange(email.id, "live", changed.state)


def _value(email: emails.Email, field: str) -> Any:
    return email.model_dump().get(field)


def unpublish(task_state: TaskState, email_id: str) -> Procedure[Withdrawal]:
    """Cancel a scheduled email or turn an automated one off, unless it is a draft.

    :param memory: what the task's earlier tries did.
    :param email_id: the email.
    :raises NotFound: when there is no such email.
    :raises InvalidRequest: when sending has begun.
    """
    # Only that it worked is told, so what there is to see of it is read.
    call = cast("Call[emails.Email | None]", emails.unpublish(email_id))

    def find() -> Procedure[emails.Email | None]:
        email: emails.Email = yield emails.get(email_id)
        return email if email_status(email) in DRAFTS else None

    made = yield from create_if_absent(f"unpublish email {email_id}", task_state, call, find)
    email: emails.Email = made.value or (yield emails.get(email_id))
    return Withdrawal(made.new, email.state)


_TRIES = 2
_LOOK_EVERY = 5.0
_SAME = timedelta(seconds=1)


def publish(
    email_id: str,
    task_state: TaskState,
    *,
    publish_at: datetime | None = None,
    send_now: bool = False,
    clock: Callable[[], float] = time.time,
) -> Procedure[Publication]:
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
    :raises OutcomeUnknown: when a request was sent twice and its effect did not show within
        :data:`CONSISTENCY_WINDOW` seconds either time.
    """
    key = f"publish {email_id}"
    lost: OutcomeUnknown | None = None
    for _ in range(_TRIES):
        before = task_state.get(key)
        mark = before if isinstance(before, Mapping) else {}
        email = yield from _settled(email_id, mark.get("asked"), clock)
        if (there := _there_already(email, publish_at, send_now=send_now and not mark)) is not None:
            return _publication(email, done=bool(mark), scheduled_for=there or None)
        if mark.get("done"):
            task_state.set(key, None)
            raise InvalidRequest(
                f"email {email_id} was published by an earlier try of this task and is a draft again, so "
                "somebody took it back; clear the task to publish it once more",
                platform="hubspot",
                code=email.state,
            )
        yield from _set_up(email, publish_at, send_now, clock)
        task_state.set(key, {"asked": clock()})
        try:
            yield emails.publish(email_id)
        except OutcomeUnknown as error:
            # The time to settle counts from now: until now the request may have been on its way.
            task_state.set(key, {"asked": clock()})
            lost = error
            continue
        except PlatformError:
            task_state.set(key, before)
            raise
        asked = clock()
        task_state.set(key, {"asked": asked, "done": True})
        # Whoever looks next, in this task or another, must not find a draft.
        email = yield from _settled(email_id, asked, clock)
        return _publication(email, done=True, scheduled_for=_when(email))
    email = yield from _settled(email_id, clock(), clock)
    if _there_already(email, None) is not None:
        return _publication(email, done=True, scheduled_for=_when(email))
    raise lost if lost is not None else OutcomeUnknown("publishing did not show", platform="hubspot")


def _settled(email_id: str, requested_at: Any, clock: Callable[[], float]) -> Procedure[emails.Email]:
    """Read the email; while an earlier request may still be at work, until it shows."""
    while True:
        email: emails.Email = yield emails.get(email_id)
        if not isinstance(requested_at, (int, float)) or jobs.email_status(email) not in jobs.DRAFTS:
            return email
        left = requested_at + CONSISTENCY_WINDOW - clock()
        if left <= 0:
            return email
        yield Pause(min(left, _LOOK_EVERY), "an earlier request to publish may still be at work")


def _there_already(email: emails.Email, publish_at: datetime | None, *, send_now: bool = False) -> str | None:
    """The scheduled time (or empty text) of an email that needs no publishing, None of a draft."""
    raw_status = jobs.email_status(email)
    if raw_status in jobs.DRAFTS:
        return None
    if raw_status in jobs.SCHEDULED:
        if send_now or (publish_at is not None and not _same_moment(email.publishDate, publish_at)):
            wanted = f"schedule it for {publish_at.isoformat()}" if publish_at else "send it now"
            raise InvalidRequest(
                f"email {email.id} is scheduled for {email.publishDate} already; unpublish it first to "
                f"{wanted}",
                platform="hubspot",
                code=raw_status,
            )
        return email.publishDate or ""
    if raw_status in jobs.PUBLISHED or raw_status in jobs.SENDING:
        return ""
    raise InvalidRequest(
        f"email {email.id} is in state {raw_status or 'unknown'} and cannot be published",
        platform="hubspot",
        code=raw_status,
    )


def _set_up(
    email: emails.Email, publish_at: datetime | None, send_now: bool, clock: Callable[[], float]
) -> Procedure[None]:
    """Make the email go out when it is wanted to; as it is set up where nothing is wanted."""
    if publish_at is None and not send_now:
        return
    if jobs.email_status(email).startswith("AUTOMATED"):
        raise InvalidRequest(
            f"email {email.id} is automated: publishing turns it on at once; leave publish_at and "
            "send_now out",
            platform="hubspot",
            code=email.state,
        )
    if publish_at is not None and publish_at <= datetime.fromtimestamp(clock(), UTC):
        raise InvalidInput("publish_at", "is in the past; leave it out to send at once")
    changes = schedule_changes(publish_at)
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
    return email.publishDate if jobs.email_status(email) in jobs.SCHEDULED else None


def _publication(email: emails.Email, *, done: bool, scheduled_for: str | None) -> Publication:
    return Publication(done, email.state, Job("hubspot", "email_publish", email.id), scheduled_for)


def create_variation(task_state: TaskState, email_id: str, name: str) -> Procedure[Ensured[emails.Email]]:
    """Make the variation of an email, unless it has one, whatever that one is called.

    :param memory: what the task's earlier tries did.
    :param email_id: the email to test.
    :param name: name of the variation.
    :returns: the variation that is there now.
    :raises NotFound: when there is no such email.
    :raises InvalidRequest: when the email is a variation itself, or can be tested no longer.
    """
    call = email_tests.create_variation(email_id, name)
    email: emails.Email = yield emails.get(email_id)
    if _is_variation(email):
        raise InvalidRequest(f"email {email_id} is the variation of another one", platform="hubspot")

    def find() -> Procedure[emails.Email | None]:
        try:
            variation: emails.Email = yield email_tests.get_variation(email_id)
        except NotFound:
            return None
        return variation

    made: Ensured[emails.Email] = yield from create_if_absent(
        f"variation of email {email_id}", task_state, call, find
    )
    return made


def _is_variation(email: emails.Email) -> bool:
    testing = email.model_dump().get("testing")
    return isinstance(testing, dict) and testing.get("isAbVariation") is True
