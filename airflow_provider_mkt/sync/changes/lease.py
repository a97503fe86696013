"""A lease on the storage of a state, so that of two runs of a sync only one sends, on whichever machines.

It needs nothing but files that are created exclusively. Each holder has a term, the next number, and writes a
small file now and then, its beat::

    lease/00000007-00000000.json   term 7 began: who holds it, since when
    lease/00000007-00000041.json   its newest beat
    lease/00000007-released.json   it ended

A run that waits takes the next term when the newest one was released, or when no new beat of it was seen for
:data:`LIFE` seconds of its own clock. No time that another machine has written is compared, so that a clock
that is set back, or is wrong, does no harm. A holder stops by itself well before that: when its last beat is
older than :data:`VALID_FOR`, or when it finds a newer term.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.errors import ServerUnavailable

if TYPE_CHECKING:
    from airflow_provider_mkt.sync.changes.object_files import StateFiles

log = logging.getLogger(__name__)

LIFE = 60.0
"""Seconds without a new beat after which another run may take the lease."""

VALID_FOR = 40.0
"""Seconds after its last beat for which a holder may send. What is left to :data:`LIFE` is for its last
calls."""

BEAT_INTERVAL = 10.0
"""Seconds between two beats."""

POLL_INTERVAL = 2.0
"""Seconds between two tries of a run that waits."""

_READS_OF_HOLDER = 3

_FIRST = f"{0:08}"
_RELEASED = "released"


class LeaseLost(ServerUnavailable):
    """Another run has the lease of a sync, or may have it."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lease.

    :param who: names the run for people: DAG, run and task.
    :param machine: names the machine for people.
    :param place: identifies runs of which one at a time can get as far as the lease, because they hold a lock
        of this machine. A holder with the same place as who waits has ended. Empty: there is no such lock.
    """

    who: str
    machine: str = ""
    place: str = ""


@dataclass(frozen=True)
class _Beat:
    """The newest file of a lease.

    :param mark: the number of the beat, or that the term has ended.
    """

    term: int
    mark: str
    name: str


def _do_nothing(*_: object) -> None:
    pass


class Lease:
    """The lease of a run that holds it.

    :param files: of the state.
    :param term: its number.
    :param holder: this run.
    :param began: when it was taken, at the earliest, by *clock*.
    :param clock: seconds that never go back; those for which the machine was asleep count.
    """

    def __init__(
        self, files: StateFiles, term: int, holder: Holder, began: float, clock: Callable[[], float]
    ) -> None:
        self._files, self._term, self._holder, self._clock = files, term, holder, clock
        self._since = _now()
        self._beat_at, self._beats = began, 0
        self._lost: LeaseLost | None = None
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="mkt-lease", daemon=True)

    def check(self) -> None:
        """Check that this run still holds the lease. No file is read.

        :raises LeaseLost: when another run has it, or may have it.
        """
        silent = self._clock() - self._beat_at
        if self._lost is None and silent > VALID_FOR:
            self._lost = LeaseLost(
                f"the lease of this sync was not renewed for {silent:.0f} s, and another run may have taken "
                "it; nothing more is sent"
            )
        if self._lost is not None:
            raise self._lost

    def start(self) -> None:
        """Keep the lease until :meth:`release`."""
        self._thread.start()

    def beat(self) -> None:
        """Write a beat, unless another run has the lease."""
        began = self._clock()
        name = _name(self._term, f"{self._beats + 1:08}")
        self._files.create(name, _content(self._holder, self._since))
        self._beats += 1
        # Only now: a run that has taken the lease before this beat could not know of it.
        newest = _newest(self._files)
        if newest is not None and newest.term > self._term:
            self._lost = LeaseLost(
                f"{_who(self._files, newest)} has taken the lease of this sync; nothing more is sent"
            )
            return
        self._beat_at = began
        self._files.delete(_name(self._term, f"{self._beats - 1:08}"))

    def keep_for(self, seconds: float, sleep: Callable[[float], None]) -> None:
        """Wait, and keep the lease meanwhile."""
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            sleep(min(left, BEAT_INTERVAL))
            self.beat()

    def release(self) -> None:
        """Let another run take the lease at once."""
        self._finished.set()
        self._thread.join()
        if self._lost is None:
            _quietly(self._files.create, _name(self._term, _RELEASED), _content(self._holder, self._since))
        # The end of the newest term stays, so that no number is used twice.
        for name in _quietly(self._files.names, "lease") or []:
            beat = _beat_of(name)
            if beat is not None and (
                beat.term < self._term or (beat.term == self._term and beat.mark != _RELEASED)
            ):
                _quietly(self._files.delete, name)

    def _keep(self) -> None:
        while self._lost is None and not self._finished.wait(BEAT_INTERVAL):
            # The next round tries again, until the lease is not valid any more.
            _quietly(self.beat)


@contextmanager
def hold_lease(
    files: StateFiles,
    holder: Holder,
    *,
    sleep: Callable[[float], None] = time.sleep,
    on_wait: Callable[[str], object] = _do_nothing,
    clock: Callable[[], float] | None = None,
) -> Iterator[Lease]:
    """Hold the lease of a sync. Waits for another run that holds it.

    :param files: of the state.
    :param holder: this run.
    :param sleep: waits so many seconds; an exception ends the wait.
    :param on_wait: takes who holds the lease and since when, once for each holder.
    :param clock: seconds that never go back; those for which the machine was asleep count.
    """
    clock = _seconds if clock is None else clock
    lease = _take(files, holder, sleep, on_wait, clock)
    lease.start()
    try:
        yield lease
    finally:
        lease.release()


def _take(
    files: StateFiles,
    holder: Holder,
    sleep: Callable[[float], None],
    on_wait: Callable[[str], object],
    clock: Callable[[], float],
) -> Lease:
    seen: _Beat | None = None
    seen_at, reported = clock(), 0
    while True:
        newest = _newest(files)
        if newest != seen:
            seen, seen_at = newest, clock()
        silent = newest is not None and clock() - seen_at >= LIFE
        if newest is None or newest.mark == _RELEASED or silent or _has_ended(files, newest, holder):
            began, term = clock(), (0 if newest is None else newest.term) + 1
            try:
                files.create(_name(term, _FIRST), _content(holder, _now()))
            except FileExistsError:
                continue
            if _newest(files) != _Beat(term, _FIRST, _name(term, _FIRST)):
                # The term was held and released while this run saw the one before it.
                files.delete(_name(term, _FIRST))
                continue
            lease = Lease(files, term, holder, began, clock)
            if silent and _lives(files, newest):
                # It finds the new term with its next beat, or stops by itself.
                log.warning(
                    "The lease of this sync was taken from a run that was slow; waiting until it stops"
                )
                lease.keep_for(LIFE, sleep)
            return lease
        if reported != newest.term:
            reported = newest.term
            on_wait(_who(files, newest))
        sleep(POLL_INTERVAL)


def _lives(files: StateFiles, seen: _Beat | None) -> bool:
    """Whether a holder has written a beat since *seen*."""
    found = None if seen is None else _newest(files, below=seen.term + 1)
    return found is not None and found != seen and found.mark != _RELEASED


def _has_ended(files: StateFiles, newest: _Beat, holder: Holder) -> bool:
    """Whether the holder was in the place where this run is now, which only one run at a time can be."""
    return bool(holder.place) and _read(files, newest.name).get("place") == holder.place


def _newest(files: StateFiles, below: int | None = None) -> _Beat | None:
    """Return the newest beat of the highest term.

    :param below: of the terms below this one.
    """
    beats = [beat for name in files.names("lease") if (beat := _beat_of(name)) is not None]
    if below is not None:
        beats = [beat for beat in beats if beat.term < below]
    # "released" comes after every number.
    return max(beats, key=lambda beat: (beat.term, beat.mark), default=None)


def _beat_of(name: str) -> _Beat | None:
    term, dash, mark = name.removeprefix("lease/").removesuffix(".json").partition("-")
    return _Beat(int(term), mark, name) if dash and term.isdecimal() else None


def _name(term: int, mark: str) -> str:
    return f"lease/{term:08}-{mark}.json"


def _content(holder: Holder, since: str) -> bytes:
    content = {
        "who": holder.who,
        "machine": holder.machine,
        "place": holder.place,
        "since": since,
        # No two files are alike, so that a writer knows its own.
        "token": uuid.uuid4().hex,
    }
    return json.dumps(content).encode()


def _now() -> str:
    """The time for people. It is not compared."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _read(files: StateFiles, name: str) -> Mapping[str, str]:
    """Return the content of a file; empty when it was deleted meanwhile, or cannot be read."""
    try:
        content = json.loads(files.read(name))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _who(files: StateFiles, beat: _Beat) -> str:
    """Return who holds a lease and since when, for people."""
    found = _read(files, beat.name)
    for _ in range(_READS_OF_HOLDER - 1):
        if found:
            break
        # The holder may have replaced the beat by the next one.
        newest = _newest(files)
        if newest is not None and newest.term == beat.term:
            found = _read(files, newest.name)
    machine = f" on {found['machine']}" if found.get("machine") else ""
    return f"{found.get('who', 'another run')}{machine}, since {found.get('since') or 'an unknown time'}"


def _quietly(work: Callable[..., object], *arguments: object) -> list[str] | None:
    """Do something whose failure does no harm here."""
    try:
        result = work(*arguments)
    except Exception as error:
        log.info("A file of the lease of a sync could not be written or read: %s", error)
        return None
    return result if isinstance(result, list) else None


def _seconds() -> float:
    """Seconds since the machine was started, also those for which it was asleep."""
    # Not on every system, such as macOS.
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)
