"""The polls of all waiting tasks of a connection, read together where the platform can answer together.

There is one :class:`SharedPolls` for each connection's settings and event loop. A wait joins it as a
:class:`WaitingTask`, whose polls run as they are written; only their calls go through here. Three things save
calls: tasks with the same interval poll at the same moment; calls that are equal are run once; and calls that
a :class:`~airflow_provider_mkt.actions.batch_reads.BatchRead` knows become one.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import time
from collections.abc import AsyncIterator, Coroutine, Hashable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_mkt.client import jitter
from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Replay
from airflow_provider_mkt.client.errors import AuthenticationError, PlatformError, copy_of
from airflow_provider_mkt.client.transport.exchange import Reply
from airflow_provider_mkt.client.wording import counted

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.batch_reads import BatchRead, Rows
    from airflow_provider_mkt.actions.procedure import Pause, Procedure
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.triggers._shared_feeds import SharedFeeds

T = TypeVar("T")

_GATHERING_MAX = 1.0
"""Seconds for which a call waits at most for others that can be read together with it."""
_GATHERING_SHARE = 0.02
"""The same as a share of the interval between polls."""
_SHORTEST_PAUSE = 0.25
"""Share of the interval that passes at least between two polls of a task."""
_ALONE_FOR = 600.0
"""Seconds for which calls are run alone after a batch that the platform refused, or that saved nothing."""


@dataclass(eq=False)
class _PendingCall:
    """A call that one or more tasks wait for.

    :param response: its response.
    :param batch: how it is read together with others; None when it is run alone.
    :param ids: what it reads in a batch.
    :param waiting: how many tasks wait for it.
    :param batched: whether the response was made from that of a batch.
    """

    key: Hashable
    call: Call[Any]
    response: asyncio.Future[Envelope]
    batch: BatchRead | None
    ids: Sequence[str] = ()
    waiting: int = 0
    batched: bool = False


@dataclass
class _Gathering:
    """Calls that become batches when the timer ends."""

    batch: BatchRead
    timer: asyncio.TimerHandle
    pending: list[_PendingCall] = field(default_factory=list)


class SharedPolls:
    """Runs the calls of the polls of one connection's waiting tasks on one event loop.

    Their log lines, as of a retry, are the triggerer's and not those of one of the tasks.

    :param hook: runs the calls. It is closed with the last of the tasks.
    """

    def __init__(self, hook: MarketingHook) -> None:
        self.hook = hook
        self.users = 0
        self.began = time.monotonic() - jitter.between(0, 3600)
        """All polls are at multiples of their interval from here."""
        self._loop = asyncio.get_running_loop()
        self._open: dict[Hashable, _PendingCall] = {}
        self._gathering: dict[Hashable, _Gathering] = {}
        self._alone_until: dict[Hashable, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @cached_property
    def feeds(self) -> SharedFeeds:
        """Reads the feeds of watchers."""
        from airflow_provider_mkt.triggers._shared_feeds import SharedFeeds

        return SharedFeeds(self)

    async def read(
        self, call: Call[Any], batch_reads: Sequence[BatchRead], gathering: float
    ) -> tuple[Envelope, bool]:
        """Run a call, or wait for an equal one that runs.

        :param batch_reads: how it can be read together with others.
        :param gathering: seconds to wait for such others.
        :returns: its response, and whether it was made from that of a batch.
        """
        batch, ids = _batch_of(call, batch_reads)
        key = (_key(call), batch is None)
        pending = self._open.get(key)
        if pending is None:
            pending = _PendingCall(key, call, self._loop.create_future(), batch, ids)
            # Nobody may wait for it any more when it fails.
            pending.response.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._open[key] = pending
            self._begin(pending, gathering)
        pending.waiting += 1
        try:
            envelope = await asyncio.shield(pending.response)
        except PlatformError as error:
            # Each of the tasks that get it adds its traceback.
            raise copy_of(error) from error.__cause__
        finally:
            pending.waiting -= 1
        return envelope, pending.batched

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something that several tasks wait for. It is canceled when no task is left."""
        # Not in the context of the task that comes first, whose log would get the lines of all.
        task = self._loop.create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def aclose(self) -> None:
        """End all that runs here, once no task waits."""
        for gathering in self._gathering.values():
            gathering.timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.hook.aclose()

    # -- inside ----------------------------------------------------------------------------------

    def _begin(self, pending: _PendingCall, seconds: float) -> None:
        batch = pending.batch
        group = None if batch is None else (batch.call, batch.group(pending.call))
        if batch is None or self._alone_until.get(group, 0.0) > time.monotonic():
            self.start(self._run_alone(pending))
            return
        gathering = self._gathering.get(group)
        if gathering is None or gathering.timer.when() > self._loop.time() + seconds:
            timer = self._loop.call_later(seconds, self._end_gathering, group)
            if gathering is None:
                gathering = self._gathering[group] = _Gathering(batch, timer)
            else:
                gathering.timer.cancel()
                gathering.timer = timer
        gathering.pending.append(pending)

    def _end_gathering(self, group: Hashable) -> None:
        gathering = self._gathering.pop(group)
        wanted = [one for one in gathering.pending if one.waiting]
        for one in gathering.pending:
            if not one.waiting:
                # The tasks that waited for it were canceled.
                self._open.pop(one.key, None)
        for chunk in _chunks(wanted, gathering.batch.size):
            if len(chunk) == 1:
                self.start(self._run_alone(chunk[0]))
            else:
                self.start(self._run_batch(gathering.batch, group, chunk))

    async def _run_alone(self, pending: _PendingCall) -> None:
        try:
            envelope = (await self.hook.areply(pending.call)).envelope
        except BaseException as error:
            self._fail([pending], error)
        else:
            self._respond(pending, envelope)

    async def _run_batch(self, batch: BatchRead, group: Hashable, chunk: Sequence[_PendingCall]) -> None:
        calls = 0

        async def reply(call: Call[Any]) -> Reply[Any]:
            nonlocal calls
            calls += 1
            return await self.hook.areply(call)

        ids = list(dict.fromkeys(one for pending in chunk for one in pending.ids))
        rows: Rows = {}
        try:
            rows = await self.hook.afollow(batch.read(chunk[0].call, ids), reply=reply)
        except BaseException as error:
            if not _is_about_the_batch(error):
                self._fail(chunk, error)
                return
            self._run_alone_for_a_while(group, str(error))
        alone = [pending for pending in chunk if not self._respond_from(batch, pending, rows)]
        if rows and calls > len(chunk) - len(alone):
            self._run_alone_for_a_while(group, f"{counted(calls, 'call')} found {len(rows)} of {len(ids)}")
        for pending in alone:
            self.start(self._run_alone(pending))

    def _run_alone_for_a_while(self, group: Hashable, why: str) -> None:
        self._alone_until[group] = time.monotonic() + _ALONE_FOR
        self.hook.log.info("Polls are not read together for %.0f s: %s", _ALONE_FOR, why)

    def _respond_from(self, batch: BatchRead, pending: _PendingCall, rows: Rows) -> bool:
        """Answer a call from the rows of a batch. Returns False when it must be run alone."""
        try:
            envelope = batch.envelope(pending.ids, rows)
            if envelope is None:
                return False
            pending.call.read(envelope)
        except (ValueError, TypeError, LookupError, AttributeError):
            return False
        pending.batched = True
        self._respond(pending, envelope)
        return True

    def _respond(self, pending: _PendingCall, envelope: Envelope) -> None:
        self._open.pop(pending.key, None)
        if not pending.response.done():
            pending.response.set_result(envelope)

    def _fail(self, chunk: Sequence[_PendingCall], error: BaseException) -> None:
        """Raise an error in the tasks that wait. Each counts it against its own failing polls."""
        for pending in chunk:
            self._open.pop(pending.key, None)
            if pending.response.done():
                continue
            if isinstance(error, Exception):
                pending.response.set_exception(error)
            else:
                pending.response.cancel()
        if not isinstance(error, Exception):
            raise error


def _is_about_the_batch(error: BaseException) -> bool:
    """Whether calls may work although a batch of them does not: one id, or a permission, is wrong."""
    return isinstance(error, PlatformError) and error.permanent and not isinstance(error, AuthenticationError)


def _batch_of(call: Call[Any], batch_reads: Sequence[BatchRead]) -> tuple[BatchRead | None, Sequence[str]]:
    """Return how a call is read together with others, and what it reads."""
    for batch in batch_reads:
        if batch.call == call.name and (ids := batch.ids(call)):
            return batch, ids
    return None, ()


def _key(call: Call[Any]) -> Hashable:
    """Return what equal calls have in common."""
    body: Hashable = (
        json.dumps(call.body.value, sort_keys=True) if isinstance(call.body, JsonBody) else call.body
    )
    return call.name, call.route, call.query, call.headers, body


def _chunks(wanted: Sequence[_PendingCall], size: int) -> Iterator[list[_PendingCall]]:
    """Split calls so that those of each chunk read at most *size* ids."""
    chunk: list[_PendingCall] = []
    ids = 0
    for pending in wanted:
        if chunk and ids + len(pending.ids) > size:
            yield chunk
            chunk, ids = [], 0
        chunk.append(pending)
        ids += len(pending.ids)
    if chunk:
        yield chunk


class WaitingTask:
    """One waiting task's part of :class:`SharedPolls`.

    :param polls: of the task's connection.
    :param batch_reads: how its calls are read together with those of others.
    :param interval: seconds between two of its polls.
    """

    def __init__(self, polls: SharedPolls, batch_reads: Sequence[BatchRead], interval: float) -> None:
        self._polls = polls
        self._batch_reads = batch_reads
        self.gathering = min(_GATHERING_MAX, interval * _GATHERING_SHARE)
        """Seconds to wait for others that read the same."""
        self._alone = False
        self._batched = False

    async def follow(self, procedure: Procedure[T]) -> T:
        """Run a procedure that polls until its wait is over, and return its result."""
        return await self._polls.hook.afollow(procedure, reply=self._reply, pause=self._pause)

    def read_alone(self) -> bool:
        """Run the task's calls alone until its next pause.

        :returns: whether the last poll had a response that was made from that of a batch.
        """
        batched, self._batched = self._batched, False
        self._alone = self._alone or batched
        return batched

    async def _reply(self, call: Call[Any]) -> Reply[Any]:
        if call.replay is not Replay.SAFE:
            return await self._polls.hook.areply(call)
        batch_reads = () if self._alone else self._batch_reads
        envelope, batched = await self._polls.read(call, batch_reads, self.gathering)
        self._batched = self._batched or batched
        return Reply(call.read(envelope), envelope)

    async def _pause(self, pause: Pause) -> None:
        self._alone = self._batched = False
        seconds = pause.seconds
        if pause.together and seconds > 0:
            seconds = until_next(self._polls.began, seconds, time.monotonic())
        await asyncio.sleep(seconds)


def until_next(began: float, interval: float, now: float) -> float:
    """Return the seconds until the next multiple of an interval that is not too near.

    :param began: where the multiples are counted from.
    """
    seconds = interval - (now - began) % interval
    return seconds if seconds >= interval * _SHORTEST_PAUSE else seconds + interval


_shared: dict[asyncio.AbstractEventLoop, dict[str, SharedPolls]] = {}


@asynccontextmanager
async def shared_polls(conn_id: str) -> AsyncIterator[SharedPolls]:
    """Join the polls of a connection's tasks on the running loop.

    Connections with the same settings poll together; others do not, although their account may be the same:
    the platform may answer them differently.

    :raises InvalidInput: when the connection has another type, or does not describe an account.
    """
    from airflow_provider_mkt.hooks.base import ahook_for
    from airflow_provider_mkt.hooks.run_context import RunContext

    hook = await ahook_for(conn_id)
    loop = asyncio.get_running_loop()
    for gone in [other for other in _shared if other.is_closed()]:
        del _shared[gone]
    of_loop = _shared.setdefault(loop, {})
    polls = of_loop.get(hook.settings_digest)
    if polls is None:
        polls = of_loop[hook.settings_digest] = SharedPolls(hook.bind(RunContext(low_priority=True)))
    polls.users += 1
    try:
        yield polls
    finally:
        polls.users -= 1
        if polls.users == 0:
            del of_loop[hook.settings_digest]
            await polls.aclose()
