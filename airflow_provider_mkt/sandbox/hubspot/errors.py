"""HubSpot's error responses."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.seed import PORTAL_ID
from airflow_provider_mkt.sandbox.server.errors import ApiError
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_SCOPES_PAGE = "https://developers.hubspot.com/scopes"
_GATEWAY = {
    408: "Request Timeout",
    421: "Misdirected Request",
    425: "Too Early",
    451: "Unavailable For Legal Reasons",
    499: "Client Closed Request",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    520: "Web server is returning an unknown error",
    521: "Web server is down",
    522: "Connection timed out",
    523: "Origin is unreachable",
    524: "A timeout occurred",
    525: "SSL handshake failed",
    526: "Invalid SSL certificate",
    # What the gateway says to a malformed token, according to public reports.
    530: "Origin DNS error",
}
_POLICIES = ("TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY")
_REDIRECTS = (301, 302, 303, 307, 308)
OTHER_DATA_CENTRE = "eu1"
OTHER_HOST = f"https://api-{OTHER_DATA_CENTRE}.hubapi.com"


class HubSpotError(ApiError):
    """An error in the format that most of the API uses."""

    def __init__(self, status: int, category: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.status = status
        self.category = category
        self.message = message
        self.more = more

    def response(self) -> Response:
        body: JsonObject = {
            "status": "error",
            "message": self.message,
            "correlationId": str(uuid.uuid4()),
            "category": self.category,
            **self.more,
        }
        return JSONResponse(body, self.status)

    def as_batch_error(self, **context: list[str]) -> JsonObject:
        """Return the error as an entry of a batch response."""
        return {
            "status": "error",
            "category": self.category,
            "message": self.message,
            "context": context,
            "errors": self.more.get("errors", []),
            "links": {},
        }


class OAuthError(ApiError):
    """An error of the OAuth endpoints, which have their own format beside the usual one."""

    def __init__(self, status: str, message: str, error: str = "invalid_grant") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error = error

    def response(self) -> Response:
        return JSONResponse(
            {
                "error": self.error,
                "error_description": self.message,
                "status": self.status,
                "message": self.message,
                "correlationId": str(uuid.uuid4()),
                "category": self.status,
            },
            400,
        )


def invalid(message: str, **more: object) -> HubSpotError:
    """400 VALIDATION_ERROR."""
    return HubSpotError(400, "VALIDATION_ERROR", message, **more)


def bad_shape(schema: str, missing: list[str], *, line: int = 1, column: int = 1) -> HubSpotError:
    """400 for a body that lacks what its schema requires."""
    return invalid(
        f"Invalid input JSON on line {line}, column {column}: Cannot build {schema}, "
        f"some of required attributes are not set [{', '.join(missing)}]"
    )


def bad_properties(problems: list[tuple[str, str, str]]) -> HubSpotError:
    """400 for property values; a problem is (property, code, message)."""
    described = [
        {
            "isValid": False,
            "message": message,
            "error": code,
            "name": name,
            "localizedErrorMessage": message,
        }
        for name, code, message in problems
    ]
    return invalid(
        f"Property values were not valid: {json.dumps(described)}",
        errors=property_errors(problems),
    )


def property_errors(problems: Iterable[tuple[str, str, str]]) -> list[JsonObject]:
    """Return the `errors` of property values; a problem is (property, code, message)."""
    return [
        {"message": message, "code": code, "context": {"propertyName": [name]}}
        for name, code, message in problems
    ]


def not_found(message: str = "resource not found") -> HubSpotError:
    return HubSpotError(404, "OBJECT_NOT_FOUND", message)


def conflict(message: str) -> HubSpotError:
    return HubSpotError(409, "CONFLICT", message)


def forbidden(message: str) -> HubSpotError:
    """403 for what the account's products do not include, whatever the scopes of the token."""
    return HubSpotError(403, "FORBIDDEN", message)


def unsupported_media(given: str) -> HubSpotError:
    return HubSpotError(415, "UNSUPPORTED_MEDIA_TYPE", f"Unsupported media type: {given or 'none'}")


def too_long() -> HubSpotError:
    return HubSpotError(414, "URI_TOO_LONG", "The URI is too long")


def unauthenticated() -> HubSpotError:
    return HubSpotError(
        401,
        "INVALID_AUTHENTICATION",
        "Authentication credentials not found. This API supports OAuth 2.0 authentication: "
        "https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    )


def expired(seconds: float = 1) -> HubSpotError:
    return HubSpotError(
        401,
        "EXPIRED_AUTHENTICATION",
        f"The OAuth token used to make this call expired {max(1, int(seconds))} second(s) ago.",
    )


def missing_scopes(scopes: tuple[str, ...]) -> HubSpotError:
    return HubSpotError(
        403,
        "MISSING_SCOPES",
        f"This app hasn't been granted all required scopes to make this call: {_SCOPES_PAGE}.",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(scopes)},
            }
        ],
        links={"scopes": _SCOPES_PAGE},
    )


def rate_limited(policy: str) -> Response:
    """429, without Retry-After, which HubSpot does not promise.

    The documented example has no category, but the schema of errors requires one.
    """
    return JSONResponse(
        {
            "status": "error",
            "message": f"You have reached your {policy.lower()} limit.",
            "errorType": "RATE_LIMIT",
            "category": "RATE_LIMITS",
            "correlationId": str(uuid.uuid4()),
            "policyName": policy,
            "requestId": str(uuid.uuid4()),
        },
        429,
    )


def gateway(status: int) -> Response:
    """Return the HTML page with which the gateway responds when the API does not."""
    text = (
        f"<html><head><title>{status} {_GATEWAY[status]}</title></head><body>{_GATEWAY[status]}</body></html>"
    )
    return Response(text, status, media_type="text/html; charset=UTF-8")


def redirect(status: int) -> Response:
    """Return a redirect to another host, which must not be sent the token."""
    return Response(status_code=status, headers={"Location": f"{OTHER_HOST}/"})


def wrong_data_centre() -> Response:
    """488: the account is in another data centre than the one that the request reached."""
    message = (
        f"Hub {PORTAL_ID} is unknown to this Hublet, but it appears to exist in Hublet {OTHER_DATA_CENTRE}"
    )
    body = {
        "status": "error",
        "message": message,
        "correlationId": str(uuid.uuid4()),
        "correctHublet": OTHER_DATA_CENTRE,
    }
    return JSONResponse(body, 488)


def error_names() -> list[str]:
    """Return the names of all documented errors."""
    return [*_POLICIES, *_json_errors(), "488", *map(str, (*_REDIRECTS, *sorted(_GATEWAY)))]


def named(name: str) -> Response | None:
    """Return the response for a documented error, by its policy, category or status."""
    if name in _POLICIES:
        return rate_limited(name)
    if name.isdigit() and int(name) in _GATEWAY:
        return gateway(int(name))
    if name.isdigit() and int(name) in _REDIRECTS:
        return redirect(int(name))
    if name == "488":
        return wrong_data_centre()
    error = _json_errors().get(name)
    if error is None:
        return None
    response = error.response()
    if name == "477":
        response.headers["Retry-After"] = "60"
    return response


def _json_errors() -> dict[str, HubSpotError]:
    return {
        "423": HubSpotError(423, "LOCKED", "The object is locked by another write; try again in a moment."),
        "477": HubSpotError(477, "MIGRATION_IN_PROGRESS", "This account is being moved to another region."),
        "EXPIRED_AUTHENTICATION": expired(),
        "INVALID_AUTHENTICATION": unauthenticated(),
        "MISSING_SCOPES": missing_scopes(("crm.objects.contacts.write",)),
        "VALIDATION_ERROR": invalid("The request is not valid."),
        "OBJECT_NOT_FOUND": not_found(),
        "CONFLICT": conflict("Contact already exists. Existing ID: 1"),
    }
