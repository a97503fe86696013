"""Users, sequences, workflows and nurture campaigns of a new account."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.automation.nurture_store import Lead, NurtureCampaign, NurtureStore
from airflow_provider_mkt.sandbox.hubspot.automation.store import DAY, Sequence, User, Workflow
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState

SALES_USER = "501"
SALES_ADDRESS, SALES_ALIAS = "sales@example.com", "hello@example.com"
SEATLESS_USER = "502"
"""Has no seat, so it can read sequences but not enrol contacts."""
INBOXLESS_USER = "503"
"""Has a seat, but no connected inbox."""

FOLLOW_UP_SEQUENCE = "610000001"
"""Three emails in seven days."""
PRIVATE_SEQUENCE = "610000002"
"""Visible for the sales user only."""

WELCOME_FLOW, WELCOME_WORKFLOW = "1500000001", "4100001"
"""Enrols a contact once."""
REMINDER_FLOW, REMINDER_WORKFLOW = "1500000002", "4100002"
"""Enrols a contact any number of times."""
STOPPED_FLOW, STOPPED_WORKFLOW = "1500000003", "4100003"
"""Turned off."""
NEW_FLOW = "1500000004"
"""Has no workflow id."""


def fill(state: HubSpotState) -> None:
    """Add users, sequences, workflows, and the campaigns and leads of the legacy calls."""
    store, since = state.automation, state.clock.time() - 30 * DAY
    for user in (
        User(SALES_USER, SALES_ADDRESS, aliases=(SALES_ALIAS,)),
        User(SEATLESS_USER, "intern@example.com", seat=False),
        User(INBOXLESS_USER, "new.hire@example.com", inbox=False),
    ):
        store.users[user.id] = user
    for sequence in (
        Sequence(FOLLOW_UP_SEQUENCE, "Follow up after a demo", SALES_USER, (1, 2, 4), since),
        Sequence(PRIVATE_SEQUENCE, "Old customers", SALES_USER, (3, 3), since, shared=False),
    ):
        store.sequences[sequence.id] = sequence
    for workflow in (
        Workflow(WELCOME_FLOW, WELCOME_WORKFLOW, "Welcome", since),
        Workflow(REMINDER_FLOW, REMINDER_WORKFLOW, "Renewal reminder", since, re_enrols=True),
        Workflow(STOPPED_FLOW, STOPPED_WORKFLOW, "Last year's trial", since, enabled=False),
        Workflow(NEW_FLOW, None, "Lead rotation", since),
    ):
        store.workflows[workflow.flow_id] = workflow
    _nurture_campaigns(state.nurture)


def _nurture_campaigns(store: NurtureStore) -> None:
    for guid, name, repeatable in (
        (seed.WELCOME_NURTURE, "Welcome series", True),
        (seed.TRIAL_NURTURE, "Trial series", False),
    ):
        store.campaigns[guid] = NurtureCampaign(guid, name, repeatable)
    for number, guid in enumerate(seed.LEAD_GUIDS, start=1):
        store.leads[guid] = Lead(guid, {"firstName": f"Lead {number}", "email": f"lead{number}@example.com"})
    store.enrol(store.campaigns[seed.WELCOME_NURTURE], store.leads[seed.ENROLLED_LEAD], ago=DAY)
