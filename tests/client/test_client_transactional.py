"""The requests of single sends, SMTP tokens and token calls, what each refuses, and the job of a send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from client_tools import Hand, answer, hubspot, hubspot_oauth

from airflow_provider_mkt.actions.hubspot.jobs import SPECS
from airflow_provider_mkt.actions.jobs import BatchStatus, Job, spec_of
from airflow_provider_mkt.actions.polling import poll_job
from airflow_provider_mkt.client.call import Call, FormBody, JsonBody, Quota, Replay
from airflow_provider_mkt.client.errors import InvalidInput, NotFound, OutcomeUnknown
from airflow_provider_mkt.client.hubspot.account import oauth
from airflow_provider_mkt.client.hubspot.sends import send_statuses, smtp_tokens, transactional
from airflow_provider_mkt.client.hubspot.versions import PROFILES, Profile

JANE = "jane.doe@example.com"
SAFE, WAIT, VERIFY, NEVER = Replay
PLAIN = {
    "emailId": 5,
    "message": {"to": JANE, "cc": [], "bcc": [], "replyTo": []},
    "contactProperties": {},
    "customProperties": {},
}
FULL = {
    "emailId": 5,
    "message": {
        "to": JANE,
        "cc": ["a@example.com"],
        "bcc": ["b@example.com"],
        "replyTo": ["c@example.com"],
        "from": "Us <us@example.com>",
        "sendId": "dag/run/1",
    },
    "contactProperties": {"city": "Oslo"},
    "customProperties": {"rows": [1, {"a": None}]},
}
EVERYTHING: dict[str, Any] = {
    "send_id": "dag/run/1",
    "sender": "Us <us@example.com>",
    "cc": ["a@example.com"],
    "bcc": ["b@example.com"],
    "reply_to": ["c@example.com"],
    "contact_properties": {"city": "Oslo"},
    "custom_properties": {"rows": [1, {"a": None}]},
}
SENDS = "/transactional/single-email/send"
TOKENS = (
    "/marketing/v3/transactional/smtp-tokens",
    *(f"/marketing/transactional/{version}/smtp-tokens" for version in PROFILES[1:]),
)
SENDING = (
    f"/marketing/v3{SENDS}",
    *(f"/marketing/transactional/{version}/single-email/send" for version in PROFILES[1:]),
)
SINGLE = (
    "/marketing/v4/email/single-send",
    *("/marketing/email-campaigns/2026-03/single-send",) * 2,
)
ROWS: list[tuple[Call[Any], str, tuple[str, ...], tuple, Any, Replay]] = [
    (
        transactional.send("5", JANE),
        "POST",
        SENDING,
        (),
        PLAIN,
        NEVER,
    ),
    (
        transactional.send(5, JANE, **EVERYTHING),
        "POST",
        SENDING,
        (),
        FULL,
        SAFE,
    ),
    (
        transactional.single_send(5, JANE),
        "POST",
        SINGLE,
        (),
        PLAIN,
        NEVER,
    ),
    (
        transactional.single_send(5, JANE, **EVERYTHING),
        "POST",
        SINGLE,
        (),
        FULL,
        SAFE,
    ),
    (
        send_statuses.get("a/b"),
        "GET",
        ("/marketing/v3/email/send-statuses/a%2Fb",) * 3,
        (),
        None,
        SAFE,
    ),
    (smtp_tokens.list(), "GET", TOKENS, (), None, SAFE),
    (
        smtp_tokens.list(campaign_name="A & B", email_campaign_id="7", limit=3),
        "GET",
        TOKENS,
        (("campaignName", "A & B"), ("emailCampaignId", "7"), ("limit", "3")),
        None,
        SAFE,
    ),
    (
        smtp_tokens.create("A", create_contact=False),
        "POST",
        TOKENS,
        (),
        {"campaignName": "A", "createContact": False},
        VERIFY,
    ),
    (smtp_tokens.get("x@y"), "GET", tuple(f"{one}/x%40y" for one in TOKENS), (), None, SAFE),
    (smtp_tokens.archive("x"), "DELETE", tuple(f"{one}/x" for one in TOKENS), (), None, SAFE),
    (
        smtp_tokens.reset_password("x"),
        "POST",
        tuple(f"{one}/x/password-reset" for one in TOKENS),
        (),
        None,
        VERIFY,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].name)
@pytest.mark.parametrize("profile", PROFILES)
def test_the_request_in_each_profile(row: tuple, profile: Profile) -> None:
    call, method, paths, query, body, replay = row
    request = hubspot(api_version=profile).build(call, "T")
    assert (request.method, urlsplit(request.url).path) == (method, paths[PROFILES.index(profile)])
    assert request.query == query
    assert (request.body.value if isinstance(request.body, JsonBody) else request.body) == body
    assert call.replay is replay


def test_only_sends_are_outside_the_limits() -> None:
    assert {row[0].name for row in ROWS if row[0].quota is Quota.FREE} == {
        "transactional.send",
        "transactional.single_send",
    }


BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: smtp_tokens.list(limit=0), "limit"),
    (lambda: smtp_tokens.create(" ", create_contact=True), "campaign_name"),
    (lambda: smtp_tokens.create("A", create_contact="yes"), "create_contact"),  # type: ignore[arg-type]
    (lambda: smtp_tokens.get(""), "token_id"),
    (lambda: smtp_tokens.archive(None), "token_id"),  # type: ignore[arg-type]
    (lambda: send_statuses.get(".."), "status_id"),
    (lambda: oauth.introspect(""), "token"),
    (lambda: oauth.introspect("x", token_type_hint="other"), "token_type_hint"),
    (lambda: oauth.revoke(5), "token"),  # type: ignore[arg-type]
    (lambda: oauth.refresh(" "), "refresh_token"),
    (lambda: oauth.exchange_code("", "https://example.com"), "code"),
    (lambda: oauth.exchange_code("c", ""), "redirect_uri"),
    (lambda: oauth.client_credentials(""), "scope"),
]
for _send in (transactional.send, transactional.single_send):
    BAD += [
        (lambda send=_send: send("x", JANE), "email_id"),
        (lambda send=_send: send(0, JANE), "email_id"),
        (lambda send=_send: send(5, "jane.doe"), "to"),
        (lambda send=_send: send(5, "jane doe@example.com"), "to"),
        (lambda send=_send: send(5, None), "to"),
        (lambda send=_send: send(5, [JANE]), "to"),
        (lambda send=_send: send(5, JANE, cc=JANE), "cc"),
        (lambda send=_send: send(5, JANE, bcc=[JANE, "x"]), "bcc[1]"),
        (lambda send=_send: send(5, JANE, reply_to=[5]), "reply_to[0]"),
        (lambda send=_send: send(5, JANE, send_id=" "), "send_id"),
        (lambda send=_send: send(5, JANE, sender=""), "sender"),
        (lambda send=_send: send(5, JANE, contact_properties=[JANE]), "contact_properties"),
        (lambda send=_send: send(5, JANE, contact_properties={"a": 5551234}), "contact_properties.a"),
        (lambda send=_send: send(5, JANE, custom_properties={"a": {1}}), "body.customProperties.a"),
    ]


@pytest.mark.parametrize(("make", "field"), BAD, ids=[f"{n}-{field}" for n, (_, field) in enumerate(BAD)])
def test_bad_input_is_refused_by_field_and_without_being_repeated(
    make: Callable[[], object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.field == field
    for value in (JANE, "jane", "5551234"):
        assert value not in f"{refusal.value!s} {vars(refusal.value)}"


STATUS = {"statusId": "s", "status": "PENDING", "requestedAt": "2026-07-01T12:00:00Z"}


def test_a_send_without_a_key_is_never_repeated_and_one_with_it_is() -> None:
    unkeyed = Hand(transactional.send(5, JANE), hubspot()).give(answer(524))
    assert isinstance(unkeyed.error, OutcomeUnknown)
    keyed = Hand(transactional.send(5, JANE, send_id="k"), hubspot()).give(answer(524))
    keyed.give(answer(200, STATUS))
    assert keyed.reply is not None
    assert (keyed.reply.value.statusId, keyed.reply.ambiguous) == ("s", True)
    first, second = keyed.requests
    assert first.body == second.body


@pytest.mark.parametrize(
    ("status", "result", "meaning"),
    [
        ("PENDING", None, BatchStatus.PENDING),
        ("PROCESSING", "SENT", BatchStatus.PROCESSING),
        ("COMPLETE", "SENT", BatchStatus.COMPLETE),
        ("COMPLETE", "IDEMPOTENT_IGNORE", BatchStatus.COMPLETE),
        ("COMPLETE", "IDEMPOTENT_FAIL", BatchStatus.FAILED),
        ("COMPLETE", "INVALID_TO_ADDRESS", BatchStatus.FAILED),
        ("COMPLETE", "A_WORD_OF_TOMORROW", BatchStatus.FAILED),
        ("COMPLETE", "QUEUED", BatchStatus.PROCESSING),
        ("COMPLETE", "THROTTLED", BatchStatus.PROCESSING),
        ("COMPLETE", None, None),
        ("CANCELED", None, BatchStatus.CANCELED),
        ("CANCELED", "SENT", BatchStatus.CANCELED),
        ("PAUSED", None, None),
    ],
)
def test_what_a_send_has_come_to(status: str, result: str | None, meaning: BatchStatus | None) -> None:
    job = Job("hubspot", "email_send", "s")
    polling = poll_job(spec_of(SPECS, job), job)
    call = next(polling)
    assert isinstance(call, Call)
    with pytest.raises(StopIteration) as stop:
        polling.send(call.read({**STATUS, "status": status, "sendResult": result}))
    seen = stop.value.value
    assert (seen.status, seen.known) == (meaning or BatchStatus.PROCESSING, meaning is not None)
    assert seen.details["send_result"] == result


def test_a_password_is_not_printed() -> None:
    token = smtp_tokens.create("A", create_contact=True).read({"id": "u", "password": "hunter2hunter2"})
    assert "hunter2" not in f"{token!r} {token} {token.model_dump(mode='json')}"
    assert token.password is not None
    assert token.password.get_secret_value() == "hunter2hunter2"


def test_a_delete_finds_nothing_only_where_a_lost_try_may_have_deleted_it() -> None:
    gone = answer(404, {"category": "OBJECT_NOT_FOUND", "message": "not found"})
    lost = Hand(smtp_tokens.archive("x"), hubspot()).give(answer(502)).give(gone)
    assert lost.reply is not None
    assert lost.reply.ambiguous
    assert isinstance(Hand(smtp_tokens.archive("x"), hubspot()).give(gone).error, NotFound)
    read = Hand(smtp_tokens.get("x"), hubspot()).give(answer(502)).give(gone)
    assert isinstance(read.error, NotFound)


@pytest.mark.parametrize(
    ("call", "tail", "pairs", "replay"),
    [
        (
            oauth.exchange_code("c", "https://example.com", code_verifier="v"),
            "",
            {
                "grant_type": "authorization_code",
                "code": "c",
                "redirect_uri": "https://example.com",
                "code_verifier": "v",
            },
            VERIFY,
        ),
        (oauth.refresh("r"), "", {"grant_type": "refresh_token", "refresh_token": "r"}, SAFE),
        (oauth.client_credentials("a b"), "", {"grant_type": "client_credentials", "scope": "a b"}, SAFE),
        (oauth.introspect("t"), "/introspect", {"token": "t"}, SAFE),
        (
            oauth.revoke("t", token_type_hint="access_token"),
            "/revoke",
            {"token": "t", "token_type_hint": "access_token"},
            SAFE,
        ),
    ],
    ids=lambda value: getattr(value, "name", None),
)
@pytest.mark.parametrize("profile", PROFILES)
def test_token_calls_speak_as_the_client_and_not_with_a_token(
    call: Call[Any], tail: str, pairs: dict[str, str], replay: Replay, profile: str
) -> None:
    account = hubspot_oauth(api_version=profile)
    request = account.build(call, "T")
    assert urlsplit(request.url).path == f"/oauth/{profile}/token{tail}"
    assert "Authorization" not in request.headers
    assert isinstance(request.body, FormBody)
    sent = dict(request.body.pairs)
    assert sent.pop("client_id") == account.account.client_id
    assert sent.pop("client_secret") not in repr(request)
    assert (sent, call.replay) == (pairs, replay)
