"""Operators that write statistics of emails to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import MarketingOperator
from airflow_provider_mkt.operators._files import as_path, write_csv, write_rows
from airflow_provider_mkt.operators._parameters import as_list, as_time, optional_str, required_str

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators.outcomes import EmailStatisticsOutcome

_BREAKDOWNS = ("email", "campaign", "total")
"""Breakdowns other than by interval."""
_FORMATS = ("jsonl", "csv")


class EmailStatisticsOperator(MarketingOperator):
    """Write statistics of the HubSpot emails that were sent in a range of time to a file.

    JSON Lines keep the platform's structure: ``counters`` (``sent``, ``delivered``, ``open``, ``click`` ...),
    ``ratios`` in percent, ``deviceBreakdown`` and ``qualifierStats``. CSV has one column for each value. The
    file appears when it is complete; running the task again replaces it.

    :param conn_id: a connection of type ``hubspot``.
    :param output_path: the file, on any object storage.
    :param breakdown: ``email``: one row per email, at the cost of one call each. ``campaign``: one row per
        email campaign id, under which HubSpot counts emails. ``total``: one row. ``DAY``, ``HOUR``,
        ``WEEK``, ``MONTH`` ... : one row per interval of the range, in UTC.
    :param start: emails sent from this time on: an aware datetime or ISO 8601 text with offset; from the
        first email on when not given.
    :param end: emails sent until this time; until now when not given.
    :param email_ids: only these emails; all emails when empty. At most 400, or any number with the
        breakdown ``email``.
    :param file_format: ``jsonl`` or ``csv``. When not given, CSV for a path that ends in ``.csv``, else
        JSON Lines.
    :returns: :class:`.EmailStatisticsOutcome`: ``rows``, ``path`` and ``breakdown``.
    :raises AirflowFailException: on a range that ends before it starts, or an unknown breakdown.

    Source: ``GET /marketing/{version}/emails/statistics/list`` and
    ``GET /marketing/{version}/emails/statistics/histogram``.
    """

    template_fields: Sequence[str] = (
        "conn_id",
        "output_path",
        "breakdown",
        "start",
        "end",
        "email_ids",
        "file_format",
    )

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
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.output_path = output_path
        self.breakdown = breakdown
        self.start = start
        self.end = end
        self.email_ids = email_ids
        self.file_format = file_format

    def run_action(self, context: Context) -> EmailStatisticsOutcome:
        path = as_path("output_path", self.output_path)
        if path is None:
            raise InvalidInput("output_path", "is missing or empty")
        breakdown, is_csv = self._breakdown(), self._is_csv(path)
        with self.hook_on("hubspot") as hook:
            rows = self._rows(hook, breakdown)
            count = write_csv(path, map(_flatten, rows)) if is_csv else write_rows(path, rows)
        self.log.info("Wrote %d rows of email statistics to %s", count, path)
        return {
            "outcome": "email_statistics",
            "platform": hook.conn_type,
            "breakdown": breakdown,
            "rows": count,
            "path": path,
        }

    def _breakdown(self) -> str:
        from airflow_provider_mkt.client.hubspot.emails.email_statistics import INTERVALS

        breakdown = required_str("breakdown", self.breakdown)
        for known in (*_BREAKDOWNS, *INTERVALS):
            if breakdown.lower() == known.lower():
                return known
        raise InvalidInput("breakdown", f"must be one of {', '.join((*_BREAKDOWNS, *INTERVALS))}")

    def _is_csv(self, path: str) -> bool:
        file_format = optional_str("file_format", self.file_format)
        if file_format is None:
            return path.lower().endswith(".csv")
        if file_format not in _FORMATS:
            raise InvalidInput("file_format", f"must be one of {', '.join(_FORMATS)}")
        return file_format == "csv"

    def _rows(self, hook: MarketingHook, breakdown: str) -> Iterator[dict[str, object]]:
        from airflow_provider_mkt.client.hubspot.emails import email_statistics

        start, end = as_time("start", self.start), as_time("end", self.end)
        ids = as_list("email_ids", self.email_ids or ())
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
