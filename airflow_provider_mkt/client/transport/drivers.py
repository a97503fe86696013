"""The two drivers that pump an exchange: one blocks, one awaits. Only they do I/O."""

from __future__ import annotations

import asyncio
import functools
import logging
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Generic, TypeVar

import httpx

from airflow_provider_mkt.client.ratelimit.budget import Budget
from airflow_provider_mkt.client.redaction import redact
from airflow_provider_mkt.client.transport.wire import (
    Acquire,
    Effect,
    NoAnswer,
    Request,
    Response,
    Send,
    Sleep,
    body_arguments,
)

T = TypeVar("T")
ClientT = TypeVar("ClientT", httpx.Client, httpx.AsyncClient)

CONNECT_TIMEOUT = 10.0
READ_MARGIN = 10.0
"""Seconds beyond the platform's own time limit, so that its own time-out answer comes first."""

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    # The request itself breaks HTTP, e.g. by a line break in the token.
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    httpx.ProxyError,
)


class _QuietUrls(logging.Filter):
    """Keeps tokens out of httpx's own log lines: the legacy calls know no other place for theirs."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        return True


_quiet_urls = _QuietUrls()


def _arguments(request: Request) -> dict[str, Any]:
    arguments = body_arguments(request.body)
    arguments["headers"] = {**arguments.get("headers", {}), **request.headers}
    if request.query:
        arguments["params"] = list(request.query)
    arguments["timeout"] = httpx.Timeout(request.timeout + READ_MARGIN, connect=CONNECT_TIMEOUT)
    return arguments


def _response(answer: httpx.Response) -> Response:
    return Response(answer.status_code, answer.headers, answer.content)


def _no_answer(failure: Exception) -> NoAnswer:
    # The text of a transport error may quote the URL.
    return NoAnswer(f"no answer ({type(failure).__name__})", sent=not isinstance(failure, _NEVER_SENT))


@functools.cache
def _tls() -> ssl.SSLContext:
    # Making one takes tens of milliseconds, which a triggerer's event loop does not have per trigger.
    return httpx.create_ssl_context()


def _settings() -> dict[str, Any]:
    logging.getLogger("httpx").addFilter(_quiet_urls)
    return {
        # Shorter than the platforms' own: a connection they close first would leave a call in doubt.
        "limits": httpx.Limits(max_connections=1, keepalive_expiry=4.0),
        "follow_redirects": False,
        "verify": _tls(),
        "headers": {"Accept": "application/json", "User-Agent": "airflow-provider-mkt"},
    }


class _Clients(Generic[ClientT]):
    """Lends each call under way a client, and so a connection, of its own.

    Calls that share a client's pool may close each other's connections: one closes as expired what another
    has just begun to send on, and that call is in doubt.
    """

    def __init__(self, make: Callable[[], ClientT]) -> None:
        self._make: Callable[[], ClientT] = make
        self._idle: deque[ClientT] = deque()

    @contextmanager
    def lend(self) -> Iterator[ClientT]:
        try:
            # The last one given back, whose connection is the least likely to have expired.
            client = self._idle.pop()
        except IndexError:
            client = self._make()
        try:
            yield client
        finally:
            self._idle.append(client)

    def take_out(self) -> Iterator[ClientT]:
        """Those that are idle, to be closed."""
        with suppress(IndexError):
            while True:
                yield self._idle.pop()


# Threads of their own: a budget that is held for long must not keep the loop's other work from its own.
_takers = ThreadPoolExecutor(2, thread_name_prefix="mkt-budget")


class SyncDriver:
    """Runs exchanges by blocking. May be used from several threads at once.

    :param budget: where places for calls are taken.
    :param sleep: how to wait, in seconds.
    """

    def __init__(self, budget: Budget, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._clients = _Clients(lambda: httpx.Client(**_settings()))
        self._budget = budget
        self.sleep = sleep

    def pump(self, exchange: Generator[Effect, Any, T]) -> T:
        """Do what the exchange asks for until it returns or raises."""
        answer: Any = None
        try:
            while True:
                effect = exchange.send(answer)
                match effect:
                    case Send(request, permit):
                        sent_at = time.monotonic()
                        answer = self._send(request)
                        if permit is not None:
                            self._budget.release(permit, time.monotonic() - sent_at)
                    case Acquire(quota, permit_id, seconds):
                        answer = self._budget.take(quota, permit_id, seconds)
                    case Sleep(seconds):
                        self.sleep(seconds)
                        answer = None
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            exchange.close()

    def _send(self, request: Request) -> Response | NoAnswer:
        try:
            with self._clients.lend() as client:
                return _response(client.request(request.method, request.url, **_arguments(request)))
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            return _no_answer(failure)

    def close(self) -> None:
        for client in self._clients.take_out():
            client.close()

    def __enter__(self) -> SyncDriver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncDriver:
    """Runs exchanges on an event loop, which it never blocks.

    :param budget: where places for calls are taken.
    :param sleep: how to wait, in seconds.
    """

    def __init__(self, budget: Budget, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._clients = _Clients(lambda: httpx.AsyncClient(**_settings()))
        self._budget = budget
        self.sleep = sleep

    async def pump(self, exchange: Generator[Effect, Any, T]) -> T:
        """Do what the exchange asks for until it returns or raises."""
        loop = asyncio.get_running_loop()
        answer: Any = None
        try:
            while True:
                effect = exchange.send(answer)
                match effect:
                    # A file lock may be held by another process for a moment, hence the threads.
                    case Send(request, permit):
                        answer = await self._send(request)
                        if permit is not None:
                            # A busy loop sends late and reads late: how long that took says nothing of when
                            # the call arrived, only that it had by now.
                            await loop.run_in_executor(_takers, self._budget.release, permit, 0.0)
                    case Acquire(quota, permit_id, seconds):
                        take = self._budget.take
                        answer = await loop.run_in_executor(_takers, take, quota, permit_id, seconds)
                    case Sleep(seconds):
                        await self.sleep(seconds)
                        answer = None
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            exchange.close()

    async def _send(self, request: Request) -> Response | NoAnswer:
        try:
            with self._clients.lend() as client:
                return _response(await client.request(request.method, request.url, **_arguments(request)))
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            return _no_answer(failure)

    async def aclose(self) -> None:
        for client in self._clients.take_out():
            await client.aclose()

    async def __aenter__(self) -> AsyncDriver:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
