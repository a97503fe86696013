"""Give every test process its own Airflow home, before anything imports Airflow."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
_RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
_SHARED = Path(tempfile.gettempdir()) / f"mkt-tests-{os.getuid()}-{_RUN}"
HOME = _SHARED / _WORKER

# Compiled anew in each of the many processes that tests start, Airflow takes twice as long to import.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.update(
    AIRFLOW_HOME=str(HOME),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__DAGS_FOLDER=str(HOME / "dags"),
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{HOME}/airflow.db",
    AIRFLOW__LOGGING__LOGGING_LEVEL="INFO",
    AIRFLOW__MKT__STATE_DIR=str(HOME / "state"),
    AIRFLOW__CORE__TEST_CONNECTION="Enabled",
)


# The same examples in every run, so that a test fails by what was changed; MKT_TEST_RANDOM draws others.
settings.register_profile(
    "mkt", deadline=None, max_examples=80, derandomize="MKT_TEST_RANDOM" not in os.environ
)
settings.load_profile("mkt")

_FIRST = ("tests/standalone/", "tests/cli/", "tests/operators/")
"""Folders with long tests. If they started last, the other processes would have nothing left to run."""


def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than cores, because tests wait more than they compute."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((n for n, folder in enumerate(_FIRST) if item.nodeid.startswith(folder)), len(_FIRST))

    items.sort(key=place)


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    """An Airflow home with a migrated database, which is migrated once for all processes."""
    (HOME / "dags").mkdir(parents=True, exist_ok=True)
    template = _SHARED / "template.db"
    with (_SHARED / "template.lock").open("w") as lock:
        # Released when the file is closed.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            draft = _SHARED / "draft"
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            environment = {
                **os.environ,
                "AIRFLOW_HOME": str(draft),
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{draft}/airflow.db",
            }
            migrated = subprocess.run(
                [sys.executable, "-m", "airflow", "db", "migrate"],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert migrated.returncode == 0, migrated.stderr[-2000:]
            (draft / "airflow.db").rename(template)
    shutil.copy(template, HOME / "airflow.db")
    return HOME


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _WORKER == "main":
        shutil.rmtree(_SHARED, ignore_errors=True)
