"""Who wants which kind of mail: subscription types, and one person's subscriptions."""

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
