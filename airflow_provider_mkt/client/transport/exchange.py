"""Runs one call against a platform, without I/O of its own.

:func:`exchange` is a generator. It yields effects (send this request, wait so long, acquire a permit) and
is sent their results, as httpx's ``Auth.auth_flow`` does. Two drivers run it, one blocking and one for event
loops. So authorization, budget, classification and retries exist once, and tests can feed it answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import uuid4

from airflow_provider_mkt.client.call import Call, Envelope, Quota, Replay
from airflow_provider_mkt.client.errors import (
    AuthenticationError,
    Conflict,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    ServerUnavailable,
)
from airflow_provider_mkt.client.transport.classification import Classification, Failure, RetryAction, Success
from airflow_provider_mkt.client.transport.platform import Platform, Rate
from airflow_provider_mkt.client.transport.retry_policy import RetryPolicy
from airflow_provider_mkt.client.transport.tokens import Token, TokenCell, authorize, cell_for
from airflow_provider_mkt.client.transport.wire import (
    Acquire,
    Effect,
    NoAnswer,
    Permit,
    Response,
    Send,
    Sleep,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Reply(Generic[T]):
    """The result of a call, with the attempts that it took.

    :param value: the answer as the call's ``read`` returned it.
    :param envelope: the whole decoded answer.
    :param ambiguous: an earlier attempt may have done the work already. Then what this call created may be
        reported as updated, or as existing already.
    :param tries: how many requests were sent for the call.
    :param took: seconds between the last request and its answer.
    """

    value: T
    envelope: Envelope = field(repr=False)
    ambiguous: bool = False
    tries: int = 1
    took: float = 0.0


@dataclass
class Session:
    """A platform account as the exchange uses it.

    :param policy: how long and how often to retry.
    :param clock: seconds that never run backwards.
    :param tokens: where the access token is kept; shared by all of the process when None.
    :param on_failure: called after each failed attempt that is repeated: the call, its failure and the
        seconds until the next attempt. For logs, and for adapting concurrency.
    :param learn: called with each rate limit that an answer states.
    :param on_token: called with each new access token, so that logs can mask it.
    """

    platform: Platform
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    clock: Callable[[], float] = time.monotonic
    tokens: TokenCell | None = None
    on_failure: Callable[[Call[Any], Failure, float], None] | None = None
    learn: Callable[[Quota, Rate], None] | None = None
    on_token: Callable[[str], None] | None = None

    def cell(self) -> TokenCell:
        return self.tokens or cell_for(self.platform.credentials_key)


def exchange(call: Call[T], session: Session) -> Generator[Effect, Any, Reply[T]]:
    """Run one call to its result.

    :raises PlatformError: one of :mod:`airflow_provider_mkt.client.errors`.
    """
    progress = _Progress(call, session)
    rejected: Token | None = None
    while True:
        token = yield from _authorized(call, session, rejected, progress)
        permit = yield from _acquire_permit(call, session, progress)
        sent_at = session.clock()
        progress.tries += 1
        answer: Response | NoAnswer = yield Send(session.platform.build(call, token.value), permit)
        took = session.clock() - sent_at
        classification = _classify(call, session, answer, token)
        if progress.was_deleted_before(classification) or _is_ok_error(call, classification):
            classification = Success({})
        if isinstance(classification, Success):
            try:
                value = call.read(classification.envelope)
            except (ValueError, TypeError, LookupError, AttributeError) as unreadable:
                classification = _unreadable(call, session, unreadable)
            else:
                return Reply(value, classification.envelope, progress.ambiguous, progress.tries, took)
        if classification.action is RetryAction.REFRESH_TOKEN:
            rejected = token
        wait = progress.after(classification, sent_at)
        if session.on_failure is not None:
            session.on_failure(call, classification, wait)
        yield Sleep(wait)


def _classify(call: Call[Any], session: Session, answer: Response | NoAnswer, token: Token) -> Classification:
    if isinstance(answer, NoAnswer):
        error = session.platform.without_answer(call, answer)
        return Failure(error, RetryAction.AMBIGUOUS if answer.sent else RetryAction.RETRY)
    if session.learn is not None and (rate := session.platform.observed_rate(call, answer)):
        session.learn(call.quota, rate)
    return session.platform.classify(call, answer.without(token.value))


def _is_ok_error(call: Call[Any], classification: Classification) -> bool:
    return (
        call.ok_errors is not None
        and isinstance(classification, Failure)
        and type(classification.error) is call.ok_errors
    )


def _unreadable(call: Call[Any], session: Session, cause: Exception) -> Failure:
    # The cause may quote the answer, and with it people's data, so only its type is named.
    error = ServerUnavailable(
        f"the answer has an unexpected structure ({type(cause).__name__})",
        platform=session.platform.name,
        call=call.name,
    )
    return Failure(error, RetryAction.AMBIGUOUS, at_most=1)


def _authorized(
    call: Call[Any], session: Session, rejected: Token | None, progress: _Progress
) -> Generator[Effect, Any, Token]:
    while True:
        try:
            return (
                yield from authorize(
                    session.platform, session.cell(), rejected, session.clock, session.on_token
                )
            )
        except ServerUnavailable as error:
            # Nothing of the call itself was sent, so every call may wait for the token server.
            wait = progress.after(Failure(error, RetryAction.RETRY), session.clock())
            if session.on_failure is not None:
                session.on_failure(call, Failure(error, RetryAction.RETRY), wait)
            yield Sleep(wait)
        except AuthenticationError as error:
            final = progress.final_error(error)
            raise final from final.__cause__


def _acquire_permit(
    call: Call[Any], session: Session, progress: _Progress
) -> Generator[Effect, Any, Permit | None]:
    if call.quota is Quota.FREE:
        return None
    permit = Permit(call.quota, uuid4().hex, call.name)
    waited = 0.0
    while (wait := (yield Acquire(call.quota, permit.permit_id, call.timeout))) > 0:
        waited += wait
        if waited > session.policy.max_queue_wait:
            message = "the account's rate limit leaves no room for the call now"
            raise progress.final_error(RateLimited(message, platform=session.platform.name, call=call.name))
        yield Sleep(wait)
    return permit


class _Progress:
    """Counts the failures of one call and decides whether there is a further attempt."""

    def __init__(self, call: Call[Any], session: Session) -> None:
        self.call = call
        self.policy = session.policy
        self.clock = session.clock
        self.refused_since: float | None = None
        self.failures = 0
        self.ambiguous_retries = 0
        self.bounded_retries = 0
        self.token_refreshes = 0
        self.tries = 0
        self.ambiguous = False

    def was_deleted_before(self, classification: Classification) -> bool:
        """Whether a DELETE finds nothing because an earlier attempt, whose answer was lost, deleted it."""
        return (
            self.ambiguous
            and self.call.route.method == "DELETE"
            and self.call.replay is Replay.SAFE
            and isinstance(classification, Failure)
            and isinstance(classification.error, NotFound)
            # A code inside Marketo's 200 says that the list from which leads are removed does not exist.
            and classification.error.status == 404
        )

    def after(self, failure: Failure, sent_at: float) -> float:
        """Seconds to wait before the next attempt.

        :raises PlatformError: when there is no further attempt.
        """
        self.failures += 1
        if self.refused_since is None:
            self.refused_since = sent_at
        match failure.action:
            case RetryAction.FAIL:
                raise self.final_error(failure.error)
            case RetryAction.REFRESH_TOKEN:
                self.token_refreshes += 1
                if self.token_refreshes > self.policy.max_token_refreshes:
                    raise self.final_error(_as_authentication(failure.error))
                return 0.0
            case RetryAction.AMBIGUOUS:
                return self._after_ambiguous(failure, sent_at)
            case RetryAction.BACK_OFF | RetryAction.REDUCE_CONCURRENCY | RetryAction.RETRY:
                if failure.at_most is not None:
                    self.bounded_retries += 1
                    if self.bounded_retries > failure.at_most:
                        raise self.final_error(failure.error)
                return self._within_max_elapsed(failure, self.policy.backoff(self.failures, failure.wait))

    def _after_ambiguous(self, failure: Failure, sent_at: float) -> float:
        self.ambiguous_retries += 1
        self.ambiguous = True
        if self.call.replay not in (Replay.SAFE, Replay.WAIT):
            raise self.final_error(failure.error)
        allowed = (
            self.policy.max_ambiguous_retries
            if failure.at_most is None
            else min(failure.at_most, self.policy.max_ambiguous_retries)
        )
        if self.ambiguous_retries > allowed:
            raise self.final_error(failure.error)
        wait = self.policy.backoff(self.failures, failure.wait)
        if self.call.replay is Replay.WAIT:
            # The first attempt may still run on the server, and two at once could create duplicates.
            wait = max(wait, self.call.timeout - (self.clock() - sent_at))
        return self._within_max_elapsed(failure, wait)

    def _within_max_elapsed(self, failure: Failure, wait: float) -> float:
        since = self.refused_since if self.refused_since is not None else self.clock()
        max_elapsed = self.policy.max_elapsed if self.call.max_elapsed is None else self.call.max_elapsed
        if self.clock() + wait - since > min(max_elapsed, self.policy.max_elapsed):
            raise self.final_error(failure.error)
        return wait

    def final_error(self, error: PlatformError) -> PlatformError:
        """The error to raise.

        After an ambiguous attempt only a validation error is conclusive, because the platform refused that
        input the first time too. A conflict is not: the ambiguous attempt may have created the object.
        """
        conclusive = isinstance(error, InvalidRequest) and not isinstance(error, Conflict)
        if not self.ambiguous or self.call.replay is Replay.SAFE or conclusive:
            return error
        unknown = OutcomeUnknown(
            f"the platform may or may not have done it: {error.message}",
            platform=error.platform,
            call=self.call.name,
            code=error.code,
            status=error.status,
            request_id=error.request_id,
        )
        unknown.__cause__ = error
        return unknown


def _as_authentication(error: PlatformError) -> PlatformError:
    if isinstance(error, AuthenticationError):
        return error
    return AuthenticationError(
        f"new tokens are refused too: {error.message}",
        platform=error.platform,
        call=error.call,
        code=error.code,
        status=error.status,
        request_id=error.request_id,
    )
