"""A driver that feeds an exchange answers one by one, and accounts to run exchanges for."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Replay, Route
from airflow_provider_mkt.client.errors import PlatformError
from airflow_provider_mkt.client.hubspot.platform import HubSpot, HubSpotAccount
from airflow_provider_mkt.client.marketo.platform import Marketo, MarketoAccount
from airflow_provider_mkt.client.transport.exchange import Reply, RetryPolicy, Session, TokenCell, exchange
from airflow_provider_mkt.client.transport.platform import (
    Acquire,
    Classification,
    Failure,
    NoAnswer,
    Platform,
    Request,
    Response,
    RetryAction,
    Send,
    Sleep,
    Success,
)

PAT = "pat-na1-0f0f0f0f-1111-2222-3333-444444444444"
CLIENT_SECRET = "wMWZJ6KlRUZ8y9MM0o3bVLnP6FQKn3Gf"
REFRESH_TOKEN = "na1-5e7c9d1a-66aa-4b4b-9c9c-0123456789ab"


def answer(status: int = 200, body: object = None, headers: Mapping[str, str] | None = None) -> Response:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Response(status, headers or {}, content)


def token_answer(value: str, life: float = 3599) -> Response:
    return answer(200, {"access_token": value, "token_type": "bearer", "expires_in": life})


def success(*rows: object) -> Response:
    return answer(200, {"requestId": "17f5a#188aa", "success": True, "result": list(rows)})


def failure(code: str, message: str = "it failed") -> Response:
    errors = [{"code": code, "message": message}]
    return answer(200, {"requestId": "17f5a#188aa", "success": False, "errors": errors})


def hubspot(**settings: Any) -> HubSpot:
    return HubSpot(HubSpotAccount(**({"access_token": PAT} | settings)))


def hubspot_oauth(**settings: Any) -> HubSpot:
    oauth = {"client_id": "abc-client", "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN}
    return HubSpot(HubSpotAccount(**(oauth | settings)))


def marketo(**settings: Any) -> Marketo:
    given = {
        "base_url": "https://123-ABC-456.mktorest.com",
        "client_id": "service-1",
        "client_secret": CLIENT_SECRET,
    }
    return Marketo(MarketoAccount(**(given | settings)))


def a_call(replay: Replay = Replay.SAFE, **changes: Any) -> Call[Any]:
    given: dict[str, Any] = {
        "name": "things.do",
        "route": Route("POST", "lead", "/things.json"),
        "read": lambda envelope: envelope.get("result"),
        "replay": replay,
        "timeout": 90.0,
        "body": JsonBody({"input": [1]}),
    }
    return Call(**(given | changes))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class ScriptedPlatform(Platform):
    """A platform with a static token, whose answers are numbers of classifications given before."""

    classifications: list[Classification] = field(default_factory=list)
    name = "scripted"

    account_key = credentials_key = "scripted"
    rates = MappingProxyType({})
    max_concurrency = 1

    def token_request(self) -> Request | None:
        return None

    def static_token(self) -> str:
        return "static"

    def read_token(self, answer: Response | NoAnswer) -> tuple[str, float]:
        raise AssertionError("the token is static")

    def build(self, call: Call[Any], token: str) -> Request:
        return Request(call.route.method, "https://example.invalid" + call.route.path())

    def classify(self, call: Call[Any], response: Response) -> Classification:
        return self.classifications[int(response.content)]

    def answer_for(self, classification: Classification) -> Response:
        """An answer that this platform classifies so."""
        self.classifications.append(classification)
        return Response(200, {}, str(len(self.classifications) - 1).encode())


class Hand:
    """Runs one exchange by hand. Sleeps move the clock; requests wait for the answer that a test gives."""

    def __init__(
        self,
        call: Call[Any],
        platform: Platform,
        *,
        policy: RetryPolicy | None = None,
        clock: Clock | None = None,
        cell: TokenCell | None = None,
        permit_waits: Callable[[], float] = lambda: 0.0,
        **session: Any,
    ) -> None:
        self.clock = clock or Clock()
        self.cell = cell or TokenCell()
        self.session = Session(
            platform,
            policy=policy or RetryPolicy(draw=lambda: 0.5),
            clock=self.clock,
            tokens=self.cell,
            **session,
        )
        self.permit_waits = permit_waits
        self.effects: list[Send | Sleep | Acquire] = []
        self.steps: Generator[Any, Any, Reply[Any]] = exchange(call, self.session)
        self.reply: Reply[Any] | None = None
        self.error: PlatformError | None = None
        self.pending: Request | None = None
        self._advance(None)

    @property
    def done(self) -> bool:
        return self.reply is not None or self.error is not None

    @property
    def requests(self) -> list[Request]:
        return [effect.request for effect in self.effects if isinstance(effect, Send)]

    @property
    def sleeps(self) -> list[float]:
        return [effect.seconds for effect in self.effects if isinstance(effect, Sleep)]

    def give(self, reply: Response | NoAnswer, *, after: float = 0.0) -> Hand:
        assert self.pending is not None, "no request waits for an answer"
        self.clock.now += after
        self.pending = None
        self._advance(reply)
        return self

    def step(self, value: Any = None) -> Any:
        """Resume once and return the effect, without acting on it."""
        effect = self.steps.send(value)
        self.effects.append(effect)
        assert len(self.effects) < 5000, "the exchange does not end"
        return effect

    def _advance(self, value: Any) -> None:
        try:
            while True:
                match self.step(value):
                    case Send(request):
                        self.pending = request
                        return
                    case Sleep(seconds):
                        assert seconds >= 0
                        self.clock.now += seconds
                        value = None
                    case Acquire():
                        value = self.permit_waits()
        except StopIteration as stop:
            self.reply = stop.value
        except PlatformError as error:
            self.error = error


def bearer(request: Request | None) -> str:
    assert request is not None
    return request.headers["Authorization"].removeprefix("Bearer ")


def refused(error: PlatformError, action: RetryAction, **more: Any) -> Failure:
    return Failure(error, action, **more)


def done(envelope: Envelope | None = None) -> Success:
    return Success(envelope or {"result": "ok"})
