"""The ASGI application of one platform: read, route, admit, work, answer, and fail where told to."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Generic
from urllib.parse import unquote

from starlette.datastructures import Headers

from airflow_provider_mkt.sandbox.server import control
from airflow_provider_mkt.sandbox.server import pages as page
from airflow_provider_mkt.sandbox.server.call_log import NO_ANSWER, RecordedCall
from airflow_provider_mkt.sandbox.server.errors import ApiError, Crash, LimitExceeded
from airflow_provider_mkt.sandbox.server.faults import Fault
from airflow_provider_mkt.sandbox.server.platform import Platform
from airflow_provider_mkt.sandbox.server.requests import Incoming, Query, Request, StateT, TokenT
from airflow_provider_mkt.sandbox.server.responses import Reply
from airflow_provider_mkt.sandbox.server.routing import Route, tidy

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

NO_ROUTE = "(no route)"
log = logging.getLogger(__name__)


class _Call:
    """What becomes of one call, for the log."""

    def __init__(self) -> None:
        self.refused_by: str | None = None
        self.fault: int | None = None
        self.error: str | None = None


class PlatformApp(Generic[StateT, TokenT]):
    """Serves one platform."""

    def __init__(self, platform: Platform[StateT, TokenT]) -> None:
        self.platform = platform

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        incoming = await _read(scope, receive)
        if incoming is None:
            return
        if incoming.raw_path.startswith(control.PREFIX):
            reply: Reply | None = control.answer(self.platform, incoming)
        elif incoming.raw_path == "/" and incoming.method == "GET":
            reply = page.answer(self.platform)
        else:
            reply = await self._serve(incoming)
        if reply is None:
            await _abort(receive)
            return
        headers, content = reply.encode()
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if reply.cut is None or reply.cut >= len(content):
            await send({"type": "http.response.body", "body": content})
            return
        await send({"type": "http.response.body", "body": content[: reply.cut], "more_body": True})
        _transport(receive).close()
        await _until_disconnected(receive)

    async def _serve(self, incoming: Incoming) -> Reply | None:
        """Answer one API call; None means that the connection is to be cut."""
        platform, clock = self.platform, self.platform.clock
        began = asyncio.get_running_loop().time()
        path = unquote(incoming.raw_path).rstrip("/")
        call, status = _Call(), NO_ANSWER
        found: tuple[Route[StateT, TokenT], dict[str, str]] | ApiError
        try:
            incoming = platform.rewrite(incoming)
            found = platform.tree.find(incoming.method, incoming.raw_path)
        except ApiError as error:
            found = error
        template = NO_ROUTE if isinstance(found, ApiError) else found[0].template
        counters = platform.calls.begin(incoming.method, template)
        try:
            if isinstance(found, ApiError):
                unroutable = found

                async def refuse() -> Reply:
                    return platform.render(unroutable, None)

                reply = await self._with_faults(incoming.method, path, call, refuse)
            else:
                reply = await self._admit(self._request(incoming, *found), path, call, began)
            status = NO_ANSWER if reply is None else reply.status
            return reply
        finally:
            seconds = asyncio.get_running_loop().time() - began
            record = RecordedCall(
                clock.time(), incoming.method, path, template, status, seconds, call.refused_by, call.fault
            )
            platform.calls.end(counters, record)

    def _request(
        self, incoming: Incoming, route: Route[StateT, TokenT], path: dict[str, str]
    ) -> Request[StateT, TokenT]:
        worked = False

        async def work() -> None:
            # Even without latency other calls get their turn here, as they would on a real platform.
            nonlocal worked
            await asyncio.sleep(0 if worked else self.platform.latency)
            worked = True

        return Request(
            incoming,
            route=route,
            path=path,
            state=self.platform.state,
            clock=self.platform.clock,
            base_url=self.platform.url,
            work=work,
        )

    async def _take_the_rest(self, began: float) -> None:
        rest = self.platform.latency - (asyncio.get_running_loop().time() - began)
        if rest > 0:
            await asyncio.sleep(rest)

    async def _admit(
        self, request: Request[StateT, TokenT], path: str, call: _Call, began: float
    ) -> Reply | None:
        platform = self.platform
        try:
            platform.inspect(request)
            if request.route.auth:
                request.authenticated_as(platform.authenticate(request))
            refusal = platform.limits.enter(platform.limit_key(request), request.route.gates)
            if refusal is not None:
                call.refused_by = refusal.gate
                raise LimitExceeded(refusal)
        except ApiError as error:
            reply = platform.render(error, request)
            platform.decorate(request, reply)
            await self._take_the_rest(began)
            return reply

        async def work() -> Reply:
            reply = await self._work(request)
            platform.decorate(request, reply)
            return reply

        try:
            reply_or_cut = await self._with_faults(request.method, path, call, work)
            if call.error is not None and platform.is_free(call.error):
                platform.limits.give_back(platform.limit_key(request), request.route.gates)
            # Waited out while the call still has its place: slow answers are what fills concurrency.
            await self._take_the_rest(began)
            return reply_or_cut
        finally:
            platform.limits.leave()

    async def _work(self, request: Request[StateT, TokenT]) -> Reply:
        try:
            self.platform.authorize(request)
            return await request.route.handler(request)
        except ApiError as error:
            return self.platform.render(error, request)
        except Exception as error:
            log.exception("%s %s failed in the sandbox itself", request.method, request.route.template)
            return self.platform.render(Crash(str(error)), request)

    async def _with_faults(
        self, method: str, path: str, call: _Call, work: Callable[[], Awaitable[Reply]]
    ) -> Reply | None:
        before = self.platform.faults.take(method, path, "before")
        if before is not None:
            call.fault = before.id
            await asyncio.sleep(before.delay)
            if before.answer is not None:
                call.error = before.name
                return self._fault_reply(before)
        reply = await work()
        after = self.platform.faults.take(method, path, "after")
        if after is not None:
            call.fault = after.id
            await asyncio.sleep(after.delay)
            if after.answer is not None and "cut" in after.answer:
                reply.cut = int(after.answer["cut"])
            elif after.answer is not None:
                call.error = after.name
                return self._fault_reply(after)
        return reply

    def _fault_reply(self, fault: Fault) -> Reply | None:
        answer = fault.answer or {}
        if fault.name is not None:
            return self.platform.named_error(fault.name)
        if "status" in answer:
            return Reply(int(answer["status"]), answer.get("body"), dict(answer.get("headers") or {}))
        return None


async def _read(scope: Message, receive: Receive) -> Incoming | None:
    """The whole call, or None when the client left before it was sent."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return Incoming(
        method=scope["method"],
        raw_path=tidy(raw_path.decode("latin-1")),
        query=Query.parse(query.decode("latin-1")),
        headers=Headers(raw=scope["headers"]),
        body=bytes(body),
        target_length=len(raw_path) + (len(query) + 1 if query else 0),
    )


async def _abort(receive: Receive) -> None:
    """Cut the TCP connection with a reset, as a dying gateway does."""
    transport = _transport(receive)
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        # The client may be gone already.
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _until_disconnected(receive)


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(receive: Receive) -> asyncio.Transport:
    # ASGI has no word for this; the bound method's owner is the server's cycle, which holds the transport.
    transport: asyncio.Transport = receive.__self__.transport  # type: ignore[attr-defined]
    return transport
