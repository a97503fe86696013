"""The answers of HubSpot as documented, by call: objects, associations, properties, owners and pipelines."""

from __future__ import annotations

from typing import Any

from calls.hubspot_envelopes import batch, counted, page, undated_and_dated
from calls.hubspot_people_answers import CONTACT, CONTACT_AND_MORE, PROPERTY, UPSERTED
from calls.shapes import NOTHING, Time, also, shape, words

CATEGORY = words("HUBSPOT_DEFINED INTEGRATOR_DEFINED USER_DEFINED WORK")
TYPE = shape("AssociationType", typeId=int, category=CATEGORY, label=str | None)
TYPES = shape("AssociationTypes", results=list[TYPE])
TARGET = shape("AssociatedRecord", toObjectId=str, associationTypes=list[TYPE])
RECORD_ID = shape("RecordId", id=str)
SPEC = shape("AssociationSpec", associationCategory=CATEGORY, associationTypeId=int)
ARCHIVED = undated_and_dated(NOTHING, batch(shape("NoAssociation")))
GROUP = shape("PropertyGroup", {"archived": bool}, name=str, label=str, displayOrder=int)
OWNER = shape(
    "Owner",
    {"email": str, "firstName": str, "lastName": str, "userId": int, "userIdIncludingInactive": int},
    id=str,
    type=words("PERSON QUEUE"),
    createdAt=Time,
    updatedAt=Time,
    archived=bool,
)
_STAGE = shape(
    "Stage",
    id=str,
    label=str,
    displayOrder=int,
    metadata=dict[str, str],
    createdAt=Time,
    updatedAt=Time,
    archived=bool,
)
_DATED_STAGE = also(_STAGE, "DatedStage", writePermissions=str)


def _pipeline(stage: Any) -> Any:
    return shape(
        f"PipelineOf{stage.__name__}",
        id=str,
        label=str,
        displayOrder=int,
        createdAt=Time,
        updatedAt=Time,
        archived=bool,
        stages=list[stage],
    )


_OLD, _DATED = _pipeline(_STAGE), _pipeline(_DATED_STAGE)
SCHEMA = shape(
    "ObjectSchema",
    {
        "archived": bool,
        "createdAt": Time,
        "updatedAt": Time,
        "description": str | None,
        "fullyQualifiedName": str,
        "objectTypeId": str,
        "primaryDisplayProperty": str | None,
        "searchableProperties": list[str],
        "secondaryDisplayProperties": list[str],
    },
    id=str,
    name=str,
    labels=dict[str, str],
    requiredProperties=list[str],
    properties=list[PROPERTY],
    associations=list[dict],
)

OBJECTS: dict[str, Any] = {
    "association_labels.create": TYPES,
    "association_labels.delete": NOTHING,
    "association_labels.list": TYPES,
    "association_labels.update": NOTHING,
    "associations.batch_archive": ARCHIVED,
    "associations.batch_archive_labels": ARCHIVED,
    "associations.batch_create": batch(
        shape(
            "LabelsBetween",
            fromObjectId=str,
            fromObjectTypeId=str,
            toObjectId=str,
            toObjectTypeId=str,
            labels=list[str],
        )
    ),
    "associations.batch_create_default": batch(
        shape("DefaultAssociation", {"to": RECORD_ID, "from": RECORD_ID}, associationSpec=SPEC)
    ),
    "associations.batch_read": batch(
        shape("AssociatedRecords", {"from": RECORD_ID, "paging": dict}, to=list[TARGET])
    ),
    "associations.list": page(TARGET),
    "object_schemas.create": SCHEMA,
    "object_schemas.delete": NOTHING,
    "object_schemas.get": SCHEMA,
    "object_schemas.list": shape("ObjectSchemas", results=list[SCHEMA]),
    "objects.archive": NOTHING,
    "objects.batch_archive": NOTHING,
    "objects.batch_create": batch(CONTACT),
    "objects.batch_read": batch(CONTACT),
    "objects.batch_update": batch(CONTACT),
    "objects.batch_upsert": batch(UPSERTED),
    "objects.create": CONTACT,
    "objects.get": CONTACT_AND_MORE,
    "objects.list": page(CONTACT_AND_MORE),
    "objects.search": counted(CONTACT),
    "objects.search_all": counted(CONTACT),
    "objects.update": CONTACT,
    "owners.get": OWNER,
    "owners.list": page(OWNER),
    "pipelines.get": undated_and_dated(_OLD, _DATED),
    "pipelines.list": undated_and_dated(
        shape("Pipelines", results=list[_OLD]), shape("DatedPipelines", results=list[_DATED])
    ),
    "pipelines.list_stages": undated_and_dated(
        shape("Stages", results=list[_STAGE]), shape("DatedStages", results=list[_DATED_STAGE])
    ),
    "properties.archive": NOTHING,
    "properties.batch_archive": NOTHING,
    "properties.batch_create": batch(PROPERTY),
    "properties.batch_read": batch(PROPERTY),
    "properties.create": PROPERTY,
    "properties.get": PROPERTY,
    "properties.list": shape("Properties", results=list[PROPERTY]),
    "properties.update": PROPERTY,
    "property_groups.create": GROUP,
    "property_groups.list": shape("PropertyGroups", results=list[GROUP]),
}
