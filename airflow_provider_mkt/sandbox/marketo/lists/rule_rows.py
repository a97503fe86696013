"""Rules of smart lists as the asset API returns them, and as the pages show them."""

from collections.abc import Iterable

from airflow_provider_mkt.sandbox.marketo.lists import rules
from airflow_provider_mkt.sandbox.marketo.lists.audience import (
    ACTIVITIES,
    NOT,
    assets_of,
    full_name,
    members,
    problem,
)
from airflow_provider_mkt.sandbox.marketo.lists.rules import Filter, SmartList
from airflow_provider_mkt.sandbox.marketo.responses import Row
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.server.state import Table

OCCURS = "occurs"
FIRST_CONSTRAINT = -101
"""The attribute id of "Date of Activity" in Adobe's example."""


def rules_row(state: MarketoState, smart_list: SmartList) -> Row:
    """Return the rules. An asset that does not exist any more is shown by its number."""
    row: Row = {
        "filterMatchType": smart_list.match,
        "triggers": [{"id": number, "name": name} for number, name in enumerate(smart_list.triggers, 1)],
        "filters": [_filter_row(state, number, one) for number, one in enumerate(smart_list.filters, 1)],
    }
    if smart_list.match == rules.ADVANCED:
        row["filterCustomRuleLogic"] = smart_list.logic
    return row


def _filter_row(state: MarketoState, number: int, one: Filter) -> Row:
    activity = one.name.removeprefix(NOT) in ACTIVITIES
    about = "Email" if activity else one.name
    conditions = [_condition(1, about, one.operator, _values(state, one), primary=True)]
    conditions += [
        _condition(FIRST_CONSTRAINT - place, each.name, each.operator, each.values, primary=False)
        for place, each in enumerate(one.constraints)
    ]
    return {
        "id": number,
        "name": one.name,
        "ruleTypeId": 1,
        # Only the words for activities are documented.
        "ruleType": "Activity" if activity else one.name,
        "operator": OCCURS if activity else one.operator,
        "conditions": conditions,
    }


def _condition(number: int, name: str, operator: str, values: Iterable[str], *, primary: bool) -> Row:
    return {
        "activityAttributeId": number,
        "activityAttributeName": name,
        "operator": operator,
        "values": list(values),
        "isPrimary": primary,
    }


def _values(state: MarketoState, one: Filter) -> list[str]:
    assets = assets_of(state, one.name)
    return [
        full_name(state, assets[value]) if isinstance(value, int) and value in assets else str(value)
        for value in one.values
    ]


def audience_table(state: MarketoState, smart_list: SmartList) -> Table:
    """Return the filters of a smart list, with the number of its members now or why it has none."""
    rows = [
        [str(number), one.name, one.operator, ", ".join(_values(state, one)), _constraints(one)]
        for number, one in enumerate(smart_list.filters, 1)
    ]
    wrong = problem(state, smart_list)
    size = f"invalid, nobody is in it: {wrong}" if wrong else f"{len(members(state, smart_list))} people now"
    logic = f" ({smart_list.logic})" if smart_list.logic else ""
    columns = ["filter", "name", "operator", "values", "constraints"]
    return Table("Smart list", columns, rows, f"Match {smart_list.match}{logic}; {size}")


def _constraints(one: Filter) -> str:
    return "; ".join(f"{each.name} {each.operator} {', '.join(each.values)}" for each in one.constraints)
