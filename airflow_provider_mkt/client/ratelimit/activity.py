"""Who uses an account, what waits for its rate limit, and how many of the day's calls are left: for people.

Nothing here decides about a call. What is written down is small, is written by a thread of its own, and
can be lost without harm.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import os
import socket
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from airflow_provider_mkt.client.call import Json, Quota

log = logging.getLogger(__name__)

INTERVAL = 5.0
"""Seconds between two reports of a process that makes calls all the time."""

_FIRST_INTERVAL = 0.25
"""Seconds between its first two reports, because a task may be short. It doubles up to :data:`INTERVAL`."""

REPEAT_AFTER = 300.0
"""Seconds after which a note about a user or an account is written again, while it makes calls."""

ACCOUNT_KEPT_FOR = 7 * 24 * 3600.0
"""Seconds after which an account that nothing used is no longer listed."""

USER_KEPT_FOR = 1800.0
"""Seconds after which a user that made no call is forgotten. Its calls are shown for a shorter time."""

DAY_INTERVAL = 300.0
"""Seconds between two kept readings of the day's quota."""

_WAIT_SHOWN_AFTER = 0.5
"""Seconds after which a call counts as waiting. Most get their permit at once."""

_DAY_KEPT_FOR = 36 * 3600.0
_DAY_READINGS = 300
_PRUNE_INTERVAL = 60.0

Note: TypeAlias = "dict[str, Json]"


class ActivityNotes(Protocol):
    """Keeps the notes, where all that use an account see them."""

    def get(self, key: str, /) -> Json:
        """Return the note, or None."""

    def set(self, key: str, value: Json, /) -> None:
        """Set the note, or delete it when *value* is None."""

    def items(self) -> Mapping[str, Json]:
        """Return all notes."""


@dataclass(frozen=True)
class AccountUser:
    """One user of one account, as a session knows it.

    :param digest: names the budget of the account.
    :param name: names the user; its permit ids begin with it.
    :param notes: what people see of the user and of the account, by key. No secret, and no person's data.
    """

    reporter: ActivityReporter
    digest: str
    name: str
    notes: Mapping[str, Note]

    @contextmanager
    def waiting(self, quota: Quota) -> Iterator[None]:
        """A call waits for its permit in the block."""
        number = self.reporter.begin_wait(self, quota)
        try:
            yield
        finally:
            self.reporter.end_wait(number)

    def day_read(self, left: int, limit: int, resets_at: float | None = None) -> None:
        """The platform has stated how many of the day's calls are left.

        :param resets_at: when the day's quota resets, in epoch seconds; None when it did not say.
        """
        self.reporter.day_read(self.digest, left, limit, resets_at)


class ActivityReporter:
    """Writes down what this process does with its accounts, every few seconds while it makes calls.

    :param open_notes: opens the notes; called on the reporter's thread.
    """

    def __init__(self, open_notes: Callable[[], ActivityNotes], *, interval: float = INTERVAL) -> None:
        self._open_notes, self._interval = open_notes, interval
        self._start_anew()
        _reporters.add(self)

    def after_fork(self) -> None:
        """Start anew in a child process."""
        # Closing what a parent process opened could harm it, so the child keeps it unused.
        _parents_notes.append(self._notes)
        self._start_anew()

    def _start_anew(self) -> None:
        self._notes: ActivityNotes | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._waiting: dict[int, tuple[float, str, str, str]] = {}
        self._numbers = itertools.count()
        self._pending: dict[str, Note] = {}
        self._days: dict[str, tuple[float, int, int, float | None]] = {}
        self._days_written_at: dict[str, float] = {}
        self._written_at: dict[str, float] = {}
        self._shown: set[str] = set()
        self._pruned_at = 0.0
        self._busy = False

    def begin_wait(self, user: AccountUser, quota: Quota) -> int:
        """Note that a call waits for its permit. Returns at once, with a number for :meth:`end_wait`."""
        now = time.monotonic()
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = (now, user.digest, user.name, quota.value)
            self._busy = True
            for key, note in user.notes.items():
                if now - self._written_at.get(key, float("-inf")) > REPEAT_AFTER:
                    self._written_at[key] = now
                    self._pending[key] = note
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mkt-activity", daemon=True)
                self._thread.start()
        return number

    def end_wait(self, number: int) -> None:
        """Note that a call has its permit, or has given up."""
        with self._lock:
            # It is missing in a process that was forked meanwhile.
            self._waiting.pop(number, None)
            self._busy = True

    def day_read(self, digest: str, left: int, limit: int, resets_at: float | None) -> None:
        """Take over how many of the day's calls are left. It is written with the next report."""
        self._days[digest] = (time.time(), left, limit, resets_at)

    def _run(self) -> None:
        pause = min(_FIRST_INTERVAL, self._interval)
        while True:
            try:
                self.report()
            except Exception as error:
                # Its text may hold the server's address, and nothing depends on it.
                log.debug("What uses the accounts was not written down (%s)", type(error).__name__)
            time.sleep(pause)
            pause = min(2 * pause, self._interval)
            with self._lock:
                if not self._busy and not self._days:
                    self._thread = None
                    return
                self._busy = bool(self._waiting)

    def report(self) -> None:
        """Write down what is new.

        :raises SharedStateUnavailable: when the notes cannot be reached.
        """
        if self._notes is None:
            self._notes = self._open_notes()
        now = time.time()
        with self._lock:
            pending, self._pending = self._pending, {}
            days = {
                digest: day
                for digest, day in self._days.items()
                if now - self._days_written_at.get(digest, 0.0) >= DAY_INTERVAL / 5
            }
            self._days = {}
            long_ago = time.monotonic() - _WAIT_SHOWN_AFTER
            waiting = Counter(tuple(call) for began, *call in self._waiting.values() if began <= long_ago)
        try:
            for key, note in pending.items():
                self._notes.set(key, {**note, "at": now})
        except BaseException:
            with self._lock:
                self._pending = {**pending, **self._pending}
            raise
        for digest, (at, left, limit, resets_at) in days.items():
            self._days_written_at[digest] = now
            key = f"day {digest}"
            self._notes.set(key, _day_note(self._notes.get(key), at, left, limit, resets_at))
        shown: dict[str, list[Json]] = {}
        for (digest, user, quota), calls in waiting.items():
            shown.setdefault(f"waiting {digest} {_process()}", []).append([user, quota, calls])
        for key in self._shown - set(shown):
            self._notes.set(key, None)
        for key, calls_waiting in shown.items():
            self._notes.set(key, {"at": now, "calls": calls_waiting})
        self._shown = set(shown)
        if now - self._pruned_at > _PRUNE_INTERVAL:
            self._pruned_at = now
            for key, old in self._notes.items().items():
                if not _counts(key, old, now):
                    self._notes.set(key, None)


def current(notes: ActivityNotes, now: float) -> dict[str, Note]:
    """Return the notes that still count, by key.

    :param now: epoch seconds.
    """
    return {
        key: note for key, note in notes.items().items() if isinstance(note, dict) and _counts(key, note, now)
    }


def user_of(label: Note) -> str:
    """The short name of a user.

    :param label: what people know it by.
    """
    return hashlib.sha256(json.dumps(label, sort_keys=True).encode()).hexdigest()[:12]


def process_label(*, polls: bool) -> Note:
    """The label of this process, for calls that no task makes.

    :param polls: whether it polls for tasks that are deferred.
    """
    return {"kind": "polls" if polls else "process", "host": socket.gethostname(), "pid": os.getpid()}


def _process() -> str:
    return user_of(process_label(polls=False))


def _counts(key: str, note: Json, now: float) -> bool:
    at = note.get("at") if isinstance(note, dict) else None
    if not isinstance(at, int | float):
        return False
    return now - at < _KEPT_FOR.get(key.partition(" ")[0], 0.0)


def _day_note(before: Json, at: float, left: int, limit: int, resets_at: float | None) -> Note:
    """Add a reading to those of the last day. Several of one interval are one: the latest."""
    old = before.get("readings") if isinstance(before, dict) else None
    readings = list(old) if isinstance(old, list) else []
    start = at // DAY_INTERVAL
    if readings and readings[-1][0] // DAY_INTERVAL >= start:
        readings.pop()
    readings.append([at, left])
    if resets_at is None and isinstance(before, dict):
        known = before.get("resets_at")
        resets_at = known if isinstance(known, float) and known > at else None
    return {"at": at, "limit": limit, "resets_at": resets_at, "readings": readings[-_DAY_READINGS:]}


_KEPT_FOR = {
    "account": ACCOUNT_KEPT_FOR,
    "user": USER_KEPT_FOR,
    "waiting": 3 * INTERVAL,
    "day": _DAY_KEPT_FOR,
}


def _after_fork() -> None:
    for reporter in list(_reporters):
        reporter.after_fork()


_parents_notes: list[object] = []
_reporters: weakref.WeakSet[ActivityReporter] = weakref.WeakSet()
os.register_at_fork(after_in_child=_after_fork)
