"""Forms and their submissions: definitions, limits, paging, contacts and consent."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.forms.seed import definition

FORMS, SUBMISSIONS = "/marketing/v3/forms", "/form-integrations/v1/submissions/forms"
FORM = seed.WEBINAR_FORM
SECURE = f"/submissions/v3/integration/secure/submit/{seed.PORTAL_ID}"
PUBLIC = f"/submissions/v3/integration/submit/{seed.PORTAL_ID}"
CONTACTS = "/crm/v3/objects/contacts"
GIL = "gil@example.com"


def body(email: str = GIL, **more: Any) -> dict[str, Any]:
    fields = {"email": email, **more.pop("fields", {})}
    return {"fields": [{"name": name, "value": value} for name, value in fields.items()], **more}


def submissions(api: httpx.Client, form: str = FORM, **query: Any) -> list[dict[str, Any]]:
    """All submissions, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        page = api.get(f"{SUBMISSIONS}/{form}", params=query).json()
        found += page["results"]
        if "paging" not in page:
            return found
        query["after"] = page["paging"]["next"]["after"]


def errors_of(reply: httpx.Response) -> set[str]:
    assert reply.status_code == 400, reply.text
    return {one["errorType"] for one in reply.json().get("errors", [])}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"formType": "newsletter"},
        {"fieldGroups": [{"fields": [{"name": "email"}]}]},
        {"fieldGroups": {}},
        {"configuration": {"postSubmitAction": {"type": "nothing", "value": "x"}}},
        {"legalConsentOptions": {"type": "maybe"}},
        {"legalConsentOptions": None},
        {"colour": "red"},
    ],
)
def test_a_definition_that_is_not_valid_makes_no_form(api: httpx.Client, changes: dict[str, Any]) -> None:
    before = api.get(FORMS).json()
    assert api.post(FORMS, json={**definition("Fair", "email"), **changes}).status_code == 400
    twice = definition("Fair", "email", "email")
    assert api.post(FORMS, json=twice).status_code == 400
    assert api.get(FORMS).json() == before


def test_forms_are_listed_by_type_and_archived_ones_apart(api: httpx.Client) -> None:
    flow = api.post(FORMS, json={**definition("Pop-up", "email"), "formType": "flow"}).json()
    assert [one["name"] for one in api.get(FORMS).json()["results"]] == ["Newsletter", "Webinar registration"]
    every = api.get(FORMS, params={"formTypes": ["hubspot", "flow"]}).json()["results"]
    assert len(every) == len(api.get(FORMS, params={"formTypes": "all"}).json()["results"]) == 3
    assert api.get(FORMS, params={"formTypes": "popup"}).status_code == 400
    for _ in range(2):
        assert api.delete(f"{FORMS}/{flow['id']}").status_code == 204
    assert api.get(f"{FORMS}/{flow['id']}").status_code == 404
    archived = api.get(FORMS, params={"formTypes": "flow", "archived": "true"}).json()["results"]
    assert [(one["id"], one["archived"]) for one in archived] == [(flow["id"], True)]
    assert api.patch(f"{FORMS}/{flow['id']}", json={"archived": False}).json()["archived"] is False
    assert api.get(f"{FORMS}/{flow['id']}").status_code == 200
    assert api.delete(f"{FORMS}/nothing").status_code == 404


def test_submissions_are_newest_first_and_at_most_50_a_page(api: httpx.Client, box: Sandbox) -> None:
    for number in range(53):
        assert api.post(f"{SECURE}/{FORM}", json=body(f"p{number}@example.com")).status_code == 200
        if number % 2:
            box.clock.advance(1)
    assert len(api.get(f"{SUBMISSIONS}/{FORM}").json()["results"]) == 20
    for limit in (0, 51):
        assert api.get(f"{SUBMISSIONS}/{FORM}", params={"limit": limit}).status_code == 400
    assert api.get(f"{SUBMISSIONS}/{FORM}", params={"after": "nothing"}).status_code == 400
    found = submissions(api, limit=50)
    assert [one["values"][0]["value"] for one in found] == [f"p{at}@example.com" for at in range(52, -1, -1)]
    assert len({one["conversionId"] for one in found}) == 53
    # There is no filter by time: a parameter of that name changes nothing.
    assert len(submissions(api, limit=50, startTimestamp=2**40)) == 53
    assert api.get(f"{SUBMISSIONS}/{seed.NEWSLETTER_EMAIL}").status_code == 404


def test_a_submission_can_be_dated_back_by_a_month_at_most(api: httpx.Client, box: Sandbox) -> None:
    now = int(box.clock.time() * 1000)
    api.post(f"{SECURE}/{FORM}", json=body())
    assert api.post(f"{SECURE}/{FORM}", json=body(submittedAt=str(now - 86_400_000))).status_code == 200
    assert [one["submittedAt"] for one in submissions(api)][1] == now - 86_400_000
    for at in (now - 40 * 86_400_000, now + 86_400_000, "yesterday", True, 1.5):
        assert api.post(f"{SECURE}/{FORM}", json=body(submittedAt=at)).status_code == 400
    assert len(submissions(api)) == 2


def test_a_submission_creates_or_updates_the_contact(api: httpx.Client) -> None:
    api.post(f"{SECURE}/{FORM}", json=body("Ada@Example.com", fields={"company": "", "city": "Oslo"}))
    shown = api.get(f"{CONTACTS}/{seed.CONTACT_IDS[0]}", params={"properties": "company,city"}).json()
    assert (shown["properties"]["company"], shown["properties"]["city"]) == ("Example Ltd", "Oslo")
    api.post(f"{SECURE}/{FORM}", json=body(fields={"company": "New Ltd"}))
    made = api.get(f"{CONTACTS}/{GIL}", params={"idProperty": "email", "properties": "company"}).json()
    assert made["properties"]["company"] == "New Ltd"


def test_the_refusals_of_a_submission_name_their_kind_and_change_nothing(api: httpx.Client) -> None:
    def refused(given: dict[str, Any], path: str = SECURE) -> set[str]:
        return errors_of(api.post(f"{path}/{FORM}", json=given))

    assert refused({"fields": []}) == {"REQUIRED_FIELD"}
    assert refused(body("nobody")) == {"INVALID_EMAIL"}
    assert refused(body(fields={"nothing": "x"})) == {"FIELD_NOT_IN_FORM_DEFINITION"}
    assert refused(body(fields={"lifecyclestage": "x"})) == {"VALUE_NOT_IN_FIELD_DEFINITION"}
    too_many = [{"name": "email", "value": GIL}] * 1001
    assert refused({"fields": too_many}) == {"MAX_NUMBER_OF_SUBMITTED_VALUES_EXCEEDED"}
    # Without a token, a field must be one of the form.
    assert refused(body(fields={"city": "Oslo"}), PUBLIC) == {"FIELD_NOT_IN_FORM_DEFINITION"}
    assert api.post(f"{SECURE}/{FORM}", json=body(colour="red")).status_code == 400
    elsewhere = SECURE.replace(str(seed.PORTAL_ID), "1")
    assert api.post(f"{elsewhere}/{FORM}", json=body()).status_code == 404
    assert submissions(api) == []
    assert api.get(f"{CONTACTS}/{GIL}", params={"idProperty": "email"}).status_code == 404


def test_a_form_with_consent_needs_it_and_subscribes(api: httpx.Client) -> None:
    form = {**definition("News", "email"), "legalConsentOptions": {"type": "explicit_consent_to_process"}}
    form_id = api.post(FORMS, json=form).json()["id"]
    assert errors_of(api.post(f"{SECURE}/{form_id}", json=body())) == {"MISSING_PROCESSING_CONSENT"}
    rows = [{"value": True, "subscriptionTypeId": seed.EVENTS_SUBSCRIPTION, "text": "Events"}]
    consent = {"consentToProcess": True, "text": "yes", "communications": rows}
    unknown = {**consent, "communications": [{**rows[0], "subscriptionTypeId": 1}]}
    refused = api.post(f"{SECURE}/{form_id}", json=body(legalConsentOptions={"consent": unknown}))
    assert errors_of(refused) == {"INVALID_LEGAL_OPTION_FORMAT"}
    twice = {**consent, "communications": rows * 2}
    refused = api.post(f"{SECURE}/{form_id}", json=body(legalConsentOptions={"consent": twice}))
    assert errors_of(refused) == {"DUPLICATE_SUBSCRIPTION_TYPE_ID"}
    api.post(f"{SECURE}/{form_id}", json=body(legalConsentOptions={"consent": consent})).raise_for_status()
    statuses = api.get(f"/communication-preferences/v3/status/email/{GIL}").json()["subscriptionStatuses"]
    assert {one["id"]: one["status"] for one in statuses}[str(seed.EVENTS_SUBSCRIPTION)] == "SUBSCRIBED"


def test_without_a_token_fifty_submissions_in_ten_seconds(api: httpx.Client, box: Sandbox) -> None:
    with httpx.Client(base_url=api.base_url, verify=False) as public:

        def submit() -> int:
            return public.post(f"{PUBLIC}/{FORM}", json=body()).status_code

        assert {submit() for _ in range(50)} == {200}
        assert submit() == 429
        box.clock.advance(11)
        assert submit() == 200
        assert [submit() for _ in range(60)].count(429) == 11
        # Who sends on after ten refusals within a second is refused for a minute.
        box.clock.advance(30)
        assert submit() == 429
        box.clock.advance(61)
        assert submit() == 200
        assert public.post(f"{SECURE}/{FORM}", json=body()).status_code == 401


def test_reading_submissions_takes_one_of_two_scopes(api: httpx.Client, box: Sandbox) -> None:
    box.hubspot.settings.withheld_scopes = ("forms",)
    assert api.get(f"{SUBMISSIONS}/{FORM}").status_code == 200
    assert api.get(FORMS).status_code == api.post(f"{SECURE}/{FORM}", json=body()).status_code == 403
    box.hubspot.settings.withheld_scopes = ("forms", "forms-uploaded-files")
    assert api.get(f"{SUBMISSIONS}/{FORM}").status_code == 403
