"""The parameters of an operator that makes a static list equal to a source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._files import as_path
from airflow_provider_mkt.operators._parameters import (
    decode_json,
    is_missing,
    optional_str,
    required_str,
    to_bool,
)
from airflow_provider_mkt.sync.guards import Guards, Limit
from airflow_provider_mkt.sync.plan import LIST_PLAN, checked_plan

if TYPE_CHECKING:
    from airflow_provider_mkt.operators._parameters import HeldCallable
    from airflow_provider_mkt.operators._suppression import Suppressed

Missing: TypeAlias = Literal["reject", "create"]
"""What happens with a row whose person the platform does not have."""


class ListParameters(Protocol):
    """The parameters of an operator that say what a list becomes."""

    list_id: str | int
    missing: Missing | str
    exclusive: bool | str
    max_changed: int | float | str | None
    max_removed: int | float | str | None
    min_rows: int | float | str | None
    suppress: Suppressed | HeldCallable | None
    suppress_list_id: str | int | None
    consent: bool | Mapping[str, object] | str | None
    plan_only: bool
    plan: Mapping[str, object] | str | None
    state_path: str | None
    allow_older: bool


class ListOptions:
    """What a list becomes, and how much of it may change.

    :param given: the operator.
    :raises InvalidInput: naming the parameter that is wrong.
    """

    def __init__(self, given: ListParameters) -> None:
        self.list_id = required_str("list_id", given.list_id)
        if given.missing not in ("reject", "create"):
            raise InvalidInput("missing", "must be reject or create")
        self.creates = given.missing == "create"
        self.exclusive = to_bool("exclusive", given.exclusive)
        self.guards = Guards(
            Limit.of("max_changed", given.max_changed),
            Limit.of("max_removed", given.max_removed),
            Limit.of("min_rows", given.min_rows),
        )
        self.suppress, self.consent = given.suppress, given.consent
        self.suppress_list_id = optional_str("suppress_list_id", given.suppress_list_id)
        self.dry_run = given.plan_only
        plan = None if is_missing(given.plan) else decode_json("plan", given.plan, "a mapping")
        self.plan = None if plan is None else checked_plan(plan, LIST_PLAN)
        if self.plan is not None and self.dry_run:
            raise InvalidInput("plan", "cannot be combined with dry_run: it is the plan to apply")
        path = as_path("state_path", given.state_path) if given.state_path is not None else None
        self.state_path = path or (None if self.plan is None else str(self.plan["state"]))
        self.allow_older = given.allow_older
        self.about = [
            self.list_id,
            self.creates,
            self.exclusive,
            self.state_path,
            self.plan and self.plan["plan"],
        ]
