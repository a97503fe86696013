"""Access tokens: shared, refreshed once for all, and never shown."""

from __future__ import annotations

import os
import traceback

import pytest
from client_tools import (
    CLIENT_SECRET,
    PAT,
    REFRESH_TOKEN,
    Clock,
    Hand,
    a_call,
    answer,
    bearer,
    failure,
    hubspot,
    hubspot_oauth,
    marketo,
    success,
    token_answer,
)
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.client.call import FormBody, Replay, Route
from airflow_provider_mkt.client.errors import AuthenticationError, PlatformError, ServerUnavailable
from airflow_provider_mkt.client.hubspot.platform import HubSpot
from airflow_provider_mkt.client.marketo.platform import Marketo
from airflow_provider_mkt.client.transport.exchange import MARGIN, RetryPolicy, Token, TokenCell, cell_for
from airflow_provider_mkt.client.transport.platform import NoAnswer

CONTACT = Route("GET", "contacts", "/1")


def is_identity(hand: Hand) -> bool:
    return hand.pending is not None and "token" in hand.pending.url


class TestRefresh:
    @pytest.mark.parametrize(
        "rejection",
        [failure("600"), failure("601"), failure("602"), answer(401)],
        ids=["600", "601", "602", "401"],
    )
    def test_a_rejected_token_is_refreshed_once_and_the_call_repeated(self, rejection) -> None:
        hand = Hand(a_call(Replay.NEVER), marketo())
        hand.give(token_answer("token-one"))
        assert bearer(hand.pending) == "token-one"
        hand.give(rejection)
        assert is_identity(hand)
        hand.give(token_answer("token-two"))
        assert bearer(hand.pending) == "token-two"
        hand.give(success())
        assert hand.reply is not None
        assert (hand.reply.tries, hand.reply.ambiguous) == (2, False)

    @pytest.mark.parametrize("rejection", [failure("601"), answer(401)], ids=["601", "401"])
    def test_a_new_token_is_used_at_once(self, rejection) -> None:
        hand = Hand(a_call(Replay.NEVER), marketo())
        hand.give(token_answer("token-one")).give(rejection)
        rejected_at = hand.clock.now
        hand.give(token_answer("token-two"))
        assert bearer(hand.pending) == "token-two"
        assert hand.clock.now == rejected_at
        assert sum(hand.sleeps) == 0

    def test_an_oauth_token_is_refreshed_on_401(self) -> None:
        hand = Hand(a_call(Replay.NEVER, route=CONTACT), hubspot_oauth())
        hand.give(token_answer("token-one", 1800)).give(answer(401)).give(token_answer("token-two", 1800))
        assert bearer(hand.pending) == "token-two"

    def test_a_static_token_that_is_refused_is_not_tried_again(self) -> None:
        hand = Hand(a_call(route=CONTACT), hubspot())
        hand.give(answer(401, {"category": "EXPIRED_AUTHENTICATION"}))
        assert isinstance(hand.error, AuthenticationError)
        assert len(hand.requests) == 1

    def test_a_token_is_used_until_the_margin_before_its_expiry(self) -> None:
        clock, cell = Clock(), TokenCell()
        Hand(a_call(), marketo(), clock=clock, cell=cell).give(token_answer("token-one", 3599)).give(
            success()
        )
        clock.now += 3599 - MARGIN - 1
        assert not is_identity(Hand(a_call(), marketo(), clock=clock, cell=cell))
        clock.now += 2
        assert is_identity(Hand(a_call(), marketo(), clock=clock, cell=cell))

    def test_the_lifetime_is_counted_from_the_request_not_from_the_answer(self) -> None:
        clock, cell = Clock(), TokenCell()
        Hand(a_call(), marketo(), clock=clock, cell=cell).give(token_answer("token-one", 100), after=60)
        clock.now += 11
        assert is_identity(Hand(a_call(), marketo(), clock=clock, cell=cell))


class TestNearExpiry:
    @pytest.mark.parametrize("left", [0, 1, 29, 30])
    def test_a_token_about_to_expire_is_waited_for_once(self, left: float) -> None:
        hand = Hand(a_call(), marketo())
        hand.give(token_answer("old-token", left))
        assert hand.sleeps == [left + 1]
        assert is_identity(hand)
        hand.give(token_answer("new-token"))
        assert bearer(hand.pending) == "new-token"

    @pytest.mark.parametrize("life", [-5, 0, 5, 20, "12"])
    def test_a_token_with_a_short_lifetime_is_used_and_not_requested_for_ever(self, life: float) -> None:
        hand = Hand(a_call(), marketo())
        hand.give(token_answer("short-one", life)).give(token_answer("short-two", life))
        assert bearer(hand.pending) == "short-two"
        assert all(seconds >= 0 for seconds in hand.sleeps)

    def test_a_token_with_a_short_lifetime_is_shared_until_it_expires(self) -> None:
        clock, cell = Clock(), TokenCell()
        first = Hand(a_call(), marketo(), clock=clock, cell=cell)
        first.give(token_answer("short-one", 20)).give(token_answer("short-two", 20)).give(success())
        clock.now += 10
        assert bearer(Hand(a_call(), marketo(), clock=clock, cell=cell).pending) == "short-two"


class TestSharing:
    @given(order=st.permutations(range(8)), rounds=st.integers(1, 3))
    def test_many_exchanges_at_once_request_one_token(self, order: list[int], rounds: int) -> None:
        platform, cell, clock = marketo(), TokenCell(), Clock()
        from airflow_provider_mkt.client.transport.exchange import Session, exchange
        from airflow_provider_mkt.client.transport.platform import Acquire, Send, Sleep

        session = Session(platform, clock=clock, tokens=cell)
        exchanges = {number: exchange(a_call(), session) for number in order}
        answers: dict[int, object] = dict.fromkeys(exchanges)
        requested, seen, waiting_for_identity = 0, set(), []
        for turn in range(200):
            if not exchanges:
                break
            if waiting_for_identity and turn >= rounds:
                answers[waiting_for_identity[0]] = token_answer("token-one")
            for number in list(exchanges):
                if number in waiting_for_identity and answers[number] is None:
                    continue
                try:
                    effect = exchanges[number].send(answers[number])
                except StopIteration:
                    del exchanges[number]
                    continue
                answers[number] = None
                match effect:
                    case Send(request) if "identity" in request.url:
                        requested += 1
                        waiting_for_identity.append(number)
                    case Send(request):
                        seen.add(bearer(request))
                        answers[number] = success()
                    case Acquire():
                        answers[number] = 0.0
                    case Sleep(seconds):
                        clock.now += seconds
                if number in waiting_for_identity and not isinstance(effect, Send):
                    waiting_for_identity.remove(number)
        assert not exchanges
        assert (requested, seen) == (1, {"token-one"})

    def test_a_token_that_another_exchange_has_refreshed_is_used_without_a_request(self) -> None:
        cell, clock = TokenCell(), Clock()
        first = Hand(a_call(), marketo(), cell=cell, clock=clock).give(token_answer("token-one"))
        second = Hand(a_call(), marketo(), cell=cell, clock=clock)
        first.give(failure("602")).give(token_answer("token-two")).give(success())
        second.give(failure("602"))
        assert bearer(second.pending) == "token-two"

    def test_one_set_of_credentials_has_one_cell_and_another_has_another(self) -> None:
        assert cell_for(marketo().credentials_key) is cell_for(marketo().credentials_key)
        others = [marketo(client_secret="other-secret"), marketo(client_id="service-2"), hubspot()]
        cells = {id(cell_for(platform.credentials_key)) for platform in [marketo(), *others]}
        assert len(cells) == 4

    def test_a_child_process_is_not_blocked_by_a_refresh_in_its_parent(self) -> None:
        cell = cell_for("forking")
        assert cell.refreshing.acquire(blocking=False)
        try:
            child = os.fork()
            if child == 0:
                os._exit(0 if cell.refreshing.acquire(blocking=False) else 1)
            _, status = os.waitpid(child, 0)
        finally:
            cell.refreshing.release()
        assert os.waitstatus_to_exitcode(status) == 0


class TestTokenServer:
    @pytest.mark.parametrize("status", [400, 401, 403])
    @pytest.mark.parametrize("make", [marketo, hubspot_oauth])
    def test_refused_credentials_are_not_tried_again(self, status: int, make) -> None:
        cell = TokenCell()
        hand = Hand(a_call(), make(), cell=cell)
        hand.give(answer(status, {"error": "invalid_client", "error_description": "Bad client credentials"}))
        assert isinstance(hand.error, AuthenticationError)
        assert hand.error.permanent
        assert "Bad client credentials" in str(hand.error)
        assert len(hand.requests) == 1
        assert not cell.refreshing.locked()

    def test_the_error_of_an_invalid_refresh_token_has_its_code(self) -> None:
        hand = Hand(a_call(), hubspot_oauth())
        hand.give(
            answer(400, {"status": "BAD_REFRESH_TOKEN", "message": "it is dead", "correlationId": "c-1"})
        )
        assert isinstance(hand.error, AuthenticationError)
        assert (hand.error.code, hand.error.request_id) == ("BAD_REFRESH_TOKEN", "c-1")

    @pytest.mark.parametrize(
        "trouble",
        [
            NoAnswer("time-out", sent=True),
            NoAnswer("refused", sent=False),
            answer(429),
            answer(500),
            answer(503, b"<html>"),
            answer(200, b"<html>"),
            answer(200, {}),
            answer(200, {"access_token": ""}),
            answer(200, {"access_token": "token-one", "expires_in": "soon"}),
            answer(200, {"access_token": "token-one", "expires_in": [1]}),
            answer(200, b'{"access_token": "token-one", "expires_in": NaN}'),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("make", [marketo, hubspot_oauth])
    def test_a_failing_token_server_is_waited_for_in_every_replay_class(self, trouble, make) -> None:
        hand = Hand(a_call(Replay.NEVER, route=CONTACT if make is hubspot_oauth else a_call().route), make())
        hand.give(trouble)
        assert is_identity(hand)
        assert len(hand.sleeps) == 1
        hand.give(token_answer("token-one"))
        assert bearer(hand.pending) == "token-one"
        hand.give(success())
        assert hand.reply is not None
        assert not hand.reply.ambiguous

    @pytest.mark.parametrize("status", [408, 423, 477])
    def test_a_temporary_failure_of_hubspot_does_not_invalidate_the_credentials(self, status: int) -> None:
        hand = Hand(a_call(), hubspot_oauth()).give(answer(status))
        assert hand.error is None
        assert is_identity(hand)

    def test_max_elapsed_limits_the_wait_for_a_token_server(self) -> None:
        hand = Hand(a_call(), marketo(), policy=RetryPolicy(max_elapsed=60))
        while not hand.done:
            hand.give(answer(503))
        assert isinstance(hand.error, ServerUnavailable)
        assert len(hand.requests) > 2


class TestSecrecy:
    TOKEN = "cdf01657-110d-4155-99a7-f986b2ff13a0:int"
    OPAQUE = "CJSP5qf1KhICAQEYs/gDIIGOBii1hQIyGQAf3xBKmlwHjX7OIpuIFEavB2+qYAGQ=="

    def test_on_token_is_called_once_with_each_new_token(self) -> None:
        tokens: list[str] = []
        hand = Hand(a_call(), marketo(), on_token=tokens.append)
        hand.give(token_answer("token-one")).give(failure("601")).give(token_answer("token-two")).give(
            success()
        )
        assert tokens == ["token-one", "token-two"]

    def test_no_object_shows_a_token_or_a_secret(self) -> None:
        cell = TokenCell()
        platforms: list[Marketo | HubSpot] = [marketo(), hubspot(), hubspot_oauth()]
        hand = Hand(a_call(), platforms[0], cell=cell).give(token_answer(self.TOKEN))
        objects: list[object] = [
            cell,
            cell.token,
            hand.session,
            hand.effects,
            hand.requests,
            Token(self.TOKEN),
            token_answer(self.TOKEN),
            FormBody((("client_secret", CLIENT_SECRET),)),
            *platforms,
            *(platform.account for platform in platforms),
            *(platform.token_request() for platform in platforms),
            *((platform.account_key, platform.credentials_key) for platform in platforms),
        ]
        shown = "\n".join(f"{one!r} {one!s}" for one in objects)
        for secret in (self.TOKEN, CLIENT_SECRET, PAT, REFRESH_TOKEN):
            assert secret not in shown

    @pytest.mark.parametrize("token", [TOKEN, OPAQUE])
    @pytest.mark.parametrize("form", ["{}", "token {} is bad", "/x?t={}&y", "{}{}"])
    def test_an_answer_that_quotes_the_token_does_not_put_it_into_the_error(
        self, token: str, form: str
    ) -> None:
        hand = Hand(a_call(Replay.NEVER), marketo())
        hand.give(token_answer(token)).give(failure("1003", form.replace("{}", token)))
        self._clean(hand.error, token)

    @pytest.mark.parametrize(
        ("make", "secret"),
        [(marketo, CLIENT_SECRET), (hubspot_oauth, CLIENT_SECRET), (hubspot_oauth, REFRESH_TOKEN)],
    )
    def test_a_token_server_that_quotes_a_secret_does_not_put_it_into_the_error(
        self, make, secret: str
    ) -> None:
        hand = Hand(a_call(), make())
        hand.give(answer(400, {"error": "x", "error_description": f"no client with {secret}"}))
        self._clean(hand.error, secret)

    @staticmethod
    def _clean(error: PlatformError | None, secret: str) -> None:
        assert error is not None
        shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
        assert secret not in shown
