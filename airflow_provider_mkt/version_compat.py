"""Differences between the versions of Airflow, in one place."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module

_LOCAL_MASKERS = (
    ("airflow.sdk._shared.secrets_masker", "mask_secret"),
    ("airflow._shared.secrets_masker", "mask_secret"),
    ("airflow.sdk.execution_time.secrets_masker", "mask_secret"),
)


@cache
def local_masker() -> Callable[[str], None]:
    """Return a function that masks a secret in the logs of this process only.

    ``mask_secret`` of the Task SDK also sends the secret to the supervisor. That channel must not be used
    from a thread, nor while another request is open on an event loop.
    """
    for module, name in _LOCAL_MASKERS:
        try:
            mask: Callable[[str], None] = getattr(import_module(module), name)
        except (ImportError, AttributeError):
            continue
        return mask
    return lambda secret: None
