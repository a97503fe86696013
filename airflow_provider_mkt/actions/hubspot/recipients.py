"""Count who gets a marketing email, and who does not for which reason.

HubSpot has no call for that. It counts lists, though: a temporary list with the filters of a question has as
many members as the answer is. A question takes three calls, however many people there are. Reasons are
counted in a fixed order, each without the people of the ones before, so that they add up.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from airflow_provider_mkt.actions.jobs import Job, chunked
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.actions.sending import (
    UNREADABLE,
    AudienceCount,
    Counting,
    CountMethod,
    ListSize,
    SendDetails,
    count_by_sizes,
    masked,
)
from airflow_provider_mkt.client.call import Call, Envelope
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    PlatformError,
)
from airflow_provider_mkt.client.hubspot.batch import BatchResult
from airflow_provider_mkt.client.hubspot.contacts import contact_search, contacts
from airflow_provider_mkt.client.hubspot.lists import list_memberships, lists
from airflow_provider_mkt.client.hubspot.lists._types import MEMBERS_PAGE_MAX, SEARCH_PAGE_MAX, ContactList
from airflow_provider_mkt.client.hubspot.properties import properties
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.wording import counted

log = logging.getLogger(__name__)

PREFIX = "mkt-preflight"
"""Names of temporary lists begin with this."""
LIST_KIND = "list_processing"
SWEEP_AFTER = 6 * 3600.0
"""Seconds after which a temporary list was left behind by a task that was killed."""
_KEY = "preflight lists"
_MOST_MEMBERS = 5_000
"""Up to so many people, members are read where that takes fewer calls than lists."""
_MOST_CALLS = 1_500
"""Calls that reading members may take, where lists cannot be created: about 100,000 people."""
_CALLS_PER_LIST = 3
_NAME_MAX = 60
_POLL_SECONDS = 5.0
SAMPLE, SAMPLE_FROM = 5, 25
ROLE_PREFIXES = (
    "abuse@",
    "inoc@",
    "no-reply@",
    "noreply@",
    "postmaster@",
    "privacy@",
    "root@",
    "spam@",
    "security@",
    "undisclosed-recipients@",
    "unsubscribe@",
)
"""Addresses of roles, to which HubSpot sends no marketing email."""
NOT_COUNTABLE = (
    "BLOCKED_DOMAIN",
    "GRAYMAIL_SUPPRESSED",
    "LOW_CONTACT_QUALITY_SCORE",
    "PREVIOUS_SPAM",
    "RECIPIENT_FATIGUE_SUPPRESSED",
)
"""Reasons that HubSpot decides when it sends, and that no call returns before."""


@dataclass(frozen=True)
class Reason:
    """Why a contact gets no mail.

    :param name: HubSpot's own word.
    :param property_name: the property that says so.
    :param when: ``true``, ``known``, ``unknown``, ``not true`` or ``role``.
    """

    name: str
    property_name: str
    when: str

    def holds(self, values: Mapping[str, str | None]) -> bool:
        """Tell whether it applies to a contact with these values."""
        value = (values.get(self.property_name) or "").strip().lower()
        match self.when:
            case "true":
                return value == "true"
            case "known":
                return bool(value)
            case "unknown":
                return not value
            case "not true":
                return value != "true"
        return value.startswith(ROLE_PREFIXES)

    def filter(self, *, negated: bool = False) -> JsonDict:
        """Return the filter of a list for those to whom it applies, or does not."""
        match self.when:
            case "true":
                return _property(self.property_name, "BOOL", negated=negated, value=True)
            case "not true":
                operator = "IS_ANY_OF" if negated else "IS_NONE_OF"
                return _filter(self.property_name, "ENUMERATION", operator, not negated, values=["true"])
            case "role":
                return _filter(
                    self.property_name, "MULTISTRING", "STARTS_WITH", False, values=[*ROLE_PREFIXES]
                )
        known = (self.when == "known") is not negated
        return _filter(self.property_name, "ALL_PROPERTY", "IS_KNOWN" if known else "IS_UNKNOWN", False)


_MARKETABLE = Reason("NON_MARKETABLE_CONTACT", "hs_marketable_status", "not true")
_ROLE = Reason("INVALID_TO_ADDRESS", "email", "role")


def reasons_of(details: SendDetails) -> list[Reason]:
    """Return the reasons that can be counted for an email, in the order in which they are."""
    opted_out = [Reason("PREVIOUSLY_UNSUBSCRIBED_PORTAL", "hs_email_optout", "true")]
    if details.subscription_type:
        name = f"hs_email_optout_{details.subscription_type}"
        opted_out.append(Reason("PREVIOUSLY_UNSUBSCRIBED_MESSAGE", name, "true"))
    return [
        Reason("NO_ADDRESS", "email", "unknown"),
        *([] if details.operational else opted_out),
        Reason("PREVIOUSLY_BOUNCED", "hs_email_hard_bounce_reason_enum", "known"),
        Reason("INVALID_TO_ADDRESS", "hs_email_bad_address", "true"),
        Reason("QUARANTINED_ADDRESS", "hs_email_quarantined", "true"),
        *([] if details.operational else [_MARKETABLE]),
        # The last one: there is no filter for addresses that do not begin with a word.
        _ROLE,
    ]


def advance_count(
    details: SendDetails,
    how: CountMethod,
    task_state: TaskState,
    *,
    fields: Sequence[str] = (),
    name: str = "",
) -> Procedure[AudienceCount | Counting]:
    """Count the recipients as far as it goes without waiting.

    :param how: ``sizes``, ``lists``, ``members``, ``none``, or ``auto`` for the cheapest that is exact.
    :param task_state: keeps the temporary lists, so that a retry continues with them, or deletes them.
    :param fields: properties of which blank values are counted among those who can get the mail.
    :param name: part of the names of the temporary lists.
    :raises InvalidInput: on another method.
    """
    if how == "extract":
        raise InvalidInput("count", "extract is Marketo's; HubSpot counts by lists or members")
    if how in ("none", "sizes") or not details.audience_known:
        return replace(count_by_sizes(details), how=how) if how == "none" else count_by_sizes(details)
    if any(one.status == UNREADABLE for one in (*details.lists, *details.excluded_lists)):
        return count_by_sizes(details, "the connection may not read the lists")
    if (unfinished := (yield from _unfinished(details))) is not None:
        return unfinished
    details = yield from _with_sizes(details)
    included = [one for one in details.lists if one.found]
    if not included and not details.contact_ids:
        return replace(count_by_sizes(details), total=0, at_most=0, exact=True, how="sizes", why="")
    known = yield from _property_names()
    reasons = [one for one in reasons_of(details) if known is None or one.property_name in known]
    if _MARKETABLE in reasons and not (yield from _has_marketing_contacts()):
        reasons.remove(_MARKETABLE)
    questions = _Questions(details, reasons, [one for one in fields if known is None or one in known])
    by_members = _calls_for_members(details)
    bound = count_by_sizes(details).at_most or 0
    cheap = bound <= _MOST_MEMBERS and by_members <= _CALLS_PER_LIST * len(questions.reasons)
    refused = ""
    if how == "lists" or (how == "auto" and not cheap):
        try:
            return (yield from _by_lists(questions, task_state, name))
        except PermissionDenied as error:
            refused = error.message
            yield from discard_count(task_state)
    if how == "members" or (how == "auto" and (cheap or by_members <= _MOST_CALLS)):
        try:
            return (yield from _by_members(questions))
        except PermissionDenied as error:
            refused = error.message
    why = refused or "without temporary lists, reading the members takes too many calls"
    return count_by_sizes(details, f"the connection may not count: {why}")


def discard_count(task_state: TaskState) -> Procedure[None]:
    """Delete the temporary lists of a count. Never raises a PlatformError."""
    kept = task_state.get(_KEY)
    made = kept.get("lists") if isinstance(kept, Mapping) else None
    for list_id in made.values() if isinstance(made, Mapping) else ():
        yield from _delete(str(list_id))
    task_state.set(_KEY, None)


# -- what is counted ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Questions:
    """What is counted of a send."""

    details: SendDetails
    reasons: Sequence[Reason]
    fields: Sequence[str]

    @property
    def not_counted(self) -> tuple[str, ...]:
        """Reasons for which the account has no property, and those that no account has."""
        # Without a contact that has the status, the account does not use marketing contacts.
        known = {_MARKETABLE.name, *(one.name for one in self.reasons)}
        missing = {one.name for one in reasons_of(self.details)} - known
        return (*sorted(missing), *NOT_COUNTABLE)

    def result(
        self,
        how: str,
        total: int,
        excluded: Mapping[str, int],
        blanks: Mapping[str, int],
        sample: Sequence[str],
    ) -> AudienceCount:
        """Return the count."""
        return AudienceCount(
            total=total,
            at_most=total - sum(excluded.values()),
            exact=True,
            lists=self.details.lists,
            excluded_lists=self.details.excluded_lists,
            excluded={name: count for name, count in excluded.items() if count},
            how=how,
            blanks=blanks,
            not_counted=self.not_counted,
            sample=tuple(masked(address) for address in sample),
        )


def _unfinished(details: SendDetails) -> Procedure[Counting | None]:
    """Return what to wait for while lists of the email are being computed."""
    waiting = [one.id for one in (*details.lists, *details.excluded_lists) if one.found and not one.complete]
    waiting = [one for one in waiting if one.isdecimal()]
    if not waiting:
        return None
    rows: list[ContactList] = yield lists.batch_read(waiting)
    if all(row["processingStatus"] == "COMPLETE" for row in rows):
        return None
    return Counting((Job.of_many("hubspot", LIST_KIND, waiting),), _POLL_SECONDS)


def _with_sizes(details: SendDetails) -> Procedure[SendDetails]:
    """Read the sizes again of lists that were being computed."""
    late = [one.id for one in (*details.lists, *details.excluded_lists) if one.found and not one.complete]
    if not late:
        return details
    rows: list[ContactList] = yield lists.batch_read(late)
    sizes = {str(row["listId"]): row for row in rows}

    def now(one: ListSize) -> ListSize:
        row = sizes.get(one.id)
        return one if row is None else replace(one, size=row.get("size"), status=row["processingStatus"])

    return replace(
        details,
        lists=tuple(now(one) for one in details.lists),
        excluded_lists=tuple(now(one) for one in details.excluded_lists),
    )


def _property_names() -> Procedure[frozenset[str] | None]:
    """Read the names of contact properties; None when that is not permitted."""
    try:
        known: list[properties.Property] = yield properties.list("contacts")
    except PermissionDenied:
        return None
    return frozenset(one["name"] for one in known)


def _has_marketing_contacts() -> Procedure[bool]:
    """Tell whether the account uses marketing contacts: whether it has one."""
    marketable = {"property_name": _MARKETABLE.property_name, "operator": "EQ", "value": "true"}
    try:
        found: list[contacts.Contact] = yield contact_search.search([[marketable]], limit=1)
    except (PermissionDenied, InvalidRequest):
        return False
    return bool(found)


def _calls_for_members(details: SendDetails) -> int:
    """Return how many calls reading all members takes at most."""
    sizes = [one.size or 0 for one in (*details.lists, *details.excluded_lists)]
    people = sum(one.size or 0 for one in details.lists) + len(details.contact_ids)
    return sum(-(-size // MEMBERS_PAGE_MAX) for size in sizes) + -(-people // contacts.BATCH_MAX)


# -- by temporary lists ---------------------------------------------------------------------------------

_TOTAL = "all"
_SINGLE, _NOT_SINGLE = "single contacts", "excluded contacts"


def _by_lists(questions: _Questions, task_state: TaskState, name: str) -> Procedure[AudienceCount | Counting]:
    """Let the platform count temporary lists."""
    made = yield from _create_lists(questions, task_state, name)
    rows: list[ContactList] = yield lists.batch_read(list(made.values()))
    found = {str(row["listId"]): row for row in rows}
    if missing := [one for one in made.values() if one not in found]:
        # Somebody deleted them; the count begins again.
        log.info("Creating again what is gone: %s", counted(len(missing), "temporary list"))
        yield from discard_count(task_state)
        return Counting((), 0.0)
    if any(row["processingStatus"] != "COMPLETE" for row in rows):
        return Counting((Job.of_many("hubspot", LIST_KIND, list(made.values())),), _POLL_SECONDS)
    sizes = {question: int(found[list_id].get("size") or 0) for question, list_id in made.items()}
    sample = yield from _sample(made[_TOTAL], questions.reasons)
    yield from discard_count(task_state)
    excluded: dict[str, int] = {}
    for number, reason in enumerate(questions.reasons):
        excluded[reason.name] = excluded.get(reason.name, 0) + sizes[_question(number, reason)]
    blanks = {field: sizes[f"blank {field}"] for field in questions.fields}
    return questions.result("lists", sizes[_TOTAL], excluded, blanks, sample)


def _question(number: int, reason: Reason) -> str:
    return f"{number} {reason.name}"


def _create_lists(questions: _Questions, task_state: TaskState, name: str) -> Procedure[dict[str, str]]:
    """Create the lists that do not exist yet, and delete those that killed tasks left behind.

    :returns: the id of each question's list.
    """
    kept = task_state.get(_KEY)
    known = cast("JsonDict", kept) if isinstance(kept, Mapping) else {}
    token = str(known.get("token") or uuid.uuid4().hex[:12])
    made: dict[str, str] = dict(known.get("lists") or {})
    single = {_SINGLE: questions.details.contact_ids, _NOT_SINGLE: questions.details.excluded_contact_ids}

    def note() -> None:
        task_state.set(_KEY, {"token": token, "lists": made})

    if not made:
        note()
        yield from _sweep(token)
    for question, people in single.items():
        if people and question not in made:
            list_id = yield from _ensure(_list_name(name, token, question), None)
            for chunk in chunked(list(people), list_memberships.CHANGE_MAX):
                yield list_memberships.add(list_id, chunk)
            made[question] = list_id
            note()
    branches = dict(_branches(questions, made))
    for question, branch in branches.items():
        if question not in made:
            made[question] = yield from _ensure(_list_name(name, token, question), branch)
            note()
    return made


def _branches(questions: _Questions, made: Mapping[str, str]) -> Iterator[tuple[str, JsonDict]]:
    """Yield the filters of each question."""
    details = questions.details
    included = [one.id for one in details.lists if one.found and one.id.isdecimal()]
    excluded = [one.id for one in details.excluded_lists if one.found and one.id.isdecimal()]
    if details.contact_ids:
        included.append(made[_SINGLE])
    if details.excluded_contact_ids:
        excluded.append(made[_NOT_SINGLE])

    def branch(*conditions: JsonDict) -> JsonDict:
        rest = [*(_in_list(one, "NOT_IN_LIST") for one in excluded), *conditions]
        inner = [
            {"filterBranchType": "AND", "filterBranches": [], "filters": [_in_list(one, "IN_LIST"), *rest]}
            for one in included
        ]
        return {"filterBranchType": "OR", "filterBranches": inner, "filters": []}

    yield _TOTAL, branch()
    before: list[JsonDict] = []
    for number, reason in enumerate(questions.reasons):
        yield _question(number, reason), branch(*before, reason.filter())
        if reason is not _ROLE:
            before.append(reason.filter(negated=True))
    for field in questions.fields:
        unset = _filter(field, "ALL_PROPERTY", "IS_UNKNOWN", False)
        yield f"blank {field}", branch(*before, unset)


def _list_name(name: str, token: str, question: str) -> str:
    return " ".join(part for part in (PREFIX, token, question, name[:_NAME_MAX]) if part)


def _ensure(list_name: str, branch: JsonDict | None) -> Procedure[str]:
    """Create a temporary list. Names are unique, so that of a lost answer is found by its name."""
    kind: lists.ProcessingType = "MANUAL" if branch is None else "SNAPSHOT"
    try:
        made: ContactList = yield lists.create(list_name, processing_type=kind, filter_branch=branch)
    except (OutcomeUnknown, InvalidRequest):
        try:
            made = yield lists.by_name(list_name)
        except NotFound:
            made = yield lists.create(list_name, processing_type=kind, filter_branch=branch)
    return str(made["listId"])


def _sweep(token: str) -> Procedure[None]:
    """Delete temporary lists that an earlier run left behind.

    :param token: of the lists of this task. Those that a killed try made are deleted, whatever their age:
        single contacts may be missing in them.
    """
    rows: list[lists.FoundList] = yield lists.search(query=PREFIX, count=SEARCH_PAGE_MAX)
    for row in rows:
        words = row["name"].split()
        if words[:1] != [PREFIX]:
            continue
        if words[1:2] == [token] or _age(row.get("createdAt")) > SWEEP_AFTER:
            yield from _delete(str(row["listId"]))


def _age(created: str | None) -> float:
    try:
        return time.time() - datetime.fromisoformat(created or "").timestamp()
    except ValueError:
        return 0.0


def _delete(list_id: str) -> Procedure[None]:
    try:
        yield lists.delete(list_id)
    except PlatformError as error:
        if not isinstance(error, NotFound):
            log.warning("the temporary list %s was not deleted: %s", list_id, error)


def _sample(list_id: str, reasons: Sequence[Reason]) -> Procedure[list[str]]:
    """Read addresses of some who can get the mail. Where that is not permitted, there are none."""
    names = list(dict.fromkeys(("email", *(one.property_name for one in reasons))))
    try:
        rows: list[list_memberships.Member] = yield list_memberships.members(list_id, limit=SAMPLE_FROM)
        if not rows:
            return []
        answer: BatchResult = yield contacts.batch_read(
            [str(row["recordId"]) for row in rows], properties=names
        )
    except (PermissionDenied, NotFound):
        return []
    able = [row.properties for row in answer.results if not any(one.holds(row.properties) for one in reasons)]
    return [values.get("email") or "" for values in able[:SAMPLE]]


def _in_list(list_id: str, operator: str) -> JsonDict:
    return {"filterType": "IN_LIST", "listId": list_id, "operator": operator}


def _property(name: str, kind: str, *, negated: bool, value: bool) -> JsonDict:
    operator = "IS_NOT_EQUAL_TO" if negated else "IS_EQUAL_TO"
    return _filter(name, kind, operator, negated, value=value)


def _filter(name: str, kind: str, operator: str, with_unset: bool, **values: object) -> JsonDict:
    operation = {
        "operationType": kind,
        "operator": operator,
        "includeObjectsWithNoValueSet": with_unset,
        **values,
    }
    return {"filterType": "PROPERTY", "property": name, "operation": operation}


# -- by reading the members -----------------------------------------------------------------------------


def _by_members(questions: _Questions) -> Procedure[AudienceCount]:
    """Read the members, and the properties of each."""
    details = questions.details
    people = set(details.contact_ids)
    for one in details.lists:
        if one.found:
            yield from _read_members(one.id, people.add)
    for one in details.excluded_lists:
        if one.found and people:
            yield from _read_members(one.id, people.discard)
    people.difference_update(details.excluded_contact_ids)
    total = 0
    excluded: dict[str, int] = {}
    blanks = dict.fromkeys(questions.fields, 0)
    sample: list[str] = []
    names = list(
        dict.fromkeys(("email", *(one.property_name for one in questions.reasons), *questions.fields))
    )
    for chunk in chunked(sorted(people), contacts.BATCH_MAX):
        answer: BatchResult = yield contacts.batch_read(chunk, properties=names)
        for row in answer.results:
            total += 1
            values = row.properties
            reason = next((one for one in questions.reasons if one.holds(values)), None)
            if reason is not None:
                excluded[reason.name] = excluded.get(reason.name, 0) + 1
            else:
                for field in questions.fields:
                    blanks[field] += not (values.get(field) or "").strip()
                if len(sample) < SAMPLE:
                    sample.append(values.get("email") or "")
    return questions.result("members", total, excluded, blanks, sample)


def _read_members(list_id: str, take: Callable[[str], object]) -> Procedure[None]:
    """Pass the ids of a list's members on, page by page: not all rows are held in memory."""
    after: str | None = ""
    while after is not None:
        page = cast(
            "Call[tuple[list[str], str | None]]", list_memberships.members(list_id, after=after or None)
        )
        ids, after = yield replace(page, read=_ids_and_cursor, follow=None)
        for one in ids:
            take(one)


def _ids_and_cursor(envelope: Envelope) -> tuple[list[str], str | None]:
    after = ((envelope.get("paging") or {}).get("next") or {}).get("after")
    return [str(row["recordId"]) for row in envelope["results"]], str(after) if after else None
