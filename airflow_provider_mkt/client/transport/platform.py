"""What the exchange and a platform share: requests, answers, their classification, and the account itself.

No network here. The effects are what an exchange yields to its driver.
"""

from __future__ import annotations

import ipaddress
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Annotated, Any, ClassVar, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from airflow_provider_mkt.client.buffers import FileBuffer
from airflow_provider_mkt.client.call import Body, Call, Envelope, Pairs, Quota
from airflow_provider_mkt.client.encoding import from_json
from airflow_provider_mkt.client.errors import (
    ErrorDetails,
    InvalidInput,
    PlatformError,
    RequestRefused,
    ServerUnavailable,
)


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    method: str
    url: str
    query: Pairs = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Body | None = field(default=None, repr=False)
    timeout: float = 30.0


@dataclass(frozen=True)
class Response:
    """One HTTP answer, completely read.

    :param content: its content, or the beginning of a part of a file that is in a buffer.
    :param part: the part of a file that is in a buffer.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    part: memoryview | None = field(default=None, repr=False)

    def envelope(self, *, bare_list: bool = False) -> Envelope:
        """Decode the answer's JSON object; an empty answer is an empty object.

        :param bare_list: the answer is an array, and becomes the object's ``results``.
        :raises ValueError: when the answer is not a JSON object.
        """
        if not self.content.strip():
            return {}
        decoded = self.value()
        if bare_list and isinstance(decoded, list):
            return {"results": decoded}
        if bare_list or not isinstance(decoded, dict):
            msg = f"the answer is a {type(decoded).__name__}, not an {'array' if bare_list else 'object'}"
            raise ValueError(msg)
        return decoded

    def value(self) -> Any:
        """Decode the answer's JSON, whatever it is; None when the answer is empty.

        :raises ValueError: when the answer is not JSON.
        """
        if not self.content.strip():
            return None
        return from_json(self.content)

    def file(self) -> Envelope:
        """The answer as a file: its bytes in ``content``, and its Content-Range in ``range``, if any."""
        content = self.content if self.part is None else self.part
        return {"content": content, "range": self.header("Content-Range")}

    def plain_text(self) -> str:
        """The text of an answer of the type ``text/plain``; empty for other types."""
        if not (self.header("Content-Type") or "").lower().startswith("text/plain"):
            return ""
        return " ".join(self.content[:2_000].decode(errors="replace").split())

    def header(self, name: str) -> str | None:
        """The value of a header, whatever its case; None when there is none."""
        wanted = name.lower()
        return next((value for own, value in self.headers.items() if own.lower() == wanted), None)

    def retry_after(self) -> float | None:
        """The seconds that ``Retry-After`` asks for, a day at most; None when it states none."""
        text = self.header("Retry-After") or ""
        return min(float(text), _LONGEST_WAIT) if text.isdecimal() else None


@dataclass(frozen=True)
class NoAnswer:
    """The request failed below HTTP.

    :param sent: whether the platform may have received it completely.
    """

    reason: str
    sent: bool


# -- effects -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Permit:
    """The budget's permission to send one request.

    :param quota: the quota that the request uses.
    :param permit_id: identifies the permit.
    :param kind: the call's name; the platform takes about the same time for all calls of a kind.
    """

    quota: Quota
    permit_id: str
    kind: str


@dataclass(frozen=True)
class Send:
    """Effect: send this request. The result is a Response or a NoAnswer.

    :param buffer: where the content of the answer is read into.
    """

    request: Request
    permit: Permit | None = field(default=None, compare=False)
    buffer: FileBuffer | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Sleep:
    """Effect: wait so many seconds."""

    seconds: float


ACCOUNT_UNKNOWN = -1.0
"""Result of :class:`Acquire` for a quota of the account, when it is unknown which account that is."""


@dataclass(frozen=True)
class Acquire:
    """Effect: try to acquire a permit.

    The result is 0, or the seconds until the next try is worthwhile, or ``ACCOUNT_UNKNOWN``.

    :param seconds: how long the call may be in flight.
    :param max_wait: how long the call may wait for the permit, in seconds. A driver that grants permits in
        their turn waits with the answer only where there is no limit.
    """

    quota: Quota
    permit_id: str = field(default="", compare=False)
    seconds: float = field(default=30.0, compare=False)
    max_wait: float = field(default=math.inf, compare=False)


Effect = Send | Sleep | Acquire


# -- classification ----------------------------------------------------------------------------------------


class RetryAction(Enum):
    """The next step after a failure."""

    FAIL = auto()
    """Fail: the same request must fail again."""
    REFRESH_TOKEN = auto()
    """Get a new token and retry. The platform did nothing."""
    BACK_OFF = auto()
    """Wait and retry: over the rate limit. The platform did nothing."""
    REDUCE_CONCURRENCY = auto()
    """Wait and retry: too many calls in flight. The platform did nothing."""
    RETRY = auto()
    """Wait and retry: not available now. The platform did nothing."""
    AMBIGUOUS = auto()
    """Retry only when that is safe: the platform may have done it."""


@dataclass(frozen=True)
class Success:
    """The platform did what was requested."""

    envelope: Envelope


@dataclass(frozen=True)
class Failure:
    """The platform, or the network on the way to it, failed.

    :param error: the error to raise when there is no further attempt.
    :param action: what to do.
    :param wait: the least wait in seconds that the platform asks for; None when it asks for none.
    :param at_most: how many retries make sense at most; None when the retry policy alone decides.
    """

    error: PlatformError
    action: RetryAction
    wait: float | None = None
    at_most: int | None = None


Classification = Success | Failure

_LONGEST_WAIT = 86_400.0

_TRY_AGAIN = {
    408: "the server waited too long for the request",
    421: "the request reached a server that does not serve this host",
    425: "the server does not take the request this early",
    499: "a gateway closed the connection before the server answered",
}
"""Statuses that pass. No source says whether the platform ran the request, so it counts as ambiguous."""

_NOT_SERVED = {
    405: "the path does not have this method",
    406: "the path has no answer of this media type",
    410: "this path is gone",
    415: "the path does not take this media type",
    451: "unavailable for legal reasons",
}
"""Statuses that refuse a request whatever it contains."""


def common_failure(response: Response, message: str, details: ErrorDetails) -> Failure | None:
    """Classify a status that means the same on every platform and for the token call.

    :param message: the platform's own text, if any.
    :param details: the origin of the error.
    :returns: None for a status whose meaning only the platform knows.
    """
    status = response.status
    if 300 <= status < 400:
        return Failure(RequestRefused(_redirected(response), **details), RetryAction.FAIL)
    message = message or response.plain_text()
    if status in _NOT_SERVED:
        return Failure(RequestRefused(message or _NOT_SERVED[status], **details), RetryAction.FAIL)
    if status in _TRY_AGAIN:
        error = ServerUnavailable(message or _TRY_AGAIN[status], **details)
        return Failure(error, RetryAction.AMBIGUOUS, wait=response.retry_after())
    return None


def _redirected(response: Response) -> str:
    try:
        target = urlsplit(response.header("Location") or "")
        # No query: a server may quote the request's, which may contain a token or a person's data.
        scheme = f"{target.scheme}:" if target.scheme else ""
        where = f"{scheme}//{target.hostname or ''}{target.path}" if target.netloc else target.path
    except ValueError:
        where = ""
    return (
        f"redirected to {where or 'an address that is not named'}; redirects are not followed, because the "
        "request carries the credentials. If the API is there, Host of the connection must name it"
    )


# -- the account -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rate:
    """A rate limit: at most *calls* in *seconds*.

    :param assumed: used until the platform has stated its limit.
    """

    calls: int
    seconds: float
    assumed: bool = False


@dataclass(frozen=True)
class FoundAccount:
    """The account that credentials belong to.

    :param name: the same for all credentials of the account.
    :param ui_host: the host of the account's pages in the platform's own application; empty when unknown.
    """

    name: str
    ui_host: str = ""


class Platform(ABC):
    """One account of one platform: how to build its requests and how to classify its answers."""

    name: ClassVar[str]

    account_key: str
    """Names the account whose limits the calls use. Contains no secret."""
    credentials_key: str
    """Names the credentials, for sharing tokens. Contains no secret."""
    rates: Mapping[Quota, Rate]
    """The account's rate limits, as configured."""
    max_concurrency: int
    """How many calls one task may have in flight at once."""
    daily_reserve: int = 0
    """How many of the day's calls are reserved for other software."""
    account_quotas: frozenset[Quota] = frozenset()
    """Quotas that count for the whole account, and not for the credentials that ``account_key`` names."""
    max_in_flight: int | None = None
    """How many calls of all clients the account accepts at once; None when it has no such limit."""

    @abstractmethod
    def token_request(self) -> Request | None:
        """The request that fetches an access token; None when the token is static."""

    @abstractmethod
    def read_token(self, answer: Response | NoAnswer) -> tuple[str, float]:
        """The access token and its remaining lifetime in seconds.

        :raises AuthenticationError: when the credentials are refused.
        :raises ServerUnavailable: when there is no usable answer.
        """

    def static_token(self) -> str:
        """The token of an account that needs no token request."""
        raise NotImplementedError

    @abstractmethod
    def build(self, call: Call[Any], token: str) -> Request:
        """The HTTP request of *call*."""

    @abstractmethod
    def classify(self, call: Call[Any], response: Response) -> Classification:
        """Whether the platform did it, and if not, what to do next."""

    def find_account(self) -> Call[FoundAccount] | None:
        """The call that returns which account it is, the same for all of its credentials.

        None when ``account_key`` is such a name already.
        """
        return None

    def observed_rate(self, call: Call[Any], response: Response) -> Rate | None:
        """The rate limit that the answer states; None when it states none."""
        return None

    def observed_day(self, response: Response) -> tuple[int, int] | None:
        """The day's calls as the answer states them: those left, and the limit. None when it does not."""
        return None

    def without_answer(self, call: Call[Any], failure: NoAnswer) -> ServerUnavailable:
        """The error for a request that failed below HTTP."""
        return ServerUnavailable(failure.reason, platform=self.name, call=call.name)


def errors_of(body: Envelope) -> list[dict[str, Any]]:
    """The entries of an answer's ``errors`` that are objects."""
    errors = body.get("errors")
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def token_of(body: Envelope) -> tuple[str, float] | None:
    """The access token and its remaining lifetime in seconds; None when the answer has no usable one."""
    token, lifetime = body.get("access_token"), body.get("expires_in")
    if not isinstance(token, str) or not token:
        return None
    try:
        seconds = float(lifetime or 0)
    except (TypeError, ValueError):
        return None
    return (token, max(seconds, 0.0)) if math.isfinite(seconds) else None


_HTTPS_PORT = 443


def base_url(host: str, *, port: int | None = None, scheme: str | None = None) -> str:
    """Build the base URL of a host, without a trailing slash.

    :param host: a host name or an http(s) URL.
    :param port: used when *host* has none. 443 with https is left out, so that the account is the same one
        with and without it.
    :param scheme: used when *host* has none; ``https`` by default.
    :raises InvalidInput: when it is not a host, or plain HTTP to another machine, which would send the
        credentials unencrypted.
    """
    text = host.strip()
    if "://" not in text:
        text = f"{(scheme or 'https').strip()}://{text}"
    try:
        parts = urlsplit(text)
    except ValueError:
        raise InvalidInput("host", "has an invalid IP address in brackets") from None
    try:
        name, own_port = parts.hostname, parts.port
    except ValueError:
        raise InvalidInput("host", "has a port that is not a number") from None
    if any(character.isspace() for character in text):
        raise InvalidInput("host", "has a space in it")
    if (
        parts.scheme not in {"http", "https"}
        or not name
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise InvalidInput("host", "must be a host name or an http(s) URL without query and user")
    if parts.scheme == "http" and not is_loopback(name):
        raise InvalidInput("host", "plain http is accepted for this machine only; use https")
    if parts.scheme == "https" and port == _HTTPS_PORT:
        port = None
    netloc = parts.netloc if own_port is not None or port is None else f"{parts.netloc}:{port}"
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"


def is_loopback(name: str) -> bool:
    """Whether a host name is this machine."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def stripped_secret(secret: SecretStr) -> SecretStr:
    """Strip the white space that pasting puts around a secret.

    :raises ValueError: when the secret is empty or has white space inside, as two pasted lines have.
    """
    text = secret.get_secret_value().strip()
    if not text or not text.isprintable() or any(character.isspace() for character in text):
        msg = "must be one line without spaces"
        raise ValueError(msg)
    return SecretStr(text)


Secret: TypeAlias = Annotated[SecretStr, AfterValidator(stripped_secret)]
"""A secret of a connection, without the white space that pasting puts around it."""
