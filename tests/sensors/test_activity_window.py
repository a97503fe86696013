"""Counting activities over a long wait: few calls, and no row is missed or counted twice."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mkt.actions.conditions import Condition, ConditionState, State, look_for
from airflow_provider_mkt.actions.marketo import activities
from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import FILL_OUT_FORM

TOKEN, PAGE = "/rest/v1/activities/pagingtoken.json", "/rest/v1/activities.json"


@pytest.fixture(autouse=True)
def one_clock(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activities, "time", SimpleNamespace(time=sandbox.clock.time))


def look(sandbox: Sandbox, state: State, since: Any, **arguments: Any) -> ConditionState:
    given = {"activity_type_ids": [FILL_OUT_FORM], "since": since.isoformat(), **arguments}
    condition = Condition("activity_seen", given)
    with MarketoHook() as hook:
        return hook.follow(look_for(hook.condition_spec(condition), condition, state))


def fill_out(sandbox: Sandbox, lead: int = marketo.ANNA, *, ago: float = 0, late: float = 0) -> None:
    now = sandbox.marketo.state.now()
    committed = now + timedelta(seconds=late)
    sandbox.marketo.state.log.add(FILL_OUT_FORM, lead, now - timedelta(seconds=ago), committed_at=committed)


def test_rows_that_have_left_the_window_stay_counted_and_late_ones_are_counted_too(sandbox: Sandbox) -> None:
    since, state, calls = sandbox.clock.now(), State(), sandbox.marketo.calls
    seen = []
    for _ in range(8):
        fill_out(sandbox)
        fill_out(sandbox, late=5400)
        sandbox.clock.advance(3600)
        seen.append(look(sandbox, state, since, count=100).details["activities"])
    assert seen == [1, 3, 5, 7, 9, 11, 13, 15]
    assert state["before"]
    # While the window stands where it did, a look is one call.
    tokens, pages = calls.of("GET", TOKEN).total, calls.of("GET", PAGE).total
    look(sandbox, state, since, count=100)
    look(sandbox, state, since, count=100)
    assert calls.of("GET", TOKEN).total - tokens <= 1
    assert calls.of("GET", PAGE).total - pages == 2
    # A look that knows nothing of the earlier ones counts the same.
    assert look(sandbox, {}, since, count=100).details["activities"] == 15


def test_a_lead_that_was_seen_is_not_asked_for_again(sandbox: Sandbox) -> None:
    since, state = sandbox.clock.now(), State()
    leads = [str(one) for one in (marketo.ANNA, marketo.BEN)]
    fill_out(sandbox, marketo.ANNA)
    fill_out(sandbox, marketo.BEN, late=4000)
    assert look(sandbox, state, since, lead_ids=leads).details == {"leads": 2, "missing": 1}
    sandbox.clock.advance(4001)
    assert look(sandbox, state, since, lead_ids=leads).done
    calls = sandbox.marketo.calls.total
    assert look(sandbox, state, since, lead_ids=leads).done
    assert sandbox.marketo.calls.total == calls
