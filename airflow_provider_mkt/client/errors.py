"""The errors of calls, one hierarchy for both platforms.

::

    PlatformError
    ├── InvalidInput          invalid before anything was sent
    ├── InvalidRequest        the platform rejected the request
    │   ├── NotFound
    │   └── Conflict
    ├── AuthenticationError   the credentials are invalid or expired
    ├── PermissionDenied      the credentials lack a scope, a role or a product tier
    ├── RateLimited           over the rate limit for longer than the call may wait
    ├── QuotaExhausted        the daily API calls are used up until ``resets_at``
    ├── ServerUnavailable     not reached or failing; the request was not run
    ├── OutcomeUnknown        the request may or may not have been run, and a retry could run it twice
    │   └── NotRepeated       the effect cannot be read, so a person must decide on a retry
    ├── JobFailed             a background job failed or was cancelled
    └── ConditionFailed       the awaited condition can no longer be met

:class:`TaskCancelled` stands beside the tree: it says nothing about a platform, and nothing that handles a
platform's failures (retries, failing polls, rejected records) may take it for one.

No error contains a token, a secret or personal data: messages pass through
:func:`~airflow_provider_mkt.client.redaction.redact`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict, Unpack

from airflow_provider_mkt.client.redaction import redact


class ErrorDetails(TypedDict, total=False):
    """The origin of an error."""

    platform: str
    call: str
    code: str
    status: int | None
    request_id: str


class PlatformError(Exception):
    """Base class of all errors about a platform.

    :param message: what happened; the platform's message if there is one.
    :param platform: ``hubspot`` or ``marketo``.
    :param call: name of the call, e.g. ``campaigns.create_batch``.
    :param code: the platform's error code or category, if any.
    :param status: HTTP status, if there was a response.
    :param request_id: the platform's id of the request, for its support.
    """

    permanent = False
    """Whether a retry without changes must fail again."""

    def __init__(
        self,
        message: str,
        *,
        platform: str = "",
        call: str = "",
        code: str = "",
        status: int | None = None,
        request_id: str = "",
    ) -> None:
        self.message = redact(message)
        self.platform = platform
        self.call = call
        self.code = redact(code)
        self.status = status
        self.request_id = redact(request_id)
        super().__init__(self._describe())

    def _describe(self) -> str:
        where = " ".join(part for part in (self.platform, self.call) if part)
        details = ", ".join(
            part
            for part in (
                f"HTTP {self.status}" if self.status is not None else "",
                f"code {self.code}" if self.code else "",
                f"request id {self.request_id}" if self.request_id else "",
            )
            if part
        )
        return f"{where + ': ' if where else ''}{self.message}{f' ({details})' if details else ''}"


class InvalidInput(PlatformError, ValueError):
    """Invalid input, found before anything was sent.

    :param field: the invalid argument or record field.
    :param problem: what is wrong with it; contains the value's type, never personal data.
    """

    permanent = True

    def __init__(self, field: str, problem: str, *, call: str = "") -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field}: {problem}", call=call)


class InvalidRequest(PlatformError):
    """The platform rejected the request."""

    permanent = True


class NotFound(InvalidRequest):
    """The requested object does not exist, or not for these credentials."""


class Conflict(InvalidRequest):
    """An object with that key or name already exists."""


class AuthenticationError(PlatformError):
    """The platform does not accept the credentials."""

    permanent = True


class PermissionDenied(PlatformError):
    """The credentials lack a scope, a role or a product tier.

    :param missing: the required scopes or permissions, if known.
    """

    permanent = True

    def __init__(
        self,
        message: str,
        *,
        missing: tuple[str, ...] = (),
        **details: Unpack[ErrorDetails],
    ) -> None:
        self.missing = missing
        super().__init__(
            message + (f"; needs {', '.join(missing)}" if missing else ""),
            **details,
        )


class RateLimited(PlatformError):
    """Over the rate or concurrency limit for longer than the call may wait."""


class QuotaExhausted(PlatformError):
    """The account's daily API calls are used up.

    :param resets_at: when to try again (UTC).
    """

    def __init__(
        self,
        message: str,
        *,
        resets_at: datetime,
        **details: Unpack[ErrorDetails],
    ) -> None:
        self.resets_at = resets_at
        super().__init__(
            f"{message}; resets at {resets_at:%Y-%m-%d %H:%M} UTC",
            **details,
        )


class ServerUnavailable(PlatformError):
    """The platform was not reached, or reported that it did not run the request.

    :param retry_at: when the platform asks to try again (UTC), if it does.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_at: datetime | None = None,
        **details: Unpack[ErrorDetails],
    ) -> None:
        self.retry_at = retry_at
        super().__init__(message, **details)


class OutcomeUnknown(PlatformError):
    """The platform may or may not have run the request, and a retry could run it twice."""


class NotRepeated(OutcomeUnknown):
    """The platform cannot report whether the request was run, so a person must decide on a retry."""

    permanent = True


class JobFailed(PlatformError):
    """A background job failed or was cancelled on the platform."""

    permanent = True


class ConditionFailed(PlatformError):
    """The awaited condition can no longer be met."""

    permanent = True


class TaskCancelled(Exception):
    """The task was cancelled: killed, timed out, or marked as failed or successful while it ran."""

    def __init__(self, message: str = "the task was cancelled") -> None:
        super().__init__(message)
