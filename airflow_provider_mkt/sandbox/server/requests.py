"""What a handler gets to see of a call."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from airflow_provider_mkt.sandbox.server.errors import MalformedBody
from airflow_provider_mkt.sandbox.server.state import State

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

    from airflow_provider_mkt.sandbox.server.clock import Clock
    from airflow_provider_mkt.sandbox.server.routing import Route

StateT = TypeVar("StateT", bound=State)
TokenT = TypeVar("TokenT")


def parse_json(text: bytes | str) -> Any:
    """JSON as its standard has it; raises `MalformedBody`."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise MalformedBody(error.msg, line=error.lineno, column=error.colno) from error
    except UnicodeDecodeError as error:
        message = "body is not UTF-8"
        raise MalformedBody(message) from error
    except (RecursionError, ValueError) as error:
        # What no parser in use would take either: thousands of brackets, or of digits.
        message = "body is nested too deeply or has a number too long"
        raise MalformedBody(message) from error


def _refuse_constant(name: str) -> None:
    message = f"{name} is no value"
    raise MalformedBody(message)


_NONE = re.compile(r"q\s*=\s*0(\.0*)?")


class Query:
    """Query or form parameters; a name may come more than once."""

    def __init__(self, pairs: list[tuple[str, str]] | None = None) -> None:
        self.pairs = pairs if pairs is not None else []

    @classmethod
    def parse(cls, text: str) -> Query:
        return cls(parse_qsl(text, keep_blank_values=True))

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.pairs)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for key, _ in self.pairs))

    def get(self, name: str, default: str | None = None) -> str | None:
        """The last value of a name."""
        return next((value for key, value in reversed(self.pairs) if key == name), default)

    def all(self, name: str) -> list[str]:
        """Every value of a name, in order."""
        return [value for key, value in self.pairs if key == name]

    def split(self, name: str) -> list[str]:
        """Every value of a name, comma lists taken apart, blanks left out."""
        return [part.strip() for value in self.all(name) for part in value.split(",") if part.strip()]


@dataclass(slots=True)
class Incoming:
    """A call as it came in, before routing; a platform may rewrite it."""

    method: str
    raw_path: str
    query: Query
    headers: Headers
    body: bytes
    target_length: int = 0

    @property
    def content_type(self) -> str:
        """Media type without parameters, lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(slots=True)
class Upload:
    """A file of a multipart body."""

    filename: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Form:
    """A form body: fields, and files by field name."""

    fields: Query
    files: dict[str, Upload] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)
    """Every file, where several share a field name."""


class Request(Generic[StateT, TokenT]):
    """One routed call. `token` is the fixture it authenticated with."""

    def __init__(
        self,
        incoming: Incoming,
        *,
        route: Route[StateT, TokenT],
        path: dict[str, str],
        state: StateT,
        clock: Clock,
        base_url: str,
        work: Callable[[], Awaitable[None]],
    ) -> None:
        self.method = incoming.method
        self.raw_path = incoming.raw_path
        self.target_length = incoming.target_length
        self.query = incoming.query
        self.headers = incoming.headers
        self.body = incoming.body
        self.content_type = incoming.content_type
        self.route = route
        self.path = path
        self.state = state
        self.clock = clock
        self.base_url = base_url
        self._work = work
        self._token: TokenT | None = None

    @property
    def token(self) -> TokenT:
        if self._token is None:
            msg = "this route takes no token"
            raise RuntimeError(msg)
        return self._token

    @property
    def token_or_none(self) -> TokenT | None:
        return self._token

    def authenticated_as(self, token: TokenT | None) -> None:
        self._token = token

    def accepts(self, coding: str) -> bool:
        """Whether the answer may come in a content coding."""
        for part in self.headers.get("accept-encoding", "").lower().split(","):
            name, _, weight = part.partition(";")
            if name.strip() in (coding, "*"):
                return _NONE.fullmatch(weight.strip()) is None
        return False

    async def work(self) -> None:
        """The time the platform takes; others work meanwhile, so a look-up before it may be stale after."""
        await self._work()

    async def json(self) -> Any:
        """The body, parsed; raises `MalformedBody`."""
        return parse_json(self.body)

    async def form(self) -> Form:
        """The body as a form, urlencoded or multipart; raises `MalformedBody`."""
        if self.content_type != "multipart/form-data":
            return Form(Query.parse(self.body.decode("utf-8", "replace")))
        try:
            parsed = await MultiPartParser(self.headers, _once(self.body)).parse()
        except (MultiPartException, KeyError) as error:
            message = f"multipart body: {error}"
            raise MalformedBody(message) from error
        form = Form(Query())
        for name, value in parsed.multi_items():
            if isinstance(value, UploadFile):
                content = await value.read()
                form.files[name] = Upload(value.filename or "", value.content_type or "", content)
                form.uploads.append(form.files[name])
            else:
                form.fields.pairs.append((name, value))
        return form


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
