"""Loads DAG files as Airflow's DAG processor does."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import DAG


def load_folder(path: Path) -> tuple[dict[str, DAG], Mapping[str, str]]:
    """Return the DAGs of a file or a folder, and the traceback of each file that cannot be imported."""
    bag_type: Any
    try:
        from airflow.dag_processing.dagbag import DagBag

        bag_type = DagBag
    except ImportError:  # Airflow 3.0 and 3.1
        from airflow.models import dagbag

        bag_type = dagbag.DagBag
    # Airflow keeps two frames otherwise, and the line of the DAG file is often further out.
    os.environ["AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH"] = "50"
    bag = bag_type(dag_folder=str(path))
    return dict(bag.dags), bag.import_errors


def load_dags(file: Path) -> tuple[dict[str, DAG], str | None]:
    """Return the DAGs of a file, or the error that prevents its import, in one line."""
    dags, errors = load_folder(file)
    if errors:
        return {}, f"{file.name} cannot be imported: {summarize(next(iter(errors.values())), file)}"
    return dags, None


def prepare_test_run(dag: Any) -> None:
    """Make up for what ``dag.test()`` does not do with a DAG in some versions of Airflow, or does slowly.

    :param dag: the DAG that is about to run.
    """
    from airflow.models import dag as models

    from airflow_provider_mkt.cli.task_api import serve_newest_task_api

    serve_newest_task_api()
    # A test run that is late alerts nobody. In Airflow 3.2 and 3.3 it cannot even end with a deadline.
    if getattr(dag, "deadline", None):
        dag.deadline = None
    # Airflow 3.0 refuses tasks with assets that the database does not have.
    stored: Any = vars(models).get("DAG")
    if hasattr(stored, "bulk_write_to_db"):
        from airflow.dag_processing.bundles import manager
        from airflow.serialization import serialized_objects

        bundles: Any = vars(manager)["DagBundlesManager"]()
        bundles.sync_bundles_to_db()
        bundle = next(iter(bundles.get_all_dag_bundles()))
        serialization: Any = vars(serialized_objects)["SerializedDAG"]
        serialized = serialization.deserialize_dag(serialization.serialize_dag(dag))
        stored.bulk_write_to_db(bundle.name, None, [serialized])


def summarize(traceback: str, file: Path) -> str:
    """Return what a traceback says, with the line of the file that it is about."""
    lines = traceback.strip().splitlines()
    frames = [place for place, line in enumerate(lines) if line.startswith("  File ")]
    after = lines[frames[-1] + 1 :] if frames else lines
    # Below a frame stand its source and marks, indented. A message may have several lines.
    message = [line.strip() for line in after if not line.startswith("    ")] or lines[-1:]
    return f"{' '.join(message).strip()}{_line_number(lines, file)}"


def _line_number(traceback: Sequence[str], file: Path) -> str:
    frames = [line for line in traceback if f'"{file}", line ' in line]
    return f" (line {frames[-1].partition(', line ')[2].partition(',')[0]})" if frames else ""
