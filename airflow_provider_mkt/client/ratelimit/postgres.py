"""Counting calls, and locks, in PostgreSQL."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import sql

from airflow_provider_mkt.client.ratelimit.budget import SLOT_WAIT
from airflow_provider_mkt.client.ratelimit.counter import CounterUnavailable, Slots, put, windowed
from airflow_provider_mkt.client.transport.platform import Rate

if TYPE_CHECKING:
    from pyrate_limiter import PostgresBucket

    from airflow_provider_mkt.client.call import Quota

T = TypeVar("T")

CLOCK_FRESH = 60.0
"""Seconds after which the difference between this machine's clock and the server's is measured anew."""

_TIMEOUT = 10


class _OneConnection:
    """What pyrate-limiter asks of a connection pool, over the one connection that is open."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self.closed = False

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        with self._connection.transaction():
            yield self._connection


class PostgresCounter:
    """Counts in PostgreSQL, by the server's clock.

    :param url: the server.
    :param digest: names the account.
    """

    def __init__(self, url: str, digest: str) -> None:
        self._url = url
        self._name = f"mkt_{digest}"
        self._lock_id = _lock_id(self._name)
        self._slots = sql.Identifier(f"{self._name}_under_way")
        self._pauses = sql.Identifier(f"{self._name}_pauses")
        self._limits = sql.Identifier(f"{self._name}_limits")
        self._lock = threading.Lock()
        self._open: psycopg.Connection[Any] | None = None
        self._buckets: dict[Quota, PostgresBucket] = {}
        self._ahead, self._measured_at = 0.0, float("-inf")
        self._taken = 0

    def take(
        self, quota: Quota, rate: Rate, permit_id: str, slots: Slots | None, *, ahead: int = 0
    ) -> tuple[float, float]:
        return self._connected(
            lambda connection: self._take(connection, quota, rate, permit_id, slots, ahead)
        )

    def release(
        self, quota: Quota, permit_id: str, taken_at: float, arrived: float | None, *, slot: bool
    ) -> None:
        self._connected(lambda connection: self._settle(connection, quota, permit_id, arrived, slot=slot))

    def pause(self, quota: Quota, seconds: float) -> None:
        def work(connection: psycopg.Connection[Any]) -> None:
            self._measure(connection)
            insert = sql.SQL("INSERT INTO {} VALUES (%s, %s)").format(self._pauses)
            connection.execute(insert, (quota.value, self.now() + seconds))

        self._connected(work)

    def remember(self, quota: Quota, rate: Rate) -> None:
        upsert = sql.SQL(
            "INSERT INTO {} VALUES (%s, %s, %s) ON CONFLICT (quota) "
            "DO UPDATE SET calls = excluded.calls, seconds = excluded.seconds"
        ).format(self._limits)
        row = (quota.value, rate.calls, rate.seconds)
        self._connected(lambda connection: connection.execute(upsert, row))

    def remembered(self, quota: Quota) -> Rate | None:
        query = sql.SQL("SELECT calls, seconds FROM {} WHERE quota = %s").format(self._limits)
        row = self._connected(lambda connection: connection.execute(query, (quota.value,)).fetchone())
        return None if row is None else Rate(int(row[0]), float(row[1]))

    def now(self) -> float:
        return time.time() + self._ahead

    def after_fork(self) -> None:
        # Closing a connection that was opened before a fork would end the parent's, so it is kept.
        _orphans.append((self._open, self._buckets))
        self._open, self._buckets = None, {}
        self._lock = threading.Lock()

    def _take(
        self,
        connection: psycopg.Connection[Any],
        quota: Quota,
        rate: Rate,
        permit_id: str,
        slots: Slots | None,
        ahead: int,
    ) -> tuple[float, float]:
        self._measure(connection)
        bucket = self._bucket(connection, quota, rate)
        with connection.transaction():
            self._wait_for_turn(connection)
            # The bucket itself fails when another has its table, be it a vacuum; held already, it does not.
            connection.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(self._calls(quota)))
            now = self.now()
            if (paused := self._paused(connection, quota, now)) > 0:
                return paused, 0.0
            if slots is not None and not self._has_slot(connection, slots, now):
                return SLOT_WAIT, 0.0
            if (wait := put(bucket, rate, permit_id, now, ahead)) > 0:
                return wait, 0.0
            if slots is not None:
                insert = sql.SQL("INSERT INTO {} VALUES (%s, %s)").format(self._slots)
                connection.execute(insert, (permit_id, now + slots.seconds))
            self._taken += 1
            if self._taken % 64 == 1:
                bucket.leak(int(now * 1000))
        return 0.0, int(now * 1000) / 1000

    def _settle(
        self,
        connection: psycopg.Connection[Any],
        quota: Quota,
        permit_id: str,
        arrived: float | None,
        *,
        slot: bool,
    ) -> None:
        with connection.transaction():
            self._wait_for_turn(connection)
            if slot:
                connection.execute(
                    sql.SQL("DELETE FROM {} WHERE name = %s").format(self._slots), (permit_id,)
                )
            if arrived is not None:
                move = sql.SQL("UPDATE {} SET item_timestamp = TO_TIMESTAMP(%s) WHERE name = %s")
                connection.execute(move.format(self._calls(quota)), (int(arrived * 1000) / 1000, permit_id))

    def _wait_for_turn(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (self._lock_id,))

    def _calls(self, quota: Quota) -> sql.Identifier:
        return sql.Identifier(f"ratelimit___{self._table(quota)}")

    def _has_slot(self, connection: psycopg.Connection[Any], slots: Slots, now: float) -> bool:
        connection.execute(sql.SQL("DELETE FROM {} WHERE until < %s").format(self._slots), (now,))
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(self._slots)).fetchone()
        return row is not None and int(row[0]) < slots.limit

    def _bucket(self, connection: psycopg.Connection[Any], quota: Quota, rate: Rate) -> PostgresBucket:
        if quota not in self._buckets:
            from pyrate_limiter import PostgresBucket

            self._buckets[quota] = PostgresBucket(
                _OneConnection(connection),
                self._table(quota),
                [windowed(rate)],
            )
        return self._buckets[quota]

    def _paused(self, connection: psycopg.Connection[Any], quota: Quota, now: float) -> float:
        query = sql.SQL("SELECT max(until) FROM {} WHERE quota = %s").format(self._pauses)
        row = connection.execute(query, (quota.value,)).fetchone()
        until = 0.0 if row is None or row[0] is None else float(row[0])
        if 0 < until <= now:
            connection.execute(
                sql.SQL("DELETE FROM {} WHERE quota = %s").format(self._pauses), (quota.value,)
            )
        return max(0.0, until - now)

    def _tables(self) -> tuple[tuple[sql.Identifier, sql.SQL], ...]:
        return (
            (self._slots, sql.SQL("(name VARCHAR, until DOUBLE PRECISION)")),
            (self._pauses, sql.SQL("(quota VARCHAR, until DOUBLE PRECISION)")),
            (
                self._limits,
                sql.SQL("(quota VARCHAR PRIMARY KEY, calls INTEGER, seconds DOUBLE PRECISION)"),
            ),
        )

    def _measure(self, connection: psycopg.Connection[Any]) -> None:
        if time.monotonic() - self._measured_at < CLOCK_FRESH:
            return
        before = time.time()
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
        if row is not None:
            self._ahead = float(row[0]) - (before + time.time()) / 2
            self._measured_at = time.monotonic()

    def _table(self, quota: Quota) -> str:
        return f"{self._name}_{quota.value}"

    def _connected(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        """Work with the connection; once more with a new one when the server has closed it."""
        with self._lock:
            for again in (True, False):
                try:
                    return work(self._opened())
                except psycopg.OperationalError as error:
                    self._open, self._buckets = None, {}
                    if not again:
                        raise _unreachable(error) from None
                except psycopg.Error as error:
                    raise _unreachable(error) from None
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def _opened(self) -> psycopg.Connection[Any]:
        if self._open is None:
            connection = _connect(self._url)
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (self._lock_id,))
                for table, columns in self._tables():
                    connection.execute(sql.SQL("CREATE TABLE IF NOT EXISTS {} ").format(table) + columns)
            self._open = connection
        return self._open


@contextmanager
def postgres_lock(url: str, name: str) -> Iterator[None]:
    """A lock that the server gives back when its holder's connection ends."""
    try:
        connection = _connect(url)
        connection.execute("SELECT pg_advisory_lock(%s)", (_lock_id(name),))
    except psycopg.Error as error:
        raise _unreachable(error) from None
    try:
        yield
    finally:
        connection.close()


def _connect(url: str) -> psycopg.Connection[Any]:
    # In a time zone with summer time, an hour of the year's places would be counted twice.
    scheme, _, rest = url.partition("://")
    return psycopg.connect(
        # SQLAlchemy's spelling, with a driver, is what other settings of Airflow hold.
        f"{scheme.split('+')[0]}://{rest}",
        autocommit=True,
        connect_timeout=_TIMEOUT,
        options="-c timezone=UTC",
        application_name="airflow-provider-mkt",
        keepalives_idle=30,
    )


def _lock_id(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def _unreachable(error: psycopg.Error) -> CounterUnavailable:
    # The text of the error may hold the server's address, and that a password.
    return CounterUnavailable(
        f"the PostgreSQL server of the shared budget cannot be reached ({type(error).__name__})"
    )


_orphans: list[object] = []
