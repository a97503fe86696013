"""An Airflow home for each process of a test run, whose database is migrated once for all of them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AirflowHome:
    """The Airflow home of this process.

    :param shared: the folder of the test run, with the homes of all its processes.
    :param path: the home of this process.
    """

    shared: Path
    path: Path

    @classmethod
    def of_this_process(cls, prefix: str) -> AirflowHome:
        """Return the home of this process of pytest, also where pytest-xdist starts several.

        :param prefix: beginning of the folder's name.
        """
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
        shared = Path(tempfile.gettempdir()) / f"{prefix}-{os.getuid()}-{run}"
        return cls(shared, shared / os.environ.get("PYTEST_XDIST_WORKER", "main"))

    @property
    def is_first(self) -> bool:
        """Whether this is the process that starts the others, or the only one."""
        return self.path.name == "main"

    def environment(self) -> dict[str, str]:
        """Return the settings of an Airflow that has this home and nothing of another one."""
        return {
            "AIRFLOW_HOME": str(self.path),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.path / "dags"),
            "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.path}/airflow.db",
            "AIRFLOW__MKT__STATE_DIR": str(self.path / "state"),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }

    def create(self) -> None:
        """Create the home with a new database.

        :raises RuntimeError: when Airflow cannot migrate its database.
        """
        (self.path / "dags").mkdir(parents=True, exist_ok=True)
        template = self.shared / "template.db"
        with (self.shared / "template.lock").open("w") as lock:
            # Released when the file is closed.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not template.exists():
                self._migrate(template)
        shutil.copy(template, self.path / "airflow.db")

    def _migrate(self, template: Path) -> None:
        draft = AirflowHome(self.shared, self.shared / "draft")
        shutil.rmtree(draft.path, ignore_errors=True)
        draft.path.mkdir(parents=True)
        migrated = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env={**os.environ, **draft.environment()},
            capture_output=True,
            text=True,
            check=False,
        )
        if migrated.returncode:
            msg = f"airflow db migrate failed: {migrated.stderr[-2000:]}"
            raise RuntimeError(msg)
        (draft.path / "airflow.db").rename(template)

    def remove(self) -> None:
        """Delete the folder of the test run, when its first process ends."""
        if self.is_first:
            shutil.rmtree(self.shared, ignore_errors=True)
