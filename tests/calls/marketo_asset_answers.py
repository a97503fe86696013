"""The answers of Marketo's asset API as documented, by call."""

from __future__ import annotations

from typing import Any

from calls.marketo_envelopes import NO_RESULT, AssetTime, asset
from calls.shapes import Documented, also, shape, words

PLACE = shape("Place", {"id": int, "value": int, "folderName": str}, type=words("Folder Program"))
DONE = asset(shape("Touched", id=int))

PROGRAM = asset(
    shape(
        "Program",
        {
            "description": str,
            "startDate": str,
            "endDate": str,
            "headStart": bool,
            "tags": list[shape("Tag", tagType=str, tagValue=str)],
            "costs": list[shape("Cost", {"note": str}, startDate=str, cost=int)],
            "url": str,
        },
        id=int,
        name=str,
        type=str,
        channel=str,
        folder=PLACE,
        status=str,
        workspace=str,
        createdAt=AssetTime,
        updatedAt=AssetTime,
    )
)
CAMPAIGN = asset(
    shape(
        "SmartCampaign",
        {
            "parentProgramId": int,
            "computedUrl": str,
            "recurrence": dict[str, Any],
            "qualificationRuleInterval": int,
            "qualificationRuleUnit": str,
            "maxMembers": int,
        },
        id=int,
        name=str,
        description=str,
        type=words("batch default trigger"),
        status=str,
        isSystem=bool,
        isActive=bool,
        isRequestable=bool,
        isCommunicationLimitEnabled=bool,
        qualificationRuleType=words("once any interval"),
        smartListId=int,
        flowId=int,
        folder=PLACE,
        workspace=str,
        createdAt=AssetTime,
        updatedAt=AssetTime,
    )
)
HEADER = shape("Header", type=words("Text DynamicContent"), value=str)
EMAIL = asset(
    shape(
        "Email",
        {"description": str, "url": str, "isOpenTrackingDisabled": bool, "ccFields": list[dict[str, Any]]},
        id=int,
        name=str,
        subject=HEADER,
        fromName=HEADER,
        fromEmail=HEADER,
        replyEmail=HEADER,
        folder=PLACE,
        operational=bool,
        textOnly=bool,
        publishToMSI=bool,
        webView=bool,
        status=words("draft approved"),
        template=int,
        workspace=str,
        version=int,
        autoCopyToText=bool,
        preHeader=str,
        createdAt=AssetTime,
        updatedAt=AssetTime,
    )
)
FOLDER = asset(
    shape(
        "Folder",
        {"description": str, "parent": PLACE | None, "isSystem": bool, "accessZoneId": int},
        id=int,
        name=str,
        folderId=PLACE,
        folderType=str,
        path=str,
        isArchive=bool,
        workspace=str,
        url=str,
        createdAt=AssetTime,
        updatedAt=AssetTime,
    )
)
LIST = asset(
    shape(
        "StaticList",
        {"computedUrl": str},
        id=int,
        name=str,
        description=str,
        url=str,
        folder=PLACE,
        workspace=str,
        createdAt=AssetTime,
        updatedAt=AssetTime,
    )
)
SMART_LIST = asset(
    shape(
        "SmartList",
        {
            "rules": shape(
                "Rules",
                filterMatchType=words("All Any Advanced all any advanced"),
                triggers=list[str],
                filters=list[
                    shape(
                        "Filter",
                        id=int,
                        name=str,
                        ruleTypeId=int,
                        ruleType=str,
                        operator=str,
                        conditions=list[
                            shape(
                                "Condition",
                                activityAttributeId=int,
                                activityAttributeName=str,
                                operator=str,
                                values=list[str],
                                isPrimary=bool,
                            )
                        ],
                    )
                ],
            )
        },
        id=int,
        name=str,
        description=str,
        url=str,
        folder=PLACE,
        workspace=str,
        createdAt=AssetTime,
        updatedAt=AssetTime,
    )
)
TAG_TYPE = shape("TagType", tagType=str, applicableProgramTypes=str, required=bool)
PART = shape("Part", type=words("HTML Text"), value=str)
SECTION = shape(
    "Section",
    {"value": list[PART] | dict[str, Any], "index": int, "isLocked": bool, "parentHtmlId": str},
    htmlId=str,
    contentType=str,
)
TOKENS = asset(
    shape(
        "Tokens",
        folder=shape("TokenPlace", type=words("Folder Program"), value=int),
        tokens=list[shape("Token", {"computedUrl": str}, name=str, type=str, value=str)],
    )
)
CHANNEL = asset(
    shape(
        "Channel",
        id=int,
        name=str,
        applicableProgramType=str,
        progressionStatuses=list[
            shape(
                "ChannelStatus",
                {"description": str, "type": str},
                name=str,
                step=int,
                hidden=bool,
                success=bool,
            )
        ],
        createdAt=AssetTime,
        updatedAt=AssetTime,
    )
)

DESIGNER_EMAIL = shape(
    "DesignerEmail",
    {
        "description": str,
        "state": str,
        "externalId": str,
        "settings": dict[str, Any],
        "templateId": str,
        "data": dict[str, Any],
    },
    id=str,
    name=str,
    status=str,
    headers=dict[str, Any],
    appData=dict[str, Any],
    metadata=dict[str, Any],
)
DESIGNER_EMAILS = also(NO_RESULT, "DesignerEmails", result=list[DESIGNER_EMAIL])

ASSETS: Documented = {
    **{
        f"designer_emails.{call}": DESIGNER_EMAILS
        for call in ("batch_get", "clone", "create", "get", "transition", "update")
    },
    "designer_emails.list": also(
        NO_RESULT,
        "DesignerEmailPage",
        result=shape(
            "DesignerEmailItems",
            items=list[DESIGNER_EMAIL],
            totalItems=int,
            pageSize=int,
            currentPage=int,
        ),
    ),
    "designer_emails.delete": NO_RESULT,
    "designer_emails.batch_delete": NO_RESULT,
    "designer_emails.used_by": also(
        NO_RESULT,
        "DesignerUse",
        {"pageDetails": dict[str, Any]},
        result=list[shape("DesignerUser", {"contentType": str, "channel": str}, id=str, name=str)],
    ),
    "designer_emails.batch_used_by": also(
        NO_RESULT,
        "DesignerUses",
        result=list[shape("DesignerUseCount", id=str, name=str, count=int, used=bool)],
    ),
    **{f"campaigns.{call}": CAMPAIGN for call in ("list", "by_name", "clone", "create", "get", "update")},
    **{f"campaigns.{call}": DONE for call in ("activate", "deactivate", "delete")},
    "channels.list": CHANNEL,
    "channels.by_name": CHANNEL,
    **{f"emails.{call}": EMAIL for call in ("list", "by_name", "clone", "create", "get", "update")},
    **{
        f"emails.{call}": DONE
        for call in ("approve_draft", "delete", "discard_draft", "unapprove", "update_headers")
    },
    "email_content.cc_fields": asset(
        shape(
            "CcField",
            attributeId=str,
            objectName=words("lead company"),
            displayName=str,
            apiName=str,
        )
    ),
    "email_content.preview": asset(
        shape("Preview", id=int, status=words("approved draft"), content=str),
    ),
    "email_content.sections": asset(SECTION),
    "email_content.update_section": DONE,
    **{
        f"email_content.{call}": asset(
            shape("Variable", {"moduleId": str}, name=str, value=str, moduleScope=bool)
        )
        for call in ("set_variable", "variables")
    },
    # Three shapes of this answer are documented.
    "emails.send_sample": asset(shape("Sample")),
    **{f"folders.{call}": FOLDER for call in ("list", "by_name", "create", "get", "update")},
    "folders.delete": DONE,
    "folders.content": asset(shape("Content", id=int, type=str)),
    **{
        f"programs.{call}": PROGRAM
        for call in ("list", "by_name", "clone", "create", "get", "reschedule", "update")
    },
    **{f"programs.{call}": DONE for call in ("approve", "delete", "unapprove")},
    **{f"static_lists.{call}": LIST for call in ("list", "by_name", "create", "get", "update")},
    **{
        f"smart_lists.{call}": SMART_LIST
        for call in ("list", "by_name", "clone", "get", "of_campaign", "of_program")
    },
    "smart_lists.delete": DONE,
    "static_lists.delete": DONE,
    "tags.list": asset(TAG_TYPE),
    "tags.by_name": asset(also(TAG_TYPE, "TagTypeWithValues", allowableValues=str)),
    "tags.delete": DONE,
    "tags.programs": PROGRAM,
    "tags.set_value": DONE,
    "tokens.list": TOKENS,
    "tokens.delete": DONE,
    "tokens.set_value": TOKENS,
}
