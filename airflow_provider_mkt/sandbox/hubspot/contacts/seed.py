"""The contacts of a new account, and the deal that was won with the first of them."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.seed import CONTACT_IDS, DEAL_AMOUNT
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState

_PEOPLE = (
    ("Ada", "Lovelace", "ada@example.com", "customer", "CONNECTED"),
    ("Bruno", "Costa", "bruno@example.com", "lead", "NEW"),
    ("Chidi", "Okafor", "chidi@example.com", "marketingqualifiedlead", "OPEN"),
    ("Dana", "Meyer", "dana@example.com", "lead", "IN_PROGRESS"),
    ("Emi", "Sato", "emi@example.com", "subscriber", "NEW"),
)
_DAY = 86400.0


def fill(state: HubSpotState) -> None:
    """Add five contacts, created a day ago, and one deal."""
    now = state.clock.time()
    for first, last, email, stage, status in _PEOPLE:
        contact = state.contacts.create(
            {
                "firstname": first,
                "lastname": last,
                "email": email,
                "lifecyclestage": stage,
                "hs_lead_status": status,
                "company": "Example Ltd",
            }
        )
        # Old enough for the search index.
        contact.created = contact.updated = now - _DAY
        contact.history = {name: [(now - _DAY, value)] for name, value in contact.properties.items()}
    state.deals.win("Yearly licence", DEAL_AMOUNT, now - _DAY / 2, CONTACT_IDS[0])
