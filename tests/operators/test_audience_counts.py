"""What is counted before a send is what the platform drops when it sends."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

import pytest

from airflow_provider_mkt.actions.sending import SendTarget
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.hooks.base import hook_for
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

NEWS = seed.NEWSLETTER_EMAIL
EVERY: dict[int, dict[str, Any]] = {
    2: {"marketable": True},
    3: {"subscriptions": {seed.DEFAULT_SUBSCRIPTION: "UNSUBSCRIBED"}},
    4: {"bad_address": True},
    5: {"bounced": True},
    7: {"unsubscribed": True},
    11: {"quarantined": True},
}
"""Changes of every second, third ... contact, so that reasons overlap in all ways."""


def an_audience(box: Sandbox) -> str:
    """Create a list of 61 contacts in all states, of which every tenth has no address."""
    state, ids = box.hubspot.state, []
    for number in range(60):
        values = {"email": f"p{number}@example.com"} if number % 10 else {"firstname": "Nobody"}
        ids.append(state.contacts.create(values).id)
        for divisor, change in EVERY.items():
            if number % 10 and number % divisor == 0:
                box.hubspot.set_person(id=ids[-1], **change)
    ids.append(state.contacts.create({"email": "noreply@example.com", "hs_marketable_status": "true"}).id)
    made = state.lists.create("Everybody")
    state.lists.add_members(made, ids)
    return made.id


@pytest.mark.parametrize("how", ["lists", "members"])
@pytest.mark.parametrize("marketing_contacts", [False, True])
def test_counted_reasons_are_those_of_the_dropped(
    sandbox: Sandbox, how: Literal["lists", "members"], marketing_contacts: bool
) -> None:
    settings = sandbox.hubspot.settings
    settings.marketing_contacts, settings.list_processing = marketing_contacts, 0
    audience = an_audience(sandbox)
    if not marketing_contacts:
        # An account without marketing contacts has nobody who is one.
        for contact in sandbox.hubspot.state.contacts.live():
            sandbox.hubspot.state.contacts.update(contact, {"hs_marketable_status": ""})
    # The search by which the count finds out whether there are marketing contacts is behind.
    sandbox.clock.advance(10)
    with hook_for("hubspot_default") as hook:
        to = {"contactIlsLists": {"include": [audience], "exclude": [seed.LIST_ID]}}
        hook.run(emails.update(NEWS, {"to": to}))
        details = hook.follow(hook.sending.describe(SendTarget("hubspot", "email", NEWS)))
        count = hook.follow(hook.sending.count(details, how))
        hook.run(emails.publish(NEWS))
    sandbox.clock.advance(60)
    rows = [row for row in sandbox.hubspot.outbox if row.email == NEWS]
    dropped = Counter(row.reason for row in rows if row.outcome == "dropped")
    assert {reason: number for reason, number in count.excluded.items() if number} == dropped
    assert len(dropped) == 6 + marketing_contacts
    assert (count.total, count.at_most) == (61, 61 - dropped.total())
    assert count.at_most == sum(1 for row in rows if row.outcome == "delivered")
