"""Creating, copying, changing and taking back emails, each safe to ask for again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.email_work import EmailChange, MadeEmail, Withdrawal
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
FIELDS = {**_TEXTS, **_FLAGS, **_HEADERS, **_TRACKING}
"""What can be changed, by the names under which an email shows it, and the argument it goes by."""
_CREATED = {
    **_HEADERS,
    **{name: FIELDS[name] for name in ("description", "operational", "textOnly")},
}


class MarketoEmails:
    """What is done with Marketo emails."""

    def create(
        self,
        memory: Memory,
        name: str,
        fields: Mapping[str, Any],
        *,
        folder_id: str | None,
        folder_type: str | None,
        template_id: str | None,
    ) -> Flow[MadeEmail]:
        if folder_id is None:
            raise InvalidInput("folder_id", "is missing: the folder or program that the email goes into")
        if template_id is None:
            raise InvalidInput("template_id", "is missing: the template that the email is made from")
        place = {"folder_id": folder_id, "folder_type": folder_type or "Folder"}
        return create(memory, name, fields, template_id=template_id, **place)

    def clone(
        self,
        memory: Memory,
        email_id: str,
        name: str,
        *,
        folder_id: str | None,
        folder_type: str | None,
        language: str | None,
    ) -> Flow[MadeEmail]:
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


def create(
    memory: Memory,
    name: str,
    fields: Mapping[str, Any],
    *,
    template_id: str,
    folder_id: str,
    folder_type: str = "Folder",
) -> Flow[MadeEmail]:
    """Create an email in a folder or program, unless one of that name is in it.

    :param memory: what the task's earlier tries did.
    :param name: its name.
    :param fields: ``subject``, ``fromName``, ``fromEmail`` and ``replyEmail``, all needed, and
        ``description``, ``operational`` and ``textOnly``.
    :param template_id: the template it is made from.
    :param folder_id: where it goes.
    :param folder_type: ``Folder`` or ``Program``.
    :raises InvalidInput: on a missing or unknown field.
    :raises InvalidRequest: when the name is taken elsewhere in the instance.
    """
    name = name.strip()
    given = _arguments("fields", fields, _CREATED)
    for field, argument in _HEADERS.items():
        if argument not in given:
            raise InvalidInput(f"fields.{field}", "is missing")
    # What an email shows as replyEmail goes by another argument where it is changed.
    given["reply_email"] = given.pop("reply_to")
    call = emails.create(name, folder_id=folder_id, folder_type=folder_type, template_id=template_id, **given)
    find = _finder(name, folder_id, folder_type)
    made = yield from once(f"create email {name} in {folder_id}", memory, call, find)
    return _made(made, name)


def clone(
    memory: Memory, email_id: str, name: str, *, folder_id: str, folder_type: str = "Folder"
) -> Flow[MadeEmail]:
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
    key = f"clone email {email_id} as {name} in {folder_id}"
    made = yield from once(key, memory, call, _finder(name, folder_id, folder_type))
    return _made(made, name)


def _finder(name: str, folder_id: str, folder_type: str) -> Callable[[], Flow[Email | None]]:
    there = emails.by_name(name, folder_id=folder_id, folder_type=folder_type)

    def find() -> Flow[Email | None]:
        rows = yield from found(cast("Call[list[Email] | None]", there))
        return rows[0] if rows else None

    return find


def _made(made: Made[Email], name: str) -> MadeEmail:
    return MadeEmail(str(made.value["id"]), name, str(made.value.get("status") or "draft"), made.new)


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
    given = _arguments("changes", changes, FIELDS)
    headers = {name: given.pop(name) for name in (*_HEADERS.values(), *_TRACKING.values()) if name in given}
    calls: list[Call[Any]] = []
    if given:
        calls.append(emails.update(email_id, **given))
    if headers:
        calls.append(emails.update_headers(email_id, **headers))
    return calls


def _arguments(where: str, given: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """Fields by the names of the calls' arguments, their types checked."""
    for name, value in given.items():
        if name not in known:
            raise InvalidInput(f"{where}.{name}", f"is not taken here; {', '.join(known)} are")
        wanted, word = (bool, "true or false") if name in {*_FLAGS, *_TRACKING} else (str, "text")
        if not isinstance(value, wanted):
            raise InvalidInput(f"{where}.{name}", f"must be {word}, not {shape(value)}")
    return {known[name]: value for name, value in given.items()}


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
