"""The schema of named accounts, and lists of them."""

from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.object_store import GUID, Model, fields_from, system_fields

KEY = "name"

NAMED_ACCOUNT = Model(
    "namedaccount",
    "Named Account",
    "Named Accounts",
    GUID,
    (KEY,),
    (KEY, "accountOwnerId", "annualRevenue", "city", "country", "domainName", "industry", "sicCode", "state"),
    fields_from(
        """
name|Name|string|255
accountOwnerId|Account Owner Id|integer|
annualRevenue|Annual Revenue|currency|
city|City|string|255
country|Country|string|255
domainName|Domain Name|string|255
industry|Industry|string|255
logoUrl|Logo Url|string|255
numberOfEmployees|Number Of Employees|integer|
sicCode|SIC Code|string|40
state|State|string|255
"""
    )
    | system_fields(GUID),
)


@dataclass
class AccountList:
    """A list of named accounts, by their GUIDs."""

    guid: str
    name: str
    created_at: datetime
    updated_at: datetime
    members: dict[str, None] = field(default_factory=dict)
