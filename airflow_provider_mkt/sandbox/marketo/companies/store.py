"""Companies, which leads refer to by their external id."""

from airflow_provider_mkt.sandbox.marketo.leads.fields import Schema
from airflow_provider_mkt.sandbox.marketo.object_store import (
    ID,
    Model,
    ObjectField,
    ObjectRecord,
    ObjectStore,
    fields_of,
    system_fields,
)

KEY = "externalCompanyId"
FIRST_COMPANY_ID = 501


class CompanyStore(ObjectStore):
    """All companies. Their fields are those of leads that belong to companies."""

    def __init__(self, schema: Schema) -> None:
        super().__init__(_model({}), FIRST_COMPANY_ID)
        self._schema = schema

    @property
    def model(self) -> Model:
        of_leads = (field for field in self._schema.fields.values() if field.company)
        return _model(
            fields_of(
                *(ObjectField(one.name, one.display_name, one.data_type, one.length) for one in of_leads)
            )
        )

    def by_external_id(self, key: object) -> ObjectRecord | None:
        return None if key is None else self.by_key(key)


def _model(fields: dict[str, ObjectField]) -> Model:
    own = fields_of(
        ObjectField(KEY, "External Company Id", "string", 100),
        ObjectField("externalSalesPersonId", "External Sales Person Id", "string", 255),
    )
    return Model(
        "Company",
        "Company",
        "Companies",
        ID,
        (KEY,),
        (ID, KEY, "company"),
        own | fields | system_fields(ID),
        shown=("company",),
    )
