"""Every error that Marketo documents, through the hook: class and code, and that nothing changed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hubspot_runs import CONN_ID
from refusing import refused

from airflow_provider_mkt.client.call import Call, FormBody, JsonBody
from airflow_provider_mkt.client.errors import (
    AuthenticationError,
    Conflict,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    PlatformError,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
    ServerUnavailable,
)
from airflow_provider_mkt.client.marketo.emails import emails
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.imports import bulk_leads
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.marketo.lists import lists, static_lists
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.marketo.smart_campaigns import campaigns
from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import error_codes, seed
from airflow_provider_mkt.sandbox.marketo.settings import MarketoSettings

READ: Call[Any] = leads.get(seed.ANNA)
WRITE: Call[Any] = campaigns.request(seed.REQUEST_CAMPAIGN, [seed.ANNA])
"""Each run would send emails again, so it is never retried."""

REFUSED: dict[type[PlatformError], tuple[str, ...]] = {
    AuthenticationError: ("601", "602"),
    PermissionDenied: ("603",),
    RateLimited: ("606", "615", "1016", "1019", "1029"),
    QuotaExhausted: ("607", "1020"),
    ServerUnavailable: ("608", "614", "1014"),
    NotFound: ("610", "702", "1004", "1013"),
    Conflict: ("1005", "1017"),
    RequestRefused: ("605", "612", "616"),
    InvalidRequest: (
        *("609", "613", "701", "703", "704", "709", "710", "711", "712", "714", "718"),
        *("1001", "1002", "1003", "1006", "1007", "1008", "1009", "1010", "1011", "1012", "1015", "1018"),
        *("1021", "1022", "1025", "1026", "1027", "1028", "1035", "1036", "1037", "1042", "1048", "1049"),
        *("1076", "1077", "1078", "1079", "1080"),
    ),
}
"""Codes that reject a request, by their error class: the platform did nothing."""

DOUBTFUL = ("604", "611", "713", "719")
"""Codes of time-outs and failures, after which the outcome is ambiguous."""

BY_CODE = {code: kind for kind, codes in REFUSED.items() for code in codes}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as sandbox:
        yield sandbox


@pytest.fixture
def box(running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    marketo = running.marketo
    marketo.limits = marketo.make_limits()
    for name, value in MarketoSettings():
        setattr(marketo.settings, name, value)
    marketo.reset()
    sign_in(running, monkeypatch, seed.CLIENT_ID, seed.CLIENT_SECRET)
    return running


def sign_in(box: Sandbox, monkeypatch: pytest.MonkeyPatch, client_id: str, secret: str) -> None:
    connection = {
        "conn_type": "marketo",
        "host": box.marketo.url,
        "login": client_id,
        "password": secret,
        "extra": {"calls_per_20_seconds": 10_000},
    }
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(connection))


def answer(box: Sandbox, fault: dict[str, Any]) -> None:
    box.marketo.faults.add("/rest/*", answer=fault, times=None)


def test_all_documented_codes_are_covered() -> None:
    assert {*BY_CODE, *DOUBTFUL} == set(error_codes.TEXTS)


@pytest.mark.parametrize(("code", "kind"), BY_CODE.items())
def test_a_rejecting_code_has_its_class_for_reads_and_writes(
    box: Sandbox, code: str, kind: type[PlatformError]
) -> None:
    answer(box, {"code": code})
    before = box.marketo.snapshot()
    for call in (READ, WRITE):
        for error in refused(call):
            assert (type(error), error.code, error.status) == (kind, code, 200)
            assert (error.platform, error.call) == ("marketo", call.name)
            assert error.request_id
    assert box.marketo.snapshot() == before


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        *[({"code": code}, code, 200) for code in DOUBTFUL],
        *[({"status": status}, "", status) for status in (500, 502, 503, 504)],
    ],
)
def test_after_an_ambiguous_code_a_read_fails_and_a_write_is_unknown(
    box: Sandbox, fault: dict[str, Any], code: str, status: int
) -> None:
    answer(box, fault)
    for call, kind in ((READ, ServerUnavailable), (WRITE, OutcomeUnknown)):
        for error in refused(call):
            assert (type(error), error.code, error.status) == (kind, code, status)


# -- errors by requests ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A request that the platform rejects."""

    call: Call[Any]
    kind: type[PlatformError]
    code: str
    arrange: Callable[[Sandbox], object] = lambda box: None
    says: str = ""
    status: int = 200


def none_left(gate: str) -> Callable[[Sandbox], None]:
    return lambda box: setattr(getattr(box.marketo.limits, gate), "limit", 0)


def requested(call: Call[Any], **values: str) -> Call[Any]:
    """Return the call with other query parameters, which its own checks would reject."""
    return replace(
        call, query=tuple((name, values.pop(name, old)) for name, old in call.query) + tuple(values.items())
    )


def form(call: Call[Any], **values: str) -> Call[Any]:
    assert isinstance(call.body, FormBody)
    return replace(call, body=FormBody(tuple((name, values.get(name, old)) for name, old in call.body.pairs)))


def path(call: Call[Any], **values: str) -> Call[Any]:
    params = tuple((name, values.get(name, old)) for name, old in call.route.params)
    return replace(call, route=replace(call.route, params=params))


def done(call: Call[Any]) -> Callable[[Sandbox], None]:
    def arrange(box: Sandbox) -> None:
        with MarketoHook(CONN_ID) as hook:
            hook.run(call)

    return arrange


SYNC = leads.sync([{"email": "new@example.com"}])
IMPORT = bulk_leads.create_import(b"email\nnew@example.com\n", list_id=seed.STATIC_LIST)
NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
UPDATED = bulk_extracts.create_leads(["id"], updated_between=(NOW, NOW + dt.timedelta(days=2)))
FOLDER = json.dumps({"id": seed.DEFAULT_PROGRAM, "type": "Program"})
LATE = JsonBody({"input": {"runAt": "2099-01-01T00:00:00Z"}})

BROUGHT_ABOUT = [
    Row(replace(READ, route=replace(READ.route, method="PATCH")), RequestRefused, "605"),
    Row(READ, RateLimited, "606", none_left("rate")),
    Row(READ, QuotaExhausted, "607", none_left("daily")),
    Row(READ, RateLimited, "615", none_left("concurrency")),
    Row(replace(SYNC, body=JsonBody(["no object"])), InvalidRequest, "609"),
    Row(replace(READ, route=replace(READ.route, tail="/nothing.json", params=())), NotFound, "610"),
    Row(replace(SYNC, body=FormBody((("email", "new@example.com"),))), RequestRefused, "612"),
    Row(form(static_lists.create("A", folder_id=seed.CAMPAIGN_FOLDER), name=" "), InvalidRequest, "701"),
    Row(emails.approve_draft(999), NotFound, "702"),
    Row(emails.approve_draft(seed.APPROVED_EMAIL), InvalidRequest, "709", says="draft"),
    Row(static_lists.create("A", folder_id=999), InvalidRequest, "710"),
    Row(form(programs.clone(2003, "A", folder_id=seed.PROGRAM_FOLDER), folder=FOLDER), InvalidRequest, "711"),
    Row(path(READ, leadId="anna"), InvalidRequest, "1001"),
    Row(requested(leads.list("email", ["a@example.com"]), filterValues=""), InvalidRequest, "1002"),
    Row(campaigns.request(seed.BATCH_CAMPAIGN, [seed.ANNA]), InvalidRequest, "1003"),
    Row(campaigns.request(seed.INACTIVE_CAMPAIGN, [seed.ANNA]), InvalidRequest, "1003"),
    Row(leads.get(999_999), NotFound, "1004"),
    Row(leads.get(seed.ANNA, fields=["noSuchField"]), InvalidRequest, "1006"),
    Row(leads.list("firstName", ["Anna"]), InvalidRequest, "1011"),
    Row(leads.associate(seed.ANNA, "no cookie"), InvalidRequest, "1012"),
    Row(lists.get(999), NotFound, "1013"),
    Row(IMPORT, RateLimited, "1019", done(IMPORT)),
    Row(programs.set_status(seed.DEFAULT_PROGRAM, [seed.ANNA], status_name="Asleep"), InvalidRequest, "1025"),
    Row(
        UPDATED,
        InvalidRequest,
        "1035",
        lambda box: setattr(box.marketo.settings, "limited_extract_filters", True),
    ),
    Row(replace(campaigns.schedule(seed.BATCH_CAMPAIGN), body=LATE), InvalidRequest, "1042"),
    Row(
        requested(leads.merge(seed.ANNA, [seed.BEN]), leadIds=",".join(map(str, range(2001, 2027)))),
        InvalidRequest,
        "1080",
    ),
    Row(
        replace(SYNC, body=JsonBody({"input": [{"email": "x" * 1_000_000}]})),
        InvalidRequest,
        "",
        status=413,
    ),
    Row(
        requested(leads.merge(seed.ANNA, [seed.BEN]), leadIds="2001," * 2000), InvalidRequest, "", status=414
    ),
]


@pytest.mark.parametrize("row", BROUGHT_ABOUT, ids=lambda row: f"{row.code or row.status} {row.call.name}")
def test_requests_that_the_platform_rejects_have_their_code_and_change_nothing(
    box: Sandbox, row: Row
) -> None:
    row.arrange(box)
    before = box.marketo.snapshot()
    for error in refused(row.call):
        assert (type(error), error.code, error.status) == (row.kind, row.code, row.status)
        assert row.says in error.message
        assert "new@example.com" not in str(error)
    assert box.marketo.snapshot() == before


def test_a_missing_permission_is_named_in_the_error(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(box, monkeypatch, seed.READER_ID, seed.READER_SECRET)
    before = box.marketo.snapshot()
    for error in refused(WRITE):
        assert isinstance(error, PermissionDenied)
        assert (error.code, error.missing) == ("603", WRITE.scopes)
    assert box.marketo.snapshot() == before


def test_a_wrong_secret_has_its_own_error(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(box, monkeypatch, seed.CLIENT_ID, "wrong-secret")
    for error in refused(READ):
        assert (type(error), error.status) == (AuthenticationError, 401)
        assert "wrong-secret" not in str(error)


def test_an_expired_token_is_refreshed_and_the_write_done_once(box: Sandbox) -> None:
    with MarketoHook(CONN_ID) as hook:
        hook.run(READ)
        box.clock.advance(3700)
        hook.run(WRITE)
    (campaign,) = (one for one in box.marketo.snapshot()["campaigns"] if one["id"] == seed.REQUEST_CAMPAIGN)
    assert campaign["requests"] == 1
