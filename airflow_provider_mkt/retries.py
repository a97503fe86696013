"""A retry policy for tasks of your own that use the hooks, for Airflow 3.3 and later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.errors import OutcomeUnknown, PlatformError
from airflow_provider_mkt.version_compat import AirflowOptionalProviderFeatureException

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy
else:
    # Not in version_compat: every DAG file imports that, and few need a policy.
    try:
        from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy
    except ImportError:  # before Airflow 3.3
        RetryDecision, RetryPolicy = None, object

_MAX_REASON = 400
"""Characters of a reason. Airflow's column has 500."""


class MarketingRetryPolicy(RetryPolicy):
    """Decides by the error of a hook whether a task is tried again, and when.

    An error that a retry cannot help (invalid input, missing permissions, a safeguard ...) fails the task at
    once. So does an unknown outcome, because a retry could do the same twice: a person has to decide. Where
    the platform says when to try again, e.g. when the day's calls are used up, the task is tried again then.
    All other errors, and those of other code, follow the task's ``retries`` and ``retry_delay``.

    Operators of this provider decide the same by themselves, and read the platform when an outcome is
    unknown. So the policy can be in ``default_args`` of a whole DAG. It cannot give a task more tries than
    its ``retries``.

    :raises AirflowOptionalProviderFeatureException: before Airflow 3.3, which has no retry policies.
    """

    def __init__(self) -> None:
        if RetryPolicy is object:
            from airflow import __version__

            msg = f"MarketingRetryPolicy needs Airflow 3.3 or later; this is {__version__}"
            raise AirflowOptionalProviderFeatureException(msg)

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide what happens after a try that failed.

        :param exception: the error of the try. Those in an exception group decide together.
        :param try_number: number of the try, from 1.
        :param max_tries: how many retries the task has.
        :param context: the task's context.
        """
        errors = list(_platform_errors(exception))
        for error in errors:
            if error.permanent or (isinstance(error, OutcomeUnknown) and not _is_ours(context)):
                return RetryDecision.fail(reason=_reason(error))
        waiting = [(error.retry_at, error) for error in errors if error.retry_at is not None]
        if not waiting:
            return RetryDecision.default()
        moment, latest = max(waiting, key=lambda one: one[0])
        delay = max(moment, now := datetime.now(UTC)) - now
        return RetryDecision.retry(delay=delay, reason=_reason(latest))


def _platform_errors(exception: BaseException) -> Iterator[PlatformError]:
    if isinstance(exception, PlatformError):
        yield exception
    elif isinstance(exception, BaseExceptionGroup):
        for one in exception.exceptions:
            yield from _platform_errors(one)


def _is_ours(context: Context | None) -> bool:
    """Tell whether the task is of an operator that reads the platform before it repeats anything."""
    from airflow_provider_mkt.operators._base import MarketingOperator

    return context is not None and isinstance(context.get("task"), MarketingOperator)


def _reason(error: PlatformError) -> str:
    text = f"{type(error).__name__}: {error}"
    return text if len(text) <= _MAX_REASON else f"{text[:_MAX_REASON]}..."
