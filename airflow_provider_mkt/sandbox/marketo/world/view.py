"""The instance as a person or a test looks at it: counts, and what left the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.world import Section

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox.marketo.world.instance import Instance

ROWS = 50


def snapshot(world: Instance) -> dict[str, Any]:
    return {
        "leads": len(world.leads),
        "companies": len(world.companies),
        "activities": len(world.log),
        "due": world.timetable.pending(),
        "programs": [
            {
                "id": one.id,
                "name": one.name,
                "status": one.status,
                "members": len(one.members),
                "sentAt": lead_time(one.sent_at) if one.sent_at else None,
            }
            for one in world.programs.values()
        ],
        "campaigns": [
            {
                "id": one.id,
                "name": one.name,
                "active": one.active,
                "requests": one.requests,
                "runs": len(one.runs),
                "scheduled": [lead_time(due) for due in one.scheduled],
            }
            for one in world.campaigns.values()
        ],
        "emails": [
            {
                "id": one.id,
                "name": one.name,
                "status": one.status,
                "sent": sum(mail.email_id == one.id for mail in world.outbox),
                "samples": sum(mail.email_id == one.id for mail in world.samples),
            }
            for one in world.emails.values()
        ],
        "lists": [
            {"id": one.id, "name": one.name, "members": len(one.members)} for one in world.lists.values()
        ],
        "customActivityTypes": [
            {
                "id": one.id,
                "apiName": one.api_name,
                "status": one.status,
                "activities": len(world.log.all(one.id)),
            }
            for one in world.custom_types.types.values()
        ],
        "imports": [
            {"batchId": job.id, "status": job.status, "rows": len(job.rows), "failed": len(job.failures)}
            for job in world.imports.all()
        ],
        "exports": [
            {
                "exportId": job.id,
                "kind": job.kind,
                "owner": job.owner,
                "status": job.status,
                "records": job.extract.records,
                "fileSize": len(job.extract.content),
            }
            for job in world.exports.all()
        ],
        "exportedToday": world.exports.bytes_of_day(world.now()),
    }


def sections(world: Instance) -> list[Section]:
    state = snapshot(world)
    return [
        _table("Programs", ("id", "name", "status", "members", "sentAt"), state["programs"]),
        _table("Smart campaigns", ("id", "name", "active", "requests", "runs"), state["campaigns"]),
        _table("Emails", ("id", "name", "status", "sent", "samples"), state["emails"]),
        _table("Static lists", ("id", "name", "members"), state["lists"]),
        _table(
            "Custom activity types",
            ("id", "apiName", "status", "activities"),
            state["customActivityTypes"],
        ),
        _table("Imports", ("batchId", "status", "rows", "failed"), state["imports"]),
        _table("Exports", ("exportId", "kind", "owner", "status", "records", "fileSize"), state["exports"]),
        Section(
            f"Leads ({len(world.leads)})",
            ["id", "email", "partition"],
            [
                [str(lead.id), str(lead.values.get("email", "")), str(lead.partition_id)]
                for lead, _ in zip(world.leads, range(ROWS), strict=False)
            ],
        ),
    ]


def _table(title: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> Section:
    shown = [[str(row[column]) for column in columns] for row in rows[-ROWS:]]
    return Section(f"{title} ({len(rows)})", list(columns), shown)
