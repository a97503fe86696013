"""Endpoints, declared by a decorator, and the router that finds the one for a path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Generic
from urllib.parse import unquote

from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from airflow_provider_mkt.sandbox.server.endpoints import PARAMETER, USUAL_GATES, Endpoint
from airflow_provider_mkt.sandbox.server.errors import MethodNotAllowed, UnknownPath
from airflow_provider_mkt.sandbox.server.requests import Request, StateT, TokenT

Handler = Callable[[Request[StateT, TokenT]], Awaitable[Response]]


class Routes(Generic[StateT, TokenT]):
    """Endpoints under the same path prefixes, one prefix for each version of the API.

    :param options: options of all these endpoints.
    """

    def __init__(self, *prefixes: str, **options: object) -> None:
        self._prefixes = prefixes
        self._options = options
        self._declared: list[Endpoint] = []

    def handle(
        self,
        method: str,
        path: str,
        *,
        scopes: Sequence[str] = (),
        auth: bool = True,
        gates: Sequence[str] = USUAL_GATES,
        **options: object,
    ) -> Callable[[Handler[StateT, TokenT]], Handler[StateT, TokenT]]:
        """Make the decorated function the handler of a path below the prefixes."""

        def register(handler: Handler[StateT, TokenT]) -> Handler[StateT, TokenT]:
            for prefix in self._prefixes:
                self._declared.append(
                    Endpoint(
                        method,
                        prefix + path,
                        handler,
                        tuple(scopes),
                        auth,
                        tuple(gates),
                        self._options | options,
                    )
                )
            return handler

        return register

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self._declared)


class Router:
    """Finds the endpoint for a path.

    Starlette's own router tries all routes one after another, and would take longer than most handlers. This
    one only tries the routes whose fixed first segments are those of the path, the most exact first: fixed
    segments before parameters, and `{id}.json` before `{id}`.
    """

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._by_head: dict[str, list[Endpoint]] = {}
        known: set[tuple[str, str]] = set()
        for endpoint in sorted(endpoints, key=_precedence):
            key = (endpoint.method, PARAMETER.sub("{}", endpoint.template))
            if key in known:
                msg = f"two handlers for {endpoint.method} {endpoint.template}"
                raise ValueError(msg)
            known.add(key)
            self._by_head.setdefault(_head(endpoint.template), []).append(endpoint)

    def find(self, scope: Scope) -> Endpoint:
        """Find the endpoint of a request and add its path parameters to the scope.

        :raises UnknownPath: no endpoint has this path.
        :raises MethodNotAllowed: the path exists, but not with this method.
        """
        given = scope["path"]
        # Starlette matches the path of the scope.
        path = scope["path"] = _normalize(given)
        candidates = self._candidates(path)
        for endpoint in candidates:
            if endpoint.method == scope["method"]:
                match, child_scope = endpoint.route.matches(scope)
                if match is Match.FULL:
                    scope.update(child_scope)
                    return endpoint
        matching = (one for one in candidates if one.route.matches(scope)[0] is not Match.NONE)
        if allowed := {one.method for one in matching}:
            raise MethodNotAllowed(scope["method"], allowed)
        raise UnknownPath(unquote(given))

    def _candidates(self, path: str) -> list[Endpoint]:
        found: list[Endpoint] = []
        head = path
        while True:
            found += self._by_head.get(head, ())
            if not head:
                return found
            head = head[: head.rfind("/")]


def _head(template: str) -> str:
    """Return the segments of a template before its first parameter."""
    fixed = template.partition("{")[0]
    return template if fixed == template else fixed[: fixed.rfind("/")]


def _precedence(endpoint: Endpoint) -> list[int]:
    """Sort key by segment: fixed ones first, then parameters by the length of what follows them."""
    segments = endpoint.template.split("/")
    return [-len(part.rpartition("}")[2]) if "{" in part else -1_000 for part in segments]


def _normalize(path: str) -> str:
    """Return a path in which only "%", "/" and line ends inside a segment are percent-encoded."""
    path = path.rstrip("/")
    if "%" not in path:
        return path
    segments = (unquote(segment) for segment in path.split("/"))
    return "/".join(
        segment.replace("%", "%25").replace("/", "%2F").replace("\n", "%0A") for segment in segments
    )


def resolve_dot_segments(path: str) -> str:
    """Return a path without `.` and `..` segments and with one slash at its start, as a gateway does.

    Clients send such paths when their base URL ends in a slash or in another folder.
    """
    kept: list[str] = []
    for segment in path.lstrip("/").split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)
