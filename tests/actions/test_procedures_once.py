"""Procedures with effects that show late, which the sandbox does not simulate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_mkt.actions.hubspot import campaigns, emails
from airflow_provider_mkt.actions.idempotency import mark_reported
from airflow_provider_mkt.actions.marketo import smart_campaigns
from airflow_provider_mkt.actions.members import MemberStatus
from airflow_provider_mkt.actions.procedure import (
    CONSISTENCY_WINDOW,
    InMemoryTaskState,
    Pages,
    Pause,
    Procedure,
)
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidRequest, OutcomeUnknown, RateLimited
from airflow_provider_mkt.client.hubspot.batch import BatchResult
from airflow_provider_mkt.client.hubspot.emails.emails import Email


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Fed:
    """A procedure that has ended: the names of its calls, and the seconds it paused."""

    def __init__(
        self, procedure: Procedure[Any], answer: Callable[[str, Call[Any]], Any], clock: Clock
    ) -> None:
        self.calls: list[str] = []
        self.paused = 0.0
        self.value: Any = None
        given: Any = None
        try:
            while True:
                step = procedure.throw(given) if isinstance(given, Exception) else procedure.send(given)
                match step:
                    case Pause(seconds, _):
                        self.paused += seconds
                        clock.now += seconds
                        given = None
                    case Pages(call) | (Call() as call):
                        self.calls.append(call.name)
                        given = answer(call.name, call)
        except StopIteration as stop:
            self.value = stop.value


def email(state: str) -> Email:
    return Email.model_validate({"id": "7", "state": state, "to": {"contactIds": {"include": ["1"]}}})


def lost(name: str) -> OutcomeUnknown:
    return OutcomeUnknown("lost", platform="x", call=name)


def test_publishing_waits_until_the_email_is_not_a_draft() -> None:
    clock, task_state, job_states = (
        Clock(),
        InMemoryTaskState(),
        iter(["DRAFT", "DRAFT", "DRAFT", "PROCESSING"]),
    )

    def answer(name: str, call: Call[Any]) -> Any:
        if name == "emails.get_draft":
            return email("DRAFT")
        return email(next(job_states)) if name == "emails.get" else None

    fed = Fed(emails.publish("7", task_state, clock=clock), answer, clock)
    assert fed.calls.count("emails.publish") == 1
    assert fed.value.state == "PROCESSING"
    assert fed.paused > 0


def test_a_publish_with_a_lost_answer_is_repeated_only_after_the_consistency_window() -> None:
    clock, task_state = Clock(), InMemoryTaskState()
    times: list[float] = []

    def answer(name: str, call: Call[Any]) -> Any:
        if name in ("emails.get", "emails.get_draft"):
            return email("DRAFT")
        times.append(clock.now)
        # The call itself was waited for.
        clock.now += 40
        return lost(name)

    with pytest.raises(OutcomeUnknown):
        Fed(emails.publish("7", task_state, clock=clock), answer, clock)
    assert times[1] - times[0] >= 40 + CONSISTENCY_WINDOW


def test_a_rejected_publish_restores_the_mark_of_an_ambiguous_one() -> None:
    clock, task_state = Clock(), InMemoryTaskState()
    ambiguous = {"requested_at": clock.now - 2 * CONSISTENCY_WINDOW}
    task_state.set("publish 7", ambiguous)

    def answer(name: str, call: Call[Any]) -> Any:
        return email("DRAFT") if name.startswith("emails.get") else RateLimited("slow down")

    with pytest.raises(RateLimited):
        Fed(emails.publish("7", task_state, clock=clock), answer, clock)
    assert task_state.get("publish 7") == ambiguous


@pytest.mark.parametrize("state", ["SCHEDULED_OR_PUBLISHED", "PUBLISHED_OR_SCHEDULED"])
def test_mixed_states_are_not_drafts(state: str) -> None:
    clock = Clock()
    fed = Fed(emails.publish("7", InMemoryTaskState(), clock=clock), lambda name, call: email(state), clock)
    assert fed.value.done is False
    assert fed.calls == ["emails.get"]


@pytest.mark.parametrize("state", ["", "SOMETHING_NEW", "CANCELED", "LOSER_AB_VARIANT"])
def test_an_unknown_state_is_never_published(state: str) -> None:
    clock = Clock()
    with pytest.raises(InvalidRequest, match="cannot be published"):
        Fed(emails.publish("7", InMemoryTaskState(), clock=clock), lambda name, call: email(state), clock)


def test_campaigns_that_show_late_are_waited_for_and_not_sent_again() -> None:
    clock = Clock()
    visible_at = clock.now + CONSISTENCY_WINDOW - 1

    def answer(name: str, call: Call[Any]) -> Any:
        if name == "campaigns.create_batch":
            return lost(name)
        wanted = dict(call.query)["name"]
        late = {"id": wanted, "properties": {"hs_name": wanted}}
        return [late] if clock.now >= visible_at else []

    fed = Fed(
        campaigns.create_all([{"hs_name": "A"}, {"hs_name": "B"}], InMemoryTaskState(), clock=clock),
        answer,
        clock,
    )
    assert fed.calls.count("campaigns.create_batch") == 1
    assert fed.value.ids == {"A": "A", "B": "B"}


def test_a_name_that_the_platform_changed_counts_as_created() -> None:
    clock = Clock()

    def answer(name: str, call: Call[Any]) -> Any:
        if name == "campaigns.list":
            return []
        row = {"id": "1", "properties": {"hs_name": "A &amp; B"}}
        return BatchResult.model_validate({"status": "COMPLETE", "results": [row]})

    fed = Fed(campaigns.create_all([{"hs_name": "A & B"}], InMemoryTaskState(), clock=clock), answer, clock)
    assert fed.value.created == {"A & B": "1"}
    assert fed.calls.count("campaigns.create_batch") == 1


def test_leads_that_an_earlier_request_reached_are_not_requested_after_a_later_one() -> None:
    """Lead 1 was reached by the first request, lead 2 by none. Once reported, 2 alone is requested again."""
    clock, task_state = Clock(), InMemoryTaskState()
    began, requests = clock.now, []

    def answer(name: str, call: Call[Any]) -> Any:
        match name:
            case "campaigns.request":
                requests.append([lead["id"] for lead in call.body.value["input"]["leads"]])  # type: ignore[call-overload,union-attr]
                return lost(name)
            case "activities.paging_token":
                return dict(call.query)["sinceDatetime"]
            case "activities.read":
                since = datetime.fromisoformat(dict(call.query)["nextPageToken"])
                seen = since <= datetime.fromtimestamp(began, UTC)
                return [{"leadId": 1, "campaignId": 9}] if seen else []
        raise AssertionError(name)

    def once() -> dict[str, MemberStatus]:
        member_action = smart_campaigns.member_action(9, clock=clock)
        fed = Fed(member_action.apply(["1", "2"], task_state), answer, clock)
        mark_reported("1-2", task_state)
        task_state.clear_count += 1
        return {one.member: one.status for one in fed.value}

    expected = {"1": MemberStatus.DONE, "2": MemberStatus.UNKNOWN}
    assert once() == expected
    clock.now += 3600
    assert once() == expected
    clock.now += 3600
    assert once() == expected
    assert requests == [[1, 2], [2], [2]]
