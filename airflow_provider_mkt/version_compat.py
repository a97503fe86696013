"""Differences between the versions of Airflow, in one place."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from airflow.sdk import Connection

if TYPE_CHECKING:
    from airflow.sdk import BaseHook
    from airflow.sdk.configuration import conf
    from airflow.sdk.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowNotFoundException,
        AirflowOptionalProviderFeatureException,
        AirflowSensorTimeout,
        AirflowSkipException,
        AirflowTaskTimeout,
        DownstreamTasksSkipped,
        TaskDeferred,
    )
else:
    try:
        from airflow.sdk import BaseHook
    except ImportError:  # Airflow 3.0
        from airflow.hooks.base import BaseHook
    try:
        from airflow.sdk.configuration import conf
    except ImportError:  # before Airflow 3.2
        from airflow.configuration import conf
    try:
        from airflow.sdk.exceptions import (
            AirflowException,
            AirflowFailException,
            AirflowNotFoundException,
            AirflowOptionalProviderFeatureException,
            AirflowSensorTimeout,
            AirflowSkipException,
            AirflowTaskTimeout,
            DownstreamTasksSkipped,
            TaskDeferred,
        )
    except ImportError:  # before Airflow 3.2
        from airflow.exceptions import (
            AirflowException,
            AirflowFailException,
            AirflowNotFoundException,
            AirflowOptionalProviderFeatureException,
            AirflowSensorTimeout,
            AirflowSkipException,
            AirflowTaskTimeout,
            DownstreamTasksSkipped,
            TaskDeferred,
        )

__all__ = [
    "HUMAN_IN_THE_LOOP",
    "AirflowException",
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowOptionalProviderFeatureException",
    "AirflowSensorTimeout",
    "AirflowSkipException",
    "AirflowTaskTimeout",
    "BaseHook",
    "DownstreamTasksSkipped",
    "TaskDeferred",
    "async_connection",
    "conf",
    "has_acknowledged_streams",
    "hook_lineage_collector",
    "local_masker",
]

_LOCAL_MASKERS = (
    ("airflow.sdk._shared.secrets_masker", "mask_secret"),
    ("airflow._shared.secrets_masker", "mask_secret"),
    ("airflow.sdk.execution_time.secrets_masker", "mask_secret"),
)

HUMAN_IN_THE_LOOP = find_spec("airflow.sdk.execution_time.hitl") is not None
"""Whether Airflow can have a task wait for a person: from 3.1 on."""


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


@cache
def has_acknowledged_streams() -> bool:
    """Whether Airflow tells a trigger when its events are in the metadata database: from 3.3 on."""
    try:
        from airflow.triggers.shared_stream import SharedStreamProducer  # noqa: F401
    except ImportError:
        return False
    return True


async def async_connection(conn_id: str) -> tuple[Connection, Any]:
    """Look up a connection and its decoded extra on an event loop.

    :raises AirflowNotFoundException: when there is none.
    """
    # Before 3.3.2 the asynchronous look-up masks the connection's secrets with a call that blocks, which
    # fails while another call of the loop is open.
    if hasattr(Connection, "aextra_dejson"):
        # In dag.test() it does not see connections of the metadata database.
        with suppress(AirflowNotFoundException):
            connection = await BaseHook.aget_connection(conn_id=conn_id)
            return connection, await connection.aextra_dejson()
    from asgiref.sync import sync_to_async

    return await sync_to_async(_connection)(conn_id)


def _connection(conn_id: str) -> tuple[Connection, Any]:
    connection = BaseHook.get_connection(conn_id)
    return connection, connection.extra_dejson


def hook_lineage_collector() -> Any:
    """Return what collects the lineage of hooks; None when no lineage is read.

    Making a collector imports every plugin of Airflow, which takes a second. So one is only made where
    OpenLineage is installed, and otherwise used where it exists.
    """
    try:
        lineage = import_module("airflow.sdk.lineage")
    except ImportError:  # before Airflow 3.2
        lineage = import_module("airflow.lineage.hook")
    made = getattr(lineage.get_hook_lineage_collector, "cache_info", None)
    exists = made().currsize > 0 if made is not None else getattr(lineage, "_hook_lineage_collector", None)
    if not exists and find_spec("airflow.providers.openlineage") is None:
        return None
    collector = lineage.get_hook_lineage_collector()
    return None if isinstance(collector, lineage.NoOpCollector) else collector
