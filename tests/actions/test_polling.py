"""One wait: intervals, deadlines, failing polls and unknown statuses, by a clock of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_mkt.actions import polling
from airflow_provider_mkt.actions.jobs import BatchStatus, Job, JobSpec, PollResult
from airflow_provider_mkt.actions.polling import (
    PollFailureBudget,
    WaitTimedOut,
    poll_interval,
    steady_clock,
    wait_for,
)
from airflow_provider_mkt.actions.procedure import Pause, Procedure
from airflow_provider_mkt.client.errors import (
    InvalidRequest,
    JobFailed,
    PlatformError,
    QuotaExhausted,
    ServerUnavailable,
)

DOWN = ServerUnavailable("down")
QUOTA = QuotaExhausted("used up", resets_at=datetime(2030, 1, 1, tzinfo=UTC))
log = logging.getLogger(__name__)


class Wait:
    """A wait whose polls return *results* in turn; an error is raised.

    :param interval: seconds between two polls.
    :param deadline: seconds after the start.
    """

    def __init__(self, *results: Any, interval: float = 10.0, deadline: float = 1_000.0) -> None:
        self.now, self.pauses = 0.0, []
        self._results: Iterator[Any] = iter(results)
        self._interval, self._deadline = interval, deadline

    def run(self, budget: PollFailureBudget) -> Any:
        procedure = wait_for(
            self._poll,
            lambda result: result if result == "done" else None,
            interval=lambda _: self._interval,
            deadline=lambda _: self._deadline,
            failure_budget=budget,
            log=log,
            clock=lambda: self.now,
        )
        try:
            while True:
                step = next(procedure)
                assert isinstance(step, Pause)
                self.pauses.append(step.seconds)
                self.now += step.seconds
        except StopIteration as stop:
            return stop.value

    def _poll(self) -> Procedure[Any]:
        result = next(self._results)
        if isinstance(result, PlatformError):
            raise result
        return result
        yield


def test_polls_are_an_interval_apart_until_one_ends_the_wait() -> None:
    wait = Wait("waiting", "waiting", "done")
    assert wait.run(PollFailureBudget(30)) == "done"
    assert wait.pauses == [10, 10]


def test_the_last_pause_ends_at_the_deadline() -> None:
    wait = Wait(*["waiting"] * 4, deadline=25)
    with pytest.raises(WaitTimedOut):
        wait.run(PollFailureBudget(30))
    assert wait.pauses == [10, 10, 5]


def test_polls_that_fail_for_longer_than_the_budget_end_the_wait() -> None:
    wait = Wait(*[DOWN] * 10)
    with pytest.raises(ServerUnavailable):
        wait.run(PollFailureBudget(30))
    assert wait.now == 40


def test_a_poll_that_works_renews_the_budget() -> None:
    results = [DOWN, DOWN, DOWN, "waiting"] * 3 + ["done"]
    assert Wait(*results).run(PollFailureBudget(30)) == "done"


def test_an_exhausted_quota_does_not_use_up_the_budget() -> None:
    assert Wait(*[QUOTA] * 10, "done").run(PollFailureBudget(30)) == "done"


@pytest.mark.parametrize("error", [InvalidRequest("no such job"), QUOTA])
def test_a_permanent_or_fatal_error_ends_the_wait_at_once(error: PlatformError) -> None:
    wait = Wait(error, "done")
    with pytest.raises(type(error)):
        wait.run(PollFailureBudget(30, fatal=(QuotaExhausted,)))
    assert wait.now == 0


def spec(kind: str, interval: float, *results: str) -> JobSpec:
    following = iter(results)

    def poll(job: Job, cache: dict[str, Any]) -> Procedure[PollResult]:
        return PollResult(next(following))
        yield

    statuses = {"running": BatchStatus.PROCESSING, "done": BatchStatus.COMPLETE, "bad": BatchStatus.FAILED}
    return JobSpec("hubspot", kind, poll, statuses, interval)


def waited(*specs: JobSpec) -> list[float]:
    procedure = polling.wait_for_jobs(
        [(one, Job("hubspot", one.kind, "1")) for one in specs],
        interval=None,
        deadline=float("inf"),
        failure_budget=PollFailureBudget(0),
        log=log,
    )
    return [step.seconds for step in procedure if isinstance(step, Pause)]


@pytest.mark.parametrize("intervals", [(30, 10), (10, 30)])
def test_jobs_of_two_kinds_are_polled_at_the_shorter_interval(intervals: tuple[float, float]) -> None:
    kinds = [spec(f"kind {one}", one, "running", "done") for one in intervals]
    assert waited(*kinds) == [10]
    assert poll_interval(kinds) == 10
    assert poll_interval(kinds, 60) == 60


def test_an_unknown_status_keeps_waiting_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert waited(spec("import", 10, "brand new", "done")) == [10]
    assert "hubspot import 1: unknown status 'brand new'; still waiting" in caplog.text


def test_a_failed_job_ends_the_wait_though_another_is_still_running() -> None:
    with pytest.raises(JobFailed, match="hubspot b 1: FAILED"):
        waited(spec("a", 10, "running"), spec("b", 10, "bad"))


def test_a_clock_that_is_set_back_lengthens_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    set_back = 0.0
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - set_back)
    clock, before = steady_clock(), real()
    set_back = 3600.0
    assert before - 1 <= clock() <= real() + 1
