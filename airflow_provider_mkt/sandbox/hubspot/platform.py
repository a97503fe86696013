"""HubSpot as a platform of the sandbox: credentials, scopes, limits, headers and errors."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.account.credential_store import Token
from airflow_provider_mkt.sandbox.hubspot.emails.outbox import Outbox
from airflow_provider_mkt.sandbox.hubspot.errors import (
    HubSpotError,
    OAuthError,
    forbidden,
    gateway,
    invalid,
    missing_scopes,
    named,
    not_found,
    rate_limited,
    too_long,
)
from airflow_provider_mkt.sandbox.hubspot.people import HubSpotPersonChange, apply_change
from airflow_provider_mkt.sandbox.hubspot.settings import PROFESSIONAL, HubSpotSettings
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotState
from airflow_provider_mkt.sandbox.server.areas import find_areas
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.errors import (
    ApiError,
    LimitExceeded,
    MalformedBody,
    MethodNotAllowed,
    UnknownPath,
)
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.limits import DAILY, SECONDLY, DailyQuota, Limits, Window
from airflow_provider_mkt.sandbox.server.outbox import OutboxRow
from airflow_provider_mkt.sandbox.server.platform import Platform

_LONGEST_URI = 8192
_CONTACTS = re.compile(r"^(/crm/(?:v3/objects|objects/2026-0[39])/)(?:contact|0-1)(?![^/])", re.IGNORECASE)


class HubSpot(Platform[HubSpotState, Token]):
    """One HubSpot account with a private app and an OAuth app. Settings switch its products off."""

    name = "hubspot"
    title = "HubSpot sandbox"
    areas = find_areas("airflow_provider_mkt.sandbox.hubspot")
    person_change = HubSpotPersonChange
    settings: HubSpotSettings

    def __init__(self, clock: Clock, *, seed: int = 1, latency: float = 0.0) -> None:
        self.settings = HubSpotSettings()
        super().__init__(clock, seed=seed, latency=latency)

    def make_limits(self) -> Limits:
        return Limits(
            self.clock,
            rate=Window(190, 10.0, per_key={f"oauth-{seed.OAUTH_APP_ID}": 110}),
            secondly=Window(5, 1.0),
            daily=DailyQuota(625_000, seed.TIME_ZONE),
        )

    def make_state(self) -> HubSpotState:
        return HubSpotState(self.clock, self.seed, limits=self.limits, settings=self.settings)

    @property
    def outbox(self) -> Sequence[OutboxRow]:
        """Everything that was mailed or dropped so far: marketing emails by send, then single sends."""
        self.state.run_due_work()
        return Outbox(self.state)

    def change_person(self, change: HubSpotPersonChange) -> JsonObject:
        self.state.run_due_work()
        return apply_change(self.state, change)

    def rewrite(self, request: HubSpotRequest) -> None:
        """Accept the other names of contacts, which are their singular and the id of their type."""
        request.scope["path"] = _CONTACTS.sub(r"\1contacts", request.path)

    def inspect(self, request: HubSpotRequest) -> None:
        # The maximum length is not documented; 8 KB is common for gateways.
        if request.target_length > _LONGEST_URI:
            raise too_long()

    def authenticate(self, request: HubSpotRequest) -> Token:
        credentials = request.state.credentials
        if request.endpoint.options.get("query_token"):
            token = credentials.token(request.query_params.get("access_token") or "")
        else:
            token = credentials.bearer(request.headers.get("authorization"))
        return token.without(self.settings.withheld_scopes)

    def authorize(self, request: HubSpotRequest) -> None:
        scopes = request.endpoint.scopes
        if (scopes_of := request.endpoint.options.get("scopes_of")) is not None:
            # Those of the object types in the path.
            scopes = scopes_of(request)
        if scopes and not request.token.scopes.intersection(scopes):
            raise missing_scopes(scopes)
        # A few endpoints need a second scope.
        also: tuple[str, ...] = request.endpoint.options.get("also", ())
        if also and not request.token.scopes.intersection(also):
            raise missing_scopes(also)
        if (
            request.endpoint.options.get("product") == PROFESSIONAL
            and not self.settings.marketing_professional
        ):
            raise forbidden(f"This account does not have {PROFESSIONAL}")

    def limit_key(self, request: HubSpotRequest) -> str:
        token = request.token_or_none
        return "" if token is None else token.app

    def decorate(self, request: HubSpotRequest, response: Response) -> None:
        token, limits = request.token_or_none, self.limits
        if token is None or not request.endpoint.options.get("rate_headers", True):
            return
        headers = response.headers
        maximum = limits.rate.limit_for(token.app)
        if maximum is not None:
            used = limits.rate.used(token.app, self.clock.time())
            headers.append("X-HubSpot-RateLimit-Max", str(maximum))
            headers.append("X-HubSpot-RateLimit-Remaining", str(max(0, maximum - used)))
            milliseconds = str(int(limits.rate.seconds * 1000))
            headers.append("X-HubSpot-RateLimit-Interval-Milliseconds", milliseconds)
        if limits.daily.limit is not None and not token.is_oauth:
            left = max(0, limits.daily.limit - limits.daily.used)
            headers.append("X-HubSpot-RateLimit-Daily", str(limits.daily.limit))
            headers.append("X-HubSpot-RateLimit-Daily-Remaining", str(left))

    def named_error(self, name: str) -> Response | None:
        return named(name)

    def render(self, error: ApiError) -> Response:
        if isinstance(error, HubSpotError | OAuthError):
            return error.response()
        if isinstance(error, LimitExceeded):
            # HubSpot documents no concurrency limit; if one is set, its error is that of the rate window.
            policy = {DAILY: "DAILY", SECONDLY: "SECONDLY"}.get(error.refusal.gate, "TEN_SECONDLY_ROLLING")
            return rate_limited(policy)
        if isinstance(error, MalformedBody):
            where = f"line {error.line}, column {error.column}"
            return invalid(f"Invalid input JSON on {where}: {error.message}").response()
        if isinstance(error, UnknownPath):
            return not_found(f"No endpoint at {error.path}").response()
        if isinstance(error, MethodNotAllowed):
            response = HubSpotError(
                405, "METHOD_NOT_ALLOWED", f"{error.method} is not allowed here"
            ).response()
            response.headers["Allow"] = ", ".join(error.allowed)
            return response
        return gateway(500)
