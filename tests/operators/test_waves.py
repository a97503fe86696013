"""A send in two waves: the others get it only when little of the first wave's mail has bounced."""

from __future__ import annotations

import functools
import time
from datetime import timedelta
from typing import Any

import pytest
from member_runs import create_leads
from workers import context

from airflow_provider_mkt.operators import _first_wave
from airflow_provider_mkt.operators.campaign_requests import RequestCampaignOperator
from airflow_provider_mkt.operators.sends import SendEmailToPeopleOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import EMAIL_BOUNCED, REQUEST_CAMPAIGN
from airflow_provider_mkt.version_compat import AirflowFailException, TaskDeferred

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")

HOUR = 3600.0


class Clock:
    """The time of the module that waits between waves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead = 0.0
        self._monkeypatch = monkeypatch

    def advance(self, seconds: float) -> None:
        """Let the wave have been sent so much longer ago."""
        self._ahead += seconds
        ahead = self._ahead
        real = time.time
        self._monkeypatch.setattr(_first_wave, "now", lambda: real() + ahead)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def requesting(leads: list[int], **more: Any) -> RequestCampaignOperator:
    return RequestCampaignOperator(
        task_id="request",
        conn_id="marketo_default",
        campaign_id=marketo.REQUEST_CAMPAIGN,
        leads=leads,
        **{"canary": 1, **more},
    )


def requested(box: Sandbox) -> int:
    return len({row.lead_id for row in box.marketo.state.log.all(REQUEST_CAMPAIGN)})


def bounce(box: Sandbox, count: int) -> None:
    """Let mail bounce for so many of those who were requested."""
    reached = sorted({row.lead_id for row in box.marketo.state.log.all(REQUEST_CAMPAIGN)})
    for lead in reached[:count]:
        box.marketo.state.log.add(EMAIL_BOUNCED, lead, box.clock.now())
    # The log shows such activities late.
    box.clock.advance(60)


def defer(operator: Any, **given: Any) -> None:
    with pytest.raises(TaskDeferred):
        operator.execute(context(**given))


def test_the_others_follow_after_the_wait(sandbox: Sandbox, clock: Clock) -> None:
    request = functools.partial(requesting, create_leads(sandbox, 250), canary="1%")
    defer(request())
    assert requested(sandbox) == 100
    # Resumed too early, or tried again on the way, it sends nothing more and waits on.
    defer(request(), try_number=2)
    assert requested(sandbox) == 100
    bounce(sandbox, 2)
    clock.advance(HOUR)
    outcome = request().execute(context())
    assert (outcome["total"], outcome["requested"], outcome["rejected"]) == (250, 250, 0)
    assert len(sandbox.marketo.state.log.all(REQUEST_CAMPAIGN)) == 250


def test_too_many_bounces_stop_the_send_until_the_task_is_cleared(sandbox: Sandbox, clock: Clock) -> None:
    request = functools.partial(requesting, create_leads(sandbox, 250))
    defer(request())
    bounce(sandbox, 3)
    clock.advance(HOUR)
    task = context()
    with pytest.raises(AirflowFailException) as raised:
        request().execute(task)
    assert "mail to 3 of the 100 people of the first wave bounced, allowed: 2.00%" in str(raised.value)
    assert "the other 150 were not processed" in str(raised.value)
    assert task["ti"].pushed["return_value"]["requested"] == 100
    assert requested(sandbox) == 100
    with pytest.raises(AirflowFailException, match="first wave bounced"):
        request().execute(context(try_number=2))
    assert request().execute(context(cleared=1))["requested"] == 250
    assert len(sandbox.marketo.state.log.all(REQUEST_CAMPAIGN)) == 250


def test_a_wave_of_everybody_is_no_wave(sandbox: Sandbox) -> None:
    leads = create_leads(sandbox, 5)
    assert requesting(leads, canary=5).execute(context())["requested"] == 5
    with pytest.raises(AirflowFailException, match="canary: must be at least one person"):
        requesting(leads, canary=0).execute(context(run="other"))


def test_hubspots_bounces_are_those_of_the_contacts(sandbox: Sandbox, clock: Clock) -> None:
    sandbox.hubspot.settings.send_queue = sandbox.hubspot.settings.send_processing = 0
    addresses = ["ada@example.com", *(f"new{number:03}@example.com" for number in range(59))]
    send = functools.partial(
        SendEmailToPeopleOperator,
        task_id="send",
        conn_id="hubspot_default",
        email_id=hubspot.TRANSACTIONAL_EMAIL,
        leads=addresses,
        poll_interval=0.05,
        canary=1,
        canary_wait=timedelta(minutes=10),
        canary_max_bounced=0,
    )
    defer(send())
    assert len(sandbox.hubspot.state.single_sends.all()) == 50
    contact = next(
        one for one in sandbox.hubspot.state.contacts.live() if one.properties.get("email") == addresses[0]
    )
    contact.properties["hs_email_hard_bounce_reason_enum"] = "UNKNOWN_USER"
    clock.advance(HOUR)
    with pytest.raises(AirflowFailException, match="mail to 1 of the 50 people of the first wave bounced"):
        send().execute(context())
    del contact.properties["hs_email_hard_bounce_reason_enum"]
    assert send().execute(context(cleared=1))["mailed"] + 50 >= 60
    assert sum(one.result == "SENT" for one in sandbox.hubspot.state.single_sends.all()) == 60
