"""Channels and their progression statuses."""

from dataclasses import dataclass
from datetime import datetime

NOT_IN_PROGRAM = "Not in Program"


@dataclass(frozen=True)
class Status:
    name: str
    step: int
    success: bool = False
    type: str | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Channel:
    id: int
    name: str
    program_type: str
    statuses: tuple[Status, ...]
    created_at: datetime

    def status(self, name: str) -> Status | None:
        """Return a status by name, which is case-sensitive."""
        return next((one for one in self.statuses if one.name == name), None)

    def first(self) -> Status:
        return min((one for one in self.statuses if one.step > 0), key=lambda one: one.step)
