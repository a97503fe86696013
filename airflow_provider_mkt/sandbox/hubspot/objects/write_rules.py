"""What 2026-09 checks in writes of records: the account's own rules, and a permission of the user."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, property_errors
from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Problem
from airflow_provider_mkt.sandbox.hubspot.objects.requests import kind_of
from airflow_provider_mkt.sandbox.hubspot.objects.store import Record
from airflow_provider_mkt.sandbox.hubspot.requests import is_september
from airflow_provider_mkt.sandbox.hubspot.settings import AccountRules
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest


def broken_rules(request: HubSpotRequest, values: dict[str, str], record: Record | None) -> list[Problem]:
    """Return the rules that a write breaks; none by a path of another version.

    When a condition is checked is not documented; here it is when a write names one of the two properties.

    :param values: the values to be written.
    :param record: the record to be updated; None when one is created.
    """
    if (rules := _rules_of(request)) is None:
        return []
    before = record.properties if record is not None else {}
    after = {name: value for name, value in {**before, **values}.items() if value != ""}
    required = () if record is not None else rules.required
    found = [
        (name, "MISSING_REQUIRED_PROPERTY", f"Missing required property: {name}")
        for name in required
        if name not in after
    ]
    for rule in rules.conditional:
        named = rule.property in values or rule.required in values
        if named and after.get(rule.property) == rule.value and rule.required not in after:
            message = f"Missing conditionally required property: {rule.required} [{rule.property}]"
            found.append((rule.required, "MISSING_CONDITIONAL_REQUIRED_PROPERTY", message))
    return found


def _rules_of(request: HubSpotRequest) -> AccountRules | None:
    """Return the account's rules for what the request writes; None when there are none."""
    if not is_september(request):
        return None
    rules = request.state.settings.rules_of(kind_of(request).name)
    return rules if rules.required or rules.conditional else None


def rule_error(problems: Iterable[Problem]) -> HubSpotError:
    """400 for a write that breaks rules of the account."""
    return invalid("Property values were not valid", errors=property_errors(dict.fromkeys(problems)))


def check_rules(
    request: HubSpotRequest, writes: Iterable[tuple[dict[str, str], Record | None]]
) -> list[HubSpotError | None]:
    """Return the error of each write of a batch, or None.

    :raises HubSpotError: 400, a write breaks a rule, and the settings say that the whole batch fails then.
    """
    if _rules_of(request) is None:
        return [None for _ in writes]
    broken = [broken_rules(request, values, record) for values, record in writes]
    if any(broken) and not request.state.settings.rules_per_input:
        raise rule_error(problem for problems in broken for problem in problems)
    return [rule_error(problems) if problems else None for problems in broken]


def check_association_permission(request: HubSpotRequest, *requested: object) -> None:
    """Check that the user of an OAuth token may edit associations. Other tokens have no user.

    :param requested: the associations of each record.
    """
    may = request.state.settings.may_edit_associations or not request.token.is_oauth
    if is_september(request) and not may and any(requested):
        raise invalid("Missing 'Edit Associations' permission.")
