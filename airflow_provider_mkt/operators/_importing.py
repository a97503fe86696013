"""What operators need that send a file in parts and follow each part to its end."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from airflow.providers.common.compat.sdk import conf

from airflow_provider_mkt.client.errors import OutcomeUnknown, PlatformError, QuotaExhausted
from airflow_provider_mkt.operators._cancellation import CancellableOperator
from airflow_provider_mkt.operators._import_source import import_name, shared_mark
from airflow_provider_mkt.operators._task_state import task_state_of
from airflow_provider_mkt.operators._waiting import JobsOverdue

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.ports import LeadImporter
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.sync.bulk_import import BulkImport, ImportState, Taker
    from airflow_provider_mkt.sync.bulk_parts import Splitter
    from airflow_provider_mkt.sync.import_progress import Marks
    from airflow_provider_mkt.sync.rows import Row

_TELL_EVERY = 60.0
_READING_TOLD_EVERY = 10.0
_QUEUE_FREES_AFTER = (30.0, 60.0)


class ImportSource(Protocol):
    """Rows that can be read again and again."""

    def rows(self) -> AbstractContextManager[Iterator[Row]]:
        """The rows from the first, with the platform's fields."""

    def columns(self, known_fields: frozenset[str] | None, key_column: str) -> list[str]:
        """The platform's fields that they have, in order.

        :raises InvalidInput: when what is there cannot be imported.
        """


@dataclass(frozen=True)
class ImportPlan:
    """A source that was read once, and how it is imported.

    :param scope: tells this way of importing from others.
    """

    importer: LeadImporter
    splitter: Splitter
    scope: str


class ImportingOperator(CancellableOperator):
    """Base of the operators that import a file in parts.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param deferrable: wait in the triggerer instead of in a worker. The file is read again after each wait.
    :param poll_interval: how often to ask while waiting, in seconds; as often as it is worth it when not
        given.
    :param wait_timeout: how long to wait without any part getting on, in seconds.
    :param max_poll_failure_time: how long asking may go on failing, in seconds.
    :param cancel_on_kill: HubSpot: cancel the imports when a user ends the task while it is deferred. Marketo
        knows no way to cancel one.
    """

    def __init__(
        self,
        *,
        conn_id: str,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        wait_timeout: float = 24 * 3600,
        max_poll_failure_time: float = 600.0,
        cancel_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self.max_poll_failure_time = max_poll_failure_time
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

    def planned(
        self,
        hook: MarketingHook,
        importer: LeadImporter,
        source: ImportSource,
        stack: ExitStack,
        *,
        exact: bool = False,
    ) -> ImportPlan:
        """Read the source for the first time.

        :param stack: closes what is opened here.
        :param exact: whether a row is to do what it does as a record of a call; the others are sent by calls.
        :raises InvalidInput: when what is there cannot be imported.
        """
        from airflow_provider_mkt.sync.bulk_keys import Keys
        from airflow_provider_mkt.sync.bulk_parts import Splitter
        from airflow_provider_mkt.sync.bulk_rows import RowMaker

        known_fields = hook.follow(importer.known_fields())
        columns = source.columns(known_fields, importer.key_column)
        site = hook.platform.account.base_url  # type: ignore[attr-defined]
        how = [hook.conn_type, site, importer.spec.kind, importer.key_column, *importer.settings()]
        scope = json.dumps([*how, importer.bytes_max, importer.rows_max])
        splitter = Splitter(
            source.rows,
            RowMaker(importer, columns, known_fields, exact=exact),
            importer,
            stack.enter_context(Keys()),
            self.reading,
            scope,
            unfit_count=exact,
        )
        splitter.scan()
        return ImportPlan(importer, splitter, scope)

    def imported(
        self,
        context: Context,
        hook: MarketingHook,
        plan: ImportPlan,
        report: Taker,
        stack: ExitStack,
    ) -> tuple[Marks, BulkImport]:
        """Send what was planned, and collect what became of it.

        The marks are to be forgotten when what is told of the rows is where it belongs.
        """
        from airflow_provider_mkt.sync.bulk_import import BulkImport
        from airflow_provider_mkt.sync.import_progress import Marks

        marks = Marks(task_state_of(context), shared_mark)
        marks.begin(plan.splitter.digest, time.time())
        if not self.resumed:
            marks.moved(time.time())
        bulk = BulkImport(
            plan.importer,
            stack.enter_context(closing(plan.splitter.parts(report.unfit, report.superseded))),
            marks,
            hook,
            report,
            name=import_name(context, plan.splitter.digest),
            scope=plan.scope,
            resumed=self.resumed,
            tell=self.log.info,
        )
        stack.callback(bulk.close)
        self.follow_to_the_end(bulk, marks, plan.importer)
        return marks, bulk

    def reading(self, rows: int) -> None:
        """So many rows of the source were read."""
        self.raise_if_cancelled()
        if time.monotonic() - self._told_at >= _READING_TOLD_EVERY:
            self._told_at = time.monotonic()
            self.log.info("%s rows read", f"{rows:,}")

    def follow_to_the_end(self, bulk: BulkImport, marks: Marks, importer: LeadImporter) -> None:
        """Send and collect until every part has ended.

        :raises JobsOverdue: after ``wait_timeout``.
        """
        from airflow_provider_mkt.actions.polling import PollFailureBudget

        failure_budget = PollFailureBudget(self.max_poll_failure_time)
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
                failure_budget.failed(error, time.time())
                self.log.warning("%s", error)
                self.sleep(self._interval(importer))
                continue
            failure_budget.worked()
            if standing is None:
                return
            if standing.again_at is None and time.time() >= marks.moved_at + self.wait_timeout:
                jobs = ", ".join(str(job) for job in standing.jobs) or "none was let into the queue"
                msg = f"no part got on in {self.wait_timeout:.0f} s: {jobs}"
                raise JobsOverdue(msg)
            self._wait_for_parts(standing, marks.moved_at + self.wait_timeout, importer)

    def _wait_for_parts(self, standing: ImportState, deadline: float, importer: LeadImporter) -> None:
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
            self.defer_until(datetime.fromtimestamp(time.time() + seconds, UTC), why)
        self.sleep(seconds)

    def _wait_in_triggerer(self, standing: ImportState, deadline: float) -> None:
        from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger

        self.defer(
            trigger=BatchStatusTrigger(
                conn_id=self.conn_id,
                jobs=[dict(job.to_json()) for job in standing.jobs],
                deadline=deadline,
                poll_interval=self.poll_interval,
                max_poll_failure_time=self.max_poll_failure_time,
                cancel_on_kill=self.cancel_on_kill,
            ),
            method_name="resume",
        )

    def _interval(self, importer: LeadImporter) -> float:
        return self.poll_interval if self.poll_interval is not None else importer.spec.poke_interval
