"""Activity types that the sandbox logs, as in Get Activity Types."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ActivityType:
    id: int
    name: str
    description: str
    primary: str | None
    attributes: tuple[tuple[str, str], ...] = ()


FILL_OUT_FORM = 2
SEND_EMAIL = 6
EMAIL_DELIVERED = 7
NEW_LEAD = 12
CHANGE_DATA_VALUE = 13
ADD_TO_LIST = 24
REMOVE_FROM_LIST = 25
MERGE_LEADS = 32
DELETE_LEAD = 37
REQUEST_CAMPAIGN = 47
CHANGE_PARTITION = 100
CHANGE_STATUS = 104
ADD_TO_NURTURE = 113
CHANGE_NURTURE_TRACK = 114
CHANGE_NURTURE_CADENCE = 115
CHANGE_MEMBER_DATA = 123
PUSH_LEAD = 145

_STATUS = (
    ("Acquired By", "boolean"),
    ("New Status", "string"),
    ("New Status ID", "integer"),
    ("Old Status", "string"),
    ("Old Status ID", "integer"),
    ("Program Member ID", "integer"),
    ("Reason", "string"),
    ("Success", "boolean"),
)

CATALOG = {
    one.id: one
    for one in (
        ActivityType(
            FILL_OUT_FORM,
            "Fill Out Form",
            "User fills out and submits form on web page",
            "Webform ID",
            (
                ("Form Fields", "text"),
                ("Client IP Address", "string"),
                ("Query Parameters", "string"),
                ("Referrer URL", "string"),
                ("User Agent", "string"),
                ("Webpage ID", "integer"),
            ),
        ),
        ActivityType(
            SEND_EMAIL,
            "Send Email",
            "Send Marketo Email to a person",
            "Mailing ID",
            (
                ("Campaign Run ID", "integer"),
                ("Choice Number", "integer"),
                ("Has Predictive", "boolean"),
                ("Step ID", "integer"),
                ("Test Variant", "integer"),
            ),
        ),
        ActivityType(
            EMAIL_DELIVERED,
            "Email Delivered",
            "Marketo Email is delivered to a person",
            "Mailing ID",
            (
                ("Campaign Run ID", "integer"),
                ("Choice Number", "integer"),
                ("Step ID", "integer"),
                ("Test Variant", "integer"),
            ),
        ),
        ActivityType(
            NEW_LEAD,
            "New Lead",
            "New person is added to the lead database",
            None,
            (
                ("Created Date", "date"),
                ("Form Name", "reference"),
                ("List Name", "reference"),
                ("SFDC Type", "string"),
                ("Source Type", "string"),
                ("API Method Name", "string"),
            ),
        ),
        ActivityType(
            CHANGE_DATA_VALUE,
            "Change Data Value",
            "Changed attribute value for a person",
            "Attribute Name",
            (
                ("New Value", "string"),
                ("Old Value", "string"),
                ("Reason", "string"),
                ("Source", "string"),
                ("API Method Name", "string"),
                ("Request Id", "string"),
            ),
        ),
        ActivityType(
            ADD_TO_LIST, "Add to List", "Person is added to a list", "List ID", (("Source", "string"),)
        ),
        ActivityType(
            REMOVE_FROM_LIST,
            "Remove from List",
            "Person is removed from a list",
            "List ID",
            (("Source", "string"),),
        ),
        ActivityType(
            MERGE_LEADS,
            "Merge Leads",
            "Two or more people are merged into a single record",
            "Lead ID",
            (
                ("Master Updated", "boolean"),
                ("Merge IDs", "string"),
                ("Merge Source", "string"),
                ("Merged in Sales", "boolean"),
            ),
        ),
        ActivityType(
            DELETE_LEAD,
            "Delete Lead",
            "Person is deleted from the lead database",
            "Lead ID",
            (("Campaign", "string"), ("Campaign ID", "integer"), ("Remove From CRM", "boolean")),
        ),
        ActivityType(
            REQUEST_CAMPAIGN,
            "Request Campaign",
            "Campaign is requested for a person",
            "Campaign ID",
            (("Source", "string"),),
        ),
        ActivityType(
            CHANGE_PARTITION,
            "Change Lead Partition",
            "Person is moved to another partition",
            "New Partition ID",
            (("Old Partition ID", "integer"), ("Reason", "string")),
        ),
        ActivityType(
            CHANGE_STATUS,
            "Change Status in Progression",
            "Program status of a person changes",
            "Program ID",
            _STATUS,
        ),
        ActivityType(
            ADD_TO_NURTURE,
            "Add to Nurture",
            "Person is added to an engagement program",
            "Program ID",
            (("Track ID", "integer"), ("Track Name", "string")),
        ),
        ActivityType(
            CHANGE_NURTURE_TRACK,
            "Change Nurture Track",
            "Person moves to another stream",
            "Program ID",
            (
                ("New Track ID", "integer"),
                ("New Track Name", "string"),
                ("Previous Track ID", "integer"),
                ("Previous Track Name", "string"),
            ),
        ),
        ActivityType(
            CHANGE_NURTURE_CADENCE,
            "Change Nurture Cadence",
            "Cadence of a person in an engagement program",
            "Program ID",
            (("New Nurture Cadence", "string"), ("Previous Nurture Cadence", "string")),
        ),
        ActivityType(
            CHANGE_MEMBER_DATA,
            "Change Program Member Data",
            "Changed attribute value for a program member",
            "Attribute Name",
            (
                ("New Value", "string"),
                ("Old Value", "string"),
                ("Program", "string"),
                ("Reason", "string"),
                ("Source", "string"),
            ),
        ),
        ActivityType(
            PUSH_LEAD,
            "Push Lead to Marketo",
            "Person is pushed to Marketo",
            "Program ID",
            (
                ("Source", "string"),
                ("Reason", "string"),
                ("API Method Name", "string"),
                ("Request Id", "string"),
            ),
        ),
    )
}
