"""The process in which Airflow runs, and what it tells."""

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
from typing import Any

_GRACE = 3.0


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Let SIGINT and SIGTERM wait, so that nothing is started without being known."""
    caught: list[int] = []
    before = {
        number: signal.signal(number, lambda number, frame: caught.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for known, handler in before.items():
            signal.signal(known, handler)
        for number in caught[:1]:
            signal.raise_signal(number)


class AirflowProcess:
    """A child that leads a process group of its own, so that all of it can be ended.

    :param order: what ``in_airflow`` is to do.
    :param environment: its environment.
    :param log: the file that takes its output.
    """

    def __init__(self, order: Mapping[str, Any], environment: Mapping[str, str], log: Path) -> None:
        reading, writing = os.pipe()
        try:
            with log.open("wb") as output:
                self._process = subprocess.Popen(  # noqa: S603 - our own module
                    [
                        sys.executable,
                        "-m",
                        "airflow_provider_mkt.cli.child",
                        str(writing),
                        json.dumps(order),
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
        self._events: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, args=(reading,), daemon=True)
        self._reader.start()

    def next_event(self, timeout: float) -> dict[str, Any] | None:
        """The next thing it tells, if it tells one in time; ``exit`` is the last."""
        try:
            return self._events.get(timeout=timeout)
        except Empty:
            return None

    def end(self) -> None:
        """End it and whatever it started."""
        for number, grace in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(grace)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._reader.join(_GRACE)

    def _read(self, descriptor: int) -> None:
        with os.fdopen(descriptor, encoding="utf-8") as pipe:
            for line in pipe:
                self._events.put(json.loads(line))
        self._events.put({"event": "exit", "code": self._process.wait()})
