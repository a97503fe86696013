"""Create and send once, although answers get lost, workers are killed and tasks are retried.

Every action that must not take effect twice uses this module. A request is marked in the task state before it
is sent. A rejected request restores the earlier mark. An ambiguous one (it is unknown whether the platform
ran it) moves the mark to the time at which the answer was lost, because until then the request may have been
on its way. Its effect is then looked up until :data:`CONSISTENCY_WINDOW` is over.

A mark is plain JSON with these keys:

``requested_at``
    when the request was sent or its answer was lost, in epoch seconds
``answer``
    what is kept of the platform's answer
``clear_count``
    how often the task was cleared before the answer came, where a cleared task is to send the request again
``done``
    whether the platform confirmed the request, where no answer is kept
``reported``
    how often the task was cleared before the user was informed that the outcome is unknown. A task that was
    cleared since sends the request again; one that is only retried does not, because the worker may have been
    killed before Airflow knew that the task had failed
``reverted``
    likewise, where the user was informed that somebody has undone what the request did
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, cast

from airflow_provider_mkt.actions.procedure import CONSISTENCY_WINDOW, Pause, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, Json
from airflow_provider_mkt.client.errors import (
    InvalidRequest,
    NotRepeated,
    OutcomeUnknown,
    PlatformError,
    TaskCancelled,
)

T = TypeVar("T")
A = TypeVar("A")
K = TypeVar("K")

_LOOKUP_INTERVAL = 5.0
"""Seconds between two lookups of an effect that does not show yet."""


class Claim(Protocol):
    """The right to send a request, for which several tasks compete."""

    def take(self) -> None:
        """Take it, unless this task has it.

        :raises PlatformError: when another task has it.
        """

    def give_back(self) -> None:
        """Let others take it: the request that it was taken for did not run."""


@dataclass(frozen=True)
class Ensured(Generic[T]):
    """Something that is in place now.

    :param value: what the platform returned for it.
    :param created: whether this task created or sent it, in this try or an earlier one.
    """

    value: T
    created: bool


def create_if_absent(
    key: str,
    task_state: TaskState,
    call: Call[T],
    find: Callable[[], Procedure[T | None]],
    *,
    prepare: Callable[[], Procedure[None]] | None = None,
    confirm: Callable[[], Procedure[T | None]] | None = None,
    reverted: Callable[[], PlatformError] | None = None,
    details: Callable[[], Mapping[str, Json]] = dict,
    claim: Claim | None = None,
    max_requests: int = 2,
    window: float | None = None,
    clock: Callable[[], float] = time.time,
) -> Procedure[Ensured[T]]:
    """Create something, unless it exists.

    After an ambiguous failure or a killed worker it is looked up until the earlier request must have shown.
    Only then is the request sent again.

    :param key: names the thing within the task, e.g. ``clone email 12 as Spring``.
    :param task_state: marks of the task's earlier tries.
    :param call: creates it.
    :param find: looks it up, by what identifies it; returns None when it does not exist.
    :param prepare: runs before each request, when the thing does not exist.
    :param confirm: looks up the effect of a request that the platform confirmed. When given, a confirmed
        request is followed by a wait until its effect shows.
    :param reverted: makes the error to raise when the platform confirmed the request in an earlier try, and
        the thing does not exist any more. When not given, it is created again.
    :param details: what to keep in the mark beside the time of the request.
    :param claim: is taken with the request.
    :param max_requests: how often one try sends the request.
    :param window: seconds within which an effect shows; :data:`CONSISTENCY_WINDOW` when not given.
    :raises InvalidRequest: when the platform rejects the request and the thing does not exist.
    :raises OutcomeUnknown: when every request failed ambiguously and no effect showed within *window*.
    """
    requested: float | None = requested_at(task_state.get(key))
    lost: OutcomeUnknown | None = None
    for _ in range(max_requests):
        found = yield from find_until_consistent(find, requested, clock, window=window)
        if found is not None:
            return Ensured(found, created=requested is not None)
        mark = task_state.get(key)
        if reverted is not None and is_done(mark):
            if _says(mark, "reverted") in (None, task_state.clear_count):
                task_state.set(key, {**cast("Mapping[str, Json]", mark), "reverted": task_state.clear_count})
                raise reverted()
            task_state.set(key, None)
        if prepare is not None:
            yield from prepare()
        try:
            value: T = yield from send_marked(
                key, task_state, call, details=details(), claim=claim, clock=clock
            )
        except OutcomeUnknown as error:
            requested, lost = requested_at(task_state.get(key)), error
        except InvalidRequest:
            # Another run, or the request whose answer was lost, may have created it in the meantime.
            found = yield from find()
            if found is None:
                raise
            return Ensured(found, created=requested is not None)
        else:
            if reverted is not None:
                task_state.set(key, {**details(), "requested_at": clock(), "done": True})
            if confirm is not None:
                shown = yield from find_until_consistent(confirm, clock(), clock, window=window)
                value = value if shown is None else shown
            return Ensured(value, created=True)
    found = yield from find_until_consistent(find, requested, clock, window=window)
    if found is None:
        raise lost or OutcomeUnknown(f"{key}: the request had no visible effect")
    return Ensured(found, created=True)


def send_at_most_once(
    key: str,
    task_state: TaskState,
    call: Call[T],
    *,
    to_answer: Callable[[T], A],
    find: Callable[[], Procedure[A | None]] | None = None,
    find_first: bool = False,
    prepare: Callable[[], Procedure[None]] | None = None,
    claim: Claim | None = None,
    again_when_cleared: bool = False,
    report: bool = True,
    clock: Callable[[], float] = time.time,
) -> Procedure[Ensured[A]]:
    """Send a request that takes effect each time it is sent, and can hardly be looked up afterwards.

    The answer is kept, and a later try of the task returns it without sending. After an ambiguous failure or
    a killed worker the effect is looked up. Where it does not show, the request is not sent again. That is
    reported once; a person who then clears the task sends it again.

    :param key: names the request within the task.
    :param task_state: marks of the task's earlier tries.
    :param call: the request.
    :param to_answer: makes of the platform's answer what is returned and kept, as plain JSON.
    :param find: looks up the effect of an earlier request and returns its answer, or None where it does not
        show. Not given for a request whose effect cannot be looked up.
    :param find_first: whether *find* also runs before the first request, so that what exists already is left
        alone.
    :param prepare: runs before the request.
    :param claim: is taken with the request.
    :param again_when_cleared: whether a cleared task sends the request again although its answer is known.
    :param report: False when the caller reports the unknown outcome later, by :func:`mark_reported`.
    :raises NotRepeated: when the outcome of a request is unknown.
    """

    clear_count = task_state.clear_count if again_when_cleared else None

    def keep(answer: A) -> Ensured[A]:
        cleared: dict[str, Json] = {} if clear_count is None else {"clear_count": clear_count}
        task_state.set(key, {"answer": cast("Json", answer), **cleared})
        return Ensured(answer, created=True)

    mark = task_state.get(key)
    if isinstance(mark, Mapping) and "answer" in mark:
        if mark.get("clear_count") == clear_count:
            return Ensured(cast("A", mark["answer"]), created=True)
        mark = None
    requested = requested_at(mark)
    ambiguous = is_ambiguous(mark, task_state.clear_count)
    if find is not None and (find_first or ambiguous):
        found = yield from find_until_consistent(find, requested, clock)
        if found is not None:
            return Ensured(found, created=False) if requested is None else keep(found)
    if ambiguous:
        raise _unknown(key, task_state, report=report)
    if prepare is not None:
        yield from prepare()
    try:
        value: T = yield from send_marked(key, task_state, call, claim=claim, clock=clock)
    except OutcomeUnknown as lost:
        found = None
        if find is not None:
            found = yield from find_until_consistent(find, clock(), clock)
        if found is None:
            raise _unknown(key, task_state, lost, report=report) from lost
        return keep(found)
    return keep(to_answer(value))


@dataclass
class BatchOutcome(Generic[K]):
    """The outcome of one request for many items.

    :param pending: items for which the request is still to be sent; after a rejection, those it was sent for.
    :param done: items for which it took effect, in this try or an earlier one.
    :param unknown: items for which it is unknown whether it took effect.
    :param error: the error of their request, where it was sent in this try.
    """

    pending: list[K]
    done: list[K] = field(default_factory=list)
    unknown: list[K] = field(default_factory=list)
    error: OutcomeUnknown | None = None

    def found(self, items: Sequence[K]) -> None:
        """Move items from *pending* to *done*."""
        self.done += [one for one in self.pending if one in items]
        self.pending = [one for one in self.pending if one not in items]


def send_batch_at_most_once(
    key: str,
    task_state: TaskState,
    outcome: BatchOutcome[K],
    call: Callable[[Sequence[K]], Call[Any]],
    find: Callable[[Sequence[K], float], Procedure[Sequence[K]]],
    *,
    lookup_interval: float | None = None,
    clock: Callable[[], float] = time.time,
) -> Procedure[None]:
    """Send one request for many items, each of which it must reach at most once.

    As :func:`send_at_most_once`, with an outcome for each item. Unknown outcomes are reported by the caller,
    by :func:`mark_reported`.

    :param key: names the request within the task.
    :param task_state: marks of the task's earlier tries.
    :param outcome: the items; filled in.
    :param call: the request for some of the items.
    :param find: which of these items a request has reached since a time in epoch seconds.
    :param lookup_interval: seconds between two lookups.
    :raises PlatformError: when the platform rejects the request; *outcome* then has what was found before.
    """
    mark = task_state.get(key)
    if is_done(mark):
        outcome.found(list(outcome.pending))
        return
    requested, first = requested_at(mark), requested_at(mark, "first_requested_at")

    def find_all(since: float, requested: float) -> Procedure[None]:
        def find_pending() -> Procedure[bool | None]:
            outcome.found((yield from find(outcome.pending, since)))
            return None if outcome.pending else True

        yield from find_until_consistent(find_pending, requested, clock, interval=lookup_interval)

    if requested is not None:
        # What an earlier request reached shows at the time of that request, not of the last one. A time in
        # the future is from before the clock was set back.
        first = min(requested if first is None else first, clock())
        yield from find_all(first, requested)
        if outcome.pending and is_ambiguous(mark, task_state.clear_count):
            outcome.unknown, outcome.pending = outcome.pending, []
    if not outcome.pending:
        return
    first = clock() if first is None else first
    details = {"first_requested_at": first}
    try:
        yield from send_marked(key, task_state, call(outcome.pending), details=details, clock=clock)
    except OutcomeUnknown as error:
        outcome.error = error
        yield from find_all(first, clock())
        if outcome.pending:
            outcome.unknown, outcome.pending = outcome.pending, []
            return
    outcome.found(list(outcome.pending))
    mark_done(key, task_state)


def send_marked(
    key: str,
    task_state: TaskState,
    request: Call[T] | Procedure[T],
    *,
    details: Mapping[str, Json] | None = None,
    claim: Claim | None = None,
    clock: Callable[[], float] = time.time,
) -> Procedure[T]:
    """Send a request that is marked in the task state before it is sent.

    :param request: a call, or a procedure that sends it.
    :param details: what to keep in the mark beside the time of the request.
    :param claim: is taken before the request, and given back where neither it nor an earlier one ran.
    :raises OutcomeUnknown: when it is unknown whether the platform ran it; the mark has the time of the loss.
    :raises PlatformError: when the platform did not run it; the earlier mark is restored.
    :raises TaskCancelled: when the task was killed. The earlier mark is restored where a call was not sent,
        e.g. because it waited for the rate limit.
    """
    before = task_state.get(key)
    if claim is not None:
        claim.take()
    task_state.set(key, {**(details or {}), "requested_at": clock()})
    try:
        value: T = (yield request) if isinstance(request, Call) else (yield from request)
    except OutcomeUnknown:
        # The window counts from now: until now the request may have been on its way.
        task_state.set(key, {**(details or {}), "requested_at": clock()})
        raise
    except (PlatformError, TaskCancelled) as error:
        if isinstance(error, TaskCancelled) and (error.ambiguous or not isinstance(request, Call)):
            raise
        task_state.set(key, before)
        if claim is not None and requested_at(before) is None:
            claim.give_back()
        raise
    return value


def find_until_consistent(
    find: Callable[[], Procedure[T | None]],
    requested: float | None,
    clock: Callable[[], float],
    *,
    window: float | None = None,
    interval: float | None = None,
) -> Procedure[T | None]:
    """Look something up; while an earlier request may still take effect, until it shows.

    :param requested: when that request was sent, in epoch seconds. None when there was none: one lookup.
    :param window: seconds within which an effect shows; :data:`CONSISTENCY_WINDOW` when not given.
    :param interval: seconds between two lookups.
    """
    until, left = None, math.inf
    if requested is not None:
        # A time in the future is from before the clock was set back.
        until = min(requested, clock()) + (CONSISTENCY_WINDOW if window is None else window)
    while True:
        found = yield from find()
        if found is not None or until is None:
            return found
        # The clock may be set back during the wait, too.
        left = min(left, until - clock())
        if left <= 0:
            return None
        pause = min(left, _LOOKUP_INTERVAL if interval is None else interval)
        yield Pause(pause, "an earlier request may still take effect")
        left -= pause


def find_each_until_consistent(
    find: Callable[[K], Procedure[T | None]],
    keys: Sequence[K],
    requested: float | None,
    clock: Callable[[], float],
) -> Procedure[dict[K, T]]:
    """Look several things up; while an earlier request may still take effect, until all of them show.

    :param requested: when that request was sent, in epoch seconds.
    :returns: those that exist.
    """
    found: dict[K, T] = {}

    def find_missing() -> Procedure[bool | None]:
        for key in keys:
            if key not in found and (value := (yield from find(key))) is not None:
                found[key] = value
        return True if len(found) == len(keys) else None

    yield from find_until_consistent(find_missing, requested, clock)
    return found


def not_found() -> Procedure[None]:
    """Look up what cannot be looked up: makes no call and finds nothing."""
    return None
    yield  # a procedure that needs no call


def requested_at(mark: Json, name: str = "requested_at") -> float | None:
    """When a request was sent, in epoch seconds, from its mark; None when there was none."""
    moment = mark.get(name) if isinstance(mark, Mapping) else None
    return float(moment) if isinstance(moment, (int, float)) else None


def is_done(mark: Json) -> bool:
    """Whether the platform confirmed the request of a mark."""
    return isinstance(mark, Mapping) and bool(mark.get("done"))


def is_ambiguous(mark: Json, clear_count: int) -> bool:
    """Whether the outcome of a mark's request is unknown, and nobody was informed and cleared the task since.

    :param clear_count: of the task state.
    """
    if not isinstance(mark, Mapping) or "requested_at" not in mark:
        return False
    return not (mark.get("answer") or mark.get("done")) and _says(mark, "reported") in (None, clear_count)


def _says(mark: Json, name: str) -> Json:
    return mark.get(name) if isinstance(mark, Mapping) else None


def is_sent(key: str, task_state: TaskState) -> bool:
    """Whether :func:`send_at_most_once` sends no request, because an earlier try has."""
    mark = task_state.get(key)
    return isinstance(mark, Mapping) and ("answer" in mark or is_ambiguous(mark, task_state.clear_count))


def mark_done(key: str, task_state: TaskState) -> None:
    """Mark a request as confirmed by the platform."""
    mark = task_state.get(key)
    task_state.set(key, {**(mark if isinstance(mark, Mapping) else {}), "done": True})


def mark_reported(key: str, task_state: TaskState) -> None:
    """Mark the unknown outcome of a request as reported, so that a cleared task sends it again."""
    task_state.set(key, as_reported(task_state.get(key), task_state.clear_count))


def as_reported(mark: Json, clear_count: int) -> Json:
    """A mark with its unknown outcome reported; any other value as it is.

    :param clear_count: of the task state.
    """
    if isinstance(mark, Mapping) and is_ambiguous(mark, clear_count):
        return {**mark, "reported": clear_count}
    return mark


def _unknown(
    key: str, task_state: TaskState, lost: OutcomeUnknown | None = None, *, report: bool
) -> NotRepeated:
    if report:
        mark_reported(key, task_state)
    message = (
        f"{lost.message if lost else 'an earlier try ended before the answer'}: {key} was requested once, "
        "and its outcome is unknown. It is not sent again by itself; check on the platform, and clear the "
        "task to send it again"
    )
    if lost is None:
        return NotRepeated(message)
    return NotRepeated(
        message,
        platform=lost.platform,
        call=lost.call,
        code=lost.code,
        status=lost.status,
        request_id=lost.request_id,
    )


def platform_answer(error: PlatformError | None) -> str:
    """Return the error that the platform answered, as text: its code or status, and its message.

    :returns: empty when the platform did not answer.
    """
    if error is None:
        return ""
    while isinstance(error, OutcomeUnknown) and isinstance(error.__cause__, PlatformError):
        error = error.__cause__
    label = error.code or ("" if error.status is None else f"HTTP {error.status}")
    return f"{label} {error.message!r}" if label else ""
