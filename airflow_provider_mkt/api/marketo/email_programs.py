"""Email programs taken back before they send."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import InvalidRequest
from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.marketo import programs
from airflow_provider_mkt.api.marketo.email_publishing import email_program
from airflow_provider_mkt.api.marketo.rows import Program
from airflow_provider_mkt.api.marketo.values import moment
from airflow_provider_mkt.api.once import Made, once


@dataclass(frozen=True)
class Withdrawn:
    """A program that is not going to send.

    :param done: whether this task took it back; False when it was not approved.
    :param was_due: when it would have sent, where it has a start date.
    """

    done: bool
    was_due: str | None


def unapprove(
    program_id: int | str, memory: Memory, *, clock: Callable[[], float] = time.time
) -> Flow[Withdrawn]:
    """Take back an email program's approval. One that is not approved is left alone.

    :param program_id: the program.
    :param memory: what the task's earlier tries did.
    :raises NotFound: when there is no such program.
    :raises InvalidRequest: when it is no email program, or has begun to send.
    """
    program: Program | None = None

    def find() -> Flow[Program | None]:
        nonlocal program
        program = yield from email_program(program_id)
        if str(program.get("status") or "").lower() != "locked":
            return program
        start = moment(program.get("startDate"))
        if start is not None and start <= datetime.fromtimestamp(clock(), UTC):
            raise InvalidRequest(
                f"program {program_id} began to send at {start.isoformat()}; nothing takes that back",
                platform="marketo",
                call="programs.unapprove",
            )
        return None

    call: Call[Any] = programs.unapprove(program_id)
    made: Made[Any] = yield from once(f"unapprove program {program_id}", memory, call, find, clock=clock)
    due = program.get("startDate") if program else None
    return Withdrawn(made.new, str(due) if due else None)
