"""The declaration of an endpoint."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote

from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_mkt.sandbox.server.limits import CONCURRENCY, DAILY, RATE

USUAL_GATES = (CONCURRENCY, DAILY, RATE)
PARAMETER = re.compile(r"{(\w+)}")


class _EncodedSegment(Convertor[str]):
    """A path segment that is still percent-encoded: an id may hold an encoded slash."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value) if "%" in value else value

    def to_string(self, value: str) -> str:
        return quote(value, safe="")


register_url_convertor("encoded_segment", _EncodedSegment())


@dataclass(frozen=True)
class Endpoint:
    """One method of one path, with what the platform checks before it runs the handler.

    :param template: the path, with `{name}` for each parameter.
    :param handler: takes the request.
    :param scopes: any one of them is enough.
    :param auth: whether a token is needed.
    :param gates: the limits that count a request.
    :param options: what only some endpoints have, under names that the platform defines.
    """

    method: str
    template: str
    handler: Callable[[Any], Awaitable[Response]]
    scopes: tuple[str, ...] = ()
    auth: bool = True
    gates: tuple[str, ...] = USUAL_GATES
    options: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def route(self) -> Route:
        """Starlette's route, made when it is first needed: compiling all would slow the start down."""
        route = Route(PARAMETER.sub(r"{\1:encoded_segment}", self.template), self.handler)
        # Starlette adds HEAD to GET, but the platforms do not answer HEAD.
        route.methods = {self.method}
        return route
