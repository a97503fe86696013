"""Changes of programs, campaigns and smart lists that only Marketo's user interface can make."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from airflow_provider_mkt.sandbox.marketo.emails.sending import abort_program
from airflow_provider_mkt.sandbox.marketo.lists.audience import find_by_name, problem
from airflow_provider_mkt.sandbox.marketo.lists.models import OwnSmartList
from airflow_provider_mkt.sandbox.marketo.lists.rules import Constraint, Filter, SmartList
from airflow_provider_mkt.sandbox.marketo.programs import casts
from airflow_provider_mkt.sandbox.marketo.programs.models import ENGAGEMENT, Content, Program, Stream
from airflow_provider_mkt.sandbox.marketo.smart_campaigns import flow_runs
from airflow_provider_mkt.sandbox.marketo.smart_campaigns.models import SmartCampaign
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject


class _Rules(BaseModel):
    """Part of a smart list."""

    model_config = ConfigDict(extra="forbid")

    name: str
    operator: str
    values: list[str | int] = []


class FilterRules(_Rules):
    """A filter. Lists, programs, smart lists and emails are named, or given by id."""

    constraints: list[_Rules] = []


class SmartListRules(BaseModel):
    """The rules of a smart list."""

    model_config = ConfigDict(extra="forbid")

    match: Literal["all", "any", "advanced"] = "all"
    logic: str = ""
    filters: list[FilterRules] = []
    triggers: list[str] = []


class StreamContent(BaseModel):
    """An email of a stream."""

    model_config = ConfigDict(extra="forbid")

    email_id: int
    active: bool = True
    available_from: AwareDatetime | None = None
    available_until: AwareDatetime | None = None


class StreamChange(BaseModel):
    """A change of a stream, which is added when there is none with the name."""

    model_config = ConfigDict(extra="forbid")

    name: str
    content: list[StreamContent] | None = None
    cadence: Literal["weekly", "monthly", "none"] | None = None
    first_cast: AwareDatetime | None = None


class AssetChange(BaseModel):
    """A change of a program, smart campaign or smart list. Fields that are left out do not change."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["program", "smart_campaign", "smart_list"]
    id: int
    smart_list: SmartListRules | None = None
    communication_limits: bool | None = None
    recipient_time_zone: bool | None = None
    ab_test: bool | None = None
    on: bool | None = None
    streams: list[StreamChange] | None = None
    max_members: int | None = Field(default=None, ge=0)
    """0 removes the limit."""
    rule: Literal["once", "any", "interval"] | None = None
    rule_interval: int | None = Field(default=None, ge=1)
    rule_unit: Literal["hour", "day", "week", "month"] | None = None
    abort: bool | None = None
    """Stop an email program or batch campaign that is under way or scheduled."""


_ONLY: dict[str, frozenset[str]] = {
    "program": frozenset(
        {"smart_list", "communication_limits", "recipient_time_zone", "ab_test", "on", "streams", "abort"}
    ),
    "smart_campaign": frozenset(
        {"smart_list", "communication_limits", "max_members", "rule", "rule_interval", "rule_unit", "abort"}
    ),
    "smart_list": frozenset({"smart_list"}),
}


def apply_change(state: MarketoState, change: AssetChange) -> JsonObject:
    """Change an asset, and return it with the problem of its smart list, which is empty when there is none.

    :raises LookupError: there is no such asset.
    :raises ValueError: it has no such property, or it cannot be changed now.
    """
    given = {name for name in change.model_fields_set if getattr(change, name) is not None} - {"type", "id"}
    wrong = given - _ONLY[change.type]
    if wrong:
        msg = f"a {change.type} has no {', '.join(sorted(wrong))}"
        raise ValueError(msg)
    asset = _asset(state, change)
    if change.abort:
        _abort(state, asset)
    if isinstance(asset, Program) and given - {"abort"}:
        _change_program(state, asset, change)
    smart_list = asset.smart_list
    if change.smart_list is not None:
        number = smart_list.id if smart_list else asset.id * 10 + 1
        smart_list = _rules(state, change.smart_list, number, smart_list.name if smart_list else asset.name)
        _set_rules(asset, smart_list)
    for name in ("max_members", "rule", "rule_interval", "rule_unit"):
        if name in given:
            setattr(asset, name, getattr(change, name) or None)
    if change.communication_limits is not None and not isinstance(asset, OwnSmartList):
        asset.communication_limits = change.communication_limits
    asset.updated_at = state.now()
    return {
        "type": change.type,
        "id": asset.id,
        "name": asset.name,
        "problem": problem(state, smart_list) if smart_list else "",
    }


def _asset(state: MarketoState, change: AssetChange) -> Program | SmartCampaign | OwnSmartList:
    found: dict[str, Program | SmartCampaign | OwnSmartList | None] = {
        "program": state.programs.get(change.id),
        "smart_campaign": state.campaigns.get(change.id),
        "smart_list": state.smart_lists.get(change.id),
    }
    asset = found[change.type]
    if asset is None:
        msg = f"no {change.type} {change.id}"
        raise LookupError(msg)
    return asset


def _abort(state: MarketoState, asset: Program | SmartCampaign | OwnSmartList) -> None:
    if isinstance(asset, Program):
        abort_program(state, asset)
    elif isinstance(asset, SmartCampaign):
        flow_runs.abort(state, asset)


def _set_rules(asset: Program | SmartCampaign | OwnSmartList, smart_list: SmartList) -> None:
    if isinstance(asset, OwnSmartList):
        asset.rules = smart_list
    else:
        asset.smart_list = smart_list


def _rules(state: MarketoState, given: SmartListRules, number: int, name: str) -> SmartList:
    filters = tuple(_filter(state, one) for one in given.filters)
    return SmartList(number, name, filters, given.match, given.logic, tuple(given.triggers))


def _filter(state: MarketoState, given: FilterRules) -> Filter:
    # A name is kept as the id, so that the rules hold when the asset is renamed.
    values = [
        one if isinstance(one, int) else find_by_name(state, given.name, one) or one for one in given.values
    ]
    constraints = tuple(
        Constraint(one.name, one.operator, tuple(map(str, one.values))) for one in given.constraints
    )
    return Filter(given.name, given.operator, tuple(values), constraints)


def _change_program(state: MarketoState, program: Program, change: AssetChange) -> None:
    if program.locked:
        msg = "an approved program cannot be changed: unapprove it first"
        raise ValueError(msg)
    engagement = program.type == ENGAGEMENT
    if not engagement and (change.on is not None or change.streams is not None):
        msg = "only engagement programs have streams and can be on or off"
        raise ValueError(msg)
    for name in ("recipient_time_zone", "ab_test", "on"):
        if getattr(change, name) is not None:
            setattr(program, name, getattr(change, name))
    for one in change.streams or ():
        stream = program.stream(one.name)
        if stream is None:
            stream = Stream(max((each.id for each in program.streams), default=0) + 1, one.name)
            program.streams = (*program.streams, stream)
        if one.content is not None:
            stream.content = [Content(**each.model_dump()) for each in one.content]
        if one.cadence is not None:
            casts.set_cadence(state, program, stream, one.cadence, one.first_cast)
