"""Base of an emulated platform: its state, its knobs, and the hooks that make it that platform."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from airflow_provider_mkt.sandbox.server.areas import Areas
from airflow_provider_mkt.sandbox.server.call_log import CallLog
from airflow_provider_mkt.sandbox.server.faults import Faults
from airflow_provider_mkt.sandbox.server.requests import StateT, TokenT
from airflow_provider_mkt.sandbox.server.routing import Router
from airflow_provider_mkt.sandbox.server.state import Table

if TYPE_CHECKING:
    from pydantic import BaseModel
    from starlette.responses import Response

    from airflow_provider_mkt.sandbox.server.clock import Clock
    from airflow_provider_mkt.sandbox.server.errors import ApiError
    from airflow_provider_mkt.sandbox.server.limits import Limits
    from airflow_provider_mkt.sandbox.server.requests import Request


class Platform(ABC, Generic[StateT, TokenT]):
    """One emulated platform. `limits`, `faults`, `latency` may be changed while it runs."""

    name: ClassVar[str]
    title: ClassVar[str]
    areas: ClassVar[Areas[Any, Any]]
    settings: BaseModel | None = None
    """Knobs of this platform alone, if it has any; a subclass narrows the type."""

    def __init__(self, clock: Clock, *, seed: int = 1, latency: float = 0.0) -> None:
        self.clock = clock
        self.seed = seed
        self.latency = latency
        self.url = ""
        self.calls = CallLog(clock)
        self.limits = self.make_limits()
        self.faults = Faults(clock, lambda name: self.named_error(name) is not None)
        self.state: StateT = self._new_state()
        self.router = self._router()

    def reset(self) -> None:
        """Back to the seed; settings of limits, latency and clock stay."""
        self.faults.clear()
        self.calls.clear()
        self.limits.reset()
        self.state = self._new_state()

    @abstractmethod
    def make_state(self) -> StateT:
        """Return an empty state."""

    def _new_state(self) -> StateT:
        state = self.make_state()
        self.areas.fill(state)
        # Old names, until the tests have the new ones.
        state.snapshot = self.snapshot
        state.sections = self.tables
        state.settle = state.run_due_work
        return state

    @property
    def world(self) -> StateT:
        return self.state

    @abstractmethod
    def make_limits(self) -> Limits:
        """The documented limits."""

    @classmethod
    def _router(cls) -> Router:
        # The same for every instance of a platform, and half of the time that one takes to start.
        if cls not in _routers:
            _routers[cls] = Router(endpoint for routes in cls.areas.routes for endpoint in routes)
        return _routers[cls]

    @abstractmethod
    def authenticate(self, request: Request[StateT, TokenT]) -> TokenT:
        """Whose call this is; raises the platform's `ApiError`."""

    @abstractmethod
    def render(self, error: ApiError) -> Response:
        """An error in the platform's own shape; has to know the core's errors too."""

    @abstractmethod
    def named_error(self, name: str) -> Response | None:
        """The answer of a documented error, for faults; None if there is no such error."""

    def is_free(self, error: str) -> bool:
        """Whether a call that ended with this documented error counts against no quota."""
        return False

    def rewrite(self, request: Request[StateT, TokenT]) -> None:
        """Change a request before it is routed."""

    def inspect(self, request: Request[StateT, TokenT]) -> None:
        """Refuse a call before anything else looks at it, for its size say."""

    def authorize(self, request: Request[StateT, TokenT]) -> None:
        """Refuse a call that the token may not make; runs after the limits have counted it."""

    def limit_key(self, request: Request[StateT, TokenT]) -> str:
        """Whose rate window counts this call."""
        return ""

    def decorate(self, request: Request[StateT, TokenT], response: Response) -> None:
        """Add what every answer carries, rate headers say."""

    def snapshot(self) -> dict[str, Any]:
        """Return the state as JSON, without secrets."""
        self.state.run_due_work()
        return self.areas.snapshot(self.state)

    def tables(self) -> list[Table]:
        """Return the tables of the page."""
        self.state.run_due_work()
        return self.areas.tables_of(self.state)


_routers: dict[type, Router] = {}
