"""Both drivers against a real server on a socket: same results, same errors."""

from __future__ import annotations

import asyncio
import gc
import http.server
import importlib
import json
import logging
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import pytest
from client_tools import PAT, a_call, hubspot, marketo
from pydantic import ValidationError

from airflow_provider_mkt.client.buffers import FileBuffer
from airflow_provider_mkt.client.call import (
    Call,
    FileBody,
    FormBody,
    JsonBody,
    Quota,
    Replay,
    Route,
    TextBody,
    path_params,
)
from airflow_provider_mkt.client.errors import (
    AuthenticationError,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PlatformError,
    RequestRefused,
    ServerUnavailable,
)
from airflow_provider_mkt.client.hubspot.automation import legacy
from airflow_provider_mkt.client.ratelimit.budget import SharedBudget
from airflow_provider_mkt.client.ratelimit.sqlite import SQLiteStore
from airflow_provider_mkt.client.transport import drivers
from airflow_provider_mkt.client.transport.drivers import AsyncDriver, SyncDriver
from airflow_provider_mkt.client.transport.exchange import RetryPolicy, Session, TokenCell, exchange
from airflow_provider_mkt.client.transport.http_client import httpx
from airflow_provider_mkt.client.transport.platform import (
    Acquire,
    Effect,
    NoAnswer,
    Permit,
    Platform,
    Rate,
    Request,
    Response,
    Send,
)

httpcore: Any = importlib.import_module("httpcore2" if httpx.__name__ == "httpx2" else "httpcore")

CALLS = Quota.CALLS
CALL = a_call(route=Route("POST", "contacts", "/ok"))


FILE = bytes(range(256)) * 4_000


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(socketserver.StreamRequestHandler):
    """One request per connection; what is answered is in the last segment of the path."""

    server: Server

    def handle(self) -> None:
        line = self.rfile.readline().decode()
        if not line.strip():
            return
        headers: dict[str, str] = {}
        while (header := self.rfile.readline().decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.server.seen.append((line.strip(), headers, body))
        what = urlsplit(line.split()[1]).path.rsplit("/", 1)[-1]
        match what:
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                self.connection.close()
            case "hangup":
                return
            case "slow":
                time.sleep(1.5)
            case "garbage":
                self.wfile.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
            case "short":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
            case "file":
                # The first answer ends too early.
                missing = len(FILE) // 2 * (len(self.server.seen) == 1)
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(FILE))
                self.wfile.write(FILE[missing:])
            case "badgzip":
                self.reply(200, b"not gzip", "Content-Encoding: gzip\r\n")
            case "html":
                self.reply(200, b"<html>")
            case "token":
                self.reply(200, b'{"access_token": "token-one", "expires_in": 3599}')
            case "redirect":
                self.reply(302, b"", "Location: /stolen\r\n")
            case status if status.isdigit():
                self.reply(int(status), json.dumps({"message": f"because {status}"}).encode())
            case _:
                self.reply(200, b'{"success": true, "result": "fine"}')

    def reply(self, status: int, body: bytes, headers: str = "") -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
        self.wfile.write(head.encode() + body)


ServerT = TypeVar("ServerT", bound=socketserver.BaseServer)


@contextmanager
def serving(server: ServerT) -> Iterator[ServerT]:
    with server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as running:
        yield running


@pytest.fixture
def budget(tmp_path: Path) -> SharedBudget:
    return SharedBudget(SQLiteStore(tmp_path / "budget.sqlite"), {CALLS: Rate(1000, 10)})


def outcome(
    call: Call[Any], platform: Platform, budget: SharedBudget, *, on_a_loop: bool, **policy: Any
) -> Any:
    """The value or the error of one call, by one of the drivers."""
    session = Session(
        platform,
        policy=RetryPolicy(**({"max_elapsed": 0.0, "max_ambiguous_retries": 0} | policy)),
        tokens=TokenCell(),
    )

    async def on_loop() -> Any:
        async with AsyncDriver(budget) as driver:
            return await driver.pump(exchange(call, session))

    try:
        if on_a_loop:
            return asyncio.run(on_loop()).value
        with SyncDriver(budget) as driver:
            return driver.pump(exchange(call, session)).value
    except PlatformError as error:
        return error


def both(call: Call[Any], platform: Platform, budget: SharedBudget, **policy: Any) -> tuple[Any, Any]:
    blocking = outcome(call, platform, budget, on_a_loop=False, **policy)
    return blocking, outcome(call, platform, budget, on_a_loop=True, **policy)


@pytest.mark.parametrize("on_a_loop", [False, True])
def test_a_file_that_broke_off_is_read_into_its_buffer_anew(
    server: Server, budget: SharedBudget, *, on_a_loop: bool
) -> None:
    buffer = FileBuffer(1_000)
    call = at("file", file=True, buffer=buffer, replay=Replay.SAFE, read=lambda envelope: envelope["content"])
    once_more = {"max_ambiguous_retries": 1, "max_elapsed": 60.0, "base": 0.01}
    read = outcome(call, hubspot(base_url=server.url), budget, on_a_loop=on_a_loop, **once_more)
    assert isinstance(read, memoryview), read
    assert bytes(read) == FILE == bytes(buffer.content)
    assert len(server.seen) == 2


@pytest.mark.parametrize("what", ["404", "401", "html"])
def test_an_answer_that_is_no_file_is_the_same_with_a_buffer(
    server: Server, budget: SharedBudget, what: str
) -> None:
    plain = at(what, file=True, replay=Replay.SAFE, read=lambda envelope: envelope["content"])
    found = both(plain, hubspot(base_url=server.url), budget)
    with_buffer = both(replace(plain, buffer=FileBuffer(1_000)), hubspot(base_url=server.url), budget)
    assert list(map(repr, with_buffer)) == list(map(repr, found))


def at(what: str, **changes: Any) -> Call[Any]:
    return replace(CALL, route=Route("POST", "contacts", f"/{what}"), **changes)


class TestBothDrivers:
    @pytest.mark.parametrize("make", [hubspot, marketo])
    def test_give_the_same_result(self, server: Server, budget: SharedBudget, make) -> None:
        call = CALL if make is hubspot else a_call()
        assert both(call, make(base_url=server.url), budget) == ("fine", "fine")

    @pytest.mark.parametrize(
        ("what", "error", "ambiguous"),
        [
            ("400", InvalidRequest, False),
            ("401", AuthenticationError, False),
            ("404", NotFound, False),
            ("503", ServerUnavailable, True),
            ("521", ServerUnavailable, False),
            ("redirect", RequestRefused, False),
            ("reset", ServerUnavailable, True),
            ("hangup", ServerUnavailable, True),
            ("slow", ServerUnavailable, True),
            ("garbage", ServerUnavailable, True),
            ("short", ServerUnavailable, True),
            ("badgzip", ServerUnavailable, True),
            ("html", ServerUnavailable, True),
        ],
    )
    def test_give_the_same_error(
        self, server: Server, budget: SharedBudget, monkeypatch, what: str, error: type, ambiguous: bool
    ) -> None:
        monkeypatch.setattr(drivers, "READ_MARGIN", 0.0)
        platform = hubspot(base_url=server.url)
        for replay in (Replay.SAFE, Replay.NEVER):
            timeout = 0.3 if what == "slow" else 120
            blocking, looped = both(at(what, replay=replay, timeout=timeout), platform, budget)
            expected = OutcomeUnknown if ambiguous and replay is Replay.NEVER else error
            assert type(blocking) is type(looped) is expected
            assert str(blocking) == str(looped)
        assert len(server.seen) == 4, "each was sent once"

    def test_a_refused_connection_was_never_sent(self, budget: SharedBudget) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            for error in both(replace(CALL, replay=Replay.NEVER), hubspot(base_url=url), budget):
                assert type(error) is ServerUnavailable
                assert error.message == f"no answer from {url.removeprefix('http://')} (ConnectError)"

    def test_white_space_around_a_pasted_token_is_stripped(
        self, server: Server, budget: SharedBudget
    ) -> None:
        platform = hubspot(base_url=server.url, access_token=f" {PAT}\n")
        assert both(replace(CALL, replay=Replay.NEVER), platform, budget) == ("fine", "fine")

    def test_a_token_of_two_lines_is_refused_before_anything_is_sent(self) -> None:
        with pytest.raises(ValidationError, match="one line without spaces") as refused:
            hubspot(access_token=f"{PAT}\n{PAT}")
        assert PAT not in str(refused.value)

    def test_a_token_is_fetched_by_a_form(self, server: Server, budget: SharedBudget) -> None:
        assert both(a_call(), marketo(base_url=server.url), budget) == ("fine", "fine")
        line, headers, body = server.seen[0]
        assert line == "POST /identity/oauth/token HTTP/1.1"
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        assert dict(parse_qsl(body.decode()))["grant_type"] == "client_credentials"
        assert server.seen[1][1]["authorization"] == "Bearer token-one"

    def test_a_redirect_is_not_followed_with_the_token(self, server: Server, budget: SharedBudget) -> None:
        for error in both(at("redirect"), hubspot(base_url=server.url), budget):
            assert error.permanent
            assert "redirected to /stolen;" in error.message
        assert not any("stolen" in line for line, _, _ in server.seen)

    def test_waits_go_to_sleep_and_permits_come_from_the_budget(self, server: Server) -> None:
        class Permits:
            def __init__(self) -> None:
                self.answers = [0.25, 0.0]
                self.requested: list[Quota] = []

            def take(self, quota: Quota, permit_id: str = "", seconds: float = 30.0) -> float:
                self.requested.append(quota)
                return self.answers.pop(0)

            def learn(self, quota: Quota, rate: Rate) -> None: ...

            def release(self, permit: Permit, took: float | None) -> None: ...

            def refused(self, quota: Quota, at_most: float) -> None: ...

        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        async def looped() -> Any:
            async with AsyncDriver(Permits(), sleep=sleep) as driver:
                return await driver.pump(exchange(CALL, Session(hubspot(base_url=server.url))))

        permits = Permits()
        with SyncDriver(permits, sleep=slept.append) as driver:
            assert driver.pump(exchange(CALL, Session(hubspot(base_url=server.url)))).value == "fine"
        assert permits.requested == [CALLS, CALLS]
        assert asyncio.run(looped()).value == "fine"
        assert slept == [0.25, 0.25]

    def test_a_late_read_on_a_busy_loop_does_not_count_as_latency_of_the_platform(
        self, server: Server, tmp_path: Path
    ) -> None:
        class Recording(SharedBudget):
            def release(self, permit: Permit, took: float | None) -> None:
                reported.append(took)

        reported: list[float | None] = []

        async def busy() -> None:
            async with AsyncDriver(
                Recording(SQLiteStore(tmp_path / "b.sqlite"), {CALLS: Rate(9, 9)})
            ) as driver:
                session = Session(hubspot(base_url=server.url))
                waiting = asyncio.create_task(driver.pump(exchange(CALL, session)))
                while not server.seen:  # noqa: ASYNC110 - the server is a thread
                    await asyncio.sleep(0)
                time.sleep(0.5)  # noqa: ASYNC251 - other work that keeps the loop
                await waiting

        asyncio.run(busy())
        assert reported == [None]

    @pytest.mark.parametrize("on_a_loop", [False, True])
    def test_an_exchange_is_closed_when_its_driver_fails(self, on_a_loop: bool) -> None:
        class Broken:
            def take(self, quota: Quota, permit_id: str = "", seconds: float = 30.0) -> float:
                raise OSError("disk full")

            def learn(self, quota: Quota, rate: Rate) -> None: ...

            def release(self, permit: Permit, took: float | None) -> None: ...

            def refused(self, quota: Quota, at_most: float) -> None: ...

        closed: list[bool] = []

        def steps() -> Any:
            try:
                yield Acquire(CALLS)
            finally:
                closed.append(True)

        async def looped() -> None:
            async with AsyncDriver(Broken()) as driver:
                await driver.pump(steps())

        def blocking() -> None:
            SyncDriver(Broken()).pump(steps())

        with pytest.raises(OSError, match="disk full"):
            asyncio.run(looped()) if on_a_loop else blocking()
        assert closed == [True]


class TestWhatIsSent:
    def sent(
        self, server: Server, budget: SharedBudget, call: Call[Any]
    ) -> tuple[str, dict[str, str], bytes]:
        both(call, hubspot(base_url=server.url), budget)
        (line, headers, body), (line_too, headers_too, body_too) = server.seen
        assert line == line_too
        if "multipart" not in headers["content-type"]:
            assert (headers["content-type"], body) == (headers_too["content-type"], body_too)
        return line, headers, body

    def test_json(self, server: Server, budget: SharedBudget) -> None:
        _, headers, body = self.sent(server, budget, at("ok", body=JsonBody({"a": ["ü", None]})))
        assert headers["content-type"] == "application/json"
        assert body == '{"a":["ü",null]}'.encode()

    def test_a_form_with_a_repeated_name(self, server: Server, budget: SharedBudget) -> None:
        pairs = (("a", "1 &="), ("b", "ü"), ("a", "2"))
        _, headers, body = self.sent(server, budget, at("ok", body=FormBody(pairs)))
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        assert sorted(parse_qsl(body.decode())) == sorted(pairs)

    def test_bare_text(self, server: Server, budget: SharedBudget) -> None:
        _, headers, body = self.sent(server, budget, at("ok", body=TextBody("0" * 32)))
        assert headers["content-type"].startswith("text/plain")
        assert body == b"0" * 32

    def test_a_file(self, server: Server, budget: SharedBudget) -> None:
        content = b"email\njane@example.com\n"
        call = at("ok", body=FileBody("file", "leads.csv", content, "text/csv", (("format", "csv"),)))
        _, headers, body = self.sent(server, budget, call)
        assert headers["content-type"].startswith("multipart/form-data; boundary=")
        assert b'name="file"; filename="leads.csv"\r\nContent-Type: text/csv\r\n\r\n' + content in body
        assert b'name="format"\r\n\r\ncsv' in body

    def test_path_values_arrive_as_they_were_encoded(self, server: Server, budget: SharedBudget) -> None:
        value = "a/b?c#d%2F+é @x"
        route = Route("POST", "contacts", "/{id}/ok", path_params(id=value))
        line, _, _ = self.sent(server, budget, replace(CALL, route=route))
        assert line.split()[1] == "/crm/objects/2026-09/contacts/a%2Fb%3Fc%23d%252F%2B%C3%A9%20%40x/ok"

    def test_a_repeated_query_name_arrives_repeated_and_in_order(
        self, server: Server, budget: SharedBudget
    ) -> None:
        query = (("id", "1"), ("after", "a+b/c=="), ("id", "2"), ("name", "x & y"))
        line, _, _ = self.sent(server, budget, replace(CALL, query=query))
        arrived = parse_qsl(urlsplit(line.split()[1]).query)
        assert sorted(arrived) == sorted(query)
        assert [value for name, value in arrived if name == "id"] == ["1", "2"]


class TestLogs:
    def test_the_token_of_a_legacy_call_is_not_in_the_log(
        self, server: Server, budget: SharedBudget, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        # Airflow quietens this one, and is imported by other tests of the process.
        caplog.set_level(logging.DEBUG, logger=httpx.__name__)
        platform = hubspot(base_url=server.url, legacy_calls=True)
        call = legacy.enrol_in_nurture("c-1", "0" * 32)
        assert both(call, platform, budget) == (None, None)
        assert all(f"access_token={PAT}" in line for line, _, _ in server.seen)
        lines = [record.getMessage() for record in caplog.records]
        assert sum("/nurture/v1/campaign/c-1/add" in line for line in lines) == 2
        assert PAT not in "\n".join(lines)
        assert PAT not in caplog.text


HOLD = """
import fcntl, select, sys
lock = open(sys.argv[1])
fcntl.flock(lock, fcntl.LOCK_EX)
print("holding", flush=True)
select.select([sys.stdin], [], [], 3)
"""


def test_the_loop_is_not_blocked_while_another_process_holds_the_budget(
    server: Server, budget: SharedBudget
) -> None:
    assert isinstance(budget.store, SQLiteStore)
    lock_file = f"{budget.store.path}.lock"
    budget.take(CALLS)
    longest, finished_early = 0.0, False
    headers = {"X-HubSpot-RateLimit-Max": "190", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000"}

    class Stating(type(hubspot())):  # type: ignore[misc]
        """States a rate in every answer, so that learning happens while the file is held."""

        def observed_rate(self, call: Call[Any], response: Response) -> Rate | None:
            return super().observed_rate(call, Response(response.status, headers, response.content))

    async def beat() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - began)

    async def main() -> list[Any]:
        nonlocal finished_early, longest
        free = replace(CALL, quota=Quota.FREE)
        session = Session(
            Stating(hubspot(base_url=server.url).account), learn=lambda _, rate: budget.learn(CALLS, rate)
        )
        async with AsyncDriver(budget) as driver:
            await driver.pump(exchange(free, session))
            with subprocess.Popen(  # noqa: ASYNC220 - the loop is not measured yet
                [sys.executable, "-c", HOLD, lock_file],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            ) as holder:
                assert holder.stdout is not None
                assert holder.stdin is not None
                await asyncio.to_thread(holder.stdout.readline)
                heart = asyncio.create_task(beat())
                waiting = [asyncio.create_task(driver.pump(exchange(CALL, session))) for _ in range(3)]
                await asyncio.sleep(0.1)
                longest = 0.0
                for _ in range(3):
                    assert (await driver.pump(exchange(free, session))).value == "fine"
                    budget.learn(CALLS, Rate(180, 10.0))
                await asyncio.sleep(0.3)
                finished_early = any(task.done() for task in waiting)
                longest_while_held = longest
                holder.stdin.close()
                replies = await asyncio.gather(*waiting)
                heart.cancel()
        longest = longest_while_held
        return replies

    replies = asyncio.run(main())
    assert [reply.value for reply in replies] == ["fine"] * 3
    assert not finished_early, "the file was not held"
    # One that waits for the file does so for all that time.
    assert longest < 1.0


def test_a_cancelled_exchange_releases_the_token_lock(server: Server, budget: SharedBudget) -> None:
    cell = TokenCell()

    async def main() -> None:
        async with AsyncDriver(budget) as driver:
            session = Session(marketo(base_url=server.url + "/identity"), tokens=cell)
            slow = exchange(a_call(), session)
            task = asyncio.create_task(driver.pump(slow))
            await asyncio.sleep(0)
            assert cell.refreshing.locked()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert not cell.refreshing.locked()


def test_one_sync_driver_serves_many_threads(server: Server, budget: SharedBudget) -> None:
    results: list[Any] = []
    session = Session(marketo(base_url=server.url), tokens=TokenCell())
    with SyncDriver(budget) as driver:
        workers = [
            threading.Thread(target=lambda: results.append(driver.pump(exchange(a_call(), session)).value))
            for _ in range(12)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert results == ["fine"] * 12
    assert sum("/identity/" in line for line, _, _ in server.seen) == 1


class LongServer(http.server.ThreadingHTTPServer):
    """Keeps connections open, and tells them apart."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), LongHandler)
        self.connections: list[str] = []
        self.arrived = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class LongHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LongServer

    def do_GET(self) -> None:
        self.server.connections.append(f"{self.path} {self.client_address[1]}")
        if self.path == "/slow":
            self.server.arrived.set()
            time.sleep(1.0)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def long_server() -> Iterator[LongServer]:
    with serving(LongServer()) as running:
        yield running


def get(url: str) -> Generator[Effect, Any, Any]:
    return (yield Send(Request("GET", url), None))


def test_a_call_does_not_close_the_connection_on_which_another_is_about_to_send(
    long_server: LongServer, budget: SharedBudget, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_states = threading.Event()
    expired, handle = httpcore.HTTP11Connection.has_expired, httpcore.HTTP11Connection.handle_request

    def has_expired(connection: Any) -> bool:
        if threading.current_thread().name != "second":
            return expired(connection)
        # It has just expired, and is closed a moment too late.
        job_states.set()
        assert long_server.arrived.wait(5)
        return True

    def handle_request(connection: Any, request: Any) -> Any:
        if request.url.target == b"/slow":
            second.start()
            job_states.wait(0.5)
        return handle(connection, request)

    with SyncDriver(budget) as driver:
        second = threading.Thread(target=lambda: driver.pump(get(f"{long_server.url}/second")), name="second")
        driver.pump(get(f"{long_server.url}/first"))
        monkeypatch.setattr(httpcore.HTTP11Connection, "has_expired", has_expired)
        monkeypatch.setattr(httpcore.HTTP11Connection, "handle_request", handle_request)
        answer = driver.pump(get(f"{long_server.url}/slow"))
        second.join()
    assert isinstance(answer, Response), answer
    assert sorted(line.split()[0] for line in long_server.connections) == ["/first", "/second", "/slow"]


@pytest.mark.parametrize("on_a_loop", [False, True])
def test_consecutive_calls_share_a_connection_and_concurrent_ones_do_not(
    long_server: LongServer, budget: SharedBudget, *, on_a_loop: bool
) -> None:
    urls = [f"{long_server.url}/{path}" for path in ("one", "two", "slow", "slow", "slow", "three")]

    async def on_loop() -> None:
        async with AsyncDriver(budget) as driver:
            for url in urls[:2]:
                await driver.pump(get(url))
            await asyncio.gather(*(driver.pump(get(url)) for url in urls[2:5]))
            await driver.pump(get(urls[5]))

    if on_a_loop:
        asyncio.run(on_loop())
    else:
        with SyncDriver(budget) as driver, ThreadPoolExecutor(3) as pool:
            for url in urls[:2]:
                driver.pump(get(url))
            list(pool.map(lambda url: driver.pump(get(url)), urls[2:5]))
            driver.pump(get(urls[5]))
    used = [line.split() for line in long_server.connections]
    assert used[0][1] == used[1][1]
    assert len({port for path, port in used if path == "/slow"}) == 3
    assert len({port for _, port in used}) == 3


@pytest.mark.parametrize("on_a_loop", [False, True])
def test_an_answer_is_freed_without_the_garbage_collector(
    long_server: LongServer, budget: SharedBudget, *, on_a_loop: bool
) -> None:
    def answers() -> set[int]:
        return {id(one) for one in gc.get_objects() if type(one) is httpx.Response}

    async def on_loop() -> None:
        async with AsyncDriver(budget) as driver:
            await driver.pump(get(f"{long_server.url}/one"))

    gc.collect()
    before = answers()
    gc.disable()
    try:
        if on_a_loop:
            asyncio.run(on_loop())
        else:
            with SyncDriver(budget) as driver:
                driver.pump(get(f"{long_server.url}/one"))
        assert answers() <= before
    finally:
        gc.enable()


def test_unknown_transport_failures_count_as_sent() -> None:
    url = "https://user:secret@localhost:1/path?access_token=secret"
    expected = NoAnswer("no answer from localhost:1 (ReadError)", sent=True)
    assert drivers._no_answer(httpx.ReadError("x"), url) == expected
    assert drivers._no_answer(httpx.WriteTimeout("x"), url).sent
    assert not drivers._no_answer(httpx.ConnectTimeout("x"), url).sent
