"""Enrolling contacts in a workflow, each once."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_provider_mkt.api.call import numeric_id
from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest, NotFound
from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.hubspot import contacts, flows, workflows
from airflow_provider_mkt.api.hubspot.batch import BatchResult
from airflow_provider_mkt.api.hubspot.mailbox import address
from airflow_provider_mkt.api.people import Fared, PeopleVerb, PersonOutcome, record_id, requested_once

_CHUNK = 20


def verb(
    *,
    workflow_id: int | str | None = None,
    flow_id: int | str | None = None,
    clock: Callable[[], float] = time.time,
) -> PeopleVerb:
    """Enrol contacts in a workflow. Those who are in it now are left alone.

    The platform's answer says nothing, and what a second enrolment does is the workflow's own setting. So
    who is in it is looked up before anybody is enrolled, and after a lost answer.

    :param workflow_id: the workflow's old id.
    :param flow_id: instead of it, the id that the app shows; then it is also looked up whether it is on.
    :raises InvalidInput: when not exactly one of them is given, or it is no number.
    """
    if (workflow_id is None) == (flow_id is None):
        raise InvalidInput("workflow_id", "give either workflow_id or flow_id")
    if workflow_id is not None:
        numeric_id("workflows.enrol", "workflow_id", workflow_id)
    found: dict[str, int | str] = {} if workflow_id is None else {"id": workflow_id}

    def before() -> Flow[None]:
        if flow_id is not None:
            found["id"] = yield from _workflow_of(flow_id)

    def apply(people: Sequence[str], memory: Memory) -> Flow[list[PersonOutcome]]:
        there = yield from _contacts(people)
        outcomes = []
        for place, person in enumerate(people):
            contact = there.get(person)
            if contact is None or not contact["email"]:
                code, reason = ("NOT_FOUND", "there is no such contact") if contact is None else _NO_EMAIL
                outcomes.append(PersonOutcome(person, Fared.REJECTED, code, reason))
                continue
            outcome = yield from requested_once(
                person,
                str(place),
                memory,
                workflows.enrol(found["id"], contact["email"]),
                functools.partial(_standing, person, contact["id"], found["id"]),
                clock=clock,
            )
            outcomes.append(outcome)
        return outcomes

    return PeopleVerb(
        outcome="workflow_enrollment",
        key=f"workflow {workflow_id}" if flow_id is None else f"flow {flow_id}",
        done="enrolled",
        already="already_enrolled",
        chunk_max=_CHUNK,
        apply=apply,
        check=_one_kind(),
        before=before,
        once=True,
    )


_NO_EMAIL = ("NO_EMAIL", "the contact has no mail address, by which this call names it")


def _one_kind() -> Callable[[str, Any], str]:
    """A check of record ids, or of mail addresses: of both, one contact could come twice."""
    kinds: set[bool] = set()

    def check(field: str, value: Any) -> str:
        by_address = isinstance(value, str) and "@" in value
        kinds.add(by_address)
        if len(kinds) > 1:
            raise InvalidInput(field, "mixes record ids with mail addresses; give one or the other")
        return address("", field, value).lower() if by_address else record_id(field, value)

    return check


def _contacts(people: Sequence[str]) -> Flow[dict[str, dict[str, str]]]:
    """Id and address of each, as far as they are there."""
    id_property = "email" if "@" in people[0] else None
    answer: BatchResult = yield contacts.read_many(people, properties=["email"], id_property=id_property)
    found: dict[str, dict[str, str]] = {}
    for row in answer.results:
        email = (row.properties.get("email") or "").lower()
        found[email if id_property else row.id] = {"id": row.id, "email": email}
    return found


def _standing(person: str, contact_id: str, workflow_id: int | str) -> Flow[PersonOutcome | None]:
    current: list[Mapping[str, Any]] = yield workflows.enrolments(contact_id)
    inside = any(str(one["id"]) == str(workflow_id) for one in current)
    return PersonOutcome(person, Fared.ALREADY) if inside else None


def _workflow_of(flow_id: int | str) -> Flow[int]:
    flow: Mapping[str, Any] = yield flows.get(flow_id)
    if flow.get("isEnabled") is False:
        raise InvalidRequest(f"workflow {flow_id} is turned off", platform="hubspot", call="flows.get")
    mapped: Mapping[str, Any] = yield flows.workflow_ids([flow_id])
    for row in mapped["results"]:
        if str(row["flowId"]) == str(flow_id):
            return int(row["workflowId"])
    raise NotFound(
        f"workflow {flow_id} has no id of the old kind, so this call does not know it; let it start at a "
        "static list, and add contacts to that",
        platform="hubspot",
        call="flows.workflow_ids",
    )
