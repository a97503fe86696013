"""Marketo's response envelopes: HTTP 200 in any case, and `success` for the outcome."""

import re
import secrets

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.account.credential_store import ApiUser
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.requests import Request
from airflow_provider_mkt.sandbox.server.responses import JSONResponse
from airflow_provider_mkt.sandbox.server.routing import Routes

MarketoRequest = Request[MarketoState, ApiUser]
MarketoRoutes = Routes[MarketoState, ApiUser]
Row = JsonObject
"""A record in a result."""

LEAD, ASSET, BULK, IDENTITY = "/rest/v1", "/rest/asset/v1", "/bulk/v1", "/identity"
ASSET_V2 = "/rest/asset/v2"
_ESCAPED_CONTROL = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u00([01][0-9a-f])|([bfnrt]))")
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
NOTHING_FOUND = "No assets found for the given search criteria."


def new_request_id(clock: Clock) -> str:
    """Return a request id: a random part and the time in milliseconds."""
    return f"{0x1000 + secrets.randbelow(0xFF000):x}#{int(clock.time() * 1000):x}"


def result(
    request: MarketoRequest, rows: list[Row], request_id: str | None = None, **more: object
) -> Response:
    """Return a response of the lead database or the bulk API with a result."""
    return success(request, request_id, result=rows, **more)


def success(request: MarketoRequest, request_id: str | None = None, **more: object) -> Response:
    """Return a response of the lead database without a result.

    The schema requires `errors` and `warnings`, but samples leave them out when they are empty. Clients of
    both kinds can read this.
    """
    envelope: Row = {
        "requestId": request_id or new_request_id(request.clock),
        "success": True,
        "errors": [],
        "warnings": [],
    }
    return JSONResponse(envelope | more)


def assets(request: MarketoRequest, rows: list[Row]) -> Response:
    """Return a response of the asset API. An empty result is a success with a warning, without `result`."""
    envelope: Row = {
        "success": True,
        "errors": [],
        "requestId": new_request_id(request.clock),
        "warnings": [] if rows else [NOTHING_FOUND],
    }
    if rows:
        envelope["result"] = rows
    return JSONResponse(envelope)


def failure(clock: Clock, code: str, message: str) -> Response:
    error = {"code": code, "message": message}
    return JSONResponse({"requestId": new_request_id(clock), "success": False, "errors": [error]})


def with_raw_controls(body: bytes) -> bytes:
    """Return JSON with its control characters unescaped, as live instances sometimes send it."""

    def raw(found: re.Match[str]) -> str:
        code, short = found[2], found[3]
        return found[1] + (chr(int(code, 16)) if code else _SHORT[short])

    return _ESCAPED_CONTROL.sub(raw, body.decode()).encode()


def skipped(error: MarketoError, **more: object) -> Row:
    return {**more, "status": "skipped", "reasons": [error.reason]}
