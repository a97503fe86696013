"""Answers about an account that change rarely, kept for a while for all tasks of this machine.

A task that writes few leads would otherwise wait longer for what it must know before the first of them than
for the leads.
"""

from __future__ import annotations

import json
import time
from hashlib import sha256
from typing import Any, TypeVar, cast

from airflow_provider_mkt.actions.procedure import AllOf, Procedure
from airflow_provider_mkt.client.call import Call, Json, Replay
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, PermissionDenied, PlatformError
from airflow_provider_mkt.state.task_state import TaskState

T = TypeVar("T")

REFUSALS = (InvalidRequest, PermissionDenied)
"""Answers that a repeated call has too."""


class KeptAnswers:
    """The answers of calls that read, as JSON, with the time at which they came.

    They hold no data of people: only calls without a body are kept, for procedures that are meant for it.

    :param state: keeps them.
    """

    def __init__(self, state: TaskState) -> None:
        self._state = state

    def keep(self, procedure: Procedure[T]) -> Procedure[T]:
        """Return the same procedure, of which the answers are kept, and that the platform refused a call."""
        answer: Any = None
        failure: PlatformError | None = None
        try:
            while True:
                step = procedure.throw(failure) if failure is not None else procedure.send(answer)
                answer, failure = None, None
                try:
                    answer = yield step
                except PlatformError as error:
                    failure = error
                if isinstance(step, AllOf):
                    for call, one in zip(step.calls, answer or (), strict=False):
                        self._set(call, one)
                else:
                    self._set(step, failure or answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            procedure.close()

    def recall(self, procedure: Procedure[T], max_age: float) -> T | None:
        """Return the result of a procedure whose answers are all kept; None otherwise.

        None as well where the procedure fails with them: what is some minutes old refuses nothing, so the
        platform is to be read again.

        :param max_age: seconds since an answer came, at most.
        """
        answer: Any = None
        try:
            while True:
                failed = isinstance(answer, PlatformError)
                step = procedure.throw(answer) if failed else procedure.send(answer)
                if isinstance(step, AllOf):
                    answer = [self._get(call, max_age) for call in step.calls]
                else:
                    answer = self._get(step, max_age)
        except (_NotKept, PlatformError, InvalidInput):
            return None
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            procedure.close()

    def _get(self, step: object, max_age: float) -> object:
        kept = self._state.get(key) if (key := _key(step)) else None
        if not isinstance(kept, dict) or not 0 <= time.time() - cast("float", kept["at"]) <= max_age:
            raise _NotKept
        return InvalidRequest("was refused a short time ago") if kept.get("refused") else kept["answer"]

    def _set(self, step: object, answer: object) -> None:
        key, kept = _key(step), {"refused": True} if isinstance(answer, REFUSALS) else {"answer": answer}
        if not key:
            return
        try:
            value: Json = json.loads(json.dumps({**kept, "at": time.time()}))
        except (TypeError, ValueError):
            # An object, or the error of a call that may succeed the next time.
            return
        self._state.set(key, value)


class _NotKept(Exception):
    """The answer of a call is not kept, or is too old."""


def _key(step: object) -> str:
    """Identify a call that only reads; empty for anything else."""
    if not isinstance(step, Call) or step.replay is not Replay.SAFE or step.body is not None:
        return ""
    route = step.route
    what = json.dumps([step.name, route.method, route.family, route.tail, route.params, step.query])
    return sha256(what.encode()).hexdigest()[:32]
