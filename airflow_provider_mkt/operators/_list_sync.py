"""Makes a static list equal to a source."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

from msgspec import structs

from airflow_provider_mkt.actions.leads import KnownFields, RecordResult, RecordStatus
from airflow_provider_mkt.actions.members import MemberResult, MemberStatus, StaticList, unknown
from airflow_provider_mkt.actions.procedure import InMemoryTaskState, Procedure, TaskState
from airflow_provider_mkt.client.errors import InvalidInput, OutcomeUnknown, PlatformError
from airflow_provider_mkt.client.wording import counted, part_of
from airflow_provider_mkt.operators._change_options import state_folder
from airflow_provider_mkt.operators._change_run import begin_run
from airflow_provider_mkt.operators._change_task import NO_SUCH_LEAD, PlannedRows, ResultsOnly
from airflow_provider_mkt.operators._files import as_path, result_path, whole_lines, write_rows
from airflow_provider_mkt.operators._finished import FinishedTry
from airflow_provider_mkt.operators._parameters import (
    decode_json,
    is_missing,
    optional_str,
    required_str,
    to_bool,
)
from airflow_provider_mkt.operators._suppression import Suppression
from airflow_provider_mkt.sync.guards import Guards, Limit, SyncCounts, broken
from airflow_provider_mkt.sync.plan import LIST_PLAN, ListPlanOutcome, checked_plan, masked
from airflow_provider_mkt.sync.results import FirstReasons, ListSyncOutcome
from airflow_provider_mkt.sync.rows import Row, json_line
from airflow_provider_mkt.version_compat import AirflowFailException

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.leads import StoredLead
    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.operators._lead_source import LeadSource
    from airflow_provider_mkt.operators._lead_writing import LeadWriting
    from airflow_provider_mkt.operators._parameters import HeldCallable
    from airflow_provider_mkt.operators._suppression import Suppressed
    from airflow_provider_mkt.sync.changes import ChangeRun, Comparison, KeyKind, PlannedRow, SyncSettings
    from airflow_provider_mkt.sync.guards import GuardResult

Missing: TypeAlias = Literal["reject", "create"]
"""What happens with a row whose person the platform does not have."""

ID_FIELDS = {"hubspot": "hs_object_id", "marketo": "id"}
_LOOKUP_BATCH = {"hubspot": 100, "marketo": 300}
_PAGE = {"hubspot": 250, "marketo": 300}
_STATUSES = (
    *("added", "already_in", "removed", "already_out"),
    *("not_found", "suppressed", "rejected", "unknown", "not_sent"),
)
_NOT_WRITTEN = frozenset({"not_found", "rejected", "unknown"})
_LEFT = "NOT_IN_SOURCE"
_SEVERAL, _UNKNOWN = "SEVERAL_FOUND", "KEY_NOT_SEARCHABLE"
_REASONS_MAX = 50
_SAMPLE = 10
_SHARE_COUNTS_FROM = 1_000
QUIET_AFTER = 30.0
"""Seconds for which a platform may work on a change of members, after its answer was lost."""
_REQUESTS_AT_ONCE = 10
_WAVE_ROWS = 20_000
"""Rows that are in memory at a time."""

T = TypeVar("T")


class ListParameters(Protocol):
    """The parameters of an operator that say what a list becomes."""

    list_id: str | int
    missing: Missing | str
    exclusive: bool | str
    max_changed: int | float | str | None
    max_removed: int | float | str | None
    min_rows: int | float | str | None
    suppress: Suppressed | HeldCallable | None
    suppress_list_id: str | int | None
    consent: bool | Mapping[str, object] | str | None
    plan_only: bool
    plan: Mapping[str, object] | str | None
    state_path: str | None
    allow_older: bool


class ListOptions:
    """What a list becomes, and how much of it may change.

    :param given: the operator.
    :raises InvalidInput: naming the parameter that is wrong.
    """

    def __init__(self, given: ListParameters) -> None:
        self.list_id = required_str("list_id", given.list_id)
        if given.missing not in ("reject", "create"):
            raise InvalidInput("missing", "must be reject or create")
        self.creates = given.missing == "create"
        self.exclusive = to_bool("exclusive", given.exclusive)
        self.guards = Guards(
            Limit.of("max_changed", given.max_changed),
            Limit.of("max_removed", given.max_removed),
            Limit.of("min_rows", given.min_rows),
        )
        self.suppress, self.consent = given.suppress, given.consent
        self.suppress_list_id = optional_str("suppress_list_id", given.suppress_list_id)
        self.dry_run = given.plan_only
        plan = None if is_missing(given.plan) else decode_json("plan", given.plan, "a mapping")
        self.plan = None if plan is None else checked_plan(plan, LIST_PLAN)
        if self.plan is not None and self.dry_run:
            raise InvalidInput("plan", "cannot be combined with dry_run: it is the plan to apply")
        path = as_path("state_path", given.state_path) if given.state_path is not None else None
        self.state_path = path or (None if self.plan is None else str(self.plan["state"]))
        self.allow_older = given.allow_older
        self.about = [
            self.list_id,
            self.creates,
            self.exclusive,
            self.state_path,
            self.plan and self.plan["plan"],
        ]


@dataclass
class _Decisions:
    """What comes of the rows, beside those whose known person is in the list.

    :param ids: rows whose person was looked up, with the id, by number in the plan.
    :param missing: rows whose person the platform does not have.
    :param several: rows that several people match, or people whom the platform does not return, with the code
        and the reason.
    :param same: rows of a person who is another row's too.
    :param wanted: ids of the people who belong in the list.
    :param kept: ids of people who may be those of a row, so that they are not removed.
    :param gone: rows that left the source and were added by this sync, with the id; 0 without one.
    :param to_remove: ids of people who are removed since their row left.
    :param handed_on: ids of people whose row left, and who are wanted by another row now.
    :param others: members that no row is about, and that are removed.
    """

    ids: dict[int, int] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)
    several: dict[int, tuple[str, str]] = field(default_factory=dict)
    same: set[int] = field(default_factory=set)
    wanted: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    gone: dict[int, int] = field(default_factory=dict)
    to_remove: set[int] = field(default_factory=set)
    handed_on: set[int] = field(default_factory=set)
    others: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    digest: int = 0

    def note(self, what: str, whom: object) -> None:
        """Add a request to the digest."""
        text = f"{what} {whom}".encode("utf-8", "replace")
        self.digest += int.from_bytes(hashlib.blake2b(text, digest_size=16).digest())


class _Results:
    """Counts the rows, and writes the files about them."""

    def __init__(self, writing: LeadWriting, stack: ExitStack) -> None:
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.rows = 0
        self._writing, self._stack = writing, stack
        self._rejects: IO[str] | None = None
        self._first_reasons = FirstReasons()
        path = writing.options.outcomes_path
        self._outcomes = stack.enter_context(whole_lines(path)) if path is not None else None

    @property
    def has_rejects(self) -> bool:
        return self._rejects is not None

    @property
    def not_written(self) -> int:
        """Rows that count as rejected."""
        return sum(self.counts[status] for status in _NOT_WRITTEN)

    def add(
        self, row: Row | None, status: str, person: int | str = "", code: str = "", reason: str = ""
    ) -> None:
        """Take the status of a row; None for a person who is not in the source."""
        self.counts[status] += 1
        if code:
            self.reasons[code] += 1
        if row is not None and status in _NOT_WRITTEN:
            if self._rejects is None:
                self._rejects = self._stack.enter_context(self._writing.open_rejects())
            self._first_reasons.log(f"Row {row.number}", code, reason, row.raw)
            line = {"row": row.number, "code": code, "reason": reason, "record": row.raw}
            self._rejects.write(json_line(line))
        if self._outcomes is not None:
            outcome: dict[str, object] = {
                "row": row.number if row else None,
                "outcome": status,
                "id": str(person),
            }
            if code or reason:
                outcome |= {"code": code, "reason": reason}
            self._outcomes.write(json_line(outcome).encode())


class ListSync:
    """Makes a static list equal to a source.

    :param writing: of the task; its writer creates people.
    :param source: the people.
    :param options: what the list becomes.
    """

    def __init__(self, writing: LeadWriting, source: LeadSource, options: ListOptions) -> None:
        self._writing, self._source, self._options = writing, source, options
        self._hook, self._log = writing.hook, writing.operator.log
        self._platform = self._hook.conn_type
        self._id_field = ID_FIELDS[self._platform]
        self._key = required_str("lookup_field", writing.options.lookup_field)
        self._batch = _LOOKUP_BATCH[self._platform]
        self._folder = state_folder(writing.context, self._hook, options.state_path)
        self._known = KnownFields()
        self._suppressed: dict[str, Row] = {}
        self._held_back: list[Row] = []
        self._refused_rows: list[Row] = []
        self._removed_rows: set[int] = set()
        self._created = self._beside = 0
        self._duplicates: dict[str, list[Row]] = {}
        self._rows = self._digest = 0
        self._decided = _Decisions()
        self._members: set[int] = set()

    def run(self) -> ListSyncOutcome:
        """Add the people of the source, and remove those of rows that left it.

        :raises AirflowFailException: when a limit is not kept, a plan cannot be applied any more, or more
            rows were rejected than allowed.
        """
        began, calls = time.monotonic(), self._hook.calls
        task_state = self._writing.task_state
        about = [type(self._writing.operator).__name__, *self._options.about]
        finished: FinishedTry[ListSyncOutcome] = FinishedTry(self._writing.context, task_state, about)
        if (outcome := finished.outcome) is not None:
            self._log.info("An earlier try of this task has finished; nothing is sent")
            return outcome
        with self._compared() as (run, comparison):
            self._check_plan(comparison)
            guards = self._guards(comparison)
            if problems := broken(guards):
                raise AirflowFailException(f"Nothing was sent: {'; '.join(problems)}")
            with ExitStack() as stack:
                results = _Results(self._writing, stack)
                outcome = self._apply(run, comparison, results)
            outcome["guards"], outcome["calls"] = guards, self._hook.calls - calls
            outcome["seconds"] = round(time.monotonic() - began, 2)
            details = {name: outcome.get(name) for name in (*_STATUSES, "created")}
            history = run.commit(calls=outcome["calls"], **details)["history"]
            outcome["history"] = f"{self._folder.removeprefix('file://')}/{history}"
        self._log.info("Finished: %s", _sentence(outcome["total"], {**outcome}))
        problem = self._problem(outcome)
        if not problem:
            finished.save(outcome)
            return outcome
        self._writing.context["ti"].xcom_push(key="return_value", value=outcome)
        raise AirflowFailException(problem)

    def plan(self) -> ListPlanOutcome:
        """Return what would be done, and send nothing."""
        with self._compared() as (run, comparison):
            return self._plan(run, comparison, self._guards(comparison))

    @contextmanager
    def _compared(self) -> Iterator[tuple[ChangeRun, Comparison]]:
        """Read the list and the source, and decide what is done. Another run of this sync waits meanwhile."""
        hook, options = self._hook, self._options
        self._list: StaticList = hook.follow(hook.people.static_list(options.list_id))
        with (
            hook.exclusive(f"list {options.list_id}"),
            begin_run(
                self._writing,
                f"members of list {options.list_id}",
                self._folder,
                self._settings(),
                allow_older=options.allow_older,
            ) as run,
        ):
            self._read(run)
            comparison = run.compare(refresh="all")
            self._no_removals = comparison.no_removals
            if self._rows and not comparison.total:
                self._no_removals = f"no row of the source has {self._key}, the key"
                if comparison.baseline and comparison.manifest:
                    raise AirflowFailException(
                        f"lookup_field: {self._no_removals}. Nothing was sent, and the state is kept"
                    )
            if wait := run.seconds_to_wait(0.0 if options.dry_run else QUIET_AFTER):
                self._log.info("An earlier run ended early; waiting %.0f s until its calls have ended", wait)
                self._writing.operator.sleep(wait)
            self._members = hook.follow(hook.people.list_member_ids(options.list_id))
            self._decide(run)
            self._log_plan(comparison)
            yield run, comparison

    def _settings(self) -> SyncSettings:
        from airflow_provider_mkt.sync.changes import SyncSettings

        self._kind: KeyKind = "text"
        if self._key == self._id_field:
            self._kind = "id"
        elif self._platform == "marketo" or self._key == "email":
            self._kind = "email"
        return SyncSettings(
            row_key=self._key,
            match_key=self._key,
            row_kind=self._kind,
            match_kind=self._kind,
            duplicates="last",
        )

    # -- the source --------------------------------------------------------------------------------

    def _read(self, run: ChangeRun) -> None:
        """Read the whole source. Rows that are held back are not part of what the list becomes."""
        from airflow_provider_mkt.sync.changes import normalized_key

        hook, options = self._hook, self._options
        suppression = Suppression.read(hook, options.suppress, options.suppress_list_id, options.consent)
        if options.creates:
            self._known = hook.follow(self._writing.writer.known_fields())
        with ExitStack() as stack:
            rows = self._source.open(stack, self._writing.key, self._known).rows
            prepared = map(self._prepared, self._counted(rows))
            for row, refusal in suppression.applied(prepared, hook, self._key, self._id_field, self._batch):
                key = None if row.record is None else row.record.get(self._key)
                if row.record is None:
                    run.add(row, None, None)
                elif refusal is not None:
                    held = structs.replace(row, record=None, code=refusal.code, problem=refusal.reason)
                    self._held_back.append(held)
                    self._suppressed[normalized_key(key, self._kind) or ""] = held
                elif is_missing(key):
                    self._refuse(row, "KEY_MISSING", f"{self._key}, the key, is missing or empty")
                elif self._kind == "id" and not str(key).strip().isdecimal():
                    self._refuse(row, "INVALID_ID", f"{self._key} is not a whole number")
                else:
                    run.add(row, key, key)

    def _refuse(self, row: Row, code: str, reason: str) -> None:
        """Note a row that can be about nobody."""
        self._refused_rows.append(structs.replace(row, record=None, code=code, problem=reason))

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self._rows += 1
            text = json_line([row.record, row.problem])
            self._digest += int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest())
            if self._rows % 1_000 == 0:
                self._writing.operator.raise_if_cancelled()
            yield row

    def _prepared(self, row: Row) -> Row:
        """Return a row with the fields that are needed: its key, and what its person is created with."""
        if row.record is None:
            return row
        names = row.record if self._options.creates else row.record.keys() & {self._key, "email"}
        record = self._writing.writer.prepare({name: row.record[name] for name in names})
        return structs.replace(row, record=record)

    # -- what is done ------------------------------------------------------------------------------

    def _decide(self, run: ChangeRun) -> None:
        """Find out whose rows they are, and what is done with each."""
        decided = self._decided
        for some in _batches(run.to_send(), self._batch):
            self._writing.operator.raise_if_cancelled()
            others = [one for one in some if not self._is_member(one)]
            stored = self._look_up([one.match_key for one in others])
            for one in some:
                if self._is_member(one):
                    self._want(one, int(one.platform_id or 0))
                    continue
                found = stored.get(one.match_key.lower(), ())
                if not found:
                    decided.missing.add(one.n)
                    decided.counts["created" if self._options.creates else "not_found"] += 1
                    decided.note("missing", one.match_key)
                elif len(found) > 1 or not found[0].id:
                    ids = [person.id for person in found if person.id]
                    which = f"{len(ids):,} people, with the ids {', '.join(ids[:10])},"
                    decided.several[one.n] = (
                        (_SEVERAL, f"{which} have this {self._key}")
                        if ids
                        else (_UNKNOWN, f"the platform does not return who has this {self._key}")
                    )
                    decided.kept.update(map(int, ids))
                    decided.counts["rejected"] += 1
                else:
                    decided.ids[one.n] = int(found[0].id)
                    self._want(one, int(found[0].id))
        if not self._no_removals:
            self._decide_removals(run)

    def _is_member(self, planned: PlannedRow) -> bool:
        return planned.platform_id is not None and int(planned.platform_id) in self._members

    def _look_up(self, keys: Sequence[str]) -> Mapping[str, Sequence[StoredLead]]:
        return self._hook.follow(self._hook.people.read_by_key(self._key, keys, ())) if keys else {}

    def _want(self, planned: PlannedRow, person: int) -> None:
        decided = self._decided
        if person in decided.wanted:
            decided.same.add(planned.n)
        elif person not in self._members:
            decided.counts["added"] += 1
            decided.note("add", person)
        decided.wanted.add(person)

    def _decide_removals(self, run: ChangeRun) -> None:
        decided = self._decided
        for some in _batches(run.to_remove(), self._batch):
            mine = [one for one in some if _is_mine(one)]
            stored = self._look_up([one.match_key for one in mine if not self._is_member(one)])
            for one in mine:
                person = int(one.platform_id or 0)
                if not self._is_member(one):
                    # Merged into another person, or ambiguous since before its id was known.
                    found = stored.get(one.match_key.lower(), ())
                    person = int(found[0].id) if len(found) == 1 and found[0].id else 0
                decided.gone[one.n] = person
                if person in decided.wanted or person in decided.kept:
                    decided.handed_on.add(person)
                elif person in self._members and person not in decided.to_remove:
                    decided.to_remove.add(person)
                    decided.note("remove", person)
                    decided.counts["held back and removed"] += one.row_key in self._suppressed
                else:
                    decided.counts["already_out"] += one.row_key not in self._suppressed
        unknown = sum(code == _UNKNOWN for code, _ in decided.several.values())
        if self._options.exclusive and unknown:
            self._log.warning(
                "Only those whose row left the source are removed: who is in %s is not known",
                counted(unknown, "row"),
            )
        elif self._options.exclusive:
            belong = decided.wanted | decided.kept | decided.to_remove
            decided.others = sorted(self._members - belong)
            for person in decided.others:
                decided.note("remove", person)

    @property
    def _to_remove(self) -> int:
        return len(self._decided.to_remove) + len(self._decided.others)

    def _guards(self, comparison: Comparison) -> list[GuardResult]:
        counts = self._decided.counts
        return self._options.guards.judge(
            SyncCounts(
                rows=comparison.total,
                without_key=self._rows - comparison.total,
                last_rows=None if comparison.baseline else comparison.last_total,
                changed=counts["added"] + counts["created"],
                removed=self._to_remove,
            )
        )

    def _log_plan(self, comparison: Comparison) -> None:
        counts = self._decided.counts
        self._log.info(
            "List %s (%s) has %s, the source has %s",
            self._list.id,
            self._list.name,
            counted(len(self._members), "member"),
            counted(self._rows, "row"),
        )
        self._log.info(
            "To add: %s, to create first: %s, to remove: %s, not found: %s, held back: %s",
            *(
                f"{count:,}"
                for count in (
                    *(counts["added"] + counts["created"], counts["created"], self._to_remove),
                    *(counts["not_found"], len(self._held_back)),
                )
            ),
        )
        if comparison.baseline:
            self._log.info("Nobody is removed: %s", self._no_removals)
        elif self._no_removals:
            self._log.warning("Nobody is removed: %s", self._no_removals)

    # -- the plan ----------------------------------------------------------------------------------

    def _digest_of_plan(self, comparison: Comparison) -> str:
        numbers = (comparison.manifest, self._digest, self._decided.digest, self._list_digest)
        return hashlib.blake2b(repr(numbers).encode(), digest_size=16).hexdigest()

    @property
    def _source_digest(self) -> str:
        return f"{self._digest % 2**128:032x}"

    @cached_property
    def _list_digest(self) -> str:
        digest = 0
        for person in self._members:
            digest += int.from_bytes(hashlib.blake2b(str(person).encode(), digest_size=16).digest())
        return f"{digest % 2**128:032x}"

    def _check_plan(self, comparison: Comparison) -> None:
        """Check that what would be done is what was planned.

        A try that was killed has done a part of it. The next one continues when the source is the same.
        """
        plan = self._options.plan
        if plan is None:
            return
        state = self._writing.task_state
        if (plan["account"], plan["list_id"]) != (self._hook.account_id(), self._list.id):
            what = "it is of another account or list"
        elif comparison.manifest + 1 != plan["run"]:
            what = "another run has changed the state"
        elif self._source_digest != plan["source_digest"]:
            what = "the source has changed"
        elif state.get("plan") == plan["plan"]:
            return
        elif self._list_digest != plan["list_digest"]:
            what = "the list has changed"
        elif self._digest_of_plan(comparison) != plan["plan"]:
            what = "people were created or deleted, their consent or the settings have changed"
        else:
            state.set("plan", str(plan["plan"]))
            return
        raise AirflowFailException(f"The plan cannot be applied: {what} since it was made. Nothing was sent")

    def _plan(self, run: ChangeRun, comparison: Comparison, guards: list[GuardResult]) -> ListPlanOutcome:
        decided, problems = self._decided, broken(guards)
        counts = Counter(decided.counts)
        create = counts.pop("created", 0)
        counts["added"] += create
        counts["removed"], counts["suppressed"] = self._to_remove, len(self._held_back)
        unreadable = sum(comparison.reasons.values())
        counts["rejected"] += len(self._refused_rows) + unreadable
        counts["suppressed"] -= counts.pop("held back and removed", 0)
        others = sum(counts[one] for one in ("added", "not_found", "rejected"))
        counts["already_in"] = self._rows - len(self._held_back) - others
        calls = self._cost(create)
        rate = self._hook.rate()
        self._log.info(
            "Nothing is sent: this is a dry run. It would take %s. %s",
            counted(calls, "call"),
            "; ".join(problems) or "All limits are kept",
        )
        path = result_path(self._writing.context, "plan")
        write_rows(path, self._sample(run))
        reasons = Counter(row.code for row in (*self._held_back, *self._refused_rows)) + comparison.reasons
        reasons.update(code for code, _ in decided.several.values())
        if counts["not_found"]:
            reasons["NOT_FOUND"] = counts["not_found"]
        return ListPlanOutcome(
            outcome="list_sync_plan",
            platform=self._platform,
            account=self._hook.account_id(),
            list_id=self._list.id,
            list_name=self._list.name,
            plan=self._digest_of_plan(comparison),
            source_digest=self._source_digest,
            list_digest=self._list_digest,
            state=self._folder,
            run=comparison.manifest + 1,
            rows=self._rows,
            members=len(self._members),
            ok=not problems,
            problems=problems,
            counts={name: counts[name] for name in _STATUSES if counts[name]},
            reasons=dict(reasons.most_common(_REASONS_MAX)),
            to_add=counts["added"],
            to_create=create,
            to_remove=self._to_remove,
            calls=calls,
            minutes=round(calls / rate.calls * rate.seconds / 60, 4),
            calls_left=self._calls_left(),
            guards=guards,
            no_removals=self._no_removals,
            path=path,
        )

    def _cost(self, create: int) -> int:
        """Return how many calls it takes: reading the list again, looking people up, and changing it."""
        counts = self._decided.counts
        one_call = self._addition().chunk_max
        searched = len(self._decided.ids) + len(self._decided.missing) + len(self._decided.several)
        parts = [
            (len(self._members), _PAGE[self._platform]),
            (searched, self._batch),
            (create, self._writing.writer.batch_max),
            (counts["added"] + create, one_call),
            (self._to_remove, one_call),
        ]
        if self._options.consent:
            parts.append((self._rows, self._batch))
        return sum(-(-count // size) for count, size in parts)

    def _calls_left(self) -> int | None:
        try:
            quota = self._hook.follow(self._hook.day_quota())
        except PlatformError:
            return None
        return None if quota is None else quota.left

    def _sample(self, run: ChangeRun) -> Iterator[dict[str, object]]:
        """Yield rows of each kind, their keys masked."""
        shown: Counter[str] = Counter()
        for one in run.to_send():
            what = self._what(one)
            shown[what] += 1
            if shown[what] <= _SAMPLE and what != "already_in":
                yield {"row": one.row and one.row.number, "outcome": what, "key": masked(one.match_key)}
        if not self._no_removals:
            gone = (
                one for one in run.to_remove() if self._decided.gone.get(one.n) in self._decided.to_remove
            )
            for one in islice(gone, _SAMPLE):
                yield {"row": None, "outcome": "removed", "key": masked(one.match_key)}
        for person in self._decided.others[:_SAMPLE]:
            yield {"row": None, "outcome": "removed", "id": str(person)}
        for row in self._held_back[:_SAMPLE]:
            yield {"row": row.number, "outcome": "suppressed", "code": row.code}

    def _what(self, planned: PlannedRow) -> str:
        """Return what comes of a row of the source."""
        decided = self._decided
        if planned.n in decided.missing:
            return "create" if self._options.creates else "not_found"
        if planned.n in decided.several:
            return "rejected"
        if planned.n in decided.same or self._id_of(planned) in self._members:
            return "already_in"
        return "added"

    def _id_of(self, planned: PlannedRow) -> int:
        return self._decided.ids.get(planned.n) or int(planned.platform_id or 0)

    # -- what is sent ------------------------------------------------------------------------------

    def _apply(self, run: ChangeRun, comparison: Comparison, results: _Results) -> ListSyncOutcome:
        decided = self._decided
        self._start(run)
        for planned in run.not_sent():
            self._take_not_sent(planned, results)
        for row in self._refused_rows:
            results.add(row, "rejected", "", row.code, row.problem)
        stopped = False
        wave = _wave(self._addition())
        for some in _batches(run.to_send(), wave):
            self._add(run, some, results)
            threshold = self._writing.options.threshold
            if self._writing.options.fail_fast and not threshold.allows(
                results.not_written, max(results.counts.total(), _SHARE_COUNTS_FROM)
            ):
                stopped = True
                break
        if not self._no_removals and not stopped:
            wave = _wave(self._removal())
            for some in _batches(run.to_remove(), wave):
                self._remove(run, some, results)
            for people in _batches(iter(decided.others), wave):
                self._remove_others(people, results)
        for row in self._held_back:
            if id(row) not in self._removed_rows:
                results.add(row, "suppressed", "", row.code, row.problem)
        done = results.counts
        rows_done = done.total() - self._beside
        done["not_sent"] = self._rows - rows_done
        return ListSyncOutcome(
            outcome="list_sync",
            platform=self._platform,
            list_id=self._list.id,
            list_name=self._list.name,
            rows=self._rows,
            total=done.total(),
            added=done["added"],
            already_in=done["already_in"],
            removed=done["removed"],
            already_out=done["already_out"],
            not_found=done["not_found"],
            suppressed=done["suppressed"],
            rejected=done["rejected"],
            unknown=done["unknown"],
            not_sent=done["not_sent"],
            created=self._created,
            reasons=dict(results.reasons.most_common(_REASONS_MAX)),
            no_removals=self._no_removals,
            rejects=self._writing.rejects_path if results.has_rejects else None,
            outcomes=self._writing.options.outcomes_path,
            calls=0,
            seconds=0.0,
            run=run.number,
            state=self._folder,
            history="",
            guards=[],
        )

    def _start(self, run: ChangeRun) -> None:
        """Write the plan.

        Which rows need no request is written before it. So after a kill only rows with a request are
        ambiguous, and whoever is in the list now is never taken for added by this sync.
        """
        for planned in run.to_send():
            if self._what(planned) not in ("added", "create"):
                run.not_sent_after_all(planned)
        if not self._no_removals:
            for planned in run.to_remove():
                if self._decided.gone.get(planned.n) not in self._decided.to_remove:
                    run.not_sent_after_all(planned)
        run.flush()
        run.start(remove=not self._no_removals)

    def _take_not_sent(self, planned: PlannedRow, results: _Results) -> None:
        from airflow_provider_mkt.sync.changes import Operation

        row = planned.row or Row(0, None)
        if planned.operation is Operation.DUPLICATE:
            self._duplicates.setdefault(planned.row_key, []).append(row)
        else:
            results.add(row, "rejected", "", planned.code, planned.reason)

    def _report(
        self,
        planned: PlannedRow,
        results: _Results,
        status: str,
        person: int = 0,
        code: str = "",
        reason: str = "",
    ) -> None:
        """Report a row of the source, and the further rows with its key."""
        results.add(planned.row, status, person or "", code, reason)
        for row in self._duplicates.pop(planned.row_key, ()):
            if status == "added":
                results.add(row, "already_in", person, "DUPLICATE_KEY", "another row has the same key")
            else:
                results.add(row, status, person or "", code, reason)

    def _add(self, run: ChangeRun, some: Sequence[PlannedRow], results: _Results) -> None:
        """Add the people of some rows, and report every row."""
        to_add: dict[int, PlannedRow] = {}
        to_create: list[PlannedRow] = []
        for one in some:
            match self._what(one):
                case "create":
                    to_create.append(one)
                case "added":
                    to_add[self._id_of(one)] = one
                case "already_in":
                    self._keep(run, one, results)
                case "not_found":
                    self._not_found(run, one, results)
                case _:
                    self._refused(run, one, results, *self._decided.several[one.n])
        if to_create:
            self._create(run, to_create, to_add, results)
        answers: dict[int, MemberResult] = {}
        try:
            self._follow(self._addition(), to_add, answers)
        finally:
            # Also of the requests that succeeded before one failed.
            for person, answer in answers.items():
                self._added(run, to_add[person], person, answer, results)

    def _added(
        self, run: ChangeRun, planned: PlannedRow, person: int, answer: MemberResult, results: _Results
    ) -> None:
        from airflow_provider_mkt.sync.changes import Status

        match answer.status:
            case MemberStatus.DONE | MemberStatus.ALREADY:
                # It was not in the list before: an answer that was lost may have been about it.
                run.record(planned, Status.SYNCED, platform_id=str(person))
                self._report(planned, results, "added", person)
            case MemberStatus.UNKNOWN:
                # Not noted: the next run does it again.
                self._report(planned, results, "unknown", person, answer.code, answer.reason)
            case _ if answer.code in NO_SUCH_LEAD:
                self._not_found(run, planned, results)
            case _:
                self._refused(run, planned, results, answer.code or "REFUSED", answer.reason)

    def _keep(self, run: ChangeRun, planned: PlannedRow, results: _Results) -> None:
        """Report a row whose person is in the list, and note who has added it."""
        from airflow_provider_mkt.sync.changes import Status

        person, same = self._id_of(planned), planned.n in self._decided.same
        moved = planned.platform_id != str(person)
        if _is_mine(planned) or (person in self._decided.handed_on and not same):
            if moved or planned.last_status != Status.SYNCED:
                run.record(planned, Status.SYNCED, platform_id=str(person))
        elif moved or planned.last_reason != "ALREADY_IN":
            # Somebody else has added it, so this sync never removes it.
            run.record(planned, Status.SKIPPED_NO_MATCH, reason="ALREADY_IN", platform_id=str(person))
        code, reason = ("SAME_PERSON", "another row is of the same person") if same else ("", "")
        self._report(planned, results, "already_in", person, code, reason)

    def _not_found(self, run: ChangeRun, planned: PlannedRow, results: _Results) -> None:
        from airflow_provider_mkt.sync.changes import Status

        run.record(planned, Status.SKIPPED_NO_MATCH, reason="NOT_FOUND")
        reason = f"nobody has this {self._key}; missing='create' creates them"
        self._report(planned, results, "not_found", 0, "NOT_FOUND", reason)

    def _refused(
        self, run: ChangeRun, planned: PlannedRow, results: _Results, code: str, reason: str
    ) -> None:
        from airflow_provider_mkt.sync.changes import Status

        run.record(planned, Status.FAILED, reason=code)
        self._report(planned, results, "rejected", 0, code, reason)

    def _create(
        self, run: ChangeRun, some: Sequence[PlannedRow], to_add: dict[int, PlannedRow], results: _Results
    ) -> None:
        """Create people; those who exist afterwards are to be added."""
        writer = self._writing.writer
        waiting: dict[int, PlannedRow] = {}
        for planned in some:
            row = planned.row or Row(0, {})
            record = row.record or {}
            problem = self._known.problem_of(record) or writer.check(record)
            if problem is None:
                waiting[row.number] = planned
            else:
                self._refused(run, planned, results, problem.code, problem.reason)

        def on_result(row: Row, result: RecordResult) -> None:
            planned = waiting.pop(row.number)
            if result.code == "OUTCOME_UNKNOWN":
                self._report(planned, results, "unknown", 0, result.code, result.reason)
            elif result.result is RecordStatus.REJECTED or not result.id:
                self._refused(run, planned, results, result.code or "REFUSED", result.reason)
            elif (person := int(result.id)) in to_add or person in self._decided.wanted:
                # Two rows, of which the platform has made one person.
                self._decided.ids[planned.n] = person
                self._decided.same.add(planned.n)
                self._keep(run, planned, results)
            else:
                self._created += result.result is RecordStatus.CREATED
                self._decided.ids[planned.n] = person
                self._decided.wanted.add(person)
                to_add[person] = planned

        rows = [planned.row for planned in waiting.values() if planned.row is not None]
        files = ResultsOnly(self._writing.open_rejects, on_result=on_result)
        if rows:
            self._writing.step_by_calls(PlannedRows(lambda: iter(rows), len(rows)), files, writer)

    def _remove(self, run: ChangeRun, some: Sequence[PlannedRow], results: _Results) -> None:
        """Remove the people of rows that left the source, and report those that this sync had added."""
        from airflow_provider_mkt.sync.changes import Status

        decided = self._decided
        to_remove: dict[int, PlannedRow] = {}
        for one in some:
            person = decided.gone.get(one.n)
            if person is None:
                continue
            if person in decided.to_remove and person not in to_remove:
                to_remove[person] = one
                continue
            handed_on = person in decided.handed_on
            run.record(one, Status.REMOVED, reason="REPLACED" if handed_on else "NOT_IN_LIST")
            if not handed_on and one.row_key not in self._suppressed:
                self._report_gone(one, results, "already_out", person)
        answers: dict[int, MemberResult] = {}
        try:
            self._follow(self._removal(), to_remove, answers)
        finally:
            for person, answer in answers.items():
                planned = to_remove[person]
                if answer.status is MemberStatus.UNKNOWN:
                    self._report_gone(planned, results, "unknown", person, answer)
                elif answer.status is MemberStatus.REJECTED and answer.code not in NO_SUCH_LEAD:
                    # It is still this sync's, so the next run tries again.
                    run.not_sent_after_all(planned)
                    self._report_gone(planned, results, "rejected", person, answer)
                else:
                    # It was in the list before: an answer that was lost may have been about it.
                    run.record(planned, Status.REMOVED)
                    self._report_gone(planned, results, "removed", person)

    def _remove_others(self, people: Sequence[int], results: _Results) -> None:
        answers: dict[int, MemberResult] = {}
        try:
            self._follow(self._removal(), people, answers)
        finally:
            for person, answer in answers.items():
                status = "removed"
                if answer.status in (MemberStatus.UNKNOWN, MemberStatus.REJECTED):
                    status = answer.status.value
                if answer.code in NO_SUCH_LEAD:
                    status = "already_out"
                code = answer.code or _LEFT
                self._beside += 1
                results.add(None, status, person, code, answer.reason or "no row of the source is about them")

    def _report_gone(
        self,
        planned: PlannedRow,
        results: _Results,
        status: str,
        person: int,
        answer: MemberResult | None = None,
    ) -> None:
        held = self._suppressed.get(planned.row_key)
        if answer is not None:
            code, reason = answer.code, answer.reason
        elif held is not None:
            code, reason = held.code, held.problem
        else:
            code, reason = _LEFT, "left the source"
        self._beside += held is None
        if held is not None:
            # The row itself is held back, and this is its one status.
            self._removed_rows.add(id(held))
        results.add(held, status, person or "", code, reason)

    def _addition(self) -> MemberAction:
        return self._hook.people.add_to_list(self._list.id).in_large_requests()

    def _removal(self) -> MemberAction:
        return self._hook.people.remove_from_list(self._list.id).in_large_requests()

    def _follow(self, action: MemberAction, people: Iterable[int], answers: dict[int, MemberResult]) -> None:
        """Apply an action to people, several requests at a time.

        :param answers: takes the answers, also those that came before an error.
        """
        from airflow_provider_mkt.sync.member_table import MemberTable
        from airflow_provider_mkt.sync.members import MemberActionRunner, MemberReport
        from airflow_provider_mkt.sync.pipeline import AdaptiveConcurrency

        class Report(MemberReport):
            def add(self, results: Sequence[MemberResult], *, from_earlier_try: bool = False) -> None:
                super().add(results, from_earlier_try=from_earlier_try)
                answers.update((int(one.member), one) for one in results)

        operator, given = self._writing.operator, self._writing.options.max_concurrency
        ceiling = self._hook.platform.max_concurrency
        with MemberTable() as table:
            table.add(map(str, people))
            if not table.total:
                return
            safe = replace(action, apply=_with_unknown(action))
            runner = MemberActionRunner(
                safe,
                table,
                InMemoryTaskState(),
                self._hook.follow,
                AdaptiveConcurrency(min(given or ceiling, ceiling)),
                Report(safe),
                on_tick=operator.raise_if_cancelled,
                cancel=operator.cancel,
            )
            runner.run()

    # -- the end -----------------------------------------------------------------------------------

    def _problem(self, outcome: ListSyncOutcome) -> str:
        """Return why the outcome does not count as success; empty when it does."""
        threshold = self._writing.options.threshold
        bad = outcome["not_found"] + outcome["rejected"] + outcome["unknown"]
        if threshold.allows(bad, outcome["rows"]):
            return ""
        found = {code: count for code, count in outcome["reasons"].items() if code != _LEFT}
        reasons = ", ".join(f"{code}: {count:,}" for code, count in found.items())
        rest = f". Not sent: {counted(outcome['not_sent'], 'row')}" if outcome["not_sent"] else ""
        return (
            f"{part_of(bad, outcome['rows'], 'row')} not found, rejected or unknown ({reasons}), "
            f"allowed: {threshold}{rest}. See {outcome['rejects']}"
        )


def _is_mine(planned: PlannedRow) -> bool:
    """Whether this sync has added the person of a row, or may have."""
    return planned.last_status in ("synced", "ambiguous")


def _with_unknown(action: MemberAction) -> Any:
    """Return the action's procedure, with a result for those of whom it is unknown."""

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        try:
            return (yield from action.apply(people, task_state))
        except OutcomeUnknown as error:
            return [unknown(person, error) for person in people]

    return apply


def _wave(action: MemberAction) -> int:
    return min(action.chunk_max * _REQUESTS_AT_ONCE, _WAVE_ROWS)


def _batches(rows: Iterator[T], size: int) -> Iterator[list[T]]:
    while some := list(islice(rows, size)):
        yield some


def _sentence(total: int, counts: Mapping[str, Any]) -> str:
    shown = ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in _STATUSES if counts[name])
    return f"{counted(total, 'person')}: {shown or 'none'}"
