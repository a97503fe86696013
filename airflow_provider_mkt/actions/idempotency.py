"""Doing something once that the platform would do twice if it were asked twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from airflow_provider_mkt.actions.procedure import CONSISTENCY_WINDOW, Pause, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, Json
from airflow_provider_mkt.client.errors import InvalidRequest, NotRepeated, OutcomeUnknown, PlatformError

T = TypeVar("T")

_TRIES = 2
_LOOK_EVERY = 5.0


@dataclass(frozen=True)
class Ensured(Generic[T]):
    """Something that is there now.

    :param value: what the platform says of it.
    :param new: whether this task made it, in this try or an earlier one.
    """

    value: T
    new: bool


def create_if_absent(
    key: str,
    task_state: TaskState,
    call: Call[T],
    find: Callable[[], Procedure[T | None]],
    *,
    clock: Callable[[], float] = time.time,
) -> Procedure[Ensured[T]]:
    """Make something, unless it is there already.

    That it is asked for is remembered before it is asked for. After a lost answer or a killed worker it
    is looked for until the earlier request must have shown, before another is made.

    :param key: names the thing within the task, e.g. ``clone email 12 as Spring``.
    :param memory: what the task's earlier tries did.
    :param call: makes it.
    :param find: looks for it, by what makes it this thing and no other; None when it is not there.
    :raises InvalidRequest: when the platform refuses and it is not there either.
    :raises OutcomeUnknown: when a request was sent twice and its effect did not show within
        :data:`CONSISTENCY_WINDOW` seconds either time.
    """
    asked = requested_at(task_state.get(key))
    lost: OutcomeUnknown | None = None
    for _ in range(_TRIES):
        there = yield from find_until_consistent(find, asked, clock)
        if there is not None:
            return Ensured(there, new=asked is not None)
        before = task_state.get(key)
        task_state.set(key, {"asked": clock()})
        try:
            value: T = yield call
        except OutcomeUnknown as error:
            # The time counts from now: until now the request may have been on its way.
            asked, lost = clock(), error
            task_state.set(key, {"asked": asked})
        except InvalidRequest:
            task_state.set(key, before)
            # Another run, or the request whose answer was lost, may have made it in between.
            there = yield from find()
            if there is None:
                raise
            return Ensured(there, new=asked is not None)
        except PlatformError:
            task_state.set(key, before)
            raise
        else:
            return Ensured(value, new=True)
    there = yield from find_until_consistent(find, asked, clock)
    if there is None:
        raise lost or OutcomeUnknown("what was asked for did not show")
    return Ensured(there, new=True)


def send_at_most_once(
    key: str,
    task_state: TaskState,
    call: Call[T],
    *,
    plain: Callable[[T], Json],
    seen: Callable[[], Procedure[Any]] | None = None,
    clock: Callable[[], float] = time.time,
) -> Procedure[Json]:
    """Send what takes effect again each time it is sent, and leaves little or nothing to look it up by.

    The answer is remembered, and a later try of the task returns it without sending. After a lost answer
    or a killed worker the effect is looked for; where it does not show, it is not sent again by itself.
    That is said once, and from then on running the task again is a person's decision.

    :param key: names the thing within the task.
    :param memory: what the task's earlier tries did.
    :param call: does it.
    :param plain: what is to be remembered of the answer, and returned.
    :param seen: looks for the effect of an earlier request, and returns as much; None where it does not
        show. Not given for what leaves nothing that could be looked up.
    :raises NotRepeated: when what became of a request is not known.
    """
    mark = task_state.get(key)
    if isinstance(mark, Mapping) and not to_be_sent(mark):
        if "answer" in mark:
            return mark["answer"]
        return (yield from _known(key, task_state, seen, requested_at(mark), clock))
    task_state.set(key, {"asked": clock()})
    try:
        value: T = yield call
    except OutcomeUnknown as error:
        # The time counts from now: until now the request may have been on its way.
        asked = clock()
        task_state.set(key, {"asked": asked})
        return (yield from _known(key, task_state, seen, asked, clock, error))
    except PlatformError:
        task_state.set(key, mark)
        raise
    answer = plain(value)
    task_state.set(key, {"answer": answer})
    return answer


def _known(
    key: str,
    task_state: TaskState,
    seen: Callable[[], Procedure[Any]] | None,
    asked: float | None,
    clock: Callable[[], float],
    error: OutcomeUnknown | None = None,
) -> Procedure[Json]:
    answer: Json = None
    if seen is not None:
        answer = cast("Json", (yield from find_until_consistent(seen, asked, clock)))
    if answer is None:
        task_state.set(key, {"asked": asked, "told": True})
        raise NotRepeated(
            f"{error.message if error else 'an earlier try ended in the middle'}: {key} was asked for once, "
            "and what became of it is not known. It is not repeated by itself; look on the platform, and "
            "clear the task to ask again",
            platform=error.platform if error else "",
            call=error.call if error else "",
        ) from error
    task_state.set(key, {"answer": answer})
    return answer


def to_be_sent(mark: object) -> bool:
    """Whether :func:`send_at_most_once` sends, by what was remembered under its key."""
    return not isinstance(mark, Mapping) or bool(mark.get("told"))


def unseen() -> Procedure[None]:
    """Look for the effect of what leaves none that could be looked up."""
    return None
    yield  # a flow that needs no call


def requested_at(mark: object) -> float | None:
    """When an earlier request was made, from what was remembered of it."""
    asked = mark.get("asked") if isinstance(mark, Mapping) else None
    return float(asked) if isinstance(asked, (int, float)) else None


def find_until_consistent(
    find: Callable[[], Procedure[T | None]], asked: float | None, clock: Callable[[], float]
) -> Procedure[T | None]:
    """Look for something; while a request made at *asked* may still be at work, until it shows.

    :param asked: epoch seconds; None when nothing was asked for, and one look is enough.
    """
    while True:
        there = yield from find()
        if there is not None or asked is None:
            return there
        left = asked + CONSISTENCY_WINDOW - clock()
        if left <= 0:
            return None
        yield Pause(min(left, _LOOK_EVERY), "an earlier request may still be at work")
