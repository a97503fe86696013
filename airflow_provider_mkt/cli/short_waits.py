"""Shortens the waits of tasks that run against the sandbox, where a person or a test waits for the run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

_RETRY_DELAY = timedelta(seconds=1)
_POLL_INTERVAL = 1.0
"""Longest interval of sensors and waiting operators, in seconds."""
_STABLE_FOR = 2.0
"""Seconds for which the figures of a send must not change, at most."""
EXPORT_MINUTES = 0.02
"""Duration of each status of Marketo's exports in the sandbox, in minutes."""
COMMIT_LAG = 0.5
"""Seconds after which Marketo's log shows mail in the sandbox."""


def shorten_waits(task: Any) -> None:
    """Shorten the waits between tries and between polls of a task."""
    from airflow_provider_mkt.operators._base import MarketingOperator
    from airflow_provider_mkt.sensors._base import WaitingSensor

    task.retry_delay = min(task.retry_delay, _RETRY_DELAY)
    task.retry_exponential_backoff = type(task.retry_exponential_backoff)(0)
    if isinstance(task, WaitingSensor):
        task.poke_interval, task.own_interval = min(task.poke_interval, _POLL_INTERVAL), True
    elif isinstance(task, MarketingOperator):
        for name, longest in (("poll_interval", _POLL_INTERVAL), ("stable_for", _STABLE_FOR)):
            if hasattr(task, name):
                given = getattr(task, name)
                # A template is longer, as far as anybody knows before it is rendered.
                setattr(task, name, min(given, longest) if isinstance(given, (int, float)) else longest)
