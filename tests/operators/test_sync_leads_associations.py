"""``SyncLeadsOperator`` associates contacts with companies and other records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sync_runs import lines
from workers import context

from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

PAIRS = "/crm/associations/*/batch/associate/default"
BY_DOMAIN = {"to": "companies", "by": "domain", "column": "email"}


@pytest.fixture(autouse=True)
def no_search_lag(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.search_lag = 0.0


def run(at: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    given = {"conn_id": "hubspot_default", "search_wait": 0.0, **arguments}
    outcome: dict[str, Any] = SyncLeadsOperator(task_id="task", **given).execute(at or context())
    assert outcome["total"] == outcome["written"] + outcome["skipped"] + outcome["rejected"]
    return outcome


def failing(**arguments: Any) -> str:
    with pytest.raises(AirflowFailException) as raised:
        run(**arguments)
    return str(raised.value)


def company(sandbox: Sandbox, **values: str) -> str:
    return str(sandbox.hubspot.state.objects["companies"].store.create({"name": "A company", **values}).id)


def contacts_of(sandbox: Sandbox, company_id: str) -> dict[str, set[str | None]]:
    """The email addresses of the contacts of a company, and the labels."""
    objects, state = sandbox.hubspot.state.objects, sandbox.hubspot.state
    every = state.associations.of((objects["companies"].id, company_id), objects["contacts"])
    return {
        str(state.contacts.get(one).properties["email"]): {each.label for each in types}
        for one, types in every.items()
    }


def test_contacts_are_associated_by_the_domain_of_their_address_and_by_id(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    acme, globex = company(sandbox, domain="acme.example"), company(sandbox)
    file = tmp_path / "people.csv"
    file.write_text(
        f"email,firstname,second\nann@acme.example,Ann,{globex}\nbo@gmail.com,Bo,\ncy@none.example,Cy,\n"
    )
    outcome = run(
        source=str(file),
        associate=[
            {**BY_DOMAIN, "label": "Primary", "missing": "write"},
            {"to": "companies", "column": "second"},
        ],
    )
    assert (outcome["created"], outcome["rejected"]) == (3, 0)
    by_domain, by_id = outcome["associations"]
    assert (by_domain["linked"], by_domain["free_mail"], by_domain["missing"]) == (1, 1, 1)
    assert (by_id["linked"], by_id["none"]) == (1, 2)
    assert contacts_of(sandbox, acme) == {"ann@acme.example": {None, "Primary"}}
    assert contacts_of(sandbox, globex) == {"ann@acme.example": {None}}


def test_a_row_whose_company_is_missing_is_rejected_and_not_written(sandbox: Sandbox) -> None:
    outcome = run(leads=[{"email": "cy@none.example"}], associate=[BY_DOMAIN], max_rejected=None)
    assert outcome["reasons"] == {"PARENT_MISSING": 1}
    (line,) = lines(outcome["rejects"])
    assert line["record"]["email"] == "cy@none.example"
    assert sandbox.hubspot.state.contacts.find("email", "cy@none.example") is None


def test_a_try_that_ends_before_the_associations_is_continued_with_them(sandbox: Sandbox) -> None:
    acme = company(sandbox, domain="acme.example")
    rows = [{"email": f"p{number}@acme.example"} for number in range(120)]
    at = context()
    sandbox.hubspot.faults.add(PAIRS, answer={"error": "MISSING_SCOPES"})
    assert "scopes" in failing(leads=rows, associate=[BY_DOMAIN], at=at)
    assert contacts_of(sandbox, acme) == {}
    outcome = run(leads=rows, associate=[BY_DOMAIN], at=at)
    assert (outcome["written"], outcome["associations"][0]["linked"]) == (120, 120)
    assert len(contacts_of(sandbox, acme)) == 120
    again = run(leads=rows, associate=[BY_DOMAIN], at=at)
    assert (again["resumed"], again["calls"]) == (120, 0)


def test_associations_whose_answer_is_lost_are_sent_again(sandbox: Sandbox) -> None:
    acme = company(sandbox, domain="acme.example")
    sandbox.hubspot.faults.add(PAIRS, when="after", answer={"reset": True})
    run(leads=[{"email": "ann@acme.example"}], associate=[BY_DOMAIN])
    assert len(contacts_of(sandbox, acme)) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"conn_id": "marketo_default"},
            "associate: Marketo has no associations: the field externalCompanyId of a lead names its company",
        ),
        ({"mode": "bulk"}, "associate: an import does not report each lead's id"),
        ({"associate": [{**BY_DOMAIN, "label": "Boss"}]}, "associate[0].label: there is no label 'Boss'"),
        ({"associate": [{"to": "companies"}]}, "associate[0].column"),
        ({"associate": [{"to": "nothing", "column": "who"}]}, "associate[0].to"),
    ],
)
def test_what_cannot_be_associated_is_refused_before_anything_is_sent(
    sandbox: Sandbox, arguments: dict[str, Any], said: str
) -> None:
    given = {"leads": [{"email": "new@acme.example"}], "associate": [BY_DOMAIN], **arguments}
    assert said in failing(**given)
    assert sandbox.hubspot.state.contacts.find("email", "new@acme.example") is None
    assert not any("new@acme" in str(lead.values) for lead in sandbox.marketo.state.leads)


class TestOnlyWhatChanged:
    """With ``changes``, what a row is associated with is compared too."""

    def test_a_row_is_sent_again_when_it_names_another_record(self, sandbox: Sandbox, tmp_path: Path) -> None:
        acme, globex = company(sandbox, domain="acme.example"), company(sandbox, domain="globex.example")
        rows = [{"id": number, "email": f"p{number}@x.example", "at": "acme.example"} for number in range(3)]
        sync = changing(tmp_path, [{"to": "companies", "by": "domain", "column": "at"}])
        first = sync(rows)
        assert (first["created"], first["associations"][0]["linked"]) == (3, 3)
        second = sync(rows)
        assert (second["unchanged"], second["associations"][0]["linked"]) == (3, 0)
        # Another record, and an address that changed: the record is known by its id.
        rows[0]["at"], rows[1]["email"] = "https://www.Globex.example/", "new@x.example"
        third = sync(rows)
        assert (third["updated"], third["unchanged"]) == (2, 1)
        assert set(contacts_of(sandbox, globex)) == {"p0@x.example"}
        assert set(contacts_of(sandbox, acme)) == {"p0@x.example", "new@x.example", "p2@x.example"}
        # What a row names in another form, or does not name any more, changes nothing.
        rows[0]["at"], rows[1]["at"] = "globex.example", ""
        assert sync(rows)["unchanged"] == 3

    def test_a_record_that_does_not_exist_yet_is_found_in_later_runs(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        rows = [{"id": 1, "email": "ann@acme.example"}, {"id": 2, "email": "bo@acme.example"}]
        written = changing(tmp_path / "written", [{**BY_DOMAIN, "missing": "write"}])
        rejected = changing(tmp_path / "rejected", [BY_DOMAIN], max_rejected=None)
        first = written(rows)
        assert (first["created"], first["associations"][0]["missing"]) == (2, 2)
        assert rejected(rows)["reasons"] == {"PARENT_MISSING": 2}
        acme = company(sandbox, domain="acme.example")
        assert (written(rows)["updated"], written(rows)["unchanged"]) == (2, 2)
        assert len(contacts_of(sandbox, acme)) == 2
        assert rejected(rows)["associations"][0]["linked"] == 2

    def test_a_plan_counts_the_calls_and_is_refused_when_a_row_names_another_record(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        company(sandbox, domain="acme.example")
        sync = changing(tmp_path, [{"to": "companies", "by": "domain", "column": "at"}])
        rows = [{"id": 1, "email": "ann@x.example", "at": "acme.example"}]
        plan = sync(rows, dry_run=True)
        assert (plan["to_write"], plan["calls"]) == (1, 3)
        with pytest.raises(AirflowFailException, match="the source or its mapping has changed"):
            sync([{**rows[0], "at": "globex.example"}], plan=plan)
        assert sync(rows, plan=plan)["associations"][0]["linked"] == 1

    def test_associations_that_a_failed_run_has_not_written_are_written_by_the_next(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        acme = company(sandbox, domain="acme.example")
        rows = [{"id": number, "email": f"p{number}@acme.example"} for number in range(3)]
        sync = changing(tmp_path, [BY_DOMAIN])
        sandbox.hubspot.faults.add(PAIRS, answer={"error": "MISSING_SCOPES"})
        with pytest.raises(AirflowFailException, match="scopes"):
            sync(rows)
        assert (contacts_of(sandbox, acme), sync(rows)["updated"]) == ({}, 3)
        assert len(contacts_of(sandbox, acme)) == 3


def changing(folder: Path, associate: list[dict[str, Any]], **settings: Any) -> Any:
    """Return what runs a sync that compares, one run after another."""
    runs = iter(range(100))

    def sync(rows: list[dict[str, Any]], **more: Any) -> Any:
        given = {
            "conn_id": "hubspot_default",
            "search_wait": 0.0,
            "changes": "changed",
            "row_key": "id",
            "state_path": str(folder),
            "associate": associate,
            **settings,
            **more,
        }
        operator = SyncLeadsOperator(task_id="task", leads=rows, **given)
        return operator.execute(context(run=f"{folder} {next(runs)}"))

    return sync
