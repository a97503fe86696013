"""Wait for jobs and conditions: one loop, run by workers, triggers and sensors.

:func:`wait_for` is a procedure. A worker runs it with ``hook.follow``, which blocks and can be cancelled; a
trigger runs it with ``hook.afollow``. A sensor that leaves the loop to Airflow runs one step of it,
:func:`poll_within_budget`.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, Self, TypeVar

from airflow_provider_mkt.actions.jobs import BatchStatus, Job, JobSpec, JobState, PollCache
from airflow_provider_mkt.actions.procedure import Pause, Procedure
from airflow_provider_mkt.client.errors import (
    ConditionFailed,
    JobFailed,
    NotFound,
    PlatformError,
    QuotaExhausted,
)

S = TypeVar("S")
T = TypeVar("T")


class Log(Protocol):
    """What is used of a logger."""

    def info(self, message: str, /, *args: object) -> None: ...

    def warning(self, message: str, /, *args: object) -> None: ...


class WaitTimedOut(Exception):
    """The deadline of a wait passed."""


class WaitProgress:
    """Logs what is waited for, where, since when and until when, every ten minutes.

    :param what: is waited for.
    :param since: when the wait began, in epoch seconds.
    :param until: when it is given up.
    """

    EVERY = 600.0
    NAMED = 3
    """Jobs that are named at most."""

    def __init__(self, what: str, since: float, until: float) -> None:
        self._what, self._since, self._until = what, since, until
        self._logged_at = float("-inf")

    @classmethod
    def of(cls, jobs: Sequence[Job], since: float, until: float) -> Self:
        """Make it for jobs or conditions.

        The arguments of a condition are left out, because they may be a person's.
        """
        names = [f"{job.kind.replace('_', ' ')} {job.id}".rstrip() for job in jobs[: cls.NAMED]]
        more = len(jobs) - len(names)
        return cls(f"{', '.join(names)}{f' and {more:,} more' if more else ''}", since, until)

    def polled(self, states: Sequence[JobState], log: Log, where: str) -> None:
        """Log it after a poll that did not end the wait."""
        if not all(one.status.final for one in states):
            self.log(log, where)

    def log(self, log: Log, where: str) -> None:
        """Log it, unless that was done a moment ago.

        :param where: names the account and the connection.
        """
        now = time.time()
        if now - self._logged_at >= self.EVERY:
            self._logged_at = now
            log.info(
                "Waiting for %s since %s, until %s (%s)",
                self._what,
                _utc(self._since),
                _utc(self._until),
                where,
            )


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


@dataclass
class PollFailureBudget:
    """How long polls may go on failing before a wait is given up.

    :param seconds: that long.
    :param failing_since: when the current series of failing polls began, in epoch seconds; None when the last
        poll worked.
    :param fatal: errors that end the wait at once.
    """

    seconds: float
    failing_since: float | None = None
    fatal: tuple[type[PlatformError], ...] = ()

    def succeeded(self) -> None:
        """Note a poll that worked."""
        self.failing_since = None

    def failed(self, error: PlatformError, now: float) -> None:
        """Note a poll that failed.

        :param now: epoch seconds.
        :raises PlatformError: the error itself, when the wait is to be given up.
        """
        if error.permanent or isinstance(error, self.fatal):
            raise error
        if isinstance(error, QuotaExhausted):
            # The work goes on without polls, and the day ends by itself.
            return
        # A time in the future is from before the clock was set back.
        self.failing_since = now if self.failing_since is None else min(self.failing_since, now)
        if now - self.failing_since > self.seconds:
            raise error


def poll_job(spec: JobSpec, job: Job, cache: PollCache | None = None) -> Procedure[JobState]:
    """Poll the state of a job or condition once.

    :param cache: of this wait; the poll may change it.
    """
    result = yield from spec.poll(job, {} if cache is None else cache)
    return spec.state(job, result)


def has_ended(spec: JobSpec, job: Job) -> Procedure[bool]:
    """Poll a job once. Returns whether it has ended, in whichever way, or does not exist."""
    try:
        state = yield from poll_job(spec, job)
    except NotFound:
        return True
    return state.status.final


def poll_jobs(
    specs: Sequence[tuple[JobSpec, Job]],
    log: Log,
    cache: PollCache | None = None,
    *,
    read_alone: Callable[[], bool] = lambda: False,
) -> Procedure[list[JobState]]:
    """Poll the states of several jobs once, and log them.

    :param cache: of this wait, with a part for each job.
    :param read_alone: is called when a state is final. Returns whether it was read together with those of
        other waits; then the calls that follow are run alone, and the job is polled once more.
    """
    states = []
    for spec, job in specs:
        of_job = {} if cache is None else cache.setdefault(str(job), {})
        kept = of_job if isinstance(of_job, dict) else {}
        before = copy.deepcopy(kept) if spec.batch_reads else {}
        state = yield from poll_job(spec, job, kept)
        if state.status.final and read_alone():
            # Lists may be older than the thing itself.
            kept.clear()
            kept.update(before)
            state = yield from poll_job(spec, job, kept)
        log.info("%s", state)
        if not state.known:
            log.warning("%s: unknown status %r; still waiting", job, state.raw_status)
        states.append(state)
    return states


def completed(states: Sequence[JobState]) -> list[JobState] | None:
    """Return the states when all are complete, None while some are not.

    :raises JobFailed: naming the jobs that were canceled or failed.
    :raises ConditionFailed: when a condition can no longer be met.
    """
    ended = [one for one in states if one.status.final and one.status is not BatchStatus.COMPLETE]
    if reasons := [one.reason for one in ended if one.reason]:
        raise ConditionFailed("; ".join(reasons))
    if ended:
        raise JobFailed("; ".join(str(one) for one in ended), platform=ended[0].job.platform)
    return list(states) if all(one.status is BatchStatus.COMPLETE for one in states) else None


def poll_interval(specs: Sequence[JobSpec], wanted: float | None = None) -> float:
    """Return the seconds between two polls: as *wanted*, else the shortest interval of the kinds."""
    return wanted if wanted is not None else min(spec.poke_interval for spec in specs)


def poll_within_budget(
    poll: Callable[[], Procedure[S]],
    failure_budget: PollFailureBudget,
    log: Log,
    *,
    clock: Callable[[], float] = time.time,
) -> Procedure[S | None]:
    """Poll once; return None when the poll failed and may.

    :raises PlatformError: when the wait is to be given up.
    """
    try:
        state = yield from poll()
    except PlatformError as error:
        failure_budget.failed(error, clock())
        log.warning("status poll failed: %s", error)
        return None
    failure_budget.succeeded()
    return state


def steady_clock() -> Callable[[], float]:
    """Return a clock of epoch seconds that does not follow when the machine's clock is set."""
    epoch, started = time.time(), time.monotonic()
    return lambda: epoch + time.monotonic() - started


def wait_for(
    poll: Callable[[], Procedure[S]],
    finish: Callable[[S], T | None],
    *,
    interval: Callable[[S | None], float],
    deadline: Callable[[S | None], float],
    failure_budget: PollFailureBudget,
    log: Log,
    together: bool = False,
    clock: Callable[[], float] | None = None,
) -> Procedure[T]:
    """Poll until the wait is over.

    :param poll: polls once. Its errors count against *failure_budget*.
    :param finish: makes the result of a poll that ends the wait; None while it goes on. Its errors end it.
    :param interval: seconds to the next poll, from the result of the last one, None when that failed.
    :param deadline: when to give up, in epoch seconds.
    :param together: whether a poll may come a little earlier or later, when other waits poll.
    :raises WaitTimedOut: at the deadline.
    :raises PlatformError: when polls have failed for too long, or what is waited for cannot come.
    """
    clock = clock or steady_clock()
    while True:
        state = yield from poll_within_budget(poll, failure_budget, log, clock=clock)
        if state is not None and (result := finish(state)) is not None:
            return result
        left = deadline(state) - clock()
        if left <= 0:
            raise WaitTimedOut("the deadline passed")
        seconds = interval(state)
        # The moment of the others may be later, and the deadline is the task's own.
        yield Pause(min(left, seconds), together=together and 2 * seconds < left)


def wait_for_jobs(
    specs: Sequence[tuple[JobSpec, Job]],
    *,
    interval: float | None,
    deadline: float,
    failure_budget: PollFailureBudget,
    log: Log,
    cache: PollCache | None = None,
    on_poll: Callable[[list[JobState]], object] = lambda states: None,
    read_alone: Callable[[], bool] | None = None,
) -> Procedure[list[JobState]]:
    """Poll jobs until all are complete.

    :param interval: seconds between two polls; the shortest interval of the kinds when None.
    :param deadline: when to give up, in epoch seconds.
    :param on_poll: receives the states of each poll that worked.
    :param read_alone: for a wait that reads together with others: see :func:`poll_jobs`.
    :raises WaitTimedOut: at the deadline.
    :raises JobFailed: when a job was canceled or failed.
    :raises ConditionFailed: when a condition can no longer be met.
    :raises PlatformError: when polls have failed for too long.
    """
    seconds = poll_interval([spec for spec, _ in specs], interval)
    kept: PollCache = {} if cache is None else cache

    def finish(states: list[JobState]) -> list[JobState] | None:
        on_poll(states)
        return completed(states)

    return (
        yield from wait_for(
            lambda: poll_jobs(specs, log, kept, read_alone=read_alone or (lambda: False)),
            finish,
            interval=lambda _: seconds,
            deadline=lambda _: deadline,
            failure_budget=failure_budget,
            log=log,
            together=read_alone is not None,
        )
    )
