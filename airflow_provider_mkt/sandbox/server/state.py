"""The state of a platform, and the tables in which its page shows it."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.server.clock import Clock

NEWEST = 10
"""How many rows a table of the page has at most."""


@dataclass(slots=True)
class Table:
    """One table of the page."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    note: str = ""


class State:
    """Everything that one account holds. A reset replaces it."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.seed = seed

    def run_due_work(self) -> None:
        """Do the background work that is due by now on the clock."""
