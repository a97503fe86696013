"""How far changes have been read, kept from one DAG run to the next.

It is kept in an Airflow Variable: of all that Airflow 3.0 to 3.3 has, only that outlives DAG runs, workers
and machines, is the same for scheduled, manual and asset-triggered runs, and can be seen and set back by a
person. (XComs of earlier runs come in the order of logical dates, which manual runs do not have, and go with
their runs; the state store of a task goes with its run, and that of an asset is there on 3.3 alone.)
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Variable

from airflow_provider_mkt.client.errors import InvalidInput

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.leads import Change

KNOWN_MAX = 10_000
"""Changes that are remembered as read. Where more happen in the time in which rows may come late, the
oldest of them are told again."""
RUNS_MAX = 50
"""DAG runs that find their own window again when they are cleared."""
_NAME_MAX = 250


@dataclass(frozen=True)
class Window:
    """What one DAG run reads.

    :param since: from when on.
    :param known: marks of changes in it that earlier runs have read.
    """

    since: datetime
    known: frozenset[str] = frozenset()


class Watermark:
    """The watermark of one sensor.

    The Variable is a JSON object: ``since``, where reading goes on; ``known``, marks of what was read beyond
    that; ``round``, how often it was moved; and ``runs``, what the latest DAG runs have begun with. A run
    that is tried again or cleared begins where it began before, so nothing that it had read is lost.

    :param name: of the Variable.
    """

    def __init__(self, name: str) -> None:
        if len(name) > _NAME_MAX:
            name = f"{name[: _NAME_MAX - 17]}_{hashlib.sha256(name.encode()).hexdigest()[:16]}"
        self.name = name

    def begin(self, run: str, first: datetime) -> Window:
        """The window of a DAG run.

        :param run: its id.
        :param first: where to begin when nothing is kept.
        :raises InvalidInput: when the Variable holds something else.
        """
        kept = self._kept() or {"since": first.isoformat(), "known": [], "round": 0, "runs": {}}
        begun = kept["runs"].get(run)
        if begun is None:
            begun = {"since": kept["since"], "round": kept["round"]}
            runs = {**kept["runs"], run: begun}
            self._keep({**kept, "runs": dict(list(runs.items())[-RUNS_MAX:])})
        # What is known by now may be what this very run has read, and not handed on before it was killed.
        known = kept["known"] if begun["round"] == kept["round"] else ()
        return Window(datetime.fromisoformat(begun["since"]), frozenset(known))

    def advance(self, since: datetime, known: Iterable[str]) -> None:
        """Move on: later runs read from *since*, and leave out what is *known*."""
        kept = self._kept() or {"round": 0, "runs": {}}
        self._keep({**kept, "since": since.isoformat(), "known": list(known), "round": kept["round"] + 1})

    def _kept(self) -> dict[str, Any] | None:
        try:
            kept = Variable.get(self.name, default=None, deserialize_json=True)
            if kept is None:
                return None
            datetime.fromisoformat(kept["since"])
            return {"known": kept["known"], "round": int(kept["round"]), "runs": dict(kept["runs"])} | {
                "since": kept["since"]
            }
        except (ValueError, TypeError, KeyError):
            problem = f"Airflow Variable {self.name} holds no watermark; delete it to begin anew"
            raise InvalidInput("variable", problem) from None

    def _keep(self, kept: Mapping[str, Any]) -> None:
        Variable.set(
            self.name, dict(kept), description="How far changes of leads have been read.", serialize_json=True
        )


def name_for(context: Context) -> str:
    """The name of the Variable of a sensor that was given none."""
    ti = context["ti"]
    index = f"__{ti.map_index}" if ti.map_index is not None and ti.map_index >= 0 else ""
    return f"mkt_lead_changes__{ti.dag_id}__{ti.task_id}{index}"


@dataclass
class Reading:
    """Changes as they are read: which leads they are of, and what the watermark needs to know.

    :param window: what is read.
    """

    window: Window
    new: int = 0
    changed: int = 0
    newest: datetime | None = None
    _leads: set[str] = field(default_factory=set)
    _latest: list[tuple[datetime, str]] = field(default_factory=list)

    def leads(self, changes: Iterable[Change]) -> Iterator[dict[str, Any]]:
        """A row for each lead with a change that is not known yet: ``id``, and whether it is ``new``."""
        for change in changes:
            self._note(change)
            if change.mark in self.window.known or change.lead_id in self._leads:
                continue
            self._leads.add(change.lead_id)
            self.new += change.new
            self.changed += not change.new
            yield {"id": change.lead_id, "new": change.new}

    def next_since(self, late: timedelta) -> datetime:
        """Where reading goes on, so that what comes up to so much too late is not missed."""
        return max(self.window.since, (self.newest or self.window.since) - late)

    def known(self, since: datetime) -> list[str]:
        """Marks of what was read that is not older than *since*."""
        return sorted({mark for at, mark in self._latest if at >= since})

    def _note(self, change: Change) -> None:
        self.newest = change.at if self.newest is None else max(self.newest, change.at)
        latest = (change.at, change.mark)
        if len(self._latest) < KNOWN_MAX:
            heapq.heappush(self._latest, latest)
        else:
            heapq.heappushpop(self._latest, latest)
