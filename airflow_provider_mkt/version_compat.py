"""What only some versions of Airflow have, asked for in one place."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

_LOCAL_MASKERS = (
    ("airflow.sdk._shared.secrets_masker", "mask_secret"),
    ("airflow._shared.secrets_masker", "mask_secret"),
    ("airflow.sdk.execution_time.secrets_masker", "mask_secret"),
)


def local_masker() -> Callable[[str], None]:
    """A function that masks a secret in this process's logs and speaks to no other process.

    ``mask_secret`` of the Task SDK also tells the supervisor, over a channel that must not be used
    from a thread or beside another request on an event loop.
    """
    for module, name in _LOCAL_MASKERS:
        try:
            mask: Callable[[str], None] = getattr(import_module(module), name)
        except (ImportError, AttributeError):
            continue
        return mask
    return lambda secret: None
