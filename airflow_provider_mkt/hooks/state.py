"""Where state is kept, as Airflow's configuration says (section ``[mkt]``), and what identifies a task."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.files import private_directory, trusted_directory
from airflow_provider_mkt.state.directory import StateDirectory
from airflow_provider_mkt.state.task_state import (
    AirflowTaskState,
    CopiedTaskState,
    ScopedTaskState,
    TaskState,
)
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.state.send_claims import SendClaim

_ON_ONE_MACHINE = frozenset({"LocalExecutor", "SequentialExecutor"})

_once: set[tuple[object, ...]] = set()


def state_directory() -> Path:
    """The directory of budgets, locks and task state on this machine (``[mkt] state_dir``).

    :raises InvalidInput: when it belongs to another user.
    """
    configured = conf.get("mkt", "state_dir", fallback="")
    if configured:
        return trusted_directory(Path(configured))
    return private_directory(Path(tempfile.gettempdir()) / f"airflow-provider-mkt-{os.getuid()}")


def shared_state_url() -> str | None:
    """The server that holds budgets, locks and state for several machines (``[mkt] shared_state_url``)."""
    return conf.get("mkt", "shared_state_url", fallback="") or None


def shared_state_wait() -> float:
    """Seconds for which that server is waited for when it is away (``[mkt] shared_state_wait``)."""
    from airflow_provider_mkt.client.ratelimit.servers import SHARED_STATE_WAIT

    return float(conf.getfloat("mkt", "shared_state_wait", fallback=SHARED_STATE_WAIT))


def sends_allowed() -> bool:
    """Whether this Airflow may send mail at all (``[mkt] allow_sends``)."""
    return bool(conf.getboolean("mkt", "allow_sends", fallback=True))


def results_path() -> str:
    """Where result files are written by default, without a slash at the end (``[mkt] results_path``)."""
    return str(conf.get("mkt", "results_path", fallback="") or "").rstrip("/")


def task_state_of(context: Context, hook: MarketingHook) -> TaskState:
    """Return what this task instance remembers of what it did in the hook's account.

    It is in Airflow's task state store, where there is one, with a copy outside of it, because clearing a
    task empties the store from Airflow 3.4 on. The copy, or all of it before 3.3, is on the shared server
    (``[mkt] shared_state_url``), or else in a file on this machine (``[mkt] state_dir``).

    To be used by one thread at a time, the task's own: Airflow's store has one connection.

    :param hook: of the account; state of another account is not seen.
    :raises PlatformError: when the account's id has to be read, and cannot be.
    :raises InvalidInput: when the state directory belongs to another user.
    """
    _warn_of_loss(context, hook)
    state = _state_outside_airflow(task_key(context, hook), hook)
    store = context.get("task_state_store")
    if store is not None:
        state = CopiedTaskState(AirflowTaskState(store, scope=_short_digest(hook.account_id())), state)
    state.clear_count = clear_count(context)
    return state


def state_survives_machine(context: Context) -> bool:
    """Whether what a task remembers outlives the machine that it runs on."""
    return (
        context.get("task_state_store") is not None
        or shared_state_url() is not None
        or not tasks_run_on_several_machines()
    )


def tasks_run_on_several_machines() -> bool:
    """Whether any executor of this installation runs tasks on other machines (``[core] executor``)."""
    names = conf.get("core", "executor", fallback="LocalExecutor").replace(";", ",").split(",")
    # A name may stand behind the team or the alias that it has here, and in front of it is its module.
    executors = {name.strip().split(":")[-1].split(".")[-1].split("=")[-1] for name in names if name.strip()}
    return not executors <= _ON_ONE_MACHINE


def once_per_task(context: Context, what: str) -> bool:
    """Whether this is the first time that this process asks for this task and *what*."""
    ti = context["ti"]
    one = (what, ti.dag_id, ti.run_id, ti.task_id, ti.map_index, ti.try_number)
    if one in _once:
        return False
    _once.add(one)
    return True


def _warn_of_loss(context: Context, hook: MarketingHook) -> None:
    if not state_survives_machine(context) and once_per_task(context, "loss"):
        hook.log.warning(
            "What this task remembers is on this machine only: when the machine is lost, a retry on another "
            "one does not know what was sent. Set [mkt] shared_state_url, or use Airflow 3.3 or later"
        )


def _state_outside_airflow(owner: str, hook: MarketingHook | None = None) -> TaskState:
    if shared_state_url() is None:
        return local_state().task_state(owner)
    return _shared_state(owner, time.sleep if hook is None else hook.run_context.sleep)


def _shared_state(
    owner: str, sleep: Callable[[float], None] = time.sleep, wait: float | None = None
) -> TaskState:
    from airflow_provider_mkt.state.shared_state import SharedTaskState

    wait = shared_state_wait() if wait is None else wait
    return SharedTaskState(shared_state_url() or "", owner, wait=wait, sleep=sleep)


def poll_state_of(context: Context, hook: MarketingHook) -> TaskState:
    """Return what a sensor remembers from one rescheduled poke to the next. It makes no call.

    :param hook: of the account; state of other credentials is not seen.
    """
    scope = _short_digest(hook.platform.account_key)
    store = context.get("task_state_store")
    if store is not None:
        return AirflowTaskState(store, scope=scope)
    return ScopedTaskState(_state_outside_airflow(task_digest(context)), scope)


def watcher_state(watcher: str) -> TaskState:
    """Return what a watcher remembers: on the shared server, or else in a file on this machine.

    It does not wait while the server is away: a watcher asks again later.

    :param watcher: identifies it, in hexadecimal digits.
    :raises InvalidInput: when the state directory belongs to another user.
    """
    if shared_state_url() is None:
        return local_state().task_state(watcher)
    from airflow_provider_mkt.state.shared_state import SharedTaskState

    return SharedTaskState(shared_state_url() or "", f"watcher {watcher}", wait=0)


def known_accounts(*, wait: float | None = None) -> TaskState:
    """Which account the credentials that were used before belong to.

    :param wait: seconds for which a shared server is waited for; as configured when None.
    """
    return ScopedTaskState(_state_of_all_tasks(wait), "account of")


def kept_answers_of(account_key: str) -> TaskState:
    """Answers that were read with some credentials a short time ago, on this machine."""
    return ScopedTaskState(local_state().shared, f"answer {_short_digest(account_key)}")


def state_of_account(hook: MarketingHook) -> TaskState:
    """State of all tasks that work in the hook's account, on this machine or on all that share a server.

    :raises PlatformError: when the account's id has to be read, and cannot be.
    """
    return ScopedTaskState(_state_of_all_tasks(), _short_digest(hook.account_id()))


def _state_of_all_tasks(wait: float | None = None) -> TaskState:
    return local_state().shared if shared_state_url() is None else _shared_state("all tasks", wait=wait)


def local_state() -> StateDirectory:
    """The state directory of this machine. What is old in it is deleted now and then.

    :raises InvalidInput: when it belongs to another user.
    """
    directory = StateDirectory(state_directory())
    directory.sweep()
    return directory


def task_digest(context: Context) -> str:
    """Identify a task instance, the same in all its tries, by 32 hexadecimal digits."""
    ti = context["ti"]
    name = "\n".join((ti.dag_id, ti.run_id, ti.task_id, str(ti.map_index)))
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def task_key(context: Context, hook: MarketingHook) -> str:
    """Identify a task instance and the account it works in, the same in all its tries, by 32 hexadecimal
    digits: what is remembered under it is not seen when the connection is changed to another account.

    :raises PlatformError: when the account's id has to be read, and cannot be.
    """
    return hashlib.sha256(f"{hook.account_id()}\n{task_digest(context)}".encode()).hexdigest()[:32]


def _short_digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def clear_count(context: Context) -> int:
    """A number that changes when the task is cleared: Airflow then sets the task's ``max_tries`` anew."""
    return int(getattr(context["ti"], "max_tries", 0))


def send_claim_of(context: Context, hook: MarketingHook, send_key: str, target: str) -> SendClaim:
    """Return this task's claim to send for a purpose in the hook's account.

    It is on the shared server (``[mkt] shared_state_url``), or else in a file on this machine: Airflow's task
    state store is of one task instance, and does not show others what it sent.

    :param send_key: names the purpose.
    :param target: what is sent, for the message to others.
    """
    from airflow_provider_mkt.state.send_claims import Claimant, SendClaim

    if (
        shared_state_url() is None
        and tasks_run_on_several_machines()
        and once_per_task(context, "send_key on one machine")
    ):
        hook.log.warning(
            "send_key holds on this machine only: a run on another one does not know what was sent here. Set "
            "[mkt] shared_state_url"
        )
    owner = hashlib.sha256(f"send_key\n{hook.account_id()}\n{send_key}".encode()).hexdigest()[:32]
    ti = context["ti"]
    claimant = Claimant(ti.dag_id, ti.run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index)
    return SendClaim(_state_outside_airflow(owner, hook), send_key, claimant, target)


def purpose_of(context: Context) -> str:
    """Name what a task sends for: the DAG, the task, its map index, the DAG run's data interval and its
    configuration. Two runs for one interval have one purpose.

    A run without a data interval and without a logical date is a purpose of its own.
    """
    ti, run = context["ti"], context.get("dag_run")
    start, end = getattr(run, "data_interval_start", None), getattr(run, "data_interval_end", None)
    logical_date = getattr(run, "logical_date", None)
    when = [str(one) for one in (start, end) if one is not None] or [str(logical_date or ti.run_id)]
    conf_of_run = getattr(run, "conf", None)
    configured = _short_digest(json.dumps(conf_of_run, sort_keys=True, default=str)) if conf_of_run else ""
    return " ".join(one for one in (ti.dag_id, ti.task_id, str(ti.map_index), *when, configured) if one)
