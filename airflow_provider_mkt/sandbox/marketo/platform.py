"""Marketo Engage, emulated: what makes the core behave as that platform."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.sandbox.marketo import error_codes
from airflow_provider_mkt.sandbox.marketo.account.api_users import API_USERS
from airflow_provider_mkt.sandbox.marketo.account.credential_store import Accounts, ApiUser
from airflow_provider_mkt.sandbox.marketo.account.usage_store import CENTRAL
from airflow_provider_mkt.sandbox.marketo.errors import HttpProblem, Problem
from airflow_provider_mkt.sandbox.marketo.responses import Call, failure, with_raw_controls
from airflow_provider_mkt.sandbox.marketo.settings import Settings
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.server.areas import find_areas
from airflow_provider_mkt.sandbox.server.errors import (
    ApiError,
    Crash,
    LimitExceeded,
    MalformedBody,
    UnknownRoute,
    WrongMethod,
)
from airflow_provider_mkt.sandbox.server.limits import (
    CONCURRENCY,
    DAILY,
    RATE,
    Concurrency,
    DailyQuota,
    Limits,
    Window,
)
from airflow_provider_mkt.sandbox.server.platform import Platform
from airflow_provider_mkt.sandbox.server.requests import Query
from airflow_provider_mkt.sandbox.server.responses import Reply

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox.server.clock import Clock
    from airflow_provider_mkt.sandbox.server.requests import Incoming


LONGEST_URI, LONGEST_ASSET_URI = 8_192, 65_536
_DOUBLED = re.compile("//+")
LARGEST_BODY, LARGEST_UPLOAD = 1_000_000, 10_000_000


class Marketo(Platform[MarketoState, ApiUser]):
    """One Marketo Engage instance."""

    name = "marketo"
    title = "Marketo Engage"
    areas = find_areas("airflow_provider_mkt.sandbox.marketo")
    settings: Settings

    def __init__(self, clock: Clock, *, seed: int = 1, latency: float = 0.0) -> None:
        # Who may sign in outlives a reset, and so do the tokens that clients hold.
        self.settings = Settings()
        self.accounts = Accounts(list(API_USERS), self.settings)
        super().__init__(clock, seed=seed, latency=latency)

    def make_state(self) -> MarketoState:
        return MarketoState(self.clock, self.seed, self.accounts)

    def snapshot(self) -> dict[str, Any]:
        return {**super().snapshot(), "due": self.state.schedule.pending()}

    def make_limits(self) -> Limits:
        return Limits(
            self.clock,
            rate=Window(100, 20.0),
            daily=DailyQuota(50_000, CENTRAL.key),
            concurrency=Concurrency(10),
        )

    def is_free(self, error: str) -> bool:
        return error in error_codes.FREE

    def rewrite(self, incoming: Incoming) -> Incoming:
        """Let a POST be what `_method` says: a GET whose form is the query, or a DELETE.

        Assets do not know this.
        """
        # Deprecated, and served all the same; a client whose base URL ends in a slash sends them.
        incoming.raw_path = _DOUBLED.sub("/", incoming.raw_path)
        if incoming.method != "POST" or not incoming.raw_path.startswith("/rest/v1/"):
            return incoming
        is_form = incoming.content_type == "application/x-www-form-urlencoded"
        form = Query.parse(incoming.body.decode("utf-8", "replace") if is_form else "")
        # The guide wants the override in the URL; clients in use send it in the form, and are served.
        override = (incoming.query.get("_method") or form.get("_method") or "").upper()
        if override in ("GET", "DELETE"):
            incoming.method = override
            incoming.query = Query(incoming.query.pairs + form.pairs)
            if is_form:
                incoming.body = b""
        return incoming

    def inspect(self, request: Call) -> None:
        in_assets = request.raw_path.startswith("/rest/asset/")
        if request.target_length > (LONGEST_ASSET_URI if in_assets else LONGEST_URI):
            raise HttpProblem(414, error_codes.HTTP["414"])
        upload = request.content_type == "multipart/form-data"
        if len(request.body) > (LARGEST_UPLOAD if upload else LARGEST_BODY):
            raise HttpProblem(413, error_codes.HTTP["413"])

    def authenticate(self, request: Call) -> ApiUser:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            token = (request.query.get("access_token") or "") if self.settings.query_tokens else ""
        if not token:
            # The code for no token is not documented since 600 went; tokens in the query count as none.
            message = "Access denied: send the token in an 'Authorization: Bearer' header"
            if "access_token" in request.query:
                message += " (POST /_sandbox/settings with query_tokens, and the query will do)"
            raise Problem(603, message)
        return self.accounts.user_of(token.strip(), self.clock.time())

    def authorize(self, request: Call) -> None:
        request.state.run_due_work()
        user = request.token_or_none
        if user is None:
            return
        request.state.usage.called(user.email, self.clock.now())
        scopes = request.route.scopes
        if scopes and not user.permissions.intersection(scopes):
            raise Problem(603, f"Access denied: user '{user.email}' needs permission '{scopes[0]}'")

    def decorate(self, request: Call, reply: Reply) -> None:
        # Bulk answers are never compressed.
        reply.gzip = request.raw_path.startswith("/rest/") and request.accepts("gzip")
        if self.settings.raw_control_characters and isinstance(reply.body, dict):
            reply.headers.setdefault("content-type", "application/json;charset=utf-8")
            reply.body = with_raw_controls(reply.body)

    def render(self, error: ApiError, request: Call | None) -> Reply:
        if isinstance(error, HttpProblem):
            return Reply(error.status, error.message)
        problem = _as_problem(error)
        self.state.usage.failed(problem.code, self.clock.now())
        return failure(self.clock, problem.code, problem.message)

    def named_error(self, name: str) -> Reply | None:
        if name in error_codes.HTTP:
            return Reply(int(name), error_codes.HTTP[name])
        text = error_codes.TEXTS.get(name)
        return None if text is None else failure(self.clock, name, text)


def _as_problem(error: ApiError) -> Problem:
    match error:
        case Problem():
            return error
        case UnknownRoute():
            return Problem(610, f"Requested resource not found: {error.path}")
        case WrongMethod():
            return Problem(605, f"HTTP Method '{error.method}' not supported")
        case MalformedBody():
            multipart = error.message.startswith("multipart")
            return Problem(
                613 if multipart else 609, "Invalid Multipart Request" if multipart else "Invalid JSON"
            )
        case LimitExceeded():
            return _limit_problem(error)
        case Crash():
            return Problem(611, error_codes.TEXTS["611"])
        case _:
            return Problem(611, error_codes.TEXTS["611"])


def _limit_problem(error: LimitExceeded) -> Problem:
    refusal = error.refusal
    if refusal.gate == RATE:
        return Problem(606, f"Max rate limit '{refusal.limit}' exceeded with in '{refusal.seconds:g}' secs")
    codes = {DAILY: error_codes.DAILY, CONCURRENCY: error_codes.CONCURRENCY}
    code = codes.get(refusal.gate, error_codes.RATE)
    return Problem(code, error_codes.TEXTS[code])
