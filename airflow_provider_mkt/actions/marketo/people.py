"""What both platforms do with people, on Marketo."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from airflow_provider_mkt.actions.marketo import automation as nurture
from airflow_provider_mkt.actions.ports import MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.marketo.lists import lists
from airflow_provider_mkt.client.marketo.requests import BATCH_MAX
from airflow_provider_mkt.client.marketo.responses import RowResult

_NO_LEAD, _NOT_IN_LIST = "1004", "1015"


class MarketoPeople:
    """The verbs of :class:`~airflow_provider_mkt.actions.ports.Audience`."""

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
        look = nurture.in_stream(program_id, stream_name) if verify else None
        if stream_name and not verify:
            raise InvalidInput("stream_name", "only verify looks at streams; set it to True")
        if campaign_id:
            if status_name:
                raise InvalidInput("status_name", "a requested campaign sets no status; leave it out")
            return nurture.by_campaign(campaign_id, tokens=tokens, program_id=program_id, verify=look)
        if not program_id or not status_name:
            raise InvalidInput(
                "program_id",
                "give program_id and status_name (enrols in the first stream) or campaign_id (requests a "
                "smart campaign that enrols in the stream it names)",
            )
        if tokens:
            raise InvalidInput("tokens", "only a requested campaign takes tokens; give campaign_id")
        return nurture.by_status(program_id, status_name, verify=look)

    def add_to_list(self, list_id: str) -> MemberAction:
        number = numeric_id("lists.add", "list_id", list_id)
        return _by_record(
            "list_addition",
            f"add to list {number}",
            ("added", "already_in"),
            lambda people: lists.add(number, people),
        )

    def remove_from_list(self, list_id: str) -> MemberAction:
        number = numeric_id("lists.remove", "list_id", list_id)
        return _by_record(
            "list_removal",
            f"remove from list {number}",
            ("removed", "not_in"),
            lambda people: lists.remove(number, people),
            so_already=_NOT_IN_LIST,
        )

    def delete(self) -> MemberAction:
        # Nobody is there under that id any more, which is what was asked for.
        return _by_record(
            "lead_deletion", "delete leads", ("deleted", "already_gone"), leads.delete, so_already=_NO_LEAD
        )


def _by_record(
    outcome: str,
    key: str,
    words: tuple[str, str],
    call: Callable[[Sequence[str]], Call[list[RowResult]]],
    *,
    so_already: str = "",
) -> MemberAction:
    """A verb whose one call takes 300 leads, and answers with a row for each.

    :param so_already: the code by which a row says that it is so already.
    """

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        results: list[RowResult] = yield call(people)
        return [status(person, result) for person, result in zip(people, results, strict=True)]

    def status(person: str, result: RowResult) -> MemberResult:
        if result.status.lower() != "skipped":
            return MemberResult(person)
        why = result.why()
        code, reason = (why.code, why.message) if why else ("", "skipped without a reason")
        return MemberResult(
            person, MemberStatus.ALREADY if code == so_already else MemberStatus.REJECTED, code, reason
        )

    done, already = words
    return MemberAction(outcome, key, done, already, BATCH_MAX, apply)
