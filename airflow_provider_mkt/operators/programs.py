"""Operators for Marketo programs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import MarketingOperator
from airflow_provider_mkt.operators._parameters import as_mapping, as_time, optional_str, required_str
from airflow_provider_mkt.operators._send_guards import AUTO, ONE_DAY, GuardedSend
from airflow_provider_mkt.operators._waiting import WaitingOperator
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from airflow.sdk import Context

    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators.outcomes import (
        DryRunOutcome,
        EmailProgramScheduleOutcome,
        EmailProgramWithdrawalOutcome,
        ProgramCopyOutcome,
        ProgramTokensOutcome,
    )


class CloneProgramOperator(MarketingOperator):
    """Clone a Marketo program once. A copy of that name that exists already is not changed.

    Emails, campaigns and tokens are copied, members are not. Running the task again, by a retry or another
    DAG run, creates no second copy; a name with ``{{ run_id }}`` in it gives one copy per run.

    :param conn_id: a connection of type ``marketo``.
    :param program_id: the program to clone.
    :param name: name of the copy, unique in the instance, at most 255 characters.
    :param folder_id: the folder for the copy, in the same workspace.
    :param description: description of the copy; that of the original when not given.
    :returns: :class:`.ProgramCopyOutcome`: ``program_id`` of the copy, its ``name``, and whether it was
        ``created`` by this task.
    :raises AirflowFailException: when there is no such program, it cannot be cloned, or a program in
        another folder or of another type has the name.

    Source: ``POST /rest/asset/v1/program/{id}/clone.json``.
    """

    targets = (Target("program", "program_id", "output", outcome_only=True),)

    template_fields: Sequence[str] = ("conn_id", "program_id", "name", "folder_id", "description")

    def __init__(
        self,
        *,
        conn_id: str,
        program_id: str | int,
        name: str,
        folder_id: str | int,
        description: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.program_id = program_id
        self.name = name
        self.folder_id = folder_id
        self.description = description

    def run_action(self, context: Context) -> ProgramCopyOutcome:
        from airflow_provider_mkt.actions.marketo import programs

        program_id, name = required_str("program_id", self.program_id), required_str("name", self.name)
        folder_id = required_str("folder_id", self.folder_id)
        with self.hook_on("marketo") as hook, hook.exclusive(f"clone program as {name}"):
            copy = hook.follow(
                programs.clone(
                    program_id,
                    name,
                    task_state_of(context, hook),
                    folder_id=folder_id,
                    description=optional_str("description", self.description),
                )
            )
        copy_id = str(copy.value["id"])
        self.log.info(
            "%s program %s as %s", "Cloned" if copy.created else "Found the copy of", program_id, copy_id
        )
        return {
            "outcome": "program_copy",
            "platform": hook.conn_type,
            "program_id": copy_id,
            "name": name,
            "created": copy.created,
        }


class SetProgramTokensOperator(MarketingOperator):
    """Set My Tokens of a Marketo program or folder. Running the task again changes nothing more.

    :param conn_id: a connection of type ``marketo``.
    :param tokens: name without ``{{my.}}``, at most 50 characters, to value: text or a number, or a
        mapping of ``value`` and ``type`` (``text``, ``rich text``, ``date``, ``number``, ``score`` or
        ``sfdc campaign``). Without a type, an existing token keeps its type, and a new token is ``text``. A
        date is ``yyyy-mm-dd``, a score a whole number after ``=``, ``+`` or ``-``.
    :param program_id: the program.
    :param folder_id: instead of ``program_id``: the folder.
    :returns: :class:`.ProgramTokensOutcome`: the names of the tokens that were ``changed``, and the number
        of those left ``unchanged``.
    :raises AirflowFailException: on a wrong name, type or value, before anything is changed, or when there
        is no such program or folder.

    Source: ``GET /rest/asset/v1/folder/{id}/tokens.json`` and
    ``POST /rest/asset/v1/folder/{id}/tokens.json``.
    """

    targets = (Target("program", "program_id", "output"),)

    template_fields: Sequence[str] = ("conn_id", "tokens", "program_id", "folder_id")
    template_fields_renderers = {"tokens": "json"}  # noqa: RUF012 - Airflow's own declaration

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"tokens": as_mapping}

    def __init__(
        self,
        *,
        conn_id: str,
        tokens: Mapping[str, object] | str,
        program_id: str | int | None = None,
        folder_id: str | int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.tokens = tokens
        self.program_id = program_id
        self.folder_id = folder_id

    def check_arguments(self, arguments: Arguments) -> None:
        arguments.one_of("program_id", "folder_id", problem="give either program_id or folder_id")

    def run_action(self, context: Context) -> ProgramTokensOutcome:
        from airflow_provider_mkt.actions.marketo import programs

        program_id = optional_str("program_id", self.program_id)
        folder_id = optional_str("folder_id", self.folder_id)
        if (program_id is None) == (folder_id is None):
            raise InvalidInput("program_id", "give either program_id or folder_id")
        with self.hook_on("marketo") as hook:
            result = hook.follow(
                programs.set_all(
                    program_id or folder_id or "",
                    as_mapping("tokens", self.tokens),
                    folder_type="Program" if program_id else "Folder",
                )
            )
        self.log.info("Tokens: %d changed, %d unchanged", len(result.changed), len(result.unchanged))
        return {
            "outcome": "program_tokens",
            "platform": hook.conn_type,
            "changed": list(result.changed),
            "unchanged": len(result.unchanged),
        }


class ScheduleEmailProgramOperator(GuardedSend, WaitingOperator):
    """Set the start date of a Marketo email program, and approve it, once.

    A program that is approved for that time already is not changed. A program that is approved for another
    time fails the task: :class:`UnapproveProgramOperator` unapproves it first.

    :param conn_id: a connection of type ``marketo``.
    :param program_id: an email program with an approved email and a smart list; a clone has both.
    :param publish_at: when the program sends: an aware datetime or ISO 8601 text with offset.
    :param end_at: when the program ends; its present end when not given, or a day after ``publish_at`` where
        the present end would be too early.
    :param wait_for_completion: wait until the email is sent, and fail the task when it is not.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poll_interval: seconds between polls; the shortest useful interval when not given.
    :param wait_timeout: seconds to wait at most.
    :param max_poll_failure_time: seconds for which polls may keep failing.
    :param stable_for: seconds for which the figures of a send must not change before it counts as sent; 600
        when not given.
    :param cancel_on_kill: unapprove the program when a user ends the task while it is deferred. A task that
        waits in a worker unapproves nothing.
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
    :returns: :class:`.EmailProgramScheduleOutcome`: ``scheduled`` (by this task), ``state``,
        ``scheduled_for``, ``job``, ``audience`` and ``approval`` where they were read, and after waiting
        ``job_states``.
    :raises AirflowFailException: when a safeguard refuses the send, there is no such email program, it cannot
        be approved, ``publish_at`` has passed, or it is approved for another time.

    Source: ``POST /rest/asset/v1/program/{id}.json`` and ``POST /rest/asset/v1/program/{id}/approve.json``.
    """

    targets = (Target("program", "program_id", "output"),)

    template_fields: Sequence[str] = (
        "conn_id",
        "program_id",
        "publish_at",
        "end_at",
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
        program_id: str | int,
        publish_at: datetime | str,
        end_at: datetime | str | None = None,
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
        self.program_id = program_id
        self.publish_at = publish_at
        self.stable_for = stable_for
        self.end_at = end_at
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

    def run_action(self, context: Context) -> EmailProgramScheduleOutcome | DryRunOutcome:
        from airflow_provider_mkt.actions.marketo import emails
        from airflow_provider_mkt.actions.send_guards import DryRunEnded
        from airflow_provider_mkt.actions.sending import SendTarget

        program_id = required_str("program_id", self.program_id)
        publish_at, end_at = as_time("publish_at", self.publish_at), as_time("end_at", self.end_at)
        if publish_at is None:
            raise InvalidInput("publish_at", "is missing: when the program sends")
        target = SendTarget("marketo", "email_program", program_id)
        with self.hook_on("marketo") as hook:
            try:
                with (
                    self.send_gate(context, hook, target=target) as gate,
                    hook.exclusive(_lock_name(program_id)),
                ):
                    publication = hook.follow(
                        emails.approve_program(
                            program_id,
                            task_state_of(context, hook),
                            publish_at=publish_at,
                            end_at=end_at,
                            gate=gate,
                        )
                    )
                    gate.finish(sent=publication.done, state=f"it is in state {publication.state} already")
            except DryRunEnded as end:
                return self.dry_run_outcome(hook, end)
        job = replace(publication.job, stable_for=self.stable_for)
        self.log.info(
            "%s email program %s: state %s, scheduled for %s",
            "Scheduled" if publication.done else "Did not change",
            program_id,
            publication.state,
            publication.scheduled_for,
        )
        outcome: EmailProgramScheduleOutcome = {
            "outcome": "email_program_schedule",
            "platform": hook.conn_type,
            "program_id": program_id,
            "scheduled": publication.done,
            "state": publication.state,
            "scheduled_for": publication.scheduled_for,
            "job": job.to_json(),
        }
        details = gate.details()
        waited = self.wait_for_jobs(context, [job], {**outcome, **details})
        return cast("EmailProgramScheduleOutcome", waited)


class UnapproveProgramOperator(MarketingOperator):
    """Unapprove a Marketo email program before it sends. A program that is not approved is not changed.

    :param conn_id: a connection of type ``marketo``.
    :param program_id: the email program.
    :returns: :class:`.EmailProgramWithdrawalOutcome`: ``unapproved`` (by this task), and when it
        ``was_due``.
    :raises AirflowFailException: when there is no such email program, or it has started to send, which
        cannot be undone.

    Source: ``POST /rest/asset/v1/program/{id}/unapprove.json``.
    """

    targets = (Target("program", "program_id", "output"),)

    template_fields: Sequence[str] = ("conn_id", "program_id")

    def __init__(self, *, conn_id: str, program_id: str | int, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.program_id = program_id

    def run_action(self, context: Context) -> EmailProgramWithdrawalOutcome:
        from airflow_provider_mkt.actions.marketo import emails

        program_id = required_str("program_id", self.program_id)
        with self.hook_on("marketo") as hook, hook.exclusive(_lock_name(program_id)):
            withdrawal = hook.follow(emails.unapprove_program(program_id, task_state_of(context, hook)))
        if withdrawal.done:
            self.log.info("Unapproved email program %s", program_id)
        else:
            self.log.info("Email program %s is not approved; nothing to unapprove", program_id)
        return {
            "outcome": "email_program_withdrawal",
            "platform": hook.conn_type,
            "program_id": program_id,
            "unapproved": withdrawal.done,
            "was_due": withdrawal.was_due,
        }


def _lock_name(program_id: str) -> str:
    """Name the lock that publishing an email program takes, by whichever operator."""
    return f"publish None {program_id}"
