"""Approving emails, and approving email programs, which sends them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest, NotFound
from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.jobs import Job
from airflow_provider_mkt.api.marketo import emails, programs
from airflow_provider_mkt.api.marketo.answers import found
from airflow_provider_mkt.api.marketo.rows import Email, Program
from airflow_provider_mkt.api.marketo.values import moment
from airflow_provider_mkt.api.once import Made, once
from airflow_provider_mkt.api.outcomes import Publication

_RUNS_FOR = timedelta(days=1)
"""Given to a program without an end, or one that would end before it starts: approval needs one."""


def approve_email(email_id: int | str, memory: Memory) -> Flow[Publication]:
    """Approve an email's draft; leave it alone where there is none.

    :param email_id: the email.
    :param memory: what the task's earlier tries did.
    :raises NotFound: when there is no such email.
    :raises InvalidRequest: when the draft cannot be approved.
    """

    def find() -> Flow[Email | None]:
        if (yield from found(emails.get(email_id, status="draft"))) is not None:
            return None
        approved = yield from found(emails.get(email_id, status="approved"))
        if approved is None:
            raise NotFound(f"there is no email {email_id}", platform="marketo", call="emails.get")
        return approved

    call: Call[Any] = emails.approve_draft(email_id)
    made: Made[Any] = yield from once(f"approve email {email_id}", memory, call, find)
    return Publication(made.new, "approved", Job("marketo", "email_publish", str(email_id)))


def approve_program(
    program_id: int | str,
    memory: Memory,
    *,
    publish_at: datetime | None = None,
    end_at: datetime | None = None,
    clock: Callable[[], float] = time.time,
) -> Flow[Publication]:
    """Approve an email program: it sends at its start date. Leave an approved one alone.

    :param program_id: an email program with an approved email and a smart list.
    :param memory: what the task's earlier tries did.
    :param publish_at: set the start date to this first; else the program's own stands.
    :param end_at: set the end date to this with it; else the program's own, or a day after the start where
        that would be too early.
    :raises NotFound: when there is no such program.
    :raises InvalidInput: when it is still to be approved and *publish_at* is over, or *end_at* is not
        after it.
    :raises InvalidRequest: when it is no email program, cannot be approved, or is approved for
        another time.
    """
    # The platform keeps no fractions, and a date that is read back must be the one that was set.
    publish_at = publish_at.replace(microsecond=0) if publish_at else None
    end_at = end_at.replace(microsecond=0) if end_at else None
    program = yield from email_program(program_id)
    status = str(program.get("status") or "").lower()
    start, end = moment(program.get("startDate")), moment(program.get("endDate"))
    if status == "locked":
        for what, now, wanted in (("start", start, publish_at), ("end", end, end_at)):
            if now is not None and wanted is not None and now != wanted:
                raise InvalidRequest(
                    f"program {program_id} is approved for {now.isoformat()} ({what}) already; unapprove it "
                    f"first to move that to {wanted.isoformat()}",
                    platform="marketo",
                )
    elif publish_at is not None:
        if publish_at <= datetime.fromtimestamp(clock(), UTC):
            raise InvalidInput(
                "publish_at", "is in the past; leave it out to keep the program's own start date"
            )
        if end_at is None:
            end_at = end if end is not None and end > publish_at else publish_at + _RUNS_FOR
        elif end_at <= publish_at:
            raise InvalidInput("end_at", "is not after the start")
        if (start, end) != (publish_at, end_at):
            yield programs.reschedule(program_id, publish_at, end_at)

    def find() -> Flow[Program | None]:
        now = yield from email_program(program_id)
        return now if str(now.get("status") or "").lower() != "unlocked" else None

    call: Call[Any] = programs.approve(program_id)
    made: Made[Any] = yield from once(f"approve program {program_id}", memory, call, find, clock=clock)
    program = yield from email_program(program_id)
    when = program.get("startDate")
    job = Job("marketo", "email_send", str(program_id))
    return Publication(made.new, str(program.get("status") or ""), job, str(when) if when else None)


def email_program(program_id: int | str) -> Flow[Program]:
    """Read an email program.

    :raises NotFound: when there is none of that id.
    :raises InvalidRequest: when the program is of another type.
    """
    program = yield from found(programs.get(program_id))
    if program is None:
        raise NotFound(f"there is no program {program_id}", platform="marketo", call="programs.get")
    if "email" not in str(program.get("type") or "").lower():
        raise InvalidRequest(
            f"program {program_id} is of type {program.get('type')}; only an email program sends by approval",
            platform="marketo",
        )
    return program
