"""Properties that a HubSpot account requires: each record says which one it lacks, after few calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from workers import context

from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.settings import ConditionalProperty

pytestmark = pytest.mark.usefixtures("short_waits")

FULL = {"company": "Acme", "phone": "1"}
LACKING = {
    "no.company@example.com": ("company",),
    "no.phone@example.com": ("phone",),
    "empty@example.com": ("company", "phone"),
}


def synced(tmp_path: Path, records: list[dict[str, str]], **more: Any) -> tuple[dict[str, Any], list[Any]]:
    path = tmp_path / "rejects.jsonl"
    operator = SyncLeadsOperator(
        task_id="sync",
        conn_id="hubspot_default",
        leads=records,
        max_rejected=None,
        rejects_path=str(path),
        **more,
    )
    outcome = operator.execute(context())
    return outcome, [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("action", ["createOrUpdate", "createOnly"])
@pytest.mark.parametrize("per_input", [False, True])
@pytest.mark.parametrize("multi_status", [False, True])
def test_a_record_names_the_required_property_that_it_lacks(
    sandbox: Sandbox, tmp_path: Path, action: str, per_input: bool, multi_status: bool
) -> None:
    settings = sandbox.hubspot.settings
    settings.required_on_create = ("company", "phone")
    settings.rules_per_input, settings.multi_status = per_input, multi_status
    good = [{"email": f"p{number}@example.com", **FULL} for number in range(40)]
    bad = [
        {"email": email, **{name: value for name, value in FULL.items() if name not in lacking}}
        for email, lacking in LACKING.items()
    ]
    known = [{"email": "ada@example.com", "city": "Oslo"}] if action == "createOrUpdate" else []
    outcome, rejects = synced(tmp_path, [*bad, *known, *good], action=action)
    assert (outcome["created"], outcome["updated"]) == (40, len(known))
    assert outcome["reasons"] == {"MISSING_REQUIRED_PROPERTY": 3}
    assert len(rejects) == 3
    for reject in rejects:
        said = json.dumps(reject)
        lacking = LACKING[next(email for email in LACKING if email in said)]
        for name in FULL:
            assert (f"Missing required property: {name}" in said) is (name in lacking)
    # The batch, who of them exists, and the rest; not one call for each record.
    assert outcome["calls"] <= 3


def test_a_record_names_the_property_that_a_condition_requires(sandbox: Sandbox, tmp_path: Path) -> None:
    rule = ConditionalProperty(property="lifecyclestage", value="customer", required="company")
    sandbox.hubspot.settings.conditional_properties = (rule,)
    records = [
        {"email": "lacking@example.com", "lifecyclestage": "customer"},
        {"email": "new@example.com", "lifecyclestage": "customer", "company": "Acme"},
        {"email": "other@example.com", "lifecyclestage": "lead"},
    ]
    outcome, rejects = synced(tmp_path, records)
    assert (outcome["created"], outcome["rejected"]) == (2, 1)
    assert outcome["reasons"] == {"MISSING_CONDITIONAL_REQUIRED_PROPERTY": 1}
    said = json.dumps(rejects)
    assert "lacking@example.com" in said
    assert "company" in said
    assert "lifecyclestage" in said


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_earlier_versions_do_not_check_it(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "password": seed.TOKEN,
        "extra": {"api_version": version},
    }
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))
    sandbox.hubspot.settings.required_on_create = ("company",)
    operator = SyncLeadsOperator(
        task_id="sync", conn_id="hubspot_default", leads=[{"email": "new@example.com"}]
    )
    assert operator.execute(context())["created"] == 1


def test_a_value_that_is_stored_in_another_format_has_a_warning(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [name] = [
        one.name
        for one in sandbox.hubspot.state.contacts.definitions.values()
        if one.kind == "date" and not one.read_only
    ][:1]
    path = tmp_path / "outcomes.jsonl"
    operator = SyncLeadsOperator(
        task_id="sync",
        conn_id="hubspot_default",
        leads=[
            {"email": "a@example.com", name: "2026-05-01T10:30:00Z"},
            {"email": "b@example.com", name: "2026-05-01"},
        ],
        outcomes_path=str(path),
    )
    assert operator.execute(context())["created"] == 2
    outcomes = {one["row"]: one for one in map(json.loads, path.read_text().splitlines())}
    assert (outcomes[1]["outcome"], outcomes[1]["code"]) == ("created", "PROPERTY_VALUE_NORMALIZED")
    assert name in outcomes[1]["reason"]
    assert "code" not in outcomes[2]
    assert "Written with the warning PROPERTY_VALUE_NORMALIZED: 1 lead" in capsys.readouterr().out
