"""Marketo's envelopes: HTTP 200 whatever came of the call, and `success` to tell."""

import json
import re
import secrets
from typing import Any

from airflow_provider_mkt.sandbox.marketo.account.credential_store import ApiUser
from airflow_provider_mkt.sandbox.marketo.errors import Problem
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.requests import Request
from airflow_provider_mkt.sandbox.server.responses import Reply
from airflow_provider_mkt.sandbox.server.routing import Routes

Call = Request[MarketoState, ApiUser]
MarketoRoutes = Routes[MarketoState, ApiUser]
Row = dict[str, Any]

LEAD, ASSET, BULK, IDENTITY = "/rest/v1", "/rest/asset/v1", "/bulk/v1", "/identity"
_ESCAPED_CONTROL = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u00([01][0-9a-f])|([bfnrt]))")
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
NOTHING_FOUND = "No assets found for the given search criteria."


def new_request_id(clock: Clock) -> str:
    """Make a request id: a random part, then the time in milliseconds."""
    return f"{0x1000 + secrets.randbelow(0xFF000):x}#{int(clock.time() * 1000):x}"


def result(call: Call, rows: list[Row], request_id: str | None = None, **more: Any) -> Reply:
    """Answer a lead database or bulk call."""
    return done(call, request_id, result=rows, **more)


def done(call: Call, request_id: str | None = None, **more: Any) -> Reply:
    """Answer a lead database call that has no result.

    The contract wants both lists in every answer, and samples leave them out while they are empty: clients
    made from the one and from the other can both read this.
    """
    envelope: Row = {
        "requestId": request_id or new_request_id(call.clock),
        "success": True,
        "errors": [],
        "warnings": [],
    }
    return Reply(200, envelope | more)


def assets(call: Call, rows: list[Row]) -> Reply:
    """Answer an asset call; finding nothing is a success with a warning and no `result` at all."""
    envelope: Row = {
        "success": True,
        "errors": [],
        "requestId": new_request_id(call.clock),
        "warnings": [] if rows else [NOTHING_FOUND],
    }
    if rows:
        envelope["result"] = rows
    return Reply(200, envelope)


def failure(clock: Clock, code: str, message: str) -> Reply:
    error = {"code": code, "message": message}
    return Reply(200, {"requestId": new_request_id(clock), "success": False, "errors": [error]})


def with_raw_controls(body: Row) -> bytes:
    """Write an answer as live instances sometimes do: with control characters unescaped, which is no JSON."""

    def raw(found: re.Match[str]) -> str:
        code, short = found[2], found[3]
        return found[1] + (chr(int(code, 16)) if code else _SHORT[short])

    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False, default=str)
    return _ESCAPED_CONTROL.sub(raw, text).encode("utf-8", "replace")


def skipped(problem: Problem, **more: Any) -> Row:
    return {**more, "status": "skipped", "reasons": [problem.reason]}
