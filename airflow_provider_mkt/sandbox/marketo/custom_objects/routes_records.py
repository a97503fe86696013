"""Records of custom objects: list and describe types, sync, get and delete records."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.custom_objects.links import check_links
from airflow_provider_mkt.sandbox.marketo.object_calls import Objects, described
from airflow_provider_mkt.sandbox.marketo.object_store import ObjectStore
from airflow_provider_mkt.sandbox.marketo.permissions import CUSTOM_OBJECTS_READABLE, WRITE_CUSTOM_OBJECT
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, MarketoRequest, MarketoRoutes, result

routes = MarketoRoutes(LEAD)

PATH = "/customobjects/{customObjectName}"


def _store(request: MarketoRequest) -> ObjectStore:
    return request.state.custom_objects.live(request.path_params["customObjectName"])


def _objects(request: MarketoRequest) -> Objects:
    return Objects(_store, check_links(_store(request).model), of_crm=False)


@routes.handle("GET", "/customobjects.json", scopes=CUSTOM_OBJECTS_READABLE)
async def list_custom_objects(request: MarketoRequest) -> Response:
    names = request.list_param("names")
    types = request.state.custom_objects
    found = [
        one for one in types.types.values() if one.live is not None and (not names or one.api_name in names)
    ]
    return result(request, [described(types.model(one)) for one in found])


@routes.handle("GET", PATH + "/describe.json", scopes=CUSTOM_OBJECTS_READABLE)
async def describe_custom_object(request: MarketoRequest) -> Response:
    return await _objects(request).describe(request)


@routes.handle("GET", PATH + ".json", scopes=CUSTOM_OBJECTS_READABLE)
async def find_custom_objects(request: MarketoRequest) -> Response:
    return await _objects(request).find(request)


@routes.handle("POST", PATH + ".json", scopes=(WRITE_CUSTOM_OBJECT,))
async def sync_custom_objects(request: MarketoRequest) -> Response:
    return await _objects(request).sync(request)


@routes.handle("POST", PATH + "/delete.json", scopes=(WRITE_CUSTOM_OBJECT,))
async def delete_custom_objects(request: MarketoRequest) -> Response:
    return await _objects(request).delete(request)
