"""Marketo Engage as a platform of the sandbox: credentials, permissions, limits and errors."""

from __future__ import annotations

import re

from starlette.datastructures import QueryParams
from starlette.responses import PlainTextResponse, Response

from airflow_provider_mkt.sandbox.marketo import error_codes, people, user_interface
from airflow_provider_mkt.sandbox.marketo.account.api_users import API_USERS
from airflow_provider_mkt.sandbox.marketo.account.credential_store import ApiUser, CredentialStore
from airflow_provider_mkt.sandbox.marketo.account.usage_store import CENTRAL
from airflow_provider_mkt.sandbox.marketo.emails import outbox
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, MarketoHTTPError
from airflow_provider_mkt.sandbox.marketo.people import MarketoPersonChange
from airflow_provider_mkt.sandbox.marketo.responses import MarketoRequest, failure, with_raw_controls
from airflow_provider_mkt.sandbox.marketo.settings import MarketoSettings
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.user_interface import AssetChange
from airflow_provider_mkt.sandbox.server.areas import find_areas
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.errors import (
    ApiError,
    Crash,
    LimitExceeded,
    MalformedBody,
    MethodNotAllowed,
    UnknownPath,
)
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.limits import (
    CONCURRENCY,
    DAILY,
    RATE,
    Concurrency,
    DailyQuota,
    Limits,
    Window,
)
from airflow_provider_mkt.sandbox.server.outbox import OutboxRow
from airflow_provider_mkt.sandbox.server.platform import Platform
from airflow_provider_mkt.sandbox.server.requests import FORM, MULTIPART, merge_params, parse_form
from airflow_provider_mkt.sandbox.server.responses import JSONResponse, compress, replace_body

LONGEST_URI, LONGEST_ASSET_URI = 8_192, 65_536
_DOUBLED = re.compile("//+")
LARGEST_BODY, LARGEST_UPLOAD = 1_000_000, 10_000_000


class Marketo(Platform[MarketoState, ApiUser]):
    """One Marketo Engage instance."""

    name = "marketo"
    title = "Marketo Engage"
    areas = find_areas("airflow_provider_mkt.sandbox.marketo")
    settings: MarketoSettings
    person_change = MarketoPersonChange
    asset_change = AssetChange

    def __init__(self, clock: Clock, *, seed: int = 1, latency: float = 0.0) -> None:
        # A reset does not change API users and tokens.
        self.settings = MarketoSettings()
        self.accounts = CredentialStore(list(API_USERS), self.settings)
        super().__init__(clock, seed=seed, latency=latency)

    def make_state(self) -> MarketoState:
        return MarketoState(self.clock, self.seed, self.accounts)

    def snapshot(self) -> JsonObject:
        return {**super().snapshot(), "due": self.state.schedule.pending()}

    @property
    def outbox(self) -> list[OutboxRow]:
        self.state.run_due_work()
        return outbox.rows(self.state)

    def change_person(self, change: MarketoPersonChange) -> JsonObject:
        self.state.run_due_work()
        return people.apply_change(self.state, change)

    def change_asset(self, change: AssetChange) -> JsonObject:
        self.state.run_due_work()
        return user_interface.apply_change(self.state, change)

    def make_limits(self) -> Limits:
        return Limits(
            self.clock,
            rate=Window(100, 20.0),
            daily=DailyQuota(50_000, CENTRAL.key),
            concurrency=Concurrency(10),
        )

    def is_free(self, error: str) -> bool:
        return error in error_codes.FREE

    def rewrite(self, request: MarketoRequest) -> None:
        """Apply `_method`, which turns a POST into a DELETE, or into a GET whose form is the query.

        The asset API does not have this.
        """
        scope = request.scope
        # Double slashes are deprecated and still served; clients whose base URL ends in a slash send them.
        path = scope["path"] = _DOUBLED.sub("/", request.path)
        if request.method != "POST" or not path.startswith("/rest/v1/"):
            return
        is_form = request.content_type == FORM
        form = QueryParams(parse_form(request.content) if is_form else [])
        # Not `query_params`, which Starlette caches.
        query = QueryParams(scope["query_string"])
        # The guide wants the override in the URL; clients in use send it in the form, and are served.
        override = (query.get("_method") or form.get("_method") or "").upper()
        if override in ("GET", "DELETE"):
            scope["method"] = override
            scope["query_string"] = str(merge_params(query, form)).encode()
            if is_form:
                request.content = b""

    def inspect(self, request: MarketoRequest) -> None:
        in_assets = request.path.startswith("/rest/asset/")
        if request.target_length > (LONGEST_ASSET_URI if in_assets else LONGEST_URI):
            raise MarketoHTTPError(414, error_codes.HTTP["414"])
        upload = request.content_type == MULTIPART
        if len(request.content) > (LARGEST_UPLOAD if upload else LARGEST_BODY):
            raise MarketoHTTPError(413, error_codes.HTTP["413"])

    def authenticate(self, request: MarketoRequest) -> ApiUser:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            token = (request.query_params.get("access_token") or "") if self.settings.query_tokens else ""
        if not token:
            # The code for a missing token is not documented since 600 was removed.
            message = "Access denied: send the token in an 'Authorization: Bearer' header"
            if "access_token" in request.query_params:
                message += " (POST /_sandbox/settings with query_tokens, and the query will do)"
            raise MarketoError(603, message)
        return self.accounts.user_of(token.strip(), self.clock.time())

    def authorize(self, request: MarketoRequest) -> None:
        user = request.token_or_none
        if user is None:
            return
        request.state.usage.called(user.email, self.clock.now())
        scopes = request.endpoint.scopes
        if scopes and not user.permissions.intersection(scopes):
            raise MarketoError(603, f"Access denied: user '{user.email}' needs permission '{scopes[0]}'")

    def decorate(self, request: MarketoRequest, response: Response) -> None:
        if self.settings.raw_control_characters and isinstance(response, JSONResponse):
            replace_body(response, with_raw_controls(bytes(response.body)))
        # Bulk responses are never compressed.
        if request.path.startswith("/rest/") and request.accepts_encoding("gzip"):
            compress(response)

    def render(self, error: ApiError) -> Response:
        if isinstance(error, MarketoHTTPError):
            return PlainTextResponse(error.message, error.status)
        error = _to_marketo_error(error)
        self.state.usage.failed(error.code, self.clock.now())
        return failure(self.clock, error.code, error.message)

    def named_error(self, name: str) -> Response | None:
        if name in error_codes.HTTP:
            return PlainTextResponse(error_codes.HTTP[name], int(name))
        text = error_codes.TEXTS.get(name)
        return None if text is None else failure(self.clock, name, text)


def _to_marketo_error(error: ApiError) -> MarketoError:
    match error:
        case MarketoError():
            return error
        case UnknownPath():
            return MarketoError(610, f"Requested resource not found: {error.path}")
        case MethodNotAllowed():
            return MarketoError(605, f"HTTP Method '{error.method}' not supported")
        case MalformedBody():
            multipart = error.message.startswith("multipart")
            return MarketoError(
                613 if multipart else 609, "Invalid Multipart Request" if multipart else "Invalid JSON"
            )
        case LimitExceeded():
            return _limit_error(error)
        case Crash():
            return MarketoError(611, error_codes.TEXTS["611"])
        case _:
            return MarketoError(611, error_codes.TEXTS["611"])


def _limit_error(error: LimitExceeded) -> MarketoError:
    refusal = error.refusal
    if refusal.gate == RATE:
        return MarketoError(
            606, f"Max rate limit '{refusal.limit}' exceeded with in '{refusal.seconds:g}' secs"
        )
    codes = {DAILY: error_codes.DAILY, CONCURRENCY: error_codes.CONCURRENCY}
    code = codes.get(refusal.gate, error_codes.RATE)
    return MarketoError(code, error_codes.TEXTS[code])
