"""How many files of the package one row passes through, and how often the walk changes file.

One task writes one row: ``SyncLeadsOperator(leads=[...]).execute`` by calls. A first task imports what there
is to import, so that module bodies are not counted. ``row_walk.py [hubspot] [marketo] [--trace]``; with
``--trace`` each change of file is printed.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

from bench import Platform, airflow_environment, heading, line, selected_platforms, served


class Walk:
    """Counts the files of a package that are entered, and the changes from one file to another.

    Every thread that the task starts is counted. Calls of the same file in a row are one visit.
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


def walk(platform: Platform) -> Walk:
    """Write one row and count."""
    import airflow_provider_mkt
    from airflow_provider_mkt.operators.leads import SyncLeadsOperator

    package = Path(airflow_provider_mkt.__file__).parent
    for run in ("imports", "measured"):
        operator = SyncLeadsOperator(
            task_id="sync",
            conn_id=f"{platform.name}_default",
            leads=[{"email": f"{run}@example.com", platform.first_name: "Ada"}],
        )
        ti = SimpleNamespace(
            dag_id="walk", run_id=run, task_id="sync", map_index=-1, try_number=1, max_tries=0
        )
        context: Any = {"ti": ti}
        with Walk(package) as counted:
            outcome = operator.execute(context)
        assert outcome["created"] == 1, outcome
    return counted


def main(arguments: list[str]) -> None:
    heading("platform", "files entered", "changes of file")
    with served() as box, tempfile.TemporaryDirectory(prefix="mkt-walk-") as folder:
        airflow_environment(box, Path(folder))
        for platform in selected_platforms(arguments):
            counted = walk(platform)
            line(platform.name, len(counted.files), len(counted.visits))
            if "--trace" in arguments:
                for file, function in counted.visits:
                    print(f"    {file:50} {function}")
                for file, count in counted.files.most_common():
                    print(f"    {count:4} {file}")


if __name__ == "__main__":
    main(sys.argv[1:])
