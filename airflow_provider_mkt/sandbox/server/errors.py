"""Exceptions that become error responses."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_mkt.sandbox.server.limits import Refusal


class ApiError(Exception):
    """Base class. A platform subclasses it and renders each error in its own format."""


class UnknownPath(ApiError):
    """No endpoint has this path."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class MethodNotAllowed(ApiError):
    """The path exists, but not with this method."""

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        super().__init__(method)
        self.method = method
        self.allowed = sorted(allowed)


class MalformedBody(ApiError):
    """The body is not what its content type says."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class LimitExceeded(ApiError):
    """A rate, concurrency or daily limit refused the call."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.gate)
        self.refusal = refusal


class Crash(ApiError):
    """A handler raised an unexpected exception: a bug of the sandbox."""
