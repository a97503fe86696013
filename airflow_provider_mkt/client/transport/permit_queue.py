"""The calls of one event loop that wait for permits of one account."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.errors import copy_of
from airflow_provider_mkt.client.transport.platform import Permit

if TYPE_CHECKING:
    from airflow_provider_mkt.client.call import Quota
    from airflow_provider_mkt.client.ratelimit.budget import Budget

log = logging.getLogger(__name__)

_TAKEN_TOGETHER = 16
"""Permits that a thread takes before it reports them to their calls."""

# Threads of its own: a budget that is locked for long must not occupy the threads of the loop's other work.
_threads = ThreadPoolExecutor(2, thread_name_prefix="mkt-budget")


@dataclass(eq=False)
class _Waiting:
    """A call that waits.

    :param answer: the result of :meth:`PermitQueue.acquire`; canceled with the call.
    """

    permit_id: str
    seconds: float
    answer: asyncio.Future[float] = field(repr=False)


class PermitQueue:
    """Grants the permits of one account to the calls of one event loop, first come, first served.

    Only the call at the head of the queue asks the budget, and those behind it when it got its permit. So a
    call that waits costs nothing until its turn. The budget runs on threads, because another process may hold
    its lock for a moment; several permits are taken, and several given back, in one visit to a thread.

    :param budget: grants the permits.
    :param max_in_flight: how many of the calls may have a permit at once.
    :param sleep: waits so many seconds.
    """

    def __init__(
        self, budget: Budget, *, max_in_flight: int, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._budget = budget
        self._sleep = sleep
        self._room = max_in_flight
        self._has_room = asyncio.Event()
        self._waiting: dict[Quota, deque[_Waiting]] = {}
        self._granting: dict[Quota, asyncio.Task[None]] = {}
        self._sleeping: dict[Quota, asyncio.Future[None]] = {}
        self._returned: list[tuple[Permit, float | None]] = []
        self._returning: asyncio.Task[None] | None = None

    async def acquire(self, quota: Quota, permit_id: str, seconds: float) -> float:
        """Wait for a permit.

        :param seconds: how long the call may be in flight.
        :returns: 0 when the permit was granted, or ``ACCOUNT_UNKNOWN``. After 0 the caller must call
            :meth:`release` or :meth:`forget`.
        :raises SharedStateUnavailable: when the budget's store cannot be reached.
        """
        waiting = _Waiting(permit_id, seconds, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(quota, deque()).append(waiting)
        if _is_over(self._granting.get(quota)):
            self._granting[quota] = asyncio.create_task(self._grant(quota))
        try:
            return await waiting.answer
        except asyncio.CancelledError:
            if _is_granted(waiting.answer):
                self._give_back(quota, waiting)
            raise

    async def try_now(self, quota: Quota, permit_id: str, seconds: float) -> float:
        """Take a permit out of turn, for a call that may not wait.

        :returns: as :meth:`acquire`, or the seconds until the next try is worthwhile.
        :raises SharedStateUnavailable: when the budget's store cannot be reached.
        """
        loop = asyncio.get_running_loop()
        wait = await loop.run_in_executor(_threads, self._budget.take, quota, permit_id, seconds)
        if wait == 0:
            self._room -= 1
        return wait

    def release(self, permit: Permit, took: float | None) -> None:
        """Give a permit back, since its call has ended. See :meth:`.Budget.release`."""
        self.forget()
        self._returned.append((permit, took))
        if _is_over(self._returning):
            self._returning = asyncio.create_task(self._return())

    def forget(self) -> None:
        """Let another call begin in place of one that was canceled in flight.

        The budget goes on counting it as in flight, because the platform may still work on it.
        """
        self._room += 1
        self._has_room.set()

    async def aclose(self) -> None:
        """End what runs for the queue, once no call waits and none is in flight."""
        for sleeping in self._sleeping.values():
            sleeping.cancel()
        await asyncio.gather(*self._granting.values(), return_exceptions=True)
        if self._returning is not None:
            await asyncio.gather(self._returning, return_exceptions=True)

    def _give_back(self, quota: Quota, waiting: _Waiting) -> None:
        self.release(Permit(quota, waiting.permit_id, ""), None)

    async def _grant(self, quota: Quota) -> None:
        """Take permits for the calls at the head of the queue until none waits."""
        waiting = self._waiting[quota]
        try:
            while waiting:
                while self._room <= 0:
                    self._has_room.clear()
                    await self._has_room.wait()
                wait = await self._take(quota, self._head(waiting))
                if wait > 0:
                    self._sleeping[quota] = sleeping = asyncio.ensure_future(self._sleep(wait))
                    await asyncio.wait([sleeping])
        except asyncio.CancelledError:
            # The loop ends.
            for one in waiting:
                one.answer.cancel()
            waiting.clear()
            raise

    def _head(self, waiting: deque[_Waiting]) -> list[_Waiting]:
        """Remove the calls that come next from the queue, with those that were canceled meanwhile."""
        head: list[_Waiting] = []
        while waiting and len(head) < min(self._room, _TAKEN_TOGETHER):
            if not (one := waiting.popleft()).answer.done():
                head.append(one)
        return head

    async def _take(self, quota: Quota, head: list[_Waiting]) -> float:
        """Take permits for calls. Those that get none wait on, at the head of the queue.

        :returns: the seconds until the next try is worthwhile.
        """
        self._room -= len(head)
        loop = asyncio.get_running_loop()
        taken, wait, failure = await loop.run_in_executor(_threads, self._take_on_thread, quota, head)
        for one, result in taken:
            if result != 0:
                self.forget()
            if not one.answer.done():
                one.answer.set_result(result)
            elif result == 0:
                self._give_back(quota, one)
        waiting = self._waiting[quota]
        rest = head[len(taken) :]
        for one in reversed(rest):
            self.forget()
            waiting.appendleft(one)
        if failure is not None:
            # Each of them decides by itself how long it tries.
            while waiting:
                if not (one := waiting.popleft()).answer.done():
                    one.answer.set_exception(copy_of(failure))
        return wait

    def _take_on_thread(
        self, quota: Quota, head: list[_Waiting]
    ) -> tuple[list[tuple[_Waiting, float]], float, Exception | None]:
        taken: list[tuple[_Waiting, float]] = []
        for one in head:
            try:
                wait = self._budget.take(quota, one.permit_id, one.seconds)
            except Exception as failure:
                return taken, 0.0, failure
            if wait > 0:
                return taken, wait, None
            taken.append((one, wait))
        return taken, 0.0, None

    async def _return(self) -> None:
        """Give back what was released, until nothing is left."""
        loop = asyncio.get_running_loop()
        while returned := self._returned:
            self._returned = []
            await loop.run_in_executor(_threads, self._return_on_thread, returned)

    def _return_on_thread(self, returned: list[tuple[Permit, float | None]]) -> None:
        for permit, took in returned:
            try:
                self._budget.release(permit, took)
            except Exception:
                # The calls are done, and nobody waits for this.
                log.exception("The permit of a finished call was not updated")


def _is_over(task: asyncio.Task[None] | None) -> bool:
    # What a task does at its end is not done by one that was canceled before it began.
    return task is None or task.done()


def _is_granted(answer: asyncio.Future[float]) -> bool:
    return answer.done() and not answer.cancelled() and not answer.exception() and answer.result() == 0
