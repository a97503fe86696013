"""Runs the command ``mkt-sandbox`` in a process."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "example_dags"
TIMEOUT = 600


@dataclass(frozen=True)
class Result:
    code: int
    stdout: str
    stderr: str

    def table(self) -> dict[str, list[str]]:
        """Return label and cells of each line that has cells."""
        cells = [re.split(r" {2,}", line.strip()) for line in self.stdout.splitlines()]
        return {label: values for label, *values in cells if values}


def start(*arguments: str | Path, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the command."""
    return subprocess.Popen(
        [sys.executable, "-m", "airflow_provider_mkt.cli.main", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        # A test run in the background of a shell ignores SIGINT, and the command would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for(process: subprocess.Popen[str]) -> Result:
    """Wait until the command ends."""
    with process:
        try:
            stdout, stderr = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
    return Result(process.returncode, stdout, stderr)


def command(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
    """Run the command and wait until it ends."""
    return wait_for(start(*arguments, env=env))
