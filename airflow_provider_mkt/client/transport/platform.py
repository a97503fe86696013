"""What a platform provides for the exchange."""

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
    """A rate limit: at most *calls* in *seconds*.

    :param assumed: used until the platform has stated its limit.
    """

    calls: int
    seconds: float
    assumed: bool = False


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


class Platform(ABC):
    """One account of one platform: how to build its requests and how to classify its answers."""

    name: str

    @property
    @abstractmethod
    def account_key(self) -> str:
        """Names the account whose limits the calls use. Contains no secret."""

    @property
    @abstractmethod
    def credentials_key(self) -> str:
        """Names the credentials, for sharing tokens. Contains no secret."""

    @property
    @abstractmethod
    def rates(self) -> Mapping[Quota, Rate]:
        """The account's rate limits, as configured."""

    @property
    @abstractmethod
    def max_concurrency(self) -> int:
        """How many calls one task may have in flight at once."""

    @property
    def daily_reserve(self) -> int:
        """How many of the day's calls are reserved for other software."""
        return 0

    @property
    def max_in_flight(self) -> int | None:
        """How many calls of all clients the account accepts at once; None when it has no such limit."""
        return None

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

    def observed_rate(self, call: Call[Any], response: Response) -> Rate | None:
        """The rate limit that the answer states; None when it states none."""
        return None

    def without_answer(self, call: Call[Any], failure: NoAnswer) -> ServerUnavailable:
        """The error for a request that failed below HTTP."""
        return ServerUnavailable(failure.reason, platform=self.name, call=call.name)
