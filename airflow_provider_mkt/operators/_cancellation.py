"""Cancellation of jobs on the platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_mkt.client.errors import PlatformError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_mkt.actions.jobs import Job
    from airflow_provider_mkt.actions.polling import Log
    from airflow_provider_mkt.hooks.base import MarketingHook


def cancel(hook: MarketingHook, jobs: Sequence[Job], log: Log) -> None:
    """Cancel the jobs that can be canceled. Never raises."""
    for job in jobs:
        try:
            spec = hook.job_spec(job)
            if spec.cancel is not None:
                hook.run(spec.cancel(job))
                log.info("%s was canceled", job)
        except PlatformError as error:
            log.warning("%s was not canceled: %s", job, error)
