"""Measure how long one request holds up the others."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

from airflow_provider_mkt.sandbox import Sandbox


@contextmanager
def longest_turn(box: Sandbox) -> Iterator[list[float]]:
    """Measure the processor time of the longest turn of the sandbox's event loop: so long others wait."""
    turns: list[float] = [0.0]
    ended = False

    async def watch() -> None:
        before = time.thread_time()
        while not ended:
            await asyncio.sleep(0)
            now = time.thread_time()
            turns.append(now - before)
            before = now

    assert box._loop is not None
    # A collection of all objects of this process counts for nothing here.
    gc.disable()
    watching = asyncio.run_coroutine_threadsafe(watch(), box._loop)
    try:
        yield turns
    finally:
        ended = True
        watching.result(120)
        gc.enable()


def allowed() -> float:
    """Return the seconds that a turn may take: 50 ms, or more on a machine that computes slowly."""
    before = time.thread_time()
    sum(range(3_000_000))
    return 0.05 * max(1.0, (time.thread_time() - before) / 0.03)
