"""Read parameters and bodies as strictly as Marketo does."""

from collections.abc import Sequence

from starlette.datastructures import FormData, QueryParams

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing, wrong_type
from airflow_provider_mkt.sandbox.marketo.leads.fields import Schema
from airflow_provider_mkt.sandbox.marketo.responses import MarketoRequest
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.requests import merge_params

BATCH = 300
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_BOOLEANS = {"true": True, "false": False}


def to_int(text: object, name: str = "id") -> int:
    """Return an integer of a path, a query or JSON."""
    if text is None:
        raise missing(name)
    if isinstance(text, bool) or not isinstance(text, (int, str)):
        raise wrong_type(text, "integer")
    try:
        return int(text)
    except ValueError:
        raise wrong_type(text, f"integer ({name})") from None


def path_id(request: MarketoRequest, name: str) -> int:
    return to_int(request.path_params[name], name)


def to_bool(text: str | None, default: bool | None = None) -> bool | None:
    if text is None:
        return default
    if text.lower() not in _BOOLEANS:
        raise wrong_type(text, "boolean")
    return _BOOLEANS[text.lower()]


async def json_object(request: MarketoRequest) -> JsonObject:
    """Return the JSON object of a write. Another content type is 612, whatever the body."""
    if request.content_type != "application/json":
        raise MarketoError(612, "Invalid Content Type")
    body = await request.json()
    if not isinstance(body, dict):
        raise MarketoError(609, "Invalid JSON: an object is expected")
    return body


def records(body: JsonObject, maximum: int = BATCH) -> list[JsonObject]:
    """Return the `input` array of a write."""
    rows = body.get("input")
    if rows is None:
        raise missing("input")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise wrong_type("input", "array of objects")
    if not rows:
        raise missing("input")
    if len(rows) > maximum:
        raise MarketoError(1003, f"Number of records in input exceeds the limit of {maximum}")
    return rows


async def lead_ids(request: MarketoRequest) -> list[int]:
    """Return lead ids from `id` parameters or from a JSON body."""
    if "id" in request.query_params:
        ids = [to_int(text) for text in request.list_param("id")]
        if not ids:
            raise missing("id")
        if len(ids) > BATCH:
            raise MarketoError(1003, f"Number of ids exceeds the limit of {BATCH}")
        return ids
    if not request.content:
        raise missing("id")
    return [to_int(row.get("id")) for row in records(await json_object(request))]


def required(query: QueryParams, name: str) -> str:
    value = query.get(name)
    if not value:
        raise missing(name)
    return value


def wanted_fields(
    request: MarketoRequest, schema: Schema, default: Sequence[str], extra: Sequence[str] = ()
) -> list[str]:
    """Return the requested fields of a schema; `extra` names are accepted and left out."""
    names = request.list_param("fields")
    known = [name for name in names if name not in extra]
    for name in known:
        schema.get(name)
    return known if names else list(default)


async def asset_params(request: MarketoRequest) -> QueryParams:
    """Return the parameters of an asset write, from the query and a form, never from JSON."""
    if request.content and request.content_type not in FORM_TYPES:
        raise MarketoError(612, "Invalid Content Type")
    form = await request.form_data() if request.content else FormData()
    return merge_params(request.query_params, form)


def text_param(params: QueryParams, name: str, longest: int = 255) -> str:
    """Return a required string of an asset request, whose error codes differ from the lead database's."""
    value = (params.get(name) or "").strip()
    if not value:
        raise MarketoError(701, f"{name} cannot be blank")
    if len(value) > longest:
        raise MarketoError(701, f"{name} cannot be longer than {longest} characters")
    return value
