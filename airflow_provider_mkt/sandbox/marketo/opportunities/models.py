"""The schemas of opportunities and their roles."""

from airflow_provider_mkt.sandbox.marketo.object_store import GUID, Model, fields_from, system_fields

KEY = "externalOpportunityId"

OPPORTUNITY = Model(
    "opportunity",
    "Opportunity",
    "Opportunities",
    GUID,
    (KEY,),
    (KEY, "name", "stage", "type", "externalSalesPersonId"),
    fields_from(
        """
externalOpportunityId|External Opportunity Id|string|50
name|Name|string|255
description|Description|string|2000
type|Type|string|255
stage|Stage|string|255
amount|Amount|currency|
probability|Probability|integer|
expectedRevenue|Expected Revenue|currency|
quantity|Quantity|float|
isClosed|Is Closed|boolean|
isWon|Is Won|boolean|
closeDate|Close Date|date|
lastActivityDate|Last Activity Date|date|
externalCreatedDate|External Created Date|datetime|
leadSource|Lead Source|string|255
nextStep|Next Step|string|255
forecastCategory|Forecast Category|string|255
fiscal|Fiscal|string|50
fiscalQuarter|Fiscal Quarter|string|50
fiscalYear|Fiscal Year|string|50
externalSalesPersonId|External Sales Person Id|string|255
"""
    )
    | system_fields(GUID),
    required=("name",),
)
ROLE = Model(
    "opportunityRole",
    "Opportunity Role",
    "Opportunity Roles",
    GUID,
    (KEY, "leadId", "role"),
    (KEY, "leadId"),
    fields_from(
        """
externalOpportunityId|External Opportunity Id|string|50
leadId|Lead Id|integer|
role|Role|string|50
isPrimary|Is Primary|boolean|
externalCreatedDate|External Created Date|datetime|
"""
    )
    | system_fields(GUID),
)
