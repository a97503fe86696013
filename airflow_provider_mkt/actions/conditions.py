"""What can be waited for on a platform beside its background work, and how to look whether it is so.

A :class:`Condition` names what is waited for. How to look is one :class:`ConditionSpec`, which the sensors
and their trigger share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypedDict, TypeVar

from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.errors import ConditionFailed, InvalidInput
from airflow_provider_mkt.client.quota import DayQuota
from airflow_provider_mkt.client.redaction import describe_type

T = TypeVar("T")

State: TypeAlias = dict[str, Json]
"""What the looks of one wait tell each other. It saves calls: a look without it finds out the same."""


class ConditionDict(TypedDict):
    """A condition as it travels through trigger arguments."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Condition:
    """Something to wait for.

    :param name: e.g. ``quota_left``.
    :param arguments: plain JSON.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> ConditionDict:
        """The condition as plain JSON."""
        return ConditionDict(name=self.name, arguments=dict(self.arguments))

    @classmethod
    def from_json(cls, value: object) -> Condition:
        """Read a condition from JSON.

        :raises InvalidInput: when it is not one.
        """
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            raise InvalidInput(
                "condition", f"must be a mapping of name and arguments, not {describe_type(value)}"
            )
        arguments = value.get("arguments") or {}
        if not isinstance(arguments, Mapping):
            raise InvalidInput("condition.arguments", f"must be a mapping, not {describe_type(arguments)}")
        return cls(value["name"], arguments)


@dataclass(frozen=True)
class ConditionState:
    """What a look showed.

    :param done: whether what is waited for is so.
    :param details: small JSON details worth showing: counts, ids, the platform's words.
    :param failed: why it can no longer come about; empty while it can.
    :param odd: what the look did not understand, for a warning.
    """

    done: bool
    details: Mapping[str, Any] = field(default_factory=dict)
    failed: str = ""
    odd: str = ""

    def __str__(self) -> str:
        details = ", ".join(f"{name} {value}" for name, value in self.details.items() if value is not None)
        return f"{'there' if self.done else 'not yet'}{f': {details}' if details else ''}"


@dataclass(frozen=True)
class ConditionSpec:
    """How to look for one kind of condition.

    :param name: the condition's name.
    :param look: takes the :data:`State` of the wait, and the condition's arguments by name.
    :param poke_interval: how often looking is worth it, in seconds.
    """

    name: str
    look: Callable[..., Procedure[ConditionState]]
    poke_interval: float


def spec_of(specs: Sequence[ConditionSpec], condition: Condition, platform: str) -> ConditionSpec:
    """The spec of a condition.

    :raises InvalidInput: when the platform has no such condition.
    """
    for spec in specs:
        if spec.name == condition.name:
            return spec
    raise InvalidInput("conn_id", f"is of type {platform}, where there is no {condition.name} to wait for")


def look_for(spec: ConditionSpec, condition: Condition, state: State) -> Procedure[ConditionState]:
    """Look once whether a condition is so.

    :param state: of this wait; the look may change it.
    :raises ConditionFailed: when it can no longer come about.
    :raises InvalidInput: on arguments that the condition does not take.
    """
    try:
        looking = spec.look(state, **condition.arguments)
    except TypeError:
        # A trigger of another version of this package may have been stored with other ones.
        raise InvalidInput("condition.arguments", f"are not those of {condition.name}") from None
    seen = yield from looking
    if seen.failed:
        raise ConditionFailed(seen.failed)
    return seen


def not_seen(state: State, wanted: Sequence[str]) -> list[str]:
    """The wanted ids that no earlier look of this wait has seen."""
    seen = _seen(state)
    return [one for one in wanted if one not in seen]


def note_seen(state: State, ids: Sequence[str]) -> None:
    """Remember ids, so that later looks ask for the others alone."""
    state["seen"] = sorted(_seen(state).union(ids))


def _seen(state: State) -> set[str]:
    seen = state.get("seen")
    return {str(one) for one in seen} if isinstance(seen, list) else set()


def in_parts(ids: Sequence[T], size: int) -> list[Sequence[T]]:
    """The ids in as few calls as take *size* of them each."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def whole_number(field_name: str, value: object, *, at_least: int = 1) -> int:
    """Check a count.

    :raises InvalidInput: when it is none, or too small.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise InvalidInput(
            field_name, f"must be a whole number, {at_least} or more, not {describe_type(value)}"
        )
    return value


def one_of(field_name: str, value: object, words: Sequence[str]) -> str:
    """Check a word.

    :raises InvalidInput: when it is none of *words*.
    """
    if not isinstance(value, str) or value not in words:
        raise InvalidInput(field_name, f"must be one of {', '.join(words)}, not {describe_type(value)}")
    return value


def enough_left(today: Procedure[DayQuota | None], need: int) -> Procedure[ConditionState]:
    """Whether so many of the day's calls are left.

    :param today: asks how many are.
    """
    whole_number("need", need)
    quota = yield from today
    if quota is None:
        return ConditionState(
            False, {"left": None}, odd="the account's use of its calls, which it does not tell now"
        )
    failed = f"a day has {quota.limit:,} calls, fewer than the {need:,} needed" if need > quota.limit else ""
    return ConditionState(quota.left >= need, {"left": quota.left, "limit": quota.limit}, failed)
