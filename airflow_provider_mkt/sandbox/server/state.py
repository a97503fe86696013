"""The state of a platform, and the tables in which its page shows it."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.turns import Steps, finish_now

NEWEST = 10
"""How many rows a table of the page has at most."""


class Link(str):
    """The text of a cell that leads to the page of one thing.

    :param kind: kind of the thing, such as `lead`.
    :param number: its id.
    """

    href: str

    def __new__(cls, text: str, kind: str, number: int | str) -> Link:
        link = super().__new__(cls, text)
        link.href = f"/?{kind}={number}"
        return link


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

    def due_work(self) -> Steps:
        """Do the background work that is due by now on the clock, in steps.

        Between two steps everything is as it was at some time before now.
        """
        yield from ()

    def long_work(self) -> Steps | None:
        """Return due work for which no request waits, such as a large file; None without.

        It is done while requests are answered: until then, the job that it belongs to is not complete.
        """
        return None

    def run_due_work(self) -> None:
        """Do the background work that is due by now on the clock."""
        finish_now(self.due_work())
