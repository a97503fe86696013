"""The two drivers that run an exchange: one blocks, one awaits. Only they do I/O."""

from __future__ import annotations

import asyncio
import functools
import logging
import math
import ssl
import time
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from airflow_provider_mkt.client.buffers import FileBuffer
from airflow_provider_mkt.client.call import Body, FileBody, FormBody, JsonBody, TextBody
from airflow_provider_mkt.client.errors import TaskCancelled
from airflow_provider_mkt.client.ratelimit.budget import Budget
from airflow_provider_mkt.client.ratelimit.store import SharedStateUnavailable
from airflow_provider_mkt.client.redaction import redact
from airflow_provider_mkt.client.transport.http_client import httpx
from airflow_provider_mkt.client.transport.permit_queue import PermitQueue
from airflow_provider_mkt.client.transport.platform import (
    Acquire,
    Effect,
    NoAnswer,
    Permit,
    Request,
    Response,
    Send,
    Sleep,
)

T = TypeVar("T")
ClientT = TypeVar("ClientT", httpx.Client, httpx.AsyncClient)

CONNECT_TIMEOUT = 10.0
READ_MARGIN = 10.0
"""Seconds added to the platform's own time limit, so that its own time-out answer arrives first."""

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    # The request itself is invalid HTTP, e.g. because of a line break in the token.
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    httpx.ProxyError,
)


class _RedactUrls(logging.Filter):
    """Keeps tokens out of httpx's own log lines: the legacy calls have theirs in the URL."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        return True


_redact_urls = _RedactUrls()


def _arguments(request: Request) -> dict[str, Any]:
    arguments = body_arguments(request.body)
    arguments["headers"] = {**arguments.get("headers", {}), **request.headers}
    if request.query:
        arguments["params"] = list(request.query)
    arguments["timeout"] = httpx.Timeout(request.timeout + READ_MARGIN, connect=CONNECT_TIMEOUT)
    return arguments


def _response(answer: httpx.Response) -> Response:
    content = answer.content
    # The stream refers back to its answer, so that only the garbage collector would free the content: several
    # large parts of a file would be in memory at the same time.
    answer.stream = httpx.ByteStream(b"")
    return Response(answer.status_code, answer.headers, content)


_BEGINNING = 65_536
"""Bytes of a part of a file that are examined for an error. A shorter one needs no buffer."""


def _response_of_part(answer: httpx.Response, buffer: FileBuffer) -> Response:
    part = buffer.content
    beginning = bytes(part[:_BEGINNING])
    return Response(
        answer.status_code, answer.headers, beginning, part if len(part) > len(beginning) else None
    )


def _no_answer(failure: Exception, url: str) -> NoAnswer:
    # The text of a transport error may quote the URL, of which only the host is no secret.
    host = urlsplit(url).netloc.rpartition("@")[2]
    return NoAnswer(
        f"no answer from {host} ({type(failure).__name__})", sent=not isinstance(failure, _NEVER_SENT)
    )


def body_arguments(body: Body | None) -> dict[str, Any]:
    """The keyword arguments with which httpx sends *body*."""
    match body:
        case None:
            return {}
        case JsonBody():
            return {"content": body.content, "headers": {"Content-Type": "application/json"}}
        case FormBody(pairs):
            data: dict[str, list[str]] = {}
            for name, value in pairs:
                data.setdefault(name, []).append(value)
            return {"data": data}
        case TextBody(text):
            return {"content": text.encode(), "headers": {"Content-Type": "text/plain; charset=utf-8"}}
        case FileBody(part, filename, content, content_type, pairs):
            return {"files": {part: (filename, content, content_type)}, "data": dict(pairs)}


@functools.cache
def tls() -> ssl.SSLContext:
    """Return the settings of TLS connections, which all clients share."""
    # Creating one takes tens of milliseconds, too long for a triggerer's event loop to spend on each trigger.
    return httpx.create_ssl_context()


def _settings() -> dict[str, Any]:
    logger = logging.getLogger(httpx.__name__)
    logger.addFilter(_redact_urls)
    # Airflow mutes a line for each request of httpx, and not those of httpx2.
    if httpx.__name__ == "httpx2" and logger.level == logging.NOTSET:
        logger.setLevel(logging.WARNING)
    return {
        # Shorter than the platforms' own: a connection that they close first makes a call ambiguous.
        "limits": httpx.Limits(max_connections=1, keepalive_expiry=4.0),
        "follow_redirects": False,
        "verify": tls(),
        "headers": {"Accept": "application/json", "User-Agent": "airflow-provider-mkt"},
    }


class _Clients(Generic[ClientT]):
    """Lends each call in flight a client, and so a connection, of its own.

    Calls that share a client's pool may close each other's connections: one closes as expired the connection
    on which another has just begun to send, and that call becomes ambiguous.
    """

    def __init__(self, make: Callable[[], ClientT]) -> None:
        self._make: Callable[[], ClientT] = make
        self._idle: deque[ClientT] = deque()

    @contextmanager
    def lend(self) -> Iterator[ClientT]:
        try:
            # The one returned last: its connection is the least likely to have expired.
            client = self._idle.pop()
        except IndexError:
            client = self._make()
        try:
            yield client
        finally:
            self._idle.append(client)

    def pop_idle(self) -> Iterator[ClientT]:
        """Remove the idle clients, to be closed."""
        with suppress(IndexError):
            while True:
                yield self._idle.pop()


def _close_idle(clients: _Clients[httpx.Client]) -> None:
    for client in clients.pop_idle():
        client.close()


class SyncDriver:
    """Runs exchanges by blocking. May be used from several threads at once.

    :param budget: grants the permits.
    :param sleep: waits so many seconds.
    """

    def __init__(self, budget: Budget, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._clients = _Clients(lambda: httpx.Client(**_settings()))
        self._budget = budget
        self.sleep = sleep
        # An operator's hook lives as long as its task, and nobody closes it. When the process ends, so do its
        # connections.
        weakref.finalize(self, _close_idle, self._clients).atexit = False

    def pump(self, exchange: Generator[Effect, Any, T]) -> T:
        """Perform the exchange's effects until it returns or raises."""
        answer: Any = None
        failure: Exception | None = None
        try:
            while True:
                effect = exchange.send(answer) if failure is None else exchange.throw(failure)
                answer, failure = None, None
                match effect:
                    case Send(request, permit, buffer):
                        sent_at = time.monotonic()
                        answer = self._send(request, buffer)
                        if permit is not None:
                            answered = not isinstance(answer, NoAnswer)
                            took = time.monotonic() - sent_at if answered else None
                            self._budget.release(permit, took)
                    case Acquire(quota, permit_id, seconds, _):
                        try:
                            answer = self._budget.take(quota, permit_id, seconds)
                        except SharedStateUnavailable as error:
                            failure = error
                    case Sleep(seconds):
                        try:
                            self.sleep(seconds)
                        except TaskCancelled as cancelled:
                            failure = cancelled
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            exchange.close()

    def _send(self, request: Request, buffer: FileBuffer | None) -> Response | NoAnswer:
        try:
            with self._clients.lend() as client:
                if buffer is None:
                    return _response(client.request(request.method, request.url, **_arguments(request)))
                buffer.clear()
                with client.stream(request.method, request.url, **_arguments(request)) as answer:
                    for block in answer.iter_bytes():
                        buffer.append(block)
                return _response_of_part(answer, buffer)
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            return _no_answer(failure, request.url)

    def close(self) -> None:
        _close_idle(self._clients)

    def __enter__(self) -> SyncDriver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


MAX_CONNECTIONS = 32
"""Connections that the calls of one event loop have to an account at most."""

_shared: dict[asyncio.AbstractEventLoop, dict[Budget, AsyncDriver]] = {}


class AsyncDriver:
    """Runs exchanges on an event loop, which it never blocks.

    :param budget: grants the permits.
    :param sleep: waits so many seconds.
    """

    def __init__(self, budget: Budget, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._clients = _Clients(lambda: httpx.AsyncClient(**_settings()))
        self._permits = PermitQueue(budget, max_in_flight=MAX_CONNECTIONS, sleep=sleep)
        self._budget = budget
        self._users = 1
        self.sleep = sleep
        self.loop: asyncio.AbstractEventLoop | None = None
        """The loop that it is shared on."""

    @classmethod
    def shared(cls, budget: Budget) -> AsyncDriver:
        """Return the driver of the running loop for an account. The last of its users closes it.

        So all calls of an account on a loop share their connections, and one queue for permits. Each user
        calls :meth:`aclose` once.
        """
        loop = asyncio.get_running_loop()
        for gone in [other for other in _shared if other.is_closed()]:
            del _shared[gone]
        drivers = _shared.setdefault(loop, {})
        if budget in drivers:
            drivers[budget]._users += 1
        else:
            drivers[budget] = cls(budget)
            drivers[budget].loop = loop
        return drivers[budget]

    async def pump(self, exchange: Generator[Effect, Any, T]) -> T:
        """Perform the exchange's effects until it returns or raises."""
        answer: Any = None
        failure: Exception | None = None
        granted: Permit | None = None
        """A permit whose request was not sent yet."""
        try:
            while True:
                effect = exchange.send(answer) if failure is None else exchange.throw(failure)
                answer, failure = None, None
                match effect:
                    case Send(request, None, buffer):
                        answer = await self._send(request, buffer)
                    case Send(request, Permit() as permit, buffer):
                        granted = None
                        answer = await self._send_with(request, permit, buffer)
                    case Acquire(quota, permit_id, seconds, max_wait):
                        acquire = self._permits.acquire if max_wait == math.inf else self._permits.try_now
                        try:
                            answer = await acquire(quota, permit_id, seconds)
                        except SharedStateUnavailable as error:
                            failure = error
                        granted = Permit(quota, permit_id, "") if answer == 0 else None
                    case Sleep(seconds):
                        await self.sleep(seconds)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            exchange.close()
            if granted is not None:
                self._permits.release(granted, None)

    async def _send_with(
        self, request: Request, permit: Permit, buffer: FileBuffer | None
    ) -> Response | NoAnswer:
        try:
            answer = await self._send(request, buffer)
        except BaseException:
            self._permits.forget()
            raise
        # A busy loop sends late and reads late, so the measured time does not say when the call arrived: only
        # that it had arrived by now.
        self._permits.release(permit, None)
        return answer

    async def _send(self, request: Request, buffer: FileBuffer | None) -> Response | NoAnswer:
        try:
            if not tls.cache_info().currsize:
                await asyncio.to_thread(tls)
            with self._clients.lend() as client:
                if buffer is None:
                    return _response(await client.request(request.method, request.url, **_arguments(request)))
                buffer.clear()
                async with client.stream(request.method, request.url, **_arguments(request)) as answer:
                    async for block in answer.aiter_bytes():
                        buffer.append(block)
                return _response_of_part(answer, buffer)
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            return _no_answer(failure, request.url)

    async def aclose(self) -> None:
        """Close the connections, unless the driver is shared and others use it."""
        self._users -= 1
        if self._users > 0:
            return
        drivers = _shared.get(asyncio.get_running_loop(), {})
        if drivers.get(self._budget) is self:
            del drivers[self._budget]
        await self._permits.aclose()
        for client in self._clients.pop_idle():
            await client.aclose()

    async def __aenter__(self) -> AsyncDriver:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
