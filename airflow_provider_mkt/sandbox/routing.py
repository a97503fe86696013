"""Endpoints by decorator, and the tree that finds the one a path means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic
from urllib.parse import unquote

from airflow_provider_mkt.sandbox.errors import UnknownRoute, WrongMethod
from airflow_provider_mkt.sandbox.limits import CONCURRENCY, DAILY, RATE
from airflow_provider_mkt.sandbox.reply import Reply
from airflow_provider_mkt.sandbox.request import Request, TokenT, WorldT

Handler = Callable[[Request[WorldT, TokenT]], Awaitable[Reply]]
USUAL_GATES = (CONCURRENCY, DAILY, RATE)


@dataclass(frozen=True, slots=True)
class Route(Generic[WorldT, TokenT]):
    """One endpoint: `scopes` = any one of them is enough, `gates` = the limits that count it."""

    method: str
    family: str
    template: str
    handler: Handler[WorldT, TokenT]
    scopes: tuple[str, ...] = ()
    auth: bool = True
    gates: tuple[str, ...] = USUAL_GATES
    options: Mapping[str, Any] = field(default_factory=dict)


class Routes(Generic[WorldT, TokenT]):
    """Collects handlers by family and tail; `mount` puts each family at all its prefixes."""

    def __init__(self) -> None:
        self._entries: list[Route[WorldT, TokenT]] = []

    def handle(
        self,
        method: str,
        family: str,
        tail: str,
        *,
        scopes: Sequence[str] = (),
        auth: bool = True,
        gates: Sequence[str] = USUAL_GATES,
        **options: Any,
    ) -> Callable[[Handler[WorldT, TokenT]], Handler[WorldT, TokenT]]:
        """Register the decorated function for one endpoint; `{name}` in the tail becomes `request.path`."""

        def register(handler: Handler[WorldT, TokenT]) -> Handler[WorldT, TokenT]:
            route = Route(method, family, tail, handler, tuple(scopes), auth, tuple(gates), options)
            self._entries.append(route)
            return handler

        return register

    def mount(self, prefixes: Mapping[str, Sequence[str]]) -> list[Route[WorldT, TokenT]]:
        """The routes at every prefix of their family."""
        return [
            Route(
                entry.method,
                entry.family,
                prefix + entry.template,
                entry.handler,
                entry.scopes,
                entry.auth,
                entry.gates,
                entry.options,
            )
            for entry in self._entries
            for prefix in prefixes[entry.family]
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


class _Node(Generic[WorldT, TokenT]):
    __slots__ = ("fixed", "methods", "open")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node[WorldT, TokenT]] = {}
        self.open: dict[tuple[str, str], _Node[WorldT, TokenT]] = {}
        self.methods: dict[str, tuple[Route[WorldT, TokenT], list[str]]] = {}


class RouteTree(Generic[WorldT, TokenT]):
    """Finds a route by the segments of a path that is still percent-encoded."""

    def __init__(self, routes: Iterable[Route[WorldT, TokenT]]) -> None:
        self._root: _Node[WorldT, TokenT] = _Node()
        for route in routes:
            self._add(route)

    def find(self, method: str, raw_path: str) -> tuple[Route[WorldT, TokenT], dict[str, str]]:
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
        self, node: _Node[WorldT, TokenT], segments: list[str], at: int
    ) -> Iterable[tuple[_Node[WorldT, TokenT], list[str]]]:
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

    def _add(self, route: Route[WorldT, TokenT]) -> None:
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
