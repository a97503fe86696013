"""Subscription types, and the subscriptions of one person."""

from airflow_provider_mkt.client.hubspot.subscriptions.subscriptions import (
    Subscription,
    definitions,
    resubscribe,
    statuses,
    subscribe,
    unsubscribe,
)

__all__ = [
    "Subscription",
    "definitions",
    "resubscribe",
    "statuses",
    "subscribe",
    "unsubscribe",
]
