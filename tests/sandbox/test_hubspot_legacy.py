"""The two legacy endpoints, which take their token in the query."""

from __future__ import annotations

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

LEAD = seed.LEAD_GUIDS[0]


def enrol(
    box: Sandbox,
    lead: str,
    *,
    campaign: str = seed.WELCOME_NURTURE,
    token: str = seed.TOKEN,
    kind: str = "text/plain",
) -> httpx.Response:
    return httpx.post(
        f"{box.hubspot.url}/nurture/v1/campaign/{campaign}/add",
        params={"access_token": token},
        content=lead,
        headers={"Content-Type": kind},
        verify=False,
    )


def update(box: Sandbox, lead: str, body: dict[str, object], token: str = seed.TOKEN) -> int:
    url = f"{box.hubspot.url}/leads/v1/lead/{lead}"
    return httpx.put(url, params={"access_token": token}, json=body, verify=False).status_code


@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
def test_a_lead_is_enrolled_with_an_empty_response(box: Sandbox, kind: str) -> None:
    reply = enrol(box, LEAD, kind=kind)
    assert (reply.status_code, reply.content) == (200, b"")
    assert box.hubspot.state.nurture.enrolments[-1].lead == LEAD


def test_a_repeated_enrolment_is_400_without_effect(box: Sandbox) -> None:
    before = len(box.hubspot.state.nurture.enrolments)
    assert enrol(box, LEAD).status_code == 200
    assert enrol(box, LEAD).status_code == 400
    assert enrol(box, seed.ENROLLED_LEAD).status_code == 400
    assert len(box.hubspot.state.nurture.enrolments) == before + 1


def test_a_repeated_enrolment_within_a_year_is_400_and_later_depends_on_the_campaign(box: Sandbox) -> None:
    for campaign in (seed.WELCOME_NURTURE, seed.TRIAL_NURTURE):
        assert enrol(box, LEAD, campaign=campaign).status_code == 200
    box.clock.advance(40 * 86400)
    assert enrol(box, LEAD).status_code == 400
    box.clock.advance(330 * 86400)
    assert enrol(box, LEAD).status_code == 200
    assert enrol(box, LEAD, campaign=seed.TRIAL_NURTURE).status_code == 400


@pytest.mark.parametrize("body", [f'"{LEAD}"', f'{{"guid": "{LEAD}"}}', f"{LEAD}\n", "", "short"])
def test_a_body_other_than_the_guid_is_400(box: Sandbox, body: str) -> None:
    assert enrol(box, body).status_code == 400


def test_unknown_campaign_or_lead_is_404_and_an_invalid_token_401(box: Sandbox) -> None:
    assert enrol(box, LEAD, campaign="f" * 32).status_code == 404
    assert enrol(box, "f" * 32).status_code == 404
    assert enrol(box, LEAD, token="wrong").status_code == 401
    assert update(box, LEAD, {"guid": LEAD}, token="wrong") == 401


def test_a_bearer_header_does_not_replace_the_query_token(api: httpx.Client) -> None:
    reply = api.post(f"/nurture/v1/campaign/{seed.WELCOME_NURTURE}/add", content=LEAD)
    assert reply.status_code == 401


def test_repeating_after_an_ambiguous_failure_is_400(box: Sandbox) -> None:
    box.hubspot.faults.add("/nurture/*", when="after", answer={"reset": True})
    with pytest.raises(httpx.NetworkError):
        enrol(box, LEAD)
    assert enrol(box, LEAD).status_code == 400


def test_a_lead_is_updated_closed_and_deleted(box: Sandbox) -> None:
    assert update(box, LEAD, {"guid": LEAD, "firstName": "Zoe"}) == 200
    assert update(box, LEAD, {"guid": LEAD, "closedAt": "1767225600000"}) == 200
    lead = box.hubspot.state.nurture.leads[LEAD]
    assert (lead.fields["firstName"], lead.customer) == ("Zoe", True)
    assert update(box, LEAD, {"guid": LEAD, "isDeleted": True}) == 200
    assert update(box, LEAD, {"guid": LEAD, "firstName": "Zoe"}) == 404


def test_read_only_keys_and_another_guid_are_rejected(box: Sandbox) -> None:
    assert update(box, LEAD, {"guid": LEAD, "isCustomer": True}) == 400
    assert update(box, LEAD, {"guid": seed.LEAD_GUIDS[1]}) == 400
    assert update(box, LEAD, {"firstName": "Zoe"}) == 400
