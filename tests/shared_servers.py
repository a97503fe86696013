"""The Redis and PostgreSQL servers of the tests, a way to take one away for a while, and ports for others."""

from __future__ import annotations

import hashlib
import os
import random
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest

SERVERS = {
    "redis": os.environ.get("MKT_TEST_REDIS", "redis://127.0.0.1:6379/0"),
    "postgres": os.environ.get("MKT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test"),
}


def free_port() -> int:
    """Return a port for a server that starts later.

    It is below those that the system gives to whoever wants any port, as each sandbox does: else another one
    could have it before the server has started.
    """
    for port in random.SystemRandom().sample(range(10_000, 32_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def server(kind: str) -> str:
    """The URL of a server; skips the test where there is none."""
    url = SERVERS[kind]
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2):
            return url
    except OSError:
        pytest.skip(f"no {kind} server at {parts.hostname}:{parts.port}; set MKT_TEST_{kind.upper()}")


def forget_budget(url: str, account_key: str) -> None:
    """Delete the tables of an account's budget, which PostgreSQL keeps. Redis forgets by itself."""
    if url.startswith("redis"):
        return
    import psycopg

    digest = hashlib.sha256(account_key.encode()).hexdigest()[:24]
    with psycopg.connect(url, autocommit=True) as connection:
        query = "SELECT tablename FROM pg_tables WHERE tablename LIKE %s"
        for (name,) in connection.execute(query, (f"mkt_{digest}_%",)).fetchall():
            connection.execute(f'DROP TABLE "{name}"')


def readable(*sockets: socket.socket) -> list[socket.socket]:
    """Return the sockets that have something to read, after a moment at most.

    ``select.select`` fails in a process that has a thousand files open.
    """
    with selectors.DefaultSelector() as selector:
        for one in sockets:
            selector.register(one, selectors.EVENT_READ, one)
        return [key.data for key, _ in selector.select(0.02)]


class Line:
    """A line to a server, which can be cut: connections end, and new ones are refused.

    :param url: of the server.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{self.port}")
        self._ended = threading.Event()
        self._cut = threading.Event()
        self._frozen = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Take the server away."""
        self._cut.set()

    def freeze(self) -> None:
        """Let the server answer nothing, while its connections stay open."""
        self._frozen.set()

    def mend(self) -> None:
        """Bring it back."""
        self._cut.clear()
        self._frozen.clear()

    def close(self) -> None:
        self._cut.set()
        self._ended.set()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            if not readable(self._listener):
                continue
            client, _ = self._listener.accept()
            if self._cut.is_set():
                client.close()
                continue
            thread = threading.Thread(target=self._forward, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _forward(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as upstream, suppress(OSError):
            while not self._cut.is_set():
                if self._frozen.is_set():
                    time.sleep(0.02)
                    continue
                for source in readable(client, upstream):
                    data = source.recv(65536)
                    if not data:
                        return
                    (upstream if source is client else client).sendall(data)


@contextmanager
def line_to(url: str) -> Iterator[Line]:
    line = Line(url)
    try:
        yield line
    finally:
        line.close()
