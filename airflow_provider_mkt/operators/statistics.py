"""Operators that write what became of emails to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import (
    MarketingOperator,
    as_list,
    as_time,
    optional_str,
    required_str,
)
from airflow_provider_mkt.operators._files import as_path, write_csv, write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.hooks.base import MarketingHook

_OVER_EMAILS = ("email", "campaign", "total")
_FORMATS = ("jsonl", "csv")


class EmailStatisticsOperator(MarketingOperator):
    """Write the statistics of the HubSpot emails that were sent in a span of time to a file.

    JSON Lines keep the platform's shape: ``counters`` (``sent``, ``delivered``, ``open``, ``click`` ...),
    ``ratios`` in percent, ``deviceBreakdown`` and ``qualifierStats``. CSV has one column for each of
    them. The file appears when it is whole; running the task again replaces it.

    :param conn_id: a connection of type ``hubspot``.
    :param output_path: the file, on any object storage.
    :param breakdown: ``email``: one row per email, at the price of one call each. ``campaign``: one row
        per email campaign id, the number under which HubSpot counts mails. ``total``: one row. ``DAY``,
        ``HOUR``, ``WEEK``, ``MONTH`` ... : one row per interval of the span, in UTC.
    :param start: from when on the emails were sent: an aware datetime or ISO 8601 text with offset; from
        the first on when not given.
    :param end: until when; until now when not given.
    :param email_ids: only these emails; all when none is given. At most 400, any number by ``email``.
    :param file_format: ``jsonl`` or ``csv``; by the file's name when not given: CSV where it ends so.
    :returns: ``rows``, ``path`` and ``breakdown``.
    :raises AirflowFailException: on a span that ends before it starts, or an unknown breakdown.

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

    def run_action(self, context: Context) -> dict[str, Any]:
        path = as_path("output_path", self.output_path)
        if path is None:
            raise InvalidInput("output_path", "is missing: where the statistics are to be written")
        breakdown, as_csv = self._breakdown(), self._as_csv(path)
        with self.hook_on("hubspot") as hook:
            rows = self._rows(hook, breakdown)
            count = write_csv(path, map(_flat, rows)) if as_csv else write_rows(path, rows)
        self.log.info("%d rows of email statistics written to %s", count, path)
        return {
            "outcome": "email_statistics",
            "platform": hook.conn_type,
            "breakdown": breakdown,
            "rows": count,
            "path": path,
        }

    def _breakdown(self) -> str:
        from airflow_provider_mkt.client.hubspot.emails.email_statistics import INTERVALS

        given = required_str("breakdown", self.breakdown)
        for known in (*_OVER_EMAILS, *INTERVALS):
            if given.lower() == known.lower():
                return known
        raise InvalidInput("breakdown", f"must be one of {', '.join((*_OVER_EMAILS, *INTERVALS))}")

    def _as_csv(self, path: str) -> bool:
        given = optional_str("file_format", self.file_format)
        if given is None:
            return path.lower().endswith(".csv")
        if given not in _FORMATS:
            raise InvalidInput("file_format", f"must be one of {', '.join(_FORMATS)}")
        return given == "csv"

    def _rows(self, hook: MarketingHook, breakdown: str) -> Iterator[dict[str, Any]]:
        from airflow_provider_mkt.client.hubspot.emails import email_statistics

        start, end = as_time("start", self.start), as_time("end", self.end)
        ids = as_list("email_ids", self.email_ids or ())
        match breakdown:
            case "total":
                totals = hook.run(email_statistics.totals(start=start, end=end, email_ids=ids))
                yield {"emails": len(totals["emails"]), **totals["aggregate"]}
            case "campaign":
                totals = hook.run(email_statistics.totals(start=start, end=end, email_ids=ids))
                for campaign_id, figures in totals["campaignAggregations"].items():
                    yield {"email_campaign_id": campaign_id, **figures}
            case "email":
                found = ids or hook.run(email_statistics.totals(start=start, end=end))["emails"]
                calls = [
                    (one, email_statistics.totals(start=start, end=end, email_ids=[one])) for one in found
                ]
                for email_id, call in calls:
                    yield {"email_id": str(email_id), **hook.run(call)["aggregate"]}
            case interval:
                rows = hook.run(email_statistics.histogram(interval, start=start, end=end, email_ids=ids))
                for row in rows:
                    yield {**row["interval"], **row["aggregations"]}


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as columns: counters and ratios by their own names, what is nested deeper with a dot."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if not isinstance(value, dict):
            flat[name] = value
            continue
        for inner, figure in value.items():
            if isinstance(figure, dict):
                flat |= {f"{inner}.{deepest}": count for deepest, count in figure.items()}
            else:
                flat[inner] = figure
    return flat
