"""A Marketo Engage instance: its settings, requests to it, and the classification of its responses."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from airflow_provider_mkt.client.call import RAW_FAMILY, Call, Envelope, FormBody, Quota
from airflow_provider_mkt.client.errors import (
    AuthenticationError,
    Conflict,
    ErrorDetails,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    PlatformError,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
    ServerUnavailable,
)
from airflow_provider_mkt.client.transport.exchange import without_secrets
from airflow_provider_mkt.client.transport.platform import (
    Classification,
    Failure,
    NoAnswer,
    Platform,
    Rate,
    Request,
    Response,
    RetryAction,
    Secret,
    Success,
    base_url,
    common_failure,
    errors_of,
    token_of,
)

WINDOW = 20.0
QUERY_MAX = 7_500
"""Bytes of query above which a read is sent as a form; Marketo's own limit is 8 KB for the whole URI."""

PREFIXES = {
    "lead": "/rest/v1",
    "asset": "/rest/asset/v1",
    "asset v2": "/rest/asset/v2",
    "bulk": "/bulk/v1",
}

_MUNCHKIN_ID = re.compile(r"\d{3}-\w{3}-\d{3}")


@dataclass(frozen=True)
class _Rule:
    """How to handle a response-level error code.

    :param wait: minimum wait in seconds; None uses the retry policy's back-off.
    :param at_most: maximum number of retries.
    :param about_request: whether no record in the request is the cause; None for what the error is about.
    """

    error: type[PlatformError]
    action: RetryAction
    wait: float | None = None
    at_most: int | None = None
    about_request: bool | None = None


_RULES: dict[str, _Rule] = {
    "500": _Rule(ServerUnavailable, RetryAction.AMBIGUOUS),
    "502": _Rule(ServerUnavailable, RetryAction.AMBIGUOUS),
    "600": _Rule(AuthenticationError, RetryAction.REFRESH_TOKEN),
    "601": _Rule(AuthenticationError, RetryAction.REFRESH_TOKEN),
    "602": _Rule(AuthenticationError, RetryAction.REFRESH_TOKEN),
    "603": _Rule(PermissionDenied, RetryAction.FAIL),
    "604": _Rule(ServerUnavailable, RetryAction.AMBIGUOUS),
    "605": _Rule(RequestRefused, RetryAction.FAIL),
    "606": _Rule(RateLimited, RetryAction.BACK_OFF, wait=WINDOW),
    "608": _Rule(ServerUnavailable, RetryAction.RETRY),
    "610": _Rule(NotFound, RetryAction.FAIL, about_request=True),
    "611": _Rule(ServerUnavailable, RetryAction.AMBIGUOUS, at_most=2),
    "612": _Rule(RequestRefused, RetryAction.FAIL),
    "613": _Rule(InvalidRequest, RetryAction.FAIL, about_request=True),
    "614": _Rule(ServerUnavailable, RetryAction.RETRY),
    "615": _Rule(RateLimited, RetryAction.REDUCE_CONCURRENCY, wait=1.0),
    "616": _Rule(RequestRefused, RetryAction.FAIL),
    "702": _Rule(NotFound, RetryAction.FAIL),
    "713": _Rule(ServerUnavailable, RetryAction.AMBIGUOUS),
    "719": _Rule(ServerUnavailable, RetryAction.AMBIGUOUS),
    "1004": _Rule(NotFound, RetryAction.FAIL),
    "1005": _Rule(Conflict, RetryAction.FAIL),
    "1013": _Rule(NotFound, RetryAction.FAIL),
    "1014": _Rule(ServerUnavailable, RetryAction.RETRY, at_most=2),
    "1016": _Rule(RateLimited, RetryAction.RETRY, wait=30.0),
    "1017": _Rule(Conflict, RetryAction.FAIL),
    "1019": _Rule(RateLimited, RetryAction.RETRY, wait=30.0),
}
_UNKNOWN_6XX = _Rule(ServerUnavailable, RetryAction.AMBIGUOUS, at_most=2)
_PERMANENT = _Rule(InvalidRequest, RetryAction.FAIL)
_PERMANENT_6XX = {"607", "609"}


class MarketoAccount(BaseModel):
    """Settings of one Marketo instance.

    :param base_url: URL of the instance, without ``/rest``.
    :param client_id: client id of the custom service (LaunchPoint).
    :param client_secret: client secret of the custom service.
    :param calls_per_20_seconds: number of calls per 20 seconds to use. Adobe advises 50 for one integration;
        an instance has 100 unless the contract allows more.
    :param max_concurrency: number of concurrent calls to use. Adobe advises 5 for one integration; an
        instance has 10 unless the contract allows more.
    :param daily_quota: API calls per day according to the contract; no endpoint returns it.
    :param daily_reserve: API calls per day to leave for other software; long-running work pauses before it
        uses them and resumes after the quota reset.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str
    client_id: str = Field(min_length=1)
    client_secret: Secret = Field(min_length=1)
    calls_per_20_seconds: int = Field(default=50, ge=1, le=100_000)
    max_concurrency: int = Field(default=5, ge=1, le=500)
    daily_quota: int = Field(default=50_000, ge=1)
    daily_reserve: int = Field(default=100, ge=0)

    @property
    def instance_name(self) -> str:
        """The munchkin id; the host and port of an instance whose address does not begin with it."""
        parts = urlsplit(self.base_url)
        munchkin_id, _, rest = (parts.hostname or "").partition(".")
        return munchkin_id.upper() if rest.startswith("mktorest") else parts.netloc


class Marketo(Platform):
    """One Marketo instance.

    :param account: settings of the account.
    """

    name = "marketo"

    def __init__(self, account: MarketoAccount) -> None:
        self.account = account
        digest = hashlib.sha256(account.client_secret.get_secret_value().encode()).hexdigest()[:16]
        self.credentials_key = f"marketo {account.base_url} {account.client_id} {digest}"
        # The limits are per instance, not per user.
        self.account_key = f"marketo {account.base_url.lower()}"
        self.rates = {Quota.CALLS: Rate(account.calls_per_20_seconds, WINDOW)}
        self.max_concurrency = self.max_in_flight = account.max_concurrency
        self.daily_reserve = account.daily_reserve

    def token_request(self) -> Request | None:
        return Request(
            "POST",
            f"{self.account.base_url}/identity/oauth/token",
            # The credentials go into the body, since URLs are logged.
            body=FormBody(
                (
                    ("grant_type", "client_credentials"),
                    ("client_id", self.account.client_id),
                    ("client_secret", self.account.client_secret.get_secret_value()),
                )
            ),
        )

    def read_token(self, answer: Response | NoAnswer) -> tuple[str, float]:
        if isinstance(answer, NoAnswer):
            raise ServerUnavailable(answer.reason, platform=self.name, call="identity.token")
        body = _body(without_secrets(answer, self.account.client_secret.get_secret_value()))
        if answer.status == 200 and (token := token_of(body)):
            return token
        if answer.status in (400, 401, 403):
            raise AuthenticationError(
                f"client id and secret were refused: {body.get('error_description') or 'no reason given'}",
                platform=self.name,
                call="identity.token",
                code=str(body.get("error") or ""),
                status=answer.status,
            )
        details: ErrorDetails = {"platform": self.name, "call": "identity.token", "status": answer.status}
        failure = common_failure(answer, _text(body), details)
        raise failure.error if failure else ServerUnavailable("the response contains no token", **details)

    def build(self, call: Call[Any], token: str) -> Request:
        route = call.route
        prefix = "" if route.family == RAW_FAMILY else PREFIXES[route.family]
        url = self.account.base_url + prefix + (route.path() if route.params else route.tail)
        headers = {**dict(call.headers), "Authorization": f"Bearer {token}"}
        if route.family == "lead" and route.method == "GET" and len(urlencode(call.query)) > QUERY_MAX:
            # The paging token counts too, so this is decided per request. The asset API accepts 64 KiB, and
            # no form.
            override = (("_method", "GET"),)
            return Request("POST", url, override, headers, FormBody(call.query), call.timeout)
        return Request(route.method, url, call.query, headers, call.body, call.timeout)

    def classify(self, call: Call[Any], response: Response) -> Classification:
        if not 200 <= response.status < 300:
            return self._classify_status(call, response)
        if call.file and not _is_error_envelope(response):
            return Success(response.file())
        try:
            if call.any_json and not _is_error_envelope(response):
                return Success({"value": response.value()})
            envelope = response.envelope()
        except ValueError:
            error = ServerUnavailable("the response is not JSON", **_error_details(call, response, {}, ""))
            return Failure(error, RetryAction.AMBIGUOUS)
        if envelope.get("success") is True and not call.file:
            return Success({"value": envelope} if call.any_json else envelope)
        if not _code(envelope):
            error = ServerUnavailable(
                "the response has neither success nor an error code",
                **_error_details(call, response, envelope, ""),
            )
            return Failure(error, RetryAction.AMBIGUOUS)
        return self._classify_code(call, response, envelope)

    def _classify_status(self, call: Call[Any], response: Response) -> Failure:
        body = _body(response)
        details = _error_details(call, response, body, "")
        failure = common_failure(response, _text(body), details)
        if failure is not None:
            return failure
        match response.status:
            case 401:
                return Failure(
                    AuthenticationError("the token was refused", **details), RetryAction.REFRESH_TOKEN
                )
            case 403:
                error = PermissionDenied("not allowed", missing=call.scopes, **details)
                return Failure(error, RetryAction.FAIL)
            case 404 if call.file:
                no_file = "no file: its job is unknown, not finished or too old"
                return Failure(NotFound(no_file, **details), RetryAction.FAIL)
            case 404:
                details["about_request"] = True
                return Failure(NotFound("this path does not exist", **details), RetryAction.FAIL)
            case 413:
                return Failure(
                    InvalidRequest("the body is over Marketo's limit", **details), RetryAction.FAIL
                )
            case 414:
                return Failure(InvalidRequest("the URL is over Marketo's limit", **details), RetryAction.FAIL)
            case 429:
                return Failure(
                    RateLimited("over the rate limit", **details), RetryAction.BACK_OFF, wait=WINDOW
                )
            case status if status >= 500:
                return Failure(ServerUnavailable("the server failed", **details), RetryAction.AMBIGUOUS)
        return Failure(InvalidRequest("refused", **details), RetryAction.FAIL)

    def _classify_code(self, call: Call[Any], response: Response, envelope: Envelope) -> Failure:
        code, message = _code(envelope), str(errors_of(envelope)[0].get("message") or "no reason given")
        details = _error_details(call, response, envelope, code)
        if code == "607" or code == "1020":
            error = QuotaExhausted(message, resets_at=next_quota_reset(datetime.now(UTC)), **details)
            return Failure(error, RetryAction.FAIL)
        if code == "1029":
            return self._job_limit(message, details)
        rule = _RULES.get(code) or (
            _UNKNOWN_6XX if code.startswith("6") and code not in _PERMANENT_6XX else _PERMANENT
        )
        details["about_request"] = rule.about_request
        if rule.error is PermissionDenied:
            return Failure(PermissionDenied(message, missing=call.scopes, **details), rule.action)
        return Failure(rule.error(message, **details), rule.action, wait=rule.wait, at_most=rule.at_most)

    def _job_limit(self, message: str, details: ErrorDetails) -> Failure:
        """Classify code 1029, which has three meanings that only its message distinguishes."""
        lowered = message.lower()
        if "quota" in lowered:
            error = QuotaExhausted(message, resets_at=next_quota_reset(datetime.now(UTC)), **details)
            return Failure(error, RetryAction.FAIL)
        if "already" in lowered:
            return Failure(Conflict(message, **details), RetryAction.FAIL)
        return Failure(RateLimited(message, **details), RetryAction.RETRY, wait=60.0)


def instance_url(host: str, *, port: int | None = None, scheme: str | None = None) -> str:
    """Return the base URL of an instance, from its Munchkin id or the endpoint on the admin page.

    >>> instance_url("123-ABC-456")
    'https://123-ABC-456.mktorest.com'

    :raises InvalidInput: when *host* is neither.
    """
    text = host.strip()
    if _MUNCHKIN_ID.fullmatch(text):
        text = f"{text}.mktorest.com"
    url = base_url(text, port=port, scheme=scheme)
    # The admin page shows the URL with /rest or /identity, but bulk and identity paths are not below /rest.
    return re.sub(r"/(rest|identity)$", "", url)


def next_quota_reset(now: datetime) -> datetime:
    """Return when the daily quota resets next: 06:05 UTC, which is after midnight US Central all year.

    :param now: the current time (timezone-aware).
    """
    today = now.astimezone(UTC).replace(hour=6, minute=5, second=0, microsecond=0)
    return today if now < today else today + timedelta(days=1)


def _is_error_envelope(response: Response) -> bool:
    """Return whether the response is an envelope, which has status 200 for errors too."""
    if response.content[:64].lstrip()[:1] != b"{":
        return False
    try:
        return isinstance(response.envelope().get("success"), bool)
    except ValueError:
        return False


def _code(envelope: Envelope) -> str:
    errors = errors_of(envelope)
    return str(errors[0].get("code") or "") if errors else ""


def _text(envelope: Envelope) -> str:
    """The text of an answer that is no success: of its first error, or of a gateway."""
    errors = errors_of(envelope)
    return str((errors[0].get("message") if errors else envelope.get("message")) or "")


def _body(response: Response) -> Envelope:
    try:
        return response.envelope()
    except ValueError:
        return {}


def _error_details(call: Call[Any], response: Response, envelope: Envelope, code: str) -> ErrorDetails:
    return {
        "platform": Marketo.name,
        "call": call.name,
        "code": code,
        "status": response.status,
        "request_id": str(envelope.get("requestId") or ""),
    }
