"""What a platform remembers, and how a person or a test looks at it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox.clock import Clock


@dataclass(slots=True)
class Section:
    """One table of the page."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    note: str = ""


class World(ABC):
    """State of one platform; a reset makes a new one from the same seed."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.seed = seed

    @abstractmethod
    def snapshot(self) -> dict[str, Any]:
        """Everything in it that is worth a look, as JSON; no secrets."""

    @abstractmethod
    def sections(self) -> list[Section]:
        """The tables of the page."""
