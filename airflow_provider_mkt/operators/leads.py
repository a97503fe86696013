"""Operators that write leads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, get_args

from airflow.providers.common.compat.sdk import AirflowFailException, ObjectStoragePath

from airflow_provider_mkt.api.errors import InvalidInput, ServerUnavailable
from airflow_provider_mkt.api.redact import shape
from airflow_provider_mkt.operators._base import MarketingOperator, as_list, as_text
from airflow_provider_mkt.operators._files import as_path, ledger_path, open_for_reading, open_for_writing
from airflow_provider_mkt.operators._limits import Allowance
from airflow_provider_mkt.operators._memory import task_memory

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.api.call import Call
    from airflow_provider_mkt.api.exchange import Reply
    from airflow_provider_mkt.api.flow import Memory
    from airflow_provider_mkt.api.lead_writer import LeadWriter
    from airflow_provider_mkt.api.verdict import Refused
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.sync.concurrency import AdaptiveConcurrency
    from airflow_provider_mkt.sync.report import Report, SyncOutcome
    from airflow_provider_mkt.sync.rows import Blank, Format, Row

PROGRESS_EVERY = 10.0
"""Seconds between two progress lines in the task log."""


class SyncLeadsOperator(MarketingOperator):
    """Create or update leads, and tell what became of every one of them.

    Leads stream from the source in batches of the platform's size (HubSpot 100, Marketo 300), as many
    at once as the account's limits allow. A record that cannot be written goes to the rejects file
    with its own input and the reason; the others are written. Of two records with one key the later
    one is what the platform ends up with.

    A retry sends everything again, which updates what is there. On Marketo it first waits until what
    a killed try had under way must be over, since two upserts of a new key at once make two leads. With
    ``createDuplicate`` there is no retry after a try that began to send.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param leads: mappings of field to value: a list, or a callable without arguments that returns any
        iterable of them.
    :param source: instead of ``leads``: a file on any object storage Airflow reaches, UTF-8: CSV whose
        header names the platform's fields, or JSON Lines.
    :param source_format: ``csv`` or ``jsonl``; told by the file's ending when not given.
    :param blank: what an empty CSV value means: ``omit`` leaves the field alone, ``clear`` empties it.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``; on Marketo also ``createDuplicate``.
    :param lookup_field: the key; ``email``, or another unique (HubSpot) or searchable (Marketo) field.
    :param partition_name: Marketo: lead partition for new leads.
    :param max_rejected: how many rejected records are fine: a number, a share (0.05 or ``"5%"``), or
        None for any. Over it the task fails without retry, after everything else was sent.
    :param rejects_path: where rejected records are written as JSON Lines; a file on this machine when
        not given. No file where there are none.
    :param outcomes_path: where the outcome of every record is written as JSON Lines, with the
        platform's lead id; nowhere when not given.
    :param max_concurrency: calls under way at most; as many as the connection allows when not given.
    :returns: ``total``, ``created``, ``updated``, ``skipped``, ``rejected``, ``reasons`` (code to
        count), ``rejects``, ``outcomes``, ``calls`` and ``seconds``.
    :raises AirflowFailException: when more records were rejected than allowed, a column is no field of
        the platform, or the connection is not fit for it.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/batch/{upsert,create,update}``; Marketo
    ``POST /rest/v1/leads.json``.
    """

    template_fields: Sequence[str] = (
        "conn_id",
        "leads",
        "source",
        "source_format",
        "action",
        "lookup_field",
        "partition_name",
        "max_rejected",
        "rejects_path",
        "outcomes_path",
    )

    _stopping: threading.Event | None = None
    _lease: _Lease | None = None

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Sequence[Mapping[str, Any]] | Callable[[], Iterable[Mapping[str, Any]]] | str | None = None,
        source: str | None = None,
        source_format: Format | None = None,
        blank: Blank = "omit",
        action: str = "createOrUpdate",
        lookup_field: str = "email",
        partition_name: str | None = None,
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        outcomes_path: str | None = None,
        max_concurrency: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.leads = leads
        self.source = source
        self.source_format = source_format
        self.blank = blank
        self.action = action
        self.lookup_field = lookup_field
        self.partition_name = partition_name
        self.max_rejected = max_rejected
        self.rejects_path = rejects_path
        self.outcomes_path = outcomes_path
        self.max_concurrency = max_concurrency

    def _do_render_template_fields(
        self, parent: Any, template_fields: Iterable[str], *args: Any, **kwargs: Any
    ) -> None:
        # Airflow itself would call a callable here, with arguments that ours does not take, and show
        # what it returns among the rendered templates.
        values = [name for name in template_fields if not callable(getattr(parent, name, None))]
        super()._do_render_template_fields(parent, values, *args, **kwargs)

    def work(self, context: Context) -> SyncOutcome:
        self._stopping, self._lease = threading.Event(), None
        allowance = Allowance.of("max_rejected", self.max_rejected)
        if (self.leads is None) == (as_path("source", self.source) is None):
            raise InvalidInput("leads", "give either leads or source")
        if self.blank not in ("omit", "clear"):
            raise InvalidInput("blank", "must be omit or clear")
        hook = self.hook
        writer = hook.lead_writer(
            action=as_text("action", self.action) or "",
            lookup_field=as_text("lookup_field", self.lookup_field) or "",
            partition_name=as_text("partition_name", self.partition_name),
        )
        hook.sleep = self._wait
        with hook:
            outcome = self._sync(context, hook, writer)
        self._judge(context, outcome, allowance)
        return outcome

    def on_kill(self) -> None:
        """Let waiting calls give up when the task is killed, and send no more.

        Those under way are left their connections: they are about to be answered.
        """
        self._stop()

    def _sync(self, context: Context, hook: MarketingHook, writer: LeadWriter) -> SyncOutcome:
        from airflow_provider_mkt.sync.concurrency import AdaptiveConcurrency
        from airflow_provider_mkt.sync.ledger import Ledger
        from airflow_provider_mkt.sync.pipeline import Pipeline
        from airflow_provider_mkt.sync.report import Report

        rejects = ledger_path(context, as_path("rejects_path", self.rejects_path), "rejects")
        outcomes = as_path("outcomes_path", self.outcomes_path)
        known_fields = hook.follow(writer.known_fields())
        memory = task_memory(context)
        lease = _Lease(memory, writer.quiet_after, self._sleep, self.log.info)
        ceiling = min(self.max_concurrency or hook.platform.max_concurrency, hook.platform.max_concurrency)
        # In a sliding window the pace of the first window comes back in every later one.
        concurrency = AdaptiveConcurrency(ceiling, start=max(4, ceiling // 3))
        hook.on_refusal = lambda call, refused, wait: _slow_down(concurrency, refused)
        report = Report()
        with ExitStack() as stack:
            ledger = stack.enter_context(
                Ledger(
                    lambda: open_for_writing(rejects),
                    (lambda: open_for_writing(outcomes)) if outcomes else None,
                )
            )
            rows = self._rows(stack, writer, known_fields)
            progress = _Progress(report, rows.expected, self.log.info)
            if not writer.repeatable:
                _begin_once(memory)
            lease.wait_for_the_last_one()
            self._lease = lease

            def tick() -> None:
                self._go_on()
                lease.renew()
                progress.tell()

            def send(call: Call[Any]) -> Reply[Any]:
                self._go_on()
                return hook.reply(call)

            Pipeline(
                writer,
                send,
                concurrency,
                ledger,
                report,
                known_fields=known_fields,
                on_tick=tick,
                abandon=self._stop,
            ).run(iter(rows))
        if not report.reasons["OUTCOME_UNKNOWN"]:
            lease.give_back()
        if not writer.repeatable:
            memory.set(_BEGUN, None)
        self.log.info("Finished: %s", report.line())
        if not report.total:
            self.log.warning("The source is empty: there was nothing to write")
        return report.outcome(
            hook.conn_type, rejects if ledger.has_rejects else None, outcomes if ledger.has_outcomes else None
        )

    def _rows(self, stack: ExitStack, writer: LeadWriter, known_fields: frozenset[str] | None) -> _Source:
        from airflow_provider_mkt.sync import rows

        if self.leads is not None:
            given = self.leads() if callable(self.leads) else as_list("leads", self.leads)
            if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
                raise InvalidInput(
                    "leads", f"the callable must return an iterable of mappings, not {shape(given)}"
                )
            total = len(given) if isinstance(given, Sequence) else None
            return _Source(rows.of_iterable(given), lambda done: total)
        path = ObjectStoragePath(as_path("source", self.source) or "")
        file_format: Format = as_text("source_format", self.source_format) or rows.format_of(path.name)  # type: ignore[assignment]
        if file_format not in get_args(rows.Format):
            raise InvalidInput("source_format", f"must be one of {', '.join(get_args(rows.Format))}")
        try:
            size = path.stat().st_size
            stream = stack.enter_context(open_for_reading(path))
            if file_format == "csv":
                with open_for_reading(path) as head:
                    columns = rows.csv_columns(head)
                _check_columns(columns, writer, as_text("", self.lookup_field) or "", known_fields)
        except FileNotFoundError:
            raise InvalidInput("source", f"there is no file {path}") from None
        counted = rows.Counted(stream)
        return _Source(
            rows.of_file(counted, file_format, blank=self.blank),
            lambda done: int(done * size / counted.read_so_far) if counted.read_so_far else None,
        )

    def _judge(self, context: Context, outcome: SyncOutcome, allowance: Allowance) -> None:
        if allowance.allows(outcome["rejected"], outcome["total"]):
            return
        context["ti"].xcom_push(key="return_value", value=outcome)
        reasons = ", ".join(f"{code}: {count:,}" for code, count in outcome["reasons"].items())
        msg = (
            f"{outcome['rejected']:,} of {outcome['total']:,} leads were rejected ({reasons}), allowed: "
            f"{allowance}. The others were written. See {outcome['rejects']}"
        )
        raise AirflowFailException(msg)

    def _stop(self) -> None:
        if self._stopping is not None:
            self._stopping.set()

    def _go_on(self) -> None:
        """Give up when the task is ending."""
        self._sleep(0)

    def _sleep(self, seconds: float) -> None:
        if self._stopping is not None and self._stopping.wait(seconds):
            msg = "the task is ending"
            raise ServerUnavailable(msg)

    def _wait(self, seconds: float) -> None:
        """Wait for the next request of a call."""
        self._sleep(seconds)
        while self._lease is not None and not self._lease.holds():
            # Meanwhile the source may have kept the thread that renews it.
            self._sleep(0.1)


class _Source:
    """Rows, and how many there will be, as far as that can be told from those done."""

    def __init__(self, rows: Iterator[Row], expected: Callable[[int], int | None]) -> None:
        self._rows = rows
        self.expected = expected

    def __iter__(self) -> Iterator[Row]:
        return self._rows


class _Progress:
    """Tells how far it is, at a pace a person can read."""

    def __init__(
        self, report: Report, expected: Callable[[int], int | None], tell: Callable[..., None]
    ) -> None:
        self._report, self._expected, self._tell = report, expected, tell
        self._told_at = time.monotonic()

    def tell(self) -> None:
        if time.monotonic() - self._told_at >= PROGRESS_EVERY:
            self._told_at = time.monotonic()
            self._tell("%s", self._report.line(self._expected(self._report.total)))


class _Lease:
    """Remembers until when upserts of this task may still be at work on the server.

    :param quiet_after: how long the server may work on one call, in seconds; 0 where it does not matter.
    """

    _AHEAD = 30.0
    _KEY = "leads at work until"

    def __init__(
        self,
        memory: Memory,
        quiet_after: float,
        wait: Callable[[float], None],
        tell: Callable[..., None],
    ) -> None:
        self._memory, self._quiet_after, self._wait, self._tell = memory, quiet_after, wait, tell
        self._renewed_at = float("-inf")

    def holds(self) -> bool:
        """Whether a call sent now is sure to be over when the lease is."""
        return not self._quiet_after or time.monotonic() - self._renewed_at < self._AHEAD

    def wait_for_the_last_one(self) -> None:
        """Wait until a killed try's calls must be over, then take the lease."""
        until = self._memory.get(self._KEY) if self._quiet_after else None
        if isinstance(until, (int, float)) and (left := until - time.time()) > 0:
            self._tell("An earlier try ended in the middle; waiting %.0f s until its calls are over", left)
            self._wait(left)
        self.renew()

    def renew(self) -> None:
        if self._quiet_after and time.monotonic() - self._renewed_at > self._AHEAD / 3:
            begun = time.monotonic()
            self._memory.set(self._KEY, time.time() + self._AHEAD + self._quiet_after)
            self._renewed_at = begun

    def give_back(self) -> None:
        if self._quiet_after:
            self._memory.set(self._KEY, None)


def _slow_down(concurrency: AdaptiveConcurrency, refused: Refused) -> None:
    from airflow_provider_mkt.api.verdict import Next

    if refused.next in (Next.SLOW_DOWN, Next.STEP_BACK):
        concurrency.refused()


_BEGUN = "leads begun to be created"


def _begin_once(memory: Memory) -> None:
    if memory.get(_BEGUN):
        raise InvalidInput(
            "action",
            "an earlier try of this task may have created some of the leads, and createDuplicate would "
            "create them again; nothing was sent now",
        )
    memory.set(_BEGUN, True)


def _check_columns(
    columns: Sequence[str], writer: LeadWriter, lookup_field: str, known_fields: frozenset[str] | None
) -> None:
    unknown = [name for name in columns if known_fields is not None and name not in known_fields]
    if unknown:
        raise InvalidInput("source", f"column {unknown[0]!r} is no field of a lead; nothing was sent")
    if columns and writer.repeatable and lookup_field not in columns:
        raise InvalidInput("source", f"has no column {lookup_field!r}, the key; nothing was sent")
