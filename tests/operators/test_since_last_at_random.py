"""Writes, deletes, merges and late rows at random against exports that are killed at any point."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from test_since_last import Contacts
from workers import context

from airflow_provider_mkt.operators import _read_export
from airflow_provider_mkt.operators._since_last import ExportWatermark
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits", "variables")

STEPS = 40


class Killed(Exception):
    """Ends a try where a kill would."""


class Chaos:
    """An account that changes at random, and exports of it."""

    def __init__(self, contacts: Contacts, chance: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
        self.contacts, self.chance, self.monkeypatch = contacts, chance, monkeypatch
        self.live: dict[str, str] = {one.id: one.value("lastname") or "" for one in contacts.store.live()}
        self.deleted: set[str] = set()
        self.merged: dict[str, str] = {}
        self.done: list[int] = []

    def step(self) -> None:
        chosen = self.chance.choices(
            [self.add, self.change, self.delete, self.merge, self.late, self.export],
            [8, 6, 2, 2, 2, 5],
        )
        chosen[0]()

    def add(self) -> None:
        for _ in range(self.chance.choice([1, 3, 120])):
            name = f"n{self.chance.random()}"
            self.live[self.contacts.add(name)] = name

    def change(self) -> None:
        one = self.chance.choice(sorted(self.live))
        self.live[one] = f"n{self.chance.random()}"
        self.contacts.change(one, self.live[one])

    def delete(self) -> None:
        one = self._take()
        self.contacts.store.archive(self.contacts.store.get(one))  # type: ignore[arg-type]
        self.deleted.add(one)

    def merge(self) -> None:
        loser, winner = self._take(), self.chance.choice(sorted(self.live))
        store = self.contacts.store
        store.merge(store.get(winner), store.get(loser))  # type: ignore[arg-type]
        self.merged[loser] = winner

    def late(self) -> None:
        self.contacts.sandbox.hubspot.state.settings.search_lag = self.chance.choice([0, 0.3, 600])

    def export(self) -> None:
        """Export in a new run, which is killed at random and then retried, or followed by another."""
        self.contacts.runs += 1
        number = self.contacts.runs
        for attempt in range(1, 4):
            kill = self.chance.choice(["not", "call", "before the watermark", "after the watermark"])
            try:
                with self.monkeypatch.context() as patch:
                    self._kill(kill, patch)
                    self.contacts.operator(number).execute(context(run=str(number), try_number=attempt))
            except (Killed, AirflowFailException):
                if kill == "call" and self.chance.random() < 0.5:
                    # The run fails for good before it has a file.
                    return
                continue
            finally:
                self.contacts.sandbox.hubspot.faults.clear()
            break
        else:
            self.contacts.operator(number).execute(context(run=str(number), try_number=4))
        self.done.append(number)

    def _kill(self, where: str, patch: pytest.MonkeyPatch) -> None:
        if where == "call":
            skip = self.chance.randrange(4)
            self.contacts.sandbox.hubspot.faults.add("/crm/objects/*", skip=skip, answer={"status": 400})
        complete = ExportWatermark.complete

        def killed(watermark: ExportWatermark, *given: object) -> None:
            if where == "after the watermark":
                complete(watermark, *given)  # type: ignore[arg-type]
            raise Killed

        if where.endswith("watermark"):
            patch.setattr(ExportWatermark, "complete", killed)

    def _take(self) -> str:
        one = self.chance.choice(sorted(self.live))
        del self.live[one]
        return one


@pytest.mark.parametrize("seed", range(4))
def test_every_change_arrives_and_none_twice(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(_read_export, "SAVE_ROWS", 100)
    sandbox.hubspot.state.settings.search_lag = 0
    contacts = Contacts(sandbox, tmp_path)
    chaos = Chaos(contacts, random.Random(seed), monkeypatch)
    for _ in range(STEPS):
        chaos.step()
    sandbox.hubspot.state.settings.search_lag = 0
    contacts.export()
    rows = [row for number in (*chaos.done, contacts.runs) for row in contacts.rows(number)]

    versions = Counter(
        (row["id"], row["updatedAt"], row["archivedAt"]) for row in rows if not row["mergedInto"]
    )
    assert [one for one, count in versions.items() if count > 1] == []
    newest = {row["id"]: row["lastname"] for row in sorted(rows, key=lambda row: row["updatedAt"])}
    assert {one: newest.get(one) for one in chaos.live} == chaos.live
    assert {row["id"] for row in rows if row["archivedAt"]} == chaos.deleted
    losers = {row["id"] for row in rows if row["mergedInto"]}
    # A record that was merged into one that is deleted before the export is gone with it.
    gone = {one for one, into in chaos.merged.items() if into not in chaos.live}
    assert losers >= chaos.merged.keys() - gone
