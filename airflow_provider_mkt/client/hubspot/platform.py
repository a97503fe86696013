"""A HubSpot account: its settings, requests to it, and the classification of its responses."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from airflow_provider_mkt.client.call import RAW_FAMILY, Call, Envelope, FormBody, Quota
from airflow_provider_mkt.client.errors import (
    AuthenticationError,
    Conflict,
    ErrorDetails,
    InvalidInput,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
    ServerUnavailable,
)
from airflow_provider_mkt.client.hubspot.problems import problems_of, text_of
from airflow_provider_mkt.client.hubspot.versions import DEFAULT_PROFILE, FORM_FAMILIES, PREFIXES, Profile
from airflow_provider_mkt.client.transport.exchange import without_secrets
from airflow_provider_mkt.client.transport.platform import (
    Classification,
    Failure,
    FoundAccount,
    NoAnswer,
    Platform,
    Rate,
    Request,
    Response,
    RetryAction,
    Secret,
    Success,
    common_failure,
    errors_of,
    token_of,
)

DEFAULT_HOST = "https://api.hubapi.com"

WINDOW = 10.0
INITIAL_CALLS_PER_WINDOW = 100
"""Calls per window until a response states the limit: the limit of the smallest product."""
SEARCHES = Rate(5, 1.0)

URL_MAX = 8_000
"""Characters of a URL. HubSpot does not document its limit; its gateway refuses about 8 KB with 414."""

_NOT_REACHED = {521, 523, 525, 526}
"""Gateway statuses which mean that the request never reached HubSpot's servers."""

_MALFORMED_TOKEN = 530
"""What HubSpot's gateway answers to a token that has not the form of one, before it reaches HubSpot."""

_WRONG_DATA_CENTRE = 488

_DATA_CENTRE = re.compile(r"[a-z]{2}\d{1,3}")
_API_HOST = re.compile(rf"api(-{_DATA_CENTRE.pattern})?\.hubapi\.com")

_TOKEN_RETRYABLE = {423, 429, 477}
"""Statuses of the token call that say nothing about the credentials."""

_QUOTA_RETRY_INTERVAL = timedelta(hours=1)


class HubSpotAccount(BaseModel):
    """Settings of one HubSpot account.

    :param base_url: URL of the API.
    :param access_token: service key, token of an existing private app, or static project-app token.
    :param client_id: client id of an OAuth app; with ``client_secret`` and ``refresh_token``, instead of
        ``access_token``.
    :param api_version: version profile: ``2026-09`` or ``2026-03`` (dated paths), or ``v3`` (v3 and v4
        paths).
    :param calls_per_10_seconds: maximum number of calls per 10 seconds; the account's full limit, as its
        responses state it, when not given.
    :param max_concurrency: maximum number of concurrent calls. HubSpot has no limit; one call every 53 ms
        that takes 5 s needs 95.
    :param daily_reserve: API calls per day to leave for other software; long-running work pauses before it
        uses them and resumes after the quota reset.
    :param legacy_calls: allow the two calls of the discontinued Leads and Nurturing APIs, which send the
        access token in the URL.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str = DEFAULT_HOST
    access_token: Secret | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    api_version: Profile = DEFAULT_PROFILE
    calls_per_10_seconds: int | None = Field(default=None, ge=1, le=10_000)
    max_concurrency: int = Field(default=100, ge=1, le=500)
    daily_reserve: int = Field(default=100, ge=0)
    legacy_calls: bool = False

    @model_validator(mode="after")
    def _one_kind_of_credentials(self) -> HubSpotAccount:
        oauth = (self.client_id, self.client_secret, self.refresh_token)
        if self.access_token is not None:
            if self.refresh_token is not None:
                msg = "give either an access token or an OAuth client with a refresh token, not both"
                raise ValueError(msg)
        elif not all(oauth):
            msg = (
                "no credentials: put a service key or another access token into Password, or the OAuth "
                "client id into Login, its secret into Password and the refresh token into 'refresh_token'"
            )
            raise ValueError(msg)
        return self


class HubSpot(Platform):
    """One HubSpot account.

    :param account: settings of the account.
    """

    name = "hubspot"

    def __init__(self, account: HubSpotAccount) -> None:
        self.account = account
        secret = account.access_token or account.refresh_token
        digest = hashlib.sha256((secret.get_secret_value() if secret else "").encode()).hexdigest()[:16]
        self.credentials_key = f"hubspot {account.client_id or 'token'} {digest}"
        # The limit is per app, and a token, or an OAuth client with its grant, stands for one app.
        self.account_key = f"hubspot {account.base_url} {self.credentials_key}"
        share = account.calls_per_10_seconds
        calls = Rate(INITIAL_CALLS_PER_WINDOW, WINDOW, assumed=True) if share is None else Rate(share, WINDOW)
        self.account_quotas = frozenset({Quota.SEARCH})
        self.rates = {Quota.CALLS: calls, Quota.SEARCH: SEARCHES}
        self.max_concurrency = account.max_concurrency
        self.daily_reserve = account.daily_reserve
        self._prefixes = PREFIXES[account.api_version]

    def find_account(self) -> Call[FoundAccount]:
        from airflow_provider_mkt.client.hubspot.account import account_info

        site = self.account.base_url.lower()
        # Account ids are unique at HubSpot, whichever of its hosts is called; elsewhere they need not be.
        at_hubspot = (urlsplit(site).hostname or "").endswith((".hubapi.com", ".hubspot.com"))

        def found(details: Any) -> FoundAccount:
            name = f"hubspot {details['portalId']}"
            host = str(details.get("uiDomain") or "")
            return FoundAccount(name if at_hubspot else f"{name} {site}", host)

        return replace(account_info.details(), read=found)  # type: ignore[arg-type,return-value]

    def token_request(self) -> Request | None:
        account = self.account
        if account.refresh_token is None or account.client_secret is None:
            return None
        return Request(
            "POST",
            f"{account.base_url}{self._prefixes['oauth']}/token",
            body=FormBody(
                (
                    ("grant_type", "refresh_token"),
                    ("client_id", account.client_id or ""),
                    ("client_secret", account.client_secret.get_secret_value()),
                    ("refresh_token", account.refresh_token.get_secret_value()),
                )
            ),
        )

    def static_token(self) -> str:
        token = self.account.access_token
        return token.get_secret_value() if token else ""

    def read_token(self, answer: Response | NoAnswer) -> tuple[str, float]:
        if isinstance(answer, NoAnswer):
            raise ServerUnavailable(answer.reason, platform=self.name, call="oauth.token")
        answer = without_secrets(answer, *self._secrets())
        body = _body(answer)
        if answer.status == 200 and (token := token_of(body)):
            return token
        failure = _independent_failure(answer, body, "oauth.token")
        if failure is not None:
            raise failure.error
        if 400 <= answer.status < 500 and answer.status not in _TOKEN_RETRYABLE:
            raise AuthenticationError(
                f"the refresh token or the client was refused: {text_of(body)}",
                platform=self.name,
                call="oauth.token",
                code=str(body.get("status") or body.get("error") or ""),
                status=answer.status,
                request_id=_request_id(body),
            )
        raise ServerUnavailable(
            "the response contains no token", platform=self.name, call="oauth.token", status=answer.status
        )

    def _secrets(self) -> list[str]:
        secrets = (self.account.client_secret, self.account.refresh_token)
        return [secret.get_secret_value() for secret in secrets if secret is not None]

    def build(self, call: Call[Any], token: str) -> Request:
        call = call.shapes.get(self.account.api_version, call)
        route = call.route
        prefix = "" if route.family == RAW_FAMILY else self._prefixes[route.family]
        url = self._host(route.family) + prefix + (route.path() if route.params else route.tail)
        if call.as_client:
            return Request(route.method, url, call.query, {}, self._with_client(call), call.timeout)
        if call.token_in_query:
            if not self.account.legacy_calls:
                raise InvalidInput(
                    "legacy_calls",
                    "this call belongs to an API that HubSpot discontinued and carries the access token in "
                    "its URL; set 'legacy_calls' to true in the connection's extra to allow it. Contacts, "
                    "workflows and sequences replace it",
                    call=call.name,
                )
            query = (*call.query, ("access_token", token))
            return Request(route.method, url, query, {}, call.body, call.timeout)
        _check_length(url, call)
        headers = {**dict(call.headers), "Authorization": f"Bearer {token}"}
        return Request(route.method, url, call.query, headers, call.body, call.timeout)

    def _host(self, family: str) -> str:
        """Return the host of a family. Each data centre has one for forms beside that for the API."""
        base_url = self.account.base_url
        host = (urlsplit(base_url).hostname or "").lower()
        if family in FORM_FAMILIES and _API_HOST.fullmatch(host):
            return f"https://{host.removesuffix('.hubapi.com')}.hsforms.com"
        return base_url

    def _with_client(self, call: Call[Any]) -> FormBody:
        account = self.account
        if not account.client_id or account.client_secret is None:
            raise InvalidInput(
                "client_id", "is missing: this call needs a connection of an OAuth client", call=call.name
            )
        pairs = call.body.pairs if isinstance(call.body, FormBody) else ()
        secret = account.client_secret.get_secret_value()
        return FormBody((*pairs, ("client_id", account.client_id), ("client_secret", secret)))

    def observed_rate(self, call: Call[Any], response: Response) -> Rate | None:
        limit = response.headers.get("X-HubSpot-RateLimit-Max", "")
        window = response.headers.get("X-HubSpot-RateLimit-Interval-Milliseconds", "")
        if call.quota is not Quota.CALLS or not limit.isdecimal() or not window.isdecimal():
            return None
        if not int(limit) or not int(window):
            return None
        seconds = int(window) / 1000
        share = self.account.calls_per_10_seconds
        # The rest of the limit is left for other software.
        calls = int(limit) if share is None else min(int(limit), max(1, int(share * seconds / WINDOW)))
        return Rate(calls, seconds)

    def observed_day(self, response: Response) -> tuple[int, int] | None:
        # HubSpot states it to apps of one account, and not to OAuth apps.
        limit = response.headers.get("X-HubSpot-RateLimit-Daily", "")
        left = response.headers.get("X-HubSpot-RateLimit-Daily-Remaining", "")
        return (int(left), int(limit)) if limit.isdecimal() and left.isdecimal() else None

    def classify(self, call: Call[Any], response: Response) -> Classification:
        if 200 <= response.status < 300:
            try:
                if call.any_json:
                    return Success({"value": response.value()})
                return Success(response.file() if call.file else response.envelope(bare_list=call.bare_list))
            except ValueError:
                return self._ambiguous(call, response, {}, "the response is not JSON")
        body = _body(response)
        failure = _independent_failure(response, body, call.name)
        if failure is not None:
            return failure
        match response.status:
            case 401:
                return self._unauthorized(call, response, body)
            case 403:
                # Other categories of 403 mean a missing product, not missing scopes.
                about_scopes = body.get("category") in (None, "", "MISSING_SCOPES")
                missing = _missing_scopes(body) or (call.scopes if about_scopes else ())
                error = PermissionDenied(
                    text_of(body) or "not allowed", missing=missing, **_error_details(call, response, body)
                )
                return Failure(error, RetryAction.FAIL)
            case 404:
                if text_of(body):
                    return self._failed(NotFound, call, response, body)
                details = _error_details(call, response, body)
                details["about_request"] = True
                no_path = "this path does not exist; HubSpot may have retired it"
                return Failure(NotFound(no_path, **details), RetryAction.FAIL)
            case 409:
                return self._failed(Conflict, call, response, body)
            case 429:
                return self._over_limit(call, response, body)
            case 423:
                return self._retry_later(call, response, body, 2.0)
            case 477:
                return self._account_moving(call, response, body)
            case status if status == _MALFORMED_TOKEN:
                return self._unauthorized(call, response, body)
            case status if status in _NOT_REACHED:
                return self._retry_later(call, response, body, None)
            case status if status >= 500:
                return self._ambiguous(call, response, body, "the server failed")
        return self._failed(InvalidRequest, call, response, body)

    def _unauthorized(self, call: Call[Any], response: Response, body: Envelope) -> Failure:
        default = (
            "HubSpot's gateway does not take the token, which looks malformed: check that Password of the "
            "connection holds the whole token and nothing else"
            if response.status == _MALFORMED_TOKEN
            else "the token was refused"
        )
        error = AuthenticationError(text_of(body) or default, **_error_details(call, response, body))
        renewable = self.account.refresh_token is not None
        return Failure(error, RetryAction.REFRESH_TOKEN if renewable else RetryAction.FAIL)

    def _over_limit(self, call: Call[Any], response: Response, body: Envelope) -> Failure:
        message = text_of(body)
        policy = str(body.get("policyName") or "").upper()
        if policy == "DAILY" or (not policy and "daily" in message.lower()):
            # The quota resets at midnight in the account's time zone, which the response does not contain.
            error = QuotaExhausted(
                message or "the daily API calls are used up",
                resets_at=datetime.now(UTC) + _QUOTA_RETRY_INTERVAL,
                estimated=True,
                **_error_details(call, response, body),
            )
            return Failure(error, RetryAction.FAIL)
        window = 1.0 if policy == "SECONDLY" or call.quota is Quota.SEARCH else WINDOW
        return Failure(
            RateLimited(message or "over the rate limit", **_error_details(call, response, body)),
            RetryAction.BACK_OFF,
            wait=response.retry_after() or window,
        )

    def _account_moving(self, call: Call[Any], response: Response, body: Envelope) -> Failure:
        wait = response.retry_after() or 60.0
        error = ServerUnavailable(
            text_of(body) or "the account is being moved",
            retry_at=datetime.now(UTC) + timedelta(seconds=wait),
            **_error_details(call, response, body),
        )
        return Failure(error, RetryAction.RETRY, wait=wait)

    def _retry_later(
        self, call: Call[Any], response: Response, body: Envelope, wait: float | None
    ) -> Failure:
        error = ServerUnavailable(text_of(body) or "not now", **_error_details(call, response, body))
        return Failure(error, RetryAction.RETRY, wait=wait)

    def _ambiguous(self, call: Call[Any], response: Response, body: Envelope, why: str) -> Failure:
        error = ServerUnavailable(text_of(body) or why, **_error_details(call, response, body))
        return Failure(error, RetryAction.AMBIGUOUS)

    def _failed(
        self,
        kind: type[InvalidRequest],
        call: Call[Any],
        response: Response,
        body: Envelope,
    ) -> Failure:
        error = kind(
            text_of(body) or "refused",
            problems=problems_of(body),
            **_error_details(call, response, body),
        )
        return Failure(error, RetryAction.FAIL)


def _check_length(url: str, call: Call[Any]) -> None:
    """Check that a URL is short enough for HubSpot's gateway.

    :raises InvalidInput: naming the longest query parameter.
    """
    size = len(url) + 1 + len(urlencode(call.query))
    if size > URL_MAX:
        longest, _ = max(call.query, key=lambda pair: len(pair[1]), default=("path", ""))
        instead = (
            "; ask for fewer in each call, or use contacts.batch_read, which takes them in its body"
            if longest.startswith("properties")
            else ""
        )
        raise InvalidInput(
            longest, f"make a URL of {size:,} characters; at most {URL_MAX:,}{instead}", call=call.name
        )


def _body(response: Response) -> Envelope:
    try:
        return response.envelope()
    except ValueError:
        return {}


def _request_id(body: Envelope) -> str:
    return str(body.get("correlationId") or body.get("requestId") or "")


def _independent_failure(response: Response, body: Envelope, call: str) -> Failure | None:
    """Classify a status that has nothing to do with what was called; None for other statuses."""
    details = _details(call, response, body)
    if response.status == _WRONG_DATA_CENTRE:
        return Failure(RequestRefused(_other_data_centre(response, body), **details), RetryAction.FAIL)
    return common_failure(response, text_of(body), details)


def _other_data_centre(response: Response, body: Envelope) -> str:
    """The text of a 488: HubSpot's own, and the host of the account's data centre.

    ``api.hubapi.com`` routes by the token, and a token from before this routing leads to North America.
    """
    said = text_of(body) or "the account's data is in another data centre"
    named = (
        str(body.get("correctHublet") or response.header("X-HubSpot-Correct-Hublet") or "").strip().lower()
    )
    if not _DATA_CENTRE.fullmatch(named):
        return f"{said}; Host of the connection must name the API of that data centre"
    host = "api.hubapi.com" if named == "na1" else f"api-{named}.hubapi.com"
    return (
        f"{said}. The account is in the data centre {named}: set Host of the connection to https://{host}, "
        "or make a new token"
    )


def _error_details(call: Call[Any], response: Response, body: Envelope) -> ErrorDetails:
    return _details(call.name, response, body)


def _details(call: str, response: Response, body: Envelope) -> ErrorDetails:
    return {
        "platform": HubSpot.name,
        "call": call,
        "code": str(body.get("category") or body.get("errorType") or body.get("status") or ""),
        "status": response.status,
        "request_id": _request_id(body),
    }


def _missing_scopes(body: Envelope) -> tuple[str, ...]:
    scopes: list[str] = []
    for error in errors_of(body):
        context = error.get("context")
        for key, values in context.items() if isinstance(context, dict) else ():
            if "scope" in key.lower() and isinstance(values, list):
                scopes.extend(str(value) for value in values)
    return tuple(dict.fromkeys(scopes))
