"""Lets ``dag.test()`` begin sooner."""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def serve_newest_task_api() -> bool:
    """Give this process the API for tasks in its newest version only.

    Tasks that ``dag.test()`` runs call an API server in their own process. Before its first answer that makes
    the routes of each version since Airflow 3.0, which takes longer than Airflow's import. The tasks of the
    process use the newest version alone.

    :returns: whether it was done. Where Airflow is built in another way, everything stays as it is.
    """
    try:
        from airflow.sdk.execution_time import supervisor

        server: Any = vars(supervisor)["in_process_api_server"]
    except (ImportError, KeyError):
        return False
    made = server()
    if getattr(made, "_app", None) is not None:
        # An earlier run has built it, and its tasks use it.
        return False
    try:
        _build(made)
    except Exception:
        # Whatever it was, the next server is built by Airflow alone.
        server.cache_clear()
        return False
    return True


def _build(server: Any) -> None:
    """Build the routes of a server.

    :raises ValueError: when tasks do not use the newest version.
    """
    from airflow.api_fastapi.execution_api import versions
    from airflow.sdk.api.datamodels import _generated
    from cadwyn import HeadVersion, Version, VersionBundle, route_generation

    every: Any = versions.bundle
    newest = every.versions[0].value
    if str(newest) != _generated.API_VERSION:
        msg = f"tasks use {_generated.API_VERSION} instead of {newest}"
        raise ValueError(msg)
    place: Any = versions
    place.bundle = VersionBundle(HeadVersion(), Version(newest))
    try:
        app = server.app
    finally:
        place.bundle = every
    router, of_older_ones = app._latest_version_router, route_generation._DELETED_ROUTE_TAG
    router.routes[:] = [route for route in router.routes if of_older_ones not in getattr(route, "tags", ())]
    app._cadwyn_initialize()
