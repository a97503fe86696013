"""Add leads to static lists and remove them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.marketo.lists import lists
from airflow_provider_mkt.client.marketo.requests import BATCH_MAX
from airflow_provider_mkt.client.marketo.responses import RowResult

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
