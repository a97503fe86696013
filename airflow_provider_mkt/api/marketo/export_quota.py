"""How much of the day's bytes of bulk extracts is used."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow_provider_mkt.api.flow import Flow, Pages
from airflow_provider_mkt.api.marketo import bulk_extracts
from airflow_provider_mkt.api.marketo._exporting import Export, Kind
from airflow_provider_mkt.api.marketo.platform import next_quota_reset
from airflow_provider_mkt.api.marketo.values import moment

DAY_BYTES = 500_000_000

_KINDS: tuple[Kind, ...] = ("leads", "activities", "program_members")


def bytes_today(now: datetime) -> Flow[int]:
    """The size of the files that were finished today.

    A lower bound: other API users' jobs cannot be seen, and their files count too.

    :param now: an aware time.
    """
    midnight = next_quota_reset(now) - timedelta(days=1)
    total = 0
    for kind in _KINDS:
        jobs: list[Export] = yield Pages(bulk_extracts.list_jobs(kind, statuses=["Completed"]))
        for job in jobs:
            finished = moment(job.get("finishedAt"))
            if finished is not None and finished >= midnight:
                total += int(job.get("fileSize") or 0)
    return total
