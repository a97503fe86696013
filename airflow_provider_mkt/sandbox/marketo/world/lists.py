"""Static lists and forms."""

from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.world.folders import Asset


@dataclass
class StaticList(Asset):
    members: dict[int, datetime] = field(default_factory=dict)


@dataclass
class Form(Asset):
    fields: tuple[str, ...] = ("email",)
    member_fields: tuple[str, ...] = ()
    program_id: int | None = None
