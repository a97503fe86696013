"""How many files of the package a task passes through, and how often the walk changes file.

Three walks: one task writes one row (``SyncLeadsOperator(leads=[...]).execute`` by calls); a worker publishes
a HubSpot email and polls it once (``PublishEmailOperator.execute`` with ``deferrable=True``, until the task
is deferred); the triggerer waits until it is sent (the trigger's ``run``, until its event). A first task of
each kind imports what there is to import, so that module bodies are not counted.
``row_walk.py [hubspot] [marketo] [--trace]``; with ``--trace`` each change of file is printed.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

from bench import HUBSPOT, Platform, Served, airflow_environment, heading, line, selected_platforms, served

from airflow_provider_mkt.sandbox.hubspot.seed import NEWSLETTER_EMAIL


class Walk:
    """Counts the files of a package that are entered, and the changes from one file to another.

    Every thread that is started meanwhile is counted. The two threads that a triggerer keeps for the budget
    are not, once they run: they enter the store and the window arithmetic. Calls of the same file in a row
    are one visit.
    """

    def __init__(self, package: Path) -> None:
        self._root = f"{package}/"
        self._sandbox = f"{package}/sandbox/"
        self._where = threading.local()
        self.files: Counter[str] = Counter()
        self.visits: list[tuple[str, str]] = []

    def __enter__(self) -> Walk:
        threading.setprofile(self._event)
        sys.setprofile(self._event)
        return self

    def __exit__(self, *exception: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _event(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "call":
            return
        file = frame.f_code.co_filename
        if not file.startswith(self._root) or file.startswith(self._sandbox):
            return
        if getattr(self._where, "file", None) != file:
            self._where.file = file
            short = file.removeprefix(self._root)
            self.files[short] += 1
            self.visits.append((short, frame.f_code.co_qualname))


PACKAGE = Path(__file__).parents[2] / "airflow_provider_mkt"


def context(run: str) -> Any:
    """Return the part of a task's context that the operators read."""
    ti = SimpleNamespace(dag_id="walk", run_id=run, task_id="walk", map_index=-1, try_number=1, max_tries=0)
    return {"ti": ti}


def row_walk(platform: Platform) -> Walk:
    """Write one row and count."""
    from airflow_provider_mkt.operators.leads import SyncLeadsOperator

    for run in ("imports", "measured"):
        operator = SyncLeadsOperator(
            task_id="sync",
            conn_id=f"{platform.name}_default",
            leads=[{"email": f"{run}@example.com", platform.first_name: "Ada"}],
        )
        with Walk(PACKAGE) as counted:
            outcome = operator.execute(context(run))
        assert outcome["created"] == 1, outcome
    return counted


def publish_walks(box: Served) -> tuple[Walk, Walk]:
    """Publish an email, wait for it in a trigger, and count both parts."""
    from airflow_provider_mkt.operators.emails import PublishEmailOperator
    from airflow_provider_mkt.version_compat import TaskDeferred

    for run in ("imports", "measured"):
        # The email is a draft again.
        box.control("hubspot", "reset", {})
        operator = PublishEmailOperator(
            task_id="publish",
            conn_id="hubspot_default",
            email_id=NEWSLETTER_EMAIL,
            wait_for_completion=True,
            deferrable=True,
        )
        with Walk(PACKAGE) as worker:
            try:
                operator.execute(context(run))
            except TaskDeferred as deferred:
                trigger = deferred.trigger
            else:
                raise AssertionError("the task was not deferred")
        box.control("hubspot", "clock", {"advance": 24 * 3600})
        with Walk(PACKAGE) as triggerer:
            event = asyncio.run(_event(trigger))
        assert event["status"] == "success", event
    return worker, triggerer


async def _event(trigger: Any) -> dict[str, Any]:
    async for event in trigger.run():
        return dict(event.payload)
    raise AssertionError("the trigger ended without an event")


def report(name: str, counted: Walk, *, trace: bool) -> None:
    """Print a walk as a line of the table."""
    line(name, len(counted.files), len(counted.visits))
    if trace:
        for file, function in counted.visits:
            print(f"    {file:50} {function}")
        for file, count in counted.files.most_common():
            print(f"    {count:4} {file}")


def main(arguments: list[str]) -> None:
    trace = "--trace" in arguments
    heading("walk", "files entered", "changes of file")
    with served() as box, tempfile.TemporaryDirectory(prefix="mkt-walk-") as folder:
        airflow_environment(box, Path(folder))
        for platform in selected_platforms(arguments):
            report(f"a row, {platform.name}", row_walk(platform), trace=trace)
        if HUBSPOT in selected_platforms(arguments):
            worker, triggerer = publish_walks(box)
            report("publish, worker", worker, trace=trace)
            report("publish, trigger", triggerer, trace=trace)


if __name__ == "__main__":
    main(sys.argv[1:])
