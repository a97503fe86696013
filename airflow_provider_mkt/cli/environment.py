"""The environment variables of the process that runs Airflow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_mkt.cli import connections

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox import Sandbox

_KEPT_PREFIXES = ("AIRFLOW_CONN_", "AIRFLOW_VAR_")


def child_environment(
    outer: Mapping[str, str],
    sandbox: Sandbox,
    *,
    home: Path,
    dag_file: Path,
    hubspot_ids: Iterable[str] = (),
    marketo_ids: Iterable[str] = (),
) -> dict[str, str]:
    """Return the environment of the process that runs Airflow.

    It keeps the connections and variables of the user's own Airflow and nothing else of it: a database, a
    configuration or a secrets backend could lead out of the sandbox.

    :param outer: the user's environment.
    :param sandbox: the target of the connections.
    :param home: Airflow's home.
    :param dag_file: the file to run.
    :param hubspot_ids: ids of more HubSpot connections, in addition to ``hubspot_default``.
    :param marketo_ids: ids of more Marketo connections, in addition to ``marketo_default``.
    """
    inner = {name: value for name, value in outer.items() if _is_kept(name)}
    inner |= {
        "AIRFLOW_HOME": str(home),
        # A bundle may be a single file: other files in its folder are not parsed.
        "AIRFLOW__CORE__DAGS_FOLDER": str(dag_file),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__MKT__STATE_DIR": str(home / "state"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    ids = {
        "hubspot": {"hubspot_default", *hubspot_ids},
        "marketo": {"marketo_default", *marketo_ids},
    }
    for name, value in outer.items():
        if name.startswith("AIRFLOW_CONN_") and (conn_type := _type_of(value)) in ids:
            ids[conn_type].add(name.removeprefix("AIRFLOW_CONN_").lower())
    created = [connections.of_hubspot(sandbox, conn_id) for conn_id in ids["hubspot"]]
    created += [connections.of_marketo(sandbox, conn_id) for conn_id in ids["marketo"]]
    return inner | {one.variable: one.as_json for one in created}


def _is_kept(name: str) -> bool:
    return name.startswith(_KEPT_PREFIXES) or not name.startswith(("AIRFLOW_", "_AIRFLOW_"))


def _type_of(connection: str) -> str:
    """Return the type of a connection in URI or JSON format."""
    text = connection.strip()
    if not text.startswith("{"):
        return text.partition("://")[0].lower()
    try:
        return str(json.loads(text).get("conn_type", "")).lower()
    except ValueError:
        return ""
