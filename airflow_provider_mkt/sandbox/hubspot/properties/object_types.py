"""Object types and their names."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.contacts.property_definitions import Property

CONTACTS = "contact"
_OTHERS = frozenset(
    (
        *("appointment", "call", "cart", "commerce_payment", "communication", "company"),
        *("course", "deal", "deal_split", "discount", "email", "engagement", "fee"),
        *("feedback_submission", "form", "goal_target", "invoice", "lead", "line_item"),
        *("listing", "marketing_event", "meeting", "note", "order", "partner_client"),
        *("payment", "postal_mail", "product", "quote", "service", "subscription", "task"),
        *("tax", "ticket", "user"),
    )
)
_NUMBERED = {"0-1": CONTACTS, "0-2": "company", "0-3": "deal", "0-5": "ticket"}

COMMON = tuple(
    Property(name, kind, read_only=True)
    for name, kind in (
        ("hs_object_id", "number"),
        ("hs_createdate", "datetime"),
        ("hs_lastmodifieddate", "datetime"),
    )
)
"""Properties of every object type. The sandbox has no others for types other than contacts."""


def object_type(given: str) -> str | None:
    """Return the canonical name of an object type; None if it is unknown."""
    name = given.lower()
    if name in _NUMBERED:
        return _NUMBERED[name]
    for ending, instead in (("ies", "y"), ("xes", "x"), ("s", ""), ("", "")):
        known = name.removesuffix(ending) + instead if name.endswith(ending) else ""
        if known in _OTHERS or known == CONTACTS:
            return known
    return None
