"""What became known of a trigger's task instance, before a trigger acts on its end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from airflow_provider_mkt.actions.polling import Log


class TaskInstance(Protocol):
    """The part of a trigger's task instance that is used here."""

    dag_id: str
    task_id: str
    run_id: str
    map_index: int


_TIME_LIMIT = 300.0
"""Seconds that the work of an ``on_kill`` takes at most."""


async def to_the_end(work: Coroutine[None, None, None], log: Log) -> None:
    """Run what an ``on_kill`` does to its end, within minutes.

    A triggerer cancels a trigger that was ended again each second for as long as the trigger runs, its
    ``on_kill`` included. So the work runs in a task of its own.
    """
    task = asyncio.ensure_future(asyncio.wait_for(work, _TIME_LIMIT))
    while not task.done():
        try:
            with suppress(asyncio.CancelledError):
                await asyncio.shield(task)
        except TimeoutError:
            log.warning("Whether anything is to be canceled was not known after %.0f s", _TIME_LIMIT)


async def ended_by_user(task_instance: TaskInstance | None, log: Log) -> bool:
    """Whether a user marked the waiting task failed, or cleared it. Logs what it found.

    Airflow runs ``on_kill`` when a user marks the task successful, too, and when a triggerer that stalled
    comes back after another one took over its triggers. Nothing is to be canceled then, nor when Airflow does
    not say how the task ended: a job that runs on does less harm than an email that is not sent.
    """
    if task_instance is None:
        log.warning("Nothing is canceled: the trigger does not know its task")
        return False
    try:
        state = await _state_of(task_instance)
    except Exception as error:
        log.warning("Nothing is canceled: the state of the task is unknown (%s)", type(error).__name__)
        return False
    if state == "deferred":
        log.info("The task still waits: nobody ended it, and nothing is canceled")
        return False
    if state == "success":
        log.info("The task was marked successful: nothing is canceled")
        return False
    log.info("The task was marked failed or cleared (its state: %s)", state)
    return True


async def _state_of(task_instance: TaskInstance) -> str | None:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    from asgiref.sync import sync_to_async

    states = await sync_to_async(RuntimeTaskInstance.get_task_states)(
        task_instance.dag_id,
        map_index=task_instance.map_index,
        task_ids=[task_instance.task_id],
        run_ids=[task_instance.run_id],
    )
    return next(iter(states.get(task_instance.run_id, {}).values()), None)
