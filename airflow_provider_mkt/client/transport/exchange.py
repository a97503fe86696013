"""The one way a call goes to a platform and back.

:func:`exchange` is a generator. It yields what it wants done (send this, wait so long, take
a place in the budget) and is sent the results, as httpx's ``Auth.auth_flow`` does. Two drivers
pump it, one blocking and one for event loops, so authorisation, budgets, judging and replay
exist once, and can be tested by feeding it answers by hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import uuid4

from airflow_provider_mkt.client.call import Call, Envelope, Meter, Replay
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
from airflow_provider_mkt.client.transport.classification import Done, Next, Refused, Verdict
from airflow_provider_mkt.client.transport.platform import Platform, Rate
from airflow_provider_mkt.client.transport.retry_policy import Policy
from airflow_provider_mkt.client.transport.tokens import Token, TokenCell, authorise, cell_for
from airflow_provider_mkt.client.transport.wire import Effect, NoAnswer, Place, Response, Send, Sleep, Take

T = TypeVar("T")


@dataclass(frozen=True)
class Reply(Generic[T]):
    """The result of a call, and how it came about.

    :param value: what the call's ``read`` made of the answer.
    :param envelope: the whole decoded answer.
    :param in_doubt: an earlier try may have done the work already, so a "created" may read
        "updated", and an "exists already" may be this very call's doing.
    :param tries: requests sent for it.
    :param took: seconds from when the last of them was sent to its answer.
    """

    value: T
    envelope: Envelope = field(repr=False)
    in_doubt: bool = False
    tries: int = 1
    took: float = 0.0


@dataclass
class Link:
    """A platform account as the exchange uses it.

    :param notice: told of every refusal after which the call is tried again, with the wait before that;
        for logs and for adapting concurrency.
    :param learn: told of a rate limit that an answer stated.
    :param on_token: told of every new access token, so that logs can mask it.
    """

    platform: Platform
    policy: Policy = field(default_factory=Policy)
    clock: Callable[[], float] = time.monotonic
    tokens: TokenCell | None = None
    notice: Callable[[Call[Any], Refused, float], None] | None = None
    learn: Callable[[Meter, Rate], None] | None = None
    on_token: Callable[[str], None] | None = None

    def cell(self) -> TokenCell:
        return self.tokens or cell_for(self.platform.credentials_key)


def exchange(call: Call[T], link: Link) -> Generator[Effect, Any, Reply[T]]:
    """Run one call to its end.

    :raises PlatformError: one of :mod:`airflow_provider_mkt.client.errors`.
    """
    progress = _Progress(call, link)
    rejected: Token | None = None
    while True:
        token = yield from _authorised(call, link, rejected, progress)
        place = yield from _budgeted(call, link, progress)
        sent_at = link.clock()
        progress.tries += 1
        answer: Response | NoAnswer = yield Send(link.platform.build(call, token.value), place)
        took = link.clock() - sent_at
        verdict = _judge(call, link, answer, token)
        if progress.was_deleted_before(verdict) or _is_already_so(call, verdict):
            verdict = Done({})
        if isinstance(verdict, Done):
            try:
                value = call.read(verdict.envelope)
            except (ValueError, TypeError, LookupError, AttributeError) as unreadable:
                verdict = _unreadable(call, link, unreadable)
            else:
                return Reply(value, verdict.envelope, progress.in_doubt, progress.tries, took)
        if verdict.next is Next.REFRESH:
            rejected = token
        wait = progress.after(verdict, sent_at)
        if link.notice is not None:
            link.notice(call, verdict, wait)
        yield Sleep(wait)


def _judge(call: Call[Any], link: Link, answer: Response | NoAnswer, token: Token) -> Verdict:
    if isinstance(answer, NoAnswer):
        error = link.platform.without_answer(call, answer)
        return Refused(error, Next.DOUBT if answer.sent else Next.LATER)
    if link.learn is not None and (rate := link.platform.observed_rate(call, answer)):
        link.learn(call.meter, rate)
    return link.platform.judge(call, answer.without(token.value))


def _is_already_so(call: Call[Any], verdict: Verdict) -> bool:
    return call.already is not None and isinstance(verdict, Refused) and type(verdict.error) is call.already


def _unreadable(call: Call[Any], link: Link, cause: Exception) -> Refused:
    # The cause may quote the answer, and with it people's data: only its kind is told.
    error = ServerUnavailable(
        f"the answer has a shape that cannot be read ({type(cause).__name__})",
        platform=link.platform.name,
        call=call.name,
    )
    return Refused(error, Next.DOUBT, at_most=1)


def _authorised(
    call: Call[Any], link: Link, rejected: Token | None, progress: _Progress
) -> Generator[Effect, Any, Token]:
    while True:
        try:
            return (yield from authorise(link.platform, link.cell(), rejected, link.clock, link.on_token))
        except ServerUnavailable as error:
            # Nothing of the call itself was sent, so any call may wait for the token server.
            wait = progress.after(Refused(error, Next.LATER), link.clock())
            if link.notice is not None:
                link.notice(call, Refused(error, Next.LATER), wait)
            yield Sleep(wait)
        except AuthenticationError as error:
            ending = progress.ending(error)
            raise ending from ending.__cause__


def _budgeted(call: Call[Any], link: Link, progress: _Progress) -> Generator[Effect, Any, Place | None]:
    if call.meter is Meter.FREE:
        return None
    place = Place(call.meter, uuid4().hex, call.name)
    waited = 0.0
    while (wait := (yield Take(call.meter, place.ticket, call.timeout))) > 0:
        waited += wait
        if waited > link.policy.queue:
            message = "the account's rate limit leaves no place for the call now"
            raise progress.ending(RateLimited(message, platform=link.platform.name, call=call.name))
        yield Sleep(wait)
    return place


class _Progress:
    """Counts the failures of one call and decides whether there is a next try."""

    def __init__(self, call: Call[Any], link: Link) -> None:
        self.call = call
        self.policy = link.policy
        self.clock = link.clock
        self.refused_since: float | None = None
        self.failures = 0
        self.doubts = 0
        self.bounded = 0
        self.renewals = 0
        self.tries = 0
        self.in_doubt = False

    def was_deleted_before(self, verdict: Verdict) -> bool:
        """Whether a delete finds nothing because a try whose answer was lost had deleted it."""
        return (
            self.in_doubt
            and self.call.route.method == "DELETE"
            and self.call.replay is Replay.SAFE
            and isinstance(verdict, Refused)
            and isinstance(verdict.error, NotFound)
            # A code inside Marketo's 200 says that the list is not there from which leads were to be taken.
            and verdict.error.status == 404
        )

    def after(self, refused: Refused, sent_at: float) -> float:
        """Seconds to wait before the next try.

        :raises PlatformError: when there is to be no next try.
        """
        self.failures += 1
        if self.refused_since is None:
            self.refused_since = sent_at
        match refused.next:
            case Next.FAIL:
                raise self.ending(refused.error)
            case Next.REFRESH:
                self.renewals += 1
                if self.renewals > self.policy.renewals:
                    raise self.ending(_as_authentication(refused.error))
                return 0.0
            case Next.DOUBT:
                return self._after_doubt(refused, sent_at)
            case Next.SLOW_DOWN | Next.STEP_BACK | Next.LATER:
                if refused.at_most is not None:
                    self.bounded += 1
                    if self.bounded > refused.at_most:
                        raise self.ending(refused.error)
                return self._patiently(refused, self.policy.backoff(self.failures, refused.wait))

    def _after_doubt(self, refused: Refused, sent_at: float) -> float:
        self.doubts += 1
        self.in_doubt = True
        if self.call.replay not in (Replay.SAFE, Replay.WAIT):
            raise self.ending(refused.error)
        allowed = self.policy.doubts if refused.at_most is None else min(refused.at_most, self.policy.doubts)
        if self.doubts > allowed:
            raise self.ending(refused.error)
        wait = self.policy.backoff(self.failures, refused.wait)
        if self.call.replay is Replay.WAIT:
            # The first try may still be running on the server; two at once could make duplicates.
            wait = max(wait, self.call.timeout - (self.clock() - sent_at))
        return self._patiently(refused, wait)

    def _patiently(self, refused: Refused, wait: float) -> float:
        since = self.refused_since if self.refused_since is not None else self.clock()
        patience = self.policy.patience if self.call.patience is None else self.call.patience
        if self.clock() + wait - since > min(patience, self.policy.patience):
            raise self.ending(refused.error)
        return wait

    def ending(self, error: PlatformError) -> PlatformError:
        """The error to raise: once a try is in doubt, what came after does not settle it,
        save for input that the platform refuses, since it refused it the first time too. That it
        exists already settles nothing: the try in doubt may have made it.
        """
        settled = isinstance(error, InvalidRequest) and not isinstance(error, Conflict)
        if not self.in_doubt or self.call.replay is Replay.SAFE or settled:
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
        f"new tokens keep being refused: {error.message}",
        platform=error.platform,
        call=error.call,
        code=error.code,
        status=error.status,
        request_id=error.request_id,
    )
