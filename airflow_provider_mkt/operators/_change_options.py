"""The parameters of a sync that compares its source with what the platform has acknowledged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, cast, get_args

from airflow.sdk import ObjectStoragePath

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.hooks.state import (
    local_state,
    once_per_task,
    results_path,
    tasks_run_on_several_machines,
)
from airflow_provider_mkt.operators._files import as_path
from airflow_provider_mkt.operators._parameters import (
    HeldCallable,
    as_list,
    as_mapping,
    decode_json,
    is_missing,
    optional_str,
    required_str,
)
from airflow_provider_mkt.operators._parse_checks import one_of
from airflow_provider_mkt.sync.guards import Guards, Limit
from airflow_provider_mkt.sync.plan import LEAD_PLAN, Leaving, PlanOf, checked_plan

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators._suppression import Suppressed
    from airflow_provider_mkt.sync.changes import Refresh
    from airflow_provider_mkt.sync.plan import Leave

Changes: TypeAlias = Literal["all", "changed"]
Duplicates: TypeAlias = Literal["last", "reject"]

Baseline: TypeAlias = Literal["send", "assume_synced"]
ReconcileAction: TypeAlias = Literal["report", "send"]

CREATED_FIELDS = {"hubspot": ("createdate", "hs_createdate"), "marketo": ("createdAt",)}
"""By platform, the fields of which one says when a record was created."""

CHANGE_FIELDS = (
    "changes",
    "row_key",
    "state_path",
    "refresh",
    "leave",
    "max_changed",
    "max_removed",
    "min_rows",
    "suppress",
    "suppress_list_id",
    "consent",
    "canary",
    "baseline",
    "reconcile",
    "plan",
)
"""Template fields of a sync that compares."""

NOT_IN_DRY_RUN = "cannot be combined with dry_run, which changes nothing in the account"

_NEEDS_CANARY = "is of the first batch alone, and needs canary"


class ChangeParameters(Protocol):
    """The parameters of an operator that say what it compares, and what it may change."""

    changes: Changes | str
    row_key: str | None
    state_path: str | None
    refresh: bool | Literal["failed"] | str
    refresh_every: int | None
    leave: Leave | str
    max_changed: int | float | str | None
    max_removed: int | float | str | None
    min_rows: int | float | str | None
    duplicates: Duplicates | None
    suppress: Suppressed | HeldCallable | None
    suppress_list_id: str | int | None
    consent: bool | Mapping[str, object] | str | None
    never_back: Mapping[str, Sequence[str]] | None
    canary: bool | int | str
    read_back: bool | Sequence[str]
    baseline: Baseline | str
    only_if_empty: Sequence[str] | None
    reconcile: float | str | None
    reconcile_action: ReconcileAction
    plan_only: bool
    plan: Mapping[str, object] | str | None
    allow_older: bool


def compares(given: ChangeParameters, leaving: Leaving) -> bool:
    """Whether an operator needs what earlier runs did, or to read its whole source before the first call."""
    from airflow_provider_mkt.operators._suppression import decode_consent

    wants = (
        given.row_key,
        given.state_path,
        given.max_changed,
        given.min_rows,
        given.suppress,
        given.suppress_list_id,
        decode_consent(given.consent) or None,
        given.never_back,
        given.only_if_empty,
        given.reconcile,
        given.plan,
        given.refresh_every,
    )
    return (
        given.changes == "changed"
        or given.duplicates == "reject"
        or bool(leaving)
        or any(not is_missing(one) for one in wants)
        or given.plan_only
        or given.baseline != "send"
        or given.read_back is not False
        or _whole("canary", given.canary) is not None
        or refresh_of(given.refresh) != "changed"
    )


def check_changes(arguments: Arguments) -> None:
    """Check what is known when the DAG file is parsed of what is compared, and what may change.

    :raises InvalidInput: naming the parameter that is wrong.
    """
    if arguments.given("plan") and arguments["dry_run"] is True:
        raise InvalidInput("plan", "cannot be combined with dry_run: it is the plan to apply")
    if arguments["read_back"] is not False and arguments["canary"] is False:
        raise InvalidInput("read_back", _NEEDS_CANARY)


def check_leave(name: str, value: object) -> None:
    """Check the parameter ``leave`` as far as is known when the DAG file is parsed.

    :raises InvalidInput: when it is something else.
    """
    leave = decode_leave(value)
    # Which platform it is, the connection tells.
    Leaving.of(leave, "hubspot" if leave in ("archive", "gdpr_delete") else "marketo")


class ChangeOptions:
    """How a sync compares, and what it may change.

    :param given: the operator.
    :param platform: of its connection.
    :param plan_of: the plan that can be given.
    :raises InvalidInput: naming the parameter that is wrong.
    """

    def __init__(self, given: ChangeParameters, platform: str, *, plan_of: PlanOf = LEAD_PLAN) -> None:
        from airflow_provider_mkt.sync.kept_fields import KeptFields

        if given.changes not in get_args(Changes):
            raise InvalidInput("changes", f"must be one of {', '.join(get_args(Changes))}")
        if given.duplicates not in (None, *get_args(Duplicates)):
            raise InvalidInput("duplicates", f"must be one of {', '.join(get_args(Duplicates))}")
        self.leaving = Leaving.of(decode_leave(given.leave), platform)
        self.compares = compares(given, self.leaving)
        self.row_key = optional_str("row_key", given.row_key)
        self.duplicates: Duplicates = given.duplicates or "last"
        every = given.refresh_every
        if every is not None and (isinstance(every, bool) or not isinstance(every, int) or every < 1):
            raise InvalidInput("refresh_every", "must be a number of runs, at least 1")
        self._refresh, self._every = refresh_of(given.refresh), every
        if given.changes == "all":
            self._refresh = "all"
        self.guards = Guards(
            Limit.of("max_changed", given.max_changed),
            Limit.of("max_removed", given.max_removed) if self.leaving else None,
            Limit.of("min_rows", given.min_rows),
        )
        self.suppress_list_id = optional_str("suppress_list_id", given.suppress_list_id)
        self.suppress, self.consent = given.suppress, given.consent
        self.kept = KeptFields(given.never_back, _names("only_if_empty", given.only_if_empty or ()))
        self.canary = _whole("canary", given.canary)
        read_back = given.read_back
        self.read_back = read_back if isinstance(read_back, bool) else _names("read_back", read_back)
        if self.read_back is not False and self.canary is None:
            raise InvalidInput("read_back", _NEEDS_CANARY)
        if given.baseline not in get_args(Baseline):
            raise InvalidInput("baseline", f"must be one of {', '.join(get_args(Baseline))}")
        self.baseline = cast("Baseline", given.baseline)
        self.reconcile = share_of("reconcile", given.reconcile)
        if given.reconcile_action not in get_args(ReconcileAction):
            raise InvalidInput("reconcile_action", f"must be one of {', '.join(get_args(ReconcileAction))}")
        self.reconcile_action = given.reconcile_action
        self.dry_run = given.plan_only
        plan = None if is_missing(given.plan) else decode_json("plan", given.plan, "a mapping")
        self.plan = None if plan is None else checked_plan(plan, plan_of)
        if self.plan is not None and self.dry_run:
            raise InvalidInput("plan", "cannot be combined with dry_run: it is the plan to apply")
        path = as_path("state_path", given.state_path) if given.state_path is not None else None
        self.state_path = path or (None if self.plan is None else str(self.plan["state"]))
        self.allow_older = given.allow_older
        settings: list[object] = [
            self._refresh,
            self._every,
            str(given.leave),
            self.duplicates,
            given.never_back,
            given.only_if_empty,
            self.baseline,
        ]
        settings += [self.row_key, self.state_path, self.plan and self.plan["plan"]]
        self.about = settings if self.compares else []
        """What makes it another sync."""

    def refresh(self, run: int) -> Refresh:
        """Return which rows are sent although they did not change.

        :param run: the number of the run, from 1.
        """
        return "all" if self._every is not None and run % self._every == 0 else self._refresh


def decode_leave(leave: object) -> object:
    """Return the parameter ``leave``; a template can give it as JSON text."""
    return as_mapping("leave", leave) if isinstance(leave, str) and leave.startswith("{") else leave


def refresh_of(value: object) -> Refresh:
    """Read the parameter ``refresh``.

    :raises InvalidInput: when it is neither a boolean nor ``failed``.
    """
    if value == "failed":
        return "failed"
    return "all" if _flag("refresh", value) else "changed"


def state_folder(context: Context, hook: MarketingHook, state_path: str | None) -> str:
    """Return where the state of a sync is kept.

    By default it is below ``[mkt] results_path``, else on this machine, named by account, DAG and task.
    """
    if state_path is not None:
        return state_path.rstrip("/")
    ti = context["ti"]
    index = f"-{ti.map_index}" if ti.map_index is not None and ti.map_index >= 0 else ""
    names = (hook.account_id(), ti.dag_id, f"{ti.task_id}{index}")
    below = "/".join(re.sub(r"[^\w.+-]", "_", name) for name in names)
    if base := results_path():
        return f"{base}/sync-state/{below}"
    if tasks_run_on_several_machines() and once_per_task(context, "sync state"):
        hook.log.warning(
            "The state of this sync is on this machine, where runs on other machines do not find it: they "
            "send every row, and remove nothing. Set state_path, or [mkt] results_path, to a place that all "
            "machines reach"
        )
    return f"file://{local_state().root / 'sync-state' / below}"


def storage_of(folder: str) -> ObjectStoragePath:
    """Return a folder on object storage or on this machine.

    :raises InvalidInput: when nothing installed reads such paths.
    """
    try:
        return ObjectStoragePath(folder)
    except ValueError as error:
        scheme = folder.partition("://")[0]
        msg = f"nothing installed here reads {scheme}:// paths; install the Airflow provider of this storage"
        raise InvalidInput("state_path", msg) from error


def share_of(name: str, value: object) -> float:
    """Read a share of rows: 0.01, ``"1%"``, 1 for all of them; 0 for None.

    :raises InvalidInput: when it is not above 0, or above 1.
    """
    if is_missing(value):
        return 0.0
    whole = value in (1, "1") and not isinstance(value, bool)
    limit = Limit.of(name, 1.0 if whole else value)
    if limit is None or not limit.share:
        raise InvalidInput(name, "must be a share of the rows above 0, such as 0.01 or '1%'")
    return limit.share


def _names(name: str, value: object) -> list[str]:
    names = [value] if isinstance(value, str) else as_list(name, value)
    for index, one in enumerate(names):
        required_str(f"{name}[{index}]", one)
    return names


def _flag(name: str, value: object) -> bool:
    from airflow_provider_mkt.operators._parameters import to_bool

    return to_bool(name, value)


def _whole(name: str, value: object) -> int | None:
    """Return a number of rows; 0 for True, None for False."""
    if isinstance(value, bool) or is_missing(value) or str(value).strip().lower() in ("true", "false"):
        return 0 if str(value).strip().lower() == "true" else None
    if not str(value).strip().isdecimal() or int(str(value)) < 1:
        raise InvalidInput(name, "must be true, false or a number of rows, at least 1")
    return int(str(value))


CHANGE_CHECKS: Mapping[str, ParseCheck] = {
    "changes": one_of(*get_args(Changes)),
    "duplicates": one_of(*get_args(Duplicates)),
    "refresh": lambda name, value: refresh_of(value),
    "leave": check_leave,
    "canary": _whole,
    "baseline": one_of(*get_args(Baseline)),
    "reconcile": share_of,
    "reconcile_action": one_of(*get_args(ReconcileAction)),
    "only_if_empty": lambda name, value: value is None or _names(name, value),
    "read_back": lambda name, value: isinstance(value, bool) or _names(name, value),
}
"""Checks of the parameters, when the DAG file is parsed."""
