"""State on the server that machines share (``[mkt] shared_state_url``): in Redis or PostgreSQL."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.ratelimit.servers import (
    SHARED_STATE_WAIT,
    client_library,
    server_kind,
    wait_while_away,
)
from airflow_provider_mkt.state.task_state import STATE_KEPT_FOR

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")

_SWEEP_INTERVAL = 3600.0

_TABLE = """
CREATE TABLE IF NOT EXISTS mkt_state (
    owner TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT now(), PRIMARY KEY (owner, key)
)
"""


class _Values(Protocol):
    """Keeps texts on a server, each under its owner and a key.

    Every method raises :class:`SharedStateUnavailable` when the server cannot be reached.
    """

    def get(self, owner: str, key: str) -> str | None: ...

    def set(self, owner: str, key: str, value: str | None) -> None: ...

    def items(self, owner: str) -> dict[str, str]: ...


class SharedTaskState:
    """State that all machines see. The server is waited for when it is away.

    :param url: the server.
    :param owner: names the task, or what else the state belongs to.
    :param wait: seconds for which the server is waited for.
    :param sleep: waits so many seconds; an exception of it ends the wait.
    :raises InvalidInput: when the URL has another scheme, or its client library is not installed.
    """

    clear_count = 0

    def __init__(
        self,
        url: str,
        owner: str,
        *,
        wait: float = SHARED_STATE_WAIT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._values = _values_of(url)
        self._owner, self._wait, self._sleep = owner, wait, sleep

    def get(self, key: str) -> Json:
        value = self._reach(lambda: self._values.get(self._owner, key))
        return None if value is None else cast("Json", json.loads(value))

    def set(self, key: str, value: Json) -> None:
        text = None if value is None else json.dumps(value)
        self._reach(lambda: self._values.set(self._owner, key, text))

    def items(self) -> dict[str, Json]:
        """Return everything of the owner, by key."""
        found = self._reach(lambda: self._values.items(self._owner))
        return {key: json.loads(value) for key, value in found.items()}

    def _reach(self, work: Callable[[], T]) -> T:
        return wait_while_away(work, at_most=self._wait, sleep=self._sleep)


class _RedisValues:
    """A hash for each owner, which expires as a whole."""

    def __init__(self, url: str) -> None:
        from airflow_provider_mkt.client.ratelimit import redis

        self._client, self._reach = redis.connect(url), redis.reach

    def get(self, owner: str, key: str) -> str | None:
        value: bytes | None = self._reach(lambda: self._client.hget(_redis_key(owner), key))
        return None if value is None else value.decode()

    def set(self, owner: str, key: str, value: str | None) -> None:
        name = _redis_key(owner)
        change = self._client.pipeline()
        if value is None:
            change.hdel(name, key)
        else:
            change.hset(name, key, value)
        change.expire(name, int(STATE_KEPT_FOR))
        self._reach(change.execute)

    def items(self, owner: str) -> dict[str, str]:
        found: dict[bytes, bytes] = self._reach(lambda: self._client.hgetall(_redis_key(owner)))
        return {key.decode(): value.decode() for key, value in found.items()}


class _PostgresValues:
    """A table, from which old rows are deleted now and then."""

    def __init__(self, url: str) -> None:
        from airflow_provider_mkt.client.ratelimit.postgres import PostgresConnection

        # What is kept here decides whether something is sent again, so it must outlive the server's crash.
        self._connection = PostgresConnection(url, self._prepare, durable=True)
        self._swept_at = float("-inf")

    def get(self, owner: str, key: str) -> str | None:
        query = "SELECT value FROM mkt_state WHERE owner = %s AND key = %s"
        row = self._connection.transaction(lambda one: one.execute(query, (owner, key)).fetchone())
        return None if row is None else str(row[0])

    def set(self, owner: str, key: str, value: str | None) -> None:
        def change(connection: psycopg.Connection[Any]) -> None:
            if value is None:
                connection.execute("DELETE FROM mkt_state WHERE owner = %s AND key = %s", (owner, key))
            else:
                connection.execute(
                    "INSERT INTO mkt_state VALUES (%s, %s, %s) ON CONFLICT (owner, key) "
                    "DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at",
                    (owner, key, value),
                )
            if time.monotonic() - self._swept_at > _SWEEP_INTERVAL:
                self._sweep(connection)

        self._connection.transaction(change)

    def items(self, owner: str) -> dict[str, str]:
        query = "SELECT key, value FROM mkt_state WHERE owner = %s"
        return dict(self._connection.transaction(lambda one: one.execute(query, (owner,)).fetchall()))

    def _sweep(self, connection: psycopg.Connection[Any]) -> None:
        self._swept_at = time.monotonic()
        oldest = "changed_at < now() - make_interval(secs => %s)"
        # Rows that others change or sweep now are left to them: nobody waits for a sweep.
        connection.execute(
            f"DELETE FROM mkt_state WHERE (owner, key) IN (SELECT owner, key FROM mkt_state WHERE {oldest} "  # noqa: S608
            "FOR UPDATE SKIP LOCKED)",
            (STATE_KEPT_FOR,),
        )

    def _prepare(self, connection: psycopg.Connection[Any]) -> None:
        from airflow_provider_mkt.client.ratelimit.postgres import advisory_lock_id

        # Two that create one table at the same moment would fail.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (advisory_lock_id("mkt_state"),))
        connection.execute(_TABLE)


_servers: dict[str, _Values] = {}
_servers_lock = threading.Lock()


def _values_of(url: str) -> _Values:
    with _servers_lock:
        if url not in _servers:
            with client_library(url):
                _servers[url] = _RedisValues(url) if server_kind(url) == "redis" else _PostgresValues(url)
        return _servers[url]


def _redis_key(owner: str) -> str:
    return f"mkt:state:{owner}"
