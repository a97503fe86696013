"""Starlette's request, with what the endpoints need in addition."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from typing import Generic, TypeVar
from urllib.parse import parse_qsl

import starlette.requests
from starlette.datastructures import FormData, ImmutableMultiDict, QueryParams
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Scope

from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.endpoints import Endpoint
from airflow_provider_mkt.sandbox.server.errors import MalformedBody
from airflow_provider_mkt.sandbox.server.state import State

StateT = TypeVar("StateT", bound=State)
TokenT = TypeVar("TokenT")

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_PART = 1 << 18
"""Bytes of an upload that are parsed at once."""
_WEIGHT_ZERO = re.compile(r"q\s*=\s*0(\.0*)?")


class Request(starlette.requests.Request, Generic[StateT, TokenT]):
    """One request whose body has been read.

    :param scope: the ASGI scope; its path has no dot segments, and each segment is still percent-encoded.
    :param content: the body.
    :param state: what the account holds.
    :param clock: the sandbox's clock.
    :param platform_url: where the platform listens, without a slash at the end.
    :param latency: seconds that the platform takes for a request.
    """

    endpoint: Endpoint
    """The endpoint that it is for; set once the request has been routed."""

    def __init__(
        self,
        scope: Scope,
        content: bytes,
        *,
        state: StateT,
        clock: Clock,
        platform_url: str,
        latency: float,
    ) -> None:
        super().__init__(scope)
        self.content = content
        # As the client sent it: a platform may rewrite the path and the query.
        query: bytes = scope["query_string"]
        self.target_length = len(scope["raw_path"]) + (len(query) + 1 if query else 0)
        self.clock = clock
        self.platform_url = platform_url
        self._platform_state = state
        self._latency = latency
        self._token: TokenT | None = None
        self._forms: list[FormData] = []

    @property
    def state(self) -> StateT:  # type: ignore[override]
        """What the account holds."""
        return self._platform_state

    @property
    def path(self) -> str:
        """The path, with each segment still percent-encoded."""
        path: str = self.scope["path"]
        return path

    @property
    def content_type(self) -> str:
        """Media type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def token(self) -> TokenT:
        """The credential that the request authenticated with."""
        if self._token is None:
            msg = "this endpoint takes no token"
            raise RuntimeError(msg)
        return self._token

    @property
    def token_or_none(self) -> TokenT | None:
        return self._token

    def authenticated_as(self, token: TokenT | None) -> None:
        self._token = token

    def list_param(self, name: str) -> list[str]:
        """Return all values of a query parameter that is repeated or comma-separated, without blank ones."""
        values = self.query_params.getlist(name)
        return [part.strip() for value in values for part in value.split(",") if part.strip()]

    def accepts_encoding(self, coding: str) -> bool:
        """Return whether the response may be compressed with a content coding."""
        for part in self.headers.get("accept-encoding", "").lower().split(","):
            name, _, weight = part.partition(";")
            if name.strip() in (coding, "*"):
                return _WEIGHT_ZERO.fullmatch(weight.strip()) is None
        return False

    async def simulate_latency(self) -> None:
        """Wait as long as the platform takes for a request; a second call does not wait.

        Other requests run in the meantime, even with a latency of 0, as on a real platform. What was read
        from the state before may have changed.
        """
        seconds, self._latency = self._latency, 0.0
        await asyncio.sleep(seconds)

    async def stream(self) -> AsyncGenerator[bytes, None]:
        # In parts, because parsing a large upload takes long.
        for start in range(0, len(self.content), _PART):
            yield self.content[start : start + _PART]
            await asyncio.sleep(0)
        yield b""

    async def body(self) -> bytes:
        return self.content

    async def json(self) -> object:
        """Return the parsed body.

        :raises MalformedBody: it is not JSON.
        """
        return parse_json(self.content)

    async def form_data(self) -> FormData:
        """Return the body as a form, urlencoded or multipart. UTF-8 need not be percent-encoded.

        Its files are open until the request is closed.

        :raises MalformedBody: it is not a multipart body.
        """
        if self.content_type != MULTIPART:
            return FormData([*parse_form(self.content)])
        try:
            form = await MultiPartParser(self.headers, self.stream()).parse()
        except (MultiPartException, KeyError) as error:
            message = f"multipart body: {error}"
            raise MalformedBody(message) from error
        self._forms.append(form)
        return form

    async def close(self) -> None:
        """Close the files of the body."""
        for form in self._forms:
            await form.close()


def parse_json(text: bytes | str) -> object:
    """Parse JSON strictly, without NaN and Infinity.

    :raises MalformedBody: it is not JSON.
    """
    try:
        return json.loads(text, parse_constant=_reject_constant)
    except json.JSONDecodeError as error:
        raise MalformedBody(error.msg, line=error.lineno, column=error.colno) from error
    except UnicodeDecodeError as error:
        message = "body is not UTF-8"
        raise MalformedBody(message) from error
    except (RecursionError, ValueError) as error:
        # Thousands of brackets or digits, which other parsers reject as well.
        message = "body is nested too deeply or has a number too long"
        raise MalformedBody(message) from error


def _reject_constant(name: str) -> None:
    message = f"{name} is not a value"
    raise MalformedBody(message)


def parse_form(content: bytes) -> list[tuple[str, str]]:
    """Parse a urlencoded body into pairs of name and value."""
    return parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)


def merge_params(*sources: ImmutableMultiDict[str, object]) -> QueryParams:
    """Return the parameters of a query and of forms together, without the files."""
    pairs = [pair for source in sources for pair in source.multi_items()]
    return QueryParams([(name, value) for name, value in pairs if isinstance(value, str)])
