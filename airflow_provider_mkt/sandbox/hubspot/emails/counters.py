"""Statistics of sends. Each send is counted separately, so that sums over emails and time are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from airflow_provider_mkt.sandbox.hubspot.emails.models import Send
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_NEVER_HERE = ("contactslost", "reply", "softbounced", "suppressed")
"""Counters that are always 0."""
_OF_ANALYTICS = ("mta_dropped", "deferred")
"""Counters that only email analytics show."""


def figures(sends: Iterable[Send], now: float, settings: HubSpotSettings) -> JsonObject:
    """Return the statistics of sends: empty before the first mail, and growing while mail is sent.

    They are as of `figures_lag` ago. `selected` is the sum of `sent`, `notsent` and `pending`, and `sent` is
    that of `delivered` and `bounce`. `notsent` are those of `dropped` and those without an address. How
    HubSpot's own counters add up is not documented.
    """
    counters: Counter[str] = Counter()
    devices: dict[str, Counter[str]] = {"open_device_type": Counter(), "click_device_type": Counter()}
    begun = False
    for send in sends:
        counts = send.counts(now - settings.figures_lag)
        begun = begun or bool(counts)
        counters.update(counts)
        for name, count in (("open_device_type", counts["open"]), ("click_device_type", counts["click"])):
            devices[name].update(mobile=count // 3, computer=count - count // 3)
    if not begun:
        return {"counters": {}, "deviceBreakdown": {}, "qualifierStats": {}, "ratios": {}}
    for name in _OF_ANALYTICS:
        del counters[name]
    counters["hardbounced"] = counters["bounce"]
    return {
        "counters": dict(counters) | dict.fromkeys(_NEVER_HERE, 0),
        "deviceBreakdown": {name: dict(counts) for name, counts in devices.items()},
        "qualifierStats": {},
        "ratios": _ratios(counters),
    }


def _ratios(counters: Counter[str]) -> dict[str, float]:
    sent, opened = counters["sent"], counters["open"]
    of_sent = {
        "deliveredratio": "delivered",
        "openratio": "open",
        "clickratio": "click",
        "bounceratio": "bounce",
        "unsubscribedratio": "unsubscribed",
    }
    ratios = {name: 100 * counters[count] / sent if sent else 0.0 for name, count in of_sent.items()}
    return {**ratios, "clickthroughratio": 100 * counters["click"] / opened if opened else 0.0}
