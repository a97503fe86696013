"""Static lists, smart lists that are assets, and forms."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.folders.models import Asset
from airflow_provider_mkt.sandbox.marketo.lists.rules import SmartList


@dataclass
class StaticList(Asset):
    members: dict[int, datetime] = field(default_factory=dict)


@dataclass
class OwnSmartList(Asset):
    """A smart list that is an asset of its own, not part of a program or campaign."""

    rules: SmartList = field(kw_only=True)

    @property
    def smart_list(self) -> SmartList:
        return replace(self.rules, id=self.id, name=self.name)


@dataclass
class Form(Asset):
    fields: tuple[str, ...] = ("email",)
    member_fields: tuple[str, ...] = ()
    program_id: int | None = None
