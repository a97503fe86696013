"""Leads for a Marketo instance with its own duplicate rule: no key is sent, and none replaces another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from import_runs import max_in_flight
from sync_runs import lines
from workers import context

from airflow_provider_mkt.operators.imports import ImportLeadsOperator
from airflow_provider_mkt.operators.lead_intake import PushLeadsOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")

KEY = seed.STRING_KEY
ADDRESS = "shared@example.com"
PEOPLE = [{"email": ADDRESS, KEY: key, "firstName": name} for key, name in (("A-1", "Ann"), ("B-2", "Bob"))]


@pytest.fixture(autouse=True)
def own_rule(sandbox: Sandbox) -> None:
    sandbox.marketo.settings.duplicate_rule = ("email", KEY)
    max_in_flight(sandbox)


def source(folder: Path) -> str:
    path = folder / "people.csv"
    rows = [f"{one['email']},{one[KEY]},{one['firstName']}" for one in PEOPLE]
    path.write_text("\n".join([f"email,{KEY},firstName", *rows]) + "\n")
    return f"file://{path}"


def run(how: str, folder: Path, **more: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {"task_id": "t", "conn_id": "marketo_default", "lookup_field": None, **more}
    if how == "import":
        return dict(
            ImportLeadsOperator(source=source(folder), poll_interval=0.05, **arguments).execute(context())
        )
    if how == "push":
        operator: Any = PushLeadsOperator(program_name="Website Contacts", leads=PEOPLE, **arguments)
        return dict(operator.execute(context()))
    return dict(SyncLeadsOperator(leads=PEOPLE, mode=how, poll_interval=0.05, **arguments).execute(context()))


@pytest.mark.parametrize("how", ["calls", "bulk", "auto", "push", "import"])
def test_two_people_of_one_address_are_two_leads(sandbox: Sandbox, tmp_path: Path, how: str) -> None:
    outcome = run(how, tmp_path)
    assert (outcome["total"], outcome["skipped"], outcome["rejected"]) == (2, 0, 0)
    found = sandbox.marketo.state.leads.find("email", ADDRESS)
    assert [(lead.values[KEY], lead.values["firstName"]) for lead in found] == [
        ("A-1", "Ann"),
        ("B-2", "Bob"),
    ]


@pytest.mark.parametrize("how", ["calls", "bulk", "import"])
def test_a_second_run_updates_both(sandbox: Sandbox, tmp_path: Path, how: str) -> None:
    for _ in range(2):
        sandbox.marketo.state.leads.update(
            sandbox.marketo.state.leads.existing(seed.ANNA), {"title": "x"}, sandbox.clock.now()
        )
        run(how, tmp_path)
    assert len(sandbox.marketo.state.leads.find("email", ADDRESS)) == 2


def test_the_same_person_twice_is_one_lead(sandbox: Sandbox) -> None:
    people = [PEOPLE[0], PEOPLE[1], {**PEOPLE[0], "firstName": "Last"}]
    outcome = SyncLeadsOperator(
        task_id="t", conn_id="marketo_default", lookup_field=None, leads=people
    ).execute(context())
    assert (outcome["created"], outcome["updated"]) == (2, 1)
    found = sandbox.marketo.state.leads.find("email", ADDRESS)
    assert [lead.values["firstName"] for lead in found] == ["Last", "Bob"]


def test_a_failed_row_is_found_among_rows_with_the_same_address(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"email,{KEY},leadScore\n{ADDRESS},A-1,1\n{ADDRESS},B-2,many\n")
    outcome = ImportLeadsOperator(
        task_id="t",
        conn_id="marketo_default",
        lookup_field=None,
        source=f"file://{path}",
        poll_interval=0.05,
        max_rejected=None,
    ).execute(context())
    (rejected,) = lines(outcome["rejects"])
    assert (rejected["row"], rejected["record"][KEY]) == (3, "B-2")


def test_hubspot_has_no_such_rule() -> None:
    with pytest.raises(AirflowFailException, match="lookup_field: is missing"):
        SyncLeadsOperator(
            task_id="t", conn_id="hubspot_default", lookup_field=None, leads=[{"email": "a@example.com"}]
        ).execute(context())
