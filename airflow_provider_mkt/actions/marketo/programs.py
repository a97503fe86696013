"""Create, change, copy and delete programs, Marketo's campaigns; set their tokens and members' statuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from airflow_provider_mkt.actions.campaigns import (
    CampaignBatch,
    CampaignOutcome,
    CampaignRef,
    rename,
    renamed,
)
from airflow_provider_mkt.actions.idempotency import Ensured, create_if_absent, not_found
from airflow_provider_mkt.actions.jobs import Job
from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.members import FindVerified, MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.procedure import InMemoryTaskState, Procedure, TaskState
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import (
    Conflict,
    InvalidInput,
    InvalidRequest,
    NotFound,
)
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.programs import programs, tokens
from airflow_provider_mkt.client.marketo.responses import RowResult
from airflow_provider_mkt.client.marketo.rows import Program, Token
from airflow_provider_mkt.client.redaction import describe_type

BATCH_MAX = 50
"""Programs per job, as many as HubSpot takes in a batch; Marketo creates them one by one."""

CREATE_FIELDS = frozenset(
    {"name", "folder_id", "folder_type", "program_type", "channel", "description", "tags", "costs"}
)
_MAX_REQUESTS = 3
_REPEAT_AFTER = 5.0
"""Seconds after an ambiguous failure until the request is sent again."""


def create_all(wanted: Sequence[Mapping[str, object]], task_state: TaskState) -> Procedure[CampaignBatch]:
    """Create the programs that do not exist.

    :param wanted: ``name``, ``folder_id`` and ``channel`` of each, and optionally ``folder_type``,
        ``program_type``, ``description``, ``tags`` and ``costs``.
    :param task_state: marks of the task's earlier tries.
    :raises InvalidInput: on an empty list, a missing or unknown field, or a name given twice.
    """
    calls = _checked(wanted)
    outcome = CampaignBatch()
    for name, call in calls.items():
        try:
            ensured = yield from _ensure(name, call, task_state)
        except InvalidRequest as rejected:
            outcome.rejected[name] = rejected.message
            continue
        (outcome.created if ensured.created else outcome.existing)[name] = str(ensured.value["id"])
    ids = list(outcome.ids.values())
    outcome.jobs = [
        Job.of_many("marketo", "campaign_batch", ids[start : start + BATCH_MAX])
        for start in range(0, len(ids), BATCH_MAX)
    ]
    return outcome


def _checked(wanted: Sequence[Mapping[str, object]]) -> dict[str, Call[Program]]:
    if not wanted:
        raise InvalidInput("campaigns", "is empty: nothing to create")
    calls: dict[str, Call[Program]] = {}
    for index, campaign in enumerate(wanted):
        where = f"campaigns[{index}]"
        if not isinstance(campaign, Mapping):
            raise InvalidInput(where, f"must be a mapping, not {describe_type(campaign)}")
        if unknown := sorted(campaign.keys() - CREATE_FIELDS):
            raise InvalidInput(
                f"{where}.{unknown[0]}", f"is unknown; a program has {', '.join(sorted(CREATE_FIELDS))}"
            )
        for required in ("name", "folder_id", "channel"):
            if campaign.get(required) in (None, ""):
                raise InvalidInput(f"{where}.{required}", "is missing or empty")
        fields: JsonDict = dict(campaign)
        name: str = fields.pop("name")
        if name in calls:
            raise InvalidInput(f"{where}.name", "occurs twice in the list")
        calls[name] = programs.create(name, **fields)
    return calls


def _ensure(name: str, call: Call[Program], task_state: TaskState) -> Procedure[Ensured[Program]]:
    # Names are unique on the platform: a repeated request creates no second program.
    return (
        yield from create_if_absent(
            f"create program {name}",
            task_state,
            call,
            lambda: find_or_none(programs.by_name(name)),
            max_requests=_MAX_REQUESTS,
            window=_REPEAT_AFTER,
        )
    )


UPDATE_FIELDS = ("new_name", "description", "tags", "costs", "replace_costs")


class MarketoCampaigns:
    """The verbs of :class:`~airflow_provider_mkt.actions.ports.CampaignVerbs`."""

    def update(self, task_state: TaskState, campaigns: Sequence[CampaignRef]) -> Procedure[CampaignOutcome]:
        return update(task_state, campaigns)

    def archive(self, campaigns: Sequence[CampaignRef]) -> Procedure[CampaignOutcome]:
        return delete(campaigns)


def update(task_state: TaskState, wanted: Sequence[CampaignRef]) -> Procedure[CampaignOutcome]:
    """Change programs, one by one.

    :param task_state: marks of the task's earlier tries.
    :param wanted: programs with their changes: ``new_name``, ``description``, ``tags``, and ``costs``
        together with ``replace_costs``, since a retry would add costs a second time.
    :raises InvalidInput: on an unknown field, costs that are not replaced, or nothing to change.
    """
    # Builds the calls for their checks alone, so that nothing is sent when a later program is wrong.
    for one in wanted:
        _find_call(one)
        _change(one, 1)
    outcome, known = CampaignOutcome(), renamed(task_state)
    for one in wanted:
        try:
            program = yield from find_or_none(_find_call(one, known))
            if program is None:
                outcome.rejected[one.label] = "there is no such program"
                continue
            if one.name and "new_name" in one.changes:
                rename(task_state, {one.name: str(program["id"])})
            yield _change(one, program["id"])
        except InvalidRequest as rejected:
            outcome.rejected[one.label] = rejected.message
        else:
            outcome.done[one.label] = str(program["id"])
    return outcome


def delete(wanted: Sequence[CampaignRef]) -> Procedure[CampaignOutcome]:
    """Delete programs with everything in them, one by one.

    :param wanted: programs; those that do not exist are absent.
    """
    for one in wanted:
        _find_call(one)
    outcome = CampaignOutcome()
    for one in wanted:
        try:
            program = yield from find_or_none(_find_call(one))
            if program is None:
                outcome.absent.append(one.label)
                continue
            yield from _delete(program["id"])
        except InvalidRequest as rejected:
            outcome.rejected[one.label] = rejected.message
        else:
            outcome.done[one.label] = str(program["id"])
    return outcome


def _find_call(one: CampaignRef, known: Mapping[str, str] | None = None) -> Call[Program | None]:
    program_id = one.id or (known or {}).get(one.label)
    return programs.get(program_id) if program_id else programs.by_name(one.label)


def _change(one: CampaignRef, program_id: int) -> Call[Program]:
    where = f"campaigns ({one.label})"
    changes: JsonDict = dict(one.changes)
    for name in changes:
        if name not in UPDATE_FIELDS:
            raise InvalidInput(f"{where}: {name}", f"is unknown; a program has {', '.join(UPDATE_FIELDS)}")
    if changes.get("costs") and changes.get("replace_costs") is not True:
        raise InvalidInput(f"{where}: replace_costs", "must be true: each try would add the costs again")
    try:
        return programs.update(program_id, **changes)
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error.field}", error.problem) from None


def _delete(program_id: int) -> Procedure[None]:
    # The caller has just read it.
    exists = True

    def find_gone() -> Procedure[bool | None]:
        nonlocal exists
        if exists:
            exists = False
            return None
        return True if (yield from find_or_none(programs.get(program_id))) is None else None

    # A program that is gone cannot be deleted again, so nothing outlives this try.
    yield from create_if_absent(
        f"delete program {program_id}",
        InMemoryTaskState(),
        cast("Call[bool | None]", programs.delete(program_id)),
        find_gone,
        max_requests=_MAX_REQUESTS,
        window=_REPEAT_AFTER,
    )


def clone(
    program_id: int | str,
    name: str,
    task_state: TaskState,
    *,
    folder_id: int | str,
    description: str | None = None,
) -> Procedure[Ensured[Program]]:
    """Copy a program into a folder, unless a program with that name is in it.

    :param program_id: the program to copy.
    :param name: name of the copy, unique in the instance.
    :param task_state: marks of the task's earlier tries.
    :param folder_id: a folder of the same workspace.
    :param description: of the copy; that of the original when not given.
    :raises NotFound: when there is no such program.
    :raises Conflict: when a program elsewhere, or of another type, has the name.
    :raises InvalidRequest: when the program cannot be copied.
    """
    call = programs.clone(program_id, name, folder_id=folder_id, description=description)
    source = yield from find_or_none(programs.get(program_id))
    if source is None:
        raise NotFound(f"there is no program {program_id}", platform="marketo", call="programs.get")

    def find() -> Procedure[Program | None]:
        there = yield from find_or_none(programs.by_name(name))
        if there is not None:
            _is_copy(there, source, folder_id)
        return there

    return (yield from create_if_absent(f"clone program {program_id} as {name}", task_state, call, find))


def _is_copy(there: Program, source: Program, folder_id: int | str) -> None:
    place = there.get("folder") or {}
    problem = ""
    if there.get("type") != source.get("type"):
        problem = f"of type {there.get('type')}, not {source.get('type')}"
    elif str(place.get("value")) != str(folder_id) or place.get("type") == "Program":
        problem = f"in folder {place.get('value')}, not {folder_id}"
    if problem:
        raise Conflict(
            f"program {there['id']} has that name already and is {problem}; names are unique in an instance",
            platform="marketo",
            call="programs.clone",
        )


@dataclass(frozen=True)
class TokensSet:
    """The outcome of setting tokens, by name.

    :param changed: created, or set to another value.
    :param unchanged: had the value before.
    """

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


def set_all(
    folder_id: int | str, wanted: Mapping[str, object], *, folder_type: tokens.FolderType = "Program"
) -> Procedure[TokensSet]:
    """Create or change My Tokens. Repeating it changes nothing more.

    :param folder_id: the program or folder.
    :param wanted: name without ``{{my.}}`` to value: text or a number, or a mapping of ``value`` and
        ``type``. Without a type an existing token keeps its own, and a new token is ``text``.
    :param folder_type: ``Program`` or ``Folder``.
    :raises InvalidInput: on no tokens, or a wrong name, type or value; nothing is changed then.
    """
    given = {name: _read(name, value) for name, value in wanted.items()}
    if not given:
        raise InvalidInput("tokens", "is empty: nothing to set")
    for name, (value, kind) in given.items():
        _call(folder_id, name, value, kind or "text", folder_type)
    rows: list[Token] = yield tokens.list(folder_id, folder_type=folder_type)
    there = {row["name"]: row for row in rows}
    # All calls are made before the first is sent: a value may not fit the type of its token.
    calls: dict[str, Call[list[Token]]] = {}
    for name, (value, kind) in given.items():
        now = there.get(name)
        wanted_type = kind or (now["type"] if now else "text")
        if now is None or (now["type"], now.get("value", "")) != (wanted_type, value):
            calls[name] = _call(folder_id, name, value, wanted_type, folder_type)
    for call in calls.values():  # noqa: UP028 - a view does not receive the answers
        yield call
    return TokensSet(tuple(calls), tuple(name for name in given if name not in calls))


def _call(
    folder_id: int | str, name: str, value: str, kind: Any, folder_type: tokens.FolderType
) -> Call[list[Token]]:
    try:
        return tokens.set_value(folder_id, name, value, token_type=kind, folder_type=folder_type)
    except InvalidInput as error:
        where = error.field if error.field in ("folder_id", "folder_type") else f"tokens.{name}"
        raise InvalidInput(where, error.problem, call=error.call) from None


def _read(name: str, given: object) -> tuple[str, str | None]:
    value, kind = given, None
    if isinstance(given, Mapping):
        if unknown := sorted(given.keys() - {"value", "type"}):
            raise InvalidInput(f"tokens.{name}.{unknown[0]}", "is unknown; a token has value and type")
        value, kind = given.get("value"), given.get("type")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InvalidInput(f"tokens.{name}", f"must be text or a number, not {describe_type(value)}")
    return value, kind


_ALREADY = "1037"


def member_action(
    program_id: int | str,
    status_name: str,
    *,
    outcome: str = "program_status",
    done: str = "changed",
    already: str = "already_there",
    moved: MemberStatus = MemberStatus.DONE,
    verify: FindVerified | None = None,
    warnings: Callable[[], Procedure[list[str]]] | None = None,
    check: Callable[[], Procedure[None]] = not_found,
) -> MemberAction:
    """Give leads a status in a program, 300 at a time. A lead with a later status keeps it.

    Leads that are not members become members.

    :param program_id: the program.
    :param status_name: a status of the program's channel.
    :param moved: the result of a member that moved to the status.
    :param check: runs before the first lead.
    :raises InvalidInput: on an id that is not a number, or a missing status.
    """
    programs.set_status(program_id, [1], status_name=status_name)

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        results: list[RowResult] = yield programs.set_status(
            program_id, [int(person) for person in people], status_name=status_name
        )
        return [_outcome(person, result, moved) for person, result in zip(people, results, strict=True)]

    return MemberAction(
        outcome=outcome,
        key=f"status {status_name} in program {program_id}",
        done_key=done,
        already_key=already,
        chunk_max=programs.MEMBERS_MAX,
        apply=apply,
        precheck=check,
        find_verified=verify,
        warnings=warnings,
    )


def _outcome(person: str, result: RowResult, moved: MemberStatus) -> MemberResult:
    match result.status.lower():
        case "created":
            return MemberResult(person)
        case "updated":
            return MemberResult(person, moved)
    why = result.why()
    code, reason = (why.code, why.message) if why else ("", "skipped without a reason")
    return MemberResult(
        person, MemberStatus.ALREADY if code == _ALREADY else MemberStatus.REJECTED, code, reason
    )
