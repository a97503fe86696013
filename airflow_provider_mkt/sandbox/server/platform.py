"""Base class of an emulated platform."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeAlias

from pydantic import BaseModel
from starlette.responses import Response

from airflow_provider_mkt.sandbox.server.areas import AnyAreas
from airflow_provider_mkt.sandbox.server.call_log import CallLog
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.errors import ApiError
from airflow_provider_mkt.sandbox.server.faults import Faults
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.limits import Limits
from airflow_provider_mkt.sandbox.server.outbox import OutboxRow, PersonChange
from airflow_provider_mkt.sandbox.server.requests import Request, StateT, TokenT
from airflow_provider_mkt.sandbox.server.routing import Router
from airflow_provider_mkt.sandbox.server.state import Table


class Platform(ABC, Generic[StateT, TokenT]):
    """One emulated platform. `limits`, `faults`, `latency` may be changed while it runs."""

    name: ClassVar[str]
    title: ClassVar[str]
    areas: ClassVar[AnyAreas]
    settings: BaseModel | None = None
    """Settings that only this platform has; a subclass narrows the type."""
    person_change: ClassVar[type[PersonChange]] = PersonChange
    """What can be changed about a person beside the API; a subclass narrows the type."""

    asset_change: ClassVar[type[BaseModel] | None] = None
    """What only the user interface of the platform can change about an asset."""

    def __init__(self, clock: Clock, *, seed: int = 1, latency: float = 0.0) -> None:
        self.clock = clock
        self.seed = seed
        self.latency = self._initial_latency = latency
        self.url = ""
        self.calls = CallLog(clock)
        self.limits = self.make_limits()
        self.faults = Faults(clock, lambda name: self.named_error(name) is not None)
        self.state: StateT = self._new_state()
        self.router = self._router()

    def reset(self, *, limits: bool = True, clock: bool = True) -> None:
        """Replace the state by a new one. Settings do not change.

        :param limits: whether the limits are the documented ones again, and the latency that of the start.
            If not, only their counts are reset.
        :param clock: whether the clock is set to real time again. It is the clock of both platforms: reset
            both, or what the other one holds is in the future.
        """
        self.faults.clear()
        self.calls.clear()
        if clock:
            self.clock.reset()
        if limits:
            self.limits.restore(self.make_limits())
            self.latency = self._initial_latency
        else:
            self.limits.reset()
        self.state = self._new_state()

    @abstractmethod
    def make_state(self) -> StateT:
        """Return an empty state."""

    def _new_state(self) -> StateT:
        state = self.make_state()
        self.areas.fill(state)
        return state

    @abstractmethod
    def make_limits(self) -> Limits:
        """Return the documented limits."""

    @classmethod
    def _router(cls) -> Router:
        # Shared by all instances of a platform: it takes half of the start-up time.
        if cls not in _routers:
            _routers[cls] = Router(endpoint for routes in cls.areas.routes for endpoint in routes)
        return _routers[cls]

    @abstractmethod
    def authenticate(self, request: Request[StateT, TokenT]) -> TokenT:
        """Return the token of a request.

        :raises ApiError: there is no valid token.
        """

    @abstractmethod
    def render(self, error: ApiError) -> Response:
        """Return an error in the platform's own format; must handle all errors of `server.errors`."""

    @abstractmethod
    def named_error(self, name: str) -> Response | None:
        """Return the response for a documented error, or None if no such error is documented."""

    def is_free(self, error: str) -> bool:
        """Return whether a request that ends with this documented error does not count against limits."""
        return False

    def rewrite(self, request: Request[StateT, TokenT]) -> None:
        """Change a request before it is routed."""

    def inspect(self, request: Request[StateT, TokenT]) -> None:
        """Reject a request before authentication, for example because of its size."""

    def authorize(self, request: Request[StateT, TokenT]) -> None:
        """Reject a request that the token has no permission for; runs after the limits."""

    def limit_key(self, request: Request[StateT, TokenT]) -> str:
        """Return the key of the rate window that counts a request."""
        return ""

    def decorate(self, request: Request[StateT, TokenT], response: Response) -> None:
        """Add to a response what all have, for example rate limit headers."""

    def snapshot(self) -> JsonObject:
        """Return the state as JSON, without secrets."""
        self.state.run_due_work()
        return self.areas.snapshot(self.state)

    @property
    @abstractmethod
    def outbox(self) -> Sequence[OutboxRow]:
        """Everything that was mailed or dropped so far, by send and then by time."""

    def set_person(self, **change: Any) -> JsonObject:
        """Change the state of one person, as `POST /_sandbox/people` does.

        :param change: `id` or `email`, and what changes, for example `unsubscribed=True`.
        :raises LookupError: when there is no such person.
        """
        return self.change_person(self.person_change.model_validate(change))

    def set_asset(self, **change: Any) -> JsonObject:
        """Change an asset as a person does in the user interface, and as `POST /_sandbox/assets` does.

        :param change: `type` and `id` of the asset, and what changes.
        :raises LookupError: when there is no such asset.
        :raises ValueError: when it has no such property, or cannot be changed now.
        """
        if self.asset_change is None:
            msg = f"{self.name} has no assets that only its user interface can change"
            raise LookupError(msg)
        return self.change_asset(self.asset_change.model_validate(change))

    def change_asset(self, change: Any) -> JsonObject:
        """Change an asset, and return it.

        :param change: an `asset_change`.
        """
        raise NotImplementedError

    @abstractmethod
    def change_person(self, change: Any) -> JsonObject:
        """Change the state of one person, and return it.

        :param change: a `person_change`.
        :raises LookupError: when there is no such person.
        """

    def tables(self) -> list[Table]:
        """Return the tables of the page."""
        self.state.run_due_work()
        return self.areas.tables_of(self.state)

    def details(self, kind: str, number: str) -> list[Table]:
        """Return the tables of the page of one thing; none when there is no such thing."""
        self.state.run_due_work()
        show = self.areas.details.get(kind)
        return show(self.state, number) if show else []


_routers: dict[type, Router] = {}


AnyPlatform: TypeAlias = Platform[Any, Any]
"""Either platform."""
