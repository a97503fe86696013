"""Run both platforms in one process, each on its own loopback port."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Literal, Self

from airflow_provider_mkt.sandbox.hubspot.platform import HubSpot
from airflow_provider_mkt.sandbox.marketo.platform import Marketo
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.http_server import HTTPServer
from airflow_provider_mkt.sandbox.server.platform import AnyPlatform

HOST = "127.0.0.1"
START_TIMEOUT = 60.0


class Sandbox:
    """Both platforms, which run while the context is open.

    :param hubspot_port: port of HubSpot; 0 picks a free one.
    :param marketo_port: port of Marketo; 0 picks a free one.
    :param latency: seconds that each platform takes for a request.
    :param seed: seed of the random numbers, for ids and the order of batch results.
    :param only: the platform that listens; the other one can only be used in Python.
    """

    def __init__(
        self,
        *,
        hubspot_port: int = 0,
        marketo_port: int = 0,
        latency: float = 0.0,
        seed: int = 1,
        only: Literal["hubspot", "marketo"] | None = None,
    ) -> None:
        self.clock = Clock()
        self._ports = {"hubspot": hubspot_port, "marketo": marketo_port}
        self.hubspot = HubSpot(self.clock, seed=seed, latency=latency)
        self.marketo = Marketo(self.clock, seed=seed, latency=latency)
        both: list[AnyPlatform] = [self.hubspot, self.marketo]
        self.platforms = {platform.name: platform for platform in both if only in (None, platform.name)}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._servers: list[HTTPServer] = []
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Listen, and return once requests are answered."""
        if self._thread is not None:
            msg = "the sandbox is running"
            raise RuntimeError(msg)
        sockets = self._bind()
        self._servers, self._failure = [], None
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(sockets, ready), name="mkt-sandbox", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + START_TIMEOUT
        ready.wait(START_TIMEOUT)
        while not (self._servers and all(server.started for server in self._servers)):
            if self._failure is not None or time.monotonic() > deadline:
                self.stop()
                msg = "the sandbox did not start"
                raise RuntimeError(msg) from self._failure
            time.sleep(0.001)
        return self

    def stop(self) -> None:
        """Stop listening and end the thread; requests in progress have a moment to end."""
        thread, loop = self._thread, self._loop
        if thread is None:
            return
        if loop is not None and thread.is_alive():
            for server in self._servers:
                loop.call_soon_threadsafe(server.stop)
        thread.join(timeout=START_TIMEOUT)
        self._thread = self._loop = None

    def serve_forever(self, on_start: Callable[[], None] = lambda: None) -> None:
        """Serve until SIGINT or SIGTERM. Call it in the main thread.

        :param on_start: called once requests are answered and the signal handlers are set.
        """
        over = threading.Event()

        def end(number: int, frame: FrameType | None) -> None:
            over.set()

        before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
        started_here = self._thread is None
        try:
            if started_here:
                self.start()
            on_start()
            while not over.wait(3600):
                pass
        finally:
            self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _bind(self) -> dict[str, socket.socket]:
        sockets: dict[str, socket.socket] = {}
        try:
            for name, platform in self.platforms.items():
                # asyncio turns Nagle's algorithm off only for sockets with an explicit TCP protocol.
                listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
                sockets[name] = listener
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((HOST, self._ports[name]))
                platform.url = f"http://{HOST}:{listener.getsockname()[1]}"
        except OSError:
            for listener in sockets.values():
                listener.close()
            raise
        return sockets

    def _run(self, sockets: dict[str, socket.socket], ready: threading.Event) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._servers = [HTTPServer(self.platforms[name], listener) for name, listener in sockets.items()]
            ready.set()
            await asyncio.gather(*(server.serve() for server in self._servers))

        try:
            asyncio.run(serve())
        except BaseException as error:
            self._failure = error
        finally:
            ready.set()
            for listener in sockets.values():
                listener.close()
