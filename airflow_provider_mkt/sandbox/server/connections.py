"""The connections of a server, which a fault can reset or close in the middle of a response."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from airflow_provider_mkt.sandbox.server.call_log import NO_RESPONSE


class Connections:
    """The transports of all open connections, by the address of the client."""

    def __init__(self) -> None:
        self._transports: dict[tuple[str, int], asyncio.Transport] = {}

    def __len__(self) -> int:
        return len(self._transports)

    def close(self) -> None:
        """Close all connections once what was written has been sent."""
        for transport in list(self._transports.values()):
            transport.close()

    def close_one(self, scope: Scope) -> None:
        """Close the connection of a request once what was written has been sent."""
        transport = self._transports.get(scope["client"])
        # The client may have closed it already.
        if transport is not None:
            transport.close()

    def reset_one(self, scope: Scope) -> None:
        """Reset the connection of a request."""
        transport = self._transports.get(scope["client"])
        if transport is None:
            return
        connection: socket.socket | None = transport.get_extra_info("socket")
        if connection is not None:
            with suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()

    def protocol_class(self) -> type[asyncio.Protocol]:
        """Return uvicorn's HTTP protocol for its `http` setting, with the connections recorded here."""
        transports = self._transports

        class RecordedProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
            def connection_made(self, transport: asyncio.Transport) -> None:
                self._client: tuple[str, int] = transport.get_extra_info("peername")[:2]
                transports[self._client] = transport
                super().connection_made(transport)

            def connection_lost(self, error: Exception | None) -> None:
                transports.pop(self._client, None)
                super().connection_lost(error)

        return RecordedProtocol


class ConnectionReset(Response):
    """No response: the TCP connection is reset, as by a gateway that dies."""

    def __init__(self, connections: Connections) -> None:
        super().__init__(status_code=NO_RESPONSE)
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._connections.reset_one(scope)
        await _until_disconnected(receive)


class TruncatedResponse(Response):
    """A response whose connection is closed after so many bytes of its body."""

    def __init__(self, response: Response, size: int, connections: Connections) -> None:
        super().__init__(status_code=response.status_code)
        self.body, self.raw_headers = response.body, response.raw_headers
        self._size = size
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._size >= len(self.body):
            await super().__call__(scope, receive, send)
            return
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        body = bytes(self.body[: self._size])
        await send({"type": "http.response.body", "body": body, "more_body": True})
        self._connections.close_one(scope)
        await _until_disconnected(receive)


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
