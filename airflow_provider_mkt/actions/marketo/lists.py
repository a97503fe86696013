"""Add leads to static lists and remove them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus, StaticList
from airflow_provider_mkt.actions.procedure import Pages, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.errors import InvalidRequest, NotFound
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.lists import lists, smart_lists
from airflow_provider_mkt.client.marketo.requests import BATCH_MAX
from airflow_provider_mkt.client.marketo.responses import RowResult
from airflow_provider_mkt.client.marketo.rows import ListRow, SmartList
from airflow_provider_mkt.client.paging import with_next

_NOT_IN_LIST = "1015"


def addition(list_id: str) -> MemberAction:
    """Add leads to a static list.

    :raises InvalidInput: when the id is not a number.
    """
    number = numeric_id("lists.add", "list_id", list_id)
    return action_by_rows(
        "list_addition",
        f"add to list {number}",
        ("added", "already_in"),
        lambda people: lists.add(number, people),
    )


def removal(list_id: str) -> MemberAction:
    """Remove leads from a static list.

    :raises InvalidInput: when the id is not a number.
    """
    number = numeric_id("lists.remove", "list_id", list_id)
    return action_by_rows(
        "list_removal",
        f"remove from list {number}",
        ("removed", "not_in"),
        lambda people: lists.remove(number, people),
        already_code=_NOT_IN_LIST,
    )


def static_list(list_id: str) -> Procedure[StaticList]:
    """Read a static list.

    :raises NotFound: when there is no such list.
    :raises InvalidRequest: when it is a smart list, which its rules fill.
    """
    number = numeric_id("lists.get", "list_id", list_id)
    try:
        one: ListRow = yield lists.get(number)
    except NotFound:
        smart: SmartList | None = yield from find_or_none(smart_lists.get(number))
        if smart is None:
            raise
        msg = (
            f"list {number} is a smart list: its rules find its members, and leads cannot be added or removed"
        )
        raise InvalidRequest(msg, platform="marketo", call="lists.get") from None
    return StaticList(str(number), str(one.get("name") or ""))


def member_ids(list_id: str) -> Procedure[set[int]]:
    """Read the ids of the members of a static list: one call for 300."""
    more: Call[list[JsonDict]] | None = lists.leads(
        numeric_id("lists.leads", "list_id", list_id), fields=["id"]
    )
    found: set[int] = set()
    while more is not None:
        page: list[JsonDict]
        page, more = yield with_next(more)
        found.update(int(row["id"]) for row in page)
    return found


def members(list_id: str) -> Procedure[dict[str, str]]:
    """Read the members of a static list, and their email addresses: one call for 300.

    :returns: lead ids to addresses in lower case, empty without one.
    :raises NotFound: when there is no such list.
    """
    number = numeric_id("lists.leads", "list_id", list_id)
    yield lists.get(number)
    found: list[JsonDict] = yield Pages(lists.leads(number, fields=["id", "email"]))
    return {str(row["id"]): str(row.get("email") or "").lower() for row in found}


def action_by_rows(
    outcome: str,
    key: str,
    names: tuple[str, str],
    call: Callable[[Sequence[str]], Call[list[RowResult]]],
    *,
    already_code: str = "",
) -> MemberAction:
    """Make an action whose call takes 300 leads and returns a row for each.

    :param names: what results with ``DONE`` and ``ALREADY`` are called.
    :param already_code: the code of a row for which nothing had to be done.
    """

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        results: list[RowResult] = yield call(people)
        return [result_of(person, result) for person, result in zip(people, results, strict=True)]

    def result_of(person: str, result: RowResult) -> MemberResult:
        if result.status.lower() != "skipped":
            return MemberResult(person)
        why = result.why()
        code, reason = (why.code, why.message) if why else ("", "skipped without a reason")
        return MemberResult(
            person, MemberStatus.ALREADY if code == already_code else MemberStatus.REJECTED, code, reason
        )

    done, already = names
    return MemberAction(outcome, key, done, already, BATCH_MAX, apply)
