"""Procedures: several calls that belong together, written once for tasks and for event loops.

A procedure is a generator that yields calls and receives their results, as an exchange yields effects. The
error of a call is raised at its ``yield``, so that a procedure can handle it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.state.task_state import InMemoryTaskState, TaskState

if TYPE_CHECKING:
    from pydantic import SecretStr

__all__ = [
    "CONSISTENCY_WINDOW",
    "AllOf",
    "Download",
    "InMemoryTaskState",
    "Pages",
    "Pause",
    "Procedure",
    "Step",
    "TaskState",
]

T = TypeVar("T")


@dataclass(frozen=True)
class Pause:
    """Wait before the next step.

    :param seconds: how long.
    :param why: for the log; nothing is logged when empty.
    :param together: whether it may end a little earlier or later, when other waits of the same length end.
    """

    seconds: float
    why: str = ""
    together: bool = False


@dataclass(frozen=True)
class Pages:
    """Read every page of a call, for results known to be few.

    :param call: a paged call; the procedure receives all its rows as one list.
    """

    call: Call[list[Any]]


@dataclass(frozen=True)
class Download:
    """Read a file, block by block, whose address needs no credentials and so is a secret.

    :param address: the URL.
    :param take: receives the bytes, in order.
    """

    address: SecretStr
    take: Callable[[bytes], object] = field(repr=False)


@dataclass(frozen=True)
class AllOf:
    """Run a few calls at once.

    :param calls: the procedure receives the result of each in their order, or the error that it ended with.
    """

    calls: Sequence[Call[Any]]


Step: TypeAlias = "Call[object] | Pages | Pause | Download | AllOf"
Procedure: TypeAlias = Generator[Step, Any, T]


CONSISTENCY_WINDOW = 120.0
"""Seconds after which a request whose answer was lost has either taken effect or never will."""
