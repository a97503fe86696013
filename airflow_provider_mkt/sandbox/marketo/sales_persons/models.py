"""The schema of sales persons."""

from airflow_provider_mkt.sandbox.marketo.object_store import ID, Model, fields_from, system_fields

KEY = "externalSalesPersonId"
FIRST_SALES_PERSON_ID = 901

SALES_PERSON = Model(
    "salesPerson",
    "Sales Person",
    "Sales Persons",
    ID,
    (KEY,),
    (ID, KEY, "email"),
    fields_from(
        """
externalSalesPersonId|External Sales Person Id|string|255
email|Email Address|email|255
firstName|First Name|string|255
lastName|Last Name|string|255
title|Job Title|string|255
department|Department|string|255
phone|Phone Number|phone|255
mobilePhone|Mobile Phone Number|phone|255
fax|Fax Number|phone|255
"""
    )
    | system_fields(ID),
)
