"""The process that runs Airflow, and its events."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_GRACE_SECONDS = 3.0


@contextmanager
def delay_signals() -> Iterator[None]:
    """Delay SIGINT and SIGTERM until the block ends, so that no process is left behind."""
    received: list[int] = []
    before = {
        signum: signal.signal(signum, lambda signum, frame: received.append(signum))
        for signum in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
        if received:
            signal.raise_signal(received[0])


class AirflowProcess:
    """A child process in a process group of its own, so that it can be stopped with all of its children.

    :param request: the arguments of :func:`.in_airflow.run`.
    :param environment: its environment variables.
    :param log: the file for its output.
    """

    def __init__(self, request: Mapping[str, object], environment: Mapping[str, str], log: Path) -> None:
        reading, writing = os.pipe()
        try:
            with log.open("wb") as output:
                self._process = subprocess.Popen(  # noqa: S603 - our own module
                    [
                        sys.executable,
                        "-m",
                        "airflow_provider_mkt.cli.child",
                        str(writing),
                        json.dumps(request),
                    ],
                    env=dict(environment),
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    pass_fds=(writing,),
                    start_new_session=True,
                )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._events: SimpleQueue[JsonObject] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, args=(reading,), daemon=True)
        self._reader.start()

    def next_event(self, timeout: float) -> JsonObject | None:
        """Return the next event, or None after *timeout* seconds without one. The last event is ``exit``."""
        try:
            return self._events.get(timeout=timeout)
        except Empty:
            return None

    def stop(self) -> None:
        """Stop the process and its children."""
        for signum in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signum)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_SECONDS)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._reader.join(_GRACE_SECONDS)

    def _read(self, descriptor: int) -> None:
        with os.fdopen(descriptor, encoding="utf-8") as pipe:
            for line in pipe:
                self._events.put(json.loads(line))
        self._events.put({"event": "exit", "code": self._process.wait()})
