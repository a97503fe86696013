"""Operators that create, clone, update, publish and unpublish emails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from airflow.providers.common.compat.sdk import conf

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import MarketingOperator
from airflow_provider_mkt.operators._parameters import (
    as_mapping,
    as_time,
    optional_str,
    required_str,
    to_bool,
)
from airflow_provider_mkt.operators._waiting import WaitingOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.emails import EnsuredEmail
    from airflow_provider_mkt.operators.outcomes import (
        EmailCreationOutcome,
        EmailPublicationOutcome,
        EmailUpdateOutcome,
        EmailWithdrawalOutcome,
    )


class PublishEmailOperator(WaitingOperator):
    """Publish an email once: send it, schedule it, or activate it.

    Reads the email's state before and after. An email that is published, scheduled or being sent already is
    not changed, and is reported as such. After a lost answer or a killed worker, the state is polled until
    an earlier request must be visible; only then is another request made.

    On HubSpot, ``email_id`` is published: a regular email is sent or scheduled, an automated one is
    activated. On Marketo, ``email_id`` approves the email's draft, and ``program_id`` approves an email
    program, which sends it at its start date.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param email_id: the email: its id, or the ``output`` of the task that created it.
    :param program_id: Marketo: the email program.
    :param publish_at: when to send: an aware datetime or ISO 8601 text with offset; as the email or program
        is set up when not given.
    :param send_now: HubSpot: send at once, whatever the email's own settings.
    :param wait_for_completion: wait until the email is sent (or active, or approved), and fail the task when
        it is not.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poll_interval: seconds between polls; the shortest useful interval when not given.
    :param wait_timeout: seconds to wait at most.
    :param max_poll_failure_time: seconds for which polls may keep failing.
    :param cancel_on_kill: Marketo: unapprove an approved program when the waiting task is killed, by a user
        or with its worker; the next try of the task approves it again.
    :returns: :class:`.EmailPublicationOutcome`: ``published`` (by this task), ``state``, ``scheduled_for``,
        ``job``, and after waiting ``job_states``.
    :raises AirflowFailException: when there is no such email, it cannot be published, it is scheduled
        for another time, or sending it failed.

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
        wait_for_completion: bool = False,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        wait_timeout: float = 24 * 3600,
        max_poll_failure_time: float = 600.0,
        cancel_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            wait_for_completion=wait_for_completion,
            deferrable=deferrable,
            poll_interval=poll_interval,
            wait_timeout=wait_timeout,
            max_poll_failure_time=max_poll_failure_time,
            cancel_on_kill=cancel_on_kill,
            **kwargs,
        )
        self.email_id = email_id
        self.program_id = program_id
        self.publish_at = publish_at
        self.send_now = send_now

    def run_action(self, context: Context) -> EmailPublicationOutcome:
        email_id = optional_str("email_id", self.email_id)
        program_id = optional_str("program_id", self.program_id)
        publish_at = as_time("publish_at", self.publish_at)
        send_now = to_bool("send_now", self.send_now)
        if publish_at is not None and send_now:
            raise InvalidInput("send_now", "contradicts publish_at; give one of them")
        with self.hook as hook, hook.exclusive(_lock_name(email_id, program_id)):
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
            "%s %s: state %s%s",
            "Published" if publication.done else "Published or scheduled already:",
            publication.job,
            publication.state,
            f", scheduled for {publication.scheduled_for}" if publication.scheduled_for else "",
        )
        outcome: EmailPublicationOutcome = {
            "outcome": "email_publication",
            "platform": hook.conn_type,
            "published": publication.done,
            "state": publication.state,
            "scheduled_for": publication.scheduled_for,
            "job": publication.job.to_json(),
        }
        waited = self.wait_for_jobs(context, [publication.job], dict(outcome))
        return cast("EmailPublicationOutcome", waited)


class CreateEmailOperator(MarketingOperator):
    """Create an email once, as a draft. An email of that name that exists already is not changed.

    Running the task again, by a retry or another DAG run, creates no second email; a name with
    ``{{ run_id }}`` in it gives one per run. On HubSpot names are not unique, so all emails are listed to
    find the name, 100 per call.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param name: name of the email.
    :param fields: further fields by the platform's own names. HubSpot: ``subject``, ``from``, ``to``,
        ``content`` ...; ``state`` only for a draft of another kind, e.g. ``AUTOMATED_DRAFT``. Marketo:
        ``subject``, ``fromName``, ``fromEmail`` and ``replyEmail`` are required; ``description``,
        ``operational`` and ``textOnly`` are optional.
    :param folder_id: Marketo: the folder or program for the email.
    :param folder_type: Marketo: ``Folder`` (when not given) or ``Program``.
    :param template_id: Marketo: the template of the email.
    :returns: :class:`.EmailCreationOutcome`: ``email_id``, ``name``, ``state``, and whether it was
        ``created`` by this task.
    :raises AirflowFailException: when a field is rejected, or an email elsewhere has the name (Marketo).

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
        fields: Mapping[str, object] | str | None = None,
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

    def run_action(self, context: Context) -> EmailCreationOutcome:
        name, fields = required_str("name", self.name), as_mapping("fields", self.fields or {})
        with self.hook as hook, hook.exclusive(f"create email {name}"):
            email = hook.follow(
                hook.emails.create(
                    task_state_of(context),
                    name,
                    fields,
                    folder_id=optional_str("folder_id", self.folder_id),
                    folder_type=optional_str("folder_type", self.folder_type),
                    template_id=optional_str("template_id", self.template_id),
                )
            )
        self.log.info("%s email %s: state %s", "Created" if email.created else "Found", email.id, email.state)
        return _creation_outcome("email_creation", hook.conn_type, email)


class CloneEmailOperator(MarketingOperator):
    """Clone an email once. A copy of that name that exists already is not changed.

    The copy is a draft. Running the task again, by a retry or another DAG run, creates no second copy; a
    name with ``{{ run_id }}`` in it gives one per run. On HubSpot names are not unique: an email of that
    name counts as the copy unless it was cloned from another email.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param email_id: the email to clone.
    :param name: name of the copy.
    :param folder_id: Marketo: the folder or program for the copy.
    :param folder_type: Marketo: ``Folder`` (when not given) or ``Program``.
    :param language: HubSpot: language of the copy, e.g. ``de``; that of the original when not given.
    :returns: :class:`.EmailCreationOutcome`: ``email_id`` of the copy, its ``name`` and ``state``, and
        whether it was ``created`` by this task.
    :raises AirflowFailException: when there is no such email, or an email elsewhere has the name (Marketo).

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

    def run_action(self, context: Context) -> EmailCreationOutcome:
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
            "%s email %s as %s", "Cloned" if copy.created else "Found the copy of", email_id, copy.id
        )
        return _creation_outcome("email_copy", hook.conn_type, copy)


class UpdateEmailOperator(MarketingOperator):
    """Update fields of an email. Running the task again changes nothing more.

    HubSpot: a draft is changed itself. Of an email that is active, scheduled or sent, ``version`` selects
    what is changed: ``live``, which is sent from now on, or ``draft``, which is kept beside it. Marketo: name
    and description change at once, all other fields in the email's draft, which
    :class:`PublishEmailOperator` approves.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param email_id: the email: its id, or the ``output`` of the task that created it.
    :param changes: fields by the platform's own names. HubSpot: ``name``, ``subject``, ``from``, ``to``,
        ``content`` ...; an object replaces the present one. Marketo: ``name``, ``description``,
        ``preHeader``, ``subject``, ``fromName``, ``fromEmail``, ``replyEmail``, ``operational``,
        ``published``, ``textOnly``, ``webView``, ``autoCopyToText`` and ``isOpenTrackingDisabled``.
    :param version: HubSpot: ``live`` or ``draft``; not required for a draft.
    :returns: :class:`.EmailUpdateOutcome`: ``email_id``, the names of the fields that were ``changed``,
        ``version`` and ``state``.
    :raises AirflowFailException: when there is no such email, a field is rejected, or ``version`` is
        missing for an email that is not a draft.

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
        changes: Mapping[str, object] | str,
        version: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.email_id = email_id
        self.changes = changes
        self.version = version

    def run_action(self, context: Context) -> EmailUpdateOutcome:
        email_id, changes = required_str("email_id", self.email_id), as_mapping("changes", self.changes)
        with self.hook as hook:
            update = hook.follow(
                hook.emails.update(email_id, changes, version=optional_str("version", self.version))
            )
        self.log.info("Updated email %s: %s in its %s version", email_id, ", ".join(changes), update.version)
        return {
            "outcome": "email_update",
            "platform": hook.conn_type,
            "email_id": update.id,
            "changed": sorted(changes),
            "version": update.version,
            "state": update.state,
        }


class UnpublishEmailOperator(MarketingOperator):
    """Unpublish an email: cancel a scheduled one, deactivate an automated one, or withdraw an approval.

    A draft is not changed. What has been sent stays sent.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param email_id: the email: its id, or the ``output`` of the task that created it. For a Marketo email
        program there is :class:`~airflow_provider_mkt.operators.programs.UnapproveProgramOperator`.
    :returns: :class:`.EmailWithdrawalOutcome`: ``unpublished`` (by this task), and ``state``.
    :raises AirflowFailException: when there is no such email, sending has started (HubSpot), or a campaign
        or program still uses it (Marketo).

    Source: HubSpot ``POST /marketing/{version}/emails/{emailId}/unpublish``; Marketo
    ``POST /rest/asset/v1/email/{id}/unapprove.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "email_id")

    def __init__(self, *, conn_id: str, email_id: str | int, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.email_id = email_id

    def run_action(self, context: Context) -> EmailWithdrawalOutcome:
        email_id = required_str("email_id", self.email_id)
        with self.hook as hook, hook.exclusive(_lock_name(email_id)):
            withdrawal = hook.follow(hook.emails.unpublish(task_state_of(context), email_id))
        if withdrawal.done:
            self.log.info("Unpublished email %s: state %s", email_id, withdrawal.state)
        else:
            self.log.info("Email %s is a draft, state %s; nothing to unpublish", email_id, withdrawal.state)
        return {
            "outcome": "email_withdrawal",
            "platform": hook.conn_type,
            "email_id": email_id,
            "unpublished": withdrawal.done,
            "state": withdrawal.state,
        }


def _lock_name(email_id: str | None, program_id: str | None = None) -> str:
    """Name the lock that publishing and unpublishing an email share."""
    return f"publish {email_id} {program_id}"


def _creation_outcome(
    outcome: Literal["email_creation", "email_copy"], platform: str, email: EnsuredEmail
) -> EmailCreationOutcome:
    return {
        "outcome": outcome,
        "platform": platform,
        "email_id": email.id,
        "name": email.name,
        "state": email.state,
        "created": email.created,
    }
