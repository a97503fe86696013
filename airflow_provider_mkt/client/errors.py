"""What can go wrong with a call, as one small tree that both platforms share.

::

    PlatformError
    ├── InvalidInput          found by this package before anything was sent
    ├── InvalidRequest        the platform refused what was asked
    │   ├── NotFound
    │   └── Conflict
    ├── AuthenticationError   the credentials are wrong or dead
    ├── PermissionDenied      the credentials lack a scope, role or product tier
    ├── RateLimited           refused for rate for longer than the call may wait
    ├── QuotaExhausted        the day's calls are used up; ``resets_at`` says until when
    ├── ServerUnavailable     not reached, or not well; nothing was done
    ├── OutcomeUnknown        it may or may not have been done, and may not be repeated blindly
    │   └── NotRepeated       nothing can tell, so a person must decide whether it is done again
    ├── JobFailed             background work ended, but not complete
    └── ConditionFailed       what is waited for can no longer come about

:class:`TaskCancelled` stands beside the tree: it says nothing about a platform, and nothing that handles a
platform's failures (retries, failing polls, rejected records) may take it for one.

No error carries a token, a secret or a person's data: messages pass through
:func:`~airflow_provider_mkt.client.redaction.redact`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict, Unpack

from airflow_provider_mkt.client.redaction import redact


class ErrorDetails(TypedDict, total=False):
    """What is known about where an error came from."""

    platform: str
    call: str
    code: str
    status: int | None
    request_id: str


class PlatformError(Exception):
    """Base of every error this package raises about a platform.

    :param message: what happened, in the platform's words where it gave any.
    :param platform: ``hubspot`` or ``marketo``.
    :param call: name of the call, e.g. ``campaigns.create_batch``.
    :param code: the platform's error code or category, if it gave one.
    :param status: HTTP status, if there was an answer.
    :param request_id: the platform's id of the request, for its support desk.
    """

    permanent = False
    """Whether asking again without changing anything must fail again."""

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
    """Input that cannot be right, found before anything was sent.

    :param field: the argument or record field that is wrong.
    :param problem: what is wrong with it: its shape, never a person's data.
    """

    permanent = True

    def __init__(self, field: str, problem: str, *, call: str = "") -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field}: {problem}", call=call)


class InvalidRequest(PlatformError):
    """The platform refused what was asked."""

    permanent = True


class NotFound(InvalidRequest):
    """What the call names does not exist, or not for these credentials."""


class Conflict(InvalidRequest):
    """Something with that key or name exists already."""


class AuthenticationError(PlatformError):
    """The platform does not accept the credentials."""

    permanent = True


class PermissionDenied(PlatformError):
    """The credentials lack a scope, a role or a product tier.

    :param missing: the scopes or permissions the call needs, where known.
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
    """Refused for rate or concurrency for longer than the call may wait."""


class QuotaExhausted(PlatformError):
    """The account's calls for the day are used up.

    :param resets_at: when it is worth asking again (UTC).
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
    """The platform was not reached or said it did not do the work.

    :param retry_at: when the platform asked to be called again (UTC), if it said.
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
    """Nobody knows whether the platform did it, and repeating it blindly could do it twice."""


class NotRepeated(OutcomeUnknown):
    """What became of it cannot be told from the platform, and a person must decide what to do."""

    permanent = True


class JobFailed(PlatformError):
    """Background work was canceled or failed on the platform."""

    permanent = True


class ConditionFailed(PlatformError):
    """What is waited for can no longer come about."""

    permanent = True


class TaskCancelled(Exception):
    """The task was cancelled: killed, timed out, or marked as failed or successful while it ran."""

    def __init__(self, message: str = "the task was cancelled") -> None:
        super().__init__(message)
