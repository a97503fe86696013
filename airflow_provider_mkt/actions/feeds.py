"""Feeds: what a platform lists of one kind, such as new leads, and how to read only what is new in it.

Entries can show late, and one entry can be listed by several polls. So a poll reads the last
:attr:`Feed.late` seconds again, without the entries that are known, and exactly one poll finds each entry.

Several watchers can read one feed, each with a mark of its own: :func:`read_together` reads it once for all
of them, from where the one that is furthest behind begins, and each finds what is new to it.
"""

from __future__ import annotations

import heapq
import math
from base64 import b64encode
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from typing import TypeAlias

from airflow_provider_mkt.actions.jobs import PollCache
from airflow_provider_mkt.actions.leads import reads_whole_window
from airflow_provider_mkt.actions.polling import Log
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.json_types import JsonDict

IDS_MAX = 100
"""Ids that are named of what a poll found."""
KNOWN_MAX = 50_000
"""Entries of the window that are known by their digests. Each takes eight characters of the mark."""
_CLOCK_DIFFERENCE = 120.0
"""Seconds by which the clocks of two machines may differ."""
_WINDOW_STEP = 60
"""Seconds. Windows begin at multiples, so that watchers that poll together send equal calls."""


@dataclass(frozen=True)
class Entry:
    """One entry of a feed.

    :param id: of the lead, email or submission.
    :param key: identifies the entry, e.g. one change of a lead.
    :param at: when it happened.
    :param about: ids of what it is about, e.g. of a list.
    """

    id: str
    key: str
    at: datetime
    about: tuple[object, ...] = ()

    @cached_property
    def digest(self) -> str:
        """The key in eight characters, for long lists of known entries."""
        return b64encode(blake2b(self.key.encode(), digest_size=6).digest()).decode()


class Span:
    """What one read of a feed reads.

    :param since: where the window begins. Entries before it are not reported.
    :param start: where reading begins: ``since``, or the newest known entry.
    :param position: where the feed itself goes on, e.g. its paging token. The feed changes it.
    :param goes_on: whether it may begin where the last read ended. When not, the window is read again from
        ``start`` on.
    :param now: when the read begins, in epoch seconds.
    """

    def __init__(
        self, since: datetime, start: datetime, position: dict[str, Json], *, goes_on: bool, now: float
    ) -> None:
        self.since = since
        self.start = start
        self.position = position
        self.goes_on = goes_on
        self.now = now
        self.oldest_open: datetime | None = None
        self.keep = False
        """Whether ``position`` must outlive a restart, even where nothing was found."""

    def keep_open(self, at: datetime) -> None:
        """Keep the window open from a time on: what is listed there may become an entry later."""
        self.oldest_open = at if self.oldest_open is None else min(self.oldest_open, at)


class Feed:
    """What a platform lists of one kind."""

    late: float
    """Seconds within which the platform shows an entry."""
    page: int
    """Entries on one page of it."""
    group: Hashable
    """Is equal for feeds that can be read together."""

    def read(self, span: Span, note: Callable[[Entry], None], log: Log) -> Procedure[None]:
        """Read the entries from ``span.start`` on, in any order, and hand each to *note*.

        :raises PlatformError: when they cannot be read. The next poll reads them again.
        """
        raise NotImplementedError

    def counts(self, entry: Entry, position: Mapping[str, Json]) -> bool:
        """Whether an entry that was read together with those of other feeds is one of this feed.

        :param position: where this watcher's last read ended.
        """
        return True

    def joined(self, others: Sequence[Feed]) -> Feed:
        """Return a feed that reads all entries of this one and of others of its group, and maybe more."""
        return self

    def joined_position(self, positions: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        """Return the position from which a read misses nothing of what any of several polls has to find.

        :param positions: of the polls. The first is of the one whose window begins earliest.
        """
        return dict(positions[0])


MakeFeed: TypeAlias = Callable[..., Feed]
"""Makes a feed of its arguments.

:raises InvalidInput: naming the argument that is wrong.
"""


def feed_of(feeds: Mapping[str, MakeFeed], platform: str, name: str, arguments: Mapping[str, object]) -> Feed:
    """Return a feed by its name.

    :raises InvalidInput: when the platform has no such feed, or an argument is wrong.
    """
    make = feeds.get(name)
    if make is None:
        raise InvalidInput("conn_id", f"is of type {platform}, which has no feed of {name.replace('_', ' ')}")
    return make(**arguments)


@dataclass(frozen=True)
class Mark:
    """How far a feed has been read.

    :param since: where the window begins.
    :param known: digests of the entries in it that were found, with their times in epoch seconds, rounded
        down.
    :param newest: the newest of them.
    :param read_at: when the whole window was read last, in epoch seconds.
    :param listed: entries that it had then, of all feeds that were read together.
    :param position: the feed's own.
    """

    since: datetime
    known: Mapping[str, int] = field(default_factory=dict)
    newest: datetime | None = None
    read_at: float | None = None
    listed: int = 0
    position: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def at(cls, now: float) -> Mark:
        """Return the mark of a feed that is read from now on."""
        return cls(datetime.fromtimestamp(int(now), UTC))

    def to_json(self) -> JsonDict:
        """Return it as plain JSON."""
        by_second: dict[str, str] = {}
        for digest, second in self.known.items():
            by_second[str(second)] = by_second.get(str(second), "") + digest
        return {
            "since": self.since.isoformat(),
            "known": by_second,
            "newest": self.newest.isoformat() if self.newest else None,
            "read_at": self.read_at,
            "listed": self.listed,
            "position": dict(self.position),
        }

    @classmethod
    def from_json(cls, kept: JsonDict) -> Mark:
        """Read it from plain JSON.

        :raises InvalidInput: when it is not a mark.
        """
        try:
            known = {
                digests[start : start + 8]: int(second)
                for second, digests in kept["known"].items()
                for start in range(0, len(digests), 8)
            }
            newest = kept["newest"]
            return cls(
                datetime.fromisoformat(kept["since"]),
                known,
                datetime.fromisoformat(newest) if newest else None,
                kept["read_at"],
                # Earlier releases did not keep it.
                int(kept.get("listed", 0)),
                dict(kept["position"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InvalidInput("mark", "what was kept of this watcher is not a mark") from None


@dataclass
class Found:
    """What a poll found.

    :param mark: how far the feed has been read with it.
    :param count: new entries.
    :param ids: of the first of them, each once.
    :param more: whether there are other ids.
    :param first: the earliest time of a new entry.
    :param last: the latest one.
    :param keep: whether the mark must outlive a restart, even where nothing was found.
    """

    mark: Mark
    count: int = 0
    ids: list[str] = field(default_factory=list)
    more: bool = False
    first: datetime | None = None
    last: datetime | None = None
    keep: bool = False
    _sum: int = 0

    def add(self, entry: Entry) -> None:
        """Count a new entry."""
        self.count += 1
        of_entry = blake2b(entry.key.encode(), digest_size=8).digest()
        self._sum = (self._sum + int.from_bytes(of_entry)) % 2**64
        self.first = entry.at if self.first is None else min(self.first, entry.at)
        self.last = entry.at if self.last is None else max(self.last, entry.at)
        if entry.id not in self.ids:
            if len(self.ids) < IDS_MAX:
                self.ids.append(entry.id)
            else:
                self.more = True

    @property
    def key(self) -> str:
        """Is equal for equal entries, in whichever order they were read."""
        return f"{self._sum:016x}-{self.count}"


class FeedPoll:
    """One watcher's part in a read of its feed.

    :param feed: what it watches.
    :param mark: how far it was read before.
    :param log: gets the lines about it.
    :param clock: epoch seconds.
    """

    def __init__(self, feed: Feed, mark: Mark, log: Log, clock: Callable[[], float]) -> None:
        self.now = clock()
        """When it begins, in epoch seconds."""
        mark = _without_future(mark, self.now, feed.late, log)
        self.feed, self.mark, self.log = feed, mark, log
        self.found = Found(mark)
        """What is new, complete when the read has ended."""
        cache: PollCache = {}
        self.whole = mark.newest is None or reads_whole_window(
            cache,
            known=max(len(mark.known), mark.listed),
            page=feed.page,
            late=feed.late,
            read_at=mark.read_at,
            clock=lambda: self.now,
        )
        """Whether it has to read its whole window."""
        self.start = mark.since if self.whole or mark.newest is None else max(mark.since, mark.newest)
        """Where it begins to read."""
        self._known = _Known(mark.known)
        self._listed = 0

    def note(self, entry: Entry) -> None:
        """Take an entry that was read, when it is one of this feed and new."""
        if entry.at < self.mark.since:
            return
        self._listed += 1
        counts = self.feed.counts(entry, self.mark.position)
        if counts and self._known.add(entry.digest, int(entry.at.timestamp())):
            self.found.add(entry)

    def end(self, span: Span) -> None:
        """Move the mark after a read that was not interrupted.

        :param span: what was read.
        """
        mark, late = self.mark, self.feed.late
        since = datetime.fromtimestamp((self.now - late) // _WINDOW_STEP * _WINDOW_STEP, UTC)
        since = max(mark.since, min(since, span.oldest_open or since))
        newest = max((one for one in (mark.newest, self.found.last) if one is not None), default=None)
        kept, from_second = self._known.after(int(since.timestamp()), newest)
        if from_second is not None:
            since = max(since, datetime.fromtimestamp(from_second, UTC))
            self.log.warning(
                "More than %s entries in %.0f s: one of before %s that shows only now is not reported",
                KNOWN_MAX,
                late,
                since.isoformat(),
            )
        whole = span.start <= mark.since and not span.goes_on
        read_at, listed = (self.now, self._listed) if whole else (mark.read_at, mark.listed)
        self.found.mark = Mark(since, kept, newest, read_at, listed, span.position)
        self.found.keep = span.keep


def _without_future(mark: Mark, now: float, late: float, log: Log) -> Mark:
    """Return a mark whose window does not begin in the future, as it does after the clock was ahead.

    The window then begins at the newest entry, or *late* ago, whichever is later. What is listed there is
    known, or was not reported.
    """
    if mark.since.timestamp() <= now + _CLOCK_DIFFERENCE:
        return mark
    since = datetime.fromtimestamp(now - late, UTC)
    since = since if mark.newest is None else max(since, mark.newest)
    log.warning(
        "The clock was ahead: what happened since %s is read again, without what was reported",
        since.isoformat(timespec="seconds"),
    )
    return replace(mark, since=min(since, mark.since), read_at=None)


def read_together(polls: Sequence[FeedPoll]) -> Procedure[None]:
    """Read the feed of several polls once. Then each of them has found what is new to it.

    It costs what the poll costs that is furthest behind.

    :param polls: of feeds of one group.
    :raises PlatformError: when it cannot be read. No mark has moved then.
    """
    # Of two whose windows begin together, the one that has a position.
    ordered = sorted(polls, key=lambda one: (one.mark.since, not one.mark.position))
    feed = ordered[0].feed.joined([one.feed for one in ordered[1:]])
    span = Span(
        ordered[0].mark.since,
        min(one.start for one in ordered),
        feed.joined_position([one.mark.position for one in ordered]),
        goes_on=not any(one.whole for one in ordered),
        now=max(one.now for one in ordered),
    )

    def note(entry: Entry) -> None:
        for one in polls:
            one.note(entry)

    yield from feed.read(span, note, _Logs([one.log for one in polls]))
    for one in polls:
        one.end(span)


def joined_scheduled(positions: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """Return the joined position of feeds that keep ids of what is scheduled, under ``scheduled``.

    Without ids of the poll whose window begins earliest, everything is listed, as by its first poll.
    """
    if "scheduled" not in positions[0]:
        return {}
    lists = [kept for one in positions if isinstance(kept := one.get("scheduled"), list)]
    scheduled: list[Json] = sorted({str(one) for kept in lists for one in kept})  # type: ignore[assignment]
    return {"scheduled": scheduled}


class _Logs:
    """The logs of polls that are read together."""

    def __init__(self, logs: Sequence[Log]) -> None:
        self._logs = logs

    def info(self, message: str, /, *args: object) -> None:
        for log in self._logs:
            log.info(message, *args)

    def warning(self, message: str, /, *args: object) -> None:
        for log in self._logs:
            log.warning(message, *args)


class _Known:
    """Known entries. Of too many, the oldest are forgotten."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self._known = dict(known)
        self._heap: list[tuple[int, str]] | None = None
        self._forgotten = -math.inf

    def add(self, digest: str, second: int) -> bool:
        """Add an entry. Returns False when it was known."""
        if digest in self._known:
            return False
        self._known[digest] = second
        if len(self._known) > KNOWN_MAX:
            if self._heap is None:
                self._heap = [(at, one) for one, at in self._known.items()]
                heapq.heapify(self._heap)
            else:
                heapq.heappush(self._heap, (second, digest))
            at, one = heapq.heappop(self._heap)
            del self._known[one]
            self._forgotten = max(self._forgotten, at)
        return True

    def after(self, second: int, newest: datetime | None) -> tuple[dict[str, int], int | None]:
        """Return the entries from a second on; and a later second, when entries after it were forgotten.

        :param newest: the time of the newest entry. Those of its second are known in any case: the window
            begins there again when the clock was ahead.
        """
        later = None
        if self._forgotten >= second:
            # Others of the same second may have been forgotten.
            later = second = int(self._forgotten) + 1
        elif newest is not None:
            second = min(second, int(newest.timestamp()))
        return {digest: at for digest, at in self._known.items() if at >= second}, later
