"""Which lead, company or record the links of a custom object lead to."""

from collections.abc import Callable

from airflow_provider_mkt.sandbox.marketo.errors import lead_not_found, object_not_found
from airflow_provider_mkt.sandbox.marketo.leads.values import Value
from airflow_provider_mkt.sandbox.marketo.object_store import Model
from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def check_links(model: Model) -> Callable[[MarketoState, dict[str, Value]], None]:
    """Return what refuses links to something that does not exist."""

    def check(state: MarketoState, values: dict[str, Value]) -> None:
        for name, value in values.items():
            link = model.fields[name].link
            if link is None or value is None:
                continue
            if link.object == "Lead":
                if not state.leads.find(link.field, value):
                    raise lead_not_found(value)
            elif link.object == "Company":
                if state.companies.by_external_id(value) is None:
                    raise object_not_found("Company", value)
            elif not state.custom_objects.live(link.object).find(link.field, [str(value)]):
                raise object_not_found(link.object, value)

    return check
