"""Single sends, their status, and SMTP tokens, by the client over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hubspot_runs import Runner

from airflow_provider_mkt.actions.hubspot.jobs import SPECS
from airflow_provider_mkt.actions.jobs import BatchStatus, Job, spec_of
from airflow_provider_mkt.actions.polling import poll_job
from airflow_provider_mkt.client.errors import InvalidRequest, NotFound, OutcomeUnknown, PermissionDenied
from airflow_provider_mkt.client.hubspot.sends import send_statuses, smtp_tokens, transactional
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

ORDER, REWARD = seed.TRANSACTIONAL_EMAIL, seed.SINGLE_SEND_EMAIL
GUEST = "guest@example.com"
WAYS = [(profile, way) for profile in PROFILES for way in ("sync", "async")]


@pytest.fixture(params=WAYS, ids="-".join)
def run(box: Sandbox, request: pytest.FixtureRequest) -> Runner:
    return Runner(box.hubspot.url, *request.param)


@pytest.fixture
def once(box: Sandbox) -> Runner:
    return Runner(box.hubspot.url, "v3", "sync")


@pytest.fixture
def as_app(box: Sandbox, run: Runner) -> Runner:
    app = box.hubspot.state.credentials.apps[seed.OAUTH_CLIENT_ID]
    return run.with_token(box.hubspot.state.credentials.issue(app).value)


def ended(box: Sandbox, run: Runner, call: Any) -> str | None:
    """Return the final result of a send."""
    status = run(call)
    box.clock.advance(10)
    end = run(send_statuses.get(status.statusId))
    assert end.status == "COMPLETE"
    return end.sendResult


@pytest.mark.parametrize("send", [transactional.send, transactional.single_send])
def test_a_send_is_pending_then_processing_then_sent(box: Sandbox, run: Runner, send: Any) -> None:
    email = ORDER if send is transactional.send else REWARD
    first = run(send(email, GUEST, send_id="k", contact_properties={"firstname": "Guest"}))
    assert (first.status, first.sendResult, first.startedAt) == ("PENDING", None, None)
    box.clock.advance(1.5)
    then = run(send_statuses.get(first.statusId))
    assert (then.status, then.sendResult, then.completedAt) == ("PROCESSING", "QUEUED", None)
    box.clock.advance(2)
    end = run(send_statuses.get(first.statusId))
    assert (end.status, end.sendResult, set(end.eventId or {})) == ("COMPLETE", "SENT", {"id", "created"})
    contact = box.hubspot.state.contacts.find("email", GUEST)
    assert contact is not None
    assert contact.properties["firstname"] == "Guest"
    marketable = contact.properties.get("hs_marketable_status")
    assert marketable == (None if send is transactional.send else "true")


def test_a_key_sends_one_email_and_a_failed_one_is_not_retried(box: Sandbox, run: Runner) -> None:
    once_only = transactional.send(ORDER, GUEST, send_id="once")
    assert [ended(box, run, once_only) for _ in range(2)] == ["SENT", "IDEMPOTENT_IGNORE"]
    lost = transactional.send(ORDER, "noreply@example.com", send_id="lost")
    assert [ended(box, run, lost) for _ in range(2)] == ["INVALID_TO_ADDRESS", "IDEMPOTENT_FAIL"]
    unkeyed = transactional.send(ORDER, GUEST)
    assert [ended(box, run, unkeyed) for _ in range(2)] == ["SENT", "SENT"]


def test_a_send_is_repeated_after_a_lost_response_only_with_a_key(box: Sandbox, once: Runner) -> None:
    box.hubspot.faults.add("*/single-email/send", when="after", answer={"reset": True})
    assert ended(box, once, transactional.send(ORDER, GUEST, send_id="k")) == "IDEMPOTENT_IGNORE"
    assert [one.result for one in box.hubspot.state.single_sends.all()] == ["SENT", "IDEMPOTENT_IGNORE"]
    box.hubspot.reset()
    box.hubspot.faults.add("*/single-email/send", when="after", answer={"reset": True})
    with pytest.raises(OutcomeUnknown):
        once(transactional.send(ORDER, GUEST))
    assert len(box.hubspot.state.single_sends.all()) == 1


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"to": "no-reply@example.com"}, "INVALID_TO_ADDRESS"),
        ({"to": "Postmaster@example.com"}, "INVALID_TO_ADDRESS"),
        ({"to": "guest@localhost"}, "INVALID_TO_ADDRESS"),
        ({"sender": "nobody"}, "INVALID_FROM_ADDRESS"),
        ({"sender": "Us <us@example.com>"}, "SENT"),
        ({"contact_properties": {"no_such_property": "1"}}, "VALIDATION_FAILED"),
        ({"cc": ["a@example.com"], "bcc": ["b@example.com"], "custom_properties": {"rows": [1, 2]}}, "SENT"),
    ],
)
def test_an_invalid_email_has_its_error_in_the_result(
    box: Sandbox, once: Runner, changes: dict[str, Any], result: str
) -> None:
    call = transactional.send(ORDER, **{"to": GUEST, **changes})
    assert ended(box, once, call) == result
    assert (box.hubspot.state.contacts.find("email", GUEST) is not None) is (result == "SENT")


def test_opted_out_recipients_get_no_email(box: Sandbox, once: Runner) -> None:
    store = box.hubspot.state.subscriptions
    store.set(GUEST, seed.DEFAULT_SUBSCRIPTION, "UNSUBSCRIBED", None, None)
    store.opt_out_of_all("other@example.com")
    for address, result in (
        (GUEST, "PREVIOUSLY_UNSUBSCRIBED_MESSAGE"),
        ("other@example.com", "PREVIOUSLY_UNSUBSCRIBED_PORTAL"),
    ):
        assert ended(box, once, transactional.single_send(REWARD, address)) == result


def test_an_unknown_or_unpublished_email_or_one_of_another_type_is_rejected(run: Runner) -> None:
    for email in ("1", seed.NEWSLETTER_EMAIL, seed.AUTOMATED_EMAIL):
        for send in (transactional.send, transactional.single_send):
            with pytest.raises(InvalidRequest):
                run(send(email, GUEST))
    with pytest.raises(InvalidRequest, match="kind"):
        run(transactional.single_send(ORDER, GUEST))


def test_sends_need_a_scope_and_a_product(box: Sandbox, run: Runner) -> None:
    reader = run.with_token(seed.READ_ONLY_TOKEN)
    for call in (
        transactional.send(ORDER, GUEST),
        transactional.single_send(REWARD, GUEST),
        send_statuses.get("x"),
        smtp_tokens.list(),
    ):
        with pytest.raises(PermissionDenied) as refusal:
            reader(call)
        assert "transactional-email" in refusal.value.missing
    box.hubspot.settings.transactional_email = box.hubspot.settings.marketing_enterprise = False
    for call in (transactional.send(ORDER, GUEST), transactional.single_send(REWARD, GUEST)):
        with pytest.raises(PermissionDenied, match="does not have"):
            run(call)
    assert box.hubspot.state.single_sends.all() == []


@pytest.mark.parametrize("left_out", ["contactProperties", "customProperties", "cc", "bcc", "replyTo"])
@pytest.mark.parametrize(
    ("email", "undated", "dated"),
    [
        (
            ORDER,
            "/marketing/v3/transactional/single-email/send",
            "/marketing/transactional/2026-03/single-email/send",
        ),
        (REWARD, "/marketing/v4/email/single-send", "/marketing/email-campaigns/2026-03/single-send"),
    ],
    ids=["transactional", "single_send"],
)
def test_dated_paths_require_more_than_undated_ones(
    api: httpx.Client, left_out: str, email: str, undated: str, dated: str
) -> None:
    message: dict[str, Any] = {"to": GUEST, "cc": [], "bcc": [], "replyTo": []}
    body: dict[str, Any] = {
        "emailId": int(email),
        "message": message,
        "contactProperties": {},
        "customProperties": {},
    }
    (message if left_out in message else body).pop(left_out)
    assert api.post(undated, json=body).status_code == 200
    refusal = api.post(dated, json=body)
    assert (refusal.status_code, left_out in refusal.json()["message"]) == (400, True)


def test_an_empty_recipient_and_unknown_keys_are_rejected(api: httpx.Client) -> None:
    for message in ({"to": ""}, {"to": " "}, {}, {"to": 5}, {"to": GUEST, "subject": "x"}):
        body = {"emailId": int(ORDER), "message": message}
        assert api.post("/marketing/v3/transactional/single-email/send", json=body).status_code == 400


@pytest.mark.parametrize(
    ("more", "in_message"),
    [
        ({"contactProperties": []}, {}),
        ({"contactProperties": {"city": ["Rome"]}}, {}),
        ({"customProperties": []}, {}),
        ({}, {"cc": [7]}),
        ({}, {"replyTo": [["a@example.com"]]}),
    ],
)
def test_lists_of_addresses_and_maps_of_properties_are_checked(
    api: httpx.Client, more: dict[str, Any], in_message: dict[str, Any]
) -> None:
    body = {"emailId": int(ORDER), "message": {"to": GUEST, **in_message}, **more}
    reply = api.post("/marketing/v3/transactional/single-email/send", json=body)
    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")


def test_sends_count_in_neither_rate_window_nor_daily_quota(box: Sandbox, once: Runner) -> None:
    box.hubspot.limits.rate.limit = box.hubspot.limits.daily.limit = 1
    for _ in range(3):
        once(transactional.send(ORDER, GUEST))


@pytest.mark.parametrize(
    ("to", "first", "last"),
    [
        (GUEST, BatchStatus.PENDING, BatchStatus.COMPLETE),
        ("spam@example.com", BatchStatus.PENDING, BatchStatus.FAILED),
    ],
)
def test_a_send_can_be_followed_as_a_job(
    box: Sandbox, run: Runner, to: str, first: BatchStatus, last: BatchStatus
) -> None:
    job = Job("hubspot", "email_send", run(transactional.send(ORDER, to)).statusId)
    seen = []
    for _ in range(3):
        polling = poll_job(spec_of(SPECS, job), job)
        answer = run(next(polling))  # type: ignore[arg-type]
        with pytest.raises(StopIteration) as stop:
            polling.send(answer)
        seen.append(stop.value.value.status)
        box.clock.advance(1.5)
    assert seen == [first, BatchStatus.PROCESSING, last]


def test_an_unknown_status_is_not_found(run: Runner) -> None:
    with pytest.raises(NotFound):
        run(send_statuses.get("a/b c"))


def test_an_smtp_token_returns_its_password_once_and_expires_after_a_year(
    box: Sandbox, as_app: Runner
) -> None:
    made = as_app(smtp_tokens.create("Receipts", create_contact=True))
    assert made.password is not None
    assert (made.campaignName, made.createContact) == ("Receipts", True)
    assert made.password.get_secret_value() not in repr(made)
    shown = as_app(smtp_tokens.get(made.id))
    assert (shown.id, shown.password) == (made.id, None)
    renewed = as_app(smtp_tokens.reset_password(made.id)).password
    assert renewed is not None
    assert renewed != made.password
    assert "password" not in str(box.hubspot.snapshot())
    box.clock.advance(366 * 86_400)
    run = as_app.with_token(seed.TOKEN)
    with pytest.raises(NotFound):
        run(smtp_tokens.get(made.id))
    assert run.every(smtp_tokens.list()) == []


def test_smtp_tokens_are_found_by_campaign_paged_and_deleted(box: Sandbox, as_app: Runner) -> None:
    made = [as_app(smtp_tokens.create(name, create_contact=False)) for name in ("A", "B", "A")]
    run = as_app.with_token(seed.TOKEN)
    assert [one.id for one in run.every(smtp_tokens.list(campaign_name="A"))] == [made[0].id, made[2].id]
    (one,) = run(smtp_tokens.list(email_campaign_id=made[1].emailCampaignId))
    assert one.id == made[1].id
    assert [len(page) for page in run.pages(smtp_tokens.list(limit=2))] == [2, 1]
    run(smtp_tokens.archive(made[0].id))
    with pytest.raises(NotFound):
        run(smtp_tokens.archive(made[0].id))
    box.hubspot.faults.add("*/smtp-tokens/*", when="after", answer={"reset": True})
    run(smtp_tokens.archive(made[1].id))
    assert [one.id for one in run(smtp_tokens.list())] == [made[2].id]


def test_a_private_app_cannot_create_smtp_tokens(box: Sandbox, run: Runner) -> None:
    with pytest.raises(PermissionDenied, match="OAuth"):
        run(smtp_tokens.create("A", create_contact=False))
    box.hubspot.settings.smtp_tokens_need_oauth = False
    run(smtp_tokens.create("A", create_contact=False))


def test_creating_an_smtp_token_is_ambiguous_after_a_lost_response(box: Sandbox, once: Runner) -> None:
    box.hubspot.settings.smtp_tokens_need_oauth = False
    box.hubspot.faults.add("*/smtp-tokens", when="after", answer={"reset": True})
    with pytest.raises(OutcomeUnknown):
        once(smtp_tokens.create("A", create_contact=False))
    assert len(once(smtp_tokens.list(campaign_name="A"))) == 1
