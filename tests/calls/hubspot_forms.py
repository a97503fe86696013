"""Scenes of forms, and of what people submit with them."""

from __future__ import annotations

import datetime as dt

import pytest
from calls.hubspot_runners import CallRunner
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import InvalidRequest, NotFound
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.forms import form_submissions, forms
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.forms.seed import definition

SCENES = Scenes()


@SCENES.show(forms="create get list replace update archive")
def a_forms_life(run: CallRunner) -> None:
    made = run(forms.create(definition("Fair", "email", "city")))
    assert run(forms.get(made["id"])) == made
    assert [one["name"] for one in run.every(forms.list(limit=1))] == [
        "Newsletter",
        "Webinar registration",
        "Fair",
    ]
    assert run(forms.list(form_types=["captured", "flow"])) == []
    run(forms.replace(made["id"], {**made, "name": "Fair 2026"}))
    assert run(forms.get(made["id"]))["name"] == "Fair 2026"
    changed = run(forms.update(made["id"], {"fieldGroups": []}))
    assert (changed["name"], changed["fieldGroups"]) == ("Fair 2026", [])
    run(forms.archive(made["id"]))
    with pytest.raises(NotFound):
        run(forms.get(made["id"]))
    assert run(forms.get(made["id"], archived=True))["archived"] is True
    assert [one["id"] for one in run(forms.list(archived=True))] == [made["id"]]
    with pytest.raises(InvalidRequest):
        run(forms.update(made["id"], {"formType": "flow"}))


@SCENES.show(form_submissions="submit list")
def a_form_is_filled_out(run: CallRunner) -> None:
    form, someone = seed.WEBINAR_FORM, "gil+1@example.com"
    filled = run(form_submissions.submit(seed.PORTAL_ID, form, {"email": someone, "company": "Example"}))
    assert filled.get("inlineMessage")
    found = run(contacts.get(someone, id_property="email", properties=["company"]))
    assert found["properties"]["company"] == "Example"
    newest = run(form_submissions.list(form))[0]
    assert {one["name"]: one["value"] for one in newest["values"]} == {"email": someone, "company": "Example"}
    earlier = dt.datetime.fromtimestamp(newest["submittedAt"] / 1000 - 3600, dt.UTC)
    run(
        form_submissions.submit(
            seed.PORTAL_ID,
            form,
            {"email": someone, "company": "Other"},
            submitted_at=earlier,
            context={"pageUri": "https://www.example.com/"},
            legal_consent={"consent": {"consentToProcess": True, "text": "yes", "communications": []}},
        )
    )
    times = [one["submittedAt"] for one in run.every(form_submissions.list(form, limit=1))]
    assert times == [newest["submittedAt"], newest["submittedAt"] - 3_600_000]
    assert run(contacts.get(found["id"], properties=["company"]))["properties"]["company"] == "Other"
    with pytest.raises(InvalidRequest):
        run(form_submissions.submit(seed.PORTAL_ID, form, {"email": "nobody"}))
    with pytest.raises(NotFound):
        run(form_submissions.list("5b2c8e1a-93f4-4d7e-a1b0-6c5d4e3fffff"))
