"""Where httpx is not installed, the drivers send with httpx2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def without_httpx(tmp_path: Path) -> dict[str, str]:
    """The environment of a process that cannot import httpx."""
    pytest.importorskip("httpx2")
    (tmp_path / "without_httpx.py").write_text('import sys\n\nsys.modules["httpx"] = None\n')
    # What pytest-xdist tells its processes would reach the tests of that process.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return inherited | {"PYTHONPATH": str(tmp_path)}


def test_the_tests_of_the_drivers_pass(without_httpx: dict[str, str]) -> None:
    tests = HERE / "test_client_drivers.py"
    command = [sys.executable, "-m", "pytest", "-p", "without_httpx", "-n", "0", "-q", str(tests)]
    run = subprocess.run(command, env=without_httpx, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-5000:]


def test_requests_write_no_line_of_the_client_to_the_log(without_httpx: dict[str, str]) -> None:
    code = (
        "import without_httpx, logging\n"
        "from airflow_provider_mkt.client.transport import drivers\n"
        "drivers._settings()\n"
        "from airflow_provider_mkt.client.transport.http_client import LOGGERS, httpx\n"
        "assert (httpx.__name__, LOGGERS[1]) == ('httpx2', 'httpcore2.http11')\n"
        "assert not logging.getLogger('httpx2').isEnabledFor(logging.INFO)\n"
        "logging.getLogger('httpx2').setLevel(logging.DEBUG)\n"
        "drivers._settings()\n"
        "assert logging.getLogger('httpx2').isEnabledFor(logging.DEBUG)\n"
    )
    subprocess.run([sys.executable, "-c", code], env=without_httpx, check=True)
