"""Tags: tag types, programs by tag, and the tags of a program."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.assets import for_write
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.paging import asset_page, offset_page
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.programs.models import Program, TagType
from airflow_provider_mkt.sandbox.marketo.programs.routes_programs import check_tags, program_row
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, text_param
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, MarketoRequest, MarketoRoutes, Row, assets

routes = MarketoRoutes(ASSET)


@routes.handle("GET", "/tagTypes.json", scopes=ASSETS_READABLE)
async def list_tags(request: MarketoRequest) -> Response:
    return assets(request, [_row(one) for one in offset_page(request, list(request.state.tag_types))])


@routes.handle("GET", "/tagType/byName.json", scopes=ASSETS_READABLE)
async def get_tag_by_name(request: MarketoRequest) -> Response:
    """Return a tag type with its allowed values."""
    name = text_param(request.query_params, "name")
    found = [one for one in request.state.tag_types if one.name == name]
    return assets(request, [_row(one) | {"allowableValues": _listed(one.values)} for one in found])


def _row(one: TagType) -> Row:
    return {
        "tagType": one.name,
        "applicableProgramTypes": _listed(one.program_types, ","),
        "required": one.required,
    }


def _listed(values: tuple[str, ...], between: str = ", ") -> str:
    # Marketo sends the values as one string.
    return f"[{between.join(values)}]"


@routes.handle("GET", "/program/byTag.json", scopes=ASSETS_READABLE)
async def programs(request: MarketoRequest) -> Response:
    """Find programs by a tag. Responses include tags, but not costs."""
    kind, value = text_param(request.query_params, "tagType"), text_param(request.query_params, "tagValue")
    chosen = [one for one in request.state.programs.values() if _value(one, kind) == value]
    rows = [
        program_row(request, one) | {"tags": one.tags, "costs": []} for one in asset_page(request, chosen)
    ]
    return assets(request, rows)


def _value(program: Program, kind: str) -> str | None:
    return next((one.get("tagValue") for one in program.tags if one.get("tagType") == kind), None)


@routes.handle("POST", "/program/{id}/tag/{tagType}.json", scopes=(WRITE_ASSETS,))
async def update_tag(request: MarketoRequest) -> Response:
    """Set a tag of a program."""
    params = await asset_params(request)
    program = for_write(request, request.state.programs, "Program")
    kind, value = request.path_params["tagType"], text_param(params, "tagValue")
    check_tags(request.state.tag_types, program.type, [{"tagType": kind, "tagValue": value}])
    others = [one for one in program.tags if one.get("tagType") != kind]
    program.tags = [*others, {"tagType": kind, "tagValue": value}]
    program.updated_at = request.clock.now()
    return assets(request, [{"id": program.id}])


@routes.handle("POST", "/program/{id}/tag/{tagType}/delete.json", scopes=(WRITE_ASSETS,))
async def delete_tag(request: MarketoRequest) -> Response:
    program = for_write(request, request.state.programs, "Program")
    kind = request.path_params["tagType"]
    if any(one.name == kind and one.required for one in request.state.tag_types):
        raise MarketoError(709, f"Tag '{kind}' is required")
    if _value(program, kind) is None:
        raise MarketoError(702, f"Tag '{kind}' not found")
    program.tags = [one for one in program.tags if one.get("tagType") != kind]
    program.updated_at = request.clock.now()
    return assets(request, [{"id": program.id}])
