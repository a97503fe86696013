"""The sensor that waits for background jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import JOBS, Target
from airflow_provider_mkt.client.errors import JobFailed
from airflow_provider_mkt.client.wording import part_of
from airflow_provider_mkt.operators._cancellation import cancel, run_in_thread
from airflow_provider_mkt.operators._parameters import RejectThreshold
from airflow_provider_mkt.operators._waiting import check_jobs, jobs_of
from airflow_provider_mkt.sensors._base import WaitingSensor
from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from airflow.sdk import Context

    from airflow_provider_mkt.actions.jobs import Job, JobStateDict
    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import ParseCheck
    from airflow_provider_mkt.triggers._waiting import WaitEvent


class BatchStatusSensor(WaitingSensor["list[JobStateDict]"]):
    """Wait until background jobs are COMPLETE; fail when one is CANCELED or FAILED.

    An unknown status keeps it waiting, with a warning.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param job: what to wait for: a job, a list of jobs, or the result of an operator that started some.
    :param max_rejected: how many rejected rows of an import are accepted: a number, a share (0.05 or
        ``"5%"``), or None for any. An import is complete even if rows were rejected; with None they are only
        in the details.
    :param cancel_on_kill: cancel on the platform what can be canceled when the waiting task is killed.
        Off, since a worker that is shut down kills it too, and the sensor did not start the job.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the shortest interval of the kinds of job.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: one entry per job: ``job``, ``status``, the platform's ``raw_status``, and ``details``.
    :raises AirflowFailException: when a job is CANCELED or FAILED, or has more rejected rows than allowed, or
        polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.
    """

    targets = (Target(JOBS, "job"),)

    template_fields: Sequence[str] = ("conn_id", "job", "max_rejected")
    template_fields_renderers = {"job": "json"}  # noqa: RUF012 - Airflow's own declaration

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"job": check_jobs}

    def __init__(
        self,
        *,
        conn_id: str,
        job: object,
        max_rejected: int | float | str | None = None,
        cancel_on_kill: bool = False,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poke_interval: timedelta | float | None = None,
        max_poll_failure_time: float = 600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            deferrable=deferrable,
            poke_interval=poke_interval,
            max_poll_failure_time=max_poll_failure_time,
            **kwargs,
        )
        self.job = job
        self.max_rejected = max_rejected
        self.cancel_on_kill = cancel_on_kill

    def jobs(self, context: Context, hook: MarketingHook) -> Sequence[Job]:
        return jobs_of(self.job)

    def prepare(self, context: Context, hook: MarketingHook) -> float:
        RejectThreshold.of("max_rejected", self.max_rejected)
        from airflow_provider_mkt.actions.polling import poll_interval

        return poll_interval([hook.job_spec(job) for job in jobs_of(self.job)])

    def poll(self, context: Context, hook: MarketingHook) -> Procedure[list[JobStateDict] | None]:
        from airflow_provider_mkt.actions.polling import completed, poll_jobs

        specs = [(hook.job_spec(job), job) for job in jobs_of(self.job)]
        cache = self.poll_cache(context, hook)
        states = completed((yield from poll_jobs(specs, self.log, cache)))
        if states is None:
            # Only what a job's poll has left: most leave nothing.
            self.keep_poll_cache(context, hook, {name: one for name, one in cache.items() if one})
            return None
        return [state.to_json() for state in states]

    def trigger(self, context: Context, deadline: float) -> BatchStatusTrigger:
        return BatchStatusTrigger(
            conn_id=self.conn_id,
            jobs=[dict(job.to_json()) for job in jobs_of(self.job)],
            deadline=deadline,
            poll_interval=self.poke_interval,
            max_poll_failure_time=self.max_poll_failure_time,
            cancel_on_kill=self.cancel_on_kill,
        )

    def result(self, event: WaitEvent) -> list[JobStateDict]:
        return list(event.get("job_states") or ())

    def finish(self, context: Context, result: list[JobStateDict]) -> list[JobStateDict]:
        """Compare the rejected rows of imports with what is allowed."""
        from airflow_provider_mkt.actions.jobs import Job

        threshold = RejectThreshold.of("max_rejected", self.max_rejected)
        with self.hook() as hook:
            for state in result:
                spec = hook.job_spec(Job.from_json(state["job"]))
                rejected, total = spec.failures(state["details"]) if spec.failures else (0, 0)
                if not threshold.allows(rejected, total):
                    raise JobFailed(
                        f"import {state['job']['id']} rejected {part_of(rejected, total, 'row')}; "
                        f"allowed are {threshold}",
                        platform=hook.conn_type,
                    )
        return result

    def cancel(self, jobs: Sequence[Job]) -> None:
        """Cancel what can be canceled, where ``cancel_on_kill`` says so. Does not raise."""
        if self.cancel_on_kill:
            try:
                with self.hook() as hook:
                    cancel(hook, jobs, self.log)
            except Exception as error:
                self.log.warning("Nothing was canceled: %s", type(error).__name__)

    def on_kill(self) -> None:
        """Cancel what can be canceled, when the task is killed while it waits in a worker."""
        run_in_thread(lambda: self.cancel(jobs_of(self.job)))
