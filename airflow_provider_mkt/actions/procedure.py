"""Several calls that belong together, written once for tasks and for event loops.

A flow is a generator that yields calls and is sent their results, the way an exchange yields
effects. Errors of a call are raised at its ``yield``, so a flow can look and decide.
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
    """Wait before going on.

    :param seconds: how long.
    :param why: for the log.
    """

    seconds: float
    why: str


@dataclass(frozen=True)
class Pages:
    """Read every page of a call, for answers known to be few.

    :param call: a paged call; the flow is sent all its rows as one list.
    """

    call: Call[list[Any]]


Step: TypeAlias = "Call[Any] | Pages | Pause"
Procedure: TypeAlias = Generator[Step, Any, T]


CONSISTENCY_WINDOW = 120.0
"""Seconds after which a request whose answer was lost is held to have had its effect or none."""
