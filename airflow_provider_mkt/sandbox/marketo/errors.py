"""Marketo's errors, of a whole request or of one record."""

import json

from airflow_provider_mkt.sandbox.server.errors import ApiError


class MarketoError(ApiError):
    """An error code with its message: a failed request, or the reason of a skipped record."""

    def __init__(self, code: int | str, message: str) -> None:
        super().__init__(message)
        self.code = str(code)
        self.message = message

    @property
    def reason(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


def missing(parameter: str) -> MarketoError:
    return MarketoError(1002, f"Missing value for required parameter '{parameter}'")


def wrong_type(value: object, wanted: str) -> MarketoError:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return MarketoError(1001, f"Invalid value '{text}'. Required of type '{wanted}'")


def lead_not_found(lead_id: object) -> MarketoError:
    return MarketoError(1004, f"Lead '{lead_id}' not found")


def field_not_found(name: str) -> MarketoError:
    return MarketoError(1006, f"Field '{name}' not found")


def object_not_found(kind: str, key: object) -> MarketoError:
    return MarketoError(1013, f"{kind} '{key}' not found")


class MarketoHTTPError(ApiError):
    """An error with an HTTP status, which Marketo only uses for sizes and files."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
