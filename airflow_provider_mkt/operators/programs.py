"""Operators for Marketo programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import (
    MarketingOperator,
    as_mapping,
    as_time,
    optional_str,
    required_str,
)
from airflow_provider_mkt.operators._task_state import task_state_of
from airflow_provider_mkt.operators._waiting import WaitingOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context


class CloneProgramOperator(MarketingOperator):
    """Copy a Marketo program once: a copy of that name that is there already is left as it is.

    Its emails, campaigns and tokens come along, its members do not. Running it again, by a retry or
    another DAG run, makes no second copy; a name with ``{{ run_id }}`` in it makes one for each run.

    :param conn_id: a connection of type ``marketo``.
    :param program_id: the program to copy.
    :param name: name of the copy, unique in the instance, at most 255 characters.
    :param folder_id: the folder that the copy goes into, of the same workspace.
    :param description: of the copy; that of the original when not given.
    :returns: ``program_id`` of the copy, its ``name``, and whether it was ``created`` by this task.
    :raises AirflowFailException: when there is no such program, it cannot be copied, or the name is that
        of a program elsewhere or of another type.

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

    def work(self, context: Context) -> dict[str, Any]:
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
        copy_id, word = str(copy.value["id"]), "made" if copy.created else "was there already"
        self.log.info("Program %s: copy %s %s", program_id, copy_id, word)
        return {
            "outcome": "program_copy",
            "platform": hook.conn_type,
            "program_id": copy_id,
            "name": name,
            "created": copy.created,
        }


class SetProgramTokensOperator(MarketingOperator):
    """Set My Tokens of a Marketo program or folder; running it again changes nothing more.

    :param conn_id: a connection of type ``marketo``.
    :param tokens: name without ``{{my.}}``, at most 50 characters, to value: text or a number, or a
        mapping of ``value`` and ``type`` (``text``, ``rich text``, ``date``, ``number``, ``score`` or
        ``sfdc campaign``). Where no type is told, that of the token stands, and a new token is ``text``.
    :param program_id: the program.
    :param folder_id: instead of ``program_id``: the folder.
    :returns: the names of the tokens that were ``changed``, and the number left ``unchanged``.
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
        tokens: Mapping[str, Any] | str,
        program_id: str | int | None = None,
        folder_id: str | int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.tokens = tokens
        self.program_id = program_id
        self.folder_id = folder_id

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.actions.marketo import programs as program_actions

        program_id, folder_id = (
            optional_str("program_id", self.program_id),
            optional_str("folder_id", self.folder_id),
        )
        if (program_id is None) == (folder_id is None):
            raise InvalidInput("program_id", "give either program_id or folder_id")
        with self.hook_on("marketo") as hook:
            done = hook.follow(
                program_actions.set_all(
                    program_id or folder_id or "",
                    as_mapping("tokens", self.tokens),
                    folder_type="Program" if program_id else "Folder",
                )
            )
        self.log.info("%d tokens changed, %d had their value", len(done.changed), len(done.unchanged))
        return {
            "outcome": "program_tokens",
            "platform": hook.conn_type,
            "changed": list(done.changed),
            "unchanged": len(done.unchanged),
        }


class ScheduleEmailProgramOperator(WaitingOperator):
    """Set when a Marketo email program sends, and approve it, once.

    A program that is approved for that time already is left alone. One that is approved for another time
    fails the task: :class:`UnapproveProgramOperator` takes it back first.

    :param conn_id: a connection of type ``marketo``.
    :param program_id: an email program with an approved email and a smart list, which come with a clone.
    :param publish_at: send then: an aware datetime or ISO 8601 text with offset.
    :param end_at: when the program ends; as it is when not given, or a day after ``publish_at`` where
        that would be too early.
    :param wait_for_completion: wait until the mail is out, and fail where it is not.
    :param cancel_on_kill: take the program back when a user ends the task while it is deferred.
    :returns: ``scheduled`` (by this task), ``state``, ``scheduled_for``, ``job``, and after waiting
        ``job_states``.
    :raises AirflowFailException: when there is no such email program, it cannot be approved, ``publish_at``
        is over, or it is approved for another time.

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
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.program_id = program_id
        self.publish_at = publish_at
        self.end_at = end_at

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.actions.marketo import emails

        program_id = required_str("program_id", self.program_id)
        publish_at, end_at = as_time("publish_at", self.publish_at), as_time("end_at", self.end_at)
        if publish_at is None:
            raise InvalidInput("publish_at", "is missing: when the program is to send")
        with self.hook_on("marketo") as hook, hook.exclusive(_publishing(program_id)):
            publication = hook.follow(
                emails.approve_program(
                    program_id, task_state_of(context), publish_at=publish_at, end_at=end_at
                )
            )
        self.log.info("Program %s is %s for %s", program_id, publication.state, publication.scheduled_for)
        outcome = {
            "outcome": "email_program_schedule",
            "platform": hook.conn_type,
            "program_id": program_id,
            "scheduled": publication.done,
            "state": publication.state,
            "scheduled_for": publication.scheduled_for,
            "job": dict(publication.job.to_json()),
        }
        return self.wait_for_jobs(context, [publication.job], outcome)


class UnapproveProgramOperator(MarketingOperator):
    """Take a Marketo email program back before it sends. One that is not approved is left alone.

    :param conn_id: a connection of type ``marketo``.
    :param program_id: the email program.
    :returns: ``unapproved`` (by this task), and when it ``was_due``.
    :raises AirflowFailException: when there is no such email program, or it has begun to send, which
        nothing takes back.

    Source: ``POST /rest/asset/v1/program/{id}/unapprove.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "program_id")

    def __init__(self, *, conn_id: str, program_id: str | int, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.program_id = program_id

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.actions.marketo import emails as email_actions

        program_id = required_str("program_id", self.program_id)
        with self.hook_on("marketo") as hook, hook.exclusive(_publishing(program_id)):
            withdrawn = hook.follow(email_actions.unapprove_program(program_id, task_state_of(context)))
        word = "taken back" if withdrawn.done else "left alone, it was not approved"
        self.log.info("Program %s: %s", program_id, word)
        return {
            "outcome": "email_program_withdrawal",
            "platform": hook.conn_type,
            "program_id": program_id,
            "unapproved": withdrawn.done,
            "was_due": withdrawn.was_due,
        }


def _publishing(program_id: str) -> str:
    """The lock that publishing takes: one of them at a time."""
    return f"publish {None} {program_id}"
