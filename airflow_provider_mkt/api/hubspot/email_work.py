"""Creating, copying, changing and taking back emails, each safe to ask for again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.email_work import EmailChange, MadeEmail, Withdrawal
from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.flow import Flow, Memory, Pages
from airflow_provider_mkt.api.hubspot import emails
from airflow_provider_mkt.api.hubspot.jobs import DRAFTS, email_word
from airflow_provider_mkt.api.once import Made, once

VERSIONS = ("live", "draft")
_SLACK = timedelta(seconds=1)


class HubSpotEmails:
    """What is done with HubSpot emails."""

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
        for field, value in (
            ("folder_id", folder_id),
            ("folder_type", folder_type),
            ("template_id", template_id),
        ):
            if value is not None:
                raise InvalidInput(field, "is Marketo's; HubSpot takes folderIdV2 and content in fields")
        return create(memory, name, fields)

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
        for field, value in (("folder_id", folder_id), ("folder_type", folder_type)):
            if value is not None:
                raise InvalidInput(field, "HubSpot puts a copy beside its original; leave it out")
        return clone(memory, email_id, name, language=language)

    def update(self, email_id: str, changes: Mapping[str, Any], *, version: str | None) -> Flow[EmailChange]:
        return update(email_id, changes, version=version)

    def unpublish(self, memory: Memory, email_id: str) -> Flow[Withdrawal]:
        return unpublish(memory, email_id)


def create(memory: Memory, name: str, fields: Mapping[str, Any]) -> Flow[MadeEmail]:
    """Create an email, unless one of that name is there.

    Names are not unique to the platform, and its list has no filter by name: all emails are looked
    through, so that a creation that is repeated makes none twice.

    :param memory: what the task's earlier tries did.
    :param name: its name.
    :param fields: more of its fields by their API names.
    """
    name = name.strip()

    def find() -> Flow[emails.Email | None]:
        rows: list[emails.Email] = yield Pages(emails.search(included_properties=("name", "state")))
        return next((row for row in rows if row.name == name), None)

    made: Made[emails.Email] = yield from once(
        f"create email {name}", memory, emails.create(name, fields), find
    )
    return MadeEmail(made.value.id, name, made.value.state, made.new)


def clone(memory: Memory, email_id: str, name: str, *, language: str | None = None) -> Flow[MadeEmail]:
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

    def find() -> Flow[emails.Email | None]:
        rows: list[emails.Email] = yield Pages(
            emails.search(
                created=None if born is None else (born, None),
                included_properties=("name", "clonedFrom", "state"),
            )
        )
        copies = (row for row in rows if row.name == name and row.id != original.id)
        return next((row for row in copies if row.clonedFrom in (None, original.id)), None)

    made: Made[emails.Email] = yield from once(f"clone email {email_id} as {name}", memory, call, find)
    return MadeEmail(made.value.id, name, made.value.state, made.new)


def update(email_id: str, changes: Mapping[str, Any], *, version: str | None = None) -> Flow[EmailChange]:
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
    unpublished = email_word(email) in DRAFTS
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


def unpublish(memory: Memory, email_id: str) -> Flow[Withdrawal]:
    """Cancel a scheduled email or turn an automated one off, unless it is a draft.

    :param memory: what the task's earlier tries did.
    :param email_id: the email.
    :raises NotFound: when there is no such email.
    :raises InvalidRequest: when sending has begun.
    """
    # Only that it worked is told, so what there is to see of it is read.
    call = cast("Call[emails.Email | None]", emails.unpublish(email_id))

    def find() -> Flow[emails.Email | None]:
        email: emails.Email = yield emails.get(email_id)
        return email if email_word(email) in DRAFTS else None

    made = yield from once(f"unpublish email {email_id}", memory, call, find)
    email: emails.Email = made.value or (yield emails.get(email_id))
    return Withdrawal(made.new, email.state)
