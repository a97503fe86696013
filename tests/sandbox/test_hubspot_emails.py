"""Marketing emails: records, drafts and sends."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed


def state(api: httpx.Client, paths: dict[str, str], email: str) -> str:
    return str(api.get(f"{paths['emails']}/{email}").json()["state"])


def publish(api: httpx.Client, paths: dict[str, str], email: str) -> int:
    return api.post(f"{paths['emails']}/{email}/publish").status_code


def sends(box: Sandbox, email: str) -> list[int | None]:
    found = box.hubspot.state.emails.get(email)
    assert found is not None
    return [send.recipients for send in found.sends if not send.cancelled]


def test_a_published_email_changes_its_state_over_time(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    email = seed.NEWSLETTER_EMAIL
    assert state(api, paths, email) == "DRAFT"
    assert publish(api, paths, email) == 204
    assert state(api, paths, email) == "PRE_PROCESSING"
    box.clock.advance(2)
    assert state(api, paths, email) == "PROCESSING"
    box.clock.advance(3)
    shown = api.get(f"{paths['emails']}/{email}").json()
    assert (shown["state"], shown["isPublished"]) == ("PUBLISHED", True)
    assert sends(box, email) == [5]


def test_publishing_again_sends_again(box: Sandbox, api: httpx.Client, paths: dict[str, str]) -> None:
    email = seed.NEWSLETTER_EMAIL
    assert [publish(api, paths, email) for _ in range(2)] == [204, 204]
    box.clock.advance(10)
    assert sends(box, email) == [5, 5]
    stats = api.get(f"{paths['emails']}/{email}", params={"includeStats": "true"}).json()["stats"]
    assert stats["counters"]["sent"] == 10


def test_publish_sends_even_if_the_response_is_lost(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    box.hubspot.faults.add("*/publish", when="after", answer={"reset": True})
    with pytest.raises(httpx.NetworkError):
        publish(api, paths, seed.NEWSLETTER_EMAIL)
    box.clock.advance(10)
    assert sends(box, seed.NEWSLETTER_EMAIL) == [5]


def test_a_future_publish_date_schedules_and_unpublish_cancels(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    email = seed.SCHEDULED_EMAIL
    one = f"{paths['emails']}/{email}"
    publish(api, paths, email)
    assert state(api, paths, email) == "SCHEDULED"
    assert api.post(f"{one}/unpublish").status_code == 204
    assert state(api, paths, email) == "DRAFT"
    publish(api, paths, email)
    box.clock.advance(3601)
    assert state(api, paths, email) == "PROCESSING"
    box.clock.advance(3)
    assert state(api, paths, email) == "PUBLISHED"
    assert sends(box, email) == [3]
    assert api.post(f"{one}/unpublish").status_code == 400


def test_an_automated_email_is_turned_on_and_off(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    email = seed.AUTOMATED_EMAIL
    assert state(api, paths, email) == "AUTOMATED_DRAFT"
    publish(api, paths, email)
    assert api.get(f"{paths['emails']}/{email}").json()["isPublished"] is True
    assert state(api, paths, email) == "AUTOMATED"
    assert api.post(f"{paths['emails']}/{email}/unpublish").status_code == 204
    assert state(api, paths, email) == "AUTOMATED_DRAFT"
    assert sends(box, email) == []


def test_a_failing_email_ends_in_error_and_is_not_sent(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    publish(api, paths, seed.FAILING_EMAIL)
    box.clock.advance(10)
    shown = api.get(f"{paths['emails']}/{seed.FAILING_EMAIL}", params={"includeStats": "true"}).json()
    assert (shown["state"], shown["isPublished"], shown["stats"]["counters"]) == ("ERROR", False, {})


def test_recipients_are_included_minus_excluded_contacts(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    to = {
        "contactIlsLists": {"include": [seed.LIST_ID]},
        "contactIds": {"include": [seed.CONTACT_IDS[4], "1"], "exclude": [seed.CONTACT_IDS[0]]},
    }
    fields = {
        "name": "Aimed",
        "subject": "Hello",
        "from": {"fromName": "A", "replyTo": "a@example.com"},
        "to": to,
    }
    email = api.post(paths["emails"], json=fields).json()["id"]
    publish(api, paths, email)
    box.clock.advance(10)
    assert sends(box, email) == [3]


def test_statistics_are_included_only_if_requested_and_sent(api: httpx.Client, paths: dict[str, str]) -> None:
    published = f"{paths['emails']}/{seed.PUBLISHED_EMAIL}"
    assert "stats" not in api.get(published).json()
    counters = api.get(published, params={"includeStats": "true"}).json()["stats"]["counters"]
    assert (counters["sent"], counters["delivered"]) == (3, 3)
    draft = f"{paths['emails']}/{seed.NEWSLETTER_EMAIL}"
    assert api.get(draft, params={"includeStats": "true"}).json()["stats"]["counters"] == {}


def test_undated_paths_require_a_name_and_dated_ones_do_not(api: httpx.Client) -> None:
    assert api.post("/marketing/v3/emails", json={"subject": "x"}).status_code == 400
    made = api.post("/marketing/emails/2026-03", json={"subject": "x"})
    assert (made.status_code, made.json()["subject"]) == (201, "x")
    listed = api.get("/marketing/emails/2026-03", params={"sort": "name"}).json()["results"]
    assert made.json()["id"] in [one["id"] for one in listed]


def test_names_are_not_unique(api: httpx.Client, paths: dict[str, str]) -> None:
    made = [api.post(paths["emails"], json={"name": "Same"}) for _ in range(2)]
    assert [reply.status_code for reply in made] == [201, 201]
    assert made[0].json()["id"] != made[1].json()["id"]
    assert made[0].json()["state"] == "DRAFT"
    automated = api.post(paths["emails"], json={"name": "Auto", "state": "AUTOMATED_DRAFT"}).json()
    assert (automated["state"], automated["type"]) == ("AUTOMATED_DRAFT", "AUTOMATED_EMAIL")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "colour": "red"},
        {"name": "x", "to": "everybody"},
        {"name": "x", "publishDate": "soon"},
        {"name": "x", "sendOnPublish": "yes"},
        {"name": "x", "state": "PUBLISHED"},
        {"name": "x", "subcategory": "postcard"},
        {"name": "x", "language": "KLINGON"},
        {"name": "x", "rssData": {"blogLayout": "SIDEWAYS"}},
        {"name": "x", "testing": {"isAbVariation": False, "abStatus": "winner"}},
        {"name": "x", "testing": {"isAbVariation": False, "abSuccessMetric": "LUCK"}},
        {"name": "x", "testing": {"isAbVariation": False, "hoursToWait": "two"}},
        {"name": "x", "testing": {"isAbVariation": "no"}},
    ],
)
def test_an_invalid_create_body_is_rejected(
    api: httpx.Client, paths: dict[str, str], body: dict[str, Any]
) -> None:
    reply = api.post(paths["emails"], json=body)
    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")


def test_an_unknown_state_is_rejected_in_a_draft_as_well(api: httpx.Client, paths: dict[str, str]) -> None:
    one = f"{paths['emails']}/{seed.NEWSLETTER_EMAIL}"
    for path in (one, f"{one}/draft"):
        assert api.patch(path, json={"state": "DRAFT"}).status_code == 200
        assert api.patch(path, json={"state": "HALF_DONE"}).status_code == 400


def test_an_email_can_be_created_archived(api: httpx.Client, paths: dict[str, str]) -> None:
    made = api.post(paths["emails"], json={"name": "Kept", "archived": True}).json()
    assert made["archived"] is True
    assert api.get(f"{paths['emails']}/{made['id']}").status_code == 404
    assert api.get(f"{paths['emails']}/{made['id']}", params={"archived": "true"}).json()["name"] == "Kept"


@pytest.mark.parametrize("language", ["KLINGON", "english please"])
def test_a_clone_has_a_language(api: httpx.Client, paths: dict[str, str], language: str) -> None:
    copies = [
        api.post(f"{paths['emails']}/clone", json={"id": seed.NEWSLETTER_EMAIL, "language": one})
        for one in ("pt-br", language)
    ]
    assert [reply.status_code for reply in copies] == [200, 400]
    assert copies[0].json()["language"] == "pt-br"


def test_an_unknown_type_is_rejected(api: httpx.Client, paths: dict[str, str]) -> None:
    assert api.get(paths["emails"], params={"type": "LETTER"}).status_code == 400
    assert api.get(paths["emails"], params={"type": "RSS_EMAIL"}).json()["total"] == 0
    assert api.get(paths["emails"], params={"type": ["RSS_EMAIL", "BATCH_EMAIL"]}).json()["total"] > 0


def test_a_draft_does_not_change_the_live_version_until_it_is_published(
    api: httpx.Client, paths: dict[str, str]
) -> None:
    one = f"{paths['emails']}/{seed.AUTOMATED_EMAIL}"
    assert api.get(f"{one}/draft").json()["subject"] == "Welcome"
    assert api.patch(f"{one}/draft", json={"subject": "Hello"}).json()["subject"] == "Hello"
    assert api.get(one).json()["subject"] == "Welcome"
    assert api.post(f"{one}/draft/reset").status_code == 204
    assert api.get(f"{one}/draft").json()["subject"] == "Welcome"
    api.patch(f"{one}/draft", json={"subject": "Hello"})
    publish(api, paths, seed.AUTOMATED_EMAIL)
    assert api.get(one).json()["subject"] == "Hello"


def test_update_changes_the_live_version_but_does_not_publish(
    api: httpx.Client, paths: dict[str, str]
) -> None:
    one = f"{paths['emails']}/{seed.NEWSLETTER_EMAIL}"
    assert api.patch(one, json={"subject": "New"}).json()["subject"] == "New"
    assert api.patch(one, json={"state": "PUBLISHED"}).status_code == 400
    assert api.get(one).json()["state"] == "DRAFT"


def test_clone_responds_200_and_creates_a_clone_each_time(api: httpx.Client, paths: dict[str, str]) -> None:
    body = {"id": seed.PUBLISHED_EMAIL, "cloneName": "Copy"}
    clones = [api.post(f"{paths['emails']}/clone", json=body) for _ in range(2)]
    assert [reply.status_code for reply in clones] == [200, 200]
    first = clones[0].json()
    assert (first["name"], first["state"], first["clonedFrom"]) == ("Copy", "DRAFT", seed.PUBLISHED_EMAIL)
    assert first["id"] != clones[1].json()["id"]
    assert api.post(f"{paths['emails']}/clone", json={"id": "1"}).status_code == 404


def test_archived_emails_are_hidden(api: httpx.Client, paths: dict[str, str]) -> None:
    one = f"{paths['emails']}/{seed.NEWSLETTER_EMAIL}"
    assert [api.delete(one).status_code for _ in range(2)] == [204, 204]
    assert api.get(one).status_code == 404
    assert api.get(one, params={"archived": "true"}).json()["archived"] is True
    assert publish(api, paths, seed.NEWSLETTER_EMAIL) == 404
    assert api.get(paths["emails"]).json()["total"] == 6
    assert api.get(paths["emails"], params={"archived": "true"}).json()["total"] == 1


def test_list_filters_sorts_pages_and_selects_properties(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    def ids(**query: Any) -> list[str]:
        return [row["id"] for row in api.get(paths["emails"], params=query).json()["results"]]

    published = [seed.PUBLISHED_EMAIL, seed.TRANSACTIONAL_EMAIL, seed.SINGLE_SEND_EMAIL]
    assert ids(isPublished="true") == published
    assert ids(type="MARKETING_SINGLE_SEND_API") == [seed.SINGLE_SEND_EMAIL]
    assert ids(type="AUTOMATED_EMAIL") == [seed.AUTOMATED_EMAIL]
    assert ids(sort="name")[0] == seed.FAILING_EMAIL
    assert ids(sort="-name")[0] == seed.AUTOMATED_EMAIL
    sent = api.get(f"{paths['emails']}/{seed.PUBLISHED_EMAIL}").json()["createdAt"]
    assert ids(createdAt=sent) == [seed.PUBLISHED_EMAIL]
    assert ids(publishedBefore=box.clock.now().isoformat()) == published
    assert seed.PUBLISHED_EMAIL not in ids(createdAfter=sent)
    first = api.get(paths["emails"], params={"limit": 3, "includedProperties": ["name", "state"]}).json()
    assert set(first["results"][0]) == {"id", "isAb", "name", "state"}
    rest = ids(limit=3, after=first["paging"]["next"]["after"])
    assert len({*rest, *(row["id"] for row in first["results"])}) == 6
    assert api.get(paths["emails"], params={"sort": "colour"}).status_code == 400
