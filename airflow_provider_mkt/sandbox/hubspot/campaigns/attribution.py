"""Attribution: what contacts did with the emails of campaigns, and the share of revenue for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.emails.campaign_assets import campaigns_of
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState

_WEEK = 7 * 86400.0
MODELS = (
    "LINEAR",
    "FIRST_INTERACTION",
    "LAST_INTERACTION",
    "FULL_PATH",
    "U_SHAPED",
    "W_SHAPED",
    "TIME_DECAY",
    "J_SHAPED",
    "INVERSE_J_SHAPED",
)


@dataclass(frozen=True, slots=True)
class Touch:
    """A contact opened an email that belongs to these campaigns."""

    at: float
    contact: str
    campaigns: frozenset[str]


def touches(state: HubSpotState) -> list[Touch]:
    """Return the touches of all contacts that exist, ordered by time."""
    now = state.clock.time()
    owners: dict[str, frozenset[str]] = {}
    found: list[Touch] = []
    for email, send in state.emails.sends():
        if email.id not in owners:
            owners[email.id] = frozenset(one.id for one in campaigns_of(state, email))
        opened = send.opened(now)
        found.extend(
            Touch(send.due, contact, owners[email.id]) for contact in opened if state.contacts.get(contact)
        )
    return found


def by_contact(every: Sequence[Touch]) -> dict[str, list[Touch]]:
    """Return the touches of each contact, ordered by time."""
    sorted_out: dict[str, list[Touch]] = {}
    for touch in every:
        sorted_out.setdefault(touch.contact, []).append(touch)
    return sorted_out


def shares(model: str, path: Sequence[Touch], end: float) -> list[float]:
    """Return the share of each touch in a deal that was won at *end*. The shares add up to 1."""
    last = len(path) - 1
    match model:
        case "LINEAR":
            weights = [1.0] * len(path)
        case "TIME_DECAY":
            weights = [2.0 ** -((end - touch.at) / _WEEK) for touch in path]
        case "FIRST_INTERACTION":
            weights = _anchored(len(path), [(0, 1.0)], 0.0)
        case "LAST_INTERACTION":
            weights = _anchored(len(path), [(last, 1.0)], 0.0)
        case "U_SHAPED":
            weights = _anchored(len(path), [(0, 0.4), (last, 0.4)], 0.2)
        case "J_SHAPED":
            weights = _anchored(len(path), [(0, 0.2), (last, 0.6)], 0.2)
        case "INVERSE_J_SHAPED":
            weights = _anchored(len(path), [(0, 0.6), (last, 0.2)], 0.2)
        case "W_SHAPED":
            weights = _anchored(len(path), [(0, 0.3), (last // 2, 0.3), (last, 0.3)], 0.1)
        case _:
            steps = (0, last // 3, last * 2 // 3, last)
            weights = _anchored(len(path), [(step, 0.225) for step in steps], 0.1)
    whole = sum(weights)
    return [weight / whole for weight in weights]


def _anchored(count: int, anchors: Sequence[tuple[int, float]], rest: float) -> list[float]:
    """Return fixed weights for some touches, with the rest divided among the others."""
    weights = [0.0] * count
    for index, weight in anchors:
        weights[index] += weight
    others = [index for index in range(count) if index not in {anchor for anchor, _ in anchors}]
    for index in others:
        weights[index] = rest / len(others)
    return weights
