"""Run DAG files in real Airflow, as a user does."""

from __future__ import annotations

import functools
import importlib.util
import itertools
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from task_sdk_runs import run_in_task_sdk

from airflow_provider_mkt.client.hubspot import platform as hubspot_platform
from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.testing import _sandbox
from airflow_provider_mkt.testing._runs import DagResult as Run
from airflow_provider_mkt.testing._runs import run_in_airflow
from airflow_provider_mkt.testing._sandbox import connect, know_account

__all__ = ["Airflow", "Run", "connected", "know_account", "lift_rate_limits", "lift_search_limit"]

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


@contextmanager
def connected(**options: Any) -> Iterator[Sandbox]:
    """Start a sandbox with connections to it, whose jobs end soon.

    A test of how long they take, or of what happens meanwhile, sets that itself.

    :param options: arguments of :class:`.Sandbox`.
    """
    with _sandbox.connected(**options) as box:
        hubspot, marketo = box.hubspot.settings, box.marketo.settings
        hubspot.import_startup = hubspot.export_startup = marketo.import_startup = 0.1
        hubspot.import_error_lag, marketo.import_pickup = 0.0, 0.05
        yield box


def lift_rate_limits(box: Sandbox) -> None:
    """Let tasks send as many calls as they can, for tests that need many and are not about their rate."""
    for platform in box.platforms.values():
        platform.limits.rate.limit = None
    connect(box, "hubspot_default", "hubspot", {"calls_per_10_seconds": 10_000})
    connect(box, "marketo_default", "marketo", {"calls_per_20_seconds": 100_000})


def lift_search_limit(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tasks search HubSpot as often as they can, which allows five searches a second."""
    box.hubspot.limits.secondly.limit = None
    monkeypatch.setattr(hubspot_platform, "SEARCHES", Rate(1_000, 1.0))


def through_airflow(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a trigger as they are after Airflow has stored and read them."""
    # The second is its name before Airflow 3.1.
    names = ("airflow.sdk.serde", "airflow.serialization.serde")
    serde = import_module(next(name for name in names if importlib.util.find_spec(name)))
    stored: dict[str, Any] = serde.deserialize(json.loads(json.dumps(serde.serialize(arguments))))
    return stored


@functools.cache
def _make_validators_once() -> None:
    """Let Airflow keep the validator of template fields.

    It makes one for each field of each task that runs, and each takes some milliseconds.
    """
    from airflow.sdk.execution_time import task_runner

    names = vars(task_runner)
    names["TypeAdapter"] = functools.cache(names["TypeAdapter"])


class Airflow:
    """An Airflow home that runs DAG files one after another."""

    def __init__(self, home: Path) -> None:
        _make_validators_once()
        self.home = home
        self.dags = home / "dags"

    def run(self, body: str, **params: Any) -> Run:
        """Run the tasks that *body* defines inside a DAG.

        :param body: lines of Python for the body of ``with DAG(...):``.
        """
        return run_in_airflow(self._dag_of(body), params)

    def run_tasks(self, body: str, **params: Any) -> Run:
        """Run the tasks that *body* defines as :meth:`run` does, with Airflow's Task SDK alone.

        Templates, XComs, retries, deferral, callbacks and the log are Airflow's. There is no scheduler, API
        server or database, which take several times as long: for what is about mapped tasks, trigger rules,
        assets or stored variables, and once for each operator, use :meth:`run`.
        """
        return run_in_task_sdk(self._dag_of(body), params)

    def run_file(self, source: str, dag_id: str, **params: Any) -> Run:
        """Run one DAG of a DAG file."""
        return run_in_airflow(self._written(source, dag_id), params)

    def _dag_of(self, body: str) -> Any:
        dag_id = f"dag_{os.getpid()}_{next(_numbers)}"
        indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
        source = f"{HEADER}\nwith DAG({dag_id!r}, schedule=None, default_args=FAST) as dag:\n{indented}\n"
        return self._written(source, dag_id)

    def _written(self, source: str, dag_id: str) -> Any:
        """Return a DAG of a DAG file, which is the only one in the folder."""
        for old in self.dags.glob("*.py"):
            old.unlink()
        path = self.dags / f"{dag_id}_{next(_numbers)}.py"
        path.write_text(source)
        return next(one for one in vars(_load(path)).values() if getattr(one, "dag_id", None) == dag_id)


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
