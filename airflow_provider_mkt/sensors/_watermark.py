"""The watermark of a sensor that reads changes, kept from one DAG run to the next."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NotRequired, TypedDict

from airflow_provider_mkt.hooks.watermarks import KeptWatermark

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.leads import Change

KNOWN_MAX = 10_000
"""Most changes that are kept as read. Where more happen within the time in which rows may arrive late, the
oldest are reported again."""
RUNS_MAX = 50
"""DAG runs that read their own window again when they are cleared."""
FIRST_MAX = 100
"""Leads that a sensor's result names."""


@dataclass(frozen=True)
class Window:
    """The window that one DAG run reads.

    :param since: its start.
    :param known: marks of changes in it that earlier runs have read.
    """

    since: datetime
    known: frozenset[str] = frozenset()
    newest: datetime | None = None
    """The newest change that earlier runs have read; None when the whole window is to be read."""
    read_at: float | None = None
    """When the whole window was read last, in epoch seconds."""


class _Begun(TypedDict):
    """The window of a DAG run, as it is kept."""

    since: str
    round: int


class _Kept(TypedDict):
    """The watermark, as it is kept."""

    since: str
    known: list[str]
    round: int
    runs: dict[str, _Begun]
    account: NotRequired[str | None]
    newest: NotRequired[str | None]
    read_at: NotRequired[float]


class Watermark:
    """The watermark of one sensor.

    The Variable is a JSON object: ``since``, where the next run starts to read; ``known``, marks of changes
    after that which were read; ``round``, how often it was moved; and ``runs``, the windows of the latest DAG
    runs. A run that is retried or cleared reads its own window again, so that no change is lost.

    :param name: of the Variable.
    :param account: whose changes are read.
    """

    def __init__(self, name: str, account: str) -> None:
        self._account = account
        self._stored = KeptWatermark(name, "How far changes of leads have been read.")

    def begin(self, run: str, first: datetime) -> Window:
        """Return the window of a DAG run.

        :param run: its id.
        :param first: where to start when the Variable does not exist.
        :raises InvalidInput: when the Variable is not a watermark, or that of another account.
        """
        kept = self._kept() or _Kept(
            since=first.isoformat(), known=[], round=0, runs={}, account=self._account
        )
        begun = kept["runs"].get(run)
        if begun is None:
            begun = _Begun(since=kept["since"], round=kept["round"])
            runs = {**kept["runs"], run: begun}
            self._keep({**kept, "runs": dict(list(runs.items())[-RUNS_MAX:])})
        # The known changes may be those of this run, read and not reported before it was killed.
        since = datetime.fromisoformat(begun["since"])
        if begun["round"] != kept["round"]:
            return Window(since)
        newest = kept.get("newest")
        return Window(
            since,
            frozenset(kept["known"]),
            datetime.fromisoformat(newest) if newest else None,
            kept.get("read_at"),
        )

    def advance(self, since: datetime, known: Iterable[str], newest: datetime | None = None) -> None:
        """Move the watermark: later runs read from *since*, without the changes that are *known*.

        :param newest: time of the newest known change.
        """
        kept = self._kept() or _Kept(since="", known=[], round=0, runs={})
        self._keep(
            {
                **kept,
                "account": self._account,
                "since": since.isoformat(),
                "known": list(known),
                "round": kept["round"] + 1,
                "newest": newest.isoformat() if newest else None,
                "read_at": time.time(),
            }
        )

    def _kept(self) -> _Kept | None:
        kept = self._stored.read()
        if kept is None:
            return None
        try:
            datetime.fromisoformat(kept["since"])
            found = _Kept(
                since=kept["since"],
                known=kept["known"],
                round=int(kept["round"]),
                runs=dict(kept["runs"]),
                # Watermarks of earlier versions have none of these.
                account=kept.get("account"),
                newest=kept.get("newest"),
                read_at=float(kept.get("read_at") or 0.0),
            )
        except (ValueError, TypeError, KeyError):
            raise self._stored.not_a_watermark() from None
        self._stored.check("account", found["account"] or self._account, self._account)
        return found

    def _keep(self, kept: _Kept) -> None:
        self._stored.write(kept)


@dataclass
class Reading:
    """Changes as they are read: their leads, and the next watermark.

    :param window: the window that is read.
    """

    window: Window
    new: int = 0
    changed: int = 0
    newest: datetime | None = None
    first: list[str] = field(default_factory=list)
    """Ids of the first leads, for the task's result."""
    _leads: set[str] = field(default_factory=set)
    _latest: list[tuple[datetime, str]] = field(default_factory=list)

    def leads(self, changes: Iterable[Change]) -> Iterator[dict[str, object]]:
        """Yield a row for each lead with an unknown change: ``id``, and whether it is ``new``."""
        for change in changes:
            self._note(change)
            if change.mark in self.window.known or change.lead_id in self._leads:
                continue
            self._leads.add(change.lead_id)
            if len(self.first) < FIRST_MAX:
                self.first.append(change.lead_id)
            self.new += change.new
            self.changed += not change.new
            yield {"id": change.lead_id, "new": change.new}

    def next_since(self, late: timedelta) -> datetime:
        """Return the start of the next window, so that changes that arrive up to *late* are not missed."""
        return max(self.window.since, (self.newest or self.window.since) - late)

    def known(self, since: datetime) -> list[str]:
        """Return the marks of changes that were read and are not older than *since*."""
        return sorted({mark for at, mark in self._latest if at >= since})

    def _note(self, change: Change) -> None:
        self.newest = change.at if self.newest is None else max(self.newest, change.at)
        latest = (change.at, change.mark)
        if len(self._latest) < KNOWN_MAX:
            heapq.heappush(self._latest, latest)
        else:
            heapq.heappushpop(self._latest, latest)
