"""Subscription types, and the subscriptions of one person."""

from airflow_provider_mkt.client.hubspot.subscriptions.subscriptions import (
    DATED,
    Subscription,
    definitions,
    statuses,
    subscribe,
    unsubscribe,
)

__all__ = [
    "DATED",
    "Subscription",
    "definitions",
    "statuses",
    "subscribe",
    "unsubscribe",
]
