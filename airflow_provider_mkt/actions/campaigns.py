"""Campaigns as both platforms know them: how a DAG names them, and outcomes of changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from airflow_provider_mkt.actions.jobs import Job
from airflow_provider_mkt.actions.procedure import TaskState
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type

_RENAMED = "renamed campaigns"


@dataclass
class CampaignBatch:
    """The outcome of creating campaigns, by name.

    :param created: created by this task, name to id.
    :param existing: existed before, name to id.
    :param rejected: rejected, name to the platform's reason.
    :param jobs: to wait for until the platform shows all campaigns.
    """

    created: dict[str, str] = field(default_factory=dict)
    existing: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)

    @property
    def ids(self) -> Mapping[str, str]:
        """Every campaign that exists now, name to id."""
        return {**self.existing, **self.created}


@dataclass(frozen=True)
class CampaignRef:
    """A campaign as a DAG names it: by its id, or by its name, which is looked up.

    :param changes: fields to change.
    """

    id: str | None
    name: str | None
    changes: Mapping[str, object] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Its name in outcomes."""
        return self.name or self.id or ""


@dataclass
class CampaignOutcome:
    """The outcome of changing or archiving campaigns, by label.

    :param done: changed or archived by this task, label to id.
    :param absent: to be archived, and do not exist.
    :param rejected: rejected, label to the reason.
    """

    done: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


def renamed(task_state: TaskState) -> dict[str, str]:
    """Return the ids of campaigns that earlier tries of the task found by name and renamed."""
    mark = task_state.get(_RENAMED)
    return {name: str(campaign_id) for name, campaign_id in mark.items()} if isinstance(mark, Mapping) else {}


def rename(task_state: TaskState, ids: Mapping[str, str]) -> None:
    """Keep the ids of campaigns, by the names that they are about to lose."""
    if ids:
        task_state.set(_RENAMED, {**renamed(task_state), **ids})


def refs(field_name: str, value: Iterable[object]) -> list[CampaignRef]:
    """Read the campaigns that a DAG names.

    :param value: a list of ids, or of mappings with ``id`` or ``name`` and the fields to change; or a mapping
        of names to ids, or a mapping with such a mapping as its ``campaigns``.
    :raises InvalidInput: when it is empty, an entry is neither, or one occurs twice.
    """
    found: list[CampaignRef] = []
    seen: set[tuple[str, str]] = set()
    for where, one in _entries(field_name, value):
        ref = _ref(where, one)
        key = ("id", ref.id.lower()) if ref.id else ("name", ref.name or "")
        if key in seen:
            raise InvalidInput(where, "occurs twice")
        seen.add(key)
        found.append(ref)
    if not found:
        raise InvalidInput(field_name, "is empty: no campaign is named")
    return found


def _entries(field_name: str, value: Iterable[object]) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        inner = value.get("campaigns")
        for name, campaign_id in (inner if isinstance(inner, Mapping) else value).items():
            if not name or not isinstance(name, str):
                raise InvalidInput(
                    field_name, f"must map names to ids, and has {describe_type(name)} as a name"
                )
            yield f"{field_name}[{name!r}]", (name, campaign_id)
    else:
        yield from ((f"{field_name}[{index}]", one) for index, one in enumerate(value))


def _ref(where: str, one: object) -> CampaignRef:
    if isinstance(one, tuple):
        name, campaign_id = one
        return CampaignRef(_text(where, campaign_id), name)
    if not isinstance(one, Mapping):
        return CampaignRef(_text(where, one), None)
    changes = {key: value for key, value in one.items() if key not in ("id", "name")}
    if one.get("id") not in (None, ""):
        if "name" in one:
            raise InvalidInput(where, "has both id and name; a new name is given as new_name")
        return CampaignRef(_text(f"{where}.id", one["id"]), None, changes)
    return CampaignRef(None, _text(f"{where}.name", one.get("name")), changes)


def _text(where: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        raise InvalidInput(where, f"must be an id or a name, not {describe_type(value)}")
    return str(value).strip()
