"""Running leads through a trigger campaign, each once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_mkt.api.call import numeric_id
from airflow_provider_mkt.api.errors import InvalidRequest, NotFound, OutcomeUnknown, PlatformError
from airflow_provider_mkt.api.flow import SETTLE, Flow, Memory, Pages, Pause
from airflow_provider_mkt.api.marketo import activities, campaigns, programs
from airflow_provider_mkt.api.once import asked_at
from airflow_provider_mkt.api.people import Fared, PeopleVerb, PersonOutcome, rejected, unknown

_CLOCKS_APART = timedelta(seconds=90)
_LOOKS = 6
# Which of the two it is when a lead is not there, the documents leave open.
_OF_LEADS = ("1004", "1013")


def verb(
    campaign_id: int | str,
    *,
    tokens: Mapping[str, str] | None = None,
    program_id: int | str | None = None,
    outcome: str = "campaign_request",
    done: str = "requested",
    already: str = "already_member",
    verify: Callable[[Sequence[str]], Flow[set[str]]] | None = None,
    clock: Callable[[], float] = time.time,
) -> PeopleVerb:
    """Run leads through a trigger campaign, 100 at a time.

    Every request runs its leads again and its answer tells of none of them. So each request is
    remembered before it is sent, and one whose answer was lost is looked for in the activity log.
    Leads that are not seen there come out as unknown and are not requested again by themselves. A request
    that is refused for one of its leads is sent again without it.

    :param campaign_id: an active, requestable trigger campaign.
    :param tokens: My Tokens for this run.
    :param program_id: leads that are members of this program already are left out.
    :raises InvalidInput: on an id that is none, or a token without its braces.
    """
    number = numeric_id("campaigns.request", "campaign_id", campaign_id)
    program = None if program_id is None else numeric_id("programs.members", "program_id", program_id)
    campaigns.request(number, [1], tokens=tokens)

    def apply(people: Sequence[str], memory: Memory) -> Flow[list[PersonOutcome]]:
        requests = _Requests(number, tokens, memory, clock)
        leads = [int(person) for person in people]
        if program is not None:
            for lead in (yield from _members(program, leads, memory)):
                requests.outcomes[lead] = PersonOutcome(str(lead), Fared.ALREADY)
        yield from requests.run(leads)
        return [requests.outcomes[lead] for lead in leads]

    return PeopleVerb(
        outcome=outcome,
        key=f"request campaign {number}",
        done=done,
        already=already,
        chunk_max=campaigns.LEADS_MAX,
        apply=apply,
        before=lambda: _requestable(number),
        once=True,
        verify=verify,
    )


def _members(program_id: int, leads: Sequence[int], memory: Memory) -> Flow[list[int]]:
    """Who was a member before anybody was requested: those who were requested may be members by now."""
    known = memory.get("members")
    if isinstance(known, Sequence) and not isinstance(known, str):
        return [int(lead) for lead in known]  # type: ignore[arg-type]
    rows = yield Pages(programs.members(program_id, lead_ids=leads, fields=("leadId", "statusName")))
    found = [int(row["leadId"]) for row in rows]
    memory.set("members", found)
    return found


class _Requests:
    """The requests for up to 100 leads, and what is remembered of each.

    ``{"first": when, "asked": when, "done": bool, "refused": bool, "told": bool}``: when it was sent first
    and last, and whether everyone was requested, or it has to be parted.
    """

    def __init__(
        self,
        campaign_id: int,
        tokens: Mapping[str, str] | None,
        memory: Memory,
        clock: Callable[[], float],
    ) -> None:
        self.outcomes: dict[int, PersonOutcome] = {}
        self._campaign_id, self._tokens = campaign_id, tokens
        self._memory, self._clock = memory, clock

    def run(self, leads: Sequence[int]) -> Flow[None]:
        """Request the leads that have no outcome yet."""
        key = f"{leads[0]}-{leads[-1]}"
        mark = self._memory.get(key)
        mark = mark if isinstance(mark, Mapping) else {}
        if mark.get("refused"):
            yield from self._parted(leads)
            return
        missing = [lead for lead in leads if lead not in self.outcomes]
        if mark.get("done"):
            self._requested(missing)
            return
        # Those whom an earlier request reached are seen at its time, not at that of the last one.
        first, asked = asked_at({"asked": mark.get("first")}), asked_at(mark)
        if asked is not None:
            missing = yield from self._unseen(missing, first or asked, asked)
            if missing and not mark.get("told"):
                self._unknown(missing)
                return
        if missing:
            yield from self._send(key, leads, missing, first)

    def _send(self, key: str, leads: Sequence[int], missing: list[int], first: float | None) -> Flow[None]:
        before, asked = self._memory.get(key), self._clock()
        first = asked if first is None else first
        self._memory.set(key, {"first": first, "asked": asked})
        try:
            yield campaigns.request(self._campaign_id, missing, tokens=self._tokens)
        except OutcomeUnknown:
            # The time counts from now: until now the request may have been on its way.
            asked = self._clock()
            self._memory.set(key, {"first": first, "asked": asked})
            missing = yield from self._unseen(missing, first, asked)
            if missing:
                self._unknown(missing)
                return
        except InvalidRequest as error:
            self._memory.set(key, before)
            if error.code not in _OF_LEADS:
                raise
            if len(missing) == 1:
                self.outcomes[missing[0]] = rejected(str(missing[0]), error)
                return
            self._memory.set(key, {"refused": True})
            yield from self._parted(leads)
            return
        except PlatformError:
            self._memory.set(key, before)
            raise
        else:
            self._requested(missing)
        self._memory.set(key, {"first": first, "asked": asked, "done": True})

    def _parted(self, leads: Sequence[int]) -> Flow[None]:
        """Request what was refused as a whole in two parts: nobody was requested by that."""
        half = len(leads) // 2
        for part in (leads[:half], leads[half:]):
            yield from self.run(part)

    def _requested(self, leads: Sequence[int]) -> None:
        self.outcomes.update({lead: PersonOutcome(str(lead)) for lead in leads})

    def _unknown(self, leads: Sequence[int]) -> None:
        self.outcomes.update({lead: unknown(str(lead)) for lead in leads})

    def _unseen(self, leads: list[int], first: float, asked: float) -> Flow[list[int]]:
        """Which leads the activity log does not show as requested since then; waits for late rows."""
        seen: set[int] = set()
        for look in range(_LOOKS):
            left = asked + SETTLE - self._clock()
            if look and left <= 0:
                break
            if look:
                yield Pause(min(left, SETTLE / _LOOKS), "looking in the activity log for a lost request")
            token: str = yield activities.paging_token(datetime.fromtimestamp(first, UTC) - _CLOCKS_APART)
            for start in range(0, len(leads), activities.LEADS_MAX):
                chunk = leads[start : start + activities.LEADS_MAX]
                rows = yield Pages(
                    activities.read(token, activity_type_ids=[activities.REQUEST_CAMPAIGN], lead_ids=chunk)
                )
                seen.update(int(row["leadId"]) for row in rows if self._is_ours(row))
            if seen.issuperset(leads):
                break
        self._requested([lead for lead in leads if lead in seen])
        return [lead for lead in leads if lead not in seen]

    def _is_ours(self, row: Mapping[str, Any]) -> bool:
        return self._campaign_id in (row.get("primaryAttributeValueId"), row.get("campaignId"))


def _requestable(campaign_id: int) -> Flow[None]:
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
