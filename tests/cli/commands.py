"""Runs the command ``mkt-sandbox``."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_mkt.cli.main import main

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


def in_process(*arguments: str | Path, main: Callable[[Sequence[str]], int | None] = main) -> Result:
    """Run the command in this process. Airflow has a process of its own, if it comes to that.

    :param main: another command.
    """
    before, stdout, stderr = signal.getsignal(signal.SIGTERM), io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(stdout), redirect_stderr(stderr):
            code = main([str(one) for one in arguments]) or 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        signal.signal(signal.SIGTERM, before)
    return Result(code, stdout.getvalue(), stderr.getvalue())


def command(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
    """Run the command and wait until it ends."""
    return wait_for(start(*arguments, env=env))
