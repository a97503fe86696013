"""Fail on demand: which requests fail, how, and before or after the endpoint runs."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

ANSWER_KINDS = ("reset", "cut", "status", "code", "error")


class Fault(BaseModel):
    """One planned failure: `before` the endpoint runs, or `after` it, with the response lost."""

    model_config = ConfigDict(extra="forbid")

    id: int = 0
    method: str | None = None
    path: str = "*"
    when: Literal["before", "after"] = "before"
    answer: JsonObject | None = None
    delay: float = Field(default=0.0, ge=0)
    times: int | None = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    fired: int = 0

    @model_validator(mode="after")
    def _check(self) -> Fault:
        if self.answer is None:
            if not self.delay:
                msg = "a fault needs an answer or a delay"
                raise ValueError(msg)
        elif not 100 <= int(self.answer.get("status", 200)) <= 599:
            msg = "the status of an answer is from 100 to 599"
            raise ValueError(msg)
        elif sum(kind in self.answer for kind in ANSWER_KINDS) != 1:
            msg = f"an answer holds exactly one of {', '.join(ANSWER_KINDS)}"
            raise ValueError(msg)
        elif "cut" in self.answer and (self.when == "before" or int(self.answer["cut"]) < 0):
            msg = "only after the work there is an answer to be cut off, after so many bytes"
            raise ValueError(msg)
        return self

    @property
    def name(self) -> str | None:
        """Name of the documented error to respond with, if any."""
        if self.answer is None:
            return None
        name = self.answer.get("code", self.answer.get("error"))
        return None if name is None else str(name)

    def matches(self, method: str, path: str) -> bool:
        return (self.method is None or self.method.upper() == method) and fnmatchcase(path, self.path)


class FiredFault(BaseModel):
    """A fault that was applied to a request."""

    fault: int
    at: float
    method: str
    path: str
    when: str


class Faults:
    """The faults of one platform: those that wait for a request, and those that have fired."""

    def __init__(self, clock: Clock, is_documented: Callable[[str], bool]) -> None:
        self._clock = clock
        self._is_documented = is_documented
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self.waiting: list[Fault] = []
        self.fired: deque[FiredFault] = deque(maxlen=500)

    def add(
        self,
        path: str = "*",
        *,
        method: str | None = None,
        when: Literal["before", "after"] = "before",
        answer: JsonObject | None = None,
        delay: float = 0.0,
        times: int | None = 1,
        skip: int = 0,
    ) -> Fault:
        """Add a fault.

        :param path: pattern of the path, as in `fnmatch`.
        :param method: HTTP method; None for any.
        :param when: before or after the endpoint runs.
        :param answer: one of `reset`, `cut`, `status`, `code`, `error`.
        :param delay: seconds to wait before it.
        :param times: how many requests it applies to; None for all until it is cleared.
        :param skip: how many matching requests to let pass first.
        """
        fault = Fault(path=path, method=method, when=when, answer=answer, delay=delay, times=times, skip=skip)
        return self.order(fault)

    def order(self, fault: Fault) -> Fault:
        """Add a fault that has been made."""
        if fault.name is not None and not self._is_documented(fault.name):
            msg = f"this platform documents no error named {fault.name!r}"
            raise ValueError(msg)
        with self._lock:
            fault.id, fault.fired = next(self._ids), 0
            self.waiting.append(fault)
        return fault

    def consume(self, method: str, path: str, when: str) -> Fault | None:
        """Return the fault that applies to this request, if any, and count its use."""
        if not self.waiting:
            return None
        with self._lock:
            for fault in self.waiting:
                if fault.when != when or not fault.matches(method, path):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.fired += 1
                if fault.times is not None and fault.fired >= fault.times:
                    self.waiting.remove(fault)
                self.fired.append(
                    FiredFault(fault=fault.id, at=self._clock.time(), method=method, path=path, when=when)
                )
                return fault
        return None

    def clear(self) -> None:
        """Remove all waiting faults, and the record of those that fired."""
        with self._lock:
            self.waiting.clear()
            self.fired.clear()

    def remove(self, fault_id: int) -> bool:
        """Remove one waiting fault. Return whether there was one."""
        with self._lock:
            before = len(self.waiting)
            self.waiting[:] = [fault for fault in self.waiting if fault.id != fault_id]
            return len(self.waiting) < before

    def snapshot(self) -> JsonObject:
        return {
            "waiting": [fault.model_dump() for fault in self.waiting],
            "fired": [fired.model_dump() for fired in self.fired],
        }
