"""Operators that create, copy, change, publish and take back emails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import (
    MarketingOperator,
    as_mapping,
    as_time,
    optional_str,
    required_str,
    to_bool,
)
from airflow_provider_mkt.operators._task_state import task_state_of
from airflow_provider_mkt.operators._waiting import WaitingOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.emails import EnsuredEmail


class PublishEmailOperator(WaitingOperator):
    """Publish an email once: send it, schedule it, or turn it on.

    Reads the email's state before and after. An email that is published, scheduled or being sent
    already is left alone and reported as such; after a lost answer or a killed worker, the state is
    read until an earlier request must have shown, before another is made.

    On HubSpot, ``email_id`` is published: a regular email is sent or scheduled, an automated one
    turned on. On Marketo, ``email_id`` approves the email's draft, and ``program_id`` approves an email
    program, which sends it at its start date.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param email_id: the email: its id, or the ``output`` of the task that made it.
    :param program_id: Marketo: the email program.
    :param publish_at: send then: an aware datetime or ISO 8601 text with offset. As the email or
        program itself is set up when not given.
    :param send_now: HubSpot: send at once, whatever the email is set up for.
    :param wait_for_completion: wait until it is sent (or on, or approved), and fail where it is not.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poll_interval: how often to ask while waiting, in seconds; as often as it is worth it when
        not given.
    :param wait_timeout: how long to wait, in seconds.
    :param max_poll_failure_time: how long asking may go on failing while waiting, in seconds.
    :param cancel_on_kill: Marketo: take an approved program back when the waiting task is killed, by a
        user or with its worker; the task's next try approves it again.
    :returns: ``published`` (by this task), ``state``, ``scheduled_for``, ``job``, and after waiting
        ``job_states``.
    :raises AirflowFailException: when there is no such email, it cannot be published, it is scheduled
        for another time, or its sending failed.

    Source: HubSpot ``POST /marketing/{version}/emails/{emailId}/publish``; Marketo
    ``POST /rest/asset/v1/email/{id}/approveDraft.json`` and
    ``POST /rest/asset/v1/program/{id}/approve.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "email_id", "program_id", "publish_at", "send_now")

    def __init__(
        self,
        *,
        conn_id: str,
        email_id: str | int | None = None,
        program_id: str | int | None = None,
        publish_at: datetime | str | None = None,
        send_now: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.email_id = email_id
        self.program_id = program_id
        self.publish_at = publish_at
        self.send_now = send_now

    def work(self, context: Context) -> dict[str, Any]:
        email_id = optional_str("email_id", self.email_id)
        program_id = optional_str("program_id", self.program_id)
        publish_at = as_time("publish_at", self.publish_at)
        send_now = to_bool("send_now", self.send_now)
        if publish_at is not None and send_now:
            raise InvalidInput("send_now", "contradicts publish_at; give one of them")
        with self.hook as hook, hook.exclusive(_publishing(email_id, program_id)):
            publication = hook.follow(
                hook.publish_email(
                    task_state_of(context),
                    email_id=email_id,
                    program_id=program_id,
                    publish_at=publish_at,
                    send_now=send_now,
                )
            )
        self.log.info(
            "%s: %s, state %s%s",
            publication.job,
            "published" if publication.done else "left alone, it was published or scheduled already",
            publication.state,
            f", goes out {publication.scheduled_for}" if publication.scheduled_for else "",
        )
        outcome = {
            "outcome": "email_publication",
            "platform": hook.conn_type,
            "published": publication.done,
            "state": publication.state,
            "scheduled_for": publication.scheduled_for,
            "job": dict(publication.job.to_json()),
        }
        return self.wait_for_jobs(context, [publication.job], outcome)


class CreateEmailOperator(MarketingOperator):
    """Create an email once, as a draft: one of that name that is there already is left as it is.

    Running it again, by a retry or another DAG run, makes no second one; a name with ``{{ run_id }}`` in
    it makes one for each run. On HubSpot, where names are not unique, all emails are looked through for
    the name, 100 per call.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param name: its name.
    :param fields: more of its fields by the platform's own names. HubSpot: ``subject``, ``from``,
        ``to``, ``content`` ...; ``state`` only for a draft of another kind, e.g. ``AUTOMATED_DRAFT``.
        Marketo: ``subject``, ``fromName``, ``fromEmail`` and ``replyEmail``, all needed, and
        ``description``, ``operational`` and ``textOnly``.
    :param folder_id: Marketo: the folder or program that it goes into.
    :param folder_type: Marketo: ``Folder`` (when not given) or ``Program``.
    :param template_id: Marketo: the template that it is made from.
    :returns: ``email_id``, ``name``, ``state``, and whether it was ``created`` by this task.
    :raises AirflowFailException: when a field is refused, or the name is taken elsewhere (Marketo).

    Source: HubSpot ``POST /marketing/{version}/emails``; Marketo ``POST /rest/asset/v1/emails.json``.
    """

    template_fields: Sequence[str] = (
        "conn_id",
        "name",
        "fields",
        "folder_id",
        "folder_type",
        "template_id",
    )
    template_fields_renderers = {"fields": "json"}  # noqa: RUF012 - Airflow's own declaration

    def __init__(
        self,
        *,
        conn_id: str,
        name: str,
        fields: Mapping[str, Any] | str | None = None,
        folder_id: str | int | None = None,
        folder_type: str | None = None,
        template_id: str | int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.name = name
        self.fields = fields
        self.folder_id = folder_id
        self.folder_type = folder_type
        self.template_id = template_id

    def work(self, context: Context) -> dict[str, Any]:
        name, fields = required_str("name", self.name), as_mapping("fields", self.fields or {})
        with self.hook as hook, hook.exclusive(f"create email {name}"):
            made = hook.follow(
                hook.emails.create(
                    task_state_of(context),
                    name,
                    fields,
                    folder_id=optional_str("folder_id", self.folder_id),
                    folder_type=optional_str("folder_type", self.folder_type),
                    template_id=optional_str("template_id", self.template_id),
                )
            )
        self.log.info("Email %s %s", made.id, "created" if made.created else "was there already")
        return _made("email_creation", hook.conn_type, made)


class CloneEmailOperator(MarketingOperator):
    """Copy an email once: a copy of that name that is there already is left as it is.

    The copy is a draft. Running it again, by a retry or another DAG run, makes no second one; a name
    with ``{{ run_id }}`` in it makes one for each run. On HubSpot, where names are not unique, an email
    of that name counts as the copy unless it was cloned from another email.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param email_id: the email to copy.
    :param name: name of the copy.
    :param folder_id: Marketo: the folder or program that the copy goes into.
    :param folder_type: Marketo: ``Folder`` (when not given) or ``Program``.
    :param language: HubSpot: language of the copy, e.g. ``de``; that of the original when not given.
    :returns: ``email_id`` of the copy, its ``name`` and ``state``, and whether it was ``created`` by
        this task.
    :raises AirflowFailException: when there is no such email, or the name is taken elsewhere (Marketo).

    Source: HubSpot ``POST /marketing/{version}/emails/clone``; Marketo
    ``POST /rest/asset/v1/email/{id}/clone.json``.
    """

    template_fields: Sequence[str] = (
        "conn_id",
        "email_id",
        "name",
        "folder_id",
        "folder_type",
        "language",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        email_id: str | int,
        name: str,
        folder_id: str | int | None = None,
        folder_type: str | None = None,
        language: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.email_id = email_id
        self.name = name
        self.folder_id = folder_id
        self.folder_type = folder_type
        self.language = language

    def work(self, context: Context) -> dict[str, Any]:
        email_id, name = required_str("email_id", self.email_id), required_str("name", self.name)
        with self.hook as hook, hook.exclusive(f"clone email {email_id} as {name}"):
            copy = hook.follow(
                hook.emails.clone(
                    task_state_of(context),
                    email_id,
                    name,
                    folder_id=optional_str("folder_id", self.folder_id),
                    folder_type=optional_str("folder_type", self.folder_type),
                    language=optional_str("language", self.language),
                )
            )
        self.log.info(
            "Email %s: copy %s %s", email_id, copy.id, "made" if copy.created else "was there already"
        )
        return _made("email_copy", hook.conn_type, copy)


class UpdateEmailOperator(MarketingOperator):
    """Change fields of an email; running it again changes nothing more.

    HubSpot: an email that is a draft is changed itself. Of one that is on, scheduled or sent, ``version``
    says what is changed: ``live``, what goes out from now on, or ``draft``, which waits beside it.
    Marketo: name and description change at once, all else in the email's draft, which
    :class:`PublishEmailOperator` approves.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param email_id: the email: its id, or the ``output`` of the task that made it.
    :param changes: fields by the platform's own names. HubSpot: ``name``, ``subject``, ``from``, ``to``,
        ``content`` ...; an object takes the place of the present one. Marketo: ``name``,
        ``description``, ``preHeader``, ``subject``, ``fromName``, ``fromEmail``, ``replyEmail``,
        ``operational``, ``published``, ``textOnly``, ``webView``, ``autoCopyToText`` and
        ``isOpenTrackingDisabled``.
    :param version: HubSpot: ``live`` or ``draft``; not needed for an email that is a draft itself.
    :returns: ``email_id``, the names of the fields that were ``changed``, ``version`` and ``state``.
    :raises AirflowFailException: when there is no such email, a field is refused, or ``version`` is
        missing for an email that is no draft.

    Source: HubSpot ``PATCH /marketing/{version}/emails/{emailId}`` and
    ``PATCH /marketing/{version}/emails/{emailId}/draft``; Marketo ``POST /rest/asset/v1/email/{id}.json``
    and ``POST /rest/asset/v1/email/{id}/content.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "email_id", "changes", "version")
    template_fields_renderers = {"changes": "json"}  # noqa: RUF012 - Airflow's own declaration

    def __init__(
        self,
        *,
        conn_id: str,
        email_id: str | int,
        changes: Mapping[str, Any] | str,
        version: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.email_id = email_id
        self.changes = changes
        self.version = version

    def work(self, context: Context) -> dict[str, Any]:
        email_id, changes = required_str("email_id", self.email_id), as_mapping("changes", self.changes)
        with self.hook as hook:
            change = hook.follow(
                hook.emails.update(email_id, changes, version=optional_str("version", self.version))
            )
        self.log.info("Email %s: %s changed in its %s version", email_id, ", ".join(changes), change.version)
        return {
            "outcome": "email_update",
            "platform": hook.conn_type,
            "email_id": change.id,
            "changed": sorted(changes),
            "version": change.version,
            "state": change.state,
        }


class UnpublishEmailOperator(MarketingOperator):
    """Take an email back: cancel a scheduled one, turn an automated one off, end an approval.

    An email that is a draft already is left alone. What has been sent stays sent.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param email_id: the email: its id, or the ``output`` of the task that made it. A Marketo email
        program is taken back by
        :class:`~airflow_provider_mkt.operators.programs.UnapproveProgramOperator`.
    :returns: ``unpublished`` (by this task), and ``state``.
    :raises AirflowFailException: when there is no such email, sending has begun (HubSpot), or a campaign
        or program still uses it (Marketo).

    Source: HubSpot ``POST /marketing/{version}/emails/{emailId}/unpublish``; Marketo
    ``POST /rest/asset/v1/email/{id}/unapprove.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "email_id")

    def __init__(self, *, conn_id: str, email_id: str | int, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.email_id = email_id

    def work(self, context: Context) -> dict[str, Any]:
        email_id = required_str("email_id", self.email_id)
        with self.hook as hook, hook.exclusive(_publishing(email_id)):
            withdrawal = hook.follow(hook.emails.unpublish(task_state_of(context), email_id))
        word = "taken back" if withdrawal.done else "left alone, it was a draft already"
        self.log.info("Email %s: %s, state %s", email_id, word, withdrawal.state)
        return {
            "outcome": "email_withdrawal",
            "platform": hook.conn_type,
            "email_id": email_id,
            "unpublished": withdrawal.done,
            "state": withdrawal.state,
        }


def _publishing(email_id: str | None, program_id: str | None = None) -> str:
    """Names the lock that publishing and taking back share."""
    return f"publish {email_id} {program_id}"


def _made(outcome: str, platform: str, email: EnsuredEmail) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "platform": platform,
        "email_id": email.id,
        "name": email.name,
        "state": email.state,
        "created": email.created,
    }
