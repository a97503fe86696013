"""Lead partitions: listing them and moving leads between them."""

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import CHANGE_PARTITION
from airflow_provider_mkt.sandbox.marketo.errors import Problem, missing, object_not_found
from airflow_provider_mkt.sandbox.marketo.leads.access import API, lead_of
from airflow_provider_mkt.sandbox.marketo.permissions import LEADS_READABLE, WRITE_LEAD
from airflow_provider_mkt.sandbox.marketo.requests import json_object, records, whole
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, Call, MarketoRoutes, Row, result, skipped
from airflow_provider_mkt.sandbox.server.responses import Reply

routes = MarketoRoutes(LEAD)


@routes.handle("GET", "/leads/partitions.json", scopes=LEADS_READABLE)
async def list_partitions(call: Call) -> Reply:
    rows: list[Row] = []
    for one in call.state.leads.partitions:
        if call.token.may_use(one.id):
            row: Row = {"id": one.id, "name": one.name}
            rows.append(row | {"description": one.description} if one.description else row)
    return result(call, rows)


@routes.handle("POST", "/leads/partitions.json", scopes=(WRITE_LEAD,))
async def move(call: Call) -> Reply:
    answers: list[Row] = []
    for row in records(await json_object(call)):
        lead_id = whole(row.get("id"))
        try:
            _move(call, lead_id, row.get("partitionName"))
            answers.append({"id": lead_id, "status": "updated"})
        except Problem as problem:
            answers.append(skipped(problem, id=lead_id))
    return result(call, answers)


def _move(call: Call, lead_id: int, name: object) -> None:
    if not name:
        raise missing("partitionName")
    partition = call.state.leads.partition(str(name))
    if partition is None:
        raise object_not_found("Lead partition", name)
    if not call.token.may_use(partition.id):
        raise Problem(1008, f"Access to lead partition '{name}' denied")
    lead = lead_of(call, lead_id)
    if lead.partition_id == partition.id:
        # Moving a lead to where it is is a set with the same value: nothing to log, nothing to refuse.
        return
    attributes: dict[str, object] = {"Old Partition ID": lead.partition_id, "Reason": API}
    lead.partition_id, lead.updated_at = partition.id, call.clock.now()
    call.state.log.add(
        CHANGE_PARTITION, lead.id, lead.updated_at, attributes, primary=(partition.id, partition.name)
    )
