"""Static lists, smart lists that are assets, and forms."""

from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.folders.models import Asset
from airflow_provider_mkt.sandbox.marketo.programs.models import SmartList


@dataclass
class StaticList(Asset):
    members: dict[int, datetime] = field(default_factory=dict)


@dataclass
class OwnSmartList(Asset):
    """A smart list that is an asset of its own, not part of a program or campaign."""

    static_list_id: int | None = None

    @property
    def smart_list(self) -> SmartList:
        return SmartList(self.id, self.name, self.static_list_id)


@dataclass
class Form(Asset):
    fields: tuple[str, ...] = ("email",)
    member_fields: tuple[str, ...] = ()
    program_id: int | None = None
