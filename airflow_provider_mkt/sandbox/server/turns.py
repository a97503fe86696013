"""Long work in turns, so that it does not hold up other requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
ResultT = TypeVar("ResultT")
Steps = Generator[None, None, None]
"""Work in steps of some milliseconds."""
STEPS_AT_ONCE = 50
"""Steps of one job for which requests wait. The rest is done while they are answered."""
TURN = 0.002
"""Seconds after which work lets other requests run."""


async def in_turns(items: Iterable[Item]) -> AsyncIterator[Item]:
    """Yield items, and let other requests run in between: what was read before an item may have changed."""
    turn = time.perf_counter() + TURN
    for item in items:
        if time.perf_counter() > turn:
            await asyncio.sleep(0)
            turn = time.perf_counter() + TURN
        yield item


async def finish(steps: Generator[None, None, ResultT]) -> ResultT:
    """Do work whose steps a generator takes, in turns, and return its result."""
    result: list[ResultT] = []

    def take() -> Iterator[None]:
        result.append((yield from steps))

    async for _ in in_turns(take()):
        pass
    return result[0]


def finish_now(steps: Generator[None, None, ResultT]) -> ResultT:
    """Do work whose steps a generator takes at once, and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: ResultT = end.value
            return result
