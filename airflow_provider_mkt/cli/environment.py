"""The environment in which Airflow runs a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_mkt.cli import connections

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox import Sandbox

_KEPT = ("AIRFLOW_CONN_", "AIRFLOW_VAR_")


def child_environment(
    outer: Mapping[str, str],
    sandbox: Sandbox,
    *,
    home: Path,
    dag_file: Path,
    hubspot_ids: Iterable[str] = (),
    marketo_ids: Iterable[str] = (),
) -> dict[str, str]:
    """Make the environment of the process that runs Airflow.

    Of the caller's own Airflow it takes connections and variables and nothing else: a database, a
    configuration or a secrets backend of theirs would lead out of the sandbox.

    :param outer: the caller's environment.
    :param sandbox: where the connections lead.
    :param home: Airflow's home.
    :param dag_file: the file to run.
    :param hubspot_ids: connection ids, besides the default one, that lead to HubSpot.
    :param marketo_ids: the same for Marketo.
    """
    inner = {name: value for name, value in outer.items() if _is_kept(name)}
    inner |= {
        "AIRFLOW_HOME": str(home),
        # A bundle may be one file: its neighbours are not looked at.
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
    made = [connections.of_hubspot(sandbox, conn_id) for conn_id in ids["hubspot"]]
    made += [connections.of_marketo(sandbox, conn_id) for conn_id in ids["marketo"]]
    return inner | {one.variable: one.as_json for one in made}


def _is_kept(name: str) -> bool:
    return name.startswith(_KEPT) or not name.startswith(("AIRFLOW_", "_AIRFLOW_"))


def _type_of(connection: str) -> str:
    """The type of a connection written as a URI or as JSON."""
    text = connection.strip()
    if not text.startswith("{"):
        return text.partition("://")[0].lower()
    try:
        return str(json.loads(text).get("conn_type", "")).lower()
    except ValueError:
        return ""
