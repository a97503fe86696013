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
from contextlib import ExitStack, closing, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_mkt.client.files import open_lock_file, private_directory

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

T = TypeVar("T")

CHECK_EVERY = 0.2
"""Seconds between two checks whether a waiting task was cancelled."""

REDIS_LOCK_LIFE = 60.0
"""Seconds after which the lock of a killed task is free in Redis; a living one renews it."""


def _do_nothing() -> None:
    pass


@contextmanager
def exclusive_lock(
    directory: Path,
    server_url: str | None,
    name: str,
    *,
    raise_if_cancelled: Callable[[], None] = _do_nothing,
    on_wait: Callable[[], None] = _do_nothing,
) -> Iterator[None]:
    """Hold the lock *name* on this machine, and on all machines that share a server.

    :param directory: where the lock files of this machine are.
    :param server_url: the Redis or PostgreSQL server that machines share; None when there is only this one.
    :param name: names the lock; letters, digits and hyphens.
    :param raise_if_cancelled: called about five times a second while waiting; an exception ends the wait.
    :param on_wait: called after a second of waiting for another task that holds the lock.
    :raises SharedStateUnavailable: when the server cannot be reached.
    :raises InvalidInput: when the URL has another scheme, or its client library is not installed.
    """
    with ExitStack() as stack:
        path = directory / name
        stack.enter_context(file_lock(path, raise_if_cancelled=raise_if_cancelled, on_wait=on_wait))
        if server_url is not None:
            lock = server_lock(server_url, name, raise_if_cancelled=raise_if_cancelled, on_wait=on_wait)
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
    descriptor = open_lock_file(path)

    def acquire() -> int:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _acquire(acquire, os.close, raise_if_cancelled, on_wait)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def redis_lock(
    url: str,
    name: str,
    *,
    raise_if_cancelled: Callable[[], None] = _do_nothing,
    on_wait: Callable[[], None] = _do_nothing,
) -> Iterator[None]:
    """Hold a lock in Redis. It is renewed while it is held; when its holder is killed it expires.

    :raises SharedStateUnavailable: when the server cannot be reached.
    """
    import redis

    from airflow_provider_mkt.client.ratelimit.redis import connect, reach

    client = connect(url)
    # Redis cannot wake who waits for a key that expires, so redis-py asks for it again.
    lock = client.lock(f"mkt:lock:{name}", timeout=REDIS_LOCK_LIFE, sleep=0.2, thread_local=False)

    def release(_: object = None) -> None:
        # When this fails the lock is free by itself after its life, and the work is done.
        with suppress(redis.RedisError):
            lock.release()
        client.close()

    _acquire(lambda: reach(lock.acquire), release, raise_if_cancelled, on_wait)
    finished = threading.Event()

    def renew() -> None:
        while not finished.wait(REDIS_LOCK_LIFE / 4):
            # The next round tries again; there are three before the lock is lost.
            with suppress(redis.RedisError):
                lock.reacquire()

    renewer = threading.Thread(target=renew, name="mkt-lock", daemon=True)
    renewer.start()
    try:
        yield
    finally:
        finished.set()
        renewer.join()
        release()


@contextmanager
def postgres_lock(
    url: str,
    name: str,
    *,
    raise_if_cancelled: Callable[[], None] = _do_nothing,
    on_wait: Callable[[], None] = _do_nothing,
) -> Iterator[None]:
    """Hold an advisory lock of PostgreSQL. The server releases it when its holder's connection ends.

    :raises SharedStateUnavailable: when the server cannot be reached.
    """
    import psycopg

    from airflow_provider_mkt.client.ratelimit.postgres import advisory_lock_id, connect, unreachable

    def acquire() -> psycopg.Connection[object]:
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(closing(connect(url)))
                connection.execute("SELECT pg_advisory_lock(%s)", (advisory_lock_id(name),))
            except psycopg.Error as error:
                raise unreachable(error) from None
            stack.pop_all()
        return connection

    connection = _acquire(acquire, lambda abandoned: abandoned.close(), raise_if_cancelled, on_wait)
    try:
        yield
    finally:
        connection.close()


def server_lock(
    url: str,
    name: str,
    *,
    raise_if_cancelled: Callable[[], None] = _do_nothing,
    on_wait: Callable[[], None] = _do_nothing,
) -> AbstractContextManager[None]:
    """Hold a lock on the server that several machines share; its URL says which kind of server it is.

    :raises SharedStateUnavailable: when the server cannot be reached.
    :raises InvalidInput: when the URL has another scheme, or its client library is not installed.
    """
    from airflow_provider_mkt.client.ratelimit.servers import client_library, server_kind

    lock, library = (redis_lock, "redis") if server_kind(url) == "redis" else (postgres_lock, "psycopg")
    with client_library(url):
        import_module(library)
    return lock(url, name, raise_if_cancelled=raise_if_cancelled, on_wait=on_wait)


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
