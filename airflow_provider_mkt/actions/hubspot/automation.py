"""Enroll contacts in nurturing campaigns, workflows and sequences, each contact once."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from airflow_provider_mkt.actions.idempotency import is_done, mark_done, send_marked
from airflow_provider_mkt.actions.members import (
    MemberAction,
    MemberResult,
    MemberStatus,
    enroll_once,
    record_id,
    rejected_member,
    unknown,
)
from airflow_provider_mkt.actions.ports import EnrollOptions, no_options
from airflow_provider_mkt.actions.procedure import Pause, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
)
from airflow_provider_mkt.client.hubspot.automation import flows, legacy, sequences, workflows
from airflow_provider_mkt.client.hubspot.batch import BatchResult
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.mailbox import address

_CHUNK = 20
_MAX_REQUESTS = 3
_REPEAT_AFTER = 2.0
_NO_LEAD = "0" * 32
# 400 has three meanings: active in it, received it within a year, and not to be received twice.
_IS_ENROLLED = re.compile(r"\b(active|received|repeatable|already)\b", re.IGNORECASE)


def nurture_action(campaign_guid: str, *, clock: Callable[[], float] = time.time) -> MemberAction:
    """Enroll leads in a nurturing campaign of the discontinued API, one by one.

    The platform rejects a lead that is active in the campaign. So after a lost answer the request is sent
    again: a rejection then means that the first one worked.

    :param campaign_guid: the nurturing campaign.
    :raises InvalidInput: when that is not a GUID.
    """
    legacy.enrol_in_nurture(campaign_guid, _NO_LEAD)

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        outcomes = []
        for guid in people:
            outcomes.append(
                (
                    yield from _enroll_in_nurture(
                        legacy.enrol_in_nurture(campaign_guid, guid), guid, task_state, clock
                    )
                )
            )
        return outcomes

    def check(field: str, value: Any) -> str:
        try:
            legacy.enrol_in_nurture(campaign_guid, value)
        except InvalidInput as error:
            raise InvalidInput(field, error.problem) from None
        return str(value).lower()

    return MemberAction(
        outcome="nurture_enrollment",
        key=f"nurture {campaign_guid}",
        done_key="enrolled",
        already_key="already_enrolled",
        chunk_max=_CHUNK,
        apply=apply,
        parse_id=check,
        once_only=True,
    )


def _enroll_in_nurture(
    call: Call[None], guid: str, task_state: TaskState, clock: Callable[[], float]
) -> Procedure[MemberResult]:
    before = task_state.get(guid)
    if is_done(before):
        return MemberResult(guid)
    for attempt in range(1, _MAX_REQUESTS + 1):
        ambiguous = task_state.get(guid) is not None
        try:
            yield from send_marked(guid, task_state, call, clock=clock)
        except NotFound as error:
            task_state.set(guid, None)
            return rejected_member(guid, error)
        except InvalidRequest as error:
            if error.message and not _IS_ENROLLED.search(error.message):
                task_state.set(guid, before)
                return rejected_member(guid, error)
            if not ambiguous:
                return MemberResult(guid, MemberStatus.ALREADY, str(error.status or ""), error.message)
            break
        except OutcomeUnknown:
            if attempt == _MAX_REQUESTS:
                return unknown(guid)
            yield Pause(_REPEAT_AFTER, "the answer was lost; another request shows whether the first worked")
        else:
            break
    mark_done(guid, task_state)
    return MemberResult(guid)


def enrollment(options: EnrollOptions) -> MemberAction:
    """Enroll leads in a nurturing campaign, which takes no option but its GUID.

    :raises InvalidInput: without a campaign, or with another option.
    """
    campaign_id = options.get("campaign_id")
    if not campaign_id:
        raise InvalidInput("campaign_id", "is missing: the GUID of the nurturing campaign")
    others = {name: value or None for name, value in options.items() if name != "campaign_id"}
    no_options(others, "HubSpot's nurturing campaigns have none; leave it out")
    return nurture_action(campaign_id)


def workflow_action(
    *,
    workflow_id: int | str | None = None,
    flow_id: int | str | None = None,
    clock: Callable[[], float] = time.time,
) -> MemberAction:
    """Enroll contacts in a workflow. Contacts that are in it now are left alone.

    The platform's answer is empty, and the effect of a second enrollment depends on the workflow. So the
    enrollment of a contact is looked up before the request, and after a lost answer.

    :param workflow_id: the workflow's old id.
    :param flow_id: instead of it, the id that the app shows; then the workflow must be turned on.
    :raises InvalidInput: when not exactly one of them is given, or it is not a number.
    """
    if (workflow_id is None) == (flow_id is None):
        raise InvalidInput("workflow_id", "give either workflow_id or flow_id")
    if workflow_id is not None:
        numeric_id("workflows.enrol", "workflow_id", workflow_id)
    found: dict[str, int | str] = {} if workflow_id is None else {"id": workflow_id}

    def before() -> Procedure[None]:
        if flow_id is not None:
            found["id"] = yield from _workflow_of(flow_id)

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        existing = yield from _contacts(people)
        outcomes = []
        for place, person in enumerate(people):
            contact = existing.get(person)
            if contact is None or not contact["email"]:
                code, reason = ("NOT_FOUND", "there is no such contact") if contact is None else _NO_EMAIL
                outcomes.append(MemberResult(person, MemberStatus.REJECTED, code, reason))
                continue
            outcome = yield from enroll_once(
                person,
                str(place),
                task_state,
                workflows.enrol(found["id"], contact["email"]),
                functools.partial(_is_in_workflow, contact["id"], found["id"]),
                clock=clock,
            )
            outcomes.append(outcome)
        return outcomes

    return MemberAction(
        outcome="workflow_enrollment",
        key=f"workflow {workflow_id}" if flow_id is None else f"flow {flow_id}",
        done_key="enrolled",
        already_key="already_enrolled",
        chunk_max=_CHUNK,
        apply=apply,
        parse_id=_one_kind(),
        precheck=before,
        once_only=True,
    )


_NO_EMAIL = ("NO_EMAIL", "the contact has no mail address, which this call needs")


def _one_kind() -> Callable[[str, object], str]:
    """Return a check of either record ids or mail addresses: with both, one contact could occur twice."""
    kinds: set[bool] = set()

    def check(field: str, value: object) -> str:
        by_address = isinstance(value, str) and "@" in value
        kinds.add(by_address)
        if len(kinds) > 1:
            raise InvalidInput(field, "mixes record ids with mail addresses; give one or the other")
        return address("", field, value).lower() if by_address else record_id(field, value)

    return check


def _contacts(people: Sequence[str]) -> Procedure[dict[str, dict[str, str]]]:
    """Read id and mail address of the people who exist."""
    id_property = "email" if "@" in people[0] else None
    answer: BatchResult = yield contacts.batch_read(people, properties=["email"], id_property=id_property)
    found: dict[str, dict[str, str]] = {}
    for row in answer.results:
        email = (row.properties.get("email") or "").lower()
        found[email if id_property else row.id] = {"id": row.id, "email": email}
    return found


def _is_in_workflow(contact_id: str, workflow_id: int | str) -> Procedure[bool | None]:
    current: list[workflows.Workflow] = yield workflows.enrolments(contact_id)
    return any(str(one["id"]) == str(workflow_id) for one in current) or None


def _workflow_of(flow_id: int | str) -> Procedure[int]:
    flow: flows.Flow = yield flows.get(flow_id)
    if flow.get("isEnabled") is False:
        raise InvalidRequest(f"workflow {flow_id} is turned off", platform="hubspot", call="flows.get")
    mapped: flows.WorkflowIds = yield flows.workflow_ids([flow_id])
    for row in mapped["results"]:
        if str(row["flowId"]) == str(flow_id):
            return int(row["workflowId"])
    raise NotFound(
        f"workflow {flow_id} has no id of the old kind, which this call needs; make it start at a static "
        "list, and add contacts to that list",
        platform="hubspot",
        call="flows.workflow_ids",
    )


_NO_SEQUENCE = "1"


def sequence_action(
    sequence_id: int | str,
    *,
    user_id: int | str,
    sender_email: str,
    sender_alias_address: str | None = None,
    clock: Callable[[], float] = time.time,
) -> MemberAction:
    """Enroll contacts in a sequence, which sends them mail in a user's name.

    A contact is in one sequence at a time. Its sequence is looked up before the request, and after a lost
    answer.

    :param sequence_id: the sequence.
    :param user_id: the user who enrolls, with a paid seat and a connected inbox.
    :param sender_email: the mail address to send from, which must be the user's.
    :param sender_alias_address: an alias of that inbox to send from.
    :raises InvalidInput: when an id is not a number, or an address is not valid.
    """

    def request(contact_id: str) -> Call[sequences.SequenceEnrolment]:
        return sequences.enrol(
            user_id, sequence_id, contact_id, sender_email, sender_alias_address=sender_alias_address
        )

    request(_NO_SEQUENCE)

    def before() -> Procedure[None]:
        yield sequences.get(sequence_id, user_id)

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        outcomes = []
        for contact_id in people:
            outcome = yield from enroll_once(
                contact_id,
                contact_id,
                task_state,
                request(contact_id),
                functools.partial(_is_in_sequence, contact_id, sequence_id),
                clock=clock,
            )
            outcomes.append(outcome)
        return outcomes

    return MemberAction(
        outcome="sequence_enrollment",
        key=f"sequence {sequence_id}",
        done_key="enrolled",
        already_key="already_enrolled",
        chunk_max=_CHUNK,
        apply=apply,
        precheck=before,
        once_only=True,
    )


def _is_in_sequence(contact_id: str, sequence_id: int | str) -> Procedure[bool | None]:
    try:
        current: sequences.CurrentEnrolment = yield sequences.enrolment(contact_id)
    except NotFound:
        return None
    if str(current["sequenceId"]) == str(sequence_id):
        return True
    raise InvalidRequest(
        f"is in sequence {current['sequenceId']} now, and can be in one at a time",
        platform="hubspot",
        code="IN_ANOTHER_SEQUENCE",
    )
