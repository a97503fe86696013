"""What a sync would do, as data that can be shown, approved, and applied exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, TypedDict

from airflow_provider_mkt.client.errors import InvalidInput

if TYPE_CHECKING:
    from airflow_provider_mkt.sync.guards import GuardResult

Leave: TypeAlias = Literal["nothing", "clear", "archive", "delete", "gdpr_delete"] | Mapping[str, object]
"""What happens to the lead of a row that is gone from the source."""

_WAYS = ("nothing", "clear", "archive", "delete", "gdpr_delete")
_ONLY = {"archive": "hubspot", "delete": "marketo", "gdpr_delete": "hubspot"}
_INSTEAD = {"archive": "delete", "delete": "archive", "gdpr_delete": "delete"}


class PlanOf(NamedTuple):
    """Which plan it is.

    :param outcome: its kind.
    :param operator: that makes it, and applies it.
    """

    outcome: str
    operator: str


LEAD_PLAN = PlanOf("lead_sync_plan", "SyncLeadsOperator")
OBJECT_PLAN = PlanOf("object_sync_plan", "SyncObjectsOperator")
LIST_PLAN = PlanOf("list_sync_plan", "SyncListOperator")


class PlanSample(TypedDict):
    """One row of a plan, without a person's data.

    :param row: its number in the source; None for a row that is gone from it.
    :param fields: those that differ from what was sent last.
    """

    row: int | None
    operation: str
    fields: list[str]


class PlanOutcome(TypedDict):
    """What a sync would do. Nothing was sent.

    :param object_type: the kind of record.
    :param plan: identifies what would be done, and the state that it was compared with.
    :param ok: whether all limits are kept.
    :param problems: a sentence about each limit that is not kept.
    :param counts: rows by operation.
    :param fields: changed rows by field.
    :param reasons: rows that cannot be sent, by code.
    :param by_id: rows that are updated by the platform's id, since their key changed.
    :param to_read: rows that are read first, for ``never_back`` and ``only_if_empty``.
    :param calls: calls that it takes, reads included; 0 for what is imported in bulk.
    :param minutes: how long they take at the account's limit.
    :param calls_left: calls that the day has left; None when the platform does not report them.
    :param no_removals: why nothing is removed; empty when rows may be removed.
    :param first_run: why there is no state to compare with; empty when there is one.
    :param path: a file with sample rows, their old and new values masked.
    """

    outcome: str
    platform: str
    account: str
    object_type: str
    plan: str
    source_digest: str
    state: str
    run: int
    total: int
    ok: bool
    problems: list[str]
    counts: dict[str, int]
    fields: dict[str, int]
    reasons: dict[str, int]
    to_write: int
    to_remove: int
    by_id: int
    to_read: int
    mode: str
    calls: int
    minutes: float
    calls_left: int | None
    guards: list[GuardResult]
    no_removals: str
    first_run: str
    sample: list[PlanSample]
    path: str


class ListPlanOutcome(TypedDict):
    """What a sync of a list would do. Nothing was sent.

    :param plan: identifies what would be done, and the state and the list that the source was compared with.
    :param members: of the list now.
    :param ok: whether all limits are kept.
    :param problems: a sentence about each limit that is not kept.
    :param counts: rows by what would come of them.
    :param reasons: rows that would not be added, by code.
    :param calls: calls that it takes, without those that the plan took too.
    :param minutes: how long they take at the account's limit.
    :param calls_left: calls that the day has left; None when the platform does not report them.
    :param no_removals: why nobody is removed; empty when people may be removed.
    :param path: a file with sample rows, their keys masked.
    """

    outcome: str
    platform: str
    account: str
    list_id: str
    list_name: str
    plan: str
    source_digest: str
    list_digest: str
    state: str
    run: int
    rows: int
    members: int
    ok: bool
    problems: list[str]
    counts: dict[str, int]
    reasons: dict[str, int]
    to_add: int
    to_create: int
    to_remove: int
    calls: int
    minutes: float
    calls_left: int | None
    guards: list[GuardResult]
    no_removals: str
    path: str


@dataclass(frozen=True)
class Leaving:
    """What happens to the lead of a row that is gone from the source.

    :param how: ``nothing``, ``clear``, ``set``, ``remove_from_list``, ``archive``, ``delete`` or
        ``gdpr_delete``.
    :param values: field to value, with ``set``.
    :param list_id: the list, with ``remove_from_list``.
    """

    how: str = "nothing"
    values: Mapping[str, object] = field(default_factory=dict)
    list_id: str = ""

    @classmethod
    def of(cls, value: object, platform: str) -> Leaving:
        """Read the parameter ``leave``.

        :raises InvalidInput: when it is anything else, or the other platform has it.
        """
        if isinstance(value, Mapping) and len(value) == 1:
            ((how, given),) = value.items()
            if how == "set" and isinstance(given, Mapping) and given:
                return cls("set", values=dict(given))
            if how == "remove_from_list" and str(given).strip().isdecimal():
                return cls("remove_from_list", list_id=str(given).strip())
        elif value in _WAYS:
            how = str(value)
            if _ONLY.get(how, platform) != platform:
                raise InvalidInput("leave", f"{how!r} is of the other platform; here it is {_INSTEAD[how]!r}")
            return cls(how)
        raise InvalidInput(
            "leave",
            f"must be one of {', '.join(_WAYS)}, {{'set': {{field: value}}}} or "
            "{'remove_from_list': list id}",
        )

    def __bool__(self) -> bool:
        """Whether anything happens."""
        return self.how != "nothing"


def masked(value: object) -> str | None:
    """Return a value so that a person who knows it recognizes it, and nobody else learns it.

    >>> masked("ada@example.com"), masked("Bern"), masked(None), masked(True)
    ('a***@e***', 'B***', None, 'true')
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    name, at, domain = str(value).partition("@")
    return f"{name[:1]}***{at}{domain[:1]}***" if at else f"{name[:1]}***"


def checked_plan(value: object, of: PlanOf) -> Mapping[str, object]:
    """Check the output of a planning task.

    :param of: the plan that it must be.
    :raises InvalidInput: when it is something else.
    """
    if not isinstance(value, Mapping) or value.get("outcome") != of.outcome:
        raise InvalidInput("plan", f"must be the output of a {of.operator} with dry_run=True")
    return value
