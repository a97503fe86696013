"""Lead partitions: list them, and move leads between them."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import CHANGE_PARTITION
from airflow_provider_mkt.sandbox.marketo.checks import check_texts
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing, object_not_found
from airflow_provider_mkt.sandbox.marketo.leads.access import API, lead_of
from airflow_provider_mkt.sandbox.marketo.permissions import LEADS_READABLE, WRITE_LEAD
from airflow_provider_mkt.sandbox.marketo.requests import json_object, records, to_int
from airflow_provider_mkt.sandbox.marketo.responses import (
    LEAD,
    MarketoRequest,
    MarketoRoutes,
    Row,
    result,
    skipped,
)

routes = MarketoRoutes(LEAD)


@routes.handle("GET", "/leads/partitions.json", scopes=LEADS_READABLE)
async def list_partitions(request: MarketoRequest) -> Response:
    rows: list[Row] = []
    for one in request.state.leads.partitions:
        if request.token.may_use(one.id):
            row: Row = {"id": one.id, "name": one.name}
            rows.append(row | {"description": one.description} if one.description else row)
    return result(request, rows)


@routes.handle("POST", "/leads/partitions.json", scopes=(WRITE_LEAD,))
async def move(request: MarketoRequest) -> Response:
    answers: list[Row] = []
    for row in records(await json_object(request)):
        lead_id = to_int(row.get("id"))
        try:
            check_texts(row, "partitionName")
            _move(request, lead_id, row.get("partitionName"))
            answers.append({"id": lead_id, "status": "updated"})
        except MarketoError as error:
            answers.append(skipped(error, id=lead_id))
    return result(request, answers)


def _move(request: MarketoRequest, lead_id: int, name: object) -> None:
    if not name:
        raise missing("partitionName")
    partition = request.state.leads.partition(str(name))
    if partition is None:
        raise object_not_found("Lead partition", name)
    if not request.token.may_use(partition.id):
        raise MarketoError(1008, f"Access to lead partition '{name}' denied")
    lead = lead_of(request, lead_id)
    if lead.partition_id == partition.id:
        # Moving a lead to its own partition is a success without an activity.
        return
    attributes: dict[str, object] = {"Old Partition ID": lead.partition_id, "Reason": API}
    lead.partition_id, lead.updated_at = partition.id, request.clock.now()
    request.state.log.add(
        CHANGE_PARTITION, lead.id, lead.updated_at, attributes, primary=(partition.id, partition.name)
    )
