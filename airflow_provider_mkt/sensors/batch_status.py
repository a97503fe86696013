"""The sensor that waits for background work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import JobFailed
from airflow_provider_mkt.operators._reject_threshold import RejectThreshold
from airflow_provider_mkt.operators._waiting import cancel, jobs_of, poll_jobs
from airflow_provider_mkt.sensors._base import WaitingSensor
from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.polling import JobStateDict
    from airflow_provider_mkt.hooks.base import MarketingHook


class BatchStatusSensor(WaitingSensor):
    """Wait until background work is COMPLETE; fail when it is CANCELED or FAILED.

    A status word that nobody knows keeps it waiting, with a warning.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param job: what to wait for: a job, a list of jobs, or what an operator returned that started some.
    :param max_rejected: how many rejected rows of an import are fine: a number, a share (0.05 or ``"5%"``),
        or None for any. An import is complete whatever became of its rows, so None tells of them in the
        details alone.
    :param cancel_on_kill: cancel on the platform what can be canceled when the waiting task is killed.
        Off, since a worker that is shut down kills it too, and the sensor did not start the job.
    :returns: one entry per job: ``job``, ``status``, the platform's ``word``, and ``details``.
    :raises AirflowFailException: when a job ended CANCELED or FAILED, or with more rejected rows than
        allowed, or asking cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.
    """

    template_fields: Sequence[str] = ("conn_id", "job", "max_rejected")
    template_fields_renderers = {"job": "json"}  # noqa: RUF012 - Airflow's own declaration

    def __init__(
        self,
        *,
        job: Any,
        max_rejected: int | float | str | None = None,
        cancel_on_kill: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.max_rejected = max_rejected
        self.cancel_on_kill = cancel_on_kill

    def prepare(self, context: Context, hook: MarketingHook) -> float:
        RejectThreshold.of("max_rejected", self.max_rejected)
        return min(hook.job_spec(job).poke_interval for job in jobs_of(self.job))

    def look(self, context: Context, hook: MarketingHook) -> list[JobStateDict] | None:
        from airflow_provider_mkt.actions.polling import all_complete, none_failed

        job_states = poll_jobs(hook, jobs_of(self.job), self.log)
        none_failed(job_states)
        return [look.to_json() for look in job_states] if all_complete(job_states) else None

    def trigger(self, context: Context, deadline: float) -> BatchStatusTrigger:
        return BatchStatusTrigger(
            conn_id=self.conn_id,
            jobs=[dict(job.to_json()) for job in jobs_of(self.job)],
            deadline=deadline,
            poll_interval=self.poke_interval,
            max_poll_failure_time=self.max_poll_failure_time,
            cancel_on_kill=self.cancel_on_kill,
        )

    def result(self, event: Mapping[str, Any]) -> list[JobStateDict]:
        return list(event.get("job_states") or ())

    def finish(self, context: Context, result: list[JobStateDict]) -> list[JobStateDict]:
        """Compare the rejected rows of imports with what is allowed."""
        from airflow_provider_mkt.actions.jobs import Job

        allowance = RejectThreshold.of("max_rejected", self.max_rejected)
        with self.hook() as hook:
            for look in result:
                spec = hook.job_spec(Job.from_json(look["job"]))
                rejected, total = spec.counts(look["details"]) if spec.counts else (0, 0)
                if not allowance.allows(rejected, total):
                    raise JobFailed(
                        f"import {look['job']['id']} rejected {rejected:,} of {total:,} rows; "
                        f"allowed are {allowance}",
                        platform=hook.conn_type,
                    )
        return result

    def on_kill(self) -> None:
        """Cancel what can be canceled, when the task is killed while it waits in a worker."""
        if self.cancel_on_kill:
            try:
                with self.hook() as hook:
                    cancel(hook, jobs_of(self.job), self.log)
            except Exception as error:
                self.log.warning("Nothing was canceled: %s", type(error).__name__)
