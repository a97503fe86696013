"""Waits for the imports of earlier runs of a sync that compares."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.errors import NotFound
from airflow_provider_mkt.operators._waiting import JobsOverdue

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.jobs import Job
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
        poll_interval,
        poll_job,
        wait_for,
    )

    hook, log = writing.hook, writing.operator.log
    jobs = list(left.jobs)
    for kind in dict.fromkeys(one["kind"] for one in left.unanswered):
        names = {one["name"] for one in left.unanswered if one["kind"] == kind}
        jobs += hook.follow(hook.imports_named(kind, names))
    if (seconds := left.seconds_to_wait(time.time())) > 0:
        log.info("An earlier run ended while it sent a file; waiting %.0f s for its import to begin", seconds)
        writing.operator.sleep(seconds)
    if not jobs:
        return
    specs = [(hook.job_spec(job), job) for job in jobs]
    deadline = time.time() + operator.wait_timeout
    progress = WaitProgress.of(jobs, time.time(), deadline)
    interval = poll_interval([spec for spec, _ in specs], operator.poll_interval)

    def still_running() -> Procedure[list[Job]]:
        running = []
        for spec, job in specs:
            try:
                state = yield from poll_job(spec, job)
            except NotFound:
                continue
            if not state.status.final:
                running.append(job)
        return running

    def over(running: list[Job]) -> bool | None:
        if running:
            progress.log(log, hook.where())
            return None
        return True

    try:
        hook.follow(
            wait_for(
                still_running,
                over,
                interval=lambda _: interval,
                deadline=lambda _: deadline,
                failure_budget=PollFailureBudget(operator.max_poll_failure_time),
                log=log,
            )
        )
    except WaitTimedOut as error:
        named = ", ".join(str(job) for job in jobs)
        msg = f"Nothing was sent: not over after {operator.wait_timeout:.0f} s, of an earlier run: {named}"
        raise JobsOverdue(msg) from error
