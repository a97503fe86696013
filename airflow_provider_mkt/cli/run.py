"""``mkt-sandbox run``: a DAG file, against the sandbox."""

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
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_mkt.cli.environment import child_environment
from airflow_provider_mkt.cli.exit_codes import FAILED, WRONG_USE
from airflow_provider_mkt.cli.process import AirflowProcess, signals_held_back
from airflow_provider_mkt.cli.watch import Unusable, Watch
from airflow_provider_mkt.sandbox import Sandbox

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from types import FrameType

_LOG = "airflow.log"
_EXPORT_MINUTES = 0.02
"""How long a status of Marketo's exports lasts: a person waits for it."""
_TERMINATED = 128 + signal.SIGTERM


def run(options: argparse.Namespace) -> int:
    """Run the DAGs of a file and tell what came of it.

    :param options: file, DAG ids, parameters, and where things go.
    :returns: the exit code: 0 when every DAG succeeded, 1 when one did not, 2 for wrong use.
    """
    began = time.monotonic()
    signal.signal(signal.SIGTERM, _terminate)
    try:
        file = _checked(options.file)
        order = {"file": str(file), "dag_ids": options.dag_id, "conf": _params(options.param)}
        with _run_directory(file, keep=options.keep) as home:
            log = _log_file(options.log, home)
            with Sandbox(latency=options.latency) as sandbox:
                sandbox.marketo.settings.export_minutes = _EXPORT_MINUTES
                _say(
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
                    with signals_held_back():
                        process = AirflowProcess(order, environment, log)
                    watch = Watch(process, sandbox, database=home / "airflow.db", log=log, say=_say)
                    watch.until(began + options.timeout)
                finally:
                    if process is not None:
                        process.end()
                _say(watch.report(shutil.get_terminal_size((100, 24)).columns))
                if options.keep:
                    _say(f"Kept: {home}")
        if watch.problems:
            sys.stderr.write("".join(f"mkt-sandbox: {problem}\n" for problem in watch.problems))
            sys.stderr.write(f"mkt-sandbox: Airflow's log: {log}\n")
            return FAILED
    except Unusable as error:
        sys.stderr.write(f"mkt-sandbox: {error}\n")
        return WRONG_USE
    return 0


def _checked(file: Path) -> Path:
    """The file's full path.

    :raises Unusable: when there is none, or Python cannot read it; Airflow need not be started for that.
    """
    try:
        source = file.read_bytes()
    except OSError as error:
        msg = f"{file}: {error.strerror}"
        raise Unusable(msg) from None
    try:
        compile(source, str(file), "exec", dont_inherit=True)
    except SyntaxError as error:
        msg = f"{file} cannot be imported: {type(error).__name__}: {error.msg} (line {error.lineno})"
        raise Unusable(msg) from None
    except ValueError as error:
        msg = f"{file} is no Python file: {error}"
        raise Unusable(msg) from None
    return file.absolute()


def _params(given: Sequence[str]) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            msg = f"--param takes NAME=VALUE, not {text!r}"
            raise Unusable(msg)
        try:
            params[name] = json.loads(value)
        except ValueError:
            params[name] = value
    return params


def _log_file(wanted: Path | None, home: Path) -> Path:
    if wanted is None:
        return home / _LOG
    try:
        wanted.write_bytes(b"")
    except OSError as error:
        msg = f"--log {wanted}: {error.strerror}"
        raise Unusable(msg) from None
    return wanted.absolute()


@contextmanager
def _run_directory(file: Path, *, keep: bool) -> Iterator[Path]:
    """A directory for Airflow's home. What was named to the user, log and rejects, outlives the run."""
    home = Path(tempfile.mkdtemp(prefix=f"mkt-sandbox-{file.stem}-"))
    named = [home / _LOG, home / "state" / "rejects"]
    try:
        yield home
    except Unusable:
        named = []
        raise
    finally:
        if not keep:
            _clear(home, named)


def _clear(directory: Path, but: Sequence[Path]) -> None:
    for entry in directory.iterdir():
        if entry in but:
            continue
        if any(entry in one.parents for one in but):
            _clear(entry, but)
        elif entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    if not any(directory.iterdir()):
        directory.rmdir()


def _say(text: str) -> None:
    print(text, flush=True)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(_TERMINATED)
