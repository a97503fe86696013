"""What the operators share that stream leads to a platform and report the result of each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeVar, cast

from airflow_provider_mkt.client.wording import counted, part_of, was_or_were
from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.hooks.state import (
    clear_count,
    local_state,
    shared_state_url,
    shared_state_wait,
    state_survives_machine,
    task_key,
    task_state_of,
)
from airflow_provider_mkt.operators._base import push_outcome
from airflow_provider_mkt.operators._files import (
    PartFiles,
    as_lines_path,
    open_for_writing,
    result_path,
    whole_lines,
)
from airflow_provider_mkt.operators._finished import FinishedTry, digest_of
from airflow_provider_mkt.operators._lead_source import SOURCE_FIELDS
from airflow_provider_mkt.operators._parameters import RejectThreshold, optional_str
from airflow_provider_mkt.version_compat import AirflowFailException

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow.sdk import Context

    from airflow_provider_mkt.actions.ports import LeadWriter
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.transport.platform import Failure
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._base import CancellableOperator
    from airflow_provider_mkt.operators._lead_source import Source
    from airflow_provider_mkt.state.claims import KeyClaims
    from airflow_provider_mkt.state.sync_progress import SyncProgress
    from airflow_provider_mkt.sync.calls import CallTransport
    from airflow_provider_mkt.sync.links import LinkCounts
    from airflow_provider_mkt.sync.results import ResultFiles, SyncOutcome, SyncReport

OutcomeT = TypeVar("OutcomeT", bound="Mapping[str, object]")

WRITING_FIELDS = (*SOURCE_FIELDS, "lookup_field", "max_rejected", "rejects_path", "outcomes_path")
"""Template fields of the operators that write leads."""

_FIELD_PROBLEMS_MAX = 10
"""Fields that the log names at most."""
_ABOUT_SOURCE = (
    "source",
    "source_format",
    "sql",
    "sql_conn_id",
    "sql_parameters",
    "columns",
    "constants",
    "null_values",
    "types",
    "blank",
)
"""The parameters that say which leads a task writes."""

_CLAIM_INTERVAL = 1.0
"""Seconds between two tries to claim a key that another task writes."""

_SHARE_COUNTS_FROM = 1_000
"""Leads after which a share of rejected ones is judged while the task runs."""


class WriteParameters(Protocol):
    """The parameters of an operator that say how its leads are written."""

    max_rejected: int | float | str | None
    rejects_path: str | None
    outcomes_path: str | None
    max_concurrency: int | None
    fail_fast: bool

    @property
    def lookup_field(self) -> str | None: ...


class WriteOptions:
    """How the leads of a task are written.

    :param given: the operator.
    :raises InvalidInput: naming the parameter that is wrong.
    """

    def __init__(self, given: WriteParameters) -> None:
        self.threshold = RejectThreshold.of("max_rejected", given.max_rejected)
        self.lookup_field = optional_str("lookup_field", given.lookup_field)
        rejects, outcomes = given.rejects_path, given.outcomes_path
        self.rejects_path = as_lines_path("rejects_path", rejects) if rejects is not None else None
        self.outcomes_path = as_lines_path("outcomes_path", outcomes) if outcomes is not None else None
        self.max_concurrency, self.fail_fast = given.max_concurrency, given.fail_fast


class LeadWriting:
    """Writes the leads of one task.

    :param operator: the task's operator.
    :param hook: of the account.
    :param writer: makes the calls.
    :param options: how.
    :param about: what makes it another sync: with other values, what earlier tries did does not count.
    """

    noun = "lead"
    """What the log calls the records."""

    def __init__(
        self,
        operator: CancellableOperator,
        context: Context,
        hook: MarketingHook,
        writer: LeadWriter,
        options: WriteOptions,
        about: Sequence[object],
    ) -> None:
        self.operator, self.context = operator, context
        self.writer, self.options = writer, options
        self.key = options.lookup_field if writer.repeatable else None
        """The field that every row needs."""
        self._transport: CallTransport | None = None
        self.hook = hook.bind(RunContext(sleep=self._sleep, on_failure=self._on_failure))
        self.platform = self.hook.platform
        self.task, self.task_state = task_key(context, self.hook), task_state_of(context, self.hook)
        about = [type(operator).__name__, options.lookup_field, *about]
        self._about = digest_of(about)
        source = [getattr(operator, name, None) for name in _ABOUT_SOURCE]
        self._finished = FinishedTry[Any](context, self.task_state, [*about, *source])

    def run(self, source: Source, result: Callable[[SyncOutcome], OutcomeT]) -> OutcomeT:
        """Write the leads of a source by calls, and return the task's result.

        :param result: makes it of the outcome.
        :raises AirflowFailException: when more leads were rejected than allowed.
        """
        # Airflow may take a worker that lives for dead, and start the next try beside it.
        with self.hook, self.hook.exclusive(f"task {self.task}"):
            outcome = self.of_finished_try()
            if outcome is None:
                outcome = self.by_calls(source)
                self.finish(outcome)
        self.fail_if_rejected(outcome, result)
        return result(outcome)

    def of_finished_try(self) -> SyncOutcome | None:
        """Return the outcome of an earlier try that finished, if its success did not reach Airflow."""
        outcome: SyncOutcome | None = self._finished.outcome
        if outcome is not None:
            self.operator.log.info("An earlier try of this task has finished; nothing is sent")
            outcome = {**outcome, "resumed": outcome["total"], "calls": 0, "seconds": 0.0}
        return outcome

    def finish(self, outcome: SyncOutcome) -> None:
        """Save the outcome, if the task succeeds with it."""
        if succeeds := self.options.threshold.allows(_not_written(outcome), outcome["total"]):
            self._finished.save(outcome)
        parts = self._outcome_parts()
        # Not before: a retry on another machine makes the file of them again. A task that failed goes on
        # from them when it is cleared, if it does not start from the beginning.
        if parts is not None and (succeeds or self.writer.repeatable):
            parts.remove()

    def by_calls(self, source: Source) -> SyncOutcome:
        """Write the leads of a source by calls."""
        from airflow_provider_mkt.sync.results import ResultFiles

        options = self.options
        with ExitStack() as stack:
            result_files = ResultFiles(self.open_rejects)
            wants_outcomes = options.outcomes_path is not None
            transport, claims = self._open_transport(stack, self.writer)
            progress = stack.enter_context(self._open_progress(claims, self._outcome_parts()))
            if wants_outcomes:
                result_files.add_outcome = progress.add_outcome
            try:
                self._write(stack, source, transport, progress, result_files)
            finally:
                result_files.close()
                outcomes = self._write_outcomes(progress, options.outcomes_path) if wants_outcomes else None
        report = transport.report
        self.log_report(report)
        if not report.total:
            self.operator.log.warning("The source is empty: there was nothing to write")
        outcome = report.outcome(
            self.hook.conn_type, self.rejects_path if result_files.has_rejects else None, outcomes
        )
        if (links := getattr(source, "links", None)) is not None:
            outcome["associations"] = links.counts()
            self.log_associations(outcome["associations"])
        return outcome

    def log_associations(self, associations: Sequence[LinkCounts]) -> None:
        """Log how the rows were associated."""
        for one in associations:
            self.operator.log.info(
                "Associated with %(to)s by %(by)s: %(linked)d; rows whose record is missing: "
                "%(missing)d, is several: %(ambiguous)d, is not named: %(none)d, is of free mail: "
                "%(free_mail)d; refused: %(refused)d",
                one,
            )

    def step_by_calls(self, source: Source, result_files: ResultFiles, writer: LeadWriter) -> SyncReport:
        """Write a part of the leads by calls. What earlier tries have done is the caller's to know.

        :param result_files: take the results; the caller closes them.
        :param writer: makes the calls.
        """
        with ExitStack() as stack:
            transport, _ = self._open_transport(stack, writer)
            self._write(stack, source, transport, None, result_files)
        return transport.report

    def log_report(self, report: SyncReport) -> None:
        """Log the counts of a sync, and what its records have in common that were not written as sent."""
        log = self.operator.log
        log.info("Finished: %s", report.line())
        for code, count in report.warnings.items():
            log.warning(
                "Written with the warning %s: %s; outcomes_path names them", code, counted(count, self.noun)
            )
        for problem, count in report.field_problems.most_common(_FIELD_PROBLEMS_MAX):
            log.warning("Rejected without a call: %s: %s", counted(count, self.noun), problem)

    def _open_transport(self, stack: ExitStack, writer: LeadWriter) -> tuple[CallTransport, KeyClaims | None]:
        """Open what makes the calls, and the claims of its keys."""
        from airflow_provider_mkt.sync.calls import CallTransport, Reads

        ceiling = self.platform.max_concurrency
        claims = self._open_claims(stack)

        def bind(sleep: Callable[[float], None]) -> MarketingHook:
            return stack.enter_context(self.hook.bind(RunContext(sleep=sleep, on_failure=self._on_failure)))

        reads = stack.enter_context(Reads(bind, self.operator.sleep))
        transport = self._transport = CallTransport(
            self.hook,
            reads,
            self.hook.conn_type,
            self.operator,
            writer,
            claims,
            max_concurrency=min(self.options.max_concurrency or ceiling, ceiling),
            daily_reserve=self.platform.daily_reserve,
            log=self.operator.log,
        )
        transport.report.noun = self.noun
        return transport, claims

    def _write(
        self,
        stack: ExitStack,
        source: Source,
        transport: CallTransport,
        progress: SyncProgress | None,
        result_files: ResultFiles,
    ) -> None:
        known_fields = transport.prepare()
        transport.write(
            source.open(stack, self.key, known_fields),
            result_files,
            progress,
            known_fields,
            too_many_rejected=self._too_many_rejected if self.options.fail_fast else None,
        )

    def fail_if_rejected(
        self, outcome: SyncOutcome, result: Callable[[SyncOutcome], Mapping[str, object]] = dict
    ) -> None:
        """Fail when more leads were rejected than allowed. The result is in XCom all the same.

        :param result: makes the task's result of the outcome.
        :raises AirflowFailException: then.
        """
        threshold, bad = self.options.threshold, _not_written(outcome)
        if threshold.allows(bad, outcome["total"]):
            return
        push_outcome(self.context, result(outcome))
        reasons = ", ".join(f"{code}: {count:,}" for code, count in outcome["reasons"].items())
        skipped = f" and {outcome['skipped']:,} skipped" if outcome["skipped"] else ""
        others = "The rest was not sent. " if self.options.fail_fast else "The others are done. "
        if bad == outcome["total"]:
            others = ""
        msg = (
            f"{part_of(bad, outcome['total'], self.noun)} {was_or_were(outcome['total'])} rejected{skipped} "
            f"({reasons}), allowed: {threshold}. {others}"
            f"See {outcome['rejects']}{self._what_decides(outcome)}"
        )
        raise AirflowFailException(msg)

    def _what_decides(self, outcome: SyncOutcome) -> str:
        """Return how a person decides about leads of which it is unknown whether they were written."""
        if not (unknown := outcome["reasons"].get("OUTCOME_UNKNOWN", 0)):
            return ""
        were = f"{unknown:,} of them {was_or_were(unknown)}"
        if self.writer.repeatable:
            return f". Whether {were} written is unknown; clear the task to send them again"
        return (
            f". Whether {were} written is unknown, so this task does not send them again, "
            "also when it is cleared. Check them on the platform; that file can be the source of a new run"
        )

    def _sleep(self, seconds: float) -> None:
        (self.operator if self._transport is None else self._transport).sleep(seconds)

    def _on_failure(self, call: Call[Any], failure: Failure, wait: float) -> None:
        if self._transport is not None:
            self._transport.concurrency.on_failure(call, failure, wait)

    @property
    def rejects_path(self) -> str:
        """Where rejected records are written."""
        return self.options.rejects_path or result_path(self.context, "rejects")

    def open_rejects(self) -> IO[str]:
        """Open the file of rejected records for writing."""
        return open_for_writing(self.rejects_path)

    @property
    def _generation(self) -> int:
        """A number that grows when all is to be sent again.

        When a user clears the task, that is so where it is harmless. Where it would repeat what was done, it
        is so when the task had finished.
        """
        return clear_count(self.context) if self.writer.repeatable else self._finished.generation

    def _open_claims(self, stack: ExitStack) -> KeyClaims | None:
        """Open the claims of keys, where two writes of one new key at once make two leads."""
        if not self.writer.quiet_after or not self.options.lookup_field:
            return None
        return open_claims(self.hook, self.options.lookup_field, self.writer.quiet_after, stack)

    def _open_progress(self, claims: KeyClaims | None, parts: PartFiles | None) -> SyncProgress:
        """Open what earlier tries have done."""
        from airflow_provider_mkt.state.sync_progress import SharedProgress, SyncProgress

        shared = SharedProgress(
            self.task_state,
            f"leads {self._about}",
            generation=self._generation,
            repeatable=self.writer.repeatable,
            parts=parts,
            place=claims.place if claims is not None else "",
            busy_for=0.0 if claims is None or claims.shared else claims.life,
        )
        name = digest_of([self.task, self._about, self._generation])
        return SyncProgress(
            local_state().sync_progress(name),
            keep_outcomes=self.options.outcomes_path is not None,
            shared=shared,
        )

    def _outcome_parts(self) -> PartFiles | None:
        """The place where other machines find the outcome lines of this one."""
        path = self.options.outcomes_path
        if path is None or not state_survives_machine(self.context):
            return None
        return PartFiles(f"{path}.{digest_of([self.task, self._about])}.parts")

    def _too_many_rejected(self, report: SyncReport) -> bool:
        return not self.options.threshold.allows(report.rejected, max(report.total, _SHARE_COUNTS_FROM))

    @staticmethod
    def _write_outcomes(progress: SyncProgress, path: str | None) -> str | None:
        """Write the outcome lines of all tries to their file. Returns its path; None when there are none."""
        if path is None or not progress.has_outcomes:
            return None
        with whole_lines(path) as file:
            file.writelines(progress.outcomes())
        return path


def _not_written(outcome: SyncOutcome) -> int:
    """How many records count as rejected."""
    others = cast("Mapping[str, Any]", outcome)
    return int(outcome["rejected"] + others.get("unknown", 0) + others.get("not_removed", 0))


def open_claims(hook: MarketingHook, lookup_field: str, quiet_after: float, stack: ExitStack) -> KeyClaims:
    """Open the claims of keys of an account.

    :param lookup_field: the field that the keys are in.
    :param quiet_after: seconds for which the server may work on a call.
    :param stack: closes the claims.
    """
    from airflow_provider_mkt.state.claims import KeyClaims, claim_store

    store = claim_store(local_state().claims, shared_state_url(), hook.account_id())
    stack.callback(store.close)
    wait, sleep = shared_state_wait(), hook.run_context.sleep
    return KeyClaims(store, lookup_field, quiet_after, server_wait=wait, sleep=sleep)


@contextmanager
def written_alone(hook: MarketingHook, lookup_field: str, key: str, quiet_after: float) -> Iterator[None]:
    """Wait until no other task writes a lead, and let none write it in the block.

    :param key: normalized as the platform compares it.
    """
    with ExitStack() as stack:
        claims = open_claims(hook, lookup_field, quiet_after, stack)
        while claims.claim([key]):
            hook.run_context.sleep(_CLAIM_INTERVAL)
        try:
            yield
        except BaseException:
            # The server may still work on it.
            claims.rest([key])
            raise
        claims.release([key])
