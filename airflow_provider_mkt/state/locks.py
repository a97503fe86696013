"""Locks that one task holds at a time: by file on one machine, by Redis or PostgreSQL on several.

A task that waits for a lock can be cancelled: another thread blocks in the kernel or on the server, while the
task's own thread takes signals and checks whether the task was cancelled.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import uuid4

from airflow_provider_mkt.client.errors import ServerUnavailable
from airflow_provider_mkt.client.files import is_deleted, open_lock_file, private_directory
from airflow_provider_mkt.client.ratelimit.servers import (
    SETTING,
    SHARED_STATE_WAIT,
    Outage,
    client_library,
    server_kind,
)
from airflow_provider_mkt.client.ratelimit.store import SharedStateUnavailable

if TYPE_CHECKING:
    from typing import LiteralString

    import psycopg

T = TypeVar("T")

CHECK_EVERY = 0.2
"""Seconds between two checks whether a waiting task was cancelled."""

LOCK_LIFE = 60.0
"""Seconds for which a lock on a server is its holder's after the holder was last heard of."""

_RENEW_EVERY = LOCK_LIFE / 12

_POLL = 0.2
"""Seconds between two tries for a lock on a server. Nobody can wake who waits for a lock that expires."""


class LockLost(ServerUnavailable):
    """Another task may have got the lock that this one holds, because the server of the locks was away."""


def _do_nothing() -> None:
    pass


def _ignore(_: object) -> None:
    pass


@contextmanager
def exclusive_lock(
    directory: Path,
    server_url: str | None,
    name: str,
    *,
    raise_if_cancelled: Callable[[], None] = _do_nothing,
    on_wait: Callable[[], None] = _do_nothing,
    on_lost: Callable[[LockLost], object] = _ignore,
    server_wait: float = SHARED_STATE_WAIT,
) -> Iterator[None]:
    """Hold the lock *name* on this machine, and on all machines that share a server.

    :param directory: where the lock files of this machine are.
    :param server_url: the Redis or PostgreSQL server that machines share; None when there is only this one.
    :param name: names the lock; letters, digits and hyphens.
    :param raise_if_cancelled: called about five times a second while waiting; an exception ends the wait.
    :param on_wait: called after a second of waiting for another task that holds the lock.
    :param on_lost: called from another thread when the server was away and another task got the lock.
    :param server_wait: seconds for which the server is waited for when it is away.
    :raises SharedStateUnavailable: when the server cannot be reached for longer.
    :raises InvalidInput: when the URL has another scheme, or its client library is not installed.
    """
    with ExitStack() as stack:
        path = directory / name
        stack.enter_context(file_lock(path, raise_if_cancelled=raise_if_cancelled, on_wait=on_wait))
        if server_url is not None:
            lock = server_lock(
                server_url,
                name,
                raise_if_cancelled=raise_if_cancelled,
                on_wait=on_wait,
                on_lost=on_lost,
                server_wait=server_wait,
            )
            stack.enter_context(lock)
        yield


@contextmanager
def file_lock(
    path: Path,
    *,
    raise_if_cancelled: Callable[[], None] = _do_nothing,
    on_wait: Callable[[], None] = _do_nothing,
) -> Iterator[None]:
    """Hold the lock of a file. The kernel releases it when its holder ends, however it ends."""
    private_directory(path.parent)
    while True:
        descriptor = open_lock_file(path)

        def acquire(descriptor: int = descriptor) -> int:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            return descriptor

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _acquire(acquire, os.close, raise_if_cancelled, on_wait)
        if not is_deleted(descriptor, path):
            break
        os.close(descriptor)
    try:
        # Its age says when the lock was last used.
        os.utime(descriptor)
        yield
    finally:
        os.close(descriptor)


def file_lock_place(directory: Path) -> str:
    """Identify the place in which a lock file holds: the directory, on this machine since it was started.

    Another container that shares the directory is in the same place, because the kernel is the same.
    """
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        found = private_directory(directory).stat()
        return f"{boot} {found.st_dev} {found.st_ino}"
    return ""


class _Lease(Protocol):
    """A lock on a server, as one holder sees it.

    The server notes who had the lock last and until when it is theirs, and keeps the note when the lock is
    free. So a holder that could not reach the server for longer than that finds out whether anybody has had
    the lock since.
    """

    def take(self) -> bool:
        """Take the lock, unless another holder has it. Returns whether it is this holder's now.

        :raises SharedStateUnavailable: when the server cannot be reached.
        """

    def renew(self) -> bool:
        """Keep the lock for another while. Returns False when another holder has or had it since.

        :raises SharedStateUnavailable: when the server cannot be reached.
        """

    def release(self) -> None:
        """Free the lock, if it is this holder's.

        :raises SharedStateUnavailable: when the server cannot be reached.
        """


@contextmanager
def server_lock(
    url: str,
    name: str,
    *,
    raise_if_cancelled: Callable[[], None] = _do_nothing,
    on_wait: Callable[[], None] = _do_nothing,
    on_lost: Callable[[LockLost], object] = _ignore,
    server_wait: float = SHARED_STATE_WAIT,
) -> Iterator[None]:
    """Hold a lock on the server that several machines share; its URL says which kind of server it is.

    It is renewed while it is held; when its holder is killed it is free after :data:`LOCK_LIFE`.

    :param on_lost: called from another thread when the lock was lost: the server was away for longer than
        that, and another task has or had the lock since.
    :param server_wait: seconds for which the server is waited for when it is away.
    :raises SharedStateUnavailable: when the server cannot be reached.
    :raises InvalidInput: when the URL has another scheme, or its client library is not installed.
    """
    with client_library(url):
        lease: _Lease = (_RedisLease if server_kind(url) == "redis" else _PostgresLease)(url, name)
    given_up = threading.Event()

    def acquire() -> None:
        # A pause of the wait ends with the wait, and so does this thread.
        outage = Outage(server_wait)
        while not given_up.is_set():
            try:
                if lease.take():
                    return
                outage.end()
                pause = _POLL
            except SharedStateUnavailable as error:
                pause = outage.after(error)
            given_up.wait(pause)

    def release(_: object = None) -> None:
        # When this fails the lock is free by itself after its life, and the work is done.
        with suppress(SharedStateUnavailable):
            lease.release()

    try:
        _acquire(acquire, release, raise_if_cancelled, on_wait)
    finally:
        given_up.set()
    finished = threading.Event()

    def renew() -> None:
        while not finished.wait(_RENEW_EVERY):
            # The next round tries again.
            with suppress(SharedStateUnavailable):
                if not lease.renew():
                    message = f"the server of {SETTING} was away, and another task got this one's lock"
                    on_lost(LockLost(f"{message}; nothing more is sent"))
                    return

    renewer = threading.Thread(target=renew, name="mkt-lock", daemon=True)
    renewer.start()
    try:
        yield
    finally:
        finished.set()
        renewer.join()
        release()


_REDIS_LEASE = """
-- The lock has its holder's token while it is held. The note has the token of who had it last.
local lock, note, token, life, renewing = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3] == '1'
local holder = redis.call('GET', lock)
if holder and holder ~= token then return 0 end
if renewing and not holder then
    local last = redis.call('GET', note)
    -- Without a note the server has lost its data. Whoever had the lock since would have left one.
    if last and last ~= token then return 0 end
end
redis.call('SET', lock, token, 'PX', life)
redis.call('SET', note, token, 'EX', 86400)
return 1
"""

_REDIS_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


class _RedisLease:
    def __init__(self, url: str, name: str) -> None:
        from airflow_provider_mkt.client.ratelimit import redis

        self._client, self._reach = redis.connect(url), redis.reach
        self._lease, self._release = (
            self._client.register_script(one) for one in (_REDIS_LEASE, _REDIS_RELEASE)
        )
        self._keys, self._token = [f"mkt:lock:{name}", f"mkt:lock:{name}:last"], uuid4().hex

    def take(self) -> bool:
        return self._run(renewing=0)

    def renew(self) -> bool:
        return self._run(renewing=1)

    def release(self) -> None:
        self._reach(lambda: self._release(keys=self._keys[:1], args=[self._token]))
        self._client.close()

    def _run(self, *, renewing: int) -> bool:
        arguments = [self._token, int(LOCK_LIFE * 1000), renewing]
        return bool(self._reach(lambda: self._lease(keys=self._keys, args=arguments)))


_LOCK_TABLE = """
CREATE TABLE IF NOT EXISTS mkt_locks (
    name TEXT PRIMARY KEY, token TEXT NOT NULL, held_until TIMESTAMPTZ NOT NULL
)
"""

_POSTGRES_TAKE = """
INSERT INTO mkt_locks AS locks
VALUES (%(name)s, %(token)s, clock_timestamp() + make_interval(secs => %(life)s))
ON CONFLICT (name) DO UPDATE SET token = excluded.token, held_until = excluded.held_until
WHERE locks.token = excluded.token OR locks.held_until < clock_timestamp()
"""

_POSTGRES_RENEW = """
UPDATE mkt_locks SET held_until = clock_timestamp() + make_interval(secs => %(life)s)
WHERE name = %(name)s AND token = %(token)s
"""

# After the server's clock was set back, a lock would be held for that much longer.
_POSTGRES_FOLLOW_CLOCK = """
UPDATE mkt_locks SET held_until = clock_timestamp() + make_interval(secs => %(life)s)
WHERE name = %(name)s AND held_until > clock_timestamp() + make_interval(secs => %(life)s)
"""

_POSTGRES_RELEASE = """
UPDATE mkt_locks SET held_until = '-infinity' WHERE name = %(name)s AND token = %(token)s
"""


class _PostgresLease:
    def __init__(self, url: str, name: str) -> None:
        from airflow_provider_mkt.client.ratelimit.postgres import PostgresConnection

        self._connection = PostgresConnection(url, self._prepare, durable=True)
        self._arguments = {"name": name, "token": uuid4().hex, "life": LOCK_LIFE}

    def take(self) -> bool:
        return self._changes(_POSTGRES_FOLLOW_CLOCK, _POSTGRES_TAKE)

    def renew(self) -> bool:
        return self._changes(_POSTGRES_RENEW)

    def release(self) -> None:
        self._changes(_POSTGRES_RELEASE)
        self._connection.close()

    def _changes(self, *statements: LiteralString) -> bool:
        """Run statements, and return whether the last one changed anything."""

        def run(connection: psycopg.Connection[Any]) -> bool:
            changed = [connection.execute(one, self._arguments).rowcount for one in statements]
            return changed[-1] > 0

        return self._connection.transaction(run)

    def _prepare(self, connection: psycopg.Connection[Any]) -> None:
        from airflow_provider_mkt.client.ratelimit.postgres import advisory_lock_id

        # Two that create one table at the same moment would fail.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (advisory_lock_id("mkt_locks"),))
        connection.execute(_LOCK_TABLE)
        connection.execute("DELETE FROM mkt_locks WHERE held_until < now() - interval '1 day'")


def _acquire(
    acquire: Callable[[], T],
    release: Callable[[T], object],
    raise_if_cancelled: Callable[[], None],
    on_wait: Callable[[], None],
) -> T:
    """Run a blocking *acquire* on a thread and wait for it.

    On the task's own thread it would not end when the task is cancelled: the signal's handler returns, and
    Python goes on with the blocking call. When the wait is given up, the thread releases what it acquires.
    """
    acquired: Future[T] = Future()

    def work() -> None:
        try:
            held = acquire()
        except BaseException as error:
            if acquired.set_running_or_notify_cancel():
                acquired.set_exception(error)
        else:
            if acquired.set_running_or_notify_cancel():
                acquired.set_result(held)
            else:
                release(held)

    threading.Thread(target=work, name="mkt-lock-wait", daemon=True).start()
    try:
        waited = 0
        while not wait([acquired], timeout=CHECK_EVERY).done:
            waited += 1
            if waited == round(1 / CHECK_EVERY):
                on_wait()
            raise_if_cancelled()
    except BaseException:
        if not acquired.cancel() and acquired.exception() is None:
            release(acquired.result())
        raise
    return acquired.result()
