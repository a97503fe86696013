"""Run the tasks of a DAG in Airflow's Task SDK, with what the API server would keep held in memory.

``dag.test()`` starts Airflow's API server in the process, and writes the DAG and each step of its tasks to
the database. That is most of what a test of an operator takes, and none of what it is about.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import uuid4

import httpx

from airflow_provider_mkt.testing._runs import DagResult

if TYPE_CHECKING:
    from airflow.sdk import DAG

_MAX_TRIES = 20
"""No test retries as often: the task would go on for ever."""


class NotInTaskSDK(Exception):
    """The DAG needs the scheduler, the API server or the database of Airflow."""


class _Server(httpx.BaseTransport):
    """Answers the Task SDK as the API server does, for the tasks of one DAG run.

    :param dag_run: is part of each task's context.
    """

    def __init__(self, dag_run: dict[str, Any]) -> None:
        self.dag_run = dag_run
        self.task: dict[str, Any] = {}
        """What the task that runs gets as its context."""
        self.first_rescheduled: str | None = None
        """When a sensor that is rescheduled began to wait."""
        self._kept: dict[tuple[str, ...], Any] = {}

    def returned(self, task_id: str) -> Iterator[Any]:
        """Yield what a task returned, if it has returned anything."""
        place = ("xcoms", self.dag_run["dag_id"], self.dag_run["run_id"], task_id, "return_value")
        if place in self._kept:
            yield self._kept[place]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        place = tuple(unquote(part) for part in path.strip("/").split("/"))
        body = json.loads(request.content) if request.content else None
        match request.method, place:
            case "PATCH", ("task-instances", _, "run"):
                return httpx.Response(200, json={"dag_run": self.dag_run, **self.task})
            case ("PATCH", ("task-instances", _, "state")) | ("PUT", ("task-instances", _, "rtif")):
                pass
            case "GET", ("task-reschedules", _, "start_date"):
                return httpx.Response(200, json=self.first_rescheduled)
            case "POST", ("xcoms", _, _, _, _):
                self._kept[place] = body
            case "PUT", ("store", "ti", _, _):
                self._kept[place] = body["value"]
            case "GET", ("xcoms", _, _, _, _) | ("store", "ti", _, _) if place in self._kept:
                is_xcom = {"key": place[-1]} if place[0] == "xcoms" else {}
                return httpx.Response(200, json={**is_xcom, "value": self._kept[place]})
            case "GET", ("xcoms", _, _, _, _, "slice"):
                # Of a task that is not mapped.
                whole = [self._kept[place[:-1]]] if place[:-1] in self._kept else []
                return httpx.Response(200, json=whole)
            case "GET", ("xcoms" | "store" | "variables" | "connections", *_):
                detail = {"reason": "not_found", "message": f"{path} was not found"}
                return httpx.Response(404, json={"detail": detail})
            case "DELETE", ("xcoms", _, _, _, _) | ("store", "ti", _, _):
                self._kept.pop(place, None)
            case _:
                msg = f"{request.method} {path}: run this DAG with Airflow.run"
                raise NotInTaskSDK(msg)
        return httpx.Response(200, json={"ok": True})


def run_in_task_sdk(dag: DAG, conf: Mapping[str, Any]) -> DagResult:
    """Run the tasks of a DAG one after another.

    :param conf: values of its params.
    :raises NotInTaskSDK: when one of them needs more than the Task SDK.
    """
    from airflow.sdk.execution_time.supervisor import InProcessTestSupervisor

    now = datetime.now(UTC).isoformat()
    moments = ("logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date")
    dag_run = {
        **dict.fromkeys(moments, now),
        "dag_id": dag.dag_id,
        "run_id": f"manual__{now}",
        "end_date": None,
        "run_type": "manual",
        "state": "running",
        "conf": dict(conf) or None,
        "consumed_asset_events": [],
        "partition_key": None,
    }
    server = _Server(dag_run)

    class Supervisor(InProcessTestSupervisor):
        @staticmethod
        def _api_client(dag: Any = None) -> Any:
            return InProcessTestSupervisor._Client(base_url=None, token="", dry_run=True, transport=server)

    states: dict[str, str] = {}
    output = StringIO()
    with redirect_stdout(output):
        dag.validate()
        for task in dag.topological_sort():
            above = {states[task_id] for task_id in task.upstream_task_ids}
            if getattr(task, "is_mapped", False) or task.trigger_rule != "all_success":
                msg = f"{task.task_id} is mapped or has a trigger rule: run this DAG with Airflow.run"
                raise NotInTaskSDK(msg)
            if above <= {"success"}:
                states[task.task_id] = _run(task, server, Supervisor)
            else:
                states[task.task_id] = "skipped" if above <= {"success", "skipped"} else "upstream_failed"
    state = "success" if set(states.values()) <= {"success", "skipped"} else "failed"
    returned = {task_id: value for task_id in states for value in server.returned(task_id)}
    return DagResult(state, states, returned, output.getvalue())


def _run(task: Any, server: _Server, supervisor: Any) -> str:
    """Run one task until it has ended. Returns its state."""
    from airflow.sdk._shared.module_loading import import_string
    from airflow.sdk.api.datamodels._generated import TaskInstance
    from airflow.sdk.serde import deserialize, serialize

    dag_run = server.dag_run
    identity = uuid4()
    resumed: dict[str, Any] = {}
    tries, rescheduled = 1, 0
    while tries <= _MAX_TRIES:
        instance = TaskInstance(
            id=identity,
            task_id=task.task_id,
            dag_id=dag_run["dag_id"],
            run_id=dag_run["run_id"],
            try_number=tries,
            map_index=-1,
            dag_version_id=identity,
        )
        server.task = {
            "max_tries": task.retries,
            "should_retry": tries <= task.retries,
            "task_reschedule_count": rescheduled,
            **resumed,
        }
        began = datetime.now(UTC)
        ended = supervisor.start(what=instance, task=task)
        # As the scheduler says it.
        print(f"{task.task_id}, try {tries}: {ended.state.value}")
        match ended.state.value:
            case "deferred":
                trigger = import_string(ended.msg.classpath)(**deserialize(ended.msg.trigger_kwargs))
                event = supervisor.run_trigger_in_process(trigger=trigger, ti=instance)
                given = {"event": serialize(event.payload)} if event else ended.msg.next_kwargs
                resumed = {"next_method": ended.msg.next_method, "next_kwargs": given}
            case "up_for_reschedule":
                if not rescheduled:
                    server.first_rescheduled = began.isoformat()
                rescheduled += 1
                time.sleep(max(0.0, (ended.msg.reschedule_date - datetime.now(UTC)).total_seconds()))
            case "up_for_retry":
                resumed, tries, rescheduled = {}, tries + 1, 0
            case "success" | "failed" | "skipped" as state:
                return state
            case other:
                msg = f"{task.task_id} is {other}: run this DAG with Airflow.run"
                raise NotInTaskSDK(msg)
    raise AssertionError(f"{task.task_id} was tried {_MAX_TRIES} times")
