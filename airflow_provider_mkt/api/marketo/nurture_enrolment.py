"""Enrolling leads in an engagement program: by status, or by requesting a campaign that adds them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_mkt.api.call import numeric_id
from airflow_provider_mkt.api.errors import InvalidRequest, NotFound, OutcomeUnknown, PlatformError
from airflow_provider_mkt.api.flow import SETTLE, Flow, Memory, Pages, Pause
from airflow_provider_mkt.api.marketo import activities, campaigns, programs
from airflow_provider_mkt.api.marketo.answers import RecordResult
from airflow_provider_mkt.api.outcomes import Enrolled, Enrolment

_ALREADY = "1037"
_CLOCKS_APART = timedelta(seconds=90)
_LOOKS = 6


def by_status(
    program_id: int | str, lead_ids: Sequence[int | str], status_name: str
) -> Flow[list[Enrolment]]:
    """Make leads members of a program with a status; a new member starts in the first stream.

    :param program_id: the program.
    :param lead_ids: leads, each once.
    :param status_name: a status of the program's channel.
    :returns: one outcome per lead, in their order.
    """
    leads = _ids(lead_ids)
    calls = [
        programs.set_status(program_id, leads[start : start + programs.MEMBERS_MAX], status_name=status_name)
        for start in range(0, len(leads), programs.MEMBERS_MAX)
    ]
    outcomes: list[Enrolment] = []
    for call in calls:
        results: list[RecordResult] = yield call
        outcomes.extend(
            _status_outcome(lead, result)
            for lead, result in zip(leads[len(outcomes) :], results, strict=False)
        )
    return outcomes


def _status_outcome(lead: int, result: RecordResult) -> Enrolment:
    match result.status.lower():
        case "created":
            return Enrolment(str(lead), Enrolled.ENROLLED)
        case "updated":
            return Enrolment(str(lead), Enrolled.ALREADY, reason="was a member; moved on to the status")
    why = result.why()
    code, reason = (why.code, why.message) if why else ("", "skipped without a reason")
    outcome = Enrolled.ALREADY if code == _ALREADY else Enrolled.REJECTED
    return Enrolment(str(lead), outcome, code, reason)


def by_campaign(
    campaign_id: int | str,
    lead_ids: Sequence[int | str],
    memory: Memory,
    *,
    tokens: Mapping[str, str] | None = None,
    program_id: int | str | None = None,
    clock: Callable[[], float] = time.time,
) -> Flow[list[Enrolment]]:
    """Run leads through a trigger campaign that adds them to a stream, 100 at a time, each once.

    Every request runs its leads again and its answer tells of none of them. So each request is
    remembered before it is sent, and one whose answer was lost is looked for in the activity log.
    Leads that are not seen there come out as unknown and are not requested again by themselves.

    :param campaign_id: an active, requestable trigger campaign.
    :param lead_ids: leads, each once.
    :param memory: what the task's earlier tries did.
    :param tokens: My Tokens for this run.
    :param program_id: leads that are members of this program already are left out.
    :raises NotFound: when there is no such campaign.
    :raises InvalidRequest: when it is not active or cannot be requested.
    """
    leads = _ids(lead_ids)
    yield from _requestable(campaign_id)
    outcomes: dict[int, Enrolment] = {}
    if program_id is not None:
        for start in range(0, len(leads), programs.MEMBERS_MAX):
            chunk = leads[start : start + programs.MEMBERS_MAX]
            rows = yield Pages(programs.members(program_id, lead_ids=chunk, fields=("leadId", "statusName")))
            for row in rows:
                outcomes[int(row["leadId"])] = Enrolment(str(row["leadId"]), Enrolled.ALREADY)
    doubtful: list[_Request] = []
    for start in range(0, len(leads), campaigns.LEADS_MAX):
        # Chunks are cut from the whole list, so that every try of a task cuts the same ones.
        chunk = leads[start : start + campaigns.LEADS_MAX]
        request = _Request(campaign_id, chunk, tokens, memory, clock)
        yield from request.run(outcomes)
        if any(outcomes[lead].outcome is Enrolled.UNKNOWN for lead in chunk):
            doubtful.append(request)
    for request in doubtful:
        # Not before all is done: a later request that fails makes the task try again by itself.
        request.tell()
    return [outcomes[lead] for lead in leads]


class _Request:
    """One request of up to 100 leads, and what is remembered of it.

    ``{"first": when, "sent": when, "done": bool, "told": bool}``: when it was sent first and last,
    whether everyone was requested, and whether a person was told who is in doubt.
    """

    def __init__(
        self,
        campaign_id: int | str,
        leads: Sequence[int],
        tokens: Mapping[str, str] | None,
        memory: Memory,
        clock: Callable[[], float],
    ) -> None:
        digest = hashlib.sha256(",".join(map(str, leads)).encode()).hexdigest()[:16]
        self.key = f"request campaign {campaign_id} {digest}"
        self.campaign_id, self.leads, self.tokens = int(campaign_id), leads, tokens
        self.memory, self.clock = memory, clock
        self.first: float | None = None

    def run(self, outcomes: dict[int, Enrolment]) -> Flow[None]:
        mark = self.memory.get(self.key)
        asked = [lead for lead in self.leads if lead not in outcomes]
        if isinstance(mark, Mapping) and isinstance(sent := mark.get("sent"), (int, float)):
            if mark.get("done"):
                # Members by now or not, these were requested by an earlier try.
                outcomes.update({lead: Enrolment(str(lead), Enrolled.ENROLLED) for lead in self.leads})
                return
            first = mark.get("first")
            # Those whom an earlier request reached are seen at its time, not at that of the last one.
            self.first = float(first) if isinstance(first, (int, float)) else sent
            seen = yield from self._seen(self.leads, sent)
            outcomes.update({lead: Enrolment(str(lead), Enrolled.ENROLLED) for lead in seen})
            asked = [lead for lead in asked if lead not in seen]
            if asked and not mark.get("told"):
                self._unknown(asked, outcomes, sent)
                return
        if asked:
            yield from self._send(asked, outcomes)

    def _send(self, asked: Sequence[int], outcomes: dict[int, Enrolment]) -> Flow[None]:
        before, sent = self.memory.get(self.key), self.clock()
        self.first = sent if self.first is None else self.first
        self._remember(sent)
        try:
            yield campaigns.request(self.campaign_id, asked, tokens=self.tokens)
        except OutcomeUnknown:
            # The time counts from now: until now the request may have been on its way.
            sent = self.clock()
            seen = yield from self._seen(asked, sent)
            outcomes.update({lead: Enrolment(str(lead), Enrolled.ENROLLED) for lead in seen})
            if missing := [lead for lead in asked if lead not in seen]:
                self._unknown(missing, outcomes, sent)
                return
        except PlatformError:
            self.memory.set(self.key, before)
            raise
        else:
            outcomes.update({lead: Enrolment(str(lead), Enrolled.ENROLLED) for lead in asked})
        self._remember(sent, done=True)

    def _unknown(self, leads: Sequence[int], outcomes: dict[int, Enrolment], sent: float) -> None:
        reason = (
            "the answer to its request was lost and the activity log does not show it; "
            "clear the task to request it again"
        )
        outcomes.update(
            {lead: Enrolment(str(lead), Enrolled.UNKNOWN, "OUTCOME_UNKNOWN", reason) for lead in leads}
        )
        self._remember(sent)

    def tell(self) -> None:
        """A person is told who is in doubt: running the task again is that person's decision from now on."""
        mark = self.memory.get(self.key)
        if isinstance(mark, Mapping):
            self.memory.set(self.key, {**mark, "told": True})

    def _remember(self, sent: float, *, done: bool = False) -> None:
        self.memory.set(self.key, {"first": self.first, "sent": sent, "done": done})

    def _seen(self, leads: Sequence[int], sent: float) -> Flow[set[int]]:
        """Which leads the activity log shows as requested since then; waits for late rows."""
        seen: set[int] = set()
        for look in range(_LOOKS):
            left = sent + SETTLE - self.clock()
            if look and left <= 0:
                break
            if look:
                yield Pause(min(left, SETTLE / _LOOKS), "looking in the activity log for a lost request")
            since = datetime.fromtimestamp(self.first or sent, UTC) - _CLOCKS_APART
            token: str = yield activities.paging_token(since)
            for start in range(0, len(leads), activities.LEADS_MAX):
                chunk = leads[start : start + activities.LEADS_MAX]
                rows = yield Pages(
                    activities.read(token, activity_type_ids=[activities.REQUEST_CAMPAIGN], lead_ids=chunk)
                )
                seen.update(int(row["leadId"]) for row in rows if self._is_ours(row))
            if seen.issuperset(leads):
                break
        return seen

    def _is_ours(self, row: Mapping[str, Any]) -> bool:
        return self.campaign_id in (row.get("primaryAttributeValueId"), row.get("campaignId"))


def _requestable(campaign_id: int | str) -> Flow[None]:
    campaign: dict[str, Any] | None = yield campaigns.get(campaign_id)
    if campaign is None:
        raise NotFound(f"there is no smart campaign {campaign_id}", platform="marketo", call="campaigns.get")
    for fact, problem in (
        ("isActive", "is not active"),
        ("isRequestable", "has no trigger for API requests"),
    ):
        if campaign.get(fact) is False:
            raise InvalidRequest(
                f"smart campaign {campaign_id} {problem}", platform="marketo", call="campaigns.request"
            )


def _ids(lead_ids: Sequence[int | str]) -> list[int]:
    return [numeric_id("", f"leads[{index}]", lead) for index, lead in enumerate(lead_ids)]
