"""The watermark of a sensor that reads changes, kept from one DAG run to the next.

It is an Airflow Variable. Nothing else in Airflow 3.0 to 3.3 outlives DAG runs, workers and machines, is the
same for scheduled, manual and asset-triggered runs, and can be viewed and reset by a person. (XComs of
earlier runs are ordered by logical date, which manual runs do not have, and are deleted with their runs. The
state store of a task is deleted with its run, and that of an asset exists in 3.3 only.)
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypedDict

from airflow.providers.common.compat.sdk import Variable

from airflow_provider_mkt.client.errors import InvalidInput

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.leads import Change

KNOWN_MAX = 10_000
"""Most changes that are kept as read. Where more happen within the time in which rows may arrive late, the
oldest are reported again."""
RUNS_MAX = 50
"""DAG runs that read their own window again when they are cleared."""
_NAME_MAX = 250


@dataclass(frozen=True)
class Window:
    """The window that one DAG run reads.

    :param since: its start.
    :param known: marks of changes in it that earlier runs have read.
    """

    since: datetime
    known: frozenset[str] = frozenset()


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


class Watermark:
    """The watermark of one sensor.

    The Variable is a JSON object: ``since``, where the next run starts to read; ``known``, marks of changes
    after that which were read; ``round``, how often it was moved; and ``runs``, the windows of the latest DAG
    runs. A run that is retried or cleared reads its own window again, so that no change is lost.

    :param name: of the Variable.
    """

    def __init__(self, name: str) -> None:
        if len(name) > _NAME_MAX:
            name = f"{name[: _NAME_MAX - 17]}_{hashlib.sha256(name.encode()).hexdigest()[:16]}"
        self.name = name

    def begin(self, run: str, first: datetime) -> Window:
        """Return the window of a DAG run.

        :param run: its id.
        :param first: where to start when the Variable does not exist.
        :raises InvalidInput: when the Variable is not a watermark.
        """
        kept = self._kept() or _Kept(since=first.isoformat(), known=[], round=0, runs={})
        begun = kept["runs"].get(run)
        if begun is None:
            begun = _Begun(since=kept["since"], round=kept["round"])
            runs = {**kept["runs"], run: begun}
            self._keep({**kept, "runs": dict(list(runs.items())[-RUNS_MAX:])})
        # The known changes may be those of this run, read and not reported before it was killed.
        known = kept["known"] if begun["round"] == kept["round"] else ()
        return Window(datetime.fromisoformat(begun["since"]), frozenset(known))

    def advance(self, since: datetime, known: Iterable[str]) -> None:
        """Move the watermark: later runs read from *since*, without the changes that are *known*."""
        kept = self._kept() or _Kept(since="", known=[], round=0, runs={})
        self._keep({**kept, "since": since.isoformat(), "known": list(known), "round": kept["round"] + 1})

    def _kept(self) -> _Kept | None:
        try:
            kept = Variable.get(self.name, default=None, deserialize_json=True)
            if kept is None:
                return None
            datetime.fromisoformat(kept["since"])
            return _Kept(
                since=kept["since"],
                known=kept["known"],
                round=int(kept["round"]),
                runs=dict(kept["runs"]),
            )
        except (ValueError, TypeError, KeyError):
            problem = f"Airflow Variable {self.name} is not a watermark; delete it to start again"
            raise InvalidInput("variable", problem) from None

    def _keep(self, kept: _Kept) -> None:
        Variable.set(
            self.name, dict(kept), description="How far changes of leads have been read.", serialize_json=True
        )


def name_for(context: Context) -> str:
    """Return the default name of a sensor's Variable."""
    ti = context["ti"]
    index = f"__{ti.map_index}" if ti.map_index is not None and ti.map_index >= 0 else ""
    return f"mkt_lead_changes__{ti.dag_id}__{ti.task_id}{index}"


@dataclass
class Reading:
    """Changes as they are read: their leads, and the next watermark.

    :param window: the window that is read.
    """

    window: Window
    new: int = 0
    changed: int = 0
    newest: datetime | None = None
    _leads: set[str] = field(default_factory=set)
    _latest: list[tuple[datetime, str]] = field(default_factory=list)

    def leads(self, changes: Iterable[Change]) -> Iterator[dict[str, object]]:
        """Yield a row for each lead with an unknown change: ``id``, and whether it is ``new``."""
        for change in changes:
            self._note(change)
            if change.mark in self.window.known or change.lead_id in self._leads:
                continue
            self._leads.add(change.lead_id)
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
