"""The ASGI application of a platform: read, route, admit, run, respond, and fail on demand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from airflow_provider_mkt.sandbox.server import control, pages
from airflow_provider_mkt.sandbox.server.call_log import RecordedCall
from airflow_provider_mkt.sandbox.server.connections import ConnectionReset, Connections, TruncatedResponse
from airflow_provider_mkt.sandbox.server.errors import ApiError, Crash, LimitExceeded
from airflow_provider_mkt.sandbox.server.faults import Fault
from airflow_provider_mkt.sandbox.server.origins import refusal_of
from airflow_provider_mkt.sandbox.server.platform import Platform
from airflow_provider_mkt.sandbox.server.requests import Request, StateT, TokenT
from airflow_provider_mkt.sandbox.server.responses import make_response
from airflow_provider_mkt.sandbox.server.routing import resolve_dot_segments
from airflow_provider_mkt.sandbox.server.turns import finish

NO_ROUTE = "(no route)"
log = logging.getLogger(__name__)


class _Outcome:
    """What the call log records about a request besides its status."""

    def __init__(self) -> None:
        self.refused_by: str | None = None
        self.fault: int | None = None
        self.error: str | None = None
        """Name of the documented error that a fault answered with."""


class PlatformApp(Generic[StateT, TokenT]):
    """The application of one platform.

    :param connections: the connections of the server that runs it.
    """

    def __init__(self, platform: Platform[StateT, TokenT], connections: Connections) -> None:
        self.platform = platform
        self.in_progress = 0
        """Requests that have begun to arrive and have not been answered."""
        self._connections = connections
        self._long_work: tuple[StateT, asyncio.Task[None]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.in_progress += 1
        try:
            content = await _read_body(receive)
            if content is not None:
                response = await self._respond(scope, content)
                await response(scope, receive, send)
        finally:
            self.in_progress -= 1

    async def _respond(self, scope: Scope, content: bytes) -> Response:
        platform = self.platform
        path = scope["path"] = resolve_dot_segments(scope["raw_path"].decode("latin-1"))
        is_page = path == "/" and scope["method"] == "GET"
        if is_page or path.startswith(control.PREFIX):
            refusal = refusal_of(Headers(scope=scope))
            if refusal is not None:
                return control.refuse(403, refusal)
        if is_page or control.shows_work(path):
            await self._do_due_work(platform.state)
        if path.startswith(control.PREFIX):
            return control.respond(platform, scope["method"], path, content, scope["query_string"])
        if is_page:
            return pages.respond(platform, scope["query_string"])
        request: Request[StateT, TokenT] = Request(
            scope,
            content,
            state=platform.state,
            clock=platform.clock,
            platform_url=platform.url,
            latency=platform.latency,
        )
        try:
            return await self._call(request)
        finally:
            await request.close()

    async def _call(self, request: Request[StateT, TokenT]) -> Response:
        """Respond to one API call and record it."""
        platform, loop = self.platform, asyncio.get_running_loop()
        began = loop.time()
        path = unquote(request.path).rstrip("/")
        outcome, status, error = _Outcome(), 0, None
        try:
            platform.rewrite(request)
            request.endpoint = platform.router.find(request.scope)
        except ApiError as raised:
            error = raised
        template = NO_ROUTE if error is not None else request.endpoint.template
        counters = platform.calls.begin(request.method, template)
        try:
            if error is None:
                response = await self._admit(request, path, outcome, began)
            else:
                response = await self._reject(request, path, outcome, error)
            status = response.status_code
            return response
        finally:
            record = RecordedCall(
                platform.clock.time(),
                request.method,
                path,
                template,
                status,
                loop.time() - began,
                outcome.refused_by,
                outcome.fault,
            )
            platform.calls.end(counters, record)

    async def _reject(
        self, request: Request[StateT, TokenT], path: str, outcome: _Outcome, error: ApiError
    ) -> Response:
        async def render() -> Response:
            return self.platform.render(error)

        return await self._with_faults(request.method, path, outcome, render)

    async def _admit(
        self, request: Request[StateT, TokenT], path: str, outcome: _Outcome, began: float
    ) -> Response:
        """Check size, token and limits, and run the endpoint when they allow it."""
        platform, endpoint = self.platform, request.endpoint
        # Every response shows what the background work has done until its request came.
        await self._do_due_work(request.state)
        try:
            platform.inspect(request)
            if endpoint.auth:
                request.authenticated_as(platform.authenticate(request))
            refusal = platform.limits.enter(platform.limit_key(request), endpoint.gates)
            if refusal is not None:
                outcome.refused_by = refusal.gate
                raise LimitExceeded(refusal)
        except ApiError as error:
            response = platform.render(error)
            platform.decorate(request, response)
            await self._wait_out_latency(began)
            return response

        async def run() -> Response:
            response = await self._run(request)
            platform.decorate(request, response)
            return response

        try:
            response = await self._with_faults(request.method, path, outcome, run)
            if outcome.error is not None and platform.is_free(outcome.error):
                platform.limits.give_back(platform.limit_key(request), endpoint.gates)
            # While the request still counts as in flight: slow responses are what fills concurrency.
            await self._wait_out_latency(began)
            return response
        finally:
            platform.limits.leave()

    async def _do_due_work(self, state: StateT) -> None:
        await finish(state.due_work())
        if self._long_work is not None:
            of, task = self._long_work
            if of is state and not task.done():
                return
            # A reset has replaced the state.
            task.cancel()
            self._long_work = None
        steps = state.long_work()
        if steps is not None:
            # It ends with the event loop.
            self._long_work = state, asyncio.create_task(finish(steps))

    async def _wait_out_latency(self, began: float) -> None:
        rest = self.platform.latency - (asyncio.get_running_loop().time() - began)
        if rest > 0:
            await asyncio.sleep(rest)

    async def _run(self, request: Request[StateT, TokenT]) -> Response:
        endpoint = request.endpoint
        try:
            self.platform.authorize(request)
            return await endpoint.handler(request)
        except ApiError as error:
            return self.platform.render(error)
        except Exception as error:
            log.exception("%s %s failed in the sandbox itself", request.method, endpoint.template)
            return self.platform.render(Crash(str(error)))

    async def _with_faults(
        self, method: str, path: str, outcome: _Outcome, run: Callable[[], Awaitable[Response]]
    ) -> Response:
        before = self.platform.faults.consume(method, path, "before")
        if before is not None:
            outcome.fault = before.id
            await asyncio.sleep(before.delay)
            if before.answer is not None:
                outcome.error = before.name
                return self._fault_response(before)
        response = await run()
        after = self.platform.faults.consume(method, path, "after")
        if after is not None:
            outcome.fault = after.id
            await asyncio.sleep(after.delay)
            if after.answer is not None and "cut" in after.answer:
                return TruncatedResponse(response, int(after.answer["cut"]), self._connections)
            if after.answer is not None:
                outcome.error = after.name
                return self._fault_response(after)
        return response

    def _fault_response(self, fault: Fault) -> Response:
        answer = fault.answer or {}
        response = None
        if fault.name is not None:
            response = self.platform.named_error(fault.name)
        elif "status" in answer:
            headers = dict(answer.get("headers") or {})
            response = make_response(int(answer["status"]), answer.get("body"), headers)
        return ConnectionReset(self._connections) if response is None else response


async def _read_body(receive: Receive) -> bytes | None:
    """Read the body, or return None when the client disconnects before its end."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)
