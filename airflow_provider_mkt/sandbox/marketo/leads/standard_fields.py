"""Standard fields of leads and program members."""

from airflow_provider_mkt.sandbox.marketo.leads.fields import Field, Schema

FIRST_CUSTOM_LEAD_FIELD = 1001
FIRST_CUSTOM_MEMBER_FIELD = 3001
API_LEAD_FIELDS = 100
API_MEMBER_FIELDS = 20

# name, label, type, flags: k = usable as a key, r = read only, c = kept on the company
_LEAD = """
company|Company Name|string|c
site|Site|string|c
billingStreet|Billing Address|text|c
billingCity|Billing City|string|c
billingState|Billing State|string|c
billingCountry|Billing Country|string|c
billingPostalCode|Billing Postal Code|string|c
website|Website|url|c
mainPhone|Main Phone|phone|c
annualRevenue|Annual Revenue|currency|c
numberOfEmployees|Num Employees|integer|c
industry|Industry|string|c
sicCode|SIC Code|string|c
email|Email Address|email|k
id|Id|integer|kr
cookies|Cookies|string|kr
facebookId|Facebook Id|string|k
linkedInId|LinkedIn Id|string|k
twitterId|Twitter Id|string|k
sfdcAccountId|SFDC Account Id|string|kr
sfdcContactId|SFDC Contact Id|string|kr
sfdcLeadId|SFDC Lead Id|string|kr
sfdcLeadOwnerId|SFDC Lead Owner Id|string|kr
sfdcOpptyId|SFDC Opportunity Id|string|kr
leadPartitionId|Lead Partition Id|integer|kr
externalCompanyId|External Company Id|string|
externalSalesPersonId|External Sales Person Id|string|
salutation|Salutation|string|
firstName|First Name|string|
middleName|Middle Name|string|
lastName|Last Name|string|
title|Job Title|string|
department|Department|string|
phone|Phone Number|phone|
mobilePhone|Mobile Phone Number|phone|
fax|Fax Number|phone|
address|Address|text|
city|City|string|
state|State|string|
country|Country|string|
postalCode|Postal Code|string|
dateOfBirth|Date of Birth|date|
doNotCall|Do Not Call|boolean|
doNotCallReason|Do Not Call Reason|text|
leadRole|Role|string|
leadScore|Lead Score|score|
leadSource|Lead Source|string|
leadStatus|Lead Status|string|
rating|Lead Rating|string|
priority|Priority|integer|r
relativeScore|Relative Score|integer|r
urgency|Urgency|float|r
unsubscribed|Unsubscribed|boolean|
unsubscribedReason|Unsubscribed Reason|text|
marketingSuspended|Marketing Suspended|boolean|
marketingSuspendedCause|Marketing Suspended Cause|text|
emailInvalid|Email Invalid|boolean|
emailInvalidCause|Email Invalid Cause|text|
emailSuspended|Email Suspended|boolean|
emailSuspendedAt|Email Suspended At|datetime|
emailSuspendedCause|Email Suspended Cause|text|
blackListed|Black Listed|boolean|
blackListedCause|Black Listed Cause|text|
acquisitionProgramId|Acquisition Program|integer|
personTimeZone|Person Time Zone|string|r
anonymousIP|Anonymous IP|string|
isAnonymous|Is Anonymous|boolean|r
inferredCompany|Inferred Company|string|r
inferredCountry|Inferred Country|string|r
inferredCity|Inferred City|string|r
inferredStateRegion|Inferred State Region|string|r
inferredMetropolitanArea|Inferred Metropolitan Area|string|r
inferredPhoneAreaCode|Inferred Phone Area Code|string|r
inferredPostalCode|Inferred Postal Code|string|r
createdAt|Created At|datetime|r
updatedAt|Updated At|datetime|r
"""

# Flags as above; w = writable as program member data.
_MEMBER = """
acquiredBy|Acquired By|boolean|w
attendanceLikelihood|Attendance Likelihood|integer|r
createdAt|Created At|datetime|r
isExhausted|Nurture Exhausted|boolean|r
leadId|Lead Id|integer|kr
membershipDate|Membership Date|datetime|r
nurtureCadence|Nurture Cadence|string|r
program|Program|string|r
programId|Program Id|integer|r
reachedSuccess|Success|boolean|kr
reachedSuccessDate|Success Date|datetime|r
registrationLikelihood|Registration Likelihood|integer|r
statusName|Status|string|kr
statusReason|Status Reason|string|w
trackName|Nurture Track|string|r
updatedAt|Updated At|datetime|r
waitlistPriority|Waitlist Priority|integer|r
registrationCode|Registration Code|string|w
webinarUrl|Webinar URL|string|w
"""

_LENGTHS = {"string": 255, "email": 255, "phone": 255, "url": 255, "text": 30_000}
_OWN_LENGTHS = {"nurtureCadence": 4, "registrationCode": 100, "webinarUrl": 2000}


def _read(table: str, first_id: int) -> list[Field]:
    fields = []
    for number, line in enumerate(table.split("\n")[1:-1], first_id):
        name, label, data_type, flags = line.split("|")
        fields.append(
            Field(
                number,
                name,
                label,
                data_type,
                _OWN_LENGTHS.get(name, _LENGTHS.get(data_type)),
                updateable="r" not in flags,
                searchable="k" in flags,
                company="c" in flags,
            )
        )
    return fields


def lead_schema() -> Schema:
    return Schema(_read(_LEAD, 2), FIRST_CUSTOM_LEAD_FIELD, API_LEAD_FIELDS)


def member_schema() -> Schema:
    return Schema(_read(_MEMBER, 2001), FIRST_CUSTOM_MEMBER_FIELD, API_MEMBER_FIELDS)
