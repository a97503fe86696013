"""The budget in PostgreSQL, by the server's clock."""

from __future__ import annotations

import hashlib
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import sql

from airflow_provider_mkt.client.ratelimit.store import CLEAN_EVERY, SLOT_MAX, SharedStateUnavailable, Slots
from airflow_provider_mkt.client.ratelimit.window import AccountState, Window, wait_for_permit
from airflow_provider_mkt.client.transport.platform import Rate

if TYPE_CHECKING:
    from typing import LiteralString

    from airflow_provider_mkt.client.call import Quota

T = TypeVar("T")

_TIMEOUT = 10

_TABLES = """
CREATE TABLE IF NOT EXISTS {permits} (quota TEXT NOT NULL, granted_at BIGINT NOT NULL,
    permit_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS {permits_by_time} ON {permits} (quota, granted_at);
CREATE TABLE IF NOT EXISTS {in_flight} (permit_id TEXT NOT NULL, until BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS {pauses} (quota TEXT PRIMARY KEY, until BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS {limits} (quota TEXT PRIMARY KEY, calls INTEGER NOT NULL,
    seconds DOUBLE PRECISION NOT NULL)
"""

_NOW = sql.SQL("(extract(epoch FROM clock_timestamp()) * 1000)::bigint")

_STATE = """
WITH clock AS MATERIALIZED (SELECT {now} AS now)
SELECT (SELECT now FROM clock),
    (SELECT max(granted_at) FROM {permits} WHERE quota = %(quota)s),
    (SELECT until FROM {pauses} WHERE quota = %(quota)s),
    (SELECT count(*) FROM {in_flight} WHERE until > (SELECT now FROM clock)),
    (SELECT granted_at FROM {permits} WHERE quota = %(quota)s
        ORDER BY granted_at DESC LIMIT 1 OFFSET %(gate)s),
    (SELECT granted_at FROM {permits} WHERE quota = %(quota)s
        ORDER BY granted_at DESC LIMIT 1 OFFSET %(blocker)s)
"""


class PostgresStore:
    """Keeps the permits of one account in PostgreSQL: each change is a transaction under an advisory lock.

    :param url: the server.
    :param digest: names the account.
    """

    def __init__(self, url: str, digest: str) -> None:
        self._url = url
        self._lock_id = advisory_lock_id(f"mkt_{digest}")
        tables = ("permits", "permits_by_time", "in_flight", "pauses", "limits")
        self._names = {"now": _NOW} | {name: sql.Identifier(f"mkt_{digest}_{name}") for name in tables}
        self._statements: dict[str, sql.Composed] = {}
        self._lock = threading.Lock()
        self._open: psycopg.Connection[Any] | None = None
        self._closing: weakref.finalize[..., PostgresStore] | None = None
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
                oldest = state.now - window.length
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
            "INSERT INTO {pauses} AS pauses VALUES (%s, {now} + %s) "
            "ON CONFLICT (quota) DO UPDATE SET until = greatest(pauses.until, excluded.until)"
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

    def now(self) -> float:
        return time.time() + self._clock_offset

    def after_fork(self) -> None:
        # Closing the parent's connection would end it for the parent too, so the child keeps it unused.
        _parents_connections.append(self._open)
        if self._closing is not None:
            self._closing.detach()
        self._open = self._closing = None
        self._lock = threading.Lock()

    def _state(
        self, connection: psycopg.Connection[Any], quota: Quota, window: Window, ahead: int
    ) -> AccountState:
        parameters = {"quota": quota.value, "gate": window.gate, "blocker": window.blocker(ahead)}
        before = time.time()
        row = connection.execute(self._statement(_STATE), parameters).fetchone()
        if row is None:  # pragma: no cover - a SELECT without FROM has one row
            raise AssertionError
        now, newest, paused_until, in_flight, gate, blocker = row
        self._clock_offset = now / 1000 - (before + time.time()) / 2
        if newest is not None and newest > now:
            self._follow_clock(connection, newest - now, now)
            return self._state(connection, quota, window, ahead)
        return AccountState(now, paused_until or 0, in_flight, gate, blocker)

    def _follow_clock(self, connection: psycopg.Connection[Any], back: int, now: int) -> None:
        """Move everything by how far the server's clock was set back, or it would count that much longer."""
        self._run(connection, "UPDATE {permits} SET granted_at = least(granted_at - %s, %s)", back, now)
        self._run(connection, "UPDATE {pauses} SET until = until - %s", back)
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
        """Do *work* in one transaction; again with a new connection when the server has closed the old."""
        with self._lock:
            for last in (False, True):
                try:
                    connection = self._opened()
                    with connection.transaction():
                        self._wait_for_turn(connection)
                        return work(connection)
                except psycopg.OperationalError as error:
                    self._close()
                    if last:
                        raise unreachable(error) from None
                except psycopg.Error as error:
                    raise unreachable(error) from None
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def _wait_for_turn(self, connection: psycopg.Connection[Any]) -> None:
        # A statement of its own: the next one then sees what the transaction before it wrote.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (self._lock_id,))

    def _opened(self) -> psycopg.Connection[Any]:
        if self._open is None:
            connection = connect(self._url)
            try:
                with connection.transaction():
                    self._wait_for_turn(connection)
                    for table in _TABLES.split(";"):
                        connection.execute(sql.SQL(table).format(**self._names))
            except BaseException:
                connection.close()
                raise
            self._open, self._closing = connection, weakref.finalize(self, connection.close)
        return self._open

    def _close(self) -> None:
        if self._closing is not None:
            self._closing()
        self._open = self._closing = None


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection to a PostgreSQL server, without transactions of its own."""
    scheme, _, rest = url.partition("://")
    return psycopg.connect(
        # SQLAlchemy's spelling, with a driver, is what other settings of Airflow hold.
        f"{scheme.split('+')[0]}://{rest}",
        autocommit=True,
        connect_timeout=_TIMEOUT,
        # A permit lost to a crash of the server is a call that the platform may refuse, and nothing worse.
        options="-c synchronous_commit=off",
        application_name="airflow-provider-mkt",
        keepalives_idle=30,
    )


def advisory_lock_id(name: str) -> int:
    """The number by which PostgreSQL knows the lock of that name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def unreachable(error: psycopg.Error) -> SharedStateUnavailable:
    """The error to raise instead of psycopg's, whose text may hold the server's address and a password."""
    return SharedStateUnavailable(
        f"the PostgreSQL server of the shared budget cannot be reached ({type(error).__name__})"
    )


_parents_connections: list[object] = []
