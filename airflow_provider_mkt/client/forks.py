"""Locks that a process that is forked neither takes over nor leaves behind."""

from __future__ import annotations

import os
import threading
import time
import weakref
from types import TracebackType

_WAIT = 10.0
"""Seconds for which a fork waits for the threads of its process at most."""


class ForkLock:
    """A lock for changes of a SQLite file. The process is not forked while a thread holds it.

    SQLite notes in the process which locks its connections have. A child that is forked in the middle of a
    transaction of another thread inherits the note and not the thread, so that the file stays locked in it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        with _registry:
            _locks.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def acquire(self, timeout: float) -> bool:
        """Take the lock, or give up after so many seconds. Returns whether it was taken."""
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def renew(self) -> None:
        """Be free in a child process, which has none of its parent's other threads."""
        self._lock = threading.Lock()


def _before() -> None:
    _registry.acquire()
    deadline = time.monotonic() + _WAIT
    for lock in list(_locks):
        if lock.acquire(max(0.0, deadline - time.monotonic())):
            _held.append(lock)


def _after_in_parent() -> None:
    for lock in _held:
        lock.release()
    _held.clear()
    _registry.release()


def _after_in_child() -> None:
    global _registry
    _registry = threading.Lock()
    _held.clear()
    for lock in list(_locks):
        lock.renew()


_registry = threading.Lock()
_locks: weakref.WeakSet[ForkLock] = weakref.WeakSet()
_held: list[ForkLock] = []
os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
