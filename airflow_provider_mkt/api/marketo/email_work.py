"""Copying, changing and taking back emails, each safe to ask for again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.email_work import EmailChange, EmailCopy, Withdrawal
from airflow_provider_mkt.api.errors import InvalidInput, NotFound
from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.marketo import emails
from airflow_provider_mkt.api.marketo.answers import found
from airflow_provider_mkt.api.marketo.rows import Email
from airflow_provider_mkt.api.once import Made, once
from airflow_provider_mkt.api.redact import shape

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
FIELDS = (*_TEXTS, *_FLAGS, *_HEADERS, *_TRACKING)


class MarketoEmails:
    """What is done with Marketo emails."""

    def clone(
        self,
        memory: Memory,
        email_id: str,
        name: str,
        *,
        folder_id: str | None,
        folder_type: str | None,
        language: str | None,
    ) -> Flow[EmailCopy]:
        if language is not None:
            raise InvalidInput("language", "Marketo's emails have none; leave it out")
        if folder_id is None:
            raise InvalidInput("folder_id", "is missing: the folder or program that the copy goes into")
        return clone(memory, email_id, name, folder_id=folder_id, folder_type=folder_type or "Folder")

    def update(self, email_id: str, changes: Mapping[str, Any], *, version: str | None) -> Flow[EmailChange]:
        if version not in (None, "draft"):
            raise InvalidInput("version", "Marketo changes an email's draft; leave it out")
        return update(email_id, changes)

    def unpublish(self, memory: Memory, email_id: str) -> Flow[Withdrawal]:
        return unapprove(memory, email_id)


def clone(
    memory: Memory, email_id: str, name: str, *, folder_id: str, folder_type: str = "Folder"
) -> Flow[EmailCopy]:
    """Copy an email into a folder or program, unless an email of that name is in it.

    :param memory: what the task's earlier tries did.
    :param email_id: the email to copy.
    :param name: name of the copy.
    :param folder_id: where the copy goes.
    :param folder_type: ``Folder`` or ``Program``.
    :raises InvalidRequest: when there is no such email, or the name is taken elsewhere in the instance.
    """
    name = name.strip()
    call = emails.clone(email_id, name, folder_id=folder_id, folder_type=folder_type)
    there = emails.by_name(name, folder_id=folder_id, folder_type=folder_type)

    def find() -> Flow[Email | None]:
        rows = yield from found(cast("Call[list[Email] | None]", there))
        return rows[0] if rows else None

    made: Made[Email] = yield from once(
        f"clone email {email_id} as {name} in {folder_id}", memory, call, find
    )
    return EmailCopy(str(made.value["id"]), name, str(made.value.get("status") or "draft"), made.new)


def update(email_id: str, changes: Mapping[str, Any]) -> Flow[EmailChange]:
    """Change an email: its name and description at once, all else in its draft.

    :param email_id: the email.
    :param changes: fields by the names under which an email shows them; the headers as plain text.
    :raises InvalidInput: on no fields, unknown ones or values of a wrong type.
    :raises InvalidRequest: when there is no such email, or it is locked.
    """
    for call in _changing(email_id, changes):  # noqa: UP028 - a list cannot be sent the answers
        yield call
    email = yield from found(emails.get(email_id))
    state = str(email.get("status") or "").lower() if email else ""
    return EmailChange(email_id, "draft", state)


def _changing(email_id: str, changes: Mapping[str, Any]) -> list[Call[Any]]:
    if not changes:
        raise InvalidInput("changes", f"must name the fields to change, not {shape(changes)}")
    for name, value in changes.items():
        if name not in FIELDS:
            raise InvalidInput(f"changes.{name}", f"cannot be changed here; {', '.join(FIELDS)} can")
        wanted, word = (bool, "true or false") if name in {*_FLAGS, *_TRACKING} else (str, "text")
        if not isinstance(value, wanted):
            raise InvalidInput(f"changes.{name}", f"must be {word}, not {shape(value)}")
    calls: list[Call[Any]] = []
    for make, fields in ((emails.update, _TEXTS | _FLAGS), (emails.update_headers, _HEADERS | _TRACKING)):
        given = {fields[name]: value for name, value in changes.items() if name in fields}
        if given:
            calls.append(make(email_id, **given))
    return calls


def unapprove(memory: Memory, email_id: str) -> Flow[Withdrawal]:
    """Take back an email's approval, unless it has none.

    :param memory: what the task's earlier tries did.
    :param email_id: the email.
    :raises NotFound: when there is no such email.
    :raises InvalidRequest: when a campaign or program sends it.
    """
    call = cast("Call[Any]", emails.unapprove(email_id))

    def find() -> Flow[Any]:
        if (yield from found(emails.get(email_id, status="approved"))) is not None:
            return None
        draft = yield from found(emails.get(email_id, status="draft"))
        if draft is None:
            raise NotFound(f"there is no email {email_id}", platform="marketo", call="emails.get")
        return draft

    made: Made[Any] = yield from once(f"unapprove email {email_id}", memory, call, find)
    return Withdrawal(made.new, "draft")
