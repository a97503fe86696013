"""The answers of Marketo Engage as documented, by call."""

from __future__ import annotations

from typing import Any

from calls.marketo_asset_answers import ASSETS
from calls.marketo_envelopes import DATE, NO_RESULT, Moment, answer, pages
from calls.shapes import NOTHING, Documented, Shape, also, shape, words

REASON = shape("Reason", code=str, message=str)


def outcome(words_of_status: str, maybe: dict[str, Any] | None = None, /, **required: Any) -> Shape:
    """The result of one record."""
    return shape(
        "Outcome",
        {"id": int, "reasons": list[REASON], **(maybe or {})},
        status=words(f"{words_of_status} skipped"),
        **required,
    )


LEAD = shape("Lead", {"email": str, "createdAt": Moment, "updatedAt": Moment}, id=int)
MEMBERSHIP = shape(
    "Membership",
    {"acquiredBy": bool, "isExhausted": bool, "reachedSuccess": bool, "stream": str, "nurtureCadence": str},
    progressionStatus=str,
    membershipDate=Moment,
)
FIELD = shape(
    "Field",
    {"length": int},
    name=str,
    displayName=str,
    description=str,
    dataType=str,
    isHidden=bool,
    isHtmlEncodingInEmail=bool,
    isSensitive=bool,
    isCustom=bool,
    isApiCreated=bool,
)
FIELD_OUTCOME = shape("FieldOutcome", name=str, status=words("created updated"))
DESCRIBED = shape(
    "DescribedField",
    {"length": int},
    name=str,
    displayName=str,
    dataType=str,
    updateable=bool,
    crmManaged=bool,
)
ON_REST = shape("OnRest", {"readOnly": bool}, name=str)
LIST = shape(
    "List",
    {"description": str, "programName": str, "workspaceName": str},
    id=int,
    name=str,
    createdAt=Moment,
    updatedAt=Moment,
)
MEMBER = shape("Member", seq=int, leadId=int)
WHOLE_MEMBER = also(
    MEMBER, "WholeMember", programId=int, acquiredBy=bool, reachedSuccess=bool, membershipDate=Moment
)

VALUE = shape("Value", {"apiName": str, "value": Any}, name=str)
ACTIVITY = shape(
    "Activity",
    {"id": int, "campaignId": int, "primaryAttributeValueId": int, "primaryAttributeValue": str},
    marketoGUID=str,
    leadId=int,
    activityDate=Moment,
    activityTypeId=int,
    attributes=list[VALUE],
)
CHANGED_FIELD = shape("ChangedField", {"oldValue": Any}, id=int, name=str, newValue=Any)
CHANGE = also(ACTIVITY, "Change", {"fields": list[CHANGED_FIELD]})
ATTRIBUTE = shape("Attribute", {"apiName": str}, name=str, dataType=str)
TYPE = shape(
    "Type",
    {"apiName": str, "description": str, "primaryAttribute": ATTRIBUTE},
    id=int,
    name=str,
    attributes=list[ATTRIBUTE],
)
_CUSTOM_TYPE = shape(
    "CustomTypeWithoutPrimary",
    {"description": str},
    id=int,
    apiName=str,
    name=str,
    triggerName=str,
    filterName=str,
    status=words("draft|approved|deleted|approved with draft", "|"),
    attributes=list[ATTRIBUTE],
    createdAt=Moment,
    updatedAt=Moment,
)
CUSTOM_TYPE = also(_CUSTOM_TYPE, "CustomType", primaryAttribute=ATTRIBUTE)
# Between the demotion of one attribute and the promotion of another none is primary.
CHANGING_TYPE = also(_CUSTOM_TYPE, "ChangingType", {"primaryAttribute": ATTRIBUTE})

EXPORT = shape(
    "Export",
    {
        "queuedAt": Moment,
        "startedAt": Moment,
        "finishedAt": Moment,
        "numberOfRecords": int,
        "fileSize": int,
        "fileChecksum": str,
        "errorMsg": str,
    },
    exportId=str,
    format=words("CSV TSV SSV"),
    status=words("Created Queued Processing Canceled Cancelled Completed Failed"),
    createdAt=Moment,
)
IMPORT = shape("Import", batchId=int, importId=str, status=words("Queued Importing Complete Failed"))
IMPORTED = also(
    IMPORT,
    "Imported",
    {"message": str},
    numOfLeadsProcessed=int,
    numOfRowsFailed=int,
    numOfRowsWithWarning=int,
)
FILE = shape("File", content=bytes)
CAMPAIGN = shape(
    "Campaign",
    {"description": str, "programId": int, "programName": str, "workspaceName": str, "active": bool},
    id=int,
    name=str,
    type=words("batch trigger"),
    createdAt=Moment,
    updatedAt=Moment,
)

ID: dict[str, Any] = {"id": int}
GUID: dict[str, Any] = {"marketoGUID": str}
BY_GUID = ("opportunities", "opportunity_roles", "named_accounts", "custom_objects")
_WARNINGS = {"warnings": list[Any]}
EMPTY_RESULT = also(NO_RESULT, "EmptyResult", _WARNINGS, result=list[NOTHING])
RELATED = shape("Related", name=str, field=str)
MODEL = shape(
    "Model",
    {
        "state": words("draft approved approvedWithDraft"),
        "relationships": list[
            shape("Relationship", {"relatedTo": RELATED, "object": RELATED}, field=str, type=str)
        ],
    },
    name=str,
    apiName=str,
    displayName=str,
    pluralName=str,
    description=str,
    idField=str,
    createdAt=Moment,
    updatedAt=Moment,
    version=words("draft approved"),
    dedupeFields=list[str],
    searchableFields=list[list[str]],
    fields=list[
        shape(
            "ModelField",
            {"length": int, "updateable": bool, "crmManaged": bool, "description": str},
            name=str,
            displayName=str,
            dataType=str,
        )
    ],
)
TYPE_MODEL = also(MODEL, "TypeModel", state=words("draft approved approvedWithDraft"))
OBJECT_IMPORT = shape(
    "ObjectImport",
    batchId=int,
    status=words("Queued Importing Complete Failed"),
    objectApiName=str,
    operation=str,
)

ANSWERS: Documented = {
    **ASSETS,
    "activities.add_custom": answer(
        shape("Added", {"id": int, "marketoGUID": str, "errors": list[REASON]}, status=words("added skipped"))
    ),
    "activities.deleted_leads": pages(ACTIVITY, nextPageToken=str, moreResult=bool),
    "activities.lead_changes": pages(CHANGE, nextPageToken=str, moreResult=bool),
    "activities.paging_token": also(NO_RESULT, "Token", nextPageToken=str),
    "activities.read": pages(ACTIVITY, nextPageToken=str, moreResult=bool),
    "activities.types": answer(TYPE),
    **{
        f"bulk_extracts.{call}": answer(EXPORT)
        for call in (
            "create_leads",
            "create_activities",
            "create_program_members",
            "create_custom_objects",
            "status",
        )
    },
    # The hook takes the refusal of a job that is in the queue already for an empty answer.
    "bulk_extracts.enqueue": answer(EXPORT) | NOTHING,
    "bulk_extracts.cancel": answer(EXPORT),
    "bulk_extracts.file": also(FILE, "Part", range=str | None),
    "bulk_extracts.list_jobs": pages(EXPORT),
    "bulk_leads.create_import": answer(IMPORT),
    "bulk_leads.failures": FILE,
    "bulk_leads.import_status": answer(IMPORTED),
    "bulk_leads.warnings": FILE,
    "bulk_members.create_import": answer(IMPORT),
    "bulk_members.failures": FILE,
    "bulk_members.import_status": answer(IMPORTED),
    "bulk_members.warnings": FILE,
    "campaigns.legacy_list": pages(CAMPAIGN),
    "campaigns.legacy_get": answer(CAMPAIGN),
    "campaigns.request": answer(shape("Requested", id=int)),
    "campaigns.schedule": answer(shape("Scheduled", id=int)),
    **{
        f"{resource}.{call}": kind
        for resource, of in (("companies", ID), ("sales_persons", ID), *((one, GUID) for one in BY_GUID))
        for call, kind in (
            ("list", pages(shape("Record", seq=int, **of))),
            ("delete", answer(outcome("deleted", of, seq=int))),
            ("describe", answer(MODEL)),
            ("sync", answer(outcome("created updated", of, seq=int))),
        )
    },
    **{
        f"{resource}.list_by_keys": pages(shape("Keyed", seq=int, **GUID))
        for resource in ("custom_objects", "opportunity_roles")
    },
    "custom_objects.list_types": answer(MODEL),
    **{f"{resource}.list": pages(FIELD) for resource in ("opportunity_fields", "named_account_fields")},
    **{f"{resource}.get": answer(FIELD) for resource in ("opportunity_fields", "named_account_fields")},
    **{f"custom_object_types.{call}": answer(TYPE_MODEL) for call in ("list", "get")},
    **{
        f"custom_object_types.{call}": EMPTY_RESULT
        for call in (
            "sync",
            "add_fields",
            "update_field",
            "delete_fields",
            "approve",
            "discard_draft",
            "delete",
        )
    },
    "custom_object_types.data_types": also(NO_RESULT, "DataTypes", _WARNINGS, result=list[str]),
    "custom_object_types.linkable_objects": answer(
        shape(
            "Linkable",
            name=str,
            displayName=str,
            fields=list[shape("LinkableField", name=str, displayName=str, dataType=str)],
        )
    ),
    "custom_object_types.dependent_assets": answer(
        shape("Dependent", {"usedFields": list[str]}, assetType=str, assetId=int, assetName=str)
    ),
    "named_account_lists.list": pages(
        shape(
            "AccountList",
            {"type": str, "updateable": bool, "createdAt": Moment, "updatedAt": Moment},
            seq=int,
            name=str,
            **GUID,
        )
    ),
    "named_account_lists.sync": answer(outcome("created updated", GUID, seq=int)),
    "named_account_lists.delete": answer(outcome("deleted", GUID, seq=int)),
    "named_account_lists.members": pages(shape("AccountInList", seq=int, **GUID)),
    "named_account_lists.add_members": answer(outcome("added", GUID, seq=int)),
    "named_account_lists.remove_members": answer(outcome("removed", GUID, seq=int)),
    "bulk_objects.create_import": answer(OBJECT_IMPORT),
    "bulk_objects.failures": FILE,
    "bulk_objects.import_status": answer(
        also(
            OBJECT_IMPORT,
            "ObjectsImported",
            {
                "numOfObjectsProcessed": int,
                "numOfRowsFailed": int,
                "numOfRowsWithWarning": int,
                "importTime": str,
                "message": str,
            },
        )
    ),
    "bulk_objects.warnings": FILE,
    **{
        f"custom_activity_types.{call}": answer(CUSTOM_TYPE)
        for call in (
            "add_attributes",
            "approve",
            "list",
            "create",
            "delete",
            "delete_attributes",
            "discard_draft",
            "update",
        )
    },
    **{f"custom_activity_types.{call}": answer(CHANGING_TYPE) for call in ("get", "update_attributes")},
    "company_fields.list": pages(FIELD),
    "company_fields.get": answer(FIELD),
    "lead_fields.list": pages(FIELD),
    "lead_fields.create": answer(FIELD_OUTCOME),
    "lead_fields.get": answer(FIELD),
    "lead_fields.update": answer(FIELD_OUTCOME),
    # A row that failed may come without a status.
    "lead_intake.push": answer(
        shape("Pushed", {"id": int, "status": words("created updated skipped"), "reasons": list[REASON]})
    ),
    "lead_intake.submit_form": answer(outcome("created updated")),
    "lead_memberships.campaigns": pages(
        shape("CampaignOfLead", smartCampaignId=int, createdAt=Moment, updatedAt=Moment)
    ),
    "lead_memberships.leads_of_list": pages(LEAD),
    "lead_memberships.leads_of_program": pages(also(LEAD, "LeadInProgram", membership=MEMBERSHIP)),
    "lead_memberships.lists": pages(shape("ListOfLead", listId=int, createdAt=Moment, updatedAt=Moment)),
    "lead_memberships.programs": pages(also(MEMBERSHIP, "ProgramOfLead", id=int, updatedAt=Moment)),
    "leads.associate": NO_RESULT,
    "leads.list": pages(LEAD),
    "leads.delete": answer(outcome("deleted")),
    "leads.describe": answer(
        shape(
            "FieldOfOld",
            {"length": int, "rest": ON_REST, "soap": ON_REST},
            id=int,
            displayName=str,
            dataType=str,
        )
    ),
    "leads.describe2": answer(
        shape("LeadModel", name=str, searchableFields=list[list[str]], fields=list[DESCRIBED])
    ),
    "leads.get": answer(LEAD),
    "leads.merge": NO_RESULT,
    "leads.sync": answer(outcome("created updated")),
    "lists.add": answer(outcome("added")),
    "lists.are_members": answer(outcome("memberof notmemberof")),
    "lists.list": pages(LIST),
    "lists.get": answer(LIST),
    "lists.leads": pages(LEAD),
    "lists.remove": answer(outcome("removed")),
    "member_fields.list": pages(FIELD),
    "member_fields.create": answer(FIELD_OUTCOME),
    "member_fields.get": answer(FIELD),
    "member_fields.update": answer(FIELD_OUTCOME),
    "partitions.list": answer(shape("Partition", {"description": str}, id=int, name=str)),
    "partitions.move": answer(outcome("updated")),
    "program_members.list": pages(MEMBER),
    "program_members.by_update": pages(MEMBER),
    "program_members.change_status": answer(outcome("updated")),
    "program_members.describe": answer(
        shape(
            "MemberModel",
            name=str,
            description=str,
            createdAt=Moment,
            updatedAt=Moment,
            dedupeFields=list[str],
            searchableFields=list[list[str]],
            fields=list[DESCRIBED],
        )
    ),
    "program_members.describe_fields": answer(shape("MemberFields", {"name": str}, fields=list[DESCRIBED])),
    "program_members.remove": answer(outcome("deleted", {"leadId": int}, seq=int)),
    "program_members.update": answer(outcome("updated", {"leadId": int}, seq=int)),
    "programs.members": pages(WHOLE_MEMBER),
    "programs.people": pages(also(LEAD, "PersonInProgram", membership=MEMBERSHIP)),
    "programs.set_status": answer(outcome("created updated", {"leadId": int}, seq=int)),
    **{
        f"usage.{call}": answer(
            shape(
                "Errors",
                date=DATE,
                total=int,
                errors=list[shape("ErrorCount", errorCode=str, count=int)],
            )
        )
        for call in ("errors_today", "errors_last_7_days")
    },
    **{
        f"usage.{call}": answer(
            shape("Usage", date=DATE, total=int, users=list[shape("UserCount", userId=str, count=int)])
        )
        for call in ("today", "last_7_days")
    },
}
