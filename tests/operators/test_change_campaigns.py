"""Campaigns are updated and archived by id or name, each with its own outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow_runs import Airflow
from workers import RESET, Worker, context, until

from airflow_provider_mkt.operators.campaigns import (
    ArchiveCampaignBatchOperator,
    AssociateAssetsOperator,
    UpdateCampaignBatchOperator,
)
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.version_compat import AirflowFailException

SPRING, WEBINAR = hubspot.SPRING_CAMPAIGN, hubspot.WEBINAR_CAMPAIGN
NOBODY = "0c5d2a0e-6f0b-4a51-9d3e-1a2b3c4d5eff"


def updating(campaigns: Any, changes: Any = None, conn: str = "hubspot") -> UpdateCampaignBatchOperator:
    return UpdateCampaignBatchOperator(
        task_id="update", conn_id=f"{conn}_default", campaigns=campaigns, changes=changes
    )


def archiving(campaigns: Any, conn: str = "hubspot") -> ArchiveCampaignBatchOperator:
    return ArchiveCampaignBatchOperator(task_id="archive", conn_id=f"{conn}_default", campaigns=campaigns)


def associating(**more: Any) -> AssociateAssetsOperator:
    arguments = {"conn_id": "hubspot_default", "campaign_id": SPRING, **more}
    return AssociateAssetsOperator(task_id="assets", **arguments)


def properties(box: Sandbox, guid: str) -> dict[str, str]:
    campaign = box.hubspot.state.campaigns.get(guid)
    assert campaign is not None
    return campaign.properties


def failed(operator: Any, named: str) -> dict[str, Any]:
    """Run a task that fails without retry, and return its outcome."""
    task_context = context()
    with pytest.raises(AirflowFailException, match=named):
        operator.execute(task_context)
    outcome: dict[str, Any] = task_context["ti"].pushed.get("return_value", {})
    return outcome


# -- HubSpot ------------------------------------------------------------------------------------------


def test_created_campaigns_are_updated_and_archived_in_batches_of_50(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    run = airflow.run("""
from airflow_provider_mkt.operators.campaigns import (
    ArchiveCampaignBatchOperator, UpdateCampaignBatchOperator)
create = CreateCampaignBatchOperator(
    task_id="create", conn_id="hubspot_default", campaigns=[{"name": f"C{n}"} for n in range(120)])
update = UpdateCampaignBatchOperator(task_id="update", conn_id="hubspot_default",
    campaigns=create.output, changes={"hs_notes": "{{ params.notes }}"}, params={"notes": "new"})
archive = ArchiveCampaignBatchOperator(task_id="archive", conn_id="hubspot_default",
    campaigns="{{ ti.xcom_pull('update')['campaigns'] | tojson }}")
again = ArchiveCampaignBatchOperator(
    task_id="again", conn_id="hubspot_default", campaigns=create.output)
update >> archive >> again
""")
    assert run.state == "success", run.log[-3000:]
    created = run.returned["create"]["campaigns"]
    assert run.returned["update"] == {
        "outcome": "campaign_update",
        "platform": "hubspot",
        "campaigns": created,
        "updated": 120,
        "rejected": {},
    }
    assert run.returned["archive"] == {
        "outcome": "campaign_archive",
        "platform": "hubspot",
        "archived": 120,
        "absent": [],
        "rejected": {},
    }
    assert (run.returned["again"]["archived"], run.returned["again"]["absent"]) == (0, list(created))
    assert len(sandbox.hubspot.state.campaigns) == 2
    calls = sandbox.hubspot.calls
    assert calls.of("POST", "/marketing/campaigns/2026-09/batch/update").total == 3
    assert calls.of("POST", "/marketing/campaigns/2026-09/batch/archive").total == 3


def test_campaigns_are_updated_by_id_or_name_each_with_its_own_fields(
    sandbox: Sandbox, short_waits: None
) -> None:
    campaigns = [{"id": SPRING.upper(), "new_name": "Summer"}, {"name": "Webinar series", "hs_notes": ""}]
    outcome = updating(campaigns, {"hs_notes": "shared", "hs_goal": "more"}).execute(context())
    assert outcome["campaigns"] == {SPRING.upper(): SPRING, "Webinar series": WEBINAR}
    spring, webinar = properties(sandbox, SPRING), properties(sandbox, WEBINAR)
    assert (spring["hs_name"], spring["hs_notes"], spring["hs_goal"]) == ("Summer", "shared", "more")
    assert ("hs_notes" in webinar, webinar["hs_goal"]) == (False, "more")


def test_rejected_campaigns_fail_the_task_after_the_others_are_updated(
    sandbox: Sandbox, short_waits: None
) -> None:
    store = sandbox.hubspot.state.campaigns
    twins = [store.create({"hs_name": "Twin"}) for _ in range(2)]
    campaigns = [
        {"id": SPRING, "hs_start_date": "x"},
        {"id": NOBODY, "hs_notes": "n"},
        {"name": "Nobody", "hs_notes": "n"},
        {"name": "Twin", "hs_notes": "n"},
        {"name": "Webinar series", "hs_notes": "new"},
        {"id": WEBINAR.upper(), "hs_notes": "other"},
    ]
    outcome = failed(updating(campaigns), "5 of 6 campaigns were rejected")
    assert outcome["campaigns"] == {"Webinar series": WEBINAR}
    reasons = {
        SPRING: "is not a date",
        NOBODY: "not found",
        "Nobody": "there is no campaign with this name",
        "Twin": "2 campaigns have this name",
        WEBINAR.upper(): "in the list twice",
    }
    assert outcome["rejected"].keys() == reasons.keys()
    assert [label for label, reason in reasons.items() if reason not in outcome["rejected"][label]] == []
    assert properties(sandbox, WEBINAR)["hs_notes"] == "new"
    assert not [one for one in twins if "hs_notes" in one.properties]


def test_a_rejected_batch_is_sent_one_by_one(sandbox: Sandbox, short_waits: None) -> None:
    refusal = {"status": 400, "body": {"status": "error", "message": "no", "category": "VALIDATION_ERROR"}}
    sandbox.hubspot.faults.add("*/batch/update", answer=refusal, times=2)
    outcome = failed(updating([SPRING, WEBINAR], {"hs_notes": "new"}), "1 of 2 campaigns were rejected")
    assert (outcome["rejected"], outcome["campaigns"]) == ({SPRING: "no"}, {WEBINAR: WEBINAR})


@pytest.mark.parametrize("when", ["before", "after"])
def test_all_campaigns_are_updated_and_archived_despite_lost_answers(
    sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    sandbox.hubspot.faults.add("*/batch/update", when=when, answer=RESET)
    sandbox.hubspot.faults.add("*/batch/archive", when=when, answer={"status": 502})
    assert updating([SPRING, WEBINAR], {"hs_notes": "new"}).execute(context())["updated"] == 2
    assert archiving([SPRING, {"name": "Webinar series"}]).execute(context())["archived"] == 2
    assert len(sandbox.hubspot.state.campaigns) == 0


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_a_worker_killed_after_a_rename_and_its_next_try(
    sandbox: Sandbox, short_waits: None, platform: str
) -> None:
    box = getattr(sandbox, platform)
    name, route = {
        "hubspot": ("Spring launch", "*/batch/update"),
        "marketo": ("November Newsletter", f"*/program/{marketo.EMAIL_PROGRAM}.json"),
    }[platform]
    operator = updating([{"name": name, "new_name": "Summer"}], conn=platform)
    box.faults.add(route, method="POST", when="after", delay=0.3)
    worker = Worker(operator)
    until(lambda: bool(box.faults.fired))
    worker.kill()
    assert list(Worker(operator).end()["result"]["campaigns"]) == [name]


def test_a_campaign_that_still_exists_after_archiving_is_reported(
    sandbox: Sandbox, short_waits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mkt.actions import idempotency

    monkeypatch.setattr(idempotency, "CONSISTENCY_WINDOW", 0.2)
    sandbox.hubspot.faults.add("*/batch/archive", answer={"status": 204})
    outcome = failed(archiving({"Spring launch": SPRING, "Gone": NOBODY}), "still there")
    assert (outcome["archived"], outcome["absent"], list(outcome["rejected"])) == (
        0,
        ["Gone"],
        ["Spring launch"],
    )


def test_assets_are_added_and_removed_and_a_second_run_changes_nothing(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    body = f"""
from airflow_provider_mkt.operators.campaigns import AssociateAssetsOperator
AssociateAssetsOperator(task_id="assets", conn_id="hubspot_default", campaign_name="Spring launch",
    assets={{"FORM": ["a/b", 7, 7], "OBJECT_LIST": ["{{{{ params.list }}}}"]}}, remove={{"CTA": [1]}},
    params={{"list": "{hubspot.LIST_ID}"}})
"""
    sandbox.hubspot.settings.assets = {"FORM": ("a/b", "7")}
    campaign = sandbox.hubspot.state.campaigns.get(SPRING)
    assert campaign is not None
    campaign.assets["CTA"] = {"1": "one", "2": "two"}
    for run in (airflow.run(body), airflow.run(body)):
        assert run.state == "success", run.log[-2000:]
        assert run.returned["assets"] == {
            "outcome": "campaign_assets",
            "platform": "hubspot",
            "campaign_id": SPRING,
            "added": 3,
            "removed": 1,
            "rejected": {},
        }
        ids = {kind: sorted(assets) for kind, assets in campaign.assets.items()}
        assert ids == {"CTA": ["2"], "FORM": ["7", "a/b"], "OBJECT_LIST": [hubspot.LIST_ID]}


def test_rejected_assets_fail_the_task_after_the_others_are_added(
    sandbox: Sandbox, short_waits: None
) -> None:
    sandbox.hubspot.settings.assets = {"FORM": ("1",)}
    assets = {"OBJECT_LIST": ["999"], "NEW_KIND": ["1"], "FORM": ["1"]}
    outcome = failed(associating(assets=assets), "2 of 3 assets were rejected")
    assert outcome["added"] == 1
    assert sorted(outcome["rejected"]) == ["NEW_KIND 1", "OBJECT_LIST 999"]


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("operator", "named"),
    [
        (lambda: updating([]), "campaigns: is empty"),
        (lambda: updating("nonsense"), "campaigns: must be a list or a mapping"),
        (lambda: updating(7), "campaigns: must be a list"),
        (lambda: updating([SPRING]), "must name the properties to change"),
        (lambda: updating([None], {"hs_notes": "x"}), r"campaigns\[0\]: must be an id or a name"),
        (lambda: updating([{"hs_notes": "x"}]), r"campaigns\[0\].name: must be an id or a name"),
        (lambda: updating([{"id": SPRING, "name": "x"}]), r"campaigns\[0\]: has both id and name"),
        (lambda: updating([SPRING, SPRING.upper()], {"hs_notes": "x"}), r"campaigns\[1\]: occurs twice"),
        (lambda: updating([{"id": SPRING, "hs_notes": 7}]), "hs_notes: must be text"),
        (lambda: updating([SPRING], {"new_name": "a", "hs_name": "b"}), "new_name or hs_name"),
        (lambda: updating([SPRING], "[1]"), "changes: must be a mapping"),
        (lambda: archiving([]), "campaigns: is empty"),
        (
            lambda: archiving([{"id": SPRING, "hs_notes": "x"}]),
            r"campaigns\[0\]: has unknown fields: hs_notes",
        ),
        (lambda: associating(), "assets: is empty, and remove is too"),
        (
            lambda: associating(campaign_id="", assets={"FORM": [1]}),
            "give either campaign_id or campaign_name",
        ),
        (lambda: associating(campaign_name="Spring launch", assets={"FORM": [1]}), "give either campaign_id"),
        (
            lambda: associating(campaign_id=None, campaign_name="Nobody", assets={"FORM": [1]}),
            "no campaign 'Nobody'",
        ),
        (lambda: associating(campaign_id=NOBODY, assets={"FORM": [1]}), "not found"),
        (lambda: associating(assets={"form": [1]}), "asset_type: must be a code in capitals"),
        (lambda: associating(assets={"FORM": "1"}), "assets.FORM: must be a list"),
        (lambda: associating(assets={"FORM": [None]}), r"assets.FORM\[0\]: is missing"),
        (
            lambda: associating(assets={"FORM": [1]}, remove={"FORM": ["1"]}),
            "remove: has an asset that assets has too",
        ),
        (
            lambda: associating(conn_id="marketo_default", assets={"FORM": [1]}),
            "is of type marketo, not hubspot",
        ),
    ],
)
def test_a_wrong_parameter_is_named_and_nothing_is_changed(
    sandbox: Sandbox, short_waits: None, operator: Callable[[], Any], named: str
) -> None:
    failed(operator(), named)
    assert sandbox.hubspot.calls.of("POST", "/marketing/campaigns/2026-09/batch/update").total == 0
    assert len(sandbox.hubspot.state.campaigns) == 2


# -- Marketo ------------------------------------------------------------------------------------------


def test_marketo_programs_are_updated_by_id_or_name(sandbox: Sandbox, short_waits: None) -> None:
    costs = {"costs": [{"startDate": "2026-01-01", "cost": 5}], "replace_costs": True}
    campaigns = [
        {"id": marketo.DEFAULT_PROGRAM, "new_name": "Renamed", **costs},
        {"name": "November Newsletter"},
        {"name": "Nobody"},
    ]
    outcome = failed(updating(campaigns, {"description": "new"}, "marketo"), "there is no such program")
    programs = sandbox.marketo.state.programs
    assert outcome["campaigns"] == {
        str(marketo.DEFAULT_PROGRAM): str(marketo.DEFAULT_PROGRAM),
        "November Newsletter": str(marketo.EMAIL_PROGRAM),
    }
    assert programs[marketo.DEFAULT_PROGRAM].name == "Renamed"
    assert {programs[one].description for one in (marketo.DEFAULT_PROGRAM, marketo.EMAIL_PROGRAM)} == {"new"}


@pytest.mark.parametrize("when", [None, "before", "after"])
def test_marketo_programs_are_deleted_and_those_in_use_are_reported(
    sandbox: Sandbox, short_waits: None, monkeypatch: pytest.MonkeyPatch, when: Any
) -> None:
    from airflow_provider_mkt.actions.marketo import programs as program_actions

    monkeypatch.setattr(program_actions, "_REPEAT_AFTER", 0.1)
    if when:
        sandbox.marketo.faults.add("*/delete.json", when=when, answer=RESET)
    programs = sandbox.marketo.state.programs
    programs[marketo.EMAIL_PROGRAM].locked = True
    campaigns = [marketo.DEFAULT_PROGRAM, {"name": "November Newsletter"}, {"name": "Nobody"}, 404]
    outcome = failed(archiving(campaigns, "marketo"), "1 of 4 campaigns were rejected")
    assert (outcome["archived"], outcome["absent"]) == (1, ["Nobody", "404"])
    assert list(outcome["rejected"]) == ["November Newsletter"]
    assert marketo.DEFAULT_PROGRAM not in programs


def test_marketo_a_worker_killed_while_it_deletes_and_its_next_try(
    sandbox: Sandbox, short_waits: None
) -> None:
    sandbox.marketo.faults.add("*/delete.json", when="after", delay=0.3)
    worker = Worker(archiving([marketo.DEFAULT_PROGRAM], "marketo"))
    until(lambda: bool(sandbox.marketo.faults.fired))
    worker.kill()
    outcome = Worker(archiving([marketo.DEFAULT_PROGRAM], "marketo")).end()["result"]
    assert (outcome["archived"], outcome["absent"]) == (0, [str(marketo.DEFAULT_PROGRAM)])


@pytest.mark.parametrize(
    ("operator", "named"),
    [
        (updating([1], {"color": "red"}, "marketo"), "color: is unknown"),
        (updating([1], None, "marketo"), "new_name"),
        (updating([1, "abc"], {"description": "x"}, "marketo"), "program_id"),
        (updating([1], {"costs": [{"startDate": "2026-01-01", "cost": 5}]}, "marketo"), "replace_costs"),
        (archiving([1, "abc"], "marketo"), "program_id"),
    ],
)
def test_marketo_a_wrong_parameter_is_named_and_nothing_is_sent(
    sandbox: Sandbox, short_waits: None, operator: Any, named: str
) -> None:
    failed(operator, named)
    assert sandbox.marketo.calls.total == 0
