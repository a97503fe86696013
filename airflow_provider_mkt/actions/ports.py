"""How many of the account's calls of the day are left.

What became of what was asked for: the results of flows, as plain values.

How leads are written to a platform, as the sync pipeline sees it.

How a file of leads is imported in bulk, as the bulk import sees a platform.

What becomes of leads that are merged into one, on either platform.

New and changed leads, as both platforms tell of them.

What is done with campaigns on either platform, beside creating them.

What is done with emails on either platform, beside publishing them.

Doing something with many people, each of whom comes out with an outcome.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Protocol, TypeAlias

from airflow_provider_mkt.actions.idempotency import not_found, send_at_most_once
from airflow_provider_mkt.actions.jobs import Job, JobSpec, JobState, PollResult, met_when
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, NotRepeated, PlatformError
from airflow_provider_mkt.client.paging import with_next
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.transport.exchange import Reply


@dataclass
class CampaignBatch:
    """What became of a batch of campaigns, by name.

    :param created: made by this run, name to id.
    :param existing: there already, name to id.
    :param rejected: refused, name to the platform's reason.
    :param jobs: to wait until the platform shows them all.
    """

    created: dict[str, str] = field(default_factory=dict)
    existing: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)

    @property
    def ids(self) -> Mapping[str, str]:
        """Every campaign that is there now, name to id."""
        return {**self.existing, **self.created}


@dataclass(frozen=True)
class Publication:
    """What became of an email that was to be published.

    :param done: whether this run published it; False when it was published or scheduled already.
    :param state: the platform's word for its state now.
    :param job: to wait for the outcome.
    :param scheduled_for: when it goes out, where it is scheduled.
    """

    done: bool
    state: str
    job: Job
    scheduled_for: str | None = None


Record: TypeAlias = Mapping[str, Any]
"""A lead: field names to values, as the source gave them, hence ``Any``."""


class RecordStatus(StrEnum):
    """What became of a record. Every record has exactly one."""

    CREATED = "created"
    UPDATED = "updated"
    SKIPPED = "skipped"
    REJECTED = "rejected"


@dataclass(frozen=True)
class RecordResult:
    """What became of one record, and why.

    :param id: the platform's id of the lead, where it told.
    :param code: the platform's code, or this package's own in capitals.
    """

    result: RecordStatus
    id: str = ""
    code: str = ""
    reason: str = ""


def rejected(code: str, reason: str) -> RecordResult:
    return RecordResult(RecordStatus.REJECTED, code=code, reason=reason)


class LeadWriter(Protocol):
    """Writes batches of leads to one platform."""

    batch_max: int
    """Records per call at most."""
    bytes_max: int
    """Bytes of one call's body at most."""
    quiet_after: float
    """Seconds after a call of unknown outcome for which the same keys must not be written; 0 for none."""
    repeatable: bool
    """Whether writing a record a second time leaves one lead."""

    def known_fields(self) -> Procedure[frozenset[str] | None]:
        """The fields that can be written, or None where the platform does not tell."""

    def prepare(self, record: Record) -> dict[str, Any]:
        """The record as the platform wants its values."""

    def check(self, record: Record) -> RecordResult | None:
        """Why a prepared record must not be sent, or None when it may."""

    def key(self, record: Record) -> str | None:
        """What tells this lead from others, spelt so that equal keys are equal; None for no key."""

    def call(self, records: Sequence[Record]) -> Call[Any]:
        """The call that writes a batch."""

    def record_results(self, records: Sequence[Record], reply: Reply[Any]) -> list[RecordResult]:
        """What became of each record, in their order."""

    def rejected_records(self, records: Sequence[Record], error: InvalidRequest) -> list[bool] | None:
        """Which records a refused batch was refused for, or None when the refusal does not say."""


@dataclass(frozen=True)
class Upload:
    """One file that is to be imported.

    :param name: tells it from other files of the same time, on the platform too.
    :param columns: names of the fields, in the order of the file's header.
    :param content: the file: CSV in UTF-8 with a header.
    """

    name: str
    columns: Sequence[str]
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class RowNote:
    """What the platform said of one row of a file.

    :param cells: the row as the platform repeats it, in the file's columns; None where it does not.
    :param line: the line of the file it stands on, the header being line 1; None where it does not say.
    :param code: the platform's code, or this package's own in capitals.
    """

    code: str
    reason: str
    cells: Sequence[str] | None = field(default=None, repr=False)
    line: int | None = None


@dataclass(frozen=True)
class Findings:
    """What became of a file's rows, apart from those that were imported without a word.

    :param failed: rows that were not imported.
    :param warned: rows that were imported, with a warning.
    :param unlisted: rows that failed and that the platform counts, but does not list.
    :param created: how many new leads the rows made; None where the platform does not tell.
    """

    failed: Sequence[RowNote] = ()
    warned: Sequence[RowNote] = ()
    unlisted: int = 0
    created: int | None = None


class LeadImporter(Protocol):
    """Imports files of leads into one platform."""

    platform: str
    spec: JobSpec
    """How to follow an import."""
    key_column: str
    """The field that tells leads from each other."""
    bytes_max: int
    """Bytes of one file at most."""
    rows_max: int
    """Rows of one file at most."""
    max_in_flight: int
    """Files at work at once at most."""
    empty_clears: bool
    """Whether an empty value clears the field, and does not leave it alone."""
    quiet_after: float
    """Seconds for which a file whose upload was not answered may be at work, unseen; 0 where one can look."""

    def settings(self) -> Sequence[object]:
        """What makes an import of the same rows another one, as plain JSON."""

    def known_fields(self) -> Procedure[frozenset[str] | None]:
        """The fields that can be imported, or None where the platform does not tell.

        :raises InvalidInput: when the key is none that leads can be found by.
        """

    def key(self, value: str) -> str:
        """A value of the key, spelt so that equal keys are equal."""

    def start(self, upload: Upload, task_state: TaskState) -> Procedure[Job]:
        """Start to import a file.

        :param memory: of this file alone.
        :raises RateLimited: when the queue is full.
        :raises OutcomeUnknown: when nobody knows whether it was started.
        """

    def findings(self, look: JobState, columns: Sequence[str]) -> Procedure[Findings]:
        """What became of the rows of an import that is complete.

        :param columns: of its file, in order.
        """


@dataclass
class LeadMerge:
    """What became of leads, by id.

    :param survivor: the lead that stays; the platform may have chosen another than was asked for.
    :param merged: those that this task merged into it.
    :param already: those that were not there as leads of their own before.
    :param rejected: those that were refused, with the reason.
    """

    survivor: str
    merged: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


def checked_ids(winner_id: int | str, loser_ids: Sequence[int | str]) -> tuple[int, list[int]]:
    """The ids as numbers, each loser once.

    :raises InvalidInput: on an id that is none, no losers, or the winner among them.
    """
    winner = numeric_id("", "winner_id", winner_id)
    losers = [numeric_id("", f"loser_ids[{place}]", loser) for place, loser in enumerate(loser_ids)]
    if not losers:
        raise InvalidInput("loser_ids", "is empty: nobody to merge")
    if winner in losers:
        raise InvalidInput(f"loser_ids[{losers.index(winner)}]", "is the winner itself")
    return winner, list(dict.fromkeys(losers))


@dataclass(frozen=True)
class Change:
    """One change of a lead.

    :param lead_id: the platform's id of the lead.
    :param key: what tells this change from all others.
    :param at: when it happened.
    :param new: whether the lead was made by it.
    """

    lead_id: str
    key: str
    at: datetime
    new: bool

    @property
    def mark(self) -> str:
        """The key in eight characters, for long lists of what is known already."""
        return b64encode(blake2b(self.key.encode(), digest_size=6).digest()).decode()


ReadChanges: TypeAlias = Callable[[datetime, Sequence[str], str | None], Procedure[Call[list[Change]]]]
"""Makes the paged call that reads changes: since when, of which fields (all when empty), in which list."""


@dataclass(frozen=True)
class ChangeLog:
    """How a platform tells of changes.

    :param read: makes the call that reads them.
    :param late: how long after it happened a change may first be told, in seconds.
    """

    read: ReadChanges
    late: float


def any_change(changes: Procedure[Call[list[Change]]], known: Container[str]) -> Procedure[PollResult]:
    """Whether there is a change whose mark is not among the known ones. A page may be empty with more to
    come."""
    call: Call[list[Change]] | None = yield from changes
    while call is not None:
        page: list[Change]
        page, call = yield with_next(call)
        if any(change.mark not in known for change in page):
            return met_when(True)
    return met_when(False)


def instant(field_name: str, value: object) -> datetime:
    """Read a time with its offset, as conditions carry it.

    :raises InvalidInput: when it is none.
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise InvalidInput(
            field_name, f"must be an ISO 8601 time with its offset, not {describe_type(value)}"
        )
    return moment


_RENAMED = "renamed campaigns"


@dataclass(frozen=True)
class CampaignRef:
    """A campaign as a DAG names it: by its id, or by its name alone, which is looked up.

    :param changes: fields to change, where it is to be changed.
    """

    id: str | None
    name: str | None
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What outcomes call it."""
        return self.name or self.id or ""


@dataclass
class CampaignOutcome:
    """What became of campaigns, by label.

    :param done: changed or archived by this task, label to id.
    :param absent: those to be archived that are not there.
    :param rejected: refused, label to the reason.
    """

    done: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


class CampaignWork(Protocol):
    """The verbs. Each checks what it is given before it yields its first call."""

    def update(self, task_state: TaskState, campaigns: Sequence[CampaignRef]) -> Procedure[CampaignOutcome]:
        """Change campaigns; doing it again changes nothing more."""

    def archive(self, campaigns: Sequence[CampaignRef]) -> Procedure[CampaignOutcome]:
        """Archive campaigns, those that are there."""


def renamed(task_state: TaskState) -> dict[str, str]:
    """The ids of campaigns that earlier tries of the task found by name and gave another one."""
    mark = task_state.get(_RENAMED)
    return {name: str(campaign_id) for name, campaign_id in mark.items()} if isinstance(mark, Mapping) else {}


def rename(task_state: TaskState, ids: Mapping[str, str]) -> None:
    """Remember the ids of campaigns, by the names that they are about to lose."""
    if ids:
        task_state.set(_RENAMED, {**renamed(task_state), **ids})


def refs(field_name: str, value: Any) -> list[CampaignRef]:
    """Read what a DAG names campaigns by.

    :param value: a list of ids, or of mappings with ``id`` or ``name`` and the fields to change; or a
        mapping of names to ids, or one that has such a mapping as its ``campaigns``.
    :raises InvalidInput: when it is empty, an entry is neither, or one occurs twice.
    """
    found: list[CampaignRef] = []
    seen: set[tuple[str, str]] = set()
    for where, one in _entries(field_name, value):
        ref = _ref(where, one)
        key = ("id", ref.id.lower()) if ref.id else ("name", ref.name or "")
        if key in seen:
            raise InvalidInput(where, "occurs twice")
        seen.add(key)
        found.append(ref)
    if not found:
        raise InvalidInput(field_name, "is empty: no campaign is named")
    return found


def _entries(field_name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        inner = value.get("campaigns")
        for name, campaign_id in (inner if isinstance(inner, Mapping) else value).items():
            if not name or not isinstance(name, str):
                raise InvalidInput(
                    field_name, f"must map names to ids, and has {describe_type(name)} as a name"
                )
            yield f"{field_name}[{name!r}]", (name, campaign_id)
    else:
        yield from ((f"{field_name}[{index}]", one) for index, one in enumerate(value))


def _ref(where: str, one: Any) -> CampaignRef:
    if isinstance(one, tuple):
        name, campaign_id = one
        return CampaignRef(_text(where, campaign_id), name)
    if not isinstance(one, Mapping):
        return CampaignRef(_text(where, one), None)
    changes = {key: value for key, value in one.items() if key not in ("id", "name")}
    if one.get("id") not in (None, ""):
        if "name" in one:
            raise InvalidInput(where, "has both id and name; a new name is given as new_name")
        return CampaignRef(_text(f"{where}.id", one["id"]), None, changes)
    return CampaignRef(None, _text(f"{where}.name", one.get("name")), changes)


def _text(where: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        raise InvalidInput(where, f"must be an id or a name, not {describe_type(value)}")
    return str(value).strip()


@dataclass(frozen=True)
class MadeEmail:
    """An email that exists now.

    :param state: the platform's status of the email.
    :param created: whether this task created it, in this try or an earlier one.
    """

    id: str
    name: str
    state: str
    created: bool


@dataclass(frozen=True)
class EmailChange:
    """What became of changes to an email.

    :param version: ``live`` or ``draft``: where they are now.
    :param state: the platform's word for the email's state.
    """

    id: str
    version: str
    state: str


@dataclass(frozen=True)
class Withdrawal:
    """What became of an email that was to be taken back.

    :param done: whether this task took it back; False when it was a draft already.
    :param state: the platform's word for its state now.
    """

    done: bool
    state: str


class EmailWork(Protocol):
    """The verbs. Each checks what it is given before it yields its first call."""

    def create(
        self,
        task_state: TaskState,
        name: str,
        fields: Mapping[str, Any],
        *,
        folder_id: str | None,
        folder_type: str | None,
        template_id: str | None,
    ) -> Procedure[MadeEmail]:
        """Create an email, unless one of that name is there."""

    def clone(
        self,
        task_state: TaskState,
        email_id: str,
        name: str,
        *,
        folder_id: str | None,
        folder_type: str | None,
        language: str | None,
    ) -> Procedure[MadeEmail]:
        """Copy an email, unless the copy of that name is there."""

    def update(
        self, email_id: str, changes: Mapping[str, Any], *, version: str | None
    ) -> Procedure[EmailChange]:
        """Change an email; doing it again changes nothing more."""

    def unpublish(self, task_state: TaskState, email_id: str) -> Procedure[Withdrawal]:
        """Take an email back, unless it is a draft."""


class MemberStatus(StrEnum):
    """What became of one person. Each has exactly one."""

    DONE = "done"
    ALREADY = "already"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class MemberResult:
    """What became of one person.

    :param person: id or address, as the verb was given it.
    :param code: the platform's code, or this package's own in capitals.
    :param reason: why it was not done.
    """

    person: str
    status: MemberStatus = MemberStatus.DONE
    code: str = ""
    reason: str = ""


def rejected_member(person: str, error: PlatformError) -> MemberResult:
    """The outcome of somebody for whom the platform refused it."""
    return MemberResult(
        person, MemberStatus.REJECTED, error.code or str(error.status or "REFUSED"), error.message
    )


def unknown(person: str) -> MemberResult:
    """The outcome of somebody whose request was lost, and left no trace that could be found."""
    reason = "the answer to its request was lost and nothing shows it; clear the task to request it again"
    return MemberResult(person, MemberStatus.UNKNOWN, "OUTCOME_UNKNOWN", reason)


def record_id(field: str, value: Any) -> str:
    """Check the id of a lead or contact; both platforms count them in whole numbers.

    :raises InvalidInput: when it is none.
    """
    return str(numeric_id("", field, value.strip() if isinstance(value, str) else value))


@dataclass(frozen=True)
class MemberAction:
    """One thing that can be done with many people.

    :param outcome: what its result is called, e.g. ``nurture_enrollment``.
    :param key: names this work in a task's memory, and to other tasks that must not do it meanwhile.
    :param done: what somebody is called whom it was done with, e.g. ``enrolled``.
    :param already: what somebody is called with whom it was so before.
    :param chunk_max: people that :attr:`apply` takes at a time.
    :param apply: does it with a chunk, and tells what became of each, in their order. What it remembers of
        a request in doubt is a mapping with ``asked``, without ``done``; once a person was told of it,
        ``told`` is added, and it may be repeated.
    :param check: a value as a person, or :class:`InvalidInput` naming the field.
    :param before: looks whether it can be done at all.
    :param once: whether doing it again has an effect again. Then a later try or a cleared task does it with
        nobody a second time.
    :param verify: which of these people are where they should be; None where it cannot be looked up.
    """

    outcome: str
    key: str
    done: str
    already: str
    chunk_max: int
    apply: Callable[[Sequence[str], TaskState], Procedure[list[MemberResult]]]
    check: Callable[[str, Any], str] = record_id
    before: Callable[[], Procedure[None]] = not_found
    once: bool = False
    verify: Callable[[Sequence[str]], Procedure[set[str]]] | None = None


class Audience(Protocol):
    """The verbs that both platforms have. Each checks what it is given at once."""

    def enroll(
        self,
        *,
        campaign_id: str | None,
        program_id: str | None,
        status_name: str | None,
        tokens: Mapping[str, str] | None,
        verify: bool,
        stream_name: str | None,
    ) -> MemberAction:
        """Enrol people in a nurture program."""

    def add_to_list(self, list_id: str) -> MemberAction:
        """Add people to a static list."""

    def remove_from_list(self, list_id: str) -> MemberAction:
        """Take people out of a static list."""

    def delete(self) -> MemberAction:
        """Delete people."""


def enroll_once(
    person: str,
    key: str,
    task_state: TaskState,
    call: Call[Any],
    find: Callable[[], Procedure[bool | None]],
    *,
    clock: Callable[[], float] = time.time,
) -> Procedure[MemberResult]:
    """Enroll one person, for whom the request must not be sent twice.

    After an ambiguous failure or a killed worker the enrollment is looked up. Where it does not show, the
    result is ``UNKNOWN``, and the request is not sent again.

    :param key: names the person in *task_state*; no mail address.
    :param call: the request.
    :param find: looks up whether the person is enrolled: True, or None when not. An
        :class:`~airflow_provider_mkt.client.errors.InvalidRequest` says why the person cannot be.
    """
    try:
        ensured = yield from send_at_most_once(
            key,
            task_state,
            call,
            to_answer=lambda _: True,
            find=find,
            find_first=True,
            report=False,
            clock=clock,
        )
    except NotRepeated:
        return unknown(person)
    except InvalidRequest as error:
        return rejected_member(person, error)
    return MemberResult(person, MemberStatus.DONE if ensured.created else MemberStatus.ALREADY)
