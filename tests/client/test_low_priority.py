"""Polls of waiting tasks give way: to a sync that uses the whole limit, and to its calls in flight."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.ratelimit.budget import SharedBudget
from airflow_provider_mkt.client.ratelimit.sqlite import SQLiteStore
from airflow_provider_mkt.client.transport.permit_queue import PermitQueue
from airflow_provider_mkt.client.transport.platform import Permit, Rate

CALLS = Quota.CALLS


def budget_at(path: Path, calls: int, seconds: float, max_in_flight: int | None = None) -> SharedBudget:
    return SharedBudget(SQLiteStore(path), {CALLS: Rate(calls, seconds)}, max_in_flight=max_in_flight)


def test_polls_leave_the_last_permits_of_a_window_to_a_sync(tmp_path: Path) -> None:
    # As many permits as there are, in two processes that share the file.
    triggerer, worker = (budget_at(tmp_path / "b.sqlite", 40, 600.0) for _ in range(2))
    granted = [triggerer.low_priority.take(CALLS, f"poll {number}") == 0 for number in range(45)]
    assert granted == [True] * 38 + [False] * 7
    assert [worker.take(CALLS, f"lead {number}") == 0 for number in range(3)] == [True, True, False]


def test_polls_get_nothing_while_a_sync_uses_the_whole_limit_but_one_permit_in_two_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is the test's, so that no machine is too slow for it."""
    now = [1_000_000.0]
    monkeypatch.setattr("airflow_provider_mkt.client.ratelimit.budget.time.monotonic", lambda: now[0])
    monkeypatch.setattr(SQLiteStore, "now", lambda store: now[0])
    triggerer, worker = (budget_at(tmp_path / "b.sqlite", 100, 20.0, 10) for _ in range(2))
    polls = leads = 0
    for tick in range(10 * 20 * 10):
        now[0] += 0.1
        # A sync with ten calls a second, twice its limit, and the polls first at every moment.
        for poll in range(3):
            if triggerer.low_priority.take(CALLS, f"poll {tick} {poll}") == 0:
                polls += 1
                triggerer.release(Permit(CALLS, f"poll {tick} {poll}", "x"), None)
        if worker.take(CALLS, f"lead {tick} {leads}") == 0:
            worker.release(Permit(CALLS, f"lead {tick} {leads}", "x"), None)
            leads += 1
    # Ten windows. Alone, the sync would have had all of their permits.
    assert leads + polls >= 990
    assert leads >= 940
    assert polls >= 5


def test_polls_leave_calls_in_flight_to_a_sync(tmp_path: Path) -> None:
    triggerer, worker = (budget_at(tmp_path / "b.sqlite", 1_000, 600.0, 10) for _ in range(2))
    granted = [triggerer.low_priority.take(CALLS, f"poll {number}") == 0 for number in range(12)]
    assert granted == [True] * 8 + [False] * 4
    assert [worker.take(CALLS, f"lead {number}") == 0 for number in range(3)] == [True, True, False]


def test_a_limit_of_one_call_is_used_by_polls_too(tmp_path: Path) -> None:
    budget = budget_at(tmp_path / "b.sqlite", 1, 0.05, 1)
    queue = PermitQueue(budget.low_priority, max_in_flight=8, sleep=asyncio.sleep)

    async def main() -> None:
        for number in range(5):
            assert await asyncio.wait_for(queue.acquire(CALLS, str(number), 30.0), 30) == 0
            queue.release(Permit(CALLS, str(number), "x"), None)
        await queue.aclose()

    asyncio.run(main())
