"""Member operators apply their action to each lead, and name the leads that are rejected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow
from member_runs import counts, create_leads, execute, no_calls, operator, rejects
from workers import RESET, Worker, until

from airflow_provider_mkt.actions.marketo.audience import MarketoAudience
from airflow_provider_mkt.actions.members import MemberResult, MemberStatus
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sync.members import MemberReport
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

ADA, BRUNO, CHIDI, DANA, EMI = hubspot.CONTACT_IDS
NEWS = hubspot.DEFAULT_SUBSCRIPTION
MAIL = "ada@example.com"
LIST = {"hubspot": hubspot.LIST_ID, "marketo": marketo.STATIC_LIST}


def in_list(box: Sandbox, platform: str) -> set[str]:
    if platform == "hubspot":
        return set(box.hubspot.state.lists.ids_in(hubspot.LIST_ID))
    return {str(lead) for lead in box.marketo.state.lists[marketo.STATIC_LIST].members}


def list_calls(box: Sandbox) -> Any:
    return box.marketo.calls.of("POST", "/rest/v1/lists/{listId}/leads.json")


# -- lists --------------------------------------------------------------------------------------------


def test_leads_are_added_to_a_list_and_removed_through_airflow(airflow: Airflow, sandbox: Sandbox) -> None:
    run = airflow.run(f"""
from airflow_provider_mkt.operators.lists import AddToListOperator, RemoveFromListOperator
add = AddToListOperator(task_id="add", conn_id="hubspot_default", list_id="{{{{ params.list }}}}",
    params={{"list": {hubspot.LIST_ID}}}, leads={[ADA, DANA, DANA]!r})
remove = RemoveFromListOperator(task_id="remove", conn_id="hubspot_default", list_id={hubspot.LIST_ID},
    leads="{{{{ [{DANA}, {EMI}] }}}}")
add >> remove
""")
    assert run.state == "success", run.log[-3000:]
    added = run.returned["add"]
    assert added.pop("seconds") >= 0
    assert added == {
        "outcome": "list_addition",
        "platform": "hubspot",
        "total": 2,
        "duplicates": 1,
        "added": 1,
        "already_in": 1,
        "rejected": 0,
        "unknown": 0,
        "reasons": {},
        "rejects": None,
    }
    assert (run.returned["remove"]["removed"], run.returned["remove"]["not_in"]) == (1, 1)
    assert in_list(sandbox, "hubspot") == {ADA, BRUNO, CHIDI}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_list_members_are_right_after_a_lost_response(sandbox: Sandbox, platform: str, when: Any) -> None:
    leads = [DANA, EMI] if platform == "hubspot" else [marketo.ANNA, marketo.BEN]
    before = in_list(sandbox, platform)
    for faults in (sandbox.hubspot.faults, sandbox.marketo.faults):
        faults.add("*/lists/*", when=when, answer=RESET, skip=1)
    added = execute("add", platform, list_id=LIST[platform], leads=leads)
    assert added["rejected"] == 0
    assert in_list(sandbox, platform) == before | {str(one) for one in leads}
    removed = execute("remove", platform, run="other", list_id=LIST[platform], leads=leads)
    assert removed["rejected"] == 0
    assert in_list(sandbox, platform) == before - {str(one) for one in leads}


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_leads_that_do_not_exist_are_rejected_and_the_rejects_file_can_be_read_again(
    sandbox: Sandbox, platform: str, tmp_path: Path
) -> None:
    leads = [DANA] if platform == "hubspot" else [marketo.ANNA]
    path = f"file://{tmp_path}/rejects.jsonl"
    outcome = execute("add", platform, list_id=LIST[platform], leads=[*leads, 999_999], rejects_path=path)
    assert "1 of 2 leads were rejected, allowed: 0" in outcome["error"]
    assert [lead for lead, _ in rejects(outcome)] == ["999999"]
    again = execute("add", platform, run="again", list_id=LIST[platform], leads_path=path, max_rejected=1)
    assert counts(again) == (0, 0, 1, 0)


def test_a_dynamic_list_and_a_list_of_other_objects_are_rejected(sandbox: Sandbox) -> None:
    lists = sandbox.hubspot.state.lists
    one = lists.get(hubspot.LIST_ID)
    assert one is not None
    one.kind = "DYNAMIC"
    with pytest.raises(AirflowFailException, match="is filled by its filters"):
        execute("remove", list_id=hubspot.LIST_ID, leads=[DANA])
    one.kind, one.object_type = "SNAPSHOT", "0-2"
    with pytest.raises(AirflowFailException, match="is not a list of contacts"):
        execute("add", list_id=hubspot.LIST_ID, leads=[DANA])
    with pytest.raises(AirflowFailException, match="404"):
        execute("add", list_id=12345, leads=[DANA])
    with pytest.raises(AirflowFailException, match=r"\b(1004|1013)\b"):
        execute("add", "marketo", list_id=12345, leads=[marketo.ANNA])


# -- deleting, statuses, subscriptions ----------------------------------------------------------------


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_leads_are_deleted_once_and_missing_leads_are_no_failure(sandbox: Sandbox, platform: str) -> None:
    leads = [ADA, BRUNO] if platform == "hubspot" else [marketo.ANNA, marketo.BEN]
    for faults in (sandbox.hubspot.faults, sandbox.marketo.faults):
        faults.add("*/archive", when="after", answer=RESET)
        faults.add("*/leads/delete.json", when="before", answer=RESET)
    assert counts(execute("delete", platform, leads=[*leads, 999_999])) == (2, 1, 0, 0)
    assert counts(execute("delete", platform, leads=leads)) == (0, 2, 0, 0)


def test_the_old_id_of_a_merged_contact_does_not_delete_the_winner(sandbox: Sandbox) -> None:
    contacts = sandbox.hubspot.state.contacts
    winner, loser = contacts.get(ADA), contacts.get(BRUNO)
    assert winner is not None
    assert loser is not None
    contacts.merge(winner, loser)
    execute("delete", leads=[BRUNO])
    assert contacts.find("email", MAIL) is not None


def test_a_program_status_is_set_and_never_moved_back(sandbox: Sandbox) -> None:
    def set_to(status: str, run: str) -> tuple[int, int, int, int]:
        return counts(
            execute(
                "status",
                "marketo",
                run=run,
                program_id=marketo.NURTURE_PROGRAM,
                status_name=status,
                leads=[marketo.ANNA, 999_999],
                max_rejected=1,
            )
        )

    assert set_to("Member", "1") == (1, 0, 1, 0)
    assert set_to("Engaged", "2") == (1, 0, 1, 0)
    assert set_to("Member", "3") == (0, 1, 1, 0)


@pytest.mark.parametrize("version", PROFILES)
def test_subscriptions_behave_the_same_in_every_version(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, version: str
) -> None:
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "password": hubspot.TOKEN,
        "extra": {"api_version": version},
    }
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))
    sandbox.hubspot.settings.gdpr = True
    store, leads = sandbox.hubspot.state.subscriptions, [MAIL, " New@Example.com", "new@example.com"]
    basis = {
        "subscription_id": NEWS,
        "legal_basis": "CONSENT_WITH_NOTICE",
        "explanation": "given at checkout",
    }
    without = execute("subscribe", run="1", leads=leads, subscription_id=NEWS)
    # Only the subscribe call of v3 requires a legal basis, and the operator writes statuses.
    assert counts(without) == (2, 0, 0, 0)
    assert counts(execute("subscribe", run="2", leads=leads, **basis)) == (0, 2, 0, 0)
    assert counts(execute("subscribe", run="3", leads=leads, **basis)) == (0, 2, 0, 0)
    assert counts(execute("unsubscribe", run="4", leads=[MAIL], **basis)) == (1, 0, 0, 0)
    rejected = execute("subscribe", run="5", leads=leads, **basis)
    assert (counts(rejected), rejects(rejected)) == ((0, 1, 1, 0), [(MAIL, "OPTED_OUT")])
    assert counts(execute("subscribe", run="6", leads=leads, resubscribe=True, **basis)) == (1, 1, 0, 0)
    assert counts(execute("unsubscribe", run="7", leads=[MAIL], from_all=True)) == (1, 0, 0, 0)
    assert counts(execute("unsubscribe", run="8", leads=[MAIL], from_all="true")) == (0, 1, 0, 0)
    opted_out = execute("subscribe", run="9", leads=[MAIL], resubscribe=True, **basis)
    assert counts(opted_out) == (0, 0, 1, 0)
    assert store.state("new@example.com", NEWS) == "SUBSCRIBED"
    assert "example.com" not in caplog.text
    assert "example.com" not in opted_out["error"]


# -- sources of leads ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "column"),
    [
        ("ids.txt", f"{DANA}\n\n {EMI} \n", None),
        ("one.csv", f"Contact\n{DANA}\n{EMI}\n{EMI}\n", None),
        ("many.csv", f"id,hubspot\n1,{DANA}\n2,{EMI}\n", "hubspot"),
        ("rows.jsonl", f'{{"contact_id": {DANA}}}\n{{"contact_id": "{EMI}"}}\n', None),
        (
            "outcomes.jsonl",
            f'{{"row": 1, "outcome": "created", "id": "{DANA}"}}\n'
            '{"row": 2, "outcome": "rejected", "id": ""}\n'
            f'{{"row": 3, "outcome": "skipped", "id": "{EMI}"}}\n',
            None,
        ),
    ],
)
def test_leads_are_read_from_files(
    sandbox: Sandbox, tmp_path: Path, name: str, text: str, column: str | None
) -> None:
    path = tmp_path / name
    path.write_text(text)
    outcome = execute("add", list_id=hubspot.LIST_ID, leads_path=f"file://{path}", leads_column=column)
    assert counts(outcome) == (2, 0, 0, 0)
    assert in_list(sandbox, "hubspot") >= {DANA, EMI}


def test_leads_are_read_from_a_callable(sandbox: Sandbox) -> None:
    outcome = execute("add", list_id=hubspot.LIST_ID, leads=lambda: (one for one in (DANA, EMI, DANA)))
    assert (counts(outcome), outcome["duplicates"]) == ((2, 0, 0, 0), 1)


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("name", "platform", "arguments", "message"),
    [
        ("add", "hubspot", {"list_id": 1, "leads": []}, "leads: is empty"),
        ("add", "hubspot", {"list_id": 1, "leads": "12"}, "leads: must be a list"),
        ("add", "hubspot", {"list_id": 1, "leads": {"id": 1}}, "leads: must be a list"),
        ("add", "hubspot", {"list_id": 1, "leads": lambda: "12"}, "leads: the callable must return"),
        (
            "add",
            "hubspot",
            {"list_id": 1, "leads": [1, "2/3"]},
            r"leads\[1\]: must be an id or an email",
        ),
        ("add", "hubspot", {"list_id": 1, "leads": [".."]}, r"leads\[0\]: must be an id or an email"),
        ("add", "hubspot", {"list_id": "../1", "leads": [1]}, "list_id: must be a positive whole"),
        ("add", "hubspot", {"list_id": "", "leads": [1]}, "list_id: is missing"),
        ("add", "hubspot", {"list_id": 1}, "leads: give either leads or leads_path"),
        (
            "add",
            "hubspot",
            {"list_id": 1, "leads_path": "file:///not/there.csv"},
            "leads_path: there is no file",
        ),
        (
            "remove",
            "marketo",
            {"list_id": 1, "leads": [True]},
            r"leads\[0\]: must be an id or an email",
        ),
        ("delete", "marketo", {"leads": [1.5]}, r"leads\[0\]: must be an id or an email"),
        (
            "subscribe",
            "hubspot",
            {"subscription_id": 1, "leads": ["x"]},
            r"leads\[0\]: must be an email address",
        ),
        ("subscribe", "hubspot", {"subscription_id": 1, "leads": [MAIL], "legal_basis": "X"}, "legal_basis"),
        ("subscribe", "marketo", {"subscription_id": 1, "leads": [MAIL]}, "not hubspot"),
        ("unsubscribe", "hubspot", {"leads": [MAIL]}, "subscription_id: give either"),
        ("request", "hubspot", {"campaign_id": 1, "leads": [1]}, "not marketo"),
        ("request", "marketo", {"campaign_id": "a/b", "leads": [1]}, "campaign_id: must be a positive"),
        ("status", "marketo", {"program_id": "..", "status_name": "M", "leads": [1]}, "program_id: must be"),
        ("status", "marketo", {"program_id": 1, "status_name": " ", "leads": [1]}, "status_name: is missing"),
        ("workflow", "hubspot", {"leads": [1]}, "workflow_id: give either"),
        ("workflow", "hubspot", {"workflow_id": "../x", "leads": [1]}, "workflow_id: must be a positive"),
        ("workflow", "hubspot", {"workflow_id": 1, "leads": ["a@b/../c"]}, None),
        (
            "sequence",
            "hubspot",
            {"sequence_id": 1, "user_id": 2, "sender_email": "me", "leads": [1]},
            "sender_email: must be an email address",
        ),
        ("enroll", "marketo", {"campaign_id": 1, "verify": True, "leads": [1]}, "program_id: is missing"),
        (
            "enroll",
            "marketo",
            {"program_id": 1, "status_name": "M", "stream_name": "S", "leads": [1]},
            "stream_name: only verify",
        ),
    ],
)
def test_invalid_input_fails_before_the_first_call(
    sandbox: Sandbox, name: str, platform: str, arguments: dict[str, Any], message: str | None
) -> None:
    if message is None:
        # An address may contain any character: it must stay one segment of the path.
        assert rejects(execute(name, platform, **arguments)) == [("a@b/../c", "NOT_FOUND")]
        return
    with no_calls(sandbox), pytest.raises(AirflowFailException, match=message) as failure:
        execute(name, platform, **arguments)
    assert MAIL not in str(failure.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", f"id\n{DANA}\nx\n", "leads_path: line 3: must be an id or an email address"),
        ("a.csv", f"id,name\n{DANA},Dana\n,Emi\n", "leads_path: line 3 has no id"),
        ("a.jsonl", f'{{"id": {DANA}}}\n{{"id"\n', "leads_path: line 2 cannot be read"),
        ("a.txt", f"{DANA}\nx\n", "leads_path: line 2: must be an id or an email address"),
        ("a.csv", f"first,last\n{DANA},x\n", "leads_column: is missing"),
        ("a.xml", "<x/>", "source_format"),
    ],
)
def test_an_invalid_line_fails_before_the_first_call(
    sandbox: Sandbox, tmp_path: Path, name: str, text: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with no_calls(sandbox), pytest.raises(AirflowFailException, match=message):
        execute("add", list_id=hubspot.LIST_ID, leads_path=f"file://{path}")


# -- many leads ---------------------------------------------------------------------------------------


def test_requests_are_sent_in_parallel_up_to_max_concurrency(sandbox: Sandbox) -> None:
    leads = create_leads(sandbox, 1200)
    sandbox.marketo.faults.add("*/leads.json", when="before", delay=0.15, times=None)
    outcome = execute("add", "marketo", list_id=marketo.STATIC_LIST, leads=leads, max_concurrency=3)
    assert counts(outcome) == (1200, 0, 0, 0)
    assert list_calls(sandbox).total == 4
    assert 2 <= list_calls(sandbox).peak_in_flight <= 3


def test_progress_shows_counts_rate_and_time_left() -> None:
    now = [0.0]
    member_action = MarketoAudience().add_to_list("1")
    report = MemberReport(member_action, clock=lambda: now[0])
    report.add([MemberResult("1")] * 100, from_earlier_try=True)
    report.add([MemberResult("2")] * 150 + [MemberResult("3", MemberStatus.REJECTED)] * 50)
    now[0] = 10.0
    assert report.line(1000) == (
        "300 leads (250 added, 0 already in, 50 rejected, 0 unknown), 20 leads/s, about 35 s left"
    )


def test_fail_fast_stops_after_too_many_rejects(sandbox: Sandbox) -> None:
    missing = list(range(900_000, 901_500))
    arguments: dict[str, Any] = {"list_id": marketo.STATIC_LIST, "max_rejected": 10, "max_concurrency": 1}
    outcome = execute("add", "marketo", leads=missing, fail_fast=True, **arguments)
    assert (outcome["total"], counts(outcome)) == (1500, (0, 0, 300, 0))
    assert (
        "300 of 300 leads were rejected, allowed: 10; the other 1,200 were not processed" in outcome["error"]
    )
    assert list_calls(sandbox).total == 1
    # A cleared task starts again.
    assert counts(execute("add", "marketo", leads=missing, **arguments)) == (0, 0, 1500, 0)


def test_a_retry_continues_where_a_killed_worker_stopped(sandbox: Sandbox) -> None:
    leads = create_leads(sandbox, 1500)
    sandbox.marketo.faults.add("*/leads.json", when="before", skip=3, delay=0.4)
    arguments: dict[str, Any] = {"list_id": marketo.STATIC_LIST, "leads": leads, "max_concurrency": 1}
    worker = Worker(operator("add", "marketo", **arguments))
    until(lambda: list_calls(sandbox).total == 4 and list_calls(sandbox).in_flight == 1)
    worker.kill()
    assert Worker(operator("add", "marketo", **arguments)).end()["result"]["added"] == 1500
    assert list_calls(sandbox).total == 6
    # Its success may not have reached Airflow.
    assert Worker(operator("add", "marketo", **arguments)).end()["result"]["added"] == 1500
    assert list_calls(sandbox).total == 6
    # A task that is cleared after its success processes all leads again: that has no effect.
    assert Worker(operator("add", "marketo", **arguments), cleared=1).end()["result"]["added"] == 1500
    assert list_calls(sandbox).total == 11
