"""Marketo Engage, emulated: what makes the core behave as that platform."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_mkt.sandbox.errors import (
    ApiError,
    Crash,
    LimitExceeded,
    MalformedBody,
    UnknownRoute,
    WrongMethod,
)
from airflow_provider_mkt.sandbox.limits import (
    CONCURRENCY,
    DAILY,
    RATE,
    Concurrency,
    DailyQuota,
    Limits,
    Window,
)
from airflow_provider_mkt.sandbox.marketo import documented_errors
from airflow_provider_mkt.sandbox.marketo import seed as planting
from airflow_provider_mkt.sandbox.marketo.accounts import ApiUser
from airflow_provider_mkt.sandbox.marketo.answers import (
    ASSET,
    BULK,
    IDENTITY,
    LEAD,
    Call,
    failure,
    with_raw_controls,
)
from airflow_provider_mkt.sandbox.marketo.problems import HttpProblem, Problem
from airflow_provider_mkt.sandbox.marketo.routes import (
    activities,
    asset_lists,
    assets,
    bulk,
    campaigns,
    companies,
    custom_activities,
    email_content,
    emails,
    extracts,
    fields,
    folders,
    identity,
    intake,
    leads,
    lists,
    members,
    memberships,
    merging,
    partitions,
    programs,
    smart_campaigns,
    smart_lists,
    tags,
    usage,
)
from airflow_provider_mkt.sandbox.marketo.settings import Settings
from airflow_provider_mkt.sandbox.marketo.world.instance import Instance
from airflow_provider_mkt.sandbox.marketo.world.usage import CENTRAL
from airflow_provider_mkt.sandbox.platform import Platform
from airflow_provider_mkt.sandbox.reply import Reply
from airflow_provider_mkt.sandbox.request import Query
from airflow_provider_mkt.sandbox.routing import Route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_mkt.sandbox.clock import Clock
    from airflow_provider_mkt.sandbox.request import Incoming

PREFIXES = {LEAD: ["/rest/v1"], ASSET: ["/rest/asset/v1"], BULK: ["/bulk/v1"], IDENTITY: ["/identity"]}
RESOURCES = (
    identity,
    leads,
    fields,
    partitions,
    intake,
    merging,
    memberships,
    lists,
    members,
    campaigns,
    companies,
    activities,
    custom_activities,
    usage,
    programs,
    tags,
    emails,
    email_content,
    smart_campaigns,
    smart_lists,
    asset_lists,
    folders,
    assets,
    bulk,
    extracts,
)

LONGEST_URI, LONGEST_ASSET_URI = 8_192, 65_536
_DOUBLED = re.compile("//+")
LARGEST_BODY, LARGEST_UPLOAD = 1_000_000, 10_000_000


class Marketo(Platform[Instance, ApiUser]):
    """One Marketo Engage instance."""

    name = "marketo"
    title = "Marketo Engage"
    settings: Settings

    def __init__(self, clock: Clock, *, seed: int = 1, latency: float = 0.0) -> None:
        # Who may sign in outlives a reset, and so do the tokens that clients hold.
        self.settings = Settings()
        self.accounts = planting.accounts(self.settings)
        super().__init__(clock, seed=seed, latency=latency)

    def make_world(self) -> Instance:
        return planting.plant(self.clock, self.seed, self.accounts)

    def make_limits(self) -> Limits:
        return Limits(
            self.clock,
            rate=Window(100, 20.0),
            daily=DailyQuota(50_000, CENTRAL.key),
            concurrency=Concurrency(10),
        )

    @classmethod
    def make_routes(cls) -> Iterable[Route[Instance, ApiUser]]:
        return [route for resource in RESOURCES for route in resource.routes.mount(PREFIXES)]

    def is_free(self, error: str) -> bool:
        return error in documented_errors.FREE

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
            raise HttpProblem(414, documented_errors.HTTP["414"])
        upload = request.content_type == "multipart/form-data"
        if len(request.body) > (LARGEST_UPLOAD if upload else LARGEST_BODY):
            raise HttpProblem(413, documented_errors.HTTP["413"])

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
        request.world.settle()
        user = request.token_or_none
        if user is None:
            return
        request.world.usage.called(user.email, self.clock.now())
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
        self.world.usage.failed(problem.code, self.clock.now())
        return failure(self.clock, problem.code, problem.message)

    def named_error(self, name: str) -> Reply | None:
        if name in documented_errors.HTTP:
            return Reply(int(name), documented_errors.HTTP[name])
        text = documented_errors.TEXTS.get(name)
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
            return Problem(611, documented_errors.TEXTS["611"])
        case _:
            return Problem(611, documented_errors.TEXTS["611"])


def _limit_problem(error: LimitExceeded) -> Problem:
    refusal = error.refusal
    if refusal.gate == RATE:
        return Problem(606, f"Max rate limit '{refusal.limit}' exceeded with in '{refusal.seconds:g}' secs")
    codes = {DAILY: documented_errors.DAILY, CONCURRENCY: documented_errors.CONCURRENCY}
    code = codes.get(refusal.gate, documented_errors.RATE)
    return Problem(code, documented_errors.TEXTS[code])


def create(clock: Clock, *, seed: int = 1, latency: float = 0.0) -> Marketo:
    """Make the platform for the server."""
    return Marketo(clock, seed=seed, latency=latency)
