"""Time to import every operator and sensor, in addition to ``airflow.sdk``.

Measured with compiled bytecode, as in an installed package.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

CODE = """
import sys, time
import airflow.sdk
import airflow.triggers.base
from importlib import import_module
from airflow_provider_mkt.get_provider_info import get_provider_info
info = get_provider_info()
entries = [*info["operators"], *info["sensors"]]
modules = {module for entry in entries for module in entry["python-modules"]}
before, started = len(sys.modules), time.perf_counter()
for module in sorted(modules):
    import_module(module)
print((time.perf_counter() - started) * 1000, len(sys.modules) - before)
"""
RUNS = 9


def imported(environment: dict[str, str]) -> list[str]:
    command = [sys.executable, "-c", CODE]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split()


def main() -> None:
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": bytecode}
        imported(environment)
        runs = [imported(environment) for _ in range(RUNS)]
    times = sorted(float(line[0]) for line in runs)
    print(
        f"median {statistics.median(times):.0f} ms, fastest {times[0]:.0f} ms of {RUNS}, {runs[0][1]} modules"
    )


if __name__ == "__main__":
    main()
