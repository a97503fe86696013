"""The one exception Marketo's rules raise, for a whole call and for one record alike."""

from airflow_provider_mkt.sandbox.server.errors import ApiError


class MarketoError(ApiError):
    """A Marketo error code with its text: a caller makes it a failed call or a skipped record."""

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
    return MarketoError(1001, f"Invalid value '{value}'. Required of type '{wanted}'")


def lead_not_found(lead_id: object) -> MarketoError:
    return MarketoError(1004, f"Lead '{lead_id}' not found")


def field_not_found(name: str) -> MarketoError:
    return MarketoError(1006, f"Field '{name}' not found")


def object_not_found(kind: str, key: object) -> MarketoError:
    return MarketoError(1013, f"{kind} '{key}' not found")


class MarketoHTTPError(ApiError):
    """An error that is told by the HTTP status, which Marketo does only for sizes."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
