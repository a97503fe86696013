"""Leads are merged once, and every loser has an outcome."""

from __future__ import annotations

from typing import Any

import pytest
from airflow_runs import Airflow
from workers import RESET, Worker, context, until

from airflow_provider_mkt.actions import idempotency
from airflow_provider_mkt.actions.hubspot import contacts
from airflow_provider_mkt.actions.leads import LeadMerge
from airflow_provider_mkt.actions.procedure import InMemoryTaskState, Procedure
from airflow_provider_mkt.client.hubspot.contacts import contact_merging
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.operators.merging import MergeLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import MERGE_LEADS
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

ADA, BRUNO, CHIDI, *_ = hubspot.CONTACT_IDS
PEOPLE = {"hubspot": (ADA, BRUNO, CHIDI), "marketo": (marketo.ANNA, marketo.BEN, marketo.CARLA)}
ROUTES = {
    "hubspot": "/crm/objects/2026-09/contacts/merge",
    "marketo": "/rest/v1/leads/{leadId}/merge.json",
}
BOTH = pytest.mark.parametrize("platform", PEOPLE)
MERGE = "*/merge*"


def merging(platform: str, *losers: Any, winner: Any = None, **more: Any) -> MergeLeadsOperator:
    first, *others = PEOPLE[platform]
    return MergeLeadsOperator(
        task_id="task",
        conn_id=f"{platform}_default",
        winner_id=winner or first,
        loser_ids=list(losers or others),
        **more,
    )


def merges(box: Sandbox, platform: str) -> int:
    """How many leads were merged on the platform, by any request."""
    if platform == "marketo":
        return len(list(box.marketo.state.log.all(MERGE_LEADS)))
    contacts = box.hubspot.state.contacts
    return contacts.get(contacts.survivor(ADA)).merges  # type: ignore[union-attr]


def survivor(box: Sandbox, platform: str) -> str:
    """The id of the lead that the others were merged into. HubSpot gives it a new one with each merge."""
    winner = str(PEOPLE[platform][0])
    return winner if platform == "marketo" else box.hubspot.state.contacts.survivor(winner)


def request_count(box: Sandbox, platform: str) -> int:
    return getattr(box, platform).calls.of("POST", ROUTES[platform]).total


@BOTH
def test_losers_are_merged_and_another_run_reports_them_as_merged_before(
    airflow: Airflow, sandbox: Sandbox, platform: str
) -> None:
    winner, *losers = PEOPLE[platform]
    run = airflow.run(f"""
from airflow_provider_mkt.actions import idempotency
from airflow_provider_mkt.operators.merging import MergeLeadsOperator
MergeLeadsOperator(task_id="merge", conn_id="{platform}_default", winner_id="{winner}",
    loser_ids="{{{{ params.losers | tojson }}}}", params={{"losers": {losers}}})
""")
    assert run.state == "success", run.log[-3000:]
    stays = survivor(sandbox, platform)
    assert (stays == str(winner)) is (platform == "marketo")
    outcome = {"outcome": "lead_merge", "platform": platform, "winner_id": stays, "total": 2}
    assert run.returned["merge"] == {**outcome, "merged": 2, "already": 0, "rejected": 0, "reasons": {}}
    again = merging(platform).execute(context(run="again"))
    assert again == {**outcome, "merged": 0, "already": 2, "rejected": 0, "reasons": {}}


def test_an_account_can_keep_the_id_of_the_winner(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.merge_keeps_primary_id = True
    assert merging("hubspot").execute(context())["winner_id"] == ADA
    assert merges(sandbox, "hubspot") == 2


@BOTH
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_merges_once(sandbox: Sandbox, platform: str, when: Any) -> None:
    getattr(sandbox, platform).faults.add(MERGE, when=when, answer=RESET)
    outcome = merging(platform).execute(context())
    assert (outcome["merged"], outcome["already"]) == (2, 0)
    assert merges(sandbox, platform) == (2 if platform == "hubspot" else 1)


@BOTH
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_while_it_merges_and_its_next_try_merge_once(
    sandbox: Sandbox, platform: str, when: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The killed request takes effect, and the next try waits until then, however slow the machine is.
    monkeypatch.setattr(idempotency, "CONSISTENCY_WINDOW", 60.0)
    box = getattr(sandbox, platform)
    box.faults.add(MERGE, when=when, delay=0.3)
    worker = Worker(merging(platform))
    until(lambda: box.calls.of("POST", ROUTES[platform]).in_flight == 1)
    worker.kill()
    ended = Worker(merging(platform)).end()
    assert "result" in ended, ended
    outcome = ended["result"]
    assert (outcome["merged"], outcome["already"]) == (2, 0)
    assert request_count(sandbox, platform) == (2 if platform == "hubspot" else 1)


def test_a_killed_request_that_takes_effect_while_the_next_try_reads_rejects_nobody(sandbox: Sandbox) -> None:
    earlier = InMemoryTaskState()
    earlier.set(f"merge contact {BRUNO} into {ADA}", "requested")
    with HubSpotHook("hubspot_default") as hook:
        steps = contacts.merge(ADA, [BRUNO, CHIDI], earlier)
        # The winner, before it gets another id.
        answer: Any = hook.run(next(steps))
        hook.run(contact_merging.merge(ADA, BRUNO))

        def rest() -> Procedure[LeadMerge]:
            reply = answer
            while True:
                try:
                    step = steps.send(reply)
                except StopIteration as stop:
                    merged: LeadMerge = stop.value
                    return merged
                reply = yield step

        outcome = hook.follow(rest())
    assert (outcome.merged, outcome.already, outcome.rejected) == ([BRUNO, CHIDI], [], {})
    assert outcome.survivor == survivor(sandbox, "hubspot")


@BOTH
def test_two_concurrent_runs_merge_once(sandbox: Sandbox, platform: str) -> None:
    workers = [Worker(merging(platform), run=name) for name in "ab"]
    assert sorted(worker.end()["result"]["merged"] for worker in workers) == [0, 2]
    assert request_count(sandbox, platform) == (2 if platform == "hubspot" else 1)


def test_marketo_more_losers_than_a_call_takes_are_merged_by_several_calls(sandbox: Sandbox) -> None:
    leads = sandbox.marketo.state.leads
    [default, *_] = leads.partitions
    made = [leads.insert({"email": f"{n}@example.com"}, default, sandbox.clock.now()).id for n in range(26)]
    outcome = merging("marketo", *made).execute(context())
    assert (outcome["total"], outcome["merged"]) == (26, 26)
    assert request_count(sandbox, "marketo") == 2


def test_marketo_a_rejected_request_is_split_until_only_the_rejected_leads_are_left(sandbox: Sandbox) -> None:
    sandbox.marketo.faults.add(MERGE, answer={"code": "1076"}, times=2)
    with pytest.raises(AirflowFailException, match="1 of 2 leads were rejected: '1002'"):
        merging("marketo").execute(context())
    assert sandbox.marketo.state.leads.get(marketo.BEN) is not None
    assert sandbox.marketo.state.leads.get(marketo.CARLA) is None


def test_hubspot_each_loser_that_cannot_be_merged_has_its_reason(sandbox: Sandbox) -> None:
    contacts = sandbox.hubspot.state.contacts
    contacts.merge(contacts.get(hubspot.CONTACT_IDS[3]), contacts.get(BRUNO))  # type: ignore[arg-type]
    one = context()
    with pytest.raises(AirflowFailException, match="2 of 3 leads were rejected"):
        merging("hubspot", BRUNO, "123", CHIDI).execute(one)
    outcome = one["ti"].pushed["return_value"]
    assert (outcome["merged"], outcome["rejected"]) == (1, 2)
    assert outcome["reasons"][BRUNO] == f"was merged into contact {hubspot.CONTACT_IDS[3]} before"
    assert outcome["reasons"]["123"] == "there is no contact 123"


@pytest.mark.usefixtures("from_templates")
@BOTH
@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"winner_id": 99}, "there is no (contact|lead) 99"),
        ({"winner_id": "1/2"}, "winner_id: must be a positive whole number"),
        ({"winner_id": 7, "loser_ids": [8, 7]}, r"loser_ids\[1\]: is the winner itself"),
        ({"loser_ids": []}, "loser_ids: is empty"),
        ({"loser_ids": "ab"}, "loser_ids: must be a list"),
        ({"loser_ids": ["a@example.com"]}, r"loser_ids\[0\]: must be a positive whole number"),
    ],
)
def test_wrong_leads_are_named_before_any_is_merged(
    sandbox: Sandbox, platform: str, more: Any, named: str
) -> None:
    winner, *losers = PEOPLE[platform]
    arguments = {"winner_id": winner, "loser_ids": losers, **more}
    with pytest.raises(AirflowFailException, match=named) as raised:
        MergeLeadsOperator(task_id="t", conn_id=f"{platform}_default", **arguments).execute(context())
    assert "example.com" not in str(raised.value)
    assert request_count(sandbox, platform) == 0


def test_hubspot_rejects_merge_in_crm(sandbox: Sandbox) -> None:
    with pytest.raises(AirflowFailException, match="merge_in_crm: only Marketo"):
        merging("hubspot", merge_in_crm="true").execute(context())


@pytest.mark.parametrize("contact", [None, marketo.BEN, marketo.CARLA])
def test_leads_are_merged_in_the_crm_one_at_a_time_and_the_contact_stays(
    sandbox: Sandbox, contact: int | None
) -> None:
    sandbox.marketo.settings.crm_sync = True
    leads = sandbox.marketo.state.leads
    if contact is not None:
        leads.existing(contact).values["sfdcContactId"] = "003A"
    outcome = merging("marketo", merge_in_crm=True).execute(context())
    assert (outcome["merged"], outcome["rejected"]) == (2, 0)
    stays = contact or marketo.ANNA
    assert outcome["winner_id"] == str(stays)
    assert [lead for lead in PEOPLE["marketo"] if leads.get(lead)] == [stays]
    # None was refused because several were merged at once.
    assert request_count(sandbox, "marketo") == merges(sandbox, "marketo") == 2


def test_leads_that_cannot_be_merged_in_the_crm_are_rejected_with_the_reason(sandbox: Sandbox) -> None:
    sandbox.marketo.settings.crm_sync = True
    sandbox.marketo.faults.add(MERGE, answer={"code": "1077"})
    outcome = merging("marketo", merge_in_crm=True)
    task = context()
    with pytest.raises(AirflowFailException, match="SFDC field length"):
        outcome.execute(task)
    assert (task["ti"].pushed["return_value"]["merged"], merges(sandbox, "marketo")) == (1, 1)
