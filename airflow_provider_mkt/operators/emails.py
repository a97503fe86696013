"""Operators that create, clone, update, publish and unpublish emails."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import MarketingOperator
from airflow_provider_mkt.operators._parameters import (
    as_mapping,
    as_time,
    is_missing,
    optional_str,
    required_str,
    to_bool,
)
from airflow_provider_mkt.operators._parse_checks import one_of, optional_mapping
from airflow_provider_mkt.operators._send_guards import AUTO, ONE_DAY, GuardedSend
from airflow_provider_mkt.operators._waiting import WaitingOperator
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from airflow.sdk import Context

    from airflow_provider_mkt.actions.emails import EnsuredEmail
    from airflow_provider_mkt.actions.sending import SendTarget
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators.outcomes import (
        DryRunOutcome,
        EmailCreationOutcome,
        EmailPublicationOutcome,
        EmailUpdateOutcome,
        EmailWithdrawalOutcome,
    )


class PublishEmailOperator(GuardedSend, WaitingOperator):
    """Publish an email once: send it, schedule it, or activate it.

    Reads the email's state before and after. An email that is published, scheduled or being sent already is
    not changed, and is reported as such. After a lost answer or a killed worker, the state is polled until
    an earlier request must be visible; only then is another request made.

    An email that names no list and no contact and is not automated is refused, and so is one that is set up
    for a time that has passed, unless ``publish_at`` or ``send_now`` says when it goes out (HubSpot).

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
    :param stable_for: seconds for which the figures of a send must not change before it counts as sent; 600
        when not given.
    :param cancel_on_kill: Marketo: unapprove an approved program when a user ends the task while it is
        deferred. A task that waits in a worker unapproves nothing.
    :param max_recipients: refuse the send when it would reach more people. The number is looked up right
        before the request: by the sizes of the lists, and by a count where these do not decide.
    :param min_recipients: refuse the send when it would reach fewer people.
    :param check: the output of :class:`.CheckEmailOperator`. The send is refused when the check ended with an
        error or is older than ``check_valid_for``, and when the email, its lists or its schedule were changed
        since; the limits of the check are checked once more.
    :param check_valid_for: how old the check may be.
    :param max_growth: by which share there may be more recipients than at the check, as far as the sizes of
        the lists tell; None for any.
    :param approval: the output of :class:`.ApproveEmailOperator`, or of Airflow's own ``ApprovalOperator``.
        Without an approval the send is refused. Who approved it, and when, is copied into the outcome.
    :param allow_operational: False refuses email that also goes to people who opted out: Marketo's
        operational emails, HubSpot's transactional ones.
    :param expect_account: HubSpot's portal id or Marketo's munchkin id; any other account is refused.
    :param not_after: refuse the send when the mail would go out after this time: an aware datetime or ISO
        8601 text with offset.
    :param max_lateness: refuse the send when the DAG run was due longer ago than this; no limit when not
        given.
    :param allow_backfill: also send in backfill runs, in which the task is skipped otherwise.
    :param quiet_hours: hours without mail, such as ``("21:00", "08:00")``. Mail that would go out at once in
        them is held back until they end, with the task deferred; mail that is scheduled in them is refused.
    :param timezone: the time zone of ``quiet_hours``, such as ``Europe/Berlin``.
    :param send_key: names what the send is for. Another task instance with the same key sends nothing,
        whatever the id of its email: it fails, and says which run sent what, and when. ``auto``: made of the
        DAG, the task, the map index and the DAG run's data interval. None: no key.
    :param dry_run: only look and check: nothing is changed or sent, and :class:`.DryRunOutcome` is returned.
    :returns: :class:`.EmailPublicationOutcome`: ``published`` (by this task), ``state``, ``scheduled_for``,
        ``job``, ``audience`` and ``approval`` where they were read, and after waiting ``job_states``.
    :raises AirflowFailException: when a safeguard refuses the send, there is no such email, it cannot be
        published, it is scheduled for another time, or sending it failed.

    Source: HubSpot ``POST /marketing/{version}/emails/{emailId}/publish``; Marketo
    ``POST /rest/asset/v1/email/{id}/approveDraft.json`` and
    ``POST /rest/asset/v1/program/{id}/approve.json``.
    """

    targets = (
        Target("email", "email_id", "output"),
        Target("program", "program_id", "output"),
    )

    template_fields: Sequence[str] = (
        "conn_id",
        "email_id",
        "program_id",
        "publish_at",
        "send_now",
        "max_recipients",
        "min_recipients",
        "check",
        "approval",
        "allow_operational",
        "expect_account",
        "not_after",
        "send_key",
        "is_dry_run",
    )

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
        stable_for: float | None = None,
        cancel_on_kill: bool = True,
        max_recipients: int | str | None = None,
        min_recipients: int | str | None = None,
        check: Mapping[str, object] | str | None = None,
        check_valid_for: timedelta = ONE_DAY,
        max_growth: float | str | None = 0.1,
        approval: Mapping[str, object] | str | None = None,
        allow_operational: bool | str = True,
        expect_account: str | int | None = None,
        not_after: datetime | str | None = None,
        max_lateness: timedelta | None = None,
        allow_backfill: bool = False,
        quiet_hours: Sequence[str] | None = None,
        timezone: str | None = None,
        send_key: str | None = AUTO,
        dry_run: bool | str = False,
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
        self.stable_for = stable_for
        self.send_now = send_now
        self.max_recipients = max_recipients
        self.min_recipients = min_recipients
        self.check = check
        self.check_valid_for = check_valid_for
        self.max_growth = max_growth
        self.approval = approval
        self.allow_operational = allow_operational
        self.expect_account = expect_account
        self.not_after = not_after
        self.max_lateness = max_lateness
        self.allow_backfill = allow_backfill
        self.quiet_hours = quiet_hours
        self.timezone = timezone
        self.send_key = send_key
        self.is_dry_run = dry_run
        self.check_guards()

    def check_arguments(self, arguments: Arguments) -> None:
        arguments.one_of("email_id", "program_id", problem="give either email_id or program_id")
        if arguments.given("publish_at") and self.send_now is True:
            raise InvalidInput("send_now", "contradicts publish_at; give one of them")

    def run_action(self, context: Context) -> EmailPublicationOutcome | DryRunOutcome:
        email_id = optional_str("email_id", self.email_id)
        program_id = optional_str("program_id", self.program_id)
        publish_at = as_time("publish_at", self.publish_at)
        send_now = to_bool("send_now", self.send_now)
        if publish_at is not None and send_now:
            raise InvalidInput("send_now", "contradicts publish_at; give one of them")
        from airflow_provider_mkt.actions.send_guards import DryRunEnded

        target = self._target(email_id, program_id)
        with self.hook as hook:
            try:
                with (
                    self.send_gate(
                        context, hook, target=target, sends=not self._only_approves(email_id)
                    ) as gate,
                    hook.exclusive(_lock_name(email_id, program_id)),
                ):
                    publication = hook.follow(
                        hook.publish_email(
                            task_state_of(context, hook),
                            email_id=email_id,
                            program_id=program_id,
                            publish_at=publish_at,
                            send_now=send_now,
                            gate=gate,
                        )
                    )
                    gate.finish(sent=publication.done, state=f"it is in state {publication.state} already")
            except DryRunEnded as end:
                return self.dry_run_outcome(hook, end)
        job = replace(publication.job, stable_for=self.stable_for)
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
            "job": job.to_json(),
        }
        details = gate.details()
        waited = self.wait_for_jobs(context, [job], {**outcome, **details})
        return cast("EmailPublicationOutcome", waited)

    def _only_approves(self, email_id: str | None) -> bool:
        """Whether nothing is sent: Marketo's approval of an email changes what others send."""
        return self.hook.conn_type == "marketo" and email_id is not None

    def _target(self, email_id: str | None, program_id: str | None) -> SendTarget:
        from airflow_provider_mkt.actions.sending import SendTarget

        if self._only_approves(email_id):
            for field, value in (
                ("max_recipients", self.max_recipients),
                ("min_recipients", self.min_recipients),
            ):
                if not is_missing(value):
                    raise InvalidInput(field, "approving an email sends nothing; give program_id to send")
        kind: Literal["email", "email_program"] = "email_program" if program_id else "email"
        return SendTarget(self.hook.conn_type, kind, program_id or email_id or "")


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

    targets = (Target("email_draft", "email_id", "output", outcome_only=True),)

    template_fields: Sequence[str] = (
        "conn_id",
        "name",
        "fields",
        "folder_id",
        "folder_type",
        "template_id",
    )
    template_fields_renderers = {"fields": "json"}  # noqa: RUF012 - Airflow's own declaration

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"fields": optional_mapping}

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
                    task_state_of(context, hook),
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

    With one copy per run, two runs can mail the same people twice. A ``send_key`` of the task that publishes,
    such as ``newsletter 2026-12``, prevents it.

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

    targets = (Target("email_draft", "email_id", "output", outcome_only=True),)

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
                    task_state_of(context, hook),
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

    targets = (Target("email_draft", "email_id", "output"),)

    template_fields: Sequence[str] = ("conn_id", "email_id", "changes", "version")
    template_fields_renderers = {"changes": "json"}  # noqa: RUF012 - Airflow's own declaration

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "changes": as_mapping,
        "version": one_of("live", "draft"),
    }

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

    targets = (Target("email_draft", "email_id", "output"),)

    template_fields: Sequence[str] = ("conn_id", "email_id")

    def __init__(self, *, conn_id: str, email_id: str | int, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.email_id = email_id

    def run_action(self, context: Context) -> EmailWithdrawalOutcome:
        email_id = required_str("email_id", self.email_id)
        with self.hook as hook, hook.exclusive(_lock_name(email_id)):
            withdrawal = hook.follow(hook.emails.unpublish(task_state_of(context, hook), email_id))
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
