"""Activity types of every account, as in Get Activity Types."""

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
EMAIL_BOUNCED = 8
UNSUBSCRIBE_EMAIL = 9
OPEN_EMAIL = 10
CLICK_EMAIL = 11
NEW_LEAD = 12
CHANGE_DATA_VALUE = 13
ADD_TO_LIST = 24
REMOVE_FROM_LIST = 25
EMAIL_BOUNCED_SOFT = 27
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

_MAIL = (
    ("Campaign Run ID", "integer"),
    ("Choice Number", "integer"),
    ("Step ID", "integer"),
    ("Test Variant", "integer"),
)
# Only public reports state the attributes from here on.
_BOUNCE = (
    ("Category", "string"),
    ("Details", "string"),
    ("Email", "string"),
    ("Subcategory", "string"),
    *_MAIL,
)
_READER = (
    ("Bot Activity Pattern", "string"),
    ("Browser", "string"),
    ("Device", "string"),
    ("Is Bot Activity", "boolean"),
    ("Is Mobile Device", "boolean"),
    ("Platform", "string"),
    ("User Agent", "string"),
    *_MAIL,
)

_WEB = (
    ("Client IP Address", "string"),
    ("Query Parameters", "string"),
    ("Referrer URL", "string"),
    ("User Agent", "string"),
)
_OPPORTUNITY = (("Is Primary", "boolean"), ("Role", "string"), ("Source", "string"))
_SALES_EMAIL = (("Campaign Run ID", "integer"), ("Sent By", "integer"))

_LISTED_ONLY = (
    ActivityType(
        1,
        "Visit Webpage",
        "User visits a web page",
        "Webpage ID",
        (*_WEB, ("Search Engine", "string"), ("Search Query", "string"), ("Webpage URL", "string")),
    ),
    ActivityType(
        3,
        "Click Link",
        "User clicks link on web page",
        "Link ID",
        (*_WEB, ("Webpage ID", "integer")),
    ),
    ActivityType(
        21,
        "Convert Lead",
        "Person is converted to a contact",
        "Account Name",
        (("Assigned To", "string"), ("Converted Status", "string"), ("Opportunity Name", "string")),
    ),
    ActivityType(
        22,
        "Change Score",
        "Score of a person changes",
        "Score Name",
        (
            ("Change Value", "string"),
            ("New Value", "integer"),
            ("Old Value", "integer"),
            ("Priority", "integer"),
            ("Reason", "string"),
            ("Relative Score", "integer"),
            ("Relative Urgency", "integer"),
            ("Urgency", "float"),
        ),
    ),
    ActivityType(
        23,
        "Change Owner",
        "Owner of a person changes",
        "New Owner",
        (("Old Owner", "string"),),
    ),
    ActivityType(
        34, "Add to Opportunity", "Person is added to an opportunity", "Opportunity ID", _OPPORTUNITY
    ),
    ActivityType(
        35, "Remove from Opportunity", "Person is removed from an opportunity", "Opportunity ID", _OPPORTUNITY
    ),
    ActivityType(
        36,
        "Update Opportunity",
        "Opportunity of a person is updated",
        "Opportunity ID",
        (("Data Value Changes", "string"), ("Source", "string")),
    ),
    ActivityType(
        38,
        "Send Alert",
        "Alert about a person is sent",
        "Mailing ID",
        (("Campaign Run ID", "integer"), ("Send To List", "string"), ("Send To Owner", "string")),
    ),
    ActivityType(39, "Send Sales Email", "Sales email is sent to a person", "Artifact ID", _SALES_EMAIL),
    ActivityType(40, "Open Sales Email", "Person opens sales email", "Artifact ID", _SALES_EMAIL),
    ActivityType(
        41,
        "Click Sales Email",
        "Person clicks on link in sales email",
        "Artifact ID",
        (("Link", "string"), *_SALES_EMAIL),
    ),
    ActivityType(
        45,
        "Receive Sales Email",
        "Sales email of a person is received",
        "Artifact ID",
        (("Received By", "integer"),),
    ),
    ActivityType(
        46,
        "Interesting Moment",
        "Person has an interesting moment",
        "Milestone Type",
        (("Date", "datetime"), ("Description", "string"), ("Source", "string")),
    ),
    ActivityType(48, "Sales Email Bounced", "Sales email is bounced", "Artifact ID", _SALES_EMAIL),
    ActivityType(
        101,
        "Change Revenue Stage",
        "Revenue stage of a person changes",
        "Model Version ID",
        (
            ("New Stage", "string"),
            ("New Stage ID", "integer"),
            ("Old Stage", "string"),
            ("Old Stage ID", "integer"),
            ("Reason", "string"),
        ),
    ),
    ActivityType(
        108,
        "Change Segment",
        "Segment of a person changes",
        "Segmentation ID",
        (("New Segment ID", "integer"), ("Old Segment ID", "integer")),
    ),
    ActivityType(
        110,
        "Call Webhook",
        "Webhook is called for a person",
        "Webhook",
        (("Error Type", "integer"), ("Response", "text")),
    ),
)
"""Every account lists them. Nothing in the sandbox logs them: it has no web pages, no sales and no scores."""

CATALOG = {
    one.id: one
    for one in (
        *_LISTED_ONLY,
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
            _MAIL,
        ),
        ActivityType(
            EMAIL_BOUNCED, "Email Bounced", "Marketo Email is bounced for a person", "Mailing ID", _BOUNCE
        ),
        ActivityType(
            UNSUBSCRIBE_EMAIL,
            "Unsubscribe Email",
            "Person unsubscribed from Marketo Emails",
            "Mailing ID",
            (("Form Fields", "text"), ("Referrer URL", "string"), ("Webpage ID", "integer"), *_MAIL),
        ),
        ActivityType(OPEN_EMAIL, "Open Email", "Person opens Marketo Email", "Mailing ID", _READER),
        ActivityType(
            CLICK_EMAIL,
            "Click Email",
            "Person clicks on link in Marketo Email",
            "Mailing ID",
            (("Link", "string"), ("Link ID", "string"), *_READER),
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
            EMAIL_BOUNCED_SOFT,
            "Email Bounced Soft",
            "Marketo Email is soft bounced for a person",
            "Mailing ID",
            _BOUNCE,
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
