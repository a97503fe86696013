"""``since="last"``: exports that each go on where the one before ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import InvalidInput, PlatformError
from airflow_provider_mkt.hooks.watermarks import KeptWatermark, default_name
from airflow_provider_mkt.operators._late_rows import RecentMarks, mark_of
from airflow_provider_mkt.operators._parameters import as_time

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.reading import ReadRow, Span
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import Arguments
    from airflow_provider_mkt.operators.outcomes import RangeOutcome

SINCE = ("last",)
MARKS_MAX = 50_000
"""Most rows that are kept as exported. Where more are read again, the oldest are exported again."""
MARK_LENGTH = 12
_EVER = datetime.min.replace(tzinfo=UTC)
_RUNS_MAX = 50
"""Runs that export their own range again when they are cleared."""
_ENDED = frozenset({"failed", "removed", "skipped", "success", "upstream_failed", "None", ""})


def check_range(arguments: Arguments, moment: Callable[[str, object], datetime | None] = as_time) -> None:
    """Check the parameters of a range, when the DAG file is parsed.

    :param moment: returns the value of a parameter as a time.
    :raises InvalidInput: naming the parameter that is wrong.
    """
    if arguments.missing("since"):
        for one, other in (("start", "end"), ("end", "start")):
            if arguments.missing(one) and arguments.given(other):
                raise InvalidInput(one, "is missing: a range needs both")
        if arguments.given("variable"):
            raise InvalidInput("variable", "is the name of a watermark, which since='last' has")
    start, end = (
        moment(name, arguments[name]) if arguments.given(name) else None for name in ("start", "end")
    )
    if start is not None and end is not None and start >= end:
        raise InvalidInput("end", "must be after start, since it is not part of the range")


def range_outcome(own: ExportRange, left_out: int) -> RangeOutcome:
    """Return what the outcome of an export says about its range.

    :param left_out: rows that earlier runs have exported.
    """
    start = None if own.start is None else own.start.isoformat()
    return {"start": start, "end": own.end.isoformat(), "left_out": left_out}


class WatermarkHeld(PlatformError):
    """Another run exports from the same watermark."""


@dataclass(frozen=True)
class ExportRange:
    """The range that one run exports.

    :param start: its first moment; None for all there is.
    :param end: the first moment after it.
    :param reads_from: where reading begins, for rows that came late; None for all there is.
    :param known: marks of rows that earlier runs have exported.
    :param done: whether this run has exported it before.
    """

    start: datetime | None
    end: datetime
    reads_from: datetime | None
    known: frozenset[str]
    done: bool

    @property
    def name(self) -> str:
        """Its start, as part of a file name."""
        return "all" if self.start is None else f"{self.start:%Y%m%dT%H%M%SZ}"

    def marks(self) -> RecentMarks:
        """Return what collects the marks of the rows that this run exports."""
        return RecentMarks(self.start, self.end, limit=MARKS_MAX + 1)


class ExportWatermark:
    """The watermark of an export.

    The range of a run begins at the watermark, and ends at the moment when the run began. The watermark moves
    there when the file is in place. For what the platform shows late, each run begins to read the *overlap*
    before the newest row that earlier runs found, and leaves out the rows that they have exported. So each
    row is in one file, unless more than 50,000 rows are read again: then the oldest of them are exported
    again.

    A run that failed is followed by one that begins at the same place. A run that is retried has the range
    that it began with. So has one that is cleared after it succeeded, which leaves the watermark where it is.

    One run at a time exports: another one gets :class:`WatermarkHeld`, until the first has ended or failed.

    :param name: of the Airflow Variable; made of the ids of DAG and task when None.
    :param of: what is exported, such as ``contacts``.
    :param overlap: how long before its range a run reads.
    :param late: how long before that exported rows are dated which are remembered too, for a platform that
        may cut ranges by the time at which it wrote a row.
    """

    def __init__(
        self,
        context: Context,
        hook: MarketingHook,
        *,
        name: str | None,
        of: str,
        overlap: timedelta,
        late: timedelta = timedelta(),
    ) -> None:
        name = name or default_name(context, "export")
        self._context, self._hook = context, hook
        self._stored = KeptWatermark(name, f"How far {of} have been exported.")
        self._of, self._overlap, self._late = of, overlap, late
        ti = context["ti"]
        self._run = "\n".join(map(str, (ti.dag_id, ti.run_id, ti.task_id, ti.map_index)))
        self._work = f"watermark {name}"

    def begin(self, first: datetime | None, end: datetime | None = None) -> ExportRange:
        """Return the range of this run.

        :param first: where to start when there is no watermark; None for all there is.
        :param end: the end of the range; now when None.
        :raises InvalidInput: when the Variable is no watermark, or that of other rows or another account.
        :raises WatermarkHeld: while another run exports.
        """
        with self._hook.exclusive(self._work):
            kept = self._read() or self._new(first)
            run = kept["runs"].get(self._run)
            if run is None or not (run["done"] or run["round"] == kept["round"]):
                # Another run has exported meanwhile what this one began with.
                run = {
                    "since": kept["since"],
                    "seen": kept["seen"],
                    "until": (end or datetime.fromtimestamp(time.time(), UTC)).isoformat(),
                    "round": kept["round"],
                    "first": not kept["round"],
                    "done": False,
                }
            if not run["done"]:
                self._raise_if_held(kept)
                kept["holder"] = self._run
                runs = {**kept["runs"], self._run: run}
                self._write({**kept, "runs": dict(list(runs.items())[-_RUNS_MAX:])})
        start = None if run["since"] is None else datetime.fromisoformat(run["since"])
        until = max(datetime.fromisoformat(run["until"]), start or _EVER)
        known = self._known(kept)
        if known is None:
            # Which rows were exported before an old run is not known any more.
            reads_from, known = None if start is None else start - self._overlap, frozenset()
        else:
            reads_from = self._reads_from(run["since"], run["seen"])
        if run["first"]:
            reads_from = start
        return ExportRange(start, until, reads_from, known, run["done"])

    def check_held(self) -> None:
        """Check that no other run has begun to export since, just before the file appears.

        :raises WatermarkHeld: then; this run has exported nothing.
        """
        kept = self._read()
        run = kept["runs"].get(self._run) if kept else None
        if kept is None or run is None or not (run["done"] or kept["holder"] == self._run):
            raise WatermarkHeld(
                f"another run has begun to export from the watermark {self._stored.name}, because this one "
                "counted as ended"
            )

    def complete(self, newest: datetime | None, marks: Iterable[tuple[datetime, str]]) -> None:
        """Move the watermark, after the file of this run is in place.

        :param newest: time of the newest row; None where there was none.
        :param marks: of the rows that this run has exported, with their times.
        :raises WatermarkHeld: when another run has begun to export.
        """
        with self._hook.exclusive(self._work):
            self.check_held()
            kept = self._read() or self._new(None)
            run = kept["runs"][self._run]
            if not run["done"]:
                kept["since"] = run["until"]
                kept["seen"] = _later(run["seen"], newest, run["until"])
                kept["round"] += 1
                kept["holder"] = None
            floor = self._reads_from(kept["since"], kept["seen"]) or _EVER
            own = "".join(mark for at, mark in sorted(marks) if floor - at <= self._late)
            ranges = [one for one in kept["ranges"] if datetime.fromisoformat(one["until"]) >= floor]
            if run["done"]:
                ranges = [{**one, "marks": own} if one["run"] == self._run else one for one in ranges]
            else:
                ranges.append({"run": self._run, "until": run["until"], "marks": own})
            kept["runs"][self._run] = {**run, "done": True}
            self._write({**kept, "ranges": self._within_limit(ranges)})

    def _raise_if_held(self, kept: Mapping[str, Any]) -> None:
        holder = kept["holder"]
        if holder is None or holder == self._run or not self._is_under_way(holder):
            return
        dag, run, task, _ = holder.split("\n")
        raise WatermarkHeld(
            f"run {run} of task {task} in DAG {dag} still exports from the watermark {self._stored.name}; "
            "max_active_runs=1 lets runs wait for each other"
        )

    def _is_under_way(self, holder: str) -> bool:
        """Whether Airflow still runs a task, or will run it again. False where it does not tell."""
        dag, run, task, index = holder.split("\n")
        mapped = index.isdecimal()
        try:
            states = self._context["ti"].get_task_states(
                dag_id=dag, task_ids=[task], run_ids=[run], map_index=int(index) if mapped else None
            )
        except Exception as error:
            self._hook.log.info("Whether the run %s has ended is unknown: %s", run, error)
            return False
        found = [str(state) for tasks in states.values() for state in tasks.values()]
        return any(state.rpartition(".")[2].lower() not in _ENDED for state in found)

    def _reads_from(self, since: str | None, seen: str | None) -> datetime | None:
        """Return where a run begins to read; None where no row was ever found."""
        if since is None or seen is None:
            return None
        return min(datetime.fromisoformat(since), datetime.fromisoformat(seen)) - self._overlap

    def _known(self, kept: Mapping[str, Any]) -> frozenset[str] | None:
        """Return the marks of rows that runs before this one have exported; None where they are forgotten."""
        earlier: list[str] = []
        for one in kept["ranges"]:
            if one["run"] == self._run:
                break
            earlier += _unpacked(one["marks"])
        else:
            if kept["runs"].get(self._run, {}).get("done"):
                return None
        return frozenset(earlier)

    def _within_limit(self, ranges: list[dict[str, Any]]) -> list[dict[str, Any]]:
        left, kept = MARKS_MAX, []
        for one in reversed(ranges):
            marks = one["marks"]
            if len(marks) > left * MARK_LENGTH:
                self._hook.log.warning(
                    "More than %d rows are read again for those that come late: the next export has some of "
                    "them again",
                    MARKS_MAX,
                )
                marks = marks[len(marks) - left * MARK_LENGTH :]
            left -= len(marks) // MARK_LENGTH
            kept.append({**one, "marks": marks})
        return kept[::-1]

    def _new(self, first: datetime | None) -> dict[str, Any]:
        start = None if first is None else first.astimezone(UTC).isoformat()
        return {
            "since": start,
            "seen": start,
            "account": self._hook.account_id(),
            "of": self._of,
            "round": 0,
            "holder": None,
            "runs": {},
            "ranges": [],
        }

    def _read(self) -> dict[str, Any] | None:
        kept = self._stored.read()
        if kept is None:
            return None
        if not kept.keys() >= self._new(None).keys():
            raise self._stored.not_a_watermark()
        self._stored.check("", kept["of"], self._of)
        self._stored.check("account", kept["account"], self._hook.account_id())
        return kept

    def _write(self, kept: Mapping[str, Any]) -> None:
        self._stored.write(kept)


class SinceRun:
    """One run of an export that reads pages, with ``since="last"``.

    :param watermark: is moved by :meth:`complete`.
    :param own: the range of this run.
    """

    def __init__(self, watermark: ExportWatermark, own: ExportRange) -> None:
        self.own = own
        self.left_out = 0
        """Rows that earlier runs have exported."""
        self._watermark = watermark
        self._marks: RecentMarks | None = None

    @property
    def span(self) -> Span | None:
        """The range to read; None for all there is."""
        from airflow_provider_mkt.actions.reading import Span

        return None if self.own.reads_from is None else Span.of(self.own.reads_from, self.own.end)

    def new(self, rows: Sequence[ReadRow]) -> Sequence[ReadRow]:
        """Return the rows that no earlier run has exported."""
        known = self.own.known
        return [row for row in rows if mark_of(row.mark) not in known] if known else rows

    def note(self, rows: Iterable[ReadRow]) -> None:
        """Note the rows of this run."""
        self._marks = self.own.marks()
        for row in rows:
            if row.at is not None:
                self._marks.add(row.at, mark_of(row.mark), moves_watermark=row.moves_watermark)

    def check_held(self) -> None:
        """Check that no other run exports the same, just before the file appears.

        :raises WatermarkHeld: when one does.
        """
        self._watermark.check_held()

    def complete(self) -> None:
        """Move the watermark, after the file is in place."""
        if self._marks is None:
            # A job wrote the file, and its rows do not say what they are.
            self._watermark.complete(self.own.end, ())
        else:
            self._watermark.complete(self._marks.newest, self._marks)


def _later(seen: str | None, newest: datetime | None, until: str) -> str | None:
    if newest is None:
        return seen
    moved = min(newest.astimezone(UTC), datetime.fromisoformat(until))
    return (moved if seen is None else max(moved, datetime.fromisoformat(seen))).isoformat()


def _unpacked(marks: str) -> list[str]:
    return [marks[at : at + MARK_LENGTH] for at in range(0, len(marks), MARK_LENGTH)]


class ExportedSince:
    """What the runs before this one have exported, as the watermark knows it.

    :param watermark: is moved by :meth:`save`.
    :param own: the range of this run.
    """

    def __init__(self, watermark: ExportWatermark, own: ExportRange) -> None:
        self._watermark, self._own = watermark, own

    @property
    def known(self) -> frozenset[str]:
        return self._own.known

    @property
    def reads_from(self) -> datetime:
        if self._own.reads_from is None:
            raise InvalidInput("start", "is missing, and there is no watermark yet")
        return self._own.reads_from

    def marks(self) -> RecentMarks:
        return self._own.marks()

    def save(self, marks: RecentMarks) -> None:
        self._watermark.complete(marks.newest, marks)
