"""The queue for permits on an event loop: turns, cancellation, a store that is away, the cost of a wait."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.ratelimit.budget import SharedBudget
from airflow_provider_mkt.client.ratelimit.sqlite import SQLiteStore
from airflow_provider_mkt.client.ratelimit.store import SharedStateUnavailable
from airflow_provider_mkt.client.transport.permit_queue import PermitQueue
from airflow_provider_mkt.client.transport.platform import Permit, Rate

CALLS = Quota.CALLS


class Counting(SharedBudget):
    """A budget that counts how often a permit is tried, and can be away."""

    tries = 0
    away = False

    def take(
        self, quota: Quota, permit_id: str = "", seconds: float = 30.0, *, low_priority: bool = False
    ) -> float:
        self.tries += 1
        if self.away:
            raise SharedStateUnavailable("the store is away")
        return super().take(quota, permit_id, seconds, low_priority=low_priority)

    def in_flight(self) -> int:
        assert isinstance(self.store, SQLiteStore)
        with self.store._transaction() as connection:
            row = connection.execute("SELECT count(*) FROM in_flight").fetchone()
        return int(row[0])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "budget.sqlite"


def budget_at(path: Path, calls: int = 20, seconds: float = 0.1, max_in_flight: int | None = 10) -> Counting:
    return Counting(SQLiteStore(path), {CALLS: Rate(calls, seconds)}, max_in_flight=max_in_flight)


def queue_of(budget: SharedBudget, max_in_flight: int = 8) -> PermitQueue:
    return PermitQueue(budget, max_in_flight=max_in_flight, sleep=asyncio.sleep)


@pytest.mark.parametrize("seed", range(6))
def test_calls_get_their_permits_in_their_order_however_others_are_cancelled(path: Path, seed: int) -> None:
    """Neither a turn nor a permit is lost, wherever a call is cancelled: waiting, just granted, in flight."""
    chance = random.Random(seed)
    budget = budget_at(path)
    granted: list[int] = []
    in_flight = most = 0

    async def one(queue: PermitQueue, number: int) -> int:
        nonlocal in_flight, most
        assert await queue.acquire(CALLS, f"permit {number}", 30.0) == 0
        granted.append(number)
        in_flight, most = in_flight + 1, max(most, in_flight + 1)
        try:
            await asyncio.sleep(chance.choice([0, 0, 0.002, 0.01]))
        finally:
            in_flight -= 1
            queue.release(Permit(CALLS, f"permit {number}", "x"), None)
        return number

    async def main() -> list[int | BaseException]:
        queue = queue_of(budget)
        tasks: list[asyncio.Task[int]] = []
        for number in range(120):
            tasks.append(asyncio.create_task(one(queue, number)))
            if chance.random() < 0.1:
                await asyncio.sleep(chance.choice([0, 0.001, 0.02]))
            if chance.random() < 0.3:
                chance.choice(tasks).cancel()
        results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
        await queue.aclose()
        assert queue._room == 8
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return results

    results = asyncio.run(main())
    assert granted == sorted(granted)
    done = [number for number, result in enumerate(results) if result == number]
    assert set(done) <= set(granted)
    cancelled = [one for one in results if isinstance(one, asyncio.CancelledError)]
    assert len(done) + len(cancelled) == 120
    assert 0 < len(cancelled) < 120
    assert most <= 8
    assert budget.in_flight() == 0


def test_a_permit_that_was_granted_in_the_moment_of_the_cancellation_is_given_back(path: Path) -> None:
    budget = budget_at(path)

    async def main() -> None:
        queue = queue_of(budget, 1)
        task = asyncio.create_task(queue.acquire(CALLS, "first", 30.0))
        await asyncio.sleep(0)
        while not queue._granting[CALLS].done():  # noqa: ASYNC110 - the moment between two steps of the loop
            await asyncio.sleep(0)
        # The answer is there, and the call has not heard of it.
        assert queue._room == 0
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.wait_for(queue.acquire(CALLS, "second", 30.0), 30) == 0
        queue.release(Permit(CALLS, "second", "x"), None)
        await queue.aclose()

    asyncio.run(main())
    assert budget.in_flight() == 0


def test_a_wait_costs_no_more_when_thousands_wait(path: Path) -> None:
    """Each permit is tried once, and once more for each time that the window was full."""
    budget = budget_at(path, calls=500, seconds=0.2, max_in_flight=None)

    async def main() -> float:
        queue = queue_of(budget, 32)

        async def one(number: int) -> None:
            await queue.acquire(CALLS, str(number), 30.0)
            queue.release(Permit(CALLS, str(number), "x"), None)

        began = time.process_time()
        await asyncio.gather(*(one(number) for number in range(3_000)))
        await queue.aclose()
        return time.process_time() - began

    asyncio.run(main())
    # At most one unsuccessful try for each permit that leaves the window.
    assert budget.tries <= 2 * 3_000


def test_all_waiting_calls_hear_of_a_store_that_is_away_and_later_ones_are_served(path: Path) -> None:
    budget = budget_at(path)

    async def main() -> None:
        queue = queue_of(budget)
        budget.away = True
        waiting = [asyncio.create_task(queue.acquire(CALLS, str(number), 30.0)) for number in range(5)]
        failures = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(one, SharedStateUnavailable) for one in failures)
        assert len({id(one) for one in failures}) == 5
        budget.away = False
        assert await asyncio.wait_for(queue.acquire(CALLS, "later", 30.0), 30) == 0
        queue.release(Permit(CALLS, "later", "x"), None)
        await queue.aclose()
        assert queue._room == 8

    asyncio.run(main())


def test_a_call_that_may_not_wait_gets_the_length_of_the_wait(path: Path) -> None:
    budget = budget_at(path, calls=1, seconds=30.0)

    async def main() -> float:
        queue = queue_of(budget)
        assert await queue.try_now(CALLS, "first", 30.0) == 0
        wait = await queue.try_now(CALLS, "second", 30.0)
        queue.release(Permit(CALLS, "first", "x"), None)
        await queue.aclose()
        assert queue._room == 8
        return wait

    assert 0 < asyncio.run(main()) <= 31


def test_closing_ends_the_wait_for_a_call_that_was_cancelled(path: Path) -> None:
    budget = budget_at(path, calls=1, seconds=600.0)

    async def main() -> None:
        queue = queue_of(budget)
        assert await queue.acquire(CALLS, "first", 30.0) == 0
        second = asyncio.create_task(queue.acquire(CALLS, "second", 30.0))
        while not queue._sleeping:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.001)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        queue.release(Permit(CALLS, "first", "x"), None)
        await asyncio.wait_for(queue.aclose(), 30)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
