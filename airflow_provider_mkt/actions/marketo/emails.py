"""Create, copy, change, approve and unapprove emails and email programs, and send samples, each once."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Unpack, cast

from airflow_provider_mkt.actions.emails import EmailChange, EnsuredEmail, Publication, Withdrawal
from airflow_provider_mkt.actions.idempotency import (
    Ensured,
    create_if_absent,
    mark_reported,
    platform_answer,
    send_at_most_once,
)
from airflow_provider_mkt.actions.jobs import Job
from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.ports import EmailCloneOptions, EmailCreateOptions, no_options
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.actions.send_guards import OPEN, SendGate
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    NotFound,
    NotRepeated,
)
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.emails import emails
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.marketo.rows import Email, Program
from airflow_provider_mkt.client.marketo.values import moment
from airflow_provider_mkt.client.redaction import describe_type

_TEXTS = {"name": "new_name", "description": "description", "preHeader": "pre_header"}
_FLAGS = {
    "operational": "operational",
    "published": "published",
    "textOnly": "text_only",
    "webView": "web_view",
    "autoCopyToText": "auto_copy_to_text",
}
_HEADERS = {
    "subject": "subject",
    "fromName": "from_name",
    "fromEmail": "from_email",
    "replyEmail": "reply_to",
}
_TRACKING = {"isOpenTrackingDisabled": "is_open_tracking_disabled"}
FIELDS = {**_TEXTS, **_FLAGS, **_HEADERS, **_TRACKING}
"""Fields that can be changed, with the arguments of the calls that change them."""
_CREATED = {
    **_HEADERS,
    **{name: FIELDS[name] for name in ("description", "operational", "textOnly")},
}


class MarketoEmails:
    """The verbs of :class:`~airflow_provider_mkt.actions.ports.EmailVerbs`."""

    def create(
        self,
        task_state: TaskState,
        name: str,
        fields: Mapping[str, object],
        **options: Unpack[EmailCreateOptions],
    ) -> Procedure[EnsuredEmail]:
        folder_id, template_id = options.get("folder_id"), options.get("template_id")
        if folder_id is None:
            raise InvalidInput("folder_id", "is missing: the folder or program that the email goes into")
        if template_id is None:
            raise InvalidInput("template_id", "is missing: the template that the email is made from")
        folder_type = options.get("folder_type") or "Folder"
        return create(
            task_state, name, fields, template_id=template_id, folder_id=folder_id, folder_type=folder_type
        )

    def clone(
        self, task_state: TaskState, email_id: str, name: str, **options: Unpack[EmailCloneOptions]
    ) -> Procedure[EnsuredEmail]:
        no_options({"language": options.get("language")}, "Marketo's emails have none; leave it out")
        folder_id = options.get("folder_id")
        if folder_id is None:
            raise InvalidInput("folder_id", "is missing: the folder or program that the copy goes into")
        folder_type = options.get("folder_type") or "Folder"
        return clone(task_state, email_id, name, folder_id=folder_id, folder_type=folder_type)

    def update(
        self, email_id: str, changes: Mapping[str, object], *, version: str | None
    ) -> Procedure[EmailChange]:
        if version not in (None, "draft"):
            raise InvalidInput("version", "Marketo changes an email's draft; leave it out")
        return update(email_id, changes)

    def unpublish(self, task_state: TaskState, email_id: str) -> Procedure[Withdrawal]:
        return unapprove(task_state, email_id)


def create(
    task_state: TaskState,
    name: str,
    fields: Mapping[str, object],
    *,
    template_id: str,
    folder_id: str,
    folder_type: str = "Folder",
) -> Procedure[EnsuredEmail]:
    """Create an email in a folder or program, unless one with that name is in it.

    :param task_state: marks of the task's earlier tries.
    :param name: its name.
    :param fields: ``subject``, ``fromName``, ``fromEmail`` and ``replyEmail``, all required, and
        ``description``, ``operational`` and ``textOnly``.
    :param template_id: the template it is made from.
    :param folder_id: where it goes.
    :param folder_type: ``Folder`` or ``Program``.
    :raises InvalidInput: on a missing or unknown field.
    :raises InvalidRequest: when the name is taken elsewhere in the instance.
    """
    name = name.strip()
    given = _arguments("fields", fields, _CREATED)
    for header, argument in _HEADERS.items():
        if argument not in given:
            raise InvalidInput(f"fields.{header}", "is missing")
    # The argument for replyEmail has another name in the call that changes it.
    given["reply_email"] = given.pop("reply_to")
    call = emails.create(name, folder_id=folder_id, folder_type=folder_type, template_id=template_id, **given)
    find = _finder(name, folder_id, folder_type)
    made = yield from create_if_absent(f"create email {name} in {folder_id}", task_state, call, find)
    return _made(made, name)


def clone(
    task_state: TaskState, email_id: str, name: str, *, folder_id: str, folder_type: str = "Folder"
) -> Procedure[EnsuredEmail]:
    """Copy an email into a folder or program, unless an email with that name is in it.

    :param task_state: marks of the task's earlier tries.
    :param email_id: the email to copy.
    :param name: name of the copy.
    :param folder_id: where the copy goes.
    :param folder_type: ``Folder`` or ``Program``.
    :raises InvalidRequest: when there is no such email, or the name is taken elsewhere in the instance.
    """
    name = name.strip()
    call = emails.clone(email_id, name, folder_id=folder_id, folder_type=folder_type)
    key = f"clone email {email_id} as {name} in {folder_id}"
    made = yield from create_if_absent(key, task_state, call, _finder(name, folder_id, folder_type))
    return _made(made, name)


def _finder(name: str, folder_id: str, folder_type: str) -> Callable[[], Procedure[Email | None]]:
    call = emails.by_name(name, folder_id=folder_id, folder_type=folder_type)

    def find() -> Procedure[Email | None]:
        rows = yield from find_or_none(cast("Call[list[Email] | None]", call))
        return rows[0] if rows else None

    return find


def _made(made: Ensured[Email], name: str) -> EnsuredEmail:
    return EnsuredEmail(str(made.value["id"]), name, str(made.value.get("status") or "draft"), made.created)


def update(email_id: str, changes: Mapping[str, object]) -> Procedure[EmailChange]:
    """Change an email: its name and description at once, all other fields in its draft.

    :param email_id: the email.
    :param changes: fields by their names in an email that is read; the headers as plain text.
    :raises InvalidInput: on no fields, unknown fields or values of a wrong type.
    :raises InvalidRequest: when there is no such email, or it is locked.
    """
    for call in _changing(email_id, changes):  # noqa: UP028 - a list does not receive the answers
        yield call
    email = yield from find_or_none(emails.get(email_id))
    state = str(email.get("status") or "").lower() if email else ""
    return EmailChange(email_id, "draft", state)


def _changing(email_id: str, changes: Mapping[str, object]) -> list[Call[object]]:
    if not changes:
        raise InvalidInput("changes", f"must name the fields to change, not {describe_type(changes)}")
    given = _arguments("changes", changes, FIELDS)
    headers = {name: given.pop(name) for name in (*_HEADERS.values(), *_TRACKING.values()) if name in given}
    calls: list[Call[object]] = []
    if given:
        calls.append(emails.update(email_id, **given))
    if headers:
        calls.append(emails.update_headers(email_id, **headers))
    return calls


def _arguments(where: str, given: Mapping[str, object], known: Mapping[str, str]) -> JsonDict:
    """Return fields by the names of the calls' arguments, with their types checked."""
    for name, value in given.items():
        if name not in known:
            raise InvalidInput(f"{where}.{name}", f"is not accepted here; {', '.join(known)} are")
        wanted, type_name = (bool, "true or false") if name in {*_FLAGS, *_TRACKING} else (str, "text")
        if not isinstance(value, wanted):
            raise InvalidInput(f"{where}.{name}", f"must be {type_name}, not {describe_type(value)}")
    return {known[name]: value for name, value in given.items()}


def unapprove(task_state: TaskState, email_id: str) -> Procedure[Withdrawal]:
    """Unapprove an email, unless it is not approved.

    :param task_state: marks of the task's earlier tries.
    :param email_id: the email.
    :raises NotFound: when there is no such email.
    :raises InvalidRequest: when a campaign or program sends it.
    """
    call: Call[object] = emails.unapprove(email_id)

    def find() -> Procedure[Email | None]:
        if (yield from find_or_none(emails.get(email_id, status="approved"))) is not None:
            return None
        draft = yield from find_or_none(emails.get(email_id, status="draft"))
        if draft is None:
            raise NotFound(f"there is no email {email_id}", platform="marketo", call="emails.get")
        return draft

    made: Ensured[object] = yield from create_if_absent(f"unapprove email {email_id}", task_state, call, find)
    return Withdrawal(made.created, "draft")


_RUNS_FOR = timedelta(days=1)
"""Run time of a program without an end, or with one before its start: approval needs an end."""


def approve_email(
    email_id: int | str, task_state: TaskState, *, gate: SendGate = OPEN
) -> Procedure[Publication]:
    """Approve an email's draft; leave it alone where there is none.

    :param email_id: the email.
    :param task_state: marks of the task's earlier tries.
    :param gate: is passed before the draft is approved.
    :raises NotFound: when there is no such email.
    :raises InvalidRequest: when the draft cannot be approved.
    """

    def find() -> Procedure[Email | None]:
        if (yield from find_or_none(emails.get(email_id, status="draft"))) is not None:
            return None
        approved = yield from find_or_none(emails.get(email_id, status="approved"))
        if approved is None:
            raise NotFound(f"there is no email {email_id}", platform="marketo", call="emails.get")
        return approved

    call: Call[object] = emails.approve_draft(email_id)
    made: Ensured[object] = yield from create_if_absent(
        f"approve email {email_id}", task_state, call, find, prepare=gate.before_send, claim=gate.claim
    )
    return Publication(made.created, "approved", Job("marketo", "email_publish", str(email_id)))


def approve_program(
    program_id: int | str,
    task_state: TaskState,
    *,
    publish_at: datetime | None = None,
    end_at: datetime | None = None,
    gate: SendGate = OPEN,
    clock: Callable[[], float] = time.time,
) -> Procedure[Publication]:
    """Approve an email program, which sends it at its start date. An approved one is left alone.

    :param program_id: an email program with an approved email and a smart list.
    :param task_state: marks of the task's earlier tries.
    :param publish_at: the start date to set first; the program's own when not given.
    :param end_at: the end date to set with it; the program's own when not given, or a day after the start
        where that is too early.
    :param gate: is passed before the program is changed and approved.
    :raises NotFound: when there is no such program.
    :raises InvalidInput: when it is still to be approved and *publish_at* is in the past, or *end_at* is not
        after it.
    :raises InvalidRequest: when it is not an email program, cannot be approved, or is approved for another
        time.
    """
    # The platform keeps whole seconds, and a date that is read must equal the one that was set.
    publish_at = publish_at.replace(microsecond=0) if publish_at else None
    end_at = end_at.replace(microsecond=0) if end_at else None
    program = yield from email_program(program_id)
    status = str(program.get("status") or "").lower()
    start, end = moment(program.get("startDate")), moment(program.get("endDate"))
    if status == "locked":
        for what, now, wanted in (("start", start, publish_at), ("end", end, end_at)):
            if now is not None and wanted is not None and now != wanted:
                raise InvalidRequest(
                    f"program {program_id} is approved for {now.isoformat()} ({what}) already; unapprove it "
                    f"first to move that to {wanted.isoformat()}",
                    platform="marketo",
                )
    elif publish_at is not None:
        if publish_at <= datetime.fromtimestamp(clock(), UTC):
            raise InvalidInput(
                "publish_at", "is in the past; leave it out to keep the program's own start date"
            )
        if end_at is None:
            end_at = end if end is not None and end > publish_at else publish_at + _RUNS_FOR
        elif end_at <= publish_at:
            raise InvalidInput("end_at", "is not after the start")

    def find() -> Procedure[Program | None]:
        now = yield from email_program(program_id)
        return now if str(now.get("status") or "").lower() != "unlocked" else None

    def prepare() -> Procedure[None]:
        yield from gate.before_send(publish_at or start, scheduled_here=publish_at is not None)
        if publish_at is not None and (start, end) != (publish_at, end_at):
            yield programs.reschedule(program_id, publish_at, end_at)

    call: Call[object] = programs.approve(program_id)
    made: Ensured[object] = yield from create_if_absent(
        f"approve program {program_id}",
        task_state,
        call,
        find,
        prepare=prepare,
        claim=gate.claim,
        clock=clock,
    )
    program = yield from email_program(program_id)
    when = program.get("startDate")
    job = Job("marketo", "email_send", str(program_id))
    return Publication(made.created, str(program.get("status") or ""), job, str(when) if when else None)


def email_program(program_id: int | str) -> Procedure[Program]:
    """Read an email program.

    :raises NotFound: when there is no program with that id.
    :raises InvalidRequest: when the program has another type.
    """
    program = yield from find_or_none(programs.get(program_id))
    if program is None:
        raise NotFound(f"there is no program {program_id}", platform="marketo", call="programs.get")
    if "email" not in str(program.get("type") or "").lower():
        raise InvalidRequest(
            f"program {program_id} is of type {program.get('type')}; only an email program sends by approval",
            platform="marketo",
        )
    return program


@dataclass(frozen=True)
class Withdrawn:
    """The outcome of unapproving an email program.

    :param done: whether this task unapproved it; False when it was not approved.
    :param was_due: when it would have sent, where it has a start date.
    """

    done: bool
    was_due: str | None


def unapprove_program(
    program_id: int | str, task_state: TaskState, *, clock: Callable[[], float] = time.time
) -> Procedure[Withdrawn]:
    """Unapprove an email program. One that is not approved is left alone.

    :param program_id: the program.
    :param task_state: marks of the task's earlier tries.
    :raises NotFound: when there is no such program.
    :raises InvalidRequest: when it is not an email program, or has begun to send.
    """
    program: Program | None = None

    def find() -> Procedure[Program | None]:
        nonlocal program
        program = yield from email_program(program_id)
        if str(program.get("status") or "").lower() != "locked":
            return program
        start = moment(program.get("startDate"))
        if start is not None and start <= datetime.fromtimestamp(clock(), UTC):
            raise InvalidRequest(
                f"program {program_id} began to send at {start.isoformat()}; that cannot be undone",
                platform="marketo",
                call="programs.unapprove",
            )
        return None

    call: Call[object] = programs.unapprove(program_id)
    made: Ensured[object] = yield from create_if_absent(
        f"unapprove program {program_id}", task_state, call, find, clock=clock
    )
    due = program.get("startDate") if program else None
    return Withdrawn(made.created, str(due) if due else None)


@dataclass
class Samples:
    """The outcome of sending samples, by index in the list of addresses.

    :param sent: sent by this task, in this try or an earlier one.
    :param rejected: rejected, with the platform's reason.
    :param unknown: samples whose outcome is unknown, with the platform's answer; empty when that was lost.
        They are not sent again by themselves.
    """

    sent: list[int] = field(default_factory=list)
    rejected: dict[int, str] = field(default_factory=dict)
    unknown: dict[int, str] = field(default_factory=dict)


def send(
    task_state: TaskState,
    email_id: str,
    addresses: Sequence[str],
    *,
    lead_id: str | None = None,
    text_only: bool = False,
    clock: Callable[[], float] = time.time,
) -> Procedure[Samples]:
    """Send a sample to each address once.

    Nothing on the platform shows whether a sample went out. So one whose answer was lost, or whose worker was
    killed, is reported and not sent again until the task is cleared.

    :param task_state: marks of the task's earlier tries.
    :param email_id: the email.
    :param addresses: the mail addresses of the samples.
    :param lead_id: the lead whose values fill the email's tokens.
    :param text_only: send the text part only.
    """
    calls = [
        emails.send_sample(email_id, address, lead_id=lead_id, text_only=text_only) for address in addresses
    ]
    samples, unreported = Samples(), []
    for index, (address, call) in enumerate(zip(addresses, calls, strict=True)):
        about = f"{address.strip().lower()} {lead_id or ''}{' text' if text_only else ''}".strip()
        key = f"sample of {email_id} {hashlib.sha256(about.encode()).hexdigest()[:16]}"
        try:
            yield from send_at_most_once(
                key, task_state, call, to_answer=lambda _: True, report=False, clock=clock
            )
        except NotRepeated as lost:
            samples.unknown[index] = platform_answer(lost)
            unreported.append(key)
        except InvalidRequest as rejected:
            samples.rejected[index] = rejected.message
        else:
            samples.sent.append(index)
    for key in unreported:
        # Not before the end: after an error in between, the task is retried and reports nothing yet.
        mark_reported(key, task_state)
    return samples
