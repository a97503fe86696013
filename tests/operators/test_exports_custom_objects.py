"""Exports of custom objects: by change and by list, with the types of the object's schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow_runs import Airflow, Run
from export_runs import failed, jobs, rows, shorten, succeeded

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.object_store import ObjectRecord

FIELDS = 'fields=["serialNumber", "leadId", "hours", "active", "marketoGUID"]'
QUARTER = 'start="2025-01-01T00:00:00Z", end="2025-04-06T00:00:00Z"'


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch, short_waits: None) -> None:
    shorten(monkeypatch)


@pytest.fixture
def machines(sandbox: Sandbox) -> list[ObjectRecord]:
    """Three machines of the seeded leads, each changed in another month."""
    state = sandbox.marketo.state
    store, owners = state.custom_objects.live(seed.MACHINE_TYPE), (seed.ANNA, seed.DAVID, seed.BEN)
    made = []
    for number, owner in enumerate(owners):
        values: dict[str, object] = {"serialNumber": f"M-{number}", "leadId": owner, "hours": number}
        record = store.insert(store.model.read(values), state.now())
        record.updated_at = seed.SEEDED_AT.replace(month=1 + number)
        made.append(record)
    return made


def export(airflow: Airflow, arguments: str, *, whole: bool = False) -> Run:
    return (airflow.run if whole else airflow.run_tasks)(
        "from airflow_provider_mkt.operators.custom_object_exports import ExportCustomObjectsOperator\n"
        'ExportCustomObjectsOperator(task_id="export", conn_id="marketo_default", poll_interval=0.05, '
        f'api_name="{seed.MACHINE_TYPE}", {arguments})'
    )


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_range_of_95_days_is_exported_in_windows(
    airflow: Airflow, sandbox: Sandbox, machines: list[ObjectRecord], tmp_path: Path, deferrable: bool
) -> None:
    machines[2].updated_at = seed.SEEDED_AT.replace(month=5)
    out = tmp_path / "machines.csv"
    outcome = succeeded(
        export(airflow, f'output_path="{out}", {FIELDS}, {QUARTER}, deferrable={deferrable}', whole=True)
    )
    assert [row["serialNumber"] for row in rows(out)] == ["M-0", "M-1"]
    assert rows(out)[0] == {
        "serialNumber": "M-0",
        "leadId": str(seed.ANNA),
        "hours": "0",
        "active": "null",
        "marketoGUID": str(machines[0].id),
    }
    assert (outcome["kind"], outcome["rows"], outcome["windows"]) == ("custom_objects", 2, 4)
    assert outcome["export_ids"] == [job.id for job in jobs(sandbox)]


def test_records_of_a_lists_members_are_exported_with_their_types(
    airflow: Airflow, machines: list[ObjectRecord], tmp_path: Path
) -> None:
    out = tmp_path / "machines.jsonl"
    succeeded(export(airflow, f'output_path="{out}", {FIELDS}, static_list_id={seed.STATIC_LIST}'))
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(one["serialNumber"], one["leadId"], one["hours"], one["active"]) for one in found] == [
        ("M-0", seed.ANNA, 0, None),
        ("M-2", seed.BEN, 2, None),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (f'fields=["email"], {QUARTER}', "Field 'email' not found"),
        (f"{FIELDS}, static_list_id=9", "not found"),
    ],
)
def test_what_cannot_be_exported_is_named(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, arguments: str, message: str
) -> None:
    out = tmp_path / "machines.csv"
    assert message in failed(export(airflow, f'output_path="{out}", {arguments}'))
    assert not out.exists()
