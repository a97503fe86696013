"""Operators that publish email."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.operators._base import as_flag, as_text, as_time
from airflow_provider_mkt.operators._memory import task_memory
from airflow_provider_mkt.operators._waiting import WaitingOperator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context


class PublishEmailOperator(WaitingOperator):
    """Publish an email once: send it, schedule it, or turn it on.

    Reads the email's state before and after. An email that is published, scheduled or being sent
    already is left alone and reported as such; after a lost answer or a killed worker, the state is
    read until an earlier request must have shown, before another is made.

    On HubSpot, ``email_id`` is published: a regular email is sent or scheduled, an automated one
    turned on. On Marketo, ``email_id`` approves the email's draft, and ``program_id`` approves an email
    program, which sends it at its start date.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param email_id: the email.
    :param program_id: Marketo: the email program.
    :param publish_at: send then: an aware datetime or ISO 8601 text with offset. As the email or
        program itself is set up when not given.
    :param send_now: HubSpot: send at once, whatever the email is set up for.
    :param wait_for_completion: wait until it is sent (or on, or approved), and fail where it is not.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poll_interval: how often to ask while waiting, in seconds; as often as it is worth it when
        not given.
    :param wait_timeout: how long to wait, in seconds.
    :param tolerance: how long asking may go on failing while waiting, in seconds.
    :param cancel_on_kill: Marketo: take an approved program back when the waiting task is killed, by a
        user or with its worker; the task's next try approves it again.
    :returns: ``published`` (by this task), ``state``, ``scheduled_for``, ``job``, and after waiting
        ``looks``.
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
        email_id = as_text("email_id", self.email_id)
        program_id = as_text("program_id", self.program_id)
        publish_at = as_time("publish_at", self.publish_at)
        send_now = as_flag("send_now", self.send_now)
        if publish_at is not None and send_now:
            raise InvalidInput("send_now", "contradicts publish_at; give one of them")
        with self.hook as hook, hook.exclusive(f"publish {email_id} {program_id}"):
            publication = hook.follow(
                hook.publish_email(
                    task_memory(context),
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
        return self.waited(context, [publication.job], outcome)
