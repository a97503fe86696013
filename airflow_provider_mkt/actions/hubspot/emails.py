"""Create, copy, change, publish and unpublish emails, each safe to repeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Unpack, cast

from airflow_provider_mkt.actions.emails import EmailChange, EnsuredEmail, Publication, Withdrawal
from airflow_provider_mkt.actions.hubspot import jobs
from airflow_provider_mkt.actions.hubspot.jobs import DRAFTS, email_status
from airflow_provider_mkt.actions.idempotency import Ensured, create_if_absent
from airflow_provider_mkt.actions.jobs import Job
from airflow_provider_mkt.actions.ports import EmailCloneOptions, EmailCreateOptions, no_options
from airflow_provider_mkt.actions.procedure import Pages, Procedure, TaskState
from airflow_provider_mkt.actions.send_guards import OPEN, SendGate
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    NotFound,
    PlatformError,
    SendRefused,
)
from airflow_provider_mkt.client.hubspot.emails import email_tests, emails
from airflow_provider_mkt.client.hubspot.emails._fields import schedule_changes, time_of

VERSIONS = ("live", "draft")
_SLACK = timedelta(seconds=1)


class HubSpotEmails:
    """The verbs of :class:`~airflow_provider_mkt.actions.ports.EmailVerbs`."""

    def create(
        self,
        task_state: TaskState,
        name: str,
        fields: Mapping[str, object],
        **options: Unpack[EmailCreateOptions],
    ) -> Procedure[EnsuredEmail]:
        no_options(options, "is Marketo's; HubSpot takes folderIdV2 and content in fields")
        return create(task_state, name, fields)

    def clone(
        self, task_state: TaskState, email_id: str, name: str, **options: Unpack[EmailCloneOptions]
    ) -> Procedure[EnsuredEmail]:
        folder = {"folder_id": options.get("folder_id"), "folder_type": options.get("folder_type")}
        no_options(folder, "HubSpot puts a copy beside its original; leave it out")
        return clone(task_state, email_id, name, language=options.get("language"))

    def update(
        self, email_id: str, changes: Mapping[str, object], *, version: str | None
    ) -> Procedure[EmailChange]:
        return update(email_id, changes, version=version)

    def unpublish(self, task_state: TaskState, email_id: str) -> Procedure[Withdrawal]:
        return unpublish(task_state, email_id)


def create(task_state: TaskState, name: str, fields: Mapping[str, object]) -> Procedure[EnsuredEmail]:
    """Create an email, unless one with that name exists.

    Names are not unique on the platform, and its list has no filter by name: all emails are read.

    :param task_state: marks of the task's earlier tries.
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
    return EnsuredEmail(made.value.id, name, made.value.state, made.created)


def clone(
    task_state: TaskState, email_id: str, name: str, *, language: str | None = None
) -> Procedure[EnsuredEmail]:
    """Copy an email, unless a copy of it with that name exists.

    Names are not unique on the platform, and its list has no filter by name: the emails that are younger
    than the original are read.

    :param task_state: marks of the task's earlier tries.
    :param email_id: the email to copy.
    :param name: name of the copy.
    :param language: language of the copy.
    :raises NotFound: when there is no such email.
    """
    # The platform trims names, so that an untrimmed one would never be found.
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
    return EnsuredEmail(made.value.id, name, made.value.state, made.created)


def update(
    email_id: str, changes: Mapping[str, object], *, version: str | None = None
) -> Procedure[EmailChange]:
    """Change an email.

    :param email_id: the email.
    :param changes: fields by their API names.
    :param version: ``live`` or ``draft``. Not needed for an email that is a draft itself.
    :raises NotFound: when there is no such email.
    :raises InvalidInput: when it is not a draft, and *version* does not say what to change.
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
            "what the next publishing replaces it with",
        )
    if version == "draft":
        changed: emails.Email = yield buffer
        return EmailChange(email.id, "draft", changed.state)
    changed = yield live
    if unpublished:
        # Publishing takes the draft version, which exists once somebody has begun to edit the email.
        draft: emails.Email = yield emails.get_draft(email_id)
        if any(_value(draft, name) != _value(changed, name) for name in changes):
            yield buffer
    return EmailChange(email.id, "live", changed.state)


def _value(email: emails.Email, field: str) -> object:
    return email.model_dump().get(field)


def unpublish(task_state: TaskState, email_id: str) -> Procedure[Withdrawal]:
    """Cancel a scheduled email or turn off an automated one, unless it is a draft.

    :param task_state: marks of the task's earlier tries.
    :param email_id: the email.
    :raises NotFound: when there is no such email.
    :raises InvalidRequest: when sending has begun.
    """
    # The answer has no email, so it is read.
    call: Call[emails.Email | None] = emails.unpublish(email_id)

    def find() -> Procedure[emails.Email | None]:
        email: emails.Email = yield emails.get(email_id)
        return email if email_status(email) in DRAFTS else None

    made = yield from create_if_absent(f"unpublish email {email_id}", task_state, call, find)
    email: emails.Email = made.value or (yield emails.get(email_id))
    return Withdrawal(made.created, email.state)


_SAME = timedelta(seconds=1)


def publish(
    email_id: str,
    task_state: TaskState,
    *,
    publish_at: datetime | None = None,
    send_now: bool = False,
    gate: SendGate = OPEN,
    clock: Callable[[], float] = time.time,
) -> Procedure[Publication]:
    """Publish an email that is a draft; leave one alone that is published, scheduled or being sent.

    The platform does not say that it rejects a second publish. So while an earlier request may still take
    effect, only the state is read.

    :param email_id: the email.
    :param task_state: marks of the task's earlier tries.
    :param publish_at: schedule it for then.
    :param send_now: send it at once, whatever the email says. Without either it goes out as the email
        itself is set up.
    :param gate: is passed before a draft is changed and published.
    :raises NotFound: when there is no such email.
    :raises InvalidInput: when it is still to be published and *publish_at* is in the past.
    :raises SendRefused: when it has no recipients and is not automated, when it is set up for a time that has
        passed and neither argument says when it goes out, or by *gate*.
    :raises InvalidRequest: when it is in error, scheduled for another time, automated and given a time,
        or was unpublished after an earlier try of the task had published it.
    :raises OutcomeUnknown: when a request was sent twice and its effect did not show within
        :data:`~airflow_provider_mkt.actions.idempotency.CONSISTENCY_WINDOW` seconds either time.
    """
    key = f"publish {email_id}"
    draft: emails.Email | None = None

    def read() -> Procedure[emails.Email | None]:
        nonlocal draft
        email: emails.Email = yield emails.get(email_id)
        draft = email if jobs.email_status(email) in jobs.DRAFTS else None
        return None if draft else email

    def find() -> Procedure[emails.Email | None]:
        email = yield from read()
        if email is not None:
            _check_goes_out(email, publish_at, send_now=send_now and task_state.get(key) is None)
        return email

    def prepare() -> Procedure[None]:
        if draft is None:
            return
        if _is_variation(draft):
            raise SendRefused(
                f"email {draft.id} is the variation of an A/B test; nothing was sent. Publish the email that "
                "it varies, which sends both",
                platform="hubspot",
                code="email.kind",
            )
        _check_time(draft, publish_at, send_now, clock)
        # Publishing sends the draft version, which differs once somebody has begun to edit the email.
        buffer: emails.Email = yield emails.get_draft(email_id)
        automated = jobs.email_status(draft).startswith("AUTOMATED")
        goes_out_at = None if automated else _goes_out_at(buffer, publish_at, send_now, clock)
        _check_recipients(draft, buffer)
        own_time = publish_at is not None or send_now
        yield from gate.before_send(goes_out_at, scheduled_here=own_time)
        if own_time:
            yield from _set_up(draft, buffer, publish_at)

    def reverted() -> PlatformError:
        return InvalidRequest(
            f"email {email_id} was published by an earlier try of this task and is a draft again: somebody "
            "unpublished it; clear the task to publish it once more",
            platform="hubspot",
            code=draft.state if draft else "",
        )

    call = cast("Call[emails.Email | None]", emails.publish(email_id))
    ensured = yield from create_if_absent(
        key,
        task_state,
        call,
        find,
        prepare=prepare,
        confirm=read,
        reverted=reverted,
        claim=gate.claim,
        clock=clock,
    )
    email = ensured.value or draft or (yield emails.get(email_id))
    when = email.publishDate if jobs.email_status(email) in jobs.SCHEDULED else None
    job = Job("hubspot", "email_publish", email.id)
    return Publication(ensured.created, email.state, job, when)


def _check_goes_out(email: emails.Email, publish_at: datetime | None, *, send_now: bool) -> None:
    """Check that an email that is not a draft is scheduled as wanted, published or being sent."""
    raw_status = jobs.email_status(email)
    if raw_status in jobs.SCHEDULED:
        if send_now or (publish_at is not None and not _same_moment(email.publishDate, publish_at)):
            wanted = f"schedule it for {publish_at.isoformat()}" if publish_at else "send it now"
            raise InvalidRequest(
                f"email {email.id} is scheduled for {email.publishDate} already; unpublish it first to "
                f"{wanted}",
                platform="hubspot",
                code=raw_status,
            )
    elif raw_status not in jobs.PUBLISHED | jobs.SENDING:
        raise InvalidRequest(
            f"email {email.id} is in state {raw_status or 'unknown'} and cannot be published",
            platform="hubspot",
            code=raw_status,
        )


def _check_time(
    email: emails.Email, publish_at: datetime | None, send_now: bool, clock: Callable[[], float]
) -> None:
    """Check that the email can go out at the time that is given, where one is."""
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


def _goes_out_at(
    draft: emails.Email, publish_at: datetime | None, send_now: bool, clock: Callable[[], float]
) -> datetime | None:
    """Return when an email that is a draft goes out; None when at once.

    :raises SendRefused: when it would go out at once, because the time that it is set up for has passed.
    """
    if publish_at is not None or send_now or draft.sendOnPublish is not False:
        return publish_at
    moment = time_of(draft.publishDate)
    if moment is not None and moment <= datetime.fromtimestamp(clock(), UTC):
        raise SendRefused(
            f"email {draft.id} is set up for {moment.isoformat()}, which has passed, so it would go out at "
            "once; nothing was sent. Give publish_at, or send_now=True",
            platform="hubspot",
            code="schedule.past",
        )
    return moment


_TO_LISTS = frozenset({"DRAFT", "DRAFT_AB", "AGENT_GENERATED"})
"""Drafts of emails that are sent to lists and contacts. Others are automated, or variations of a test."""
_TO_ONE_PERSON = frozenset({"SINGLE_SEND_API", "MARKETING_SINGLE_SEND_API", "SMTP_TOKEN"})
"""Types of emails that are sent to single people by other calls."""


def _check_recipients(email: emails.Email, draft: emails.Email) -> None:
    """Check that an email which is sent to lists and contacts names any.

    :raises SendRefused: when it does not.
    """
    kind = str(email.model_dump().get("type") or "").upper()
    if jobs.email_status(email) not in _TO_LISTS or kind in _TO_ONE_PERSON or _has_recipients(draft):
        return
    raise SendRefused(
        f"email {email.id} names no list and no contact, so nobody would get it; nothing was sent",
        platform="hubspot",
        code="audience.none",
    )


def _has_recipients(email: emails.Email) -> bool:
    to = email.model_dump().get("to")
    kinds = (
        [to.get(kind) for kind in ("contactIds", "contactIlsLists", "contactLists")]
        if isinstance(to, dict)
        else []
    )
    return any(isinstance(one, dict) and one.get("include") for one in kinds)


def _set_up(email: emails.Email, draft: emails.Email, publish_at: datetime | None) -> Procedure[None]:
    """Change when both versions of the email go out."""
    changes = schedule_changes(publish_at)
    if not _goes_out_as(email, changes, publish_at):
        yield emails.update(email.id, changes)
        # It may have become the draft as well.
        draft = yield emails.get_draft(email.id)
    if not _goes_out_as(draft, changes, publish_at):
        yield emails.update_draft(email.id, changes)


def _goes_out_as(email: emails.Email, changes: Mapping[str, object], publish_at: datetime | None) -> bool:
    return email.sendOnPublish is changes["sendOnPublish"] and (
        publish_at is None or _same_moment(email.publishDate, publish_at)
    )


def _same_moment(text: str | None, moment: datetime) -> bool:
    # The platform rounds fractions of a second.
    try:
        return text is not None and abs(datetime.fromisoformat(text) - moment) < _SAME
    except (ValueError, TypeError):
        return False


def create_variation(task_state: TaskState, email_id: str, name: str) -> Procedure[Ensured[emails.Email]]:
    """Create the A/B variation of an email, unless it has one, with any name.

    :param task_state: marks of the task's earlier tries.
    :param email_id: the email to test.
    :param name: name of the variation.
    :returns: the variation that exists now.
    :raises NotFound: when there is no such email.
    :raises InvalidRequest: when the email is a variation itself, or can no longer be tested.
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
