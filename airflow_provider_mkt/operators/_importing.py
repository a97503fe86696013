"""What operators need that send a file in parts and follow each part to its end."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, conf

from airflow_provider_mkt.api.errors import OutcomeUnknown, PlatformError, QuotaExhausted
from airflow_provider_mkt.operators._ending import LongOperator
from airflow_provider_mkt.operators._waiting import JobsOverdue

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.api.lead_importer import LeadImporter
    from airflow_provider_mkt.sync.bulk_import import BulkImport, Standing
    from airflow_provider_mkt.sync.bulk_marks import Marks

_TELL_EVERY = 60.0
_QUEUE_FREES_AFTER = (30.0, 60.0)


class ImportKilled(AirflowException):
    """The task was told to end."""


class ImportingOperator(LongOperator):
    """Base of the operators that import a file in parts.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param deferrable: wait in the triggerer instead of in a worker. The file is read again after each wait.
    :param poll_interval: how often to ask while waiting, in seconds; as often as it is worth it when not
        given.
    :param wait_timeout: how long to wait without any part getting on, in seconds.
    :param tolerance: how long asking may go on failing, in seconds.
    :param cancel_on_kill: HubSpot: cancel the imports when a user ends the task while it is deferred. Marketo
        knows no way to cancel one.
    """

    ended_by = ImportKilled

    def __init__(
        self,
        *,
        conn_id: str,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        wait_timeout: float = 24 * 3600,
        tolerance: float = 600.0,
        cancel_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self.tolerance = tolerance
        self.cancel_on_kill = cancel_on_kill
        self.resumed = False
        self._told_at = 0.0

    def resume(self, context: Context, event: Any = None) -> Any:
        """Go on after a wait, whatever ended it: the jobs themselves are asked."""
        self.resumed = True
        try:
            return self.execute(context)
        finally:
            self.resumed = False

    def follow_to_the_end(self, bulk: BulkImport, marks: Marks, importer: LeadImporter) -> None:
        """Send and collect until every part has ended.

        :raises JobsOverdue: after ``wait_timeout``.
        """
        from airflow_provider_mkt.api.watching import Tolerance

        tolerance = Tolerance(self.tolerance)
        while True:
            try:
                standing = bulk.advance()
            except OutcomeUnknown:
                raise
            except QuotaExhausted as error:
                marks.moved(error.resets_at.timestamp())
                raise
            except PlatformError as error:
                if error.permanent and (begun := bulk.with_platform):
                    self.log.warning(
                        "Not all of the file is imported. With the platform are %s; the next run of the task "
                        "goes on from there",
                        ", ".join(str(job) for job in begun),
                    )
                tolerance.failed(error, time.time())
                self.log.warning("%s", error)
                self.sleep(self._interval(importer))
                continue
            tolerance.worked()
            if standing is None:
                return
            if standing.again_at is None and time.time() >= marks.moved_at + self.wait_timeout:
                jobs = ", ".join(str(job) for job in standing.jobs) or "none was let into the queue"
                msg = f"no part got on in {self.wait_timeout:.0f} s: {jobs}"
                raise JobsOverdue(msg)
            self._wait(standing, marks.moved_at + self.wait_timeout, importer)

    def _wait(self, standing: Standing, deadline: float, importer: LeadImporter) -> None:
        if standing.jobs:
            if self.deferrable:
                self._wait_in_triggerer(standing, deadline)
            if time.monotonic() - self._told_at >= _TELL_EVERY:
                self._told_at = time.monotonic()
                self.log.info("Waiting for %s", ", ".join(str(job) for job in standing.jobs))
            self.sleep(self._interval(importer))
        elif standing.full is not None:
            # Spread out, so that tasks that wait for a place do not come in one moment.
            seconds = random.uniform(*_QUEUE_FREES_AFTER)  # noqa: S311
            self.log.info("%s; asking again in %.0f s", standing.full, seconds)
            self._rest(seconds, standing.full)
        elif standing.again_at is not None:
            error = OutcomeUnknown("the upload of a part was not answered", platform=importer.platform)
            self._rest(max(0.0, standing.again_at - time.time()), error)

    def _rest(self, seconds: float, why: PlatformError) -> None:
        if self.deferrable:
            self._come_back(datetime.fromtimestamp(time.time() + seconds, UTC), why)
        self.sleep(seconds)

    def _wait_in_triggerer(self, standing: Standing, deadline: float) -> None:
        from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger

        self.defer(
            trigger=BatchStatusTrigger(
                conn_id=self.conn_id,
                jobs=[dict(job.to_json()) for job in standing.jobs],
                deadline=deadline,
                poll_interval=self.poll_interval,
                tolerance=self.tolerance,
                cancel_on_kill=self.cancel_on_kill,
            ),
            method_name="resume",
        )

    def _interval(self, importer: LeadImporter) -> float:
        return self.poll_interval if self.poll_interval is not None else importer.spec.poke_interval
