"""What differs between a source and a static list, and what is done about it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from msgspec import structs

from airflow_provider_mkt.actions.leads import KnownFields
from airflow_provider_mkt.actions.members import StaticList
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.operators._change_options import state_folder
from airflow_provider_mkt.operators._change_run import begin_run
from airflow_provider_mkt.operators._parameters import is_missing, required_str
from airflow_provider_mkt.operators._suppression import Suppression
from airflow_provider_mkt.sync.guards import SyncCounts
from airflow_provider_mkt.sync.rows import Row, json_line
from airflow_provider_mkt.version_compat import AirflowFailException

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.leads import StoredLead
    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.operators._lead_source import LeadSource
    from airflow_provider_mkt.operators._lead_writing import LeadWriting
    from airflow_provider_mkt.operators._list_options import ListOptions
    from airflow_provider_mkt.sync.changes import ChangeRun, Comparison, KeyKind, PlannedRow, SyncSettings
    from airflow_provider_mkt.sync.guards import GuardResult

ID_FIELDS = {"hubspot": "hs_object_id", "marketo": "id"}
_LOOKUP_BATCH = {"hubspot": 100, "marketo": 300}
_SEVERAL, _UNKNOWN = "SEVERAL_FOUND", "KEY_NOT_SEARCHABLE"
QUIET_AFTER = 30.0
"""Seconds for which a platform may work on a change of members, after its answer was lost."""

T = TypeVar("T")


@dataclass
class Decisions:
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


class ListDiff:
    """Compares a source with a static list, and decides what is done with each row and each member.

    :param writing: of the task.
    :param source: the people.
    :param options: what the list becomes.
    """

    def __init__(self, writing: LeadWriting, source: LeadSource, options: ListOptions) -> None:
        self.writing, self.options = writing, options
        self._source = source
        self.hook, self._log = writing.hook, writing.operator.log
        self.platform = self.hook.conn_type
        self.id_field = ID_FIELDS[self.platform]
        self.key = required_str("lookup_field", writing.options.lookup_field)
        self.batch = _LOOKUP_BATCH[self.platform]
        """Rows whose people are looked up in one call."""
        self.folder = state_folder(writing.context, self.hook, options.state_path)
        self.members: set[int] = set()
        """Ids of the people who are in the list."""
        self.no_removals = ""
        """Why nobody is removed."""
        self.known = KnownFields()
        """What is known of the fields with which people are created."""
        self.suppressed: dict[str, Row] = {}
        """Rows that are held back, by their key."""
        self.held_back: list[Row] = []
        self.refused_rows: list[Row] = []
        """Rows that can be about nobody."""
        self.rows = self.digest = 0
        """How many rows the source has, and a digest of them."""
        self.decided = Decisions()

    @contextmanager
    def compared(self) -> Iterator[tuple[ChangeRun, Comparison]]:
        """Read the list and the source, and decide what is done. Another run of this sync waits meanwhile."""
        hook, options = self.hook, self.options
        self.list: StaticList = hook.follow(hook.people.static_list(options.list_id))
        with (
            hook.exclusive(f"list {options.list_id}"),
            begin_run(
                self.writing,
                f"members of list {options.list_id}",
                self.folder,
                self._settings(),
                allow_older=options.allow_older,
            ) as run,
        ):
            self._read(run)
            comparison = run.compare(refresh="all")
            self.no_removals = comparison.no_removals
            if self.rows and not comparison.total:
                self.no_removals = f"no row of the source has {self.key}, the key"
                if comparison.baseline and comparison.manifest:
                    raise AirflowFailException(
                        f"lookup_field: {self.no_removals}. Nothing was sent, and the state is kept"
                    )
            if wait := run.seconds_to_wait(0.0 if options.dry_run else QUIET_AFTER):
                self._log.info("An earlier run ended early; waiting %.0f s until its calls have ended", wait)
                self.writing.operator.sleep(wait)
            self.members = hook.follow(hook.people.list_member_ids(options.list_id))
            self._decide(run)
            self._log_plan(comparison)
            yield run, comparison

    def _settings(self) -> SyncSettings:
        from airflow_provider_mkt.sync.changes import SyncSettings

        self._kind: KeyKind = "text"
        if self.key == self.id_field:
            self._kind = "id"
        elif self.platform == "marketo" or self.key == "email":
            self._kind = "email"
        return SyncSettings(
            row_key=self.key,
            match_key=self.key,
            row_kind=self._kind,
            match_kind=self._kind,
            duplicates="last",
        )

    # -- the source --------------------------------------------------------------------------------

    def _read(self, run: ChangeRun) -> None:
        """Read the whole source. Rows that are held back are not part of what the list becomes."""
        from airflow_provider_mkt.sync.changes import normalized_key

        hook, options = self.hook, self.options
        suppression = Suppression.read(hook, options.suppress, options.suppress_list_id, options.consent)
        if options.creates:
            self.known = hook.follow(self.writing.writer.known_fields())
        with ExitStack() as stack:
            rows = self._source.open(stack, self.writing.key, self.known).rows
            prepared = map(self._prepared, self._counted(rows))
            for row, refusal in suppression.applied(prepared, hook, self.key, self.id_field, self.batch):
                key = None if row.record is None else row.record.get(self.key)
                if row.record is None:
                    run.add(row, None, None)
                elif refusal is not None:
                    held = structs.replace(row, record=None, code=refusal.code, problem=refusal.reason)
                    self.held_back.append(held)
                    self.suppressed[normalized_key(key, self._kind) or ""] = held
                elif is_missing(key):
                    self._refuse(row, "KEY_MISSING", f"{self.key}, the key, is missing or empty")
                elif self._kind == "id" and not str(key).strip().isdecimal():
                    self._refuse(row, "INVALID_ID", f"{self.key} is not a whole number")
                else:
                    run.add(row, key, key)

    def _refuse(self, row: Row, code: str, reason: str) -> None:
        """Note a row that can be about nobody."""
        self.refused_rows.append(structs.replace(row, record=None, code=code, problem=reason))

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self.rows += 1
            text = json_line([row.record, row.problem])
            self.digest += int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest())
            if self.rows % 1_000 == 0:
                self.writing.operator.raise_if_cancelled()
            yield row

    def _prepared(self, row: Row) -> Row:
        """Return a row with the fields that are needed: its key, and what its person is created with."""
        if row.record is None:
            return row
        names = row.record if self.options.creates else row.record.keys() & {self.key, "email"}
        record = self.writing.writer.prepare({name: row.record[name] for name in names})
        return structs.replace(row, record=record)

    # -- what is done ------------------------------------------------------------------------------

    def _decide(self, run: ChangeRun) -> None:
        """Find out whose rows they are, and what is done with each."""
        decided = self.decided
        for some in batches(run.to_send(), self.batch):
            self.writing.operator.raise_if_cancelled()
            others = [one for one in some if not self._is_member(one)]
            stored = self._look_up([one.match_key for one in others])
            for one in some:
                if self._is_member(one):
                    self._want(one, int(one.platform_id or 0))
                    continue
                found = stored.get(one.match_key.lower(), ())
                if not found:
                    decided.missing.add(one.n)
                    decided.counts["created" if self.options.creates else "not_found"] += 1
                    decided.note("missing", one.match_key)
                elif len(found) > 1 or not found[0].id:
                    ids = [person.id for person in found if person.id]
                    which = f"{len(ids):,} people, with the ids {', '.join(ids[:10])},"
                    decided.several[one.n] = (
                        (_SEVERAL, f"{which} have this {self.key}")
                        if ids
                        else (_UNKNOWN, f"the platform does not return who has this {self.key}")
                    )
                    decided.kept.update(map(int, ids))
                    decided.counts["rejected"] += 1
                else:
                    decided.ids[one.n] = int(found[0].id)
                    self._want(one, int(found[0].id))
        if not self.no_removals:
            self._decide_removals(run)

    def _is_member(self, planned: PlannedRow) -> bool:
        return planned.platform_id is not None and int(planned.platform_id) in self.members

    def _look_up(self, keys: Sequence[str]) -> Mapping[str, Sequence[StoredLead]]:
        return self.hook.follow(self.hook.people.read_by_key(self.key, keys, ())) if keys else {}

    def _want(self, planned: PlannedRow, person: int) -> None:
        decided = self.decided
        if person in decided.wanted:
            decided.same.add(planned.n)
        elif person not in self.members:
            decided.counts["added"] += 1
            decided.note("add", person)
        decided.wanted.add(person)

    def _decide_removals(self, run: ChangeRun) -> None:
        decided = self.decided
        for some in batches(run.to_remove(), self.batch):
            mine = [one for one in some if is_mine(one)]
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
                elif person in self.members and person not in decided.to_remove:
                    decided.to_remove.add(person)
                    decided.note("remove", person)
                    decided.counts["held back and removed"] += one.row_key in self.suppressed
                else:
                    decided.counts["already_out"] += one.row_key not in self.suppressed
        unknown = sum(code == _UNKNOWN for code, _ in decided.several.values())
        if self.options.exclusive and unknown:
            self._log.warning(
                "Only those whose row left the source are removed: who is in %s is not known",
                counted(unknown, "row"),
            )
        elif self.options.exclusive:
            belong = decided.wanted | decided.kept | decided.to_remove
            decided.others = sorted(self.members - belong)
            for person in decided.others:
                decided.note("remove", person)

    @property
    def to_remove(self) -> int:
        """How many people are removed."""
        return len(self.decided.to_remove) + len(self.decided.others)

    def guards(self, comparison: Comparison) -> list[GuardResult]:
        """Judge the limits of how much may change."""
        counts = self.decided.counts
        return self.options.guards.judge(
            SyncCounts(
                rows=comparison.total,
                without_key=self.rows - comparison.total,
                last_rows=None if comparison.baseline else comparison.last_total,
                changed=counts["added"] + counts["created"],
                removed=self.to_remove,
            )
        )

    def _log_plan(self, comparison: Comparison) -> None:
        counts = self.decided.counts
        self._log.info(
            "List %s (%s) has %s, the source has %s",
            self.list.id,
            self.list.name,
            counted(len(self.members), "member"),
            counted(self.rows, "row"),
        )
        self._log.info(
            "To add: %s, to create first: %s, to remove: %s, not found: %s, held back: %s",
            *(
                f"{count:,}"
                for count in (
                    *(counts["added"] + counts["created"], counts["created"], self.to_remove),
                    *(counts["not_found"], len(self.held_back)),
                )
            ),
        )
        if comparison.baseline:
            self._log.info("Nobody is removed: %s", self.no_removals)
        elif self.no_removals:
            self._log.warning("Nobody is removed: %s", self.no_removals)

    def outcome_of(self, planned: PlannedRow) -> str:
        """Return what comes of a row of the source."""
        decided = self.decided
        if planned.n in decided.missing:
            return "create" if self.options.creates else "not_found"
        if planned.n in decided.several:
            return "rejected"
        if planned.n in decided.same or self.id_of(planned) in self.members:
            return "already_in"
        return "added"

    def id_of(self, planned: PlannedRow) -> int:
        """Return the id of a row's person; 0 where it is not known."""
        return self.decided.ids.get(planned.n) or int(planned.platform_id or 0)

    def addition(self) -> MemberAction:
        """Return the action that adds people."""
        return self.hook.people.add_to_list(self.list.id).in_large_requests()

    def removal(self) -> MemberAction:
        """Return the action that removes people."""
        return self.hook.people.remove_from_list(self.list.id).in_large_requests()


def is_mine(planned: PlannedRow) -> bool:
    """Whether this sync has added the person of a row, or may have."""
    return planned.last_status in ("synced", "ambiguous")


def batches(rows: Iterator[T], size: int) -> Iterator[list[T]]:
    while some := list(islice(rows, size)):
        yield some
