"""Runs one call against a platform, without I/O of its own.

:func:`exchange` is a generator. It yields effects (send this request, wait so long, acquire a permit) and
is sent their results, as httpx's ``Auth.auth_flow`` does. Two drivers run it, one blocking and one for event
loops. So authorization, budget, classification and retries exist once, and tests can feed it answers. Access
tokens are shared within a process by everything that uses the same credentials.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

from airflow_provider_mkt.client import jitter
from airflow_provider_mkt.client.call import Call, Envelope, Quota, Replay
from airflow_provider_mkt.client.errors import (
    AuthenticationError,
    Conflict,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    RequestRefused,
    ServerUnavailable,
    TaskCancelled,
)
from airflow_provider_mkt.client.ratelimit.servers import SHARED_STATE_WAIT, Outage
from airflow_provider_mkt.client.ratelimit.store import SharedStateUnavailable, permit_id_of
from airflow_provider_mkt.client.transport.platform import (
    ACCOUNT_UNKNOWN,
    Acquire,
    Classification,
    Effect,
    Failure,
    NoAnswer,
    Permit,
    Platform,
    Rate,
    Response,
    RetryAction,
    Send,
    Sleep,
    Success,
)

if TYPE_CHECKING:
    from airflow_provider_mkt.client.ratelimit.activity import AccountUser

T = TypeVar("T")


_SHORTEST_SECRET = 8
"""Length of the shortest secret that is redacted: a shorter one would also match ordinary text."""

MARGIN = 30.0
"""Seconds before its expiry at which a token counts as expired."""


@dataclass(frozen=True)
class Reply(Generic[T]):
    """The result of a call, with the attempts that it took.

    :param value: the answer as the call's ``read`` returned it.
    :param envelope: the whole decoded answer; empty when the call's ``decode`` returned the value.
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


@dataclass(frozen=True)
class RetryPolicy:
    """The retries of one call.

    :param base: the first wait, in seconds; it doubles with each failure, with jitter.
    :param cap: the longest wait, in seconds.
    :param max_elapsed: how long one call is retried after its first failure, in seconds.
    :param max_ambiguous_retries: retries after ambiguous failures, for calls that may be repeated at all.
    :param max_token_refreshes: tokens fetched for one call before its credentials count as invalid.
    :param max_queue_wait: how long one call may wait for permits altogether, in seconds.
    :param max_shared_state_wait: how long one call may wait for the server that keeps the permits, in
        seconds, when it cannot be reached.
    :param draw: returns a random number from 0 to 1, for the jitter.
    """

    base: float = 2.0
    cap: float = 60.0
    max_elapsed: float = 600.0
    max_ambiguous_retries: int = 4
    max_token_refreshes: int = 2
    max_queue_wait: float = math.inf
    max_shared_state_wait: float = SHARED_STATE_WAIT
    draw: Callable[[], float] = field(default=jitter.fraction, repr=False)

    def backoff(self, failures: int, at_least: float | None = None) -> float:
        """The wait before the next attempt, in seconds.

        :param failures: how many attempts have failed; 1 after the first.
        :param at_least: the wait that the platform asks for. A little jitter is added to it, so that calls
            that were refused together are not repeated together.
        """
        if at_least is not None:
            return at_least + min(1.0, at_least * 0.1) * self.draw()
        ceiling = min(self.cap, self.base * float(2 ** min(failures - 1, 10)))
        return ceiling * (0.1 + 0.9 * self.draw())

    @classmethod
    def no_retry(cls) -> RetryPolicy:
        """One attempt and no waiting: for connection tests, which occupy a thread of the API server."""
        return cls(
            max_elapsed=0.0,
            max_ambiguous_retries=0,
            max_token_refreshes=1,
            max_queue_wait=1.0,
            max_shared_state_wait=0.0,
        )


@dataclass(frozen=True)
class Token:
    """An access token and its expiry.

    :param usable_until: when to stop using it, in seconds on the session's clock; None when it does not
        expire. That is ``MARGIN`` before its expiry, except for a token that lives no longer than that.
    """

    value: str = field(repr=False)
    usable_until: float | None = None


class TokenCell:
    """Holds the token of one set of credentials, and the lock under which it is refreshed.

    An exchange never blocks on the lock: when it is taken the exchange yields a Sleep, so the same code works
    on threads and on event loops.
    """

    def __init__(self) -> None:
        self.token: Token | None = None
        self.refreshing = threading.Lock()

    def current(self, now: float, rejected: Token | None) -> Token | None:
        token = self.token
        if token is None or token is rejected:
            return None
        if token.usable_until is not None and now >= token.usable_until:
            return None
        return token


_cells: dict[str, TokenCell] = {}
_cells_lock = threading.Lock()


def cell_for(key: str) -> TokenCell:
    """The process-wide cell of one set of credentials."""
    with _cells_lock:
        return _cells.setdefault(key, TokenCell())


def _after_fork() -> None:
    # A thread that held one of the locks does not exist in the child, so nobody would release it.
    global _cells_lock
    _cells_lock = threading.Lock()
    for cell in _cells.values():
        cell.refreshing = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


@dataclass
class Session:
    """A platform account as the exchange uses it.

    :param policy: how long and how often to retry.
    :param clock: seconds that never run backwards.
    :param tokens: where the access token is kept; shared by all of the process when None.
    :param on_failure: called after each failed attempt that is repeated: the call, its failure and the
        seconds until the next attempt. For logs, and for adapting concurrency.
    :param learn: called with a rate limit that an answer states, when it is not the one in *rates*.
    :param rates: the limits that are known.
    :param on_token: called with each new access token, so that logs can mask it.
    :param account_found: called with the name of the account, or None, when a permit needs it.
    :param user: who uses the account, for people; nobody needs to know when None.
    """

    platform: Platform
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    clock: Callable[[], float] = time.monotonic
    tokens: TokenCell | None = None
    on_failure: Callable[[Call[Any], Failure, float], None] | None = None
    learn: Callable[[Quota, Rate], None] | None = None
    rates: Mapping[Quota, Rate] = field(default_factory=dict)
    on_token: Callable[[str], None] | None = None
    account_found: Callable[[str | None], None] | None = None
    user: AccountUser | None = None

    @cached_property
    def cell(self) -> TokenCell:
        return self.tokens or cell_for(self.platform.credentials_key)


def exchange(call: Call[T], session: Session) -> Generator[Effect, Any, Reply[T]]:
    """Run one call to its result.

    :raises PlatformError: one of :mod:`airflow_provider_mkt.client.errors`.
    :raises TaskCancelled: when a wait was cancelled; it says whether an attempt was ambiguous.
    """
    progress = _Progress(call, session)
    try:
        return (yield from _attempts(call, session, progress))
    except TaskCancelled as cancelled:
        cancelled.ambiguous = progress.ambiguous
        raise


def _attempts(call: Call[T], session: Session, progress: _Progress) -> Generator[Effect, Any, Reply[T]]:
    rejected: Token | None = None
    while True:
        token = yield from _authorized(call, session, rejected, progress)
        permit = yield from _acquire_permit(call, session, progress)
        sent_at = session.clock()
        progress.tries += 1
        request = session.platform.build(call, token.value)
        answer: Response | NoAnswer = yield Send(request, permit, call.buffer)
        took = session.clock() - sent_at
        if isinstance(answer, Response):
            answer = without_secrets(answer, token.value)
            _learn(call, session, answer)
            if (decoded := _decoded(call, answer)) is not None:
                return Reply(decoded, {}, progress.ambiguous, progress.tries, took)
        classification = _classify(call, session, answer)
        if isinstance(classification, Failure) and (
            progress.was_deleted_before(classification) or type(classification.error) is call.ok_errors
        ):
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


def _learn(call: Call[Any], session: Session, answer: Response) -> None:
    rate = session.platform.observed_rate(call, answer)
    if rate is not None and session.learn is not None and rate != session.rates.get(call.quota):
        session.learn(call.quota, rate)
    if session.user is not None and (day := session.platform.observed_day(answer)) is not None:
        session.user.day_read(*day)


def _decoded(call: Call[T], answer: Response) -> T | None:
    """Return the result of a plain success; None for any other answer."""
    if call.decode is None or answer.status != 200:
        return None
    try:
        return call.decode(answer.content)
    except (ValueError, RecursionError):
        return None


def _classify(call: Call[Any], session: Session, answer: Response | NoAnswer) -> Classification:
    if isinstance(answer, NoAnswer):
        error = session.platform.without_answer(call, answer)
        return Failure(error, RetryAction.AMBIGUOUS if answer.sent else RetryAction.RETRY)
    return session.platform.classify(call, answer)


def without_secrets(answer: Response, *secrets: str) -> Response:
    """The answer with all *secrets* redacted, because a platform may quote what it was sent."""
    content = answer.content
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            for spelling in {secret, quote(secret, safe=""), secret.replace("/", "\\/")}:
                content = content.replace(spelling.encode(), b"***")
    return answer if content == answer.content else replace(answer, content=content)


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
                    session.platform, session.cell, rejected, session.clock, session.on_token
                )
            )
        except ServerUnavailable as error:
            # Nothing of the call itself was sent, so every call may wait for the token server.
            wait = progress.after(Failure(error, RetryAction.RETRY), session.clock())
            if session.on_failure is not None:
                session.on_failure(call, Failure(error, RetryAction.RETRY), wait)
            yield Sleep(wait)
        except (AuthenticationError, RequestRefused) as error:
            final = progress.final_error(error)
            raise final from final.__cause__


def _acquire_permit(
    call: Call[Any], session: Session, progress: _Progress
) -> Generator[Effect, Any, Permit | None]:
    if call.quota is Quota.FREE:
        return None
    user = session.user
    permit = Permit(call.quota, permit_id_of("" if user is None else user.name), call.name)
    if user is None:
        return (yield from _wait_for(permit, call, session, progress))
    with user.waiting(call.quota):
        return (yield from _wait_for(permit, call, session, progress))


def _wait_for(
    permit: Permit, call: Call[Any], session: Session, progress: _Progress
) -> Generator[Effect, Any, Permit]:
    waited = 0.0
    outage = Outage(session.policy.max_shared_state_wait, session.clock)
    while True:
        try:
            wait: float = yield Acquire(
                call.quota, permit.permit_id, call.timeout, session.policy.max_queue_wait
            )
        except SharedStateUnavailable as error:
            try:
                pause = outage.after(error)
            except SharedStateUnavailable:
                raise progress.final_error(error) from None
            yield Sleep(pause)
            continue
        outage.end()
        if wait == ACCOUNT_UNKNOWN:
            yield from _find_account(session)
            continue
        if wait <= 0:
            return permit
        waited += wait
        if waited > session.policy.max_queue_wait:
            message = "the account's rate limit leaves no room for the call now"
            raise progress.final_error(RateLimited(message, platform=session.platform.name, call=call.name))
        yield Sleep(wait)


def _find_account(session: Session) -> Generator[Effect, Any, None]:
    """Find out which account the credentials belong to. Where that fails, the quota counts for them alone."""
    account = None
    if (call := session.platform.find_account()) is not None:
        try:
            account = (yield from exchange(call, session)).value.name
        except PlatformError:
            account = None
    if session.account_found is not None:
        session.account_found(account)


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

    def was_deleted_before(self, failure: Failure) -> bool:
        """Whether a DELETE finds nothing because an earlier attempt, whose answer was lost, deleted it."""
        return (
            self.ambiguous
            and self.call.route.method == "DELETE"
            and self.call.replay is Replay.SAFE
            and isinstance(failure.error, NotFound)
            # A code inside Marketo's 200 says that the list from which leads are removed does not exist.
            and failure.error.status == 404
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
            if isinstance(failure.error, RateLimited):
                failure.error.retry_at = datetime.now(UTC) + timedelta(seconds=wait)
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


def authorize(
    platform: Platform,
    cell: TokenCell,
    rejected: Token | None,
    clock: Callable[[], float],
    on_token: Callable[[str], None] | None = None,
) -> Generator[Effect, Any, Token]:
    """Get a token: the shared one while it is usable, else a new one, fetched by one caller for all.

    :param rejected: the token that the platform has just refused, if any.
    :raises AuthenticationError: when the platform does not accept the credentials.
    """
    while True:
        token = cell.current(clock(), rejected)
        if token is not None:
            return token
        lock = cell.refreshing
        if not lock.acquire(blocking=False):
            yield Sleep(0.05)
            continue
        try:
            token = cell.current(clock(), rejected)
            if token is None:
                token = yield from _refresh(platform, clock)
                cell.token = token
                if on_token is not None:
                    on_token(token.value)
            return token
        finally:
            lock.release()


def _refresh(platform: Platform, clock: Callable[[], float]) -> Generator[Effect, Any, Token]:
    """Fetch a token.

    When the platform returns one that is about to expire, wait for that once: until then it returns the same.
    """
    for waited in (False, True):
        requested_at = clock()
        request = platform.token_request()
        if request is None:
            return Token(platform.static_token())
        value, lifetime = platform.read_token((yield Send(request)))
        if lifetime > MARGIN:
            return Token(value, requested_at + lifetime - MARGIN)
        if waited:
            break
        yield Sleep(max(lifetime, 0.0) + 1.0)
    return Token(value, requested_at + lifetime)
