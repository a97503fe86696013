"""What each documented answer of both platforms means: which error, and what to try next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from client_tools import PAT, a_call, answer, failure, hubspot, hubspot_oauth, marketo
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.client.call import Quota, Route
from airflow_provider_mkt.client.errors import (
    AuthenticationError,
    Conflict,
    InvalidInput,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    PlatformError,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
    ServerUnavailable,
)
from airflow_provider_mkt.client.hubspot.automation import legacy
from airflow_provider_mkt.client.hubspot.forms import form_submissions
from airflow_provider_mkt.client.hubspot.platform import HubSpot
from airflow_provider_mkt.client.marketo.platform import instance_url, next_quota_reset
from airflow_provider_mkt.client.transport.platform import (
    Failure,
    NoAnswer,
    Rate,
    Response,
    RetryAction,
    Success,
)

FAIL, REFRESH, SLOW, BACK, LATER, AMBIGUOUS = (
    RetryAction.FAIL,
    RetryAction.REFRESH_TOKEN,
    RetryAction.BACK_OFF,
    RetryAction.REDUCE_CONCURRENCY,
    RetryAction.RETRY,
    RetryAction.AMBIGUOUS,
)


def judged(platform, response: Response, **call) -> Failure:
    classification = platform.classify(a_call(**call), response)
    assert isinstance(classification, Failure), classification
    return classification


COMMON_STATUSES = [
    *[
        (status, RequestRefused, FAIL)
        for status in (300, 301, 302, 303, 304, 307, 308, 405, 406, 410, 415, 451)
    ],
    *[(status, ServerUnavailable, AMBIGUOUS) for status in (408, 421, 425, 499)],
]

MARKETO_CODES = [
    *[(code, ServerUnavailable, AMBIGUOUS) for code in ("500", "502", "604", "611", "713", "719")],
    *[(code, AuthenticationError, REFRESH) for code in ("600", "601", "602")],
    ("603", PermissionDenied, FAIL),
    *[(code, InvalidRequest, FAIL) for code in ("609", "613")],
    *[(code, RequestRefused, FAIL) for code in ("605", "612", "616")],
    ("606", RateLimited, SLOW),
    ("607", QuotaExhausted, FAIL),
    ("608", ServerUnavailable, LATER),
    ("610", NotFound, FAIL),
    ("614", ServerUnavailable, LATER),
    ("615", RateLimited, BACK),
    *[
        (code, InvalidRequest, FAIL)
        for code in ("701", "703", "704", "709", "710", "711", "712", "714", "718")
    ],
    ("702", NotFound, FAIL),
    *[
        (str(code), InvalidRequest, FAIL)
        for code in (
            1001,
            1002,
            1003,
            1006,
            1007,
            1008,
            1009,
            1010,
            1011,
            1012,
            1015,
            1018,
            1021,
            1022,
            1025,
            1026,
            1027,
            1028,
            1035,
            1036,
            1037,
            1042,
            1048,
            1049,
            1076,
            1077,
            1078,
            1079,
            1080,
        )
    ],
    ("1004", NotFound, FAIL),
    ("1005", Conflict, FAIL),
    ("1013", NotFound, FAIL),
    ("1014", ServerUnavailable, LATER),
    ("1016", RateLimited, LATER),
    ("1017", Conflict, FAIL),
    ("1019", RateLimited, LATER),
    ("1020", QuotaExhausted, FAIL),
    ("699", ServerUnavailable, AMBIGUOUS),
    ("799", InvalidRequest, FAIL),
    ("1050", InvalidRequest, FAIL),
]


class TestBothPlatforms:
    """Statuses that mean the same on both platforms."""

    PLATFORMS = pytest.mark.parametrize("make", [hubspot, marketo])

    @PLATFORMS
    @pytest.mark.parametrize(
        ("location", "where"),
        [
            (
                "https://user:secret@api-eu1.hubapi.com:443/crm?access_token=abcdefgh&x=y#z",
                "https://api-eu1.hubapi.com/crm",
            ),
            ("/elsewhere?access_token=abcdefgh", "/elsewhere"),
            ("//other.example/x", "//other.example/x"),
            ("http://[broken/x", "an address that is not named"),
            ("", "an address that is not named"),
        ],
    )
    def test_a_redirect_says_where_without_what_was_sent(self, make, location: str, where: str) -> None:
        error = judged(make(), answer(302, b"", {"location": location})).error
        assert f"redirected to {where};" in error.message
        assert not any(sent in str(error) for sent in ("abcdefgh", "secret", "x=y"))

    @PLATFORMS
    def test_a_451_is_final_and_keeps_its_text(self, make) -> None:
        texts = [
            answer(451, {"message": "Sanctioned region"}),
            answer(451, b"Sanctioned\n region", {"Content-Type": "text/plain; charset=utf-8"}),
        ]
        for response in texts:
            classification = judged(make(), response)
            assert (classification.error.message, classification.action) == ("Sanctioned region", FAIL)
        assert judged(make(), answer(451, b"<html>")).error.message == "unavailable for legal reasons"

    @PLATFORMS
    def test_a_passing_status_waits_as_the_answer_asks(self, make) -> None:
        assert judged(make(), answer(408, b"", {"retry-after": "7"})).wait == 7
        assert judged(make(), answer(425, b"")).wait is None

    @PLATFORMS
    def test_what_is_refused_whatever_it_contains_is_about_the_request(self, make) -> None:
        about = {
            status: judged(make(), answer(status)).error.about_request
            for status in (302, 400, 401, 403, 404, 405, 413, 414, 451)
        }
        assert [status for status, whole in about.items() if not whole] == [400, 413, 414]

    @PLATFORMS
    @pytest.mark.parametrize(
        ("status", "error"),
        [(302, RequestRefused), (408, ServerUnavailable), (451, RequestRefused), (499, ServerUnavailable)],
    )
    def test_the_token_call_tells_them_apart_too(self, make, status: int, error: type) -> None:
        platform = marketo() if make is marketo else hubspot_oauth()
        with pytest.raises(PlatformError) as raised:
            platform.read_token(answer(status))
        assert type(raised.value) is error
        assert raised.value.status == status

    @pytest.mark.parametrize("about_request", [True, False])
    def test_a_code_of_marketo_says_whether_it_is_about_the_request(self, about_request: bool) -> None:
        codes = (
            ("603", "605", "610", "612", "613", "616") if about_request else ("609", "1003", "1006", "702")
        )
        for code in codes:
            assert judged(marketo(), failure(code)).error.about_request is about_request


class TestMarketo:
    @pytest.mark.parametrize(("code", "error", "step"), MARKETO_CODES, ids=lambda value: str(value))
    def test_each_code(self, code: str, error: type, step: RetryAction) -> None:
        classification = judged(marketo(), failure(code, "what happened"))
        assert type(classification.error) is error
        assert classification.action is step
        assert classification.error.code == code
        assert classification.error.request_id == "17f5a#188aa"
        assert "what happened" in str(classification.error)

    @pytest.mark.parametrize(
        ("code", "wait"), [("606", 20), ("615", 1), ("1016", 30), ("1019", 30), ("608", None), ("604", None)]
    )
    def test_waits_that_the_rules_name(self, code: str, wait: float | None) -> None:
        assert judged(marketo(), failure(code)).wait == wait

    @pytest.mark.parametrize(
        ("code", "at_most"), [("611", 2), ("1014", 2), ("500", None), ("699", 2), ("606", None)]
    )
    def test_replays_that_still_make_sense(self, code: str, at_most: int | None) -> None:
        assert judged(marketo(), failure(code)).at_most == at_most

    @pytest.mark.parametrize(
        ("message", "error", "step"),
        [
            ("Too many jobs in queue", RateLimited, LATER),
            ("Export daily quota exceeded", QuotaExhausted, FAIL),
            ("Job already queued", Conflict, FAIL),
        ],
    )
    def test_1029_has_three_meanings(self, message: str, error: type, step: RetryAction) -> None:
        classification = judged(marketo(), failure("1029", message))
        assert (type(classification.error), classification.action) == (error, step)
        assert classification.wait == (60 if error is RateLimited else None)

    @pytest.mark.parametrize(
        ("status", "error", "step"),
        [
            (400, InvalidRequest, FAIL),
            *COMMON_STATUSES,
            (401, AuthenticationError, REFRESH),
            (403, PermissionDenied, FAIL),
            (404, NotFound, FAIL),
            (413, InvalidRequest, FAIL),
            (414, InvalidRequest, FAIL),
            (429, RateLimited, SLOW),
            (500, ServerUnavailable, AMBIGUOUS),
            (502, ServerUnavailable, AMBIGUOUS),
            (503, ServerUnavailable, AMBIGUOUS),
            (504, ServerUnavailable, AMBIGUOUS),
            (524, ServerUnavailable, AMBIGUOUS),
        ],
    )
    def test_each_http_status(self, status: int, error: type, step: RetryAction) -> None:
        classification = judged(marketo(), answer(status, b"<html>gone</html>"))
        assert (type(classification.error), classification.action, classification.error.status) == (
            error,
            step,
            status,
        )

    def test_500_is_retried_as_often_as_on_hubspot(self) -> None:
        assert judged(marketo(), answer(500)).at_most == judged(hubspot(), answer(500)).at_most

    @pytest.mark.parametrize(
        "body",
        [
            b"<html>we are down</html>",
            b"\xff\xfe\x00",
            b"[]",
            b"[" * 100_000,
            b"",
            b"{}",
            b'"text"',
            b'{"success": "true"}',
            b'{"success": false}',
            b'{"success": false, "errors": []}',
            b'{"success": false, "errors": 5}',
            b'{"success": false, "errors": ["text"]}',
            b'{"success": false, "errors": [{"message": "no code"}]}',
        ],
    )
    def test_a_200_that_says_neither_yes_nor_no_is_ambiguous(self, body: bytes) -> None:
        classification = judged(marketo(), answer(200, body))
        assert (type(classification.error), classification.action) == (ServerUnavailable, AMBIGUOUS)

    def test_raw_control_characters_inside_strings_are_read(self) -> None:
        body = b'{"success": true, "result": [{"name": "a\x0bb\nc\x00d"}]}'
        classification = marketo().classify(a_call(), answer(200, body))
        assert classification == Success({"success": True, "result": [{"name": "a\x0bb\nc\x00d"}]})

    def test_a_missing_permission_is_named(self) -> None:
        classification = judged(marketo(), failure("603", "Access denied"), scopes=("Read-Write Lead",))
        assert isinstance(classification.error, PermissionDenied)
        assert classification.error.missing == ("Read-Write Lead",)
        assert "Read-Write Lead" in str(classification.error)

    @pytest.mark.parametrize(
        ("now", "then"),
        [
            ("2026-07-01T00:00+00:00", "2026-07-01T06:05+00:00"),
            ("2026-07-01T06:04+00:00", "2026-07-01T06:05+00:00"),
            ("2026-07-01T06:05+00:00", "2026-07-02T06:05+00:00"),
            ("2026-12-31T23:00+00:00", "2027-01-01T06:05+00:00"),
            ("2026-07-01T00:00-05:00", "2026-07-01T06:05+00:00"),
        ],
    )
    def test_the_quota_is_back_past_midnight_us_central(self, now: str, then: str) -> None:
        assert next_quota_reset(datetime.fromisoformat(now)) == datetime.fromisoformat(then)

    def test_exhausted_quota_says_until_when(self) -> None:
        error = judged(marketo(), failure("607", "Daily quota reached")).error
        assert isinstance(error, QuotaExhausted)
        assert timedelta(0) < error.resets_at - datetime.now(UTC) <= timedelta(days=1)
        assert f"{error.resets_at:%Y-%m-%d %H:%M} UTC" in str(error)

    @pytest.mark.parametrize(
        ("family", "url"),
        [
            ("lead", "https://123-ABC-456.mktorest.com/rest/v1/x.json"),
            ("asset", "https://123-ABC-456.mktorest.com/rest/asset/v1/x.json"),
            ("bulk", "https://123-ABC-456.mktorest.com/bulk/v1/x.json"),
        ],
    )
    def test_each_family_has_its_prefix_and_the_token_is_in_the_header_only(
        self, family: str, url: str
    ) -> None:
        call = a_call(route=Route("GET", family, "/x.json"), query=(("a", "b"),), timeout=300.0)
        request = marketo().build(call, "token-one")
        assert (request.method, request.url, request.query) == ("GET", url, (("a", "b"),))
        assert request.headers == {"Authorization": "Bearer token-one"}
        assert (request.timeout, request.body) == (300.0, call.body)

    def test_the_spelling_of_a_host_does_not_make_another_account(self) -> None:
        one, other = (marketo(base_url=instance_url(text)) for text in ("123-abc-456", "123-ABC-456"))
        assert one.account_key == other.account_key

    def test_the_secret_travels_in_the_body_of_the_token_request(self) -> None:
        request = marketo().token_request()
        assert request is not None
        assert (request.method, request.query) == ("POST", ())
        assert "secret" not in request.url
        assert dict(request.body.pairs)["grant_type"] == "client_credentials"  # type: ignore[union-attr]


HUBSPOT_STATUSES = [
    *COMMON_STATUSES,
    *[(status, InvalidRequest, FAIL) for status in (400, 413, 414, 422)],
    (401, AuthenticationError, FAIL),
    (530, AuthenticationError, FAIL),
    (488, RequestRefused, FAIL),
    (403, PermissionDenied, FAIL),
    (404, NotFound, FAIL),
    (409, Conflict, FAIL),
    (423, ServerUnavailable, LATER),
    (429, RateLimited, SLOW),
    (477, ServerUnavailable, LATER),
    *[(status, ServerUnavailable, LATER) for status in (521, 523, 525, 526)],
    *[(status, ServerUnavailable, AMBIGUOUS) for status in (500, 502, 503, 504, 520, 522, 524)],
]


class TestHubSpot:
    @pytest.mark.parametrize(("status", "error", "step"), HUBSPOT_STATUSES)
    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"message": null, "errors": null}'])
    def test_each_status_whatever_the_body(
        self, status: int, error: type, step: RetryAction, body: bytes
    ) -> None:
        classification = judged(hubspot(), answer(status, body))
        assert (type(classification.error), classification.action, classification.error.status) == (
            error,
            step,
            status,
        )

    @pytest.mark.parametrize("status", [200, 201, 202, 204, 207])
    def test_every_2xx_is_done(self, status: int) -> None:
        assert hubspot().classify(
            a_call(), answer(status, {"status": "COMPLETE", "numErrors": 1})
        ) == Success({"status": "COMPLETE", "numErrors": 1})

    @pytest.mark.parametrize("content", [b"", b"  \n"])
    def test_an_empty_204_is_an_empty_object(self, content: bytes) -> None:
        assert hubspot().classify(a_call(), answer(204, content)) == Success({})

    @pytest.mark.parametrize("content", [b"<html>maintenance</html>", b"[1]", b"\xff", b"{"])
    def test_a_200_that_is_not_a_json_object_is_ambiguous(self, content: bytes) -> None:
        classification = judged(hubspot(), answer(200, content))
        assert (type(classification.error), classification.action) == (ServerUnavailable, AMBIGUOUS)

    def test_the_details_of_an_error_are_kept(self) -> None:
        body = {
            "status": "error",
            "message": "Property values were not valid",
            "category": "VALIDATION_ERROR",
            "correlationId": "aeb5f871-7f07-4993-9211-075dc63e7cbf",
            "errors": [
                {"message": "hs_color is unknown", "code": "PROPERTY_DOESNT_EXIST"},
                "odd",
                {"message": 5},
            ],
        }
        error = judged(hubspot(), answer(400, body)).error
        assert (error.code, error.request_id) == ("VALIDATION_ERROR", body["correlationId"])
        assert error.message == "hs_color is unknown; 5"
        assert (error.platform, error.call) == ("hubspot", "things.do")

    def test_details_without_a_message_of_their_own_stand_alone(self) -> None:
        error = judged(hubspot(), answer(400, {"errors": [{"message": "why"}]})).error
        assert error.message == "why"

    @pytest.mark.parametrize(
        ("body", "named"),
        [
            (
                {"errors": [{"context": {"requiredGranularScopes": ["a.read", "b.read"]}}]},
                ("a.read", "b.read"),
            ),
            (
                {
                    "errors": [
                        {"context": {"requiredScopes": ["a.read"]}},
                        {"context": {"scopes": ["a.read"]}},
                    ]
                },
                ("a.read",),
            ),
            ({"errors": [{"context": ["odd"]}, {"context": {"scopes": "odd"}}]}, ("the.calls.own",)),
            ({}, ("the.calls.own",)),
        ],
    )
    def test_missing_scopes_are_named(self, body: dict, named: tuple[str, ...]) -> None:
        body = {"message": "no", "category": "MISSING_SCOPES", **body}
        error = judged(hubspot(), answer(403, body), scopes=("the.calls.own",)).error
        assert isinstance(error, PermissionDenied)
        assert error.missing == named
        assert all(scope in str(error) for scope in named)

    def test_missing_scopes_are_not_reported_for_a_product_that_the_account_lacks(self) -> None:
        body = {"message": "needs Marketing Hub Enterprise", "category": "FORBIDDEN"}
        error = judged(hubspot(), answer(403, body), scopes=("the.calls.own",)).error
        assert isinstance(error, PermissionDenied)
        assert error.missing == ()
        assert error.message == "needs Marketing Hub Enterprise"

    @pytest.mark.parametrize(
        ("body", "quota", "error", "wait"),
        [
            ({"policyName": "TEN_SECONDLY_ROLLING"}, Quota.CALLS, RateLimited, 10),
            ({"policyName": "SECONDLY"}, Quota.SEARCH, RateLimited, 1),
            ({"policyName": "SECONDLY"}, Quota.CALLS, RateLimited, 1),
            ({}, Quota.SEARCH, RateLimited, 1),
            ({"category": "RATE_LIMITS"}, Quota.CALLS, RateLimited, 10),
            ({"policyName": "DAILY"}, Quota.CALLS, QuotaExhausted, None),
            ({"message": "You have reached your daily limit."}, Quota.CALLS, QuotaExhausted, None),
            (
                {"policyName": "TEN_SECONDLY_ROLLING", "message": "not the daily limit"},
                Quota.CALLS,
                RateLimited,
                10,
            ),
        ],
    )
    def test_429_by_policy(self, body: dict, quota: Quota, error: type, wait: float | None) -> None:
        classification = judged(hubspot(), answer(429, body), quota=quota)
        assert (type(classification.error), classification.wait) == (error, wait)
        assert classification.action is (SLOW if error is RateLimited else FAIL)

    @pytest.mark.parametrize(
        ("text", "wait"),
        [("7", 7), ("0", 10), ("", 10), ("Wed, 21 Oct 2026 07:28:00 GMT", 10), ("²", 10), ("9" * 40, 86_400)],
    )
    def test_retry_after_of_a_429_is_kept_where_it_is_a_number(self, text: str, wait: float) -> None:
        assert judged(hubspot(), answer(429, {}, {"Retry-After": text})).wait == wait

    @pytest.mark.parametrize(("text", "wait"), [("7200", 7200), ("", 60), ("9" * 40, 86_400)])
    def test_477_says_when_to_come_back(self, text: str, wait: float) -> None:
        classification = judged(hubspot(), answer(477, {}, {"Retry-After": text}))
        assert isinstance(classification.error, ServerUnavailable)
        assert classification.wait == wait
        assert classification.error.retry_at is not None
        assert abs((classification.error.retry_at - datetime.now(UTC)).total_seconds() - wait) < 60

    WRONG_DATA_CENTRE = MappingProxyType(
        {
            "status": "error",
            "message": "Hub 4242424 is unknown to this Hublet, but it appears to exist in Hublet eu1",
            "correlationId": "aeb5f871",
            "correctHublet": "eu1",
        }
    )

    @pytest.mark.parametrize(
        ("body", "headers", "host"),
        [
            (WRONG_DATA_CENTRE, {}, "to https://api-eu1.hubapi.com,"),
            ({**WRONG_DATA_CENTRE, "correctHublet": "na1"}, {}, "to https://api.hubapi.com,"),
            ({"message": "moved"}, {"x-hubspot-correct-hublet": "ap1"}, "to https://api-ap1.hubapi.com,"),
            ({"correctHublet": "evil.example/"}, {}, "must name the API of that data centre"),
            ({}, {}, "must name the API of that data centre"),
        ],
    )
    def test_488_says_which_host_the_connection_needs(self, body: dict, headers: dict, host: str) -> None:
        classification = judged(hubspot(), answer(488, dict(body), headers))
        error = classification.error
        assert (type(error), classification.action) == (RequestRefused, FAIL)
        assert (error.permanent, error.about_request) == (True, True)
        assert host in error.message
        assert "evil" not in error.message
        with pytest.raises(RequestRefused, match=host):
            hubspot_oauth().read_token(answer(488, dict(body), headers))

    def test_530_points_at_the_token_at_once(self) -> None:
        html = b"<html><title>error 1016 | Origin DNS error</title></html>"
        classification = judged(hubspot(), answer(530, html))
        assert (type(classification.error), classification.action) == (AuthenticationError, FAIL)
        assert "Password" in classification.error.message
        # An access token that was fetched is replaced once before the credentials count as wrong.
        assert judged(hubspot_oauth(), answer(530, html)).action is REFRESH

    def test_423_waits_two_seconds(self) -> None:
        assert judged(hubspot(), answer(423)).wait == 2

    @pytest.mark.parametrize(
        ("limit", "window", "rate"),
        [
            ("190", "10000", Rate(190, 10.0)),
            ("100", "1000", Rate(100, 1.0)),
            ("0", "10000", None),
            ("190", "0", None),
            ("", "", None),
            ("many", "10000", None),
            ("²", "10000", None),
            ("-5", "10000", None),
        ],
    )
    def test_the_rate_is_observed_where_the_headers_state_one(self, limit, window, rate) -> None:
        headers = {"X-HubSpot-RateLimit-Max": limit, "X-HubSpot-RateLimit-Interval-Milliseconds": window}
        assert hubspot().observed_rate(a_call(), answer(200, {}, headers)) == rate
        assert hubspot().observed_rate(a_call(quota=Quota.SEARCH), answer(200, {}, headers)) is None

    @pytest.mark.parametrize(
        ("profile", "family", "url"),
        [
            ("v3", "campaigns", "/marketing/v3/campaigns"),
            ("v3", "emails", "/marketing/v3/emails"),
            ("v3", "contacts", "/crm/v3/objects/contacts"),
            ("v3", "account", "/account-info/v3"),
            ("2026-03", "campaigns", "/marketing/campaigns/2026-03"),
            ("2026-03", "emails", "/marketing/emails/2026-03"),
            ("2026-03", "contacts", "/crm/objects/2026-03/contacts"),
            ("2026-03", "account", "/account-info/2026-03"),
            ("2026-09", "campaigns", "/marketing/campaigns/2026-09"),
            ("2026-09", "emails", "/marketing/emails/2026-09"),
            ("2026-09", "contacts", "/crm/objects/2026-09/contacts"),
            ("2026-09", "account", "/account-info/2026-09"),
            ("2026-09", "single_send", "/marketing/email-campaigns/2026-03/single-send"),
            ("2026-09", "sequences", "/automation/sequences/2026-03"),
            ("2026-09", "send_statuses", "/marketing/v3/email/send-statuses"),
            ("2026-09", "flows", "/automation/v4"),
            ("2026-09", "workflows", "/automation/v2/workflows"),
        ],
    )
    def test_the_profile_gives_the_prefix(self, profile: str, family: str, url: str) -> None:
        request = hubspot(api_version=profile).build(a_call(route=Route("GET", family, "/1")), PAT)
        assert request.url == f"https://api.hubapi.com{url}/1"
        assert request.headers == {"Authorization": f"Bearer {PAT}"}
        assert request.query == ()

    @pytest.mark.parametrize(
        ("profile", "url"),
        [
            ("v3", "https://api.hubapi.com/oauth/v3/token"),
            ("2026-03", "https://api.hubapi.com/oauth/2026-03/token"),
            ("2026-09", "https://api.hubapi.com/oauth/2026-09/token"),
        ],
    )
    def test_the_token_is_requested_at_the_path_of_the_profile(self, profile: str, url: str) -> None:
        request = hubspot_oauth(api_version=profile).token_request()
        assert request is not None
        assert (request.method, request.url, request.query) == ("POST", url, ())

    def test_legacy_calls_need_to_be_allowed_and_carry_the_token_in_the_query_only(self) -> None:
        call = legacy.enrol_in_nurture("c-1", "0" * 32)
        with pytest.raises(InvalidInput) as refusal:
            hubspot().build(call, PAT)
        assert refusal.value.field == "legacy_calls"
        request = hubspot(legacy_calls=True).build(call, PAT)
        assert request.url == "https://api.hubapi.com/nurture/v1/campaign/c-1/add"
        assert (request.query, request.headers) == ((("access_token", PAT),), {})


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLACES = """
    message category policyName correlationId success requestId access_token expires_in error
    error_description status result
"""
ERRORS = st.dictionaries(st.sampled_from(["message", "code", "context"]), JSON_VALUES)
ERROR_BODIES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(PLACES.split(), JSON_VALUES),
        "errors": JSON_VALUES | st.lists(ERRORS, max_size=3),
    },
)


@given(
    status=st.sampled_from([200, 201, 204, 207, 400, 401, 403, 404, 409, 423, 429, 477, 500, 503, 521, 524]),
    body=ERROR_BODIES,
    retry_after=st.text(max_size=5),
)
def test_no_response_makes_the_classification_fail(status: int, body: dict, retry_after: str) -> None:
    response = answer(status, body, {"Retry-After": retry_after})
    for platform in (marketo(), hubspot(), hubspot_oauth()):
        classification = platform.classify(a_call(), response)
        assert isinstance(classification, Success | Failure)
        if isinstance(classification, Failure):
            assert str(classification.error)


@given(status=st.sampled_from([200, 400, 401, 404, 429, 500]), body=ERROR_BODIES)
def test_no_answer_of_a_token_server_raises_anything_but_our_errors(status: int, body: dict) -> None:
    for platform in (marketo(), hubspot_oauth()):
        try:
            token, life = platform.read_token(answer(status, body))
        except (AuthenticationError, ServerUnavailable):
            continue
        assert token
        assert 0 <= life < float("inf")


@pytest.mark.parametrize("platform", [marketo(), hubspot()], ids=["marketo", "hubspot"])
def test_a_failure_below_http_names_platform_and_call(platform: HubSpot) -> None:
    error = platform.without_answer(a_call(), NoAnswer("no answer (ReadTimeout)", sent=True))
    assert str(error) == f"{platform.name} things.do: no answer (ReadTimeout)"


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        ("https://api.hubapi.com", "https://api.hsforms.com"),
        ("https://api-eu1.hubapi.com", "https://api-eu1.hsforms.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://hubspot.proxy.example.com", "https://hubspot.proxy.example.com"),
        ("https://api.hubapi.com.example.com", "https://api.hubapi.com.example.com"),
    ],
)
def test_a_form_is_submitted_at_the_host_for_forms_of_the_data_centre(base_url: str, host: str) -> None:
    platform = hubspot(base_url=base_url)
    submit = form_submissions.submit(4, "form", {"email": "ada@example.com"})
    assert platform.build(submit, "token").url == f"{host}/submissions/v3/integration/secure/submit/4/form"
    read = platform.build(form_submissions.list("form"), "token").url
    assert read == f"{base_url}/form-integrations/v1/submissions/forms/form"
