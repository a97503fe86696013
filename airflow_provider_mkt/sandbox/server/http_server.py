"""Run the application of a platform under uvicorn."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress

import uvicorn

from airflow_provider_mkt.sandbox.server.app import PlatformApp
from airflow_provider_mkt.sandbox.server.connections import Connections
from airflow_provider_mkt.sandbox.server.platform import AnyPlatform

GRACE_PERIOD = 1
"""Seconds that requests in progress have to end when the server stops."""

_TURNS_TO_ACCEPT = 4
"""Turns of the event loop until an accepted connection is known: three, and one to spare."""


class HTTPServer:
    """One platform on one listening socket. Create and use it in a running event loop."""

    def __init__(self, platform: AnyPlatform, listener: socket.socket) -> None:
        self._listener = listener
        self._connections = Connections()
        self._app = PlatformApp(platform, self._connections)
        self._stopping = asyncio.Event()
        _log_errors_only()
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                self._app,
                http=self._connections.protocol_class(),
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=GRACE_PERIOD,
            )
        )

    @property
    def started(self) -> bool:
        """Whether requests are answered."""
        return self._uvicorn.started

    async def serve(self) -> None:
        """Serve until `stop` is called."""
        serving = asyncio.create_task(self._uvicorn.serve([self._listener]))
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not serving.done():
            await self._shut_down(serving)
        with suppress(asyncio.CancelledError):
            await serving

    def stop(self) -> None:
        """Stop serving; requests in progress have a moment to end."""
        self._stopping.set()

    async def _shut_down(self, serving: asyncio.Task[None]) -> None:
        await self._stop_listening()
        if not self._app.in_progress:
            self._connections.close()
            # Idle connections are closed in the next turn of the event loop.
            await asyncio.sleep(0)
        if self._app.in_progress or self._connections:
            self._uvicorn.should_exit = True
        else:
            # uvicorn checks `should_exit` every 0.1 s, and waits 0.1 s more before it returns.
            serving.cancel()

    async def _stop_listening(self) -> None:
        """Accept no more connections, and wait until those that were accepted are known."""
        # asyncio makes the transport of an accepted connection in a task and tells its protocol a turn later.
        # Canceled before, or when its server is closed, the task leaves the socket open.
        asyncio.get_running_loop().remove_reader(self._listener)
        for _ in range(_TURNS_TO_ACCEPT):
            await asyncio.sleep(0)


def _log_errors_only() -> None:
    """Set the level of uvicorn's loggers.

    uvicorn would set it for each server, and each time all loggers of the process forget what they log.
    """
    for name in ("uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        if logger.level != logging.ERROR:
            logger.setLevel(logging.ERROR)
