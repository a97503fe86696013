"""Endpoints by decorator, and the tree that finds the one a path means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic
from urllib.parse import unquote

from airflow_provider_mkt.sandbox.server.errors import UnknownRoute, WrongMethod
from airflow_provider_mkt.sandbox.server.limits import CONCURRENCY, DAILY, RATE
from airflow_provider_mkt.sandbox.server.requests import Request, StateT, TokenT
from airflow_provider_mkt.sandbox.server.responses import Reply

Handler = Callable[[Request[StateT, TokenT]], Awaitable[Reply]]
USUAL_GATES = (CONCURRENCY, DAILY, RATE)


@dataclass(frozen=True, slots=True)
class Route(Generic[StateT, TokenT]):
    """One endpoint: `scopes` = any one of them is enough, `gates` = the limits that count it."""

    method: str
    template: str
    handler: Handler[StateT, TokenT]
    scopes: tuple[str, ...] = ()
    auth: bool = True
    gates: tuple[str, ...] = USUAL_GATES
    options: Mapping[str, Any] = field(default_factory=dict)


class Routes(Generic[StateT, TokenT]):
    """Endpoints under the same path prefixes: those of one family at each version of the API."""

    def __init__(self, *prefixes: str, **options: Any) -> None:
        self._prefixes = prefixes
        self._options = options
        self._entries: list[Route[StateT, TokenT]] = []

    def handle(
        self,
        method: str,
        tail: str,
        *,
        scopes: Sequence[str] = (),
        auth: bool = True,
        gates: Sequence[str] = USUAL_GATES,
        **options: Any,
    ) -> Callable[[Handler[StateT, TokenT]], Handler[StateT, TokenT]]:
        """Register the decorated function for one endpoint; `{name}` in the tail becomes `request.path`."""

        def register(handler: Handler[StateT, TokenT]) -> Handler[StateT, TokenT]:
            route = Route(method, tail, handler, tuple(scopes), auth, tuple(gates), self._options | options)
            self._entries.append(route)
            return handler

        return register

    def mount(self) -> list[Route[StateT, TokenT]]:
        """Return the routes at every prefix."""
        return [
            Route(
                entry.method,
                prefix + entry.template,
                entry.handler,
                entry.scopes,
                entry.auth,
                entry.gates,
                entry.options,
            )
            for entry in self._entries
            for prefix in self._prefixes
        ]


def tidy(raw_path: str) -> str:
    """A path as a gateway hands it on: dot segments resolved, and one slash at its start.

    A client whose base URL ends in a slash, or in ``/rest`` where it needs the folder beside it, sends such.
    """
    kept: list[str] = []
    for part in raw_path.lstrip("/").split("/"):
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    return "/" + "/".join(kept)


class _Node(Generic[StateT, TokenT]):
    __slots__ = ("fixed", "methods", "open")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node[StateT, TokenT]] = {}
        self.open: dict[tuple[str, str], _Node[StateT, TokenT]] = {}
        self.methods: dict[str, tuple[Route[StateT, TokenT], list[str]]] = {}


class RouteTree(Generic[StateT, TokenT]):
    """Finds a route by the segments of a path that is still percent-encoded."""

    def __init__(self, routes: Iterable[Route[StateT, TokenT]]) -> None:
        self._root: _Node[StateT, TokenT] = _Node()
        for route in routes:
            self._add(route)

    def find(self, method: str, raw_path: str) -> tuple[Route[StateT, TokenT], dict[str, str]]:
        """The route and its path parameters, each decoded once; raises `UnknownRoute` or `WrongMethod`."""
        # Decoding comes after the split: an id may hold an encoded slash.
        segments = [unquote(part) for part in raw_path.rstrip("/").split("/")[1:]]
        verbs: set[str] = set()
        for node, values in self._walk(self._root, segments, 0):
            found = node.methods.get(method)
            if found is not None:
                return found[0], dict(zip(found[1], values, strict=True))
            verbs.update(node.methods)
        if verbs:
            raise WrongMethod(method, verbs)
        raise UnknownRoute(unquote(raw_path))

    def _walk(
        self, node: _Node[StateT, TokenT], segments: list[str], at: int
    ) -> Iterable[tuple[_Node[StateT, TokenT], list[str]]]:
        if at == len(segments):
            if node.methods:
                yield node, []
            return
        segment = segments[at]
        if segment in node.fixed:
            yield from self._walk(node.fixed[segment], segments, at + 1)
        for (before, after), child in node.open.items():
            value = segment[len(before) : len(segment) - len(after)]
            if value and segment.startswith(before) and segment.endswith(after):
                for found, values in self._walk(child, segments, at + 1):
                    yield found, [value, *values]

    def _add(self, route: Route[StateT, TokenT]) -> None:
        node = self._root
        names: list[str] = []
        for part in route.template.split("/")[1:]:
            before, brace, rest = part.partition("{")
            if brace:
                name, _, after = rest.partition("}")
                names.append(name)
                child = node.open.setdefault((before, after), _Node())
                # The longest suffix is tried first, so that "{id}.json" wins over "{id}".
                node.open = dict(sorted(node.open.items(), key=lambda item: -len(item[0][1])))
                node = child
            else:
                node = node.fixed.setdefault(part, _Node())
        if route.method in node.methods:
            msg = f"two handlers for {route.method} {route.template}"
            raise ValueError(msg)
        node.methods[route.method] = (route, names)
