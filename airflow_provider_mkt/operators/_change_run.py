"""Begins a run of a sync's state, while no other run of the sync sends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_mkt.hooks.state import local_state, state_directory
from airflow_provider_mkt.operators._change_options import storage_of
from airflow_provider_mkt.state.locks import file_lock_place
from airflow_provider_mkt.sync.libraries import arrow_library

if TYPE_CHECKING:
    from airflow_provider_mkt.operators._lead_writing import LeadWriting
    from airflow_provider_mkt.sync.changes import ChangeRun, SyncSettings


@contextmanager
def begin_run(
    writing: LeadWriting, object_type: str, folder: str, settings: SyncSettings, *, allow_older: bool
) -> Iterator[ChangeRun]:
    """Begin a run of a state. Another run of this sync is waited for, on whichever machine it is.

    The hook sends no call any more when another run has taken the lease of the state.

    :param object_type: the kind of record.
    :param folder: where the state is.
    :param allow_older: whether the run may be for an older data interval than the last one.
    :raises InvalidInput: when the state cannot be used, or what reads it is not installed.
    """
    arrow_library("state_path", "the files of the state need", extra="duckdb")
    from airflow_provider_mkt.sync.changes import ChangeState, Holder, SyncIdentity, files_of

    hook, context, ti = writing.hook, writing.context, writing.context["ti"]
    identity = SyncIdentity(hook.account_id(), object_type, folder)
    state = ChangeState(files_of(storage_of(folder)), identity, local_state().scratch)
    index = f" {ti.map_index}" if ti.map_index is not None and ti.map_index >= 0 else ""
    name = f"{ti.dag_id} {ti.run_id} {ti.task_id}{index}"

    def on_wait(who: str) -> None:
        writing.operator.log.info("Waiting for another run of this sync: %s", who)

    def still_mine() -> None:
        lease.check()
        hook.raise_if_lock_lost()

    with hook.exclusive(identity.lock_name):
        holder = Holder(name, socket.gethostname(), file_lock_place(state_directory() / "locks"))
        with (
            state.hold_lease(holder, sleep=hook.run_context.sleep, on_wait=on_wait) as lease,
            hook.checked_by(lease.check),
            state.begin(
                name,
                settings,
                data_interval=context.get("data_interval_start"),
                allow_older=allow_older,
                still_mine=still_mine,
            ) as run,
        ):
            yield run
