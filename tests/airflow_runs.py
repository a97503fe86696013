"""Run DAG files in real Airflow, as a user does."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot_seed
from airflow_provider_mkt.sandbox.marketo import seed as marketo_seed

_numbers = itertools.count(1)

HEADER = """
from __future__ import annotations
import datetime, os
import pendulum
from airflow.sdk import DAG, Param, task
from airflow_provider_mkt.operators.campaigns import CreateCampaignBatchOperator
from airflow_provider_mkt.operators.emails import PublishEmailOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.nurture import EnrollNurtureOperator
from airflow_provider_mkt.sensors.batch_status import BatchStatusSensor
FAST = {"retry_delay": datetime.timedelta(seconds=0)}
"""


@dataclass
class Run:
    """A DAG run that has ended.

    :param state: state of the run.
    :param tasks: state of each task.
    :param returned: return value of each task.
    :param log: output of Airflow during the run.
    """

    state: str
    tasks: dict[str, str]
    returned: dict[str, Any] = field(default_factory=dict)
    log: str = ""


class Airflow:
    """An Airflow home that runs DAG files one after another."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.dags = home / "dags"

    def run(self, body: str, **params: Any) -> Run:
        """Run the tasks that *body* defines inside a DAG.

        :param body: lines of Python for the body of ``with DAG(...):``.
        """
        dag_id = f"dag_{os.getpid()}_{next(_numbers)}"
        indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
        source = f"{HEADER}\nwith DAG({dag_id!r}, schedule=None, default_args=FAST) as dag:\n{indented}\n"
        return self.run_file(source, dag_id, **params)

    def run_file(self, source: str, dag_id: str, **params: Any) -> Run:
        """Run one DAG of a DAG file."""
        for old in self.dags.glob("*.py"):
            old.unlink()
        path = self.dags / f"{dag_id}_{next(_numbers)}.py"
        path.write_text(source)
        output = StringIO()
        with redirect_stdout(output):
            run, returned = _test(_load(path), dag_id, params)
        tasks = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
        return Run(str(run.state), tasks, returned, output.getvalue())


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _test(module: Any, dag_id: str, params: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    dag = next(value for value in vars(module).values() if getattr(value, "dag_id", None) == dag_id)
    run = dag.test(run_conf=params or None)
    with create_session() as session:
        rows = session.query(XComModel).filter_by(run_id=run.run_id, dag_id=dag_id, key="return_value").all()
        returned = {row.task_id: XComModel.deserialize_value(row) for row in rows}
    return run, returned


_addresses: set[str] = set()


@contextmanager
def _sandbox_at_new_addresses(**options: Any) -> Iterator[Sandbox]:
    """Start a sandbox at addresses that no earlier one had, because tokens and budgets are kept by address.

    The system reuses ports, so a used port is held until another one is found.
    """
    with Sandbox(**options) as box:
        addresses = {platform.url for platform in box.platforms.values()}
        if addresses & _addresses:
            with _sandbox_at_new_addresses(**options) as other:
                yield other
        else:
            _addresses.update(addresses)
            yield box


@contextmanager
def connected(**options: Any) -> Iterator[Sandbox]:
    """Start a sandbox, with the connections ``hubspot_default`` and ``marketo_default`` to it."""
    with _sandbox_at_new_addresses(**options) as box:
        connections = {
            "AIRFLOW_CONN_HUBSPOT_DEFAULT": {
                "conn_type": "hubspot",
                "host": box.hubspot.url,
                "password": hubspot_seed.TOKEN,
                "extra": {"legacy_calls": True},
            },
            "AIRFLOW_CONN_MARKETO_DEFAULT": {
                "conn_type": "marketo",
                "host": box.marketo.url,
                "login": marketo_seed.CLIENT_ID,
                "password": marketo_seed.CLIENT_SECRET,
            },
        }
        before = {name: os.environ.get(name) for name in connections}
        os.environ.update({name: json.dumps(value) for name, value in connections.items()})
        try:
            yield box
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
