"""What the exchange must know of a platform."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_mkt.client.call import Call, Envelope, Quota
from airflow_provider_mkt.client.errors import ServerUnavailable
from airflow_provider_mkt.client.transport.classification import Classification
from airflow_provider_mkt.client.transport.wire import NoAnswer, Request, Response


@dataclass(frozen=True)
class Rate:
    """So many calls in so many seconds.

    :param assumed: stands in until the platform has stated its limit.
    """

    calls: int
    seconds: float
    assumed: bool = False


def errors_of(body: Envelope) -> list[dict[str, Any]]:
    """The entries of an answer's ``errors``, as far as they are objects."""
    errors = body.get("errors")
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def token_of(body: Envelope) -> tuple[str, float] | None:
    """The access token and its remaining life in seconds, or None when the answer has no usable one."""
    token, lifetime = body.get("access_token"), body.get("expires_in")
    if not isinstance(token, str) or not token:
        return None
    try:
        seconds = float(lifetime or 0)
    except (TypeError, ValueError):
        return None
    return (token, max(seconds, 0.0)) if math.isfinite(seconds) else None


class Platform(ABC):
    """One account of one platform: how to address it, and how to read its answers."""

    name: str

    @property
    @abstractmethod
    def account_key(self) -> str:
        """Names the account whose limits the calls draw on. Holds no secret."""

    @property
    @abstractmethod
    def credentials_key(self) -> str:
        """Names the credentials, for sharing tokens. Holds no secret."""

    @property
    @abstractmethod
    def rates(self) -> Mapping[Quota, Rate]:
        """The account's rate limits, as configured."""

    @property
    @abstractmethod
    def max_concurrency(self) -> int:
        """How many calls may be under way at once."""

    @property
    def daily_reserve(self) -> int:
        """How many calls of the day are left to other software."""
        return 0

    @property
    def max_in_flight(self) -> int | None:
        """How many calls the account lets be under way at once, whoever makes them; None where it has no
        such limit."""
        return None

    @abstractmethod
    def token_request(self) -> Request | None:
        """The request that fetches an access token, or None where the token is static."""

    @abstractmethod
    def read_token(self, answer: Response | NoAnswer) -> tuple[str, float]:
        """The access token and its remaining life in seconds.

        :raises AuthenticationError: when the credentials are refused.
        :raises ServerUnavailable: when there was no usable answer.
        """

    def static_token(self) -> str:
        """The token of an account that needs no token request."""
        raise NotImplementedError

    @abstractmethod
    def build(self, call: Call[Any], token: str) -> Request:
        """The HTTP request of *call*."""

    @abstractmethod
    def classify(self, call: Call[Any], response: Response) -> Classification:
        """Whether the platform did it, and if not, what to try next."""

    def observed_rate(self, call: Call[Any], response: Response) -> Rate | None:
        """The rate limit that the answer itself states, where the platform says so."""
        return None

    def without_answer(self, call: Call[Any], failure: NoAnswer) -> ServerUnavailable:
        """The error for a request that failed below HTTP."""
        return ServerUnavailable(failure.reason, platform=self.name, call=call.name)
