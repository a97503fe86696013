"""Operators for Marketo programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from airflow.providers.common.compat.sdk import conf

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import MarketingOperator
from airflow_provider_mkt.operators._parameters import as_mapping, as_time, optional_str, required_str
from airflow_provider_mkt.operators._waiting import WaitingOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.operators.outcomes import (
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
                    task_state_of(context),
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
        ``sfdc campaign``). Without a type, an existing token keeps its type, and a new token is ``text``.
    :param program_id: the program.
    :param folder_id: instead of ``program_id``: the folder.
    :returns: :class:`.ProgramTokensOutcome`: the names of the tokens that were ``changed``, and the number
        of those left ``unchanged``.
    :raises AirflowFailException: on a wrong name, type or value, before anything is changed, or when there
        is no such program or folder.

    Source: ``GET /rest/asset/v1/folder/{id}/tokens.json`` and
    ``POST /rest/asset/v1/folder/{id}/tokens.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "tokens", "program_id", "folder_id")
    template_fields_renderers = {"tokens": "json"}  # noqa: RUF012 - Airflow's own declaration

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
        self.log.info(
            "Changed %d tokens; %d had their value already", len(result.changed), len(result.unchanged)
        )
        return {
            "outcome": "program_tokens",
            "platform": hook.conn_type,
            "changed": list(result.changed),
            "unchanged": len(result.unchanged),
        }


class ScheduleEmailProgramOperator(WaitingOperator):
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
    :param cancel_on_kill: unapprove the program when a user ends the task while it is deferred.
    :returns: :class:`.EmailProgramScheduleOutcome`: ``scheduled`` (by this task), ``state``,
        ``scheduled_for``, ``job``, and after waiting ``job_states``.
    :raises AirflowFailException: when there is no such email program, it cannot be approved, ``publish_at``
        has passed, or it is approved for another time.

    Source: ``POST /rest/asset/v1/program/{id}.json`` and ``POST /rest/asset/v1/program/{id}/approve.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "program_id", "publish_at", "end_at")

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
        self.program_id = program_id
        self.publish_at = publish_at
        self.end_at = end_at

    def run_action(self, context: Context) -> EmailProgramScheduleOutcome:
        from airflow_provider_mkt.actions.marketo import emails

        program_id = required_str("program_id", self.program_id)
        publish_at, end_at = as_time("publish_at", self.publish_at), as_time("end_at", self.end_at)
        if publish_at is None:
            raise InvalidInput("publish_at", "is missing: when the program sends")
        with self.hook_on("marketo") as hook, hook.exclusive(_lock_name(program_id)):
            publication = hook.follow(
                emails.approve_program(
                    program_id, task_state_of(context), publish_at=publish_at, end_at=end_at
                )
            )
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
            "job": publication.job.to_json(),
        }
        waited = self.wait_for_jobs(context, [publication.job], dict(outcome))
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

    template_fields: Sequence[str] = ("conn_id", "program_id")

    def __init__(self, *, conn_id: str, program_id: str | int, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.program_id = program_id

    def run_action(self, context: Context) -> EmailProgramWithdrawalOutcome:
        from airflow_provider_mkt.actions.marketo import emails

        program_id = required_str("program_id", self.program_id)
        with self.hook_on("marketo") as hook, hook.exclusive(_lock_name(program_id)):
            withdrawal = hook.follow(emails.unapprove_program(program_id, task_state_of(context)))
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
