"""What the exchange does after each kind of answer, which the tests feed to it."""

from __future__ import annotations

import itertools

import pytest
from client_tools import (
    Clock,
    Hand,
    ScriptedPlatform,
    a_call,
    answer,
    done,
    failure,
    hubspot,
    marketo,
    refused,
    success,
    token_answer,
)
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.client.call import Quota, Replay, Route
from airflow_provider_mkt.client.errors import (
    AuthenticationError,
    Conflict,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    PlatformError,
    QuotaExhausted,
    RateLimited,
    ServerUnavailable,
)
from airflow_provider_mkt.client.transport.exchange import RetryPolicy, TokenCell
from airflow_provider_mkt.client.transport.platform import (
    Acquire,
    Failure,
    NoAnswer,
    Rate,
    Response,
    RetryAction,
    Send,
    Sleep,
)

REJECTED = [RetryAction.BACK_OFF, RetryAction.REDUCE_CONCURRENCY, RetryAction.RETRY]
BUSY = ServerUnavailable("busy", platform="scripted", call="things.do", code="608", request_id="r1")


def scripted(
    replay: Replay = Replay.SAFE, policy: RetryPolicy | None = None, **call: object
) -> tuple[ScriptedPlatform, Hand]:
    platform = ScriptedPlatform()
    return platform, Hand(a_call(replay, **call), platform, policy=policy)


class TestHappyPath:
    def test_result_envelope_and_number_of_tries_are_returned(self) -> None:
        platform, hand = scripted()
        hand.give(platform.answer_for(done({"result": [1, 2]})))
        assert hand.reply is not None
        assert (hand.reply.value, hand.reply.envelope) == ([1, 2], {"result": [1, 2]})
        assert (hand.reply.ambiguous, hand.reply.tries) == (False, 1)

    def test_a_token_is_fetched_before_the_permit_is_acquired_and_the_call_is_sent_last(self) -> None:
        hand = Hand(a_call(), marketo())
        hand.give(token_answer("token-one")).give(success())
        kinds = [type(effect) for effect in hand.effects]
        assert kinds == [Send, Acquire, Send]
        assert "/identity/oauth/token" in hand.requests[0].url
        assert hand.requests[1].url.endswith("/rest/v1/things.json")

    def test_the_permit_is_acquired_from_the_calls_own_quota(self) -> None:
        _, hand = scripted(quota=Quota.SEARCH)
        assert Acquire(Quota.SEARCH) in hand.effects

    def test_a_free_call_acquires_no_permit(self) -> None:
        platform, hand = scripted(quota=Quota.FREE)
        hand.give(platform.answer_for(done()))
        assert [type(effect) for effect in hand.effects] == [Send]

    def test_it_waits_for_a_permit_as_long_as_the_budget_says(self) -> None:
        waits = iter([3.0, 0.5, 0.0])
        hand = Hand(a_call(), ScriptedPlatform(), permit_waits=lambda: next(waits))
        assert hand.sleeps == [3.0, 0.5]
        assert hand.pending is not None

    def test_every_retry_acquires_a_permit_of_its_own(self) -> None:
        platform, hand = scripted()
        hand.give(platform.answer_for(refused(BUSY, RetryAction.RETRY))).give(platform.answer_for(done()))
        assert sum(isinstance(effect, Acquire) for effect in hand.effects) == 2


class TestRetryTable:
    @pytest.mark.parametrize(
        ("step", "replay"), list(itertools.product([*REJECTED, RetryAction.REFRESH_TOKEN], Replay))
    )
    def test_a_rejected_call_is_repeated_in_every_class(self, step: RetryAction, replay: Replay) -> None:
        platform, hand = scripted(replay)
        hand.give(platform.answer_for(refused(BUSY, step)))
        hand.give(platform.answer_for(done()))
        assert hand.reply is not None
        assert (hand.reply.tries, hand.reply.ambiguous) == (2, False)

    @pytest.mark.parametrize("replay", Replay)
    def test_a_call_that_was_never_sent_is_repeated_in_every_class(self, replay: Replay) -> None:
        platform, hand = scripted(replay)
        hand.give(NoAnswer("refused", sent=False)).give(platform.answer_for(done()))
        assert hand.reply is not None
        assert not hand.reply.ambiguous

    @pytest.mark.parametrize("replay", Replay)
    def test_a_final_failure_is_raised_at_once_in_every_class(self, replay: Replay) -> None:
        platform, hand = scripted(replay)
        error = InvalidRequest("no")
        hand.give(platform.answer_for(refused(error, RetryAction.FAIL)))
        assert hand.error is error
        assert len(hand.requests) == 1

    @pytest.mark.parametrize("sent", ["no answer", "ambiguous answer"])
    def test_an_ambiguous_safe_call_is_repeated_and_its_reply_says_so(self, sent: str) -> None:
        platform, hand = scripted(Replay.SAFE)
        first = (
            NoAnswer("reset", sent=True)
            if sent == "no answer"
            else platform.answer_for(refused(BUSY, RetryAction.AMBIGUOUS))
        )
        hand.give(first).give(platform.answer_for(done()))
        assert hand.reply is not None
        assert (hand.reply.tries, hand.reply.ambiguous) == (2, True)
        assert hand.sleeps[0] < 10

    @pytest.mark.parametrize("replay", [Replay.VERIFY, Replay.NEVER])
    @pytest.mark.parametrize("kind", ["no answer", "ambiguous answer", "unreadable answer"])
    def test_a_call_that_may_not_be_repeated_ends_as_outcome_unknown(self, replay: Replay, kind: str) -> None:
        platform = ScriptedPlatform()
        hand = Hand(a_call(replay, read=lambda envelope: envelope["result"]), platform)
        hand.give(
            {
                "no answer": NoAnswer("reset", sent=True),
                "ambiguous answer": platform.answer_for(refused(BUSY, RetryAction.AMBIGUOUS)),
                "unreadable answer": platform.answer_for(done({"other": 1})),
            }[kind]
        )
        assert isinstance(hand.error, OutcomeUnknown)
        assert isinstance(hand.error.__cause__, ServerUnavailable)
        assert len(hand.requests) == 1

    def test_outcome_unknown_keeps_the_platforms_code_and_request_id(self) -> None:
        platform, hand = scripted(Replay.NEVER)
        hand.give(platform.answer_for(refused(BUSY, RetryAction.AMBIGUOUS)))
        assert isinstance(hand.error, OutcomeUnknown)
        assert (hand.error.code, hand.error.request_id, hand.error.call) == ("608", "r1", "things.do")

    @pytest.mark.parametrize("elapsed", [0.0, 1.0, 60.0, 89.0])
    def test_a_wait_call_is_repeated_only_after_its_own_time_limit(self, elapsed: float) -> None:
        _platform, hand = scripted(Replay.WAIT)
        sent_at = hand.clock.now
        hand.give(NoAnswer("reset", sent=True), after=elapsed)
        assert hand.pending is not None
        assert hand.clock.now - sent_at >= 90.0
        assert hand.clock.now - sent_at < 110.0

    def test_a_wait_call_does_not_wait_again_after_its_time_limit(self) -> None:
        _platform, hand = scripted(Replay.WAIT)
        hand.give(NoAnswer("time-out", sent=True), after=100.0)
        assert hand.sleeps[0] <= 2.0

    def test_a_wait_call_ends_as_outcome_unknown_when_max_elapsed_is_too_short_to_wait(self) -> None:
        _platform, hand = scripted(Replay.WAIT, RetryPolicy(max_elapsed=80))
        hand.give(NoAnswer("reset", sent=True))
        assert isinstance(hand.error, OutcomeUnknown)
        assert len(hand.requests) == 1


class TestAfterAnAmbiguousAttempt:
    @pytest.mark.parametrize(
        "later",
        [
            PermissionDenied("gone"),
            AuthenticationError("dead"),
            Conflict("exists already"),
            ServerUnavailable("down"),
            RateLimited("over"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_a_later_failure_is_not_conclusive(self, later: PlatformError) -> None:
        platform, hand = scripted(Replay.WAIT)
        hand.give(NoAnswer("reset", sent=True)).give(platform.answer_for(refused(later, RetryAction.FAIL)))
        assert isinstance(hand.error, OutcomeUnknown)
        assert hand.error.__cause__ is later

    def test_a_validation_error_is_conclusive(self) -> None:
        platform, hand = scripted(Replay.WAIT)
        error = InvalidRequest("bad field")
        hand.give(NoAnswer("reset", sent=True)).give(platform.answer_for(refused(error, RetryAction.FAIL)))
        assert hand.error is error

    @pytest.mark.parametrize("status", [404, 200, None])
    def test_a_delete_that_finds_nothing_after_an_ambiguous_attempt_succeeded_only_on_404(
        self, status: int | None
    ) -> None:
        platform, hand = scripted(Replay.SAFE, route=Route("DELETE", "lead", "/things/1.json"))
        error = NotFound("not there", status=status)
        hand.give(NoAnswer("reset", sent=True)).give(platform.answer_for(refused(error, RetryAction.FAIL)))
        if status == 404:
            assert hand.reply is not None
            assert hand.reply.ambiguous
        else:
            assert hand.error is error

    def test_a_delete_that_finds_nothing_at_its_first_attempt_fails(self) -> None:
        platform, hand = scripted(Replay.SAFE, route=Route("DELETE", "lead", "/things/1.json"))
        error = NotFound("not there", status=404)
        hand.give(platform.answer_for(refused(error, RetryAction.FAIL)))
        assert hand.error is error

    def test_a_safe_call_keeps_the_error_as_it_is(self) -> None:
        platform, hand = scripted(Replay.SAFE)
        error = PermissionDenied("gone")
        hand.give(NoAnswer("reset", sent=True)).give(platform.answer_for(refused(error, RetryAction.FAIL)))
        assert hand.error is error

    def test_reaching_max_elapsed_over_refusals_is_still_ambiguous(self) -> None:
        platform, hand = scripted(Replay.WAIT, RetryPolicy(max_elapsed=200))
        hand.give(NoAnswer("reset", sent=True))
        while not hand.done:
            hand.give(platform.answer_for(refused(RateLimited("over"), RetryAction.BACK_OFF, wait=20)))
        assert isinstance(hand.error, OutcomeUnknown)

    def test_credentials_that_become_invalid_are_not_conclusive(self) -> None:
        hand = Hand(a_call(Replay.WAIT), marketo())
        hand.give(token_answer("token-one")).give(NoAnswer("reset", sent=True)).give(failure("602"))
        hand.give(answer(401, {"error": "invalid_client"}))
        assert isinstance(hand.error, OutcomeUnknown)
        assert isinstance(hand.error.__cause__, AuthenticationError)


class TestLimits:
    @pytest.mark.parametrize("step", REJECTED)
    def test_max_elapsed_limits_how_long_a_refused_call_is_repeated(self, step: RetryAction) -> None:
        platform, hand = scripted(Replay.NEVER, RetryPolicy(max_elapsed=100))
        began = hand.clock.now
        while not hand.done:
            hand.give(platform.answer_for(refused(BUSY, step)))
        assert hand.error is BUSY
        assert 0 < hand.clock.now - began <= 100
        assert len(hand.requests) > 2

    def test_a_wait_that_is_longer_than_max_elapsed_is_not_begun(self) -> None:
        platform, hand = scripted(policy=RetryPolicy(max_elapsed=100))
        hand.give(platform.answer_for(refused(BUSY, RetryAction.RETRY, wait=3600)))
        assert hand.error is BUSY
        assert hand.sleeps == []

    def test_a_wait_that_the_platform_asks_for_is_kept(self) -> None:
        platform, hand = scripted()
        hand.give(platform.answer_for(refused(BUSY, RetryAction.BACK_OFF, wait=20)))
        assert 20 <= hand.sleeps[-1] <= 22

    @pytest.mark.parametrize("max_ambiguous_retries", [0, 1, 4])
    def test_max_ambiguous_retries_limits_ambiguous_retries(self, max_ambiguous_retries: int) -> None:
        _platform, hand = scripted(policy=RetryPolicy(max_ambiguous_retries=max_ambiguous_retries))
        while not hand.done:
            hand.give(NoAnswer("reset", sent=True))
        assert isinstance(hand.error, ServerUnavailable)
        assert len(hand.requests) == max_ambiguous_retries + 1

    @pytest.mark.parametrize("max_token_refreshes", [1, 2])
    def test_max_token_refreshes_limits_the_tokens_of_one_call(self, max_token_refreshes: int) -> None:
        hand = Hand(a_call(), marketo(), policy=RetryPolicy(max_token_refreshes=max_token_refreshes))
        for number in range(20):
            if hand.done:
                break
            assert hand.pending is not None
            identity = "identity" in hand.pending.url
            hand.give(token_answer(f"token-{number}") if identity else failure("601"))
        assert isinstance(hand.error, AuthenticationError)
        assert sum("identity" in request.url for request in hand.requests) == max_token_refreshes + 1

    @pytest.mark.parametrize("step", [RetryAction.AMBIGUOUS, RetryAction.RETRY])
    @pytest.mark.parametrize("at_most", [1, 2])
    def test_at_most_limits_the_retries_of_a_failure(self, step: RetryAction, at_most: int) -> None:
        platform, hand = scripted()
        while not hand.done:
            hand.give(platform.answer_for(refused(BUSY, step, at_most=at_most)))
        assert hand.error is BUSY
        assert len(hand.requests) == at_most + 1

    def test_a_call_without_retries_makes_one_attempt_and_never_waits(self) -> None:
        for reply in (NoAnswer("refused", sent=False), NoAnswer("reset", sent=True)):
            _, hand = scripted(policy=RetryPolicy.no_retry())
            hand.give(reply)
            assert isinstance(hand.error, ServerUnavailable)
            assert hand.sleeps == []

    def test_the_queue_wait_is_limited_over_all_waits_of_a_call_together(self) -> None:
        waits = iter([4.0, 4.0, 2.0, 0.5, 0.0])
        policy = RetryPolicy(max_queue_wait=10.0)
        hand = Hand(a_call(), ScriptedPlatform(), policy=policy, permit_waits=lambda: next(waits))
        assert hand.sleeps == [4.0, 4.0, 2.0]
        assert isinstance(hand.error, RateLimited)
        assert hand.requests == []

    def test_a_queue_wait_that_reaches_its_limit_exactly_is_allowed(self) -> None:
        waits = iter([4.0, 6.0, 0.0])
        policy = RetryPolicy(max_queue_wait=10.0)
        hand = Hand(a_call(), ScriptedPlatform(), policy=policy, permit_waits=lambda: next(waits))
        assert hand.sleeps == [4.0, 6.0]
        assert hand.pending is not None

    def test_a_call_without_retries_does_not_wait_for_a_permit(self) -> None:
        hand = Hand(a_call(), ScriptedPlatform(), policy=RetryPolicy.no_retry(), permit_waits=lambda: 20.0)
        assert isinstance(hand.error, RateLimited)
        assert hand.requests == []
        assert hand.sleeps == []

    def test_backoff_grows_to_its_cap_and_has_jitter(self) -> None:
        highest = [RetryPolicy(draw=lambda: 1.0).backoff(n) for n in range(1, 9)]
        lowest = [RetryPolicy(draw=lambda: 0.0).backoff(n) for n in range(1, 9)]
        assert highest == [2, 4, 8, 16, 32, 60, 60, 60]
        assert all(0 < low <= high / 5 for low, high in zip(lowest, highest, strict=True))


class TestUnreadable:
    @pytest.mark.parametrize("kind", [KeyError, IndexError, TypeError, ValueError, AttributeError])
    def test_an_unreadable_answer_is_requested_once_more(self, kind: type[Exception]) -> None:
        def read(envelope: object) -> None:
            raise kind("jane.doe@example.com")

        platform, hand = scripted(read=read)
        while not hand.done:
            hand.give(platform.answer_for(done()))
        assert isinstance(hand.error, ServerUnavailable)
        assert len(hand.requests) == 2
        assert kind.__name__ in str(hand.error)
        assert hand.error.__context__ is None, "the cause may quote the answer"
        assert "jane" not in str(hand.error)


class TestCallbacks:
    def test_failures_that_are_repeated_are_reported_with_their_wait(self) -> None:
        reported: list[tuple[Failure, float]] = []
        platform = ScriptedPlatform()
        hand = Hand(
            a_call(), platform, on_failure=lambda call, refusal, wait: reported.append((refusal, wait))
        )
        hand.give(platform.answer_for(refused(BUSY, RetryAction.BACK_OFF, wait=5))).give(
            platform.answer_for(done())
        )
        assert [refusal.action for refusal, _ in reported] == [RetryAction.BACK_OFF]
        assert reported[0][1] == hand.sleeps[0]

    def test_a_stated_rate_is_learned_from_a_refusal_too(self) -> None:
        learned: list[tuple[Quota, Rate]] = []
        hand = Hand(
            a_call(route=Route("GET", "contacts")),
            hubspot(),
            learn=lambda quota, rate: learned.append((quota, rate)),
        )
        headers = {"X-HubSpot-RateLimit-Max": "190", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000"}
        hand.give(answer(404, {"message": "no"}, headers))
        assert learned == [(Quota.CALLS, Rate(190, 10.0))]


def test_closing_the_exchange_during_a_token_refresh_releases_the_lock() -> None:
    cell = TokenCell()
    hand = Hand(a_call(), marketo(), cell=cell)
    assert cell.refreshing.locked()
    hand.steps.close()
    assert not cell.refreshing.locked()


ANSWERS = st.sampled_from(
    [
        "done",
        "unreadable",
        "reset",
        "not sent",
        "ambiguous",
        "refresh token",
        "back off",
        "reduce concurrency",
        "retry",
    ]
)


@given(
    replay=st.sampled_from([Replay.NEVER, Replay.VERIFY]),
    script=st.lists(st.tuples(ANSWERS, st.floats(0, 400)), max_size=30),
)
def test_a_call_that_may_have_been_executed_is_never_sent_again(
    replay: Replay, script: list[tuple[str, float]]
) -> None:
    platform = ScriptedPlatform()
    hand = Hand(a_call(replay, read=lambda envelope: envelope["result"]), platform)
    may_have_run = False
    for kind, after in script:
        if hand.done:
            break
        assert not may_have_run, "sent again"
        may_have_run = kind in {"done", "unreadable", "reset", "ambiguous"}
        steps = {
            "ambiguous": RetryAction.AMBIGUOUS,
            "refresh token": RetryAction.REFRESH_TOKEN,
            "back off": RetryAction.BACK_OFF,
            "reduce concurrency": RetryAction.REDUCE_CONCURRENCY,
            "retry": RetryAction.RETRY,
        }
        reply: Response | NoAnswer
        match kind:
            case "done":
                reply = platform.answer_for(done())
            case "unreadable":
                reply = platform.answer_for(done({"nothing": 1}))
            case "reset":
                reply = NoAnswer("reset", sent=True)
            case "not sent":
                reply = NoAnswer("refused", sent=False)
            case _:
                reply = platform.answer_for(refused(BUSY, steps[kind]))
        hand.give(reply, after=after)
    if may_have_run:
        assert hand.done
        assert hand.reply is not None or isinstance(hand.error, OutcomeUnknown)


@given(
    script=st.lists(
        st.tuples(st.sampled_from(["reset", "ambiguous", "retry", "back off"]), st.floats(0, 400)),
        max_size=12,
    )
)
def test_a_wait_call_is_never_sent_twice_within_its_time_limit(script: list[tuple[str, float]]) -> None:
    platform = ScriptedPlatform()
    clock = Clock()
    hand = Hand(a_call(Replay.WAIT), platform, clock=clock, policy=RetryPolicy(max_elapsed=10_000))
    ambiguous_since: float | None = None
    for kind, after in script:
        if hand.done:
            break
        sent_at = clock.now
        if ambiguous_since is not None:
            assert sent_at - ambiguous_since >= 89.999
        if kind in {"reset", "ambiguous"}:
            ambiguous_since = sent_at
        reply = {
            "reset": NoAnswer("reset", sent=True),
            "ambiguous": platform.answer_for(refused(BUSY, RetryAction.AMBIGUOUS)),
            "retry": platform.answer_for(refused(BUSY, RetryAction.RETRY)),
            "back off": platform.answer_for(refused(BUSY, RetryAction.BACK_OFF, wait=1)),
        }[kind]
        hand.give(reply, after=after)


def test_an_exhausted_quota_is_not_waited_for() -> None:
    hand = Hand(a_call(), marketo())
    hand.give(token_answer("token-one")).give(failure("607", "Daily quota reached"))
    assert isinstance(hand.error, QuotaExhausted)
    assert not any(isinstance(effect, Sleep) for effect in hand.effects)


@pytest.mark.parametrize("status", [408, 421, 425, 499])
@pytest.mark.parametrize("make", [hubspot, marketo])
def test_a_passing_status_is_repeated_only_where_that_is_safe(make, status: int) -> None:
    for replay in Replay:
        hand = Hand(a_call(replay, route=Route("POST", "contacts" if make is hubspot else "lead")), make())
        if make is marketo:
            hand.give(token_answer("token-one"))
        hand.give(answer(status))
        if replay in (Replay.SAFE, Replay.WAIT):
            hand.give(success() if make is marketo else answer(200, {"result": []}))
            assert hand.reply is not None
            assert hand.reply.ambiguous
        else:
            assert type(hand.error) is OutcomeUnknown


def test_a_refusal_of_the_host_says_nothing_about_a_request_that_was_lost() -> None:
    refusal = {"message": "unknown to this Hublet", "correctHublet": "eu1"}
    hand = Hand(a_call(Replay.WAIT, route=Route("POST", "contacts")), hubspot())
    hand.give(answer(502)).give(answer(488, refusal))
    assert type(hand.error) is OutcomeUnknown
    assert "https://api-eu1.hubapi.com" in hand.error.message
