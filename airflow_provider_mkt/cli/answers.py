"""Answers the tasks that wait for a person, in the process that runs Airflow.

Nobody sees the pages of that Airflow, and ``dag.test()`` waits for an answer for ever. So the answers are
written to Airflow's database as its API does, while the DAGs run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_mkt.version_compat import HUMAN_IN_THE_LOOP

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_POLL_INTERVAL = 0.3
_MAX_WAIT = 3.0
"""Seconds that a trigger's request for an answer waits for one, so that the trigger does not sleep for 5."""
_NOBODY = {"id": "mkt-sandbox", "name": "mkt-sandbox"}
"""Who answers a task that has no assigned users."""


class WriteEvent(Protocol):
    """Writes an event to the parent command."""

    def __call__(self, event: str, **details: object) -> None: ...


class AnsweringThread(threading.Thread):
    """Answers tasks as the user said, and reports those for which there is no answer.

    :param write_event: receives ``answered`` and ``waiting``, once for each task instance.
    :param default: the option for every task that has it, e.g. ``Approve``; None for no such option.
    :param answers: the option by task id.
    """

    def __init__(self, write_event: WriteEvent, default: str | None, answers: Mapping[str, str]) -> None:
        super().__init__(daemon=True)
        self._write_event, self._default, self._answers = write_event, default, answers
        self._reported: set[str] = set()
        self._ended = threading.Event()

    def start(self) -> None:
        """Start, with all of Airflow's models in place.

        The first query of a process imports them while it holds SQLAlchemy's lock. In the thread it would
        wait for a model that the main thread imports, and the main thread for the lock.
        """
        if HUMAN_IN_THE_LOOP:
            from airflow.models import hitl  # noqa: F401
            from sqlalchemy.orm import configure_mappers

            configure_mappers()
        super().start()

    def stop(self) -> None:
        """Stop, and wait until no transaction is open."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Answer until it is stopped."""
        from sqlalchemy.exc import OperationalError

        if not HUMAN_IN_THE_LOOP:
            return

        while not self._ended.wait(_POLL_INTERVAL):
            try:
                self._answer_all()
            except OperationalError:
                # SQLite is locked while a task writes. The next poll finds the same tasks.
                continue

    def _answer_all(self) -> None:
        from airflow.models.hitl import HITLDetail
        from airflow.utils.session import create_session
        from sqlalchemy import select

        with create_session() as session:
            for request in session.scalars(select(HITLDetail)).unique().all():
                if request.responded_at is None:
                    self._answer(request)
                if request.responded_at is not None:
                    # Again while the task still waits: it may have begun to wait after the answer.
                    _resume(request, session)

    def _answer(self, request: Any) -> None:
        task, options = request.task_instance, list(request.options)
        wanted = self._answers.get(task.task_id, self._default)
        found = wanted in options
        if found:
            request.responded_at = datetime.now(UTC)
            request.responded_by = dict((request.assignees or [_NOBODY])[0])
            request.chosen_options, request.params_input = [wanted], {}
        if (key := f"{request.ti_id}") not in self._reported:
            self._reported.add(key)
            self._write_event(
                "answered" if found else "waiting",
                dag=task.dag_id,
                task=task.task_id,
                map_index=task.map_index,
                subject=request.subject,
                body=request.body,
                options=options,
                answer=wanted,
            )


def _resume(request: Any, session: Session) -> None:
    """Schedule a task that waits in the state of its own that Airflow 3.3 has. In 3.1 its trigger polls."""
    if request.task_instance.state != "awaiting_input":
        return
    from airflow.models.trigger import handle_event_submit
    from airflow.triggers.base import TriggerEvent

    event = TriggerEvent(request.as_resume_event_payload())  # type: ignore[no-untyped-call]
    handle_event_submit(event, task_instance=request.task_instance, session=session)


def let_triggers_read_answers() -> None:
    """Let the triggers of tasks that wait for a person read the answers from the database.

    In Airflow 3.1 and 3.2 such a task has a trigger. In ``dag.test()`` it gets no reply to its request for
    the answer, and fails. Airflow 3.3 has no such triggers.
    """
    if HUMAN_IN_THE_LOOP:
        from airflow.providers.standard.triggers import hitl

        # Not by attribute: it is a name that the module imports.
        vars(hitl)["get_hitl_detail_content_detail"] = _read_answer


def _read_answer(ti_id: object) -> Any:
    from airflow.models.hitl import HITLDetail
    from airflow.sdk.api.datamodels._generated import HITLDetailResponse
    from airflow.utils.session import create_session
    from sqlalchemy import String, cast, func, select

    # The column is text in one version and a UUID in another one.
    wanted = str(ti_id).replace("-", "")
    found = select(HITLDetail).where(func.replace(cast(HITLDetail.ti_id, String), "-", "") == wanted)
    deadline = time.monotonic() + _MAX_WAIT
    while True:
        with create_session() as session:
            request = session.scalars(found).unique().one()
            answer = {
                "response_received": request.responded_at is not None,
                "responded_by_user": request.responded_by,
                "responded_at": request.responded_at,
                "chosen_options": request.chosen_options,
                "params_input": request.params_input or {},
            }
        if answer["response_received"] or time.monotonic() > deadline:
            return HITLDetailResponse.model_validate(answer)
        time.sleep(_POLL_INTERVAL)
