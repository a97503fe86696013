"""Connections of the user's Airflow, outside of a task."""

from __future__ import annotations

import json
import os


def show_to_hooks(conn_id: str) -> None:
    """Put a connection into the environment of this process, where hooks find it.

    Outside of a task hooks do not read Airflow's database.

    :raises AirflowNotFoundException: when there is no such connection.
    """
    from airflow.models.connection import Connection

    name = f"AIRFLOW_CONN_{conn_id.upper()}"
    if name in os.environ:
        return
    found = Connection.get_connection_from_secrets(conn_id)
    os.environ[name] = json.dumps(
        {
            "conn_type": found.conn_type,
            "host": found.host,
            "login": found.login,
            "password": found.password,
            "schema": found.schema,
            "port": found.port,
            "extra": found.extra or "",
        }
    )
