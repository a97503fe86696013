"""GdprDeleteLeadsOperator deletes people for good, and keeps the digests of their addresses."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from sync_runs import BOTH, KNOWN, of, world
from workers import Worker, context, until

from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.marketo.leads import leads as lead_calls
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.operators.deleting import GdprDeleteLeadsOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits", "own_state")
DELETE = {"hubspot": "*/gdpr-delete", "marketo": "*/leads/delete.json"}


def operator(platform: str, leads: Any, **settings: Any) -> GdprDeleteLeadsOperator:
    settings = {"max_deleted": 10, **settings}
    return GdprDeleteLeadsOperator(task_id="erase", conn_id=f"{platform}_default", leads=leads, **settings)


def erase(platform: str, leads: Any, run: str = "run", **settings: Any) -> Any:
    return operator(platform, leads, **settings).execute(context(run=run))


def counts(outcome: dict[str, Any]) -> dict[str, int]:
    names = ("deleted", "already_gone", "rejected", "unknown")
    assert sum(outcome[name] for name in names) == outcome["total"]
    return {name: outcome[name] for name in names if outcome[name]}


def addresses(box: Sandbox, platform: str) -> set[str]:
    return {str(lead.get("email")).lower() for lead in world(box, platform)}


def digests(folder: Path) -> set[str]:
    return {line for file in folder.glob("*.txt") for line in file.read_text().splitlines()}


def digest(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


@pytest.mark.parametrize("platform", BOTH)
class TestErasure:
    def test_people_are_gone_and_no_later_sync_writes_them(
        self, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        tombstones = tmp_path / "tombstones"
        address = KNOWN[platform]
        by_address = {lead["email"]: lead["id"] for lead in world(sandbox, platform)}
        other = next(one for one in by_address if one != address)
        leads = [address.upper(), by_address[other], "nobody@example.com"]
        outcome = erase(platform, leads, tombstones_path=str(tombstones))
        assert counts(outcome) == {"deleted": 2, "already_gone": 1}
        assert outcome["outcome"] == "lead_erasure"
        assert not {address, other} & addresses(sandbox, platform)
        assert digests(tombstones) == {digest(one) for one in (address, other, "nobody@example.com")}
        # It is safe to repeat.
        again = erase(platform, leads, run="again", tombstones_path=str(tombstones))
        assert counts(again) == {"already_gone": 3}
        sync = SyncLeadsOperator(
            task_id="sync",
            conn_id=f"{platform}_default",
            leads=[{"email": one} for one in (address, other, "new@example.com")],
            suppress=str(tombstones),
        )
        written: Any = sync.execute(context(run="sync"))
        assert (written["written"], written["suppressed"]) == (1, 2)
        assert not {address, other} & addresses(sandbox, platform)

    def test_more_than_allowed_deletes_nobody(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        before = addresses(sandbox, platform)
        for allowed in (2, "2", "{{ params.n }}"):
            with pytest.raises(AirflowFailException, match="max_deleted"):
                erase(platform, ["1", "2", "3"], max_deleted=allowed, tombstones_path=str(tmp_path / "no"))
        with pytest.raises(Exception, match="max_deleted"):
            operator(platform, ["1"], max_deleted=True)
        assert addresses(sandbox, platform) == before
        assert not (tmp_path / "no").exists()

    def test_lost_answers(self, sandbox: Sandbox, platform: str) -> None:
        of(sandbox, platform).faults.add(DELETE[platform], when="after", answer={"reset": True})
        outcome = erase(platform, [KNOWN[platform]])
        # Marketo's repeated request finds nobody.
        assert counts(outcome) in ({"deleted": 1}, {"already_gone": 1})
        assert KNOWN[platform] not in addresses(sandbox, platform)

    def test_a_killed_worker_and_its_next_try(self, sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
        tombstones = tmp_path / "tombstones"
        leads = sorted(addresses(sandbox, platform))[:3]
        faults = of(sandbox, platform).faults
        faults.add(DELETE[platform], when="after", answer={"reset": True}, delay=60.0)
        worker = Worker(operator(platform, leads, tombstones_path=str(tombstones)))
        until(lambda: not set(leads) <= addresses(sandbox, platform), seconds=60)
        worker.kill()
        faults.clear()
        assert digests(tombstones) == {digest(one) for one in leads}
        outcome = erase(platform, leads, tombstones_path=str(tombstones))
        assert sum(counts(outcome).values()) == 3
        assert outcome["rejected"] == outcome["unknown"] == 0
        assert not set(leads) & addresses(sandbox, platform)


def test_hubspot_further_addresses_have_tombstones_too(sandbox: Sandbox, tmp_path: Path) -> None:
    known = {lead["email"]: lead["id"] for lead in world(sandbox, "hubspot")}
    contact = known[KNOWN["hubspot"]]
    with HubSpotHook("hubspot_default") as api:
        api.run(contacts.update(contact, {"hs_additional_emails": "ada@old.example.com;a@b.example.com"}))
    erase("hubspot", [contact], tombstones_path=str(tmp_path))
    wanted = {digest(one) for one in (KNOWN["hubspot"], "ada@old.example.com", "a@b.example.com")}
    assert digests(tmp_path) == wanted


def test_marketo_an_address_of_several_leads_is_rejected(sandbox: Sandbox) -> None:
    with MarketoHook("marketo_default") as api:
        api.run(lead_calls.sync([{"email": KNOWN["marketo"]}], action="createDuplicate"))
    outcome = erase("marketo", [KNOWN["marketo"]], max_rejected=1)
    assert counts(outcome) == {"rejected": 1}
    assert outcome["reasons"] == {"SEVERAL_FOUND": 1}
