"""The control API under `/_sandbox/`: state, clock, faults, limits, settings, people, outbox and others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from airflow_provider_mkt.sandbox.server.faults import Fault
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.outbox import OutboxPage
from airflow_provider_mkt.sandbox.server.platform import AnyPlatform
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

PREFIX = "/_sandbox/"


class _Advance(BaseModel):
    model_config = ConfigDict(extra="forbid")

    advance: float = Field(ge=0)


class _Reset(BaseModel):
    """What a reset restores beside the state."""

    model_config = ConfigDict(extra="forbid")

    limits: bool = True
    clock: bool = True


class _Settings(BaseModel):
    """New limits. Keys that are left out do not change; null switches a limit off."""

    model_config = ConfigDict(extra="forbid")

    rate: int | None = Field(default=None, ge=0)
    seconds: float = Field(default=10.0, gt=0)
    secondly: int | None = Field(default=None, ge=0)
    daily: int | None = Field(default=None, ge=0)
    concurrency: int | None = Field(default=None, ge=0)
    latency: float = Field(default=0.0, ge=0)


_LISTS = ("faults", "people")
"""Calls whose body can be a list."""


def respond(platform: AnyPlatform, method: str, path: str, content: bytes, query: bytes = b"") -> Response:
    """Run one control call. A GET has its arguments in the query."""
    what = path[len(PREFIX) :].rstrip("/")
    known = [method for method, name in _CALLS if name == what]
    if not known:
        return refuse(404, f"no control call /{what}; there are {sorted(control_calls())}")
    if method not in known:
        return refuse(405, f"{what} takes {', '.join(known)}")
    try:
        body = json.loads(content) if content else dict(parse_qsl(query.decode()))
        if not isinstance(body, dict) and what not in _LISTS:
            return refuse(400, "the body must be an object")
        return _CALLS[method, what](platform, body)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        return refuse(400, "; ".join(problems))
    except LookupError as error:
        return refuse(404, str(error.args[0]))
    except (ValueError, RecursionError) as error:
        return refuse(400, str(error))


def shows_work(path: str) -> bool:
    """Return whether a control call reads or changes what background work changes, too."""
    return path.removeprefix(PREFIX).rstrip("/") in ("assets", "outbox", "people", "state")


def control_calls() -> set[str]:
    """Return the names of all control calls."""
    return {name for _, name in _CALLS}


def refuse(status: int, message: str) -> Response:
    """Return an error of the control API."""
    return JSONResponse({"message": message}, status)


def _state(platform: AnyPlatform, body: object) -> Response:
    now = platform.clock.now().isoformat()
    return JSONResponse({"platform": platform.name, "now": now, **platform.snapshot()})


def _reset(platform: AnyPlatform, body: object) -> Response:
    wanted = _Reset.model_validate(body)
    platform.reset(limits=wanted.limits, clock=wanted.clock)
    return Response(status_code=204)


def _clock(platform: AnyPlatform, body: object) -> Response:
    return JSONResponse({"now": platform.clock.now().isoformat(), "offset": platform.clock.offset})


def _move_clock(platform: AnyPlatform, body: object) -> Response:
    platform.clock.advance(_Advance.model_validate(body).advance)
    return _clock(platform, body)


def _faults(platform: AnyPlatform, body: object) -> Response:
    return JSONResponse(platform.faults.snapshot())


def _add_faults(platform: AnyPlatform, body: object) -> Response:
    ordered = [Fault.model_validate(item) for item in _list_of(body)]
    return JSONResponse({"added": [platform.faults.order(fault).model_dump() for fault in ordered]}, 201)


def _clear_faults(platform: AnyPlatform, body: object) -> Response:
    platform.faults.clear()
    return Response(status_code=204)


def _limits(platform: AnyPlatform, body: object) -> Response:
    return JSONResponse({**platform.limits.snapshot(), "latency": platform.latency})


def _set_limits(platform: AnyPlatform, body: object) -> Response:
    settings, limits = _Settings.model_validate(body), platform.limits
    given = settings.model_fields_set
    if "rate" in given:
        limits.rate.limit = settings.rate
    if "seconds" in given:
        limits.rate.seconds = settings.seconds
    if "secondly" in given:
        limits.secondly.limit = settings.secondly
    if "daily" in given:
        limits.daily.limit = settings.daily
    if "concurrency" in given:
        limits.concurrency.limit = settings.concurrency
    if "latency" in given:
        platform.latency = settings.latency
    return _limits(platform, body)


def _settings(platform: AnyPlatform, body: object) -> Response:
    return JSONResponse({} if platform.settings is None else platform.settings.model_dump(mode="json"))


def _set_settings(platform: AnyPlatform, body: JsonObject) -> Response:
    if platform.settings is None:
        return refuse(400, f"{platform.name} has no settings of its own")
    wanted = type(platform.settings).model_validate({**platform.settings.model_dump(), **body})
    # Changed in place, because the state has a reference to the object.
    for name, value in wanted:
        setattr(platform.settings, name, value)
    return _settings(platform, body)


def _calls(platform: AnyPlatform, body: object) -> Response:
    return JSONResponse(platform.calls.snapshot())


def _people(platform: AnyPlatform, body: object) -> Response:
    # All are checked before the first one is changed.
    changes = [platform.person_change.model_validate(one) for one in _list_of(body)]
    return JSONResponse({"people": [platform.change_person(one) for one in changes]})


def _assets(platform: AnyPlatform, body: JsonObject) -> Response:
    return JSONResponse(platform.set_asset(**body))


def _outbox(platform: AnyPlatform, body: object) -> Response:
    return JSONResponse(OutboxPage.model_validate(body).of(platform.outbox))


def _list_of(body: object) -> list[object]:
    return body if isinstance(body, list) else [body]


_CALLS: dict[tuple[str, str], Callable[[AnyPlatform, Any], Response]] = {
    ("GET", "state"): _state,
    ("POST", "reset"): _reset,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _move_clock,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): _clear_faults,
    ("GET", "limits"): _limits,
    ("POST", "limits"): _set_limits,
    ("GET", "settings"): _settings,
    ("POST", "settings"): _set_settings,
    ("GET", "calls"): _calls,
    ("POST", "people"): _people,
    ("GET", "outbox"): _outbox,
    ("POST", "assets"): _assets,
}
