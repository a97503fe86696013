"""Merge leads where Salesforce chooses the survivor, which the sandbox does not simulate."""

from __future__ import annotations

from typing import Any

from airflow_provider_mkt.actions.leads import LeadMerge
from airflow_provider_mkt.actions.marketo import leads
from airflow_provider_mkt.actions.procedure import InMemoryTaskState, Pages, Pause
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import OutcomeUnknown


class Leads:
    """Leads of which a record of the CRM stays, even when another one is to win."""

    def __init__(self, *ids: int, stays: int) -> None:
        self.ids, self.stays, self.task_state = set(ids), stays, InMemoryTaskState()
        self.merges: list[str] = []

    def merge(self, winner: int, *losers: int, lose_answers: int = 0) -> LeadMerge:
        procedure, given = leads.merge(winner, losers, self.task_state, merge_in_crm=True), None
        answer: Any = given
        try:
            while True:
                step = procedure.throw(answer) if isinstance(answer, Exception) else procedure.send(answer)
                answer = None
                match step:
                    case Pages(call):
                        wanted = dict(call.query)["filterValues"].split(",")
                        answer = [{"id": one} for one in sorted(self.ids) if str(one) in wanted]
                    case Call():
                        self.merges.append(step.route.path())
                        first = int(step.route.path().split("/")[2])
                        group = {first, *map(int, dict(step.query)["leadIds"].split(","))}
                        self.ids -= group - {self.stays if self.stays in group else first}
                        if lose_answers:
                            lose_answers -= 1
                            answer = OutcomeUnknown("lost")
                    case Pause():
                        raise AssertionError("what was done shows at once here")
        except StopIteration as stop:
            merged: LeadMerge = stop.value
            return merged


def test_the_lead_that_the_crm_chose_is_reported_as_survivor() -> None:
    for lost in (0, 1):
        leads = Leads(1, 2, 3, stays=3)
        outcome = leads.merge(1, 2, 3, lose_answers=lost)
        assert (outcome.survivor, outcome.merged, outcome.already) == ("3", ["2", "3"], [])
        assert leads.merges == ["/leads/1/merge.json"] * 2


def test_the_next_try_knows_the_lead_that_the_crm_chose() -> None:
    leads = Leads(1, 2, 3, stays=3)
    first = leads.merge(1, 2, 3)
    again = leads.merge(1, 2, 3)
    assert again == first
    assert len(leads.merges) == 2
