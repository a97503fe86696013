"""Waits for the imports of earlier runs of a sync that compares."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from airflow_provider_mkt.operators._waiting import JobsOverdue

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.operators._bulk_sync import BulkOperator
    from airflow_provider_mkt.operators._lead_writing import LeadWriting
    from airflow_provider_mkt.sync.changes import LeftImports


def wait_for_left_imports(writing: LeadWriting, left: LeftImports, operator: BulkOperator) -> None:
    """Wait until the platform imports nothing more of runs that ended early.

    :param left: the imports.
    :param operator: has the parameters of waiting.
    :raises JobsOverdue: when they have not ended within ``wait_timeout``.
    """
    from airflow_provider_mkt.actions.polling import (
        PollFailureBudget,
        WaitProgress,
        WaitTimedOut,
        has_ended,
        poll_interval,
        wait_for,
    )

    hook, log = writing.hook, writing.operator.log
    if (seconds := left.seconds_to_wait(time.time())) > 0:
        log.info("An earlier run ended while it sent a file; waiting %.0f s for its import to begin", seconds)
        writing.operator.sleep(seconds)
    jobs = list(left.jobs)
    for kind in dict.fromkeys(one["kind"] for one in left.unanswered):
        names = {one["name"] for one in left.unanswered if one["kind"] == kind}
        jobs += hook.follow(hook.imports_named(kind, names))
    if not jobs:
        return
    specs = [(hook.job_spec(job), job) for job in jobs]
    deadline = time.time() + operator.wait_timeout
    progress = WaitProgress.of(jobs, time.time(), deadline)
    interval = poll_interval([spec for spec, _ in specs], operator.poll_interval)

    def have_ended() -> Procedure[bool]:
        for spec, job in specs:
            if not (yield from has_ended(spec, job)):
                progress.log(log, hook.where())
                return False
        return True

    try:
        hook.follow(
            wait_for(
                have_ended,
                lambda ended: ended or None,
                interval=lambda _: interval,
                deadline=lambda _: deadline,
                failure_budget=PollFailureBudget(operator.max_poll_failure_time),
                log=log,
            )
        )
    except WaitTimedOut as error:
        msg = (
            f"Nothing was sent: the imports of an earlier run have not ended after "
            f"{operator.wait_timeout:.0f} s: {', '.join(map(str, jobs))}"
        )
        raise JobsOverdue(msg) from error
