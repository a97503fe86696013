"""Operators that write statistics of emails to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import MarketingOperator
from airflow_provider_mkt.operators._existing_files import IF_EXISTS, OutputFiles
from airflow_provider_mkt.operators._files import as_path, whole_file, write_csv, write_rows
from airflow_provider_mkt.operators._output_formats import (
    OutputFormat,
    check_json_lines,
    ending_of,
    output_format,
)
from airflow_provider_mkt.operators._parameters import as_time, optional_ids, optional_str, required_str
from airflow_provider_mkt.operators._parse_checks import one_of
from airflow_provider_mkt.operators._row_formats import write_rows as write_typed_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from airflow.sdk import Context

    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators.outcomes import EmailStatisticsOutcome

_BREAKDOWNS = ("email", "campaign", "total")
"""Breakdowns other than by interval."""
_FORMATS = ("jsonl", "csv", "parquet")
_ENDINGS: Mapping[str, str] = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}
"""The formats of endings that are not those of JSON Lines."""


class EmailStatisticsOperator(MarketingOperator):
    """Write statistics of the HubSpot emails that were sent in a range of time to a file.

    JSON Lines keep the platform's structure: ``counters`` (``sent``, ``delivered``, ``open``, ``click`` ...),
    ``ratios`` in percent, ``deviceBreakdown`` and ``qualifierStats``. CSV and Parquet have one column for
    each value, Parquet with types. The file appears when it is complete.

    :param conn_id: a connection of type ``hubspot``.
    :param output_path: the file, on any object storage. With a further ending ``.gz`` or ``.zst``, CSV and
        JSON Lines are compressed.
    :param breakdown: ``email``: one row per email, at the cost of one call each. ``campaign``: one row per
        email campaign id, under which HubSpot counts emails. ``total``: one row. ``DAY``, ``HOUR``,
        ``WEEK``, ``MONTH`` ... : one row per interval of the range, in UTC.
    :param start: emails sent from this time on: an aware datetime or ISO 8601 text with offset; from the
        first email on when not given.
    :param end: emails sent until this time; until now when not given.
    :param email_ids: only these emails; all emails when empty. At most 400, or any number with the
        breakdown ``email``.
    :param file_format: ``jsonl``, ``csv`` or ``parquet``, for a path without ending. When not given, the
        ending says it: ``.csv``, ``.parquet``, or else JSON Lines.
    :param if_exists: what becomes of a file that exists: ``replace``, or ``fail``. A file that an earlier try
        of the task wrote is replaced in any case.
    :returns: :class:`.EmailStatisticsOutcome`: ``rows``, ``path`` and ``breakdown``.
    :raises AirflowFailException: on a range that ends before it starts, or an unknown breakdown.

    Source: ``GET /marketing/{version}/emails/statistics/list`` and
    ``GET /marketing/{version}/emails/statistics/histogram``.
    """

    targets = (
        Target("email_statistics", "", "input"),
        Target("email", "email_ids"),
        Target(RESULTS, "output_path", "output"),
    )

    template_fields: Sequence[str] = (
        "conn_id",
        "output_path",
        "breakdown",
        "start",
        "end",
        "email_ids",
        "file_format",
        "if_exists",
    )

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "email_ids": optional_ids,
        "file_format": one_of(*_FORMATS),
        "if_exists": one_of(*IF_EXISTS),
    }

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        breakdown: str = "email",
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        email_ids: Sequence[str | int] | str = (),
        file_format: str | None = None,
        if_exists: str = "replace",
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.output_path = output_path
        self.breakdown = breakdown
        self.start = start
        self.end = end
        self.email_ids = email_ids
        self.file_format = file_format
        self.if_exists = if_exists

    def check_arguments(self, arguments: Arguments) -> None:
        if arguments.known("breakdown"):
            self._breakdown()
        if arguments.given("output_path") and arguments.known("file_format"):
            self._format(str(self.output_path))
        if all(map(arguments.known, ("breakdown", "start", "end", "email_ids"))) and (
            arguments.given("start") or arguments.given("end") or arguments.given("email_ids")
        ):
            self._calls(self._breakdown())

    def run_action(self, context: Context) -> EmailStatisticsOutcome:
        path = as_path("output_path", self.output_path)
        if path is None:
            raise InvalidInput("output_path", "is missing or empty")
        breakdown, file_format = self._breakdown(), self._format(path)
        with self.hook_on("hubspot") as hook:
            files = OutputFiles(task_state_of(context, hook), self.if_exists, self.log)
            files.check(path)
            rows = self._rows(hook, breakdown, lambda: files.placing(path))
            match file_format:
                case "csv":
                    count = write_csv(path, map(_flatten, rows))
                case "parquet":
                    count = self._write_parquet(path, rows)
                case _:
                    count = write_rows(path, rows)
        self.log.info("Wrote %s of email statistics to %s", counted(count, "row"), path)
        return {
            "outcome": "email_statistics",
            "platform": hook.conn_type,
            "breakdown": breakdown,
            "rows": count,
            "path": path,
        }

    def _calls(self, breakdown: str) -> None:
        """Check what the calls take."""
        from airflow_provider_mkt.client.hubspot.emails import email_statistics

        ids = optional_ids("email_ids", self.email_ids or ())
        start, end = as_time("start", self.start), as_time("end", self.end)
        email_statistics.totals(start=start, end=end, email_ids=[] if breakdown == "email" else ids)

    def _breakdown(self) -> str:
        from airflow_provider_mkt.client.hubspot.emails.email_statistics import INTERVALS

        breakdown = required_str("breakdown", self.breakdown)
        for known in (*_BREAKDOWNS, *INTERVALS):
            if breakdown.lower() == known.lower():
                return known
        raise InvalidInput("breakdown", f"must be one of {', '.join((*_BREAKDOWNS, *INTERVALS))}")

    def _format(self, path: str) -> str:
        file_format = optional_str("file_format", self.file_format)
        if file_format not in (None, *_FORMATS):
            raise InvalidInput("file_format", f"must be one of {', '.join(_FORMATS)}")
        ending, _ = ending_of(path)
        chosen = _ENDINGS.get(ending) or (file_format if file_format and not ending else "jsonl")
        if chosen == "jsonl":
            check_json_lines("output_path", path)
        if ending and file_format not in (None, chosen):
            raise InvalidInput("file_format", f"is {file_format}, and output_path has the ending {ending}")
        if chosen == "parquet":
            # Without an ending, the path says nothing of the format.
            output_format(path if ending else f"{path}.parquet", "csv").check_library()
        return chosen

    def _write_parquet(self, path: str, rows: Iterator[dict[str, object]]) -> int:
        """Write one column for each value. The rows are few: one for each email or interval."""
        flat = [_flatten(row) for row in rows]
        with whole_file(path) as file:
            write_typed_rows(
                lambda: flat,
                file,
                OutputFormat("parquet", "csv"),
                _types(flat),
                raise_if_cancelled=lambda: None,
                log=self.log,
            )
        return len(flat)

    def _rows(
        self, hook: MarketingHook, breakdown: str, placing: Callable[[], None]
    ) -> Iterator[dict[str, object]]:
        """Yield the rows.

        :param placing: called after the last row, before the file appears.
        """
        yield from self._read(hook, breakdown)
        placing()

    def _read(self, hook: MarketingHook, breakdown: str) -> Iterator[dict[str, object]]:
        from airflow_provider_mkt.client.hubspot.emails import email_statistics

        start, end = as_time("start", self.start), as_time("end", self.end)
        ids = optional_ids("email_ids", self.email_ids or ())
        match breakdown:
            case "total":
                totals = hook.run(email_statistics.totals(start=start, end=end, email_ids=ids))
                yield {"emails": len(totals["emails"]), **totals["aggregate"]}
            case "campaign":
                totals = hook.run(email_statistics.totals(start=start, end=end, email_ids=ids))
                for campaign_id, statistics in totals["campaignAggregations"].items():
                    yield {"email_campaign_id": campaign_id, **statistics}
            case "email":
                found = ids or hook.run(email_statistics.totals(start=start, end=end))["emails"]
                # All calls are built, and so checked, before the first one is sent.
                calls = [
                    (email_id, email_statistics.totals(start=start, end=end, email_ids=[email_id]))
                    for email_id in found
                ]
                for email_id, call in calls:
                    yield {"email_id": str(email_id), **hook.run(call)["aggregate"]}
            case interval:
                rows = hook.run(email_statistics.histogram(interval, start=start, end=end, email_ids=ids))
                for row in rows:
                    yield {**row["interval"], **row["aggregations"]}


def _flatten(row: Mapping[str, object]) -> dict[str, object]:
    """Return a row as columns: counters and ratios by their own names, deeper values with a dot."""
    flat: dict[str, object] = {}
    for name, value in row.items():
        if not isinstance(value, dict):
            flat[name] = value
            continue
        for inner_name, inner in value.items():
            if isinstance(inner, dict):
                flat |= {f"{inner_name}.{deepest}": count for deepest, count in inner.items()}
            else:
                flat[inner_name] = inner
    return flat


def _types(rows: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """Return the types of the columns: ids and times are text in the answers, and figures are numbers."""
    types: dict[str, str] = {}
    for row in rows:
        for name, value in row.items():
            kind = {int: "integer", float: "float"}.get(type(value), "")
            if name in ("start", "end"):
                kind = "datetime"
            if types.get(name) != "float" or not kind:
                types[name] = kind
    return types
