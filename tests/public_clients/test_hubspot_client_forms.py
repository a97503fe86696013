"""HubSpot's own Python client reads and writes forms of the sandbox."""

from __future__ import annotations

import pytest
from hubspot.marketing.forms import ApiException
from public_clients import hubspot_client

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.forms.seed import definition


def test_forms_are_created_read_changed_and_archived(box: Sandbox) -> None:
    # Its model of a field is one of all types of fields at once, so its checks refuse HubSpot's own answers.
    api = hubspot_client(box, checks=False).marketing.forms.forms_api
    assert [one.name for one in api.get_page().results] == ["Newsletter", "Webinar registration"]
    made = api.create(definition("Fair", "email", "city"))
    assert (made.name, made.archived) == ("Fair", False)
    assert [one.name for one in made.field_groups[0].fields] == ["email", "city"]
    page = api.get_page(limit=2)
    assert api.get_page(limit=2, after=page.paging.next.after).results[0].id == made.id
    assert api.update(made.id, {"name": "Fair 2026"}).name == "Fair 2026"
    whole = {**definition("Fair 2027", "email"), "id": made.id, "archived": False}
    assert api.replace(made.id, whole).name == "Fair 2027"
    api.archive(made.id)
    with pytest.raises(ApiException) as refused:
        api.get_by_id(made.id)
    assert refused.value.status == 404
    assert api.get_by_id(made.id, archived=True).archived is True
    assert api.get_by_id(seed.NEWSLETTER_FORM).form_type == "hubspot"
