"""The errors of calls, one hierarchy for both platforms.

::

    PlatformError
    ├── InvalidInput          invalid before anything was sent
    ├── InvalidRequest        the platform rejected the request
    │   ├── NotFound
    │   └── Conflict
    ├── RequestRefused        refused whatever it contains: wrong host, redirect, method, legal reasons
    ├── AuthenticationError   the credentials are invalid or expired
    ├── PermissionDenied      the credentials lack a scope, a role or a product tier
    ├── RateLimited           over the rate limit for longer than the call may wait
    ├── QuotaExhausted        the daily API calls are used up until ``resets_at``
    ├── ServerUnavailable     not reached or failing; the request was not run
    ├── OutcomeUnknown        the request may or may not have been run, and a retry could run it twice
    │   └── NotRepeated       the effect cannot be read, so a person must decide on a retry
    ├── SendRefused           a safeguard of this package refused a send; nothing was sent
    ├── SendDelayed           a safeguard holds a send back until ``retry_at``
    ├── JobFailed             a background job failed or was cancelled
    └── ConditionFailed       the awaited condition can no longer be met

:class:`TaskCancelled` stands beside the tree: it says nothing about a platform, and nothing that handles a
platform's failures (retries, failing polls, rejected records) may take it for one.

No error contains a token, a secret or personal data: messages pass through
:func:`~airflow_provider_mkt.client.redaction.redact`.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, TypedDict, TypeVar, Unpack

from airflow_provider_mkt.client.redaction import redact

ErrorT = TypeVar("ErrorT", bound=Exception)


class ErrorDetails(TypedDict, total=False):
    """The origin of an error."""

    platform: str
    call: str
    code: str
    status: int | None
    request_id: str
    about_request: bool | None


class PlatformError(Exception):
    """Base class of all errors about a platform.

    :param message: what happened; the platform's message if there is one.
    :param platform: ``hubspot`` or ``marketo``.
    :param call: name of the call, e.g. ``campaigns.create_batch``.
    :param code: the platform's error code or category, if any.
    :param status: HTTP status, if there was a response.
    :param request_id: the platform's id of the request, for its support.
    :param about_request: overrides the attribute of the same name; None keeps it.
    """

    permanent = False
    """Whether a retry without changes must fail again."""

    retry_at: datetime | None = None
    """When a retry makes sense (UTC), where the platform or a safeguard says so."""

    about_request = False
    """Whether the refusal is about the request as a whole (its host, its path, its credentials) and not about
    a record in it. The same records in smaller requests must be refused too, so none is rejected for it."""

    def __init__(
        self,
        message: str,
        *,
        platform: str = "",
        call: str = "",
        code: str = "",
        status: int | None = None,
        request_id: str = "",
        about_request: bool | None = None,
    ) -> None:
        if about_request is not None:
            self.about_request = about_request
        self.message = redact(message)
        self.platform = platform
        self.call = call
        self.code = redact(code)
        self.status = status
        self.request_id = redact(request_id)
        super().__init__(self._describe())

    def _codes(self) -> str:
        return self.code

    def _describe(self) -> str:
        where = " ".join(part for part in (self.platform, self.call) if part)
        codes = self._codes()
        parts = (
            f"HTTP {self.status}" if self.status is not None else "",
            f"code {codes}" if codes else "",
            f"request id {self.request_id}" if self.request_id else "",
        )
        details = ", ".join(part for part in parts if part)
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


class Problem(NamedTuple):
    """What is wrong with one value of a rejected request.

    :param code: the platform's code, e.g. ``INVALID_OPTION``.
    :param properties: names of the properties that it is about.
    """

    code: str
    message: str
    properties: tuple[str, ...] = ()


class InvalidRequest(PlatformError):
    """The platform rejected the request.

    :param problems: what is wrong with single values, where the platform says so.
    """

    permanent = True

    def __init__(
        self, message: str, *, problems: tuple[Problem, ...] = (), **details: Unpack[ErrorDetails]
    ) -> None:
        self.problems = tuple(one._replace(message=redact(one.message)) for one in problems)
        super().__init__(message, **details)

    def _codes(self) -> str:
        codes = [self.code, *(problem.code for problem in self.problems)]
        return ", ".join(dict.fromkeys(code for code in codes if code))


class NotFound(InvalidRequest):
    """The requested object does not exist, or not for these credentials."""


class Conflict(InvalidRequest):
    """An object with that key or name already exists."""


class RequestRefused(PlatformError):
    """The platform refuses the request, whatever records are in it.

    The account is in another data centre, the path is redirected, or the method, the media type or the place
    is not served. No :class:`InvalidRequest`: no record is at fault, and no other batch may succeed.
    """

    permanent = True
    about_request = True


class AuthenticationError(PlatformError):
    """The platform does not accept the credentials."""

    permanent = True
    about_request = True


class PermissionDenied(PlatformError):
    """The credentials lack a scope, a role or a product tier.

    :param missing: the required scopes or permissions, if known.
    """

    permanent = True
    about_request = True

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
    """Over the rate or concurrency limit for longer than the call may wait.

    ``retry_at`` is the end of the wait that was too long for the call, where the platform refused it.
    """


class QuotaExhausted(PlatformError):
    """The account's daily API calls are used up.

    :param resets_at: when to try again (UTC).
    :param estimated: whether the answer did not say when the quota resets, so that *resets_at* is a guess.
    """

    def __init__(
        self,
        message: str,
        *,
        resets_at: datetime,
        estimated: bool = False,
        **details: Unpack[ErrorDetails],
    ) -> None:
        self.resets_at = self.retry_at = resets_at
        self.estimated = estimated
        super().__init__(
            message if estimated else f"{message}; resets at {resets_at:%Y-%m-%d %H:%M} UTC",
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


class SendRefused(PlatformError):
    """A safeguard of this package refused a send before it was requested.

    The code says which safeguard it was, e.g. ``audience.too_large``.
    """

    permanent = True
    about_request = True


class SendDelayed(PlatformError):
    """A safeguard of this package holds a send back.

    :param retry_at: when to try again (UTC).
    """

    about_request = True

    def __init__(self, message: str, *, retry_at: datetime, **details: Unpack[ErrorDetails]) -> None:
        self.retry_at = retry_at
        super().__init__(message, **details)


class JobFailed(PlatformError):
    """A background job failed or was cancelled on the platform."""

    permanent = True


class ConditionFailed(PlatformError):
    """The awaited condition can no longer be met."""

    permanent = True


class TaskCancelled(Exception):
    """The task was cancelled: killed, timed out, or marked as failed or successful while it ran.

    A call raises it between two attempts too: what an earlier attempt did may then be unknown.
    """

    ambiguous = False
    """Whether the platform may have run the call that was cancelled."""

    def __init__(self, message: str = "the task was cancelled") -> None:
        super().__init__(message)


def copy_of(error: ErrorT) -> ErrorT:
    """Return a copy of an error without its traceback, to raise it in another task."""
    copied = type(error).__new__(type(error), *error.args)
    copied.__dict__.update(error.__dict__)
    copied.__cause__ = error.__cause__
    return copied
