"""Statistics of sends. Each send is counted separately, so that sums over emails and time are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from airflow_provider_mkt.sandbox.hubspot.emails.models import Send
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_NEVER_HERE = ("bounce", "dropped", "notsent", "pending", "reply", "spamreport", "unsubscribed")
"""Counters that are always 0, because the sandbox sends nothing."""


def figures(sends: Iterable[Send], now: float, settings: HubSpotSettings) -> JsonObject:
    """Return the statistics of sends: growing while emails are sent, empty before the first one."""
    counters: Counter[str] = Counter()
    devices: dict[str, Counter[str]] = {"open_device_type": Counter(), "click_device_type": Counter()}
    for send in sends:
        sent = send.reached(now, settings)
        if not sent:
            continue
        opened, clicked = len(send.opened(now, settings)), len(send.clicked(now, settings))
        counters.update(sent=sent, selected=sent, delivered=sent, open=opened, click=clicked)
        for name, count in (("open_device_type", opened), ("click_device_type", clicked)):
            devices[name].update(mobile=count // 3, computer=count - count // 3)
    if not counters:
        return {"counters": {}, "deviceBreakdown": {}, "qualifierStats": {}, "ratios": {}}
    return {
        "counters": dict(counters) | dict.fromkeys(_NEVER_HERE, 0),
        "deviceBreakdown": {name: dict(counts) for name, counts in devices.items()},
        "qualifierStats": {},
        "ratios": _ratios(counters),
    }


def _ratios(counters: Counter[str]) -> dict[str, float]:
    sent, opened, clicked = counters["sent"], counters["open"], counters["click"]
    return {
        "deliveredratio": 100.0,
        "openratio": 100 * opened / sent,
        "clickratio": 100 * clicked / sent,
        "clickthroughratio": 100 * clicked / opened if opened else 0.0,
        "bounceratio": 0.0,
        "unsubscribedratio": 0.0,
    }
