"""Who uses an account, as Airflow knows it, and where that is written down for people."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Protocol

from airflow_provider_mkt.hooks.state import local_state, shared_state_url
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_mkt.client.call import Json
    from airflow_provider_mkt.client.ratelimit.activity import AccountUser, ActivityReporter, Note
    from airflow_provider_mkt.hooks.base import MarketingHook


class Notes(Protocol):
    """What is written down, by key."""

    def get(self, key: str, /) -> Json: ...

    def set(self, key: str, value: Json, /) -> None: ...

    def items(self) -> Mapping[str, Json]: ...


def usage_page_on() -> bool:
    """Whether Airflow has the page, and tasks write down what it shows (``[mkt] usage_page``)."""
    return bool(conf.getboolean("mkt", "usage_page", fallback=True))


def activity_notes() -> Notes:
    """Where it is written down: on the shared server, or on this machine. A server is not waited for.

    :raises InvalidInput: when the state directory belongs to another user.
    """
    if (url := shared_state_url()) is None:
        return local_state().activity
    from airflow_provider_mkt.state.shared_state import SharedTaskState

    return SharedTaskState(url, "activity", wait=0.0)


def account_user(hook: MarketingHook) -> AccountUser | None:
    """Describe who uses the hook's account; None when that is not shown. Makes no call, reads no state."""
    if not usage_page_on():
        return None
    from airflow_provider_mkt.client.ratelimit.activity import AccountUser, user_of
    from airflow_provider_mkt.client.ratelimit.budget import account_digest

    platform, label = hook.platform, _label(polls=hook.run_context.low_priority)
    digest, name = account_digest(platform.account_key), user_of(label)
    account: Note = {
        "platform": platform.name,
        # Where the name has to be read from the platform, it is remembered elsewhere once it was.
        "name": hook.account_name() if platform.find_account() is None else "",
        "account_key": platform.account_key,
        "conn_id": hook.conn_id,
        "limits": {quota.value: [rate.calls, rate.seconds] for quota, rate in platform.rates.items()},
        "of_account": sorted(platform.account_quotas),
        "max_in_flight": platform.max_in_flight,
    }
    notes = {f"account {digest} {hook.conn_id}": account, f"user {digest} {name}": label}
    return AccountUser(_reporter(), digest, name, notes)


def _label(*, polls: bool) -> Note:
    """Name the task that runs in this process; the process itself where there is none."""
    from airflow.sdk import get_current_context

    from airflow_provider_mkt.client.ratelimit.activity import process_label

    try:
        ti = get_current_context()["ti"]
    except (RuntimeError, KeyError):
        return process_label(polls=polls)
    return {
        "kind": "task",
        "dag_id": ti.dag_id,
        "run_id": ti.run_id,
        "task_id": ti.task_id,
        "map_index": -1 if ti.map_index is None else ti.map_index,
    }


@cache
def _reporter() -> ActivityReporter:
    from airflow_provider_mkt.client.ratelimit.activity import ActivityReporter

    return ActivityReporter(activity_notes)
