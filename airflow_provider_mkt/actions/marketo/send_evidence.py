"""Read what an email program or a smart campaign is judged by before it is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.procedure import Pages, Procedure
from airflow_provider_mkt.actions.sending import OtherSend, SendDetails, SendEvidence
from airflow_provider_mkt.client.errors import InvalidRequest, PermissionDenied
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.marketo.lists import smart_lists
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.marketo.rows import Description, Program, SmartList
from airflow_provider_mkt.client.marketo.values import moment

_CHANGED_WITHIN = timedelta(days=31)
"""A program that goes out soon, or did lately, was approved, and so changed, within so long."""
_MOST_PROGRAMS = 20
"""Of so many other programs the smart lists are read."""


def read_evidence(
    details: SendDetails, *, around: datetime | None, within: timedelta | None
) -> Procedure[SendEvidence]:
    """Read the lead fields, and other email programs to the same lists. Two calls, one more per program."""
    unreadable: dict[str, str] = {}
    fields: dict[str, str] | None = None
    try:
        schema: Description = yield leads.describe2()
        fields = {}
        for one in schema.get("fields", ()):
            # Tokens have the names that people see.
            fields[str(one.get("displayName") or one["name"]).lower()] = one["name"]
            fields.setdefault(one["name"].lower(), one["name"])
    except (PermissionDenied, InvalidRequest) as error:
        unreadable["fields"] = error.message
    others: tuple[OtherSend, ...] | None = None
    if within is not None and details.lists:
        others = yield from _others(details, around or datetime.now(UTC), within)
    return SendEvidence(
        fields=fields,
        other_sends=others,
        # When campaigns run, and whom they mail, no call tells.
        other_sends_complete=False,
        unreadable=unreadable,
    )


def _others(details: SendDetails, around: datetime, within: timedelta) -> Procedure[tuple[OtherSend, ...]]:
    rows: list[Program] = yield Pages(programs.list(updated_after=datetime.now(UTC) - _CHANGED_WITHIN))
    near = []
    for row in rows:
        start = moment(row.get("startDate"))
        if (
            start is not None
            and "email" in str(row.get("type") or "").lower()
            and str(row.get("status") or "").lower() != "unlocked"
            and str(row["id"]) != details.target.id
            and abs(start - around) <= within
        ):
            near.append((start, row))
    near.sort(key=lambda one: abs(one[0] - around))
    names = {one.name for one in details.lists}
    found = []
    for start, row in near[:_MOST_PROGRAMS]:
        smart_list: SmartList | None = yield from find_or_none(
            smart_lists.of_program(row["id"], include_rules=True)
        )
        shared = names & _named(smart_list)
        if shared:
            found.append(OtherSend(str(row["id"]), str(row.get("name") or ""), start, tuple(sorted(shared))))
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


def _named(smart_list: SmartList | None) -> set[str]:
    """Return every value of the rules of a smart list: names of lists among others."""
    rules = (smart_list or {}).get("rules") or {}
    return {
        str(value)
        for rule in rules.get("filters") or ()
        for condition in rule.get("conditions") or ()
        for value in condition.get("values") or ()
    }
