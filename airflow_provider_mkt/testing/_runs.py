"""Runs a DAG of a file in this process, in real Airflow."""

from __future__ import annotations

import _thread
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import DAG

_BUNDLES = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"


@dataclass(frozen=True)
class DagResult:
    """A DAG run that has ended.

    :param state: state of the run, such as ``success``.
    :param tasks: state of each task; a mapped task has one entry for each index, such as ``sync[0]``.
    :param returned: what each task returned; of a mapped task a list, in the order of the indexes.
    :param log: output of Airflow during the run.
    """

    state: str
    tasks: dict[str, str]
    returned: dict[str, Any] = field(default_factory=dict)
    log: str = field(default="", repr=False)


class WaitsForAPerson(Exception):
    """A task waits for a person, and the test gives no answer."""


def run_in_airflow(
    dag: DAG, conf: Mapping[str, Any] | None = None, logical_date: datetime | None = None
) -> DagResult:
    """Run a DAG that is in one of Airflow's bundles.

    :param conf: values of its params.
    """
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    from airflow_provider_mkt.cli.dag_files import prepare_test_run

    prepare_test_run(dag)
    output = StringIO()
    options: dict[str, Any] = {"logical_date": logical_date} if logical_date else {}
    with redirect_stdout(output):
        run = dag.test(run_conf=dict(conf) if conf else None, **options)
    tasks: dict[str, str] = {}
    returned: dict[str, Any] = {}
    for instance in run.get_task_instances():
        mapped = f"[{instance.map_index}]" if instance.map_index >= 0 else ""
        tasks[f"{instance.task_id}{mapped}"] = str(instance.state)
    with create_session() as session:
        rows = session.query(XComModel).filter_by(run_id=run.run_id, dag_id=dag.dag_id, key="return_value")
        for row in rows.order_by(XComModel.task_id, XComModel.map_index):
            value = XComModel.deserialize_value(row)
            if row.map_index >= 0:
                returned.setdefault(row.task_id, []).append(value)
            else:
                returned[row.task_id] = value
    return DagResult(str(run.state), tasks, returned, output.getvalue())


def run_file(
    file: Path,
    dag_id: str | None,
    *,
    params: Mapping[str, Any] | None,
    logical_date: datetime | None,
    answers: Mapping[str, str],
) -> DagResult:
    """Run a DAG of a file, with short waits, and with the answers of a person.

    :raises ImportError: when the file cannot be imported.
    :raises LookupError: when the file does not have that DAG, or several and none was named.
    :raises WaitsForAPerson: when a task waits for an answer that is not given.
    """
    from airflow_provider_mkt.cli.dag_files import load_dags
    from airflow_provider_mkt.cli.short_waits import shorten_waits

    # Airflow has the DAGs folder on the path.
    sys.path.insert(0, str(file.parent))
    try:
        dags, problem = load_dags(file)
    finally:
        sys.path.remove(str(file.parent))
    if problem is not None:
        raise ImportError(problem)
    if dag_id is None and len(dags) == 1:
        (dag_id,) = dags
    if dag_id is None or dag_id not in dags:
        msg = f"{file.name} has the DAGs {', '.join(sorted(dags)) or 'none'}; give one of them as dag_id"
        raise LookupError(msg)
    dag = dags[dag_id]
    for task in dag.tasks:
        shorten_waits(task)
    with _bundle_of(file), _answering(answers) as unanswered:
        try:
            return run_in_airflow(dag, params, logical_date)
        except KeyboardInterrupt:
            if not unanswered:
                raise
            raise WaitsForAPerson(unanswered[0]) from None


@contextmanager
def _bundle_of(file: Path) -> Iterator[None]:
    """Make the file the one bundle of Airflow: ``dag.test()`` runs no DAG that is in none."""
    before = os.environ.get(_BUNDLES)
    classpath = "airflow.dag_processing.bundles.local.LocalDagBundle"
    entry = {"name": "dags-folder", "classpath": classpath, "kwargs": {"path": str(file)}}
    os.environ[_BUNDLES] = json.dumps([entry])
    try:
        yield
    finally:
        if before is None:
            del os.environ[_BUNDLES]
        else:
            os.environ[_BUNDLES] = before


@contextmanager
def _answering(answers: Mapping[str, str]) -> Iterator[list[str]]:
    """Answer tasks that wait for a person, and interrupt the run at one without an answer.

    ``dag.test()`` would wait for ever.
    """
    from airflow_provider_mkt.cli.answers import AnsweringThread, let_triggers_read_answers

    unanswered: list[str] = []

    def on_event(event: str, **details: Any) -> None:
        if event == "waiting":
            task, options = details["task"], details["options"]
            unanswered.append(
                f"task {task!r} waits for a person ({details['subject']}). Its options are "
                f"{', '.join(options)}: run_dag(..., answers={{{task!r}: {options[0]!r}}})"
            )
            _thread.interrupt_main()

    let_triggers_read_answers()
    # A process that a shell started in the background ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = AnsweringThread(on_event, None, answers)
    thread.start()
    try:
        yield unanswered
    finally:
        thread.stop()
        signal.signal(signal.SIGINT, before)
