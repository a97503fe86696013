"""The sensor that waits for background work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_mkt.api.errors import PlatformError
from airflow_provider_mkt.operators._memory import task_memory
from airflow_provider_mkt.operators._waiting import (
    JobsOverdue,
    PollingFailed,
    cancel,
    jobs_of,
    looked,
    looks_of_event,
)
from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.api.jobs import Job
    from airflow_provider_mkt.api.watching import LookDict, Tolerance
    from airflow_provider_mkt.hooks.base import MarketingHook


class BatchStatusSensor(BaseSensorOperator):
    """Wait until background work is COMPLETE; fail when it is CANCELED or FAILED.

    Works alike in poke, reschedule and deferrable mode. A status word that nobody knows keeps it
    waiting, with a warning.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param job: what to wait for: a job, a list of jobs, or what an operator returned that started some.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: how often to ask, in seconds; as often as the kind of job is worth it
        when not given.
    :param tolerance: how long asking may go on failing before the sensor does, in seconds.
    :param cancel_on_kill: cancel on the platform what can be canceled when the waiting task is killed.
        Off, since a worker that is shut down kills it too, and the sensor did not start the job.
    :returns: one entry per job: ``job``, ``status``, the platform's ``word``, and ``facts``.
    :raises AirflowFailException: when a job ended CANCELED or FAILED, or asking cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.
    """

    template_fields: Sequence[str] = ("conn_id", "job")
    template_fields_renderers = {"job": "json"}  # noqa: RUF012 - Airflow's own declaration

    def __init__(
        self,
        *,
        conn_id: str,
        job: Any,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poke_interval: timedelta | float | None = None,
        tolerance: float = 600.0,
        cancel_on_kill: bool = False,
        **kwargs: Any,
    ) -> None:
        if poke_interval is not None:
            kwargs["poke_interval"] = poke_interval
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.job = job
        self.deferrable = deferrable
        self.tolerance = tolerance
        self.cancel_on_kill = cancel_on_kill
        self.own_interval = poke_interval is not None
        self._patience: Tolerance | None = None

    def execute(self, context: Context) -> Any:
        """Look once, then wait in the way that was asked for."""
        try:
            jobs = jobs_of(self.job)
            interval = self._interval(jobs)
        except PlatformError as error:
            raise AirflowFailException(str(error)) from error
        self.poke_interval = interval
        if self.deferrable:
            return self._wait_in_triggerer(context, jobs)
        try:
            return super().execute(context)
        except AirflowSensorTimeout as error:
            if self.never_fail:
                # As the base class does after a deferral.
                raise AirflowSkipException(str(error)) from error
            raise

    def poke(self, context: Context) -> PokeReturnValue:
        """Ask once."""
        try:
            looks = self._look(context)
        except Exception as error:
            # The base class has other rules before a deferral than after it, and none before the first.
            if self.never_fail or (
                self.soft_fail and isinstance(error, (AirflowFailException, PollingFailed))
            ):
                raise AirflowSkipException(str(error)) from error
            raise
        return PokeReturnValue(looks is not None, looks)

    def _look(self, context: Context) -> list[LookDict] | None:
        tolerance = self._tolerance(context)
        since = tolerance.failing_since
        with self._hook() as hook:
            looks = looked(hook, jobs_of(self.job), tolerance, self.log)
        if self.reschedule and tolerance.failing_since != since:
            task_memory(context).set(_patience_key(context), tolerance.failing_since)
        return looks

    def _tolerance(self, context: Context) -> Tolerance:
        """What is left of the patience with failing looks; rescheduled pokes share no process."""
        from airflow_provider_mkt.api.watching import Tolerance

        if self.reschedule:
            since = task_memory(context).get(_patience_key(context))
            return Tolerance(self.tolerance, float(since) if isinstance(since, (int, float)) else None)
        if self._patience is None:
            self._patience = Tolerance(self.tolerance)
        return self._patience

    def _wait_in_triggerer(self, context: Context, jobs: Sequence[Job]) -> list[LookDict]:
        poked = self.poke(context)
        if poked.is_done:
            return list(poked.xcom_value or ())
        self.defer(
            trigger=BatchStatusTrigger(
                conn_id=self.conn_id,
                jobs=[dict(job.to_json()) for job in jobs],
                deadline=time.time() + self.timeout,
                poll_interval=self.poke_interval,
                tolerance=self.tolerance,
                cancel_on_kill=self.cancel_on_kill,
            ),
            method_name="execute_complete",
        )

    def execute_complete(self, context: Context, event: Any = None) -> list[LookDict]:
        """Take the trigger's event."""
        try:
            return looks_of_event(event)
        except JobsOverdue as error:
            raise AirflowSensorTimeout(str(error)) from error

    def on_kill(self) -> None:
        """Cancel what can be canceled, when the task is killed while it waits in a worker."""
        if self.cancel_on_kill:
            try:
                with self._hook() as hook:
                    cancel(hook, jobs_of(self.job), self.log)
            except Exception as error:
                self.log.warning("Nothing was canceled: %s", type(error).__name__)

    def _interval(self, jobs: Sequence[Job]) -> float:
        from airflow_provider_mkt.api.watching import poll_interval

        with self._hook() as hook:
            specs = [hook.job_spec(job) for job in jobs]
        return poll_interval(specs, self.poke_interval if self.own_interval else None)

    def _hook(self) -> MarketingHook:
        from airflow_provider_mkt.hooks.select import hook_for

        return hook_for(self.conn_id)


def _patience_key(context: Context) -> str:
    # Each try of the task has patience of its own.
    return f"status polls of try {context['ti'].try_number} failing since"
