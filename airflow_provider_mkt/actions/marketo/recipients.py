"""Count who gets a mail of an email program or a smart campaign, and who does not for which reason.

The members of a static list are read, 300 a call. Those of other rules are written to a file by a bulk
extract, which takes some minutes and few calls, however many people there are.
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import tempfile
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, cast

from airflow_provider_mkt.actions.marketo import exports
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.actions.sending import (
    AudienceCount,
    Counting,
    CountMethod,
    SendDetails,
    count_by_sizes,
    masked,
)
from airflow_provider_mkt.client import jitter
from airflow_provider_mkt.client.call import Call, Envelope
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    JobFailed,
    NotFound,
    PermissionDenied,
)
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.exports._parameters import Export
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.marketo.lists import lists
from airflow_provider_mkt.client.marketo.rows import Description

log = logging.getLogger(__name__)

BLOCKING_FIELDS = ("blackListed", "emailInvalid", "unsubscribed", "marketingSuspended")
"""Fields that say that a lead gets no mail, in the order in which they count."""
_NOT_FOR_OPERATIONAL = frozenset({"unsubscribed", "marketingSuspended"})
"""Fields that operational mail ignores."""
NOT_COUNTABLE = ("communicationLimit", "emailSuspended")
"""Reasons that Marketo decides when it sends, and that no call returns before."""
_KEY = "preflight extract"
_PEOPLE_READ = 9_000
"""So many members of static lists are read; more are extracted."""
_PAGE = 300
_POLL_SECONDS = 30.0
_QUEUE_WAIT = (60.0, 240.0)
_TOO_OLD = 3600.0
"""Seconds after which an extract that an earlier try began is not used any more."""
_EMPTY = frozenset({"", "null", "none"})
SAMPLE = 5


class _TooMany(Exception):
    """A list has more members than are read."""


@dataclass
class _Tally:
    """What is counted, row by row.

    :param blocking: fields that block a lead, as far as the instance has them.
    :param fields: fields of which blank values are counted.
    """

    blocking: Sequence[str]
    fields: Sequence[str]
    total: int = 0
    excluded: dict[str, int] = field(default_factory=dict)
    blanks: dict[str, int] = field(default_factory=dict)
    sample: list[str] = field(default_factory=list)
    addresses: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, row: Mapping[str, object]) -> None:
        """Count a lead."""
        self.total += 1
        address = _text(row.get("email")).lower()
        reason = next((one for one in self.blocking if _text(row.get(one)).lower() in ("true", "1")), None)
        if not address:
            reason = "noEmail"
        if reason is not None:
            self.excluded[reason] = self.excluded.get(reason, 0) + 1
            return
        # Eight bytes an address, so that a million of them need little memory.
        digest = hashlib.blake2b(address.encode(), digest_size=8).digest()
        self.addresses.append(int.from_bytes(digest, "big"))
        for name in self.fields:
            self.blanks[name] = self.blanks.get(name, 0) + (not _text(row.get(name)))
        if len(self.sample) < SAMPLE:
            self.sample.append(masked(address))

    def result(self, details: SendDetails, how: str) -> AudienceCount:
        """Return the count. Of several leads with one address the first gets the mail."""
        duplicates = len(self.addresses) - _distinct(self.addresses)
        excluded = {**self.excluded, **({"duplicate": duplicates} if duplicates else {})}
        missing = sorted(set(BLOCKING_FIELDS) - set(self.blocking) - _ignored(details))
        return AudienceCount(
            total=self.total,
            at_most=self.total - sum(excluded.values()),
            exact=True,
            lists=details.lists,
            excluded_lists=details.excluded_lists,
            excluded=excluded,
            how=how,
            blanks={name: self.blanks.get(name, 0) for name in self.fields},
            not_counted=(*missing, *NOT_COUNTABLE),
            sample=tuple(self.sample),
        )


def advance_count(
    details: SendDetails,
    how: CountMethod,
    task_state: TaskState,
    *,
    fields: Sequence[str] = (),
) -> Procedure[AudienceCount | Counting]:
    """Count the recipients as far as it goes without waiting.

    :param how: ``sizes``, ``members`` (static lists only), ``extract``, ``none``, or ``auto``.
    :param task_state: keeps the extract, so that a retry continues with it.
    :param fields: lead fields, by REST name, of which blank values are counted.
    :raises InvalidInput: on another method, or where the rules name more than static lists.
    """
    if how == "lists":
        raise InvalidInput("count", "lists is HubSpot's; Marketo counts by members or extract")
    if how == "members" and not details.lists_decide:
        raise InvalidInput("count", "members: the rules of the smart list are more than static lists")
    if how in ("none", "sizes") or not details.audience_known:
        why = "Marketo tells no sizes of lists" if how == "sizes" else "nobody was counted"
        return replace(count_by_sizes(details, why), how=how)
    try:
        known = yield from _known_fields()
        blocking = [one for one in BLOCKING_FIELDS if one in known and one not in _ignored(details)]
        wanted = [one for one in fields if one in known]
        columns = list(dict.fromkeys(("id", "email", *blocking, *wanted)))
        if details.lists_decide and how in ("auto", "members"):
            tally = _Tally(blocking, wanted)
            try:
                limit = _PEOPLE_READ if how == "auto" else None
                yield from _read_lists(details, tally, columns, limit)
            except _TooMany:
                log.info("The lists have more than %d members; a bulk extract counts them", _PEOPLE_READ)
            else:
                return tally.result(details, "members")
        return (yield from _by_extract(details, task_state, columns, lambda: _Tally(blocking, wanted)))
    except PermissionDenied as error:
        return count_by_sizes(details, f"the connection may not count: {error.message}")
    except JobFailed as error:
        yield from discard_count(task_state)
        return count_by_sizes(details, error.message)


def discard_count(task_state: TaskState) -> Procedure[None]:
    """Cancel the extract of a count. Never raises a PlatformError."""
    kept = task_state.get(_KEY)
    if isinstance(kept, Mapping) and isinstance(kept.get("columns"), list):
        for plan in _plans(str(kept.get("smart_list")), _texts(kept.get("lists")), _texts(kept["columns"])):
            extraction = _extraction(plan, task_state)
            extraction.resume(None)
            yield from extraction.abandon()
            extraction.forget()
    task_state.set(_KEY, None)


def _ignored(details: SendDetails) -> frozenset[str]:
    return _NOT_FOR_OPERATIONAL if details.operational else frozenset()


def _known_fields() -> Procedure[frozenset[str]]:
    schema: Description = yield leads.describe2()
    return frozenset(one["name"] for one in schema.get("fields", ()))


def _distinct(numbers: array[int]) -> int:
    count, before = 0, None
    for number in sorted(numbers):
        count += number != before
        before = number
    return count


def _text(value: object) -> str:
    text = "" if value is None else str(value).strip()
    return "" if text.lower() in _EMPTY else text


# -- by reading static lists ----------------------------------------------------------------------------


def _read_lists(
    details: SendDetails, tally: _Tally, columns: Sequence[str], limit: int | None
) -> Procedure[None]:
    """Read the members of the lists, each lead once.

    :param limit: most members to read; None for all.
    :raises _TooMany: when there are more.
    """
    seen: set[object] = set()
    read = 0

    def count(rows: Sequence[JsonDict]) -> None:
        nonlocal read
        read += len(rows)
        if limit is not None and read > limit:
            raise _TooMany

    for one in details.excluded_lists:
        if one.found:
            # Those who are excluded count as seen.
            def exclude(rows: Sequence[JsonDict]) -> None:
                count(rows)
                seen.update(row["id"] for row in rows)

            yield from _pages(one.id, ["id"], exclude)
    for one in details.lists:
        if one.found:

            def include(rows: Sequence[JsonDict]) -> None:
                count(rows)
                for row in rows:
                    if row["id"] not in seen:
                        seen.add(row["id"])
                        tally.add(row)

            yield from _pages(one.id, columns, include)


def _pages(
    list_id: str, columns: Sequence[str], take: Callable[[Sequence[JsonDict]], None]
) -> Procedure[None]:
    """Read a list page by page, so that not all rows are held in memory."""
    token: str | None = ""
    while token is not None:
        call = lists.leads(list_id, fields=columns, batch_size=_PAGE, next_page_token=token or None)
        page = cast("Call[tuple[list[JsonDict], str | None]]", call)
        rows, token = yield replace(page, read=_rows_and_token, follow=None)
        take(rows)


def _rows_and_token(envelope: Envelope) -> tuple[list[JsonDict], str | None]:
    token = envelope.get("nextPageToken")
    more = envelope.get("moreResult", True)
    return list(envelope.get("result") or ()), str(token) if token and more else None


# -- by extract -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Plan:
    """An extract that answers the question.

    :param name: what is extracted, for the log.
    :param create: the call that creates the job.
    :param bound: whether the file holds more people than get the mail.
    """

    name: str
    create: Call[Export]
    bound: bool = False


def _plans(smart_list_id: str, static_ids: Sequence[str], columns: Sequence[str]) -> list[_Plan]:
    """Return the extracts that can answer, the best first.

    It is not documented whether the smart list of a program or a campaign can be extracted, and not every
    subscription can extract smart lists at all. The static list that it is made of can.

    :param static_ids: the only list that is included, where there is one.
    """
    plans = []
    if smart_list_id:
        create = bulk_extracts.create_leads(columns, smart_list_id=smart_list_id)
        plans.append(_Plan(f"smart list {smart_list_id}", create))
    plans += [
        _Plan(f"list {one}", bulk_extracts.create_leads(columns, static_list_id=one), bound=True)
        for one in static_ids
    ]
    return plans


def _extraction(plan: _Plan, task_state: TaskState) -> exports.Extraction:
    return exports.Extraction("leads", [exports.Part(plan.name, plan.create)], task_state, log.info)


def _by_extract(
    details: SendDetails, task_state: TaskState, columns: Sequence[str], tally: Callable[[], _Tally]
) -> Procedure[AudienceCount | Counting]:
    """Let the platform write a file of the people, and count its rows."""
    static = [details.lists[0].id] if details.lists_decide and len(details.lists) == 1 else []
    static = [one for one in static if one]
    kept = task_state.get(_KEY)
    known = dict(cast("JsonDict", kept)) if isinstance(kept, Mapping) else {}
    if known.get("columns") != list(columns) or time.time() - float(known.get("at") or 0) > _TOO_OLD:
        yield from discard_count(task_state)
        known = {"columns": list(columns), "smart_list": details.smart_list_id, "lists": static, "plan": 0}
        known["at"] = time.time()
        task_state.set(_KEY, known)
    plans = _plans(details.smart_list_id, static, columns)
    refused = "the campaign has no smart list"
    for number in range(int(known["plan"]), len(plans)):
        extraction = _extraction(plans[number], task_state)
        extraction.resume(None)
        try:
            state = yield from extraction.advance()
        except (InvalidRequest, NotFound) as error:
            refused = str(error)
            log.info("%s cannot be extracted: %s", plans[number].name, error)
            task_state.set(_KEY, {**known, "plan": number + 1})
            continue
        if state.full is not None and not state.jobs:
            log.info("%s", state.full)
            return Counting((), jitter.between(*_QUEUE_WAIT))
        if not extraction.complete:
            return Counting(state.jobs, _POLL_SECONDS)
        counted = tally()
        try:
            yield from _count_file(extraction, counted)
        except exports.Damaged as damaged:
            extraction.discard(extraction.parts[0], str(damaged))
            return Counting((), 0.0)
        extraction.forget()
        task_state.set(_KEY, None)
        result = counted.result(details, "extract")
        if plans[number].bound and details.excluded_lists:
            return replace(
                result, total=None, exact=False, why="the excluded lists are not part of the extract"
            )
        return result
    task_state.set(_KEY, None)
    return count_by_sizes(details, f"the people cannot be extracted: {refused}")


def _count_file(extraction: exports.Extraction, tally: _Tally) -> Procedure[None]:
    """Read the file of a complete extract, and count its rows."""
    part = extraction.parts[0]
    with tempfile.TemporaryFile() as file:
        yield from exports.fetch("leads", part.export_id or "", part.details or {}, file.write)
        file.seek(0)
        with io.TextIOWrapper(cast("IO[bytes]", file), encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                tally.add(row)


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else []
