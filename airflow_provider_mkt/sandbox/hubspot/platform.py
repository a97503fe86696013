"""HubSpot as a platform of the sandbox: credentials, scopes, limits, headers and error answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow_provider_mkt.sandbox.errors import (
    ApiError,
    LimitExceeded,
    MalformedBody,
    UnknownRoute,
    WrongMethod,
)
from airflow_provider_mkt.sandbox.hubspot import account, legacy, oauth, object_schemas, seed
from airflow_provider_mkt.sandbox.hubspot.auth import Token
from airflow_provider_mkt.sandbox.hubspot.automation.handlers import HANDLERS as AUTOMATION
from airflow_provider_mkt.sandbox.hubspot.campaigns import assets, budget, reports
from airflow_provider_mkt.sandbox.hubspot.campaigns import batch as campaign_batch
from airflow_provider_mkt.sandbox.hubspot.campaigns import single as campaign_single
from airflow_provider_mkt.sandbox.hubspot.contacts import batch as contact_batch
from airflow_provider_mkt.sandbox.hubspot.contacts import merging as contact_merging
from airflow_provider_mkt.sandbox.hubspot.contacts import search
from airflow_provider_mkt.sandbox.hubspot.contacts import single as contact_single
from airflow_provider_mkt.sandbox.hubspot.emails import (
    drafts,
    listing,
    publishing,
    revisions,
    statistics,
    testing,
)
from airflow_provider_mkt.sandbox.hubspot.emails import single as email_single
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
from airflow_provider_mkt.sandbox.hubspot.events import attendance, participations
from airflow_provider_mkt.sandbox.hubspot.events import batch as event_batch
from airflow_provider_mkt.sandbox.hubspot.events import lists as event_lists
from airflow_provider_mkt.sandbox.hubspot.events import objects as event_objects
from airflow_provider_mkt.sandbox.hubspot.events import settings as event_settings
from airflow_provider_mkt.sandbox.hubspot.events import single as event_single
from airflow_provider_mkt.sandbox.hubspot.families import DATED, PREFIXES
from airflow_provider_mkt.sandbox.hubspot.imports import endpoints as imports
from airflow_provider_mkt.sandbox.hubspot.lists.handlers import HANDLERS as LISTS
from airflow_provider_mkt.sandbox.hubspot.properties.handlers import HANDLERS as PROPERTIES
from airflow_provider_mkt.sandbox.hubspot.sends.handlers import HANDLERS as SENDS
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.hubspot.subscriptions.handlers import HANDLERS as SUBSCRIPTIONS
from airflow_provider_mkt.sandbox.hubspot.world import HubSpotRequest, HubSpotWorld
from airflow_provider_mkt.sandbox.limits import DAILY, SECONDLY, DailyQuota, Limits, Window
from airflow_provider_mkt.sandbox.platform import Platform
from airflow_provider_mkt.sandbox.reply import Reply
from airflow_provider_mkt.sandbox.routing import Route

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox.clock import Clock
    from airflow_provider_mkt.sandbox.request import Incoming

_LONGEST_URI = 8192
_NEWER = re.compile("/2026-09(?![^/])")
_CONTACTS = re.compile(r"^(/crm/v3/objects/|/crm/objects/2026-03/)(?:contact|0-1)(?![^/])", re.IGNORECASE)
_PROFESSIONAL = frozenset({"campaigns", "transactional"})
_HANDLERS = (
    account,
    oauth,
    object_schemas,
    contact_single,
    contact_batch,
    contact_merging,
    search,
    campaign_single,
    campaign_batch,
    assets,
    budget,
    reports,
    listing,
    email_single,
    drafts,
    publishing,
    revisions,
    statistics,
    testing,
    event_single,
    event_batch,
    event_objects,
    attendance,
    participations,
    event_lists,
    event_settings,
    imports,
    *AUTOMATION,
    legacy,
    *SENDS,
    *SUBSCRIPTIONS,
    *LISTS,
    *PROPERTIES,
)


class HubSpot(Platform[HubSpotWorld, Token]):
    """One HubSpot account with a private app and an OAuth app installed; settings take products away."""

    name = "hubspot"
    title = "HubSpot sandbox"
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

    def make_world(self) -> HubSpotWorld:
        return HubSpotWorld(self.clock, self.seed, limits=self.limits, settings=self.settings)

    @classmethod
    def make_routes(cls) -> Iterable[Route[HubSpotWorld, Token]]:
        return [route for module in _HANDLERS for route in module.routes.mount(PREFIXES)]

    def rewrite(self, incoming: Incoming) -> Incoming:
        """Let contacts be named as any object type may: in the singular, and by the type's id.

        And take the newer dated paths for the older: which calls differ between the two is not known yet.
        """
        path = _NEWER.sub("/" + DATED, incoming.raw_path)
        incoming.raw_path = _CONTACTS.sub(r"\1contacts", path)
        return incoming

    def inspect(self, request: HubSpotRequest) -> None:
        # The documents name no length for 414; 8 KB is what many gateways stop at.
        if request.target_length > _LONGEST_URI:
            raise too_long()
        # What imports have written by now must show in every answer.
        request.world.imports.settle()

    def authenticate(self, request: HubSpotRequest) -> Token:
        credentials = request.world.credentials
        if request.route.options.get("query_token"):
            return credentials.token(request.query.get("access_token") or "")
        return credentials.bearer(request.headers.get("authorization"))

    def authorize(self, request: HubSpotRequest) -> None:
        scopes = request.route.scopes
        if scopes and not request.token.scopes.intersection(scopes):
            raise missing_scopes(scopes)
        # A few calls want a second scope beside the first.
        also: tuple[str, ...] = request.route.options.get("also", ())
        if also and not request.token.scopes.intersection(also):
            raise missing_scopes(also)
        if request.route.family in _PROFESSIONAL and not self.settings.marketing_professional:
            raise forbidden("This account does not have Marketing Hub Professional")

    def limit_key(self, request: HubSpotRequest) -> str:
        token = request.token_or_none
        return "" if token is None else token.app

    def decorate(self, request: HubSpotRequest, reply: Reply) -> None:
        token, limits = request.token_or_none, self.limits
        if token is None or not request.route.options.get("rate_headers", True):
            return
        most = limits.rate.limit_for(token.app)
        if most is not None:
            used = limits.rate.used(token.app, self.clock.time())
            reply.headers |= {
                "X-HubSpot-RateLimit-Max": str(most),
                "X-HubSpot-RateLimit-Remaining": str(max(0, most - used)),
                "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(limits.rate.seconds * 1000)),
            }
        if limits.daily.limit is not None and not token.is_oauth:
            left = max(0, limits.daily.limit - limits.daily.used)
            reply.headers |= {
                "X-HubSpot-RateLimit-Daily": str(limits.daily.limit),
                "X-HubSpot-RateLimit-Daily-Remaining": str(left),
            }

    def named_error(self, name: str) -> Reply | None:
        return named(name)

    def render(self, error: ApiError, request: HubSpotRequest | None) -> Reply:
        if isinstance(error, HubSpotError | OAuthError):
            return error.reply()
        if isinstance(error, LimitExceeded):
            # HubSpot documents no concurrency limit; should one be set, it speaks as the window does.
            policy = {DAILY: "DAILY", SECONDLY: "SECONDLY"}.get(error.refusal.gate, "TEN_SECONDLY_ROLLING")
            return rate_limited(policy)
        if isinstance(error, MalformedBody):
            where = f"line {error.line}, column {error.column}"
            return invalid(f"Invalid input JSON on {where}: {error.message}").reply()
        if isinstance(error, UnknownRoute):
            return not_found(f"No endpoint at {error.path}").reply()
        if isinstance(error, WrongMethod):
            reply = HubSpotError(405, "METHOD_NOT_ALLOWED", f"{error.method} is not allowed here").reply()
            reply.headers["Allow"] = ", ".join(error.allowed)
            return reply
        return gateway(500)


def create(clock: Clock, *, seed: int, latency: float) -> HubSpot:
    """The HubSpot platform, seeded."""
    return HubSpot(clock, seed=seed, latency=latency)
