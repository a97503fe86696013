"""The polls of all watchers of a connection that watch the same kind, as one read of its feed.

Watchers whose feeds can be read together, and which poll at the same moment, share one read, wherever each of
them has got to: it begins where the one that is furthest behind begins, and each finds what is new to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_mkt.actions.feeds import Found, read_together
from airflow_provider_mkt.client.errors import PlatformError, copy_of

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.feeds import FeedPoll
    from airflow_provider_mkt.triggers._shared_polls import SharedPolls, WaitingTask

BEHIND_MAX = timedelta(hours=4)
"""How much earlier than the others' a watcher's window may begin. One that is further behind reads on its
own until it has caught up, so that the others neither wait for its long read nor fail with it. It is twice
the longest time that a platform shows an entry late (:attr:`~airflow_provider_mkt.actions.feeds.Feed.late`).
"""


@dataclass(eq=False)
class _Waiting:
    """A watcher that waits for what a read finds."""

    poll: FeedPoll
    found: asyncio.Future[Found]


@dataclass
class _Gathering:
    """Watchers that are read together when the timer ends."""

    timer: asyncio.TimerHandle
    waiting: list[_Waiting] = field(default_factory=list)


class SharedFeeds:
    """Reads the feeds of one connection's watchers on one event loop.

    :param polls: run the calls.
    """

    def __init__(self, polls: SharedPolls) -> None:
        self._polls = polls
        self._loop = asyncio.get_running_loop()
        self._gathering: dict[Hashable, _Gathering] = {}
        self._reads: dict[_Waiting, asyncio.Task[None]] = {}

    async def read(self, poll: FeedPoll, task: WaitingTask) -> Found:
        """Read a feed together with the watchers that read it at the same moment.

        :param task: waits for it.
        :returns: what is new to this watcher.
        :raises PlatformError: when the feed cannot be read.
        """
        waiting = _Waiting(poll, self._loop.create_future())
        # It may be canceled between the error and its being raised.
        waiting.found.add_done_callback(lambda done: done.cancelled() or done.exception())
        group, seconds = poll.feed.group, task.gathering
        gathering = self._gathering.get(group)
        if gathering is None or gathering.timer.when() > self._loop.time() + seconds:
            timer = self._loop.call_later(seconds, self._end_gathering, group, task)
            if gathering is None:
                gathering = self._gathering[group] = _Gathering(timer)
            else:
                gathering.timer.cancel()
                gathering.timer = timer
        gathering.waiting.append(waiting)
        try:
            return await waiting.found
        except PlatformError as error:
            # Each of the watchers that get it adds its traceback.
            raise copy_of(error) from error.__cause__
        finally:
            read = self._reads.pop(waiting, None)
            if read is not None and read not in self._reads.values():
                # Nobody waits for it any more; or it has ended.
                read.cancel()

    # -- inside ----------------------------------------------------------------------------------

    def _end_gathering(self, group: Hashable, task: WaitingTask) -> None:
        waiting = [one for one in self._gathering.pop(group).waiting if not one.found.done()]
        for near in _near_each_other(waiting):
            read = self._polls.start(self._read(near, task))
            self._reads.update(dict.fromkeys(near, read))

    async def _read(self, near: Sequence[_Waiting], task: WaitingTask) -> None:
        try:
            await task.follow(read_together([one.poll for one in near]))
        except Exception as error:
            for one in near:
                if not one.found.done():
                    one.found.set_exception(error)
        else:
            for one in near:
                if not one.found.done():
                    one.found.set_result(one.poll.found)
        finally:
            for one in near:
                one.found.cancel()


def _near_each_other(waiting: Sequence[_Waiting]) -> Iterator[list[_Waiting]]:
    """Split watchers so that no window of a part begins more than :data:`BEHIND_MAX` before another one's."""
    part: list[_Waiting] = []
    for one in sorted(waiting, key=lambda one: one.poll.mark.since, reverse=True):
        if part and one.poll.mark.since < part[0].poll.mark.since - BEHIND_MAX:
            yield part
            part = []
        part.append(one)
    if part:
        yield part
