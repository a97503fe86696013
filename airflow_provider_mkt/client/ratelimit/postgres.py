"""The budget in PostgreSQL, by the server's clock."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import sql

from airflow_provider_mkt.client.ratelimit.servers import SETTING
from airflow_provider_mkt.client.ratelimit.store import (
    CLEAN_EVERY,
    SLOT_MAX,
    Latency,
    SharedStateUnavailable,
    Slots,
    Usage,
)
from airflow_provider_mkt.client.ratelimit.window import HISTORY, AccountState, Window, wait_for_permit
from airflow_provider_mkt.client.transport.platform import Rate

if TYPE_CHECKING:
    from typing import LiteralString

    from airflow_provider_mkt.client.call import Quota

T = TypeVar("T")

_TIMEOUT = 10

_ANSWER_TIMEOUT = 10.0
"""Seconds after which a server that does not answer counts as away. No transaction here takes so long."""

_TABLES = """
CREATE TABLE IF NOT EXISTS {permits} (quota TEXT NOT NULL, granted_at BIGINT NOT NULL,
    permit_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS {permits_by_time} ON {permits} (quota, granted_at);
CREATE INDEX IF NOT EXISTS {permits_by_id} ON {permits} (permit_id);
CREATE TABLE IF NOT EXISTS {in_flight} (permit_id TEXT NOT NULL, until BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS {quota_pauses} (quota TEXT PRIMARY KEY, until BIGINT NOT NULL,
    set_at BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS {limits} (quota TEXT PRIMARY KEY, calls INTEGER NOT NULL,
    seconds DOUBLE PRECISION NOT NULL);
CREATE TABLE IF NOT EXISTS {latencies} (quota TEXT NOT NULL, kind TEXT NOT NULL, answers INTEGER NOT NULL,
    least DOUBLE PRECISION NOT NULL, before DOUBLE PRECISION, PRIMARY KEY (quota, kind))
"""

_OWN_NAMES = (
    "permits",
    "permits_by_time",
    "permits_by_id",
    "in_flight",
    "quota_pauses",
    "limits",
    "latencies",
)
"""Tables and indexes of one account. Their names begin with the account's."""

_NOW = sql.SQL("(extract(epoch FROM clock_timestamp()) * 1000)::bigint")

_STATE = """
WITH clock AS MATERIALIZED (SELECT {now} AS now)
SELECT (SELECT now FROM clock),
    greatest((SELECT max(granted_at) FROM {permits} WHERE quota = %(quota)s),
        (SELECT max(set_at) FROM {quota_pauses}),
        (SELECT max(until) FROM {in_flight}) - %(slot_max)s),
    (SELECT until FROM {quota_pauses} WHERE quota = %(quota)s),
    (SELECT count(*) FROM {in_flight} WHERE until > (SELECT now FROM clock)),
    (SELECT granted_at FROM {permits} WHERE quota = %(quota)s
        ORDER BY granted_at DESC LIMIT 1 OFFSET %(gate)s),
    (SELECT granted_at FROM {permits} WHERE quota = %(quota)s
        ORDER BY granted_at DESC LIMIT 1 OFFSET %(blocker)s)
"""


_USER = sql.SQL("CASE WHEN position('.' IN permit_id) > 0 THEN split_part(permit_id, '.', 1) ELSE '' END")

_CALLS = (
    "SELECT granted_at / (1000 * %(interval)s) * %(interval)s, {user}, count(*) FROM {permits} "
    "WHERE quota = %(quota)s AND granted_at > {now} - %(history)s GROUP BY 1, 2"
)

_IN_FLIGHT = "SELECT {user}, count(*) FROM {in_flight} WHERE until > {now} GROUP BY 1"

_PAUSE_AND_LIMIT = (
    "SELECT {now}, (SELECT until FROM {quota_pauses} WHERE quota = %(quota)s), "
    "(SELECT calls FROM {limits} WHERE quota = %(quota)s), "
    "(SELECT seconds FROM {limits} WHERE quota = %(quota)s)"
)


class PostgresStore:
    """Keeps the permits of one account in PostgreSQL: each change is a transaction under an advisory lock.

    :param url: the server.
    :param digest: names the account.
    """

    def __init__(self, url: str, digest: str) -> None:
        self._lock_id = advisory_lock_id(f"mkt_{digest}")
        names = {name: sql.Identifier(f"mkt_{digest}_{name}") for name in _OWN_NAMES}
        self._names = {"now": _NOW, "user": _USER, **names}
        self._statements: dict[str, sql.Composed] = {}
        self.connection = PostgresConnection(url, self._create_tables)
        self._clock_offset = 0.0
        self._taken = 0

    def take(
        self, quota: Quota, rate: Rate, permit_id: str, slots: Slots | None, *, ahead: int = 0
    ) -> tuple[float, float]:
        window = Window.of(rate)

        def take(connection: psycopg.Connection[Any]) -> tuple[float, float]:
            state = self._state(connection, quota, window, ahead)
            if wait := wait_for_permit(state, window, slots.limit if slots else None):
                return wait / 1000, 0.0
            self._run(
                connection, "INSERT INTO {permits} VALUES (%s, %s, %s)", quota.value, state.now, permit_id
            )
            if slots is not None:
                until = state.now + int(slots.seconds * 1000)
                self._run(connection, "INSERT INTO {in_flight} VALUES (%s, %s)", permit_id, until)
            if self._taken % CLEAN_EVERY == 0:
                oldest = state.now - window.kept
                self._run(
                    connection,
                    "DELETE FROM {permits} WHERE quota = %s AND granted_at <= %s",
                    quota.value,
                    oldest,
                )
                self._run(connection, "DELETE FROM {in_flight} WHERE until <= %s", state.now)
            self._taken += 1
            return 0.0, state.now / 1000

        return self._transaction(take)

    def release(self, quota: Quota, permit_id: str, arrived_at: float | None, *, slot: bool) -> None:
        def release(connection: psycopg.Connection[Any]) -> None:
            if slot:
                self._run(connection, "DELETE FROM {in_flight} WHERE permit_id = %s", permit_id)
            if arrived_at is not None:
                update = "UPDATE {permits} SET granted_at = %s WHERE quota = %s AND permit_id = %s"
                self._run(connection, update, int(arrived_at * 1000), quota.value, permit_id)

        self._transaction(release)

    def pause(self, quota: Quota, seconds: float) -> None:
        upsert: LiteralString = (
            "INSERT INTO {quota_pauses} AS pauses VALUES (%s, {now} + %s, {now}) ON CONFLICT (quota) "
            "DO UPDATE SET until = greatest(pauses.until, excluded.until), "
            "set_at = greatest(pauses.set_at, excluded.set_at)"
        )
        milliseconds = int(seconds * 1000)
        self._transaction(lambda connection: self._run(connection, upsert, quota.value, milliseconds))

    def remember(self, quota: Quota, rate: Rate) -> None:
        upsert: LiteralString = (
            "INSERT INTO {limits} VALUES (%s, %s, %s) ON CONFLICT (quota) "
            "DO UPDATE SET calls = excluded.calls, seconds = excluded.seconds"
        )
        row = (quota.value, rate.calls, rate.seconds)
        self._transaction(lambda connection: self._run(connection, upsert, *row))

    def remembered(self, quota: Quota) -> Rate | None:
        query: LiteralString = "SELECT calls, seconds FROM {limits} WHERE quota = %s"
        row = self._transaction(lambda connection: self._run(connection, query, quota.value).fetchone())
        return None if row is None else Rate(int(row[0]), float(row[1]))

    def remember_latency(self, quota: Quota, kind: str, latency: Latency) -> None:
        upsert: LiteralString = (
            "INSERT INTO {latencies} VALUES (%s, %s, %s, %s, %s) ON CONFLICT (quota, kind) "
            "DO UPDATE SET answers = excluded.answers, least = excluded.least, before = excluded.before"
        )
        row = (quota.value, kind, latency.answers, latency.least, latency.before)
        self._transaction(lambda connection: self._run(connection, upsert, *row))

    def remembered_latency(self, quota: Quota, kind: str) -> Latency | None:
        query: LiteralString = "SELECT answers, least, before FROM {latencies} WHERE quota = %s AND kind = %s"
        row = self._transaction(lambda connection: self._run(connection, query, quota.value, kind).fetchone())
        return None if row is None else Latency(*row)

    def usage(self, quota: Quota, interval: int) -> Usage:
        parameters = {"quota": quota.value, "interval": interval, "history": HISTORY * 1000}

        def read(connection: psycopg.Connection[Any]) -> Usage:
            # Without a turn: nobody who calls waits for it.
            def rows(statement: LiteralString) -> list[tuple[Any, ...]]:
                return connection.execute(self._statement(statement), parameters).fetchall()

            ((now, paused_until, calls, seconds),) = rows(_PAUSE_AND_LIMIT)
            return Usage(
                now / 1000,
                {(start, user): count for start, user, count in rows(_CALLS)},
                dict(rows(_IN_FLIGHT)),
                None if calls is None else Rate(calls, seconds),
                max(0, (paused_until or 0) - now) / 1000,
            )

        return self.connection.transaction(read)

    def now(self) -> float:
        return time.time() + self._clock_offset

    def after_fork(self) -> None:
        # The connection itself notices a fork.
        return

    def _state(
        self, connection: psycopg.Connection[Any], quota: Quota, window: Window, ahead: int
    ) -> AccountState:
        parameters = {
            "quota": quota.value,
            "gate": window.gate,
            "blocker": window.blocker(ahead),
            "slot_max": int(SLOT_MAX * 1000),
        }
        before = time.time()
        row = connection.execute(self._statement(_STATE), parameters).fetchone()
        if row is None:  # pragma: no cover - a SELECT without FROM has one row
            raise AssertionError
        now, latest, paused_until, in_flight, gate, blocker = row
        self._clock_offset = now / 1000 - (before + time.time()) / 2
        if latest is not None and latest > now:
            self._follow_clock(connection, latest - now, now)
            return self._state(connection, quota, window, ahead)
        return AccountState(now, paused_until or 0, in_flight, gate, blocker)

    def _follow_clock(self, connection: psycopg.Connection[Any], back: int, now: int) -> None:
        """Move everything by how far the server's clock was set back, or it would count that much longer."""
        self._run(connection, "UPDATE {permits} SET granted_at = least(granted_at - %s, %s)", back, now)
        self._run(
            connection,
            "UPDATE {quota_pauses} SET until = until - %s, set_at = least(set_at - %s, %s)",
            back,
            back,
            now,
        )
        latest = now + int(SLOT_MAX * 1000)
        self._run(connection, "UPDATE {in_flight} SET until = %s WHERE until > %s", latest, latest)

    def _run(
        self, connection: psycopg.Connection[Any], statement: LiteralString, *parameters: object
    ) -> psycopg.Cursor[Any]:
        return connection.execute(self._statement(statement), parameters)

    def _statement(self, statement: LiteralString) -> sql.Composed:
        if statement not in self._statements:
            self._statements[statement] = sql.SQL(statement).format(**self._names)
        return self._statements[statement]

    def _transaction(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        def in_turn(connection: psycopg.Connection[Any]) -> T:
            self._wait_for_turn(connection)
            return work(connection)

        return self.connection.transaction(in_turn)

    def _create_tables(self, connection: psycopg.Connection[Any]) -> None:
        self._wait_for_turn(connection)
        for table in _TABLES.split(";"):
            connection.execute(sql.SQL(table).format(**self._names))

    def _wait_for_turn(self, connection: psycopg.Connection[Any]) -> None:
        # A statement of its own: the next one then sees what the transaction before it wrote.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (self._lock_id,))


class PostgresConnection:
    """A connection to a server that may close it, for the threads of one process.

    :param url: the server.
    :param prepare: runs in a transaction of its own when the connection was opened.
    :param durable: whether a change is on the server's disk when its transaction ends.
    """

    def __init__(
        self, url: str, prepare: Callable[[psycopg.Connection[Any]], None], *, durable: bool = False
    ) -> None:
        self._url, self._prepare, self._durable = url, prepare, durable
        self._lock = threading.Lock()
        self.opened: psycopg.Connection[Any] | None = None
        self._closing: weakref.finalize[..., PostgresConnection] | None = None
        _connections.add(self)

    def transaction(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        """Do *work* in one transaction; again with a new connection when the server has closed the old.

        :raises SharedStateUnavailable: when the server cannot be reached.
        """
        with self._lock:
            for last in (False, True):
                try:
                    connection = self._open()
                    with _given_up_when_frozen(connection), connection.transaction():
                        return work(connection)
                except psycopg.OperationalError as error:
                    self.close()
                    if last:
                        raise unreachable(error) from None
                except psycopg.Error as error:
                    raise unreachable(error) from None
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def after_fork(self) -> None:
        """Drop the connection that a parent process opened."""
        # Closing the parent's connection would end it for the parent too, so the child keeps it unused.
        _parents_connections.append(self.opened)
        if self._closing is not None:
            self._closing.detach()
        self.opened = self._closing = None
        self._lock = threading.Lock()

    def _open(self) -> psycopg.Connection[Any]:
        if self.opened is None:
            connection = connect(self._url, durable=self._durable)
            try:
                with _given_up_when_frozen(connection), connection.transaction():
                    self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self.opened, self._closing = connection, weakref.finalize(self, connection.close)
        return self.opened

    def close(self) -> None:
        """Close the connection; the next transaction opens another one."""
        if self._closing is not None:
            self._closing()
        self.opened = self._closing = None


@contextmanager
def _given_up_when_frozen(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """End the connection when the server answers nothing for a while. psycopg would wait for ever."""
    timer = threading.Timer(_ANSWER_TIMEOUT, _shut_down, (connection,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut_down(connection: psycopg.Connection[Any]) -> None:
    # Closing it from another thread is not safe; who waits for it sees its end, and closes it.
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def connect(url: str, *, durable: bool = False) -> psycopg.Connection[Any]:
    """A connection to a PostgreSQL server, without transactions of its own.

    :param durable: whether a change is on the server's disk when its transaction ends.
    """
    scheme, _, rest = url.partition("://")
    return psycopg.connect(
        # SQLAlchemy's spelling, with a driver, is what other settings of Airflow hold.
        f"{scheme.split('+')[0]}://{rest}",
        autocommit=True,
        connect_timeout=_TIMEOUT,
        # A permit lost to a crash of the server is a call that the platform may refuse, and nothing worse.
        options="" if durable else "-c synchronous_commit=off",
        application_name="airflow-provider-mkt",
        keepalives_idle=30,
        # A server that does not answer at all is given up, as one that refuses the connection is.
        tcp_user_timeout=_TIMEOUT * 1000,
    )


def advisory_lock_id(name: str) -> int:
    """The number by which PostgreSQL knows the lock of that name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def unreachable(error: psycopg.Error) -> SharedStateUnavailable:
    """The error to raise instead of psycopg's, whose text may hold the server's address and a password."""
    return SharedStateUnavailable(
        f"the PostgreSQL server of {SETTING} cannot be reached ({type(error).__name__})"
    )


def _after_fork() -> None:
    for connection in list(_connections):
        connection.after_fork()


_parents_connections: list[object] = []
_connections: weakref.WeakSet[PostgresConnection] = weakref.WeakSet()
os.register_at_fork(after_in_child=_after_fork)
