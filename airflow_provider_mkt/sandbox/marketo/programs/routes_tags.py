"""Tags: the types there are, programs by tag, and a program's tags one by one."""

from airflow_provider_mkt.sandbox.marketo.assets import for_write
from airflow_provider_mkt.sandbox.marketo.errors import Problem
from airflow_provider_mkt.sandbox.marketo.paging import asset_page, cut
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.programs.models import Program
from airflow_provider_mkt.sandbox.marketo.programs.routes_programs import program_row
from airflow_provider_mkt.sandbox.marketo.programs.tags import TagType
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, text_param
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, Call, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.server.responses import Reply

routes = MarketoRoutes(ASSET)


@routes.handle("GET", "/tagTypes.json", scopes=ASSETS_READABLE)
async def browse(call: Call) -> Reply:
    return assets(call, [_row(one) for one in cut(call, list(call.state.tag_types))])


@routes.handle("GET", "/tagType/byName.json", scopes=ASSETS_READABLE)
async def named(call: Call) -> Reply:
    """Tell one type; only here the values that may be chosen from."""
    name = text_param(call.query, "name")
    found = [one for one in call.state.tag_types if one.name == name]
    return assets(call, [_row(one) | {"allowableValues": _listed(one.values)} for one in found])


def _row(one: TagType) -> Row:
    return {
        "tagType": one.name,
        "applicableProgramTypes": _listed(one.program_types, ","),
        "required": one.required,
    }


def _listed(words: tuple[str, ...], between: str = ", ") -> str:
    # Text that looks like a list, as Marketo writes it.
    return f"[{between.join(words)}]"


@routes.handle("GET", "/program/byTag.json", scopes=ASSETS_READABLE)
async def programs(call: Call) -> Reply:
    """Find programs by a tag. They come with their tags, but their costs are not told."""
    kind, value = text_param(call.query, "tagType"), text_param(call.query, "tagValue")
    chosen = [one for one in call.state.programs.values() if _value(one, kind) == value]
    rows = [program_row(call, one) | {"tags": one.tags, "costs": []} for one in asset_page(call, chosen)]
    return assets(call, rows)


def _value(program: Program, kind: str) -> str | None:
    return next((one.get("tagValue") for one in program.tags if one.get("tagType") == kind), None)


@routes.handle("POST", "/program/{id}/tag/{tagType}.json", scopes=(WRITE_ASSETS,))
async def update(call: Call) -> Reply:
    """Give a program another value of a tag. As everywhere, a type that nobody made is taken, too."""
    params = await asset_params(call)
    program = for_write(call, call.state.programs, "Program")
    kind, value = call.path["tagType"], text_param(params, "tagValue")
    others = [one for one in program.tags if one.get("tagType") != kind]
    program.tags = [*others, {"tagType": kind, "tagValue": value}]
    program.updated_at = call.clock.now()
    return assets(call, [{"id": program.id}])


@routes.handle("POST", "/program/{id}/tag/{tagType}/delete.json", scopes=(WRITE_ASSETS,))
async def delete(call: Call) -> Reply:
    program = for_write(call, call.state.programs, "Program")
    kind = call.path["tagType"]
    if any(one.name == kind and one.required for one in call.state.tag_types):
        raise Problem(709, f"Tag '{kind}' is required")
    if _value(program, kind) is None:
        raise Problem(702, f"Tag '{kind}' not found")
    program.tags = [one for one in program.tags if one.get("tagType") != kind]
    program.updated_at = call.clock.now()
    return assets(call, [{"id": program.id}])
