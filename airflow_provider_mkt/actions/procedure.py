"""Procedures: several calls that belong together, written once for tasks and for event loops.

A procedure is a generator that yields calls and receives their results, as an exchange yields effects. The
error of a call is raised at its ``yield``, so that a procedure can handle it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.state.task_state import InMemoryTaskState, TaskState

__all__ = ["CONSISTENCY_WINDOW", "InMemoryTaskState", "Pages", "Pause", "Procedure", "Step", "TaskState"]

T = TypeVar("T")


@dataclass(frozen=True)
class Pause:
    """Wait before the next step.

    :param seconds: how long.
    :param why: for the log; nothing is logged when empty.
    """

    seconds: float
    why: str = ""


@dataclass(frozen=True)
class Pages:
    """Read every page of a call, for results known to be few.

    :param call: a paged call; the procedure receives all its rows as one list.
    """

    call: Call[list[Any]]


Step: TypeAlias = "Call[object] | Pages | Pause"
Procedure: TypeAlias = Generator[Step, Any, T]


CONSISTENCY_WINDOW = 120.0
"""Seconds after which a request whose answer was lost has either taken effect or never will."""
