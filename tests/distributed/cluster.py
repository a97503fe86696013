"""Airflow with the CeleryExecutor: PostgreSQL, a Redis broker, and two workers as on two machines."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from distributed.servers import end_group, postgres_server, redis_server
from shared_servers import free_port
from standalone.service import OF_TASKS, START_TIMEOUT, Standalone

HEARTBEAT_TIMEOUT = 1800
"""Seconds without a heartbeat after which the scheduler takes a task's worker for dead.

More than a machine can be busy: what a killed worker ran is made as old as that, see `Cluster.kill_worker`.
"""


class Cluster(Standalone):
    """Airflow's components as processes of their own, used through the REST API.

    :param home: AIRFLOW_HOME, which only holds the DAGs and the logs.
    :param database: host and port of the PostgreSQL server.
    :param broker: URL of the Redis server.
    """

    preloading = ("worker",)
    preloads = (*OF_TASKS, "reliability.waits", "redis", "psycopg")

    def __init__(self, home: Path, database: str, broker: str) -> None:
        self._database = database
        metadata = f"postgresql+psycopg2://airflow@{database}/airflow"
        self.broker = f"{broker}/0"
        super().__init__(
            home,
            {
                "AIRFLOW__CORE__FERNET_KEY": "",
                "AIRFLOW__API_AUTH__JWT_SECRET": "the components trust each other by it" * 2,
                "AIRFLOW__API__SECRET_KEY": "for the sessions of the API server",
                "AIRFLOW__CELERY__BROKER_URL": self.broker,
                "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql://airflow@{database}/airflow",
                "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(HEARTBEAT_TIMEOUT),
                "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "1",
                "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "5",
            },
        )
        self._environment.update(
            AIRFLOW__CORE__EXECUTOR="CeleryExecutor",
            AIRFLOW__CORE__PARALLELISM="100",
            AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
            AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG="100",
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=metadata,
            AIRFLOW__SCHEDULER__MAX_TIS_PER_QUERY="100",
        )
        self._processes: list[subprocess.Popen[bytes]] = []
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        raise NotImplementedError

    def run(self, *workers: str) -> None:
        """Start everything, and wait until the API server answers and the workers take tasks.

        :param workers: a worker of each name, which serves the queues ``default`` and its own name.
        """
        self._run("db", "migrate").wait(timeout=START_TIMEOUT)
        self._processes = [
            self._run(*command) for command in (["api-server"], ["scheduler"], ["dag-processor"])
        ]
        for name in workers:
            self.workers[name] = self._worker(name)
        self.until(self._is_ready, START_TIMEOUT, "the API server did not start")
        self.until(lambda: self._listening() >= set(workers), START_TIMEOUT, f"not all of {workers} listen")

    def stop(self) -> None:
        self._client.close()
        for process in (*self.workers.values(), *self._processes):
            end_group(process, signal.SIGKILL)

    def kill_worker(self, name: str) -> None:
        """Kill -9 a worker, its supervisors and their tasks, as a machine that goes away does.

        The scheduler learns it at once, as if the time without a heartbeat had passed.
        """
        process = self.workers.pop(name)
        pids = _descendants(process.pid)
        end_group(process, signal.SIGKILL)
        # Supervisors start sessions of their own.
        for pid in pids:
            subprocess.run(["kill", "-9", str(pid)], capture_output=True, check=False)
        # Again and again, because the API server may still save the last heartbeat of one of them.
        self.until(lambda: self._without_heartbeat(pids) == 0, 600, "killed tasks count as running")

    def _without_heartbeat(self, pids: list[int]) -> int:
        """Make the last heartbeat of tasks old, and return how many of them count as running."""
        with psycopg.connect(f"postgresql://airflow@{self._database}/airflow") as metadata:
            return metadata.execute(
                "UPDATE task_instance SET last_heartbeat_at = now() - make_interval(secs => %s)"
                " WHERE state = 'running' AND pid = ANY(%s)",
                [2 * HEARTBEAT_TIMEOUT, pids],
            ).rowcount

    def serve(self, worker: str, queue: str) -> None:
        """Let a worker take the tasks of one more queue."""
        self._celery().control.add_consumer(queue, destination=[f"celery@{worker}"], reply=True)

    def instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return every task instance of a run, with those of mapped tasks."""
        found = self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=500")
        return [] if found is None else list(found["task_instances"])

    def _listening(self) -> set[str]:
        replies = self._celery().control.ping(timeout=1) or []
        return {name.removeprefix("celery@") for reply in replies for name in reply}

    def _celery(self) -> Any:
        from celery import Celery

        return Celery(broker=self.broker)

    def _worker(self, name: str) -> subprocess.Popen[bytes]:
        machine = self.home / f"machine-{name}"
        (machine / "tmp").mkdir(parents=True)
        own = {
            "AIRFLOW__MKT__STATE_DIR": str(machine / "state"),
            "TMPDIR": str(machine / "tmp"),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        }
        options = ["--queues", f"default,{name}", "--celery-hostname", name, "--concurrency", "16"]
        return self._run("celery", "worker", *options, "--without-gossip", "--without-mingle", **own)

    def _run(self, *arguments: str, **own: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "airflow", *arguments],
                env={**self._environment, **own},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def _descendants(pid: int) -> list[int]:
    """The processes that a process started, and that those started."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


@contextmanager
def cluster(
    home: Path, write_dags: Callable[[Path, dict[str, str]], None], workers: Sequence[str]
) -> Iterator[Cluster]:
    """Run a cluster.

    :param write_dags: writes the DAG files to a folder, given the URLs for ``[mkt] shared_state_url`` by kind
        of server.
    :param workers: names.
    """
    with ExitStack() as stack:
        database = stack.enter_context(postgres_server(home, "airflow", "shared"))
        broker = stack.enter_context(redis_server(home))
        service = Cluster(home / "airflow", database, broker)
        stack.callback(service.stop)
        write_dags(
            service.dags,
            {"redis": f"{broker}/1", "postgres": f"postgresql://airflow@{database}/shared"},
        )
        service.run(*workers)
        yield service
