"""``mkt-sandbox run``: runs a DAG file against the sandbox."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from airflow_provider_mkt.cli.environment import child_environment
from airflow_provider_mkt.cli.exit_codes import FAILED, UNANSWERED, WRONG_USE
from airflow_provider_mkt.cli.monitor import RunMonitor, UsageError
from airflow_provider_mkt.cli.process import AirflowProcess, delay_signals
from airflow_provider_mkt.cli.short_waits import COMMIT_LAG, EXPORT_MINUTES
from airflow_provider_mkt.sandbox import Sandbox

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from types import FrameType

_LOG = "airflow.log"
_TERMINATED = 128 + signal.SIGTERM


def run(options: argparse.Namespace) -> int:
    """Run the DAGs of a file and print the results.

    :param options: the parsed arguments.
    :returns: the exit code: 0 when every DAG succeeded, 1 when one did not, 2 for invalid arguments, 3 when
        a task waits for a person.
    """
    started = time.monotonic()
    signal.signal(signal.SIGTERM, _terminate)
    try:
        file = _check_file(options.file)
        request = {
            "file": str(file),
            "dag_ids": options.dag_id,
            "conf": _parse_params(options.param),
            "default_answer": options.default_answer,
            "answers": _parse_answers(options.answer),
        }
        with _run_directory(file, keep=options.keep) as home:
            log = _log_file(options.log, home)
            with Sandbox(latency=options.latency) as sandbox:
                sandbox.marketo.settings.export_minutes = EXPORT_MINUTES
                sandbox.marketo.settings.commit_lag = COMMIT_LAG
                _print(
                    f"Running {file.name} in Airflow, against a sandbox of HubSpot ({sandbox.hubspot.url}/) "
                    f"and Marketo ({sandbox.marketo.url}/). Airflow's log: {log}"
                )
                environment = child_environment(
                    os.environ,
                    sandbox,
                    home=home,
                    dag_file=file,
                    hubspot_ids=options.hubspot_conn_id,
                    marketo_ids=options.marketo_conn_id,
                )
                process = None
                try:
                    with delay_signals():
                        process = AirflowProcess(request, environment, log)
                    monitor = RunMonitor(
                        process, sandbox, database=home / "airflow.db", log=log, write_line=_print
                    )
                    monitor.run_until(started + options.timeout)
                finally:
                    if process is not None:
                        process.stop()
                _print(monitor.report(shutil.get_terminal_size((100, 24)).columns))
                if options.keep:
                    _print(f"Kept: {home}")
        if monitor.problems:
            sys.stderr.write("".join(f"mkt-sandbox: {problem}\n" for problem in monitor.problems))
            sys.stderr.write(f"mkt-sandbox: Airflow's log: {log}\n")
            return UNANSWERED if monitor.unanswered else FAILED
    except UsageError as error:
        sys.stderr.write(f"mkt-sandbox: {error}\n")
        return WRONG_USE
    return 0


def _check_file(file: Path) -> Path:
    """Return the absolute path of the file.

    :raises UsageError: when the file does not exist or does not compile. Airflow is not started for that.
    """
    try:
        source = file.read_bytes()
    except OSError as error:
        msg = f"{file}: {error.strerror}"
        raise UsageError(msg) from None
    try:
        compile(source, str(file), "exec", dont_inherit=True)
    except SyntaxError as error:
        msg = f"{file} cannot be imported: {type(error).__name__}: {error.msg} (line {error.lineno})"
        raise UsageError(msg) from None
    except ValueError as error:
        msg = f"{file} is not a Python file: {error}"
        raise UsageError(msg) from None
    return file.absolute()


def _parse_params(arguments: Sequence[str]) -> dict[str, object]:
    params: dict[str, object] = {}
    for text in arguments:
        name, equals, value = text.partition("=")
        if not equals or not name:
            msg = f"--param takes NAME=VALUE, not {text!r}"
            raise UsageError(msg)
        try:
            params[name] = json.loads(value)
        except ValueError:
            params[name] = value
    return params


def _parse_answers(arguments: Sequence[str]) -> dict[str, str]:
    answers: dict[str, str] = {}
    for text in arguments:
        task_id, equals, option = text.partition("=")
        if not equals or not task_id or not option:
            msg = f"--answer takes TASK_ID=OPTION, not {text!r}"
            raise UsageError(msg)
        answers[task_id] = option
    return answers


def _log_file(path: Path | None, home: Path) -> Path:
    if path is None:
        return home / _LOG
    try:
        path.write_bytes(b"")
    except OSError as error:
        msg = f"--log {path}: {error.strerror}"
        raise UsageError(msg) from None
    return path.absolute()


@contextmanager
def _run_directory(file: Path, *, keep: bool) -> Iterator[Path]:
    """Create Airflow's home; keep only the files in it whose paths were printed: log and rejects."""
    home = Path(tempfile.mkdtemp(prefix=f"mkt-sandbox-{file.stem}-"))
    kept = [home / _LOG, home / "state" / "rejects"]
    try:
        yield home
    except UsageError:
        kept = []
        raise
    finally:
        if not keep:
            _delete_except(home, kept)


def _delete_except(directory: Path, kept: Sequence[Path]) -> None:
    for entry in directory.iterdir():
        if entry in kept:
            continue
        if any(entry in one.parents for one in kept):
            _delete_except(entry, kept)
        elif entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    if not any(directory.iterdir()):
        directory.rmdir()


def _print(text: str) -> None:
    print(text, flush=True)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(_TERMINATED)
