"""The permissions of the API role that endpoints ask for."""

READ_LEAD = "Read-Only Lead"
WRITE_LEAD = "Read-Write Lead"
STANDARD_SCHEMA = "Read-Write Schema Standard Field"
CUSTOM_SCHEMA = "Read-Write Schema Custom Field"
READ_ACTIVITY = "Read-Only Activity"
WRITE_ACTIVITY = "Read-Write Activity"
READ_ACTIVITY_METADATA = "Read-Only Activity Metadata"
WRITE_ACTIVITY_METADATA = "Read-Write Activity Metadata"
READ_CAMPAIGN = "Read-Only Campaign"
WRITE_CAMPAIGN = "Read-Write Campaign"
EXECUTE_CAMPAIGN = "Execute Campaign"
ACTIVATE_CAMPAIGN = "Activate Campaign"
DEACTIVATE_CAMPAIGN = "Deactivate Campaign"
READ_ASSETS = "Read-Only Assets"
WRITE_ASSETS = "Read-Write Assets"
APPROVE_ASSETS = "Approve Assets"
READ_COMPANY = "Read-Only Company"
WRITE_COMPANY = "Read-Write Company"

# Writing includes reading wherever Marketo pairs the two.
LEADS_READABLE = (READ_LEAD, WRITE_LEAD)
ASSETS_READABLE = (READ_ASSETS, WRITE_ASSETS)
CAMPAIGNS_READABLE = (READ_CAMPAIGN, WRITE_CAMPAIGN)
ACTIVITIES_READABLE = (READ_ACTIVITY, WRITE_ACTIVITY)
METADATA_READABLE = (READ_ACTIVITY_METADATA, WRITE_ACTIVITY_METADATA)
COMPANIES_READABLE = (READ_COMPANY, WRITE_COMPANY)
ANY_SCHEMA = (STANDARD_SCHEMA, CUSTOM_SCHEMA)

EVERYTHING = frozenset(
    {
        READ_LEAD,
        WRITE_LEAD,
        STANDARD_SCHEMA,
        CUSTOM_SCHEMA,
        READ_ACTIVITY,
        WRITE_ACTIVITY,
        READ_ACTIVITY_METADATA,
        WRITE_ACTIVITY_METADATA,
        READ_CAMPAIGN,
        WRITE_CAMPAIGN,
        EXECUTE_CAMPAIGN,
        ACTIVATE_CAMPAIGN,
        DEACTIVATE_CAMPAIGN,
        READ_ASSETS,
        WRITE_ASSETS,
        APPROVE_ASSETS,
        READ_COMPANY,
        WRITE_COMPANY,
    }
)
