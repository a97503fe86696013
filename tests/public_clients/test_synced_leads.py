"""What SyncLeadsOperator wrote, read back by clients that are not of this project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import connected
from hubspot_sdk import NotFoundError
from public_clients import hubspot_sdk, marketo_client
from workers import context, shorten_waits

from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("WORKERS_RUN", tmp_path.name)
    shorten_waits(monkeypatch)
    with connected() as box:
        yield box


def sync(platform: str, folder: Path, run: int, rows: list[dict[str, Any]], **options: Any) -> Any:
    operator = SyncLeadsOperator(
        task_id="sync",
        conn_id=f"{platform}_default",
        leads=rows,
        changes="changed",
        row_key="id",
        state_path=str(folder / "sync"),
        max_removed=None,
        **options,
    )
    return operator.execute(context(run=f"run {run}"))


def test_contacts_are_as_the_source_has_them(sandbox: Sandbox, tmp_path: Path) -> None:
    rows = [{"id": n, "email": f"s{n}@example.com", "firstname": f"S{n}", "city": "Bern"} for n in range(4)]
    sync("hubspot", tmp_path, 1, rows, leave="archive")
    rows[0].update(firstname="Änne", email="new@example.com")
    del rows[3]
    outcome = sync("hubspot", tmp_path, 2, rows, leave="archive")
    assert (outcome["updated"], outcome["unchanged"], outcome["removed"]) == (1, 2, 1)
    contacts = hubspot_sdk(sandbox).crm.objects.contacts
    names = ["email", "firstname", "city"]
    for address, name in (("new@example.com", "Änne"), ("s1@example.com", "S1"), ("s2@example.com", "S2")):
        found = contacts.get(address, id_property="email", properties=names).properties
        assert [found[one] for one in names] == [address, name, "Bern"]
    for gone in ("s0@example.com", "s3@example.com"):
        with pytest.raises(NotFoundError):
            contacts.get(gone, id_property="email")


def test_leads_are_as_the_source_has_them(sandbox: Sandbox, tmp_path: Path) -> None:
    rows = [{"id": n, "email": f"s{n}@example.com", "firstName": f"S{n}", "city": "Bern"} for n in range(4)]
    sync("marketo", tmp_path, 1, rows, leave="delete")
    rows[0].update(firstName="Änne", email="new@example.com")
    del rows[3]
    outcome = sync("marketo", tmp_path, 2, rows, leave="delete")
    assert (outcome["updated"], outcome["unchanged"], outcome["removed"]) == (1, 2, 1)
    found = marketo_client(sandbox).execute(
        method="get_multiple_leads_by_filter_type",
        filterType="email",
        filterValues=["new@example.com", *(f"s{n}@example.com" for n in range(4))],
        fields=["email", "firstName", "city"],
    )
    assert {(one["email"], one["firstName"], one["city"]) for one in found} == {
        ("new@example.com", "Änne", "Bern"),
        ("s1@example.com", "S1", "Bern"),
        ("s2@example.com", "S2", "Bern"),
    }
