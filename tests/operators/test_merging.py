"""Leads are merged once and for good, and every loser comes out with what became of it."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow_runs import Airflow
from workers import RESET, Worker, context, until

from airflow_provider_mkt.operators.merging import MergeLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import MERGE_LEADS

pytestmark = pytest.mark.usefixtures("hurried")

ADA, BRUNO, CHIDI, *_ = hubspot.CONTACT_IDS
PEOPLE = {"hubspot": (ADA, BRUNO, CHIDI), "marketo": (marketo.ANNA, marketo.BEN, marketo.CARLA)}
ROUTES = {
    "hubspot": "/crm/v3/objects/contacts/merge",
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
    """How often somebody was merged on the platform, by whichever request."""
    if platform == "marketo":
        return len(list(box.marketo.state.log.all(MERGE_LEADS)))
    return len(box.hubspot.state.contacts.get(ADA).merged)  # type: ignore[union-attr]


def asked(box: Sandbox, platform: str) -> int:
    return getattr(box, platform).calls.of("POST", ROUTES[platform]).total


@BOTH
def test_losers_become_part_of_the_winner_and_another_run_finds_them_so(
    airflow: Airflow, sandbox: Sandbox, platform: str
) -> None:
    winner, *losers = PEOPLE[platform]
    run = airflow.run(f"""
from airflow_provider_mkt.operators.merging import MergeLeadsOperator
MergeLeadsOperator(task_id="merge", conn_id="{platform}_default", winner_id="{winner}",
    loser_ids="{{{{ params.losers | tojson }}}}", params={{"losers": {losers}}})
""")
    assert run.state == "success", run.log[-3000:]
    told = {"outcome": "lead_merge", "platform": platform, "winner_id": str(winner), "total": 2}
    assert run.returned["merge"] == {**told, "merged": 2, "already": 0, "rejected": 0, "reasons": {}}
    again = merging(platform).execute(context(run="again"))
    assert again == {**told, "merged": 0, "already": 2, "rejected": 0, "reasons": {}}


@BOTH
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_merges_once(sandbox: Sandbox, platform: str, when: Any) -> None:
    getattr(sandbox, platform).faults.add(MERGE, when=when, answer=RESET)
    told = merging(platform).execute(context())
    assert (told["merged"], told["already"]) == (2, 0)
    assert merges(sandbox, platform) == (2 if platform == "hubspot" else 1)


@BOTH
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_while_it_merges_and_its_next_try_merge_once(
    sandbox: Sandbox, platform: str, when: Any
) -> None:
    box = getattr(sandbox, platform)
    box.faults.add(MERGE, when=when, delay=0.3)
    worker = Worker(merging(platform))
    until(lambda: box.calls.of("POST", ROUTES[platform]).in_flight == 1)
    worker.kill()
    told = Worker(merging(platform)).end()["result"]
    assert (told["merged"], told["already"]) == (2, 0)
    assert asked(sandbox, platform) == (2 if platform == "hubspot" else 1)


@BOTH
def test_two_runs_at_once_merge_once(sandbox: Sandbox, platform: str) -> None:
    workers = [Worker(merging(platform), run=name) for name in "ab"]
    assert sorted(worker.end()["result"]["merged"] for worker in workers) == [0, 2]
    assert asked(sandbox, platform) == (2 if platform == "hubspot" else 1)


def test_marketo_more_losers_than_a_call_takes_are_merged_in_several(sandbox: Sandbox) -> None:
    leads = sandbox.marketo.state.leads
    [default, *_] = leads.partitions
    made = [leads.insert({"email": f"{n}@example.com"}, default, sandbox.clock.now()).id for n in range(26)]
    told = merging("marketo", *made).execute(context())
    assert (told["total"], told["merged"]) == (26, 26)
    assert asked(sandbox, "marketo") == 2


def test_marketo_a_refused_request_is_divided_and_only_those_refused_are_left(sandbox: Sandbox) -> None:
    sandbox.marketo.faults.add(MERGE, answer={"code": "1076"}, times=2)
    with pytest.raises(AirflowFailException, match="1 of 2 leads were not merged: 1002"):
        merging("marketo").execute(context())
    assert sandbox.marketo.state.leads.get(marketo.BEN) is not None
    assert sandbox.marketo.state.leads.get(marketo.CARLA) is None


def test_hubspot_each_loser_that_cannot_be_merged_is_told_with_its_reason(sandbox: Sandbox) -> None:
    contacts = sandbox.hubspot.state.contacts
    contacts.merge(contacts.get(hubspot.CONTACT_IDS[3]), contacts.get(BRUNO))  # type: ignore[arg-type]
    one = context()
    with pytest.raises(AirflowFailException, match="2 of 3 leads were not merged"):
        merging("hubspot", BRUNO, "123", CHIDI).execute(one)
    told = one["ti"].pushed["return_value"]
    assert (told["merged"], told["rejected"]) == (1, 2)
    assert told["reasons"][BRUNO] == f"was merged into contact {hubspot.CONTACT_IDS[3]} before"
    assert told["reasons"]["123"] == "there is no contact 123"


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
def test_wrong_leads_are_told_before_anyone_is_merged(
    sandbox: Sandbox, platform: str, more: Any, named: str
) -> None:
    winner, *losers = PEOPLE[platform]
    arguments = {"winner_id": winner, "loser_ids": losers, **more}
    with pytest.raises(AirflowFailException, match=named) as raised:
        MergeLeadsOperator(task_id="t", conn_id=f"{platform}_default", **arguments).execute(context())
    assert "example.com" not in str(raised.value)
    assert asked(sandbox, platform) == 0


def test_hubspot_has_no_salesforce_to_merge_in(sandbox: Sandbox) -> None:
    with pytest.raises(AirflowFailException, match="merge_in_crm: only Marketo"):
        merging("hubspot", merge_in_crm="true").execute(context())
