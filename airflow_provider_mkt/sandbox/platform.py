"""Base of an emulated platform: its state, its knobs, and the hooks that make it that platform."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from airflow_provider_mkt.sandbox.calls import CallLog
from airflow_provider_mkt.sandbox.faults import Faults
from airflow_provider_mkt.sandbox.request import TokenT, WorldT
from airflow_provider_mkt.sandbox.routing import RouteTree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

    from airflow_provider_mkt.sandbox.clock import Clock
    from airflow_provider_mkt.sandbox.errors import ApiError
    from airflow_provider_mkt.sandbox.limits import Limits
    from airflow_provider_mkt.sandbox.reply import Reply
    from airflow_provider_mkt.sandbox.request import Incoming, Request
    from airflow_provider_mkt.sandbox.routing import Route


class Platform(ABC, Generic[WorldT, TokenT]):
    """One emulated platform. `limits`, `faults`, `latency` may be changed while it runs."""

    name: ClassVar[str]
    title: ClassVar[str]
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
        self.world: WorldT = self.make_world()
        self.tree = self._tree()

    def reset(self) -> None:
        """Back to the seed; settings of limits, latency and clock stay."""
        self.faults.clear()
        self.calls.clear()
        self.limits.reset()
        self.world = self.make_world()

    @abstractmethod
    def make_world(self) -> WorldT:
        """A freshly seeded state."""

    @abstractmethod
    def make_limits(self) -> Limits:
        """The documented limits."""

    @classmethod
    def _tree(cls) -> RouteTree[WorldT, TokenT]:
        # Half the time that a platform takes to start, and the same for all of its kind.
        if cls not in _trees:
            _trees[cls] = RouteTree(cls.make_routes())
        return _trees[cls]

    @classmethod
    @abstractmethod
    def make_routes(cls) -> Iterable[Route[WorldT, TokenT]]:
        """Every endpoint, at every prefix it is mounted at."""

    @abstractmethod
    def authenticate(self, request: Request[WorldT, TokenT]) -> TokenT:
        """Whose call this is; raises the platform's `ApiError`."""

    @abstractmethod
    def render(self, error: ApiError, request: Request[WorldT, TokenT] | None) -> Reply:
        """An error in the platform's own shape; has to know the core's errors too."""

    @abstractmethod
    def named_error(self, name: str) -> Reply | None:
        """The answer of a documented error, for faults; None if there is no such error."""

    def is_free(self, error: str) -> bool:
        """Whether a call that ended with this documented error counts against no quota."""
        return False

    def rewrite(self, incoming: Incoming) -> Incoming:
        """Change a call before it is routed."""
        return incoming

    def inspect(self, request: Request[WorldT, TokenT]) -> None:
        """Refuse a call before anything else looks at it, for its size say."""

    def authorize(self, request: Request[WorldT, TokenT]) -> None:
        """Refuse a call that the token may not make; runs after the limits have counted it."""

    def limit_key(self, request: Request[WorldT, TokenT]) -> str:
        """Whose rate window counts this call."""
        return ""

    def decorate(self, request: Request[WorldT, TokenT], reply: Reply) -> None:
        """Add what every answer carries, rate headers say."""

    def snapshot(self) -> dict[str, Any]:
        """State of the world with its name and time."""
        return {"platform": self.name, "now": self.clock.now().isoformat(), **self.world.snapshot()}


_trees: dict[type, RouteTree[Any, Any]] = {}
