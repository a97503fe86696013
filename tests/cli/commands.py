"""Runs ``mkt-sandbox`` as a user does."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "example_dags"
TIMEOUT = 150


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str

    def table(self) -> dict[str, list[str]]:
        """Label to cells, of every line that has cells."""
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
        # Whoever runs the tests in the background of a shell ignores it, and so would the command.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for its end."""
    with process:
        try:
            stdout, stderr = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
    return Ended(process.returncode, stdout, stderr)


def command(*arguments: str | Path, env: dict[str, str] | None = None) -> Ended:
    """Run the command to its end."""
    return ended(start(*arguments, env=env))
