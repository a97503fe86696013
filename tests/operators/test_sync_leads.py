"""SyncLeadsOperator through the front door: DAGs in real Airflow, against both platforms of the sandbox."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow
from sync_runs import (
    BOTH,
    FIRST,
    KNOWN,
    SEEDED,
    counted,
    emails,
    failed,
    lines,
    of,
    send_few_at_once,
    succeeded,
    sync,
    world,
    write_calls,
)

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.marketo.leads import leads as marketo_leads
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot_seed
from airflow_provider_mkt.sandbox.marketo import seed as marketo_seed


@pytest.mark.parametrize("platform", BOTH)
class TestOutcomes:
    def test_every_record_has_one_outcome_and_the_platform_has_what_it_says(
        self, airflow: Airflow, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        first = FIRST[platform]
        outcome = succeeded(
            sync(
                airflow,
                platform,
                f'leads=leads, max_rejected=1, outcomes_path="{tmp_path}/outcomes.jsonl"',
                f"""
leads = [{{"email": f"p{{i}}@example.com", "{first}": f"P{{i}}"}} for i in range(650)]
leads += [{{"{first}": "nobody"}}, {{"email": "P1@example.com", "{first}": "later"}}]
leads += [{{"email": "{KNOWN[platform]}", "{first}": "Known"}}]
leads += [{{"email": "twice@example.com", "{first}": "one"}}]
leads += [{{"email": "Twice@Example.com", "{first}": "two"}}]
""",
            )
        )
        assert counted(outcome) == (651, 2, 1, 1)
        assert outcome["reasons"] == {"KEY_MISSING": 1, "DUPLICATE_KEY": 1}
        held = {str(lead["email"]).lower(): lead for lead in world(sandbox, platform)}
        assert len(held) == len(world(sandbox, platform)) == SEEDED + 651
        assert held["p1@example.com"][first] == "later"
        assert held["twice@example.com"][first] == "two"
        assert held[KNOWN[platform]][first] == "Known"
        reported = lines(outcome["outcomes"])
        assert sorted(line["row"] for line in reported) == list(range(1, 656))
        assert Counter(line["outcome"] for line in reported) == {
            "created": 651,
            "updated": 2,
            "skipped": 1,
            "rejected": 1,
        }
        ids = {line["row"]: line["id"] for line in reported}
        assert ids[1] == held["p0@example.com"]["id"]
        assert ids[653] == held[KNOWN[platform]]["id"]

    @pytest.mark.parametrize(
        "source",
        [
            'leads=[{"email": "a@example.com"}, {"email": "b@example.com"}]',
            'leads=({"email": f"{c}@example.com"} for c in "ab").__iter__',
            "leads=produce",
            "leads=listed.output",
            'leads="{{ params.leads | tojson }}", params={"leads": list(produce())}',
        ],
        ids=["list", "bound method", "callable", "xcom", "template"],
    )
    def test_leads_come_from_a_list_a_callable_another_task_or_a_template(
        self, airflow: Airflow, sandbox: Sandbox, platform: str, source: str
    ) -> None:
        run = sync(
            airflow,
            platform,
            source,
            """
from airflow.providers.standard.operators.python import PythonOperator
def produce():
    yield {"email": "a@example.com"}
    yield {"email": "b@example.com"}
listed = PythonOperator(task_id="listed", python_callable=lambda: list(produce()))
""",
        )
        assert run.tasks == {"sync": "success", "listed": "success"}, run.log[-3000:]
        assert counted(run.returned["sync"]) == (2, 0, 0, 0)
        assert emails(sandbox, platform)["b@example.com"] == 1

    def test_a_mapped_task_may_have_a_callable_and_files_of_its_own(
        self, airflow: Airflow, sandbox: Sandbox, platform: str
    ) -> None:
        run = airflow.run(f"""
def produce():
    yield {{"email": "a@example.com"}}
    yield {{}}
SyncLeadsOperator.partial(
    task_id="sync", conn_id="{platform}_default", leads=produce, max_rejected=None
).expand(action=["createOrUpdate", "createOnly"])
""")
        assert run.state == "success", run.log[-3000:]
        assert emails(sandbox, platform)["a@example.com"] == 1
        assert run.log.count("Finished: 2 leads done") == 2

    def test_csv_and_json_lines_files_are_read(
        self, airflow: Airflow, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        first = FIRST[platform]
        (tmp_path / "leads.csv").write_bytes(
            f'\ufeffemail,{first}\r\nc@example.com,"Zoë, ""Z"""\r\n{KNOWN[platform]},\r\n'.encode()
        )
        outcome = succeeded(sync(airflow, platform, f'source="{tmp_path}/leads.csv"'))
        assert counted(outcome) == (1, 1, 0, 0)
        held = {lead["email"]: lead for lead in world(sandbox, platform)}
        assert held["c@example.com"][first] == 'Zoë, "Z"'
        assert held[KNOWN[platform]][first], "a blank cell must leave the field alone"

        outcome = succeeded(sync(airflow, platform, f'source="{tmp_path}/leads.csv", blank="clear"'))
        assert counted(outcome) == (0, 2, 0, 0)
        held = {lead["email"]: lead for lead in world(sandbox, platform)}
        assert not held[KNOWN[platform]].get(first)

        (tmp_path / "leads.txt").write_text('{"email": "d@example.com"}\n')
        outcome = succeeded(sync(airflow, platform, f'source="{tmp_path}/leads.txt", source_format="jsonl"'))
        assert counted(outcome) == (1, 0, 0, 0)

    def test_a_path_object_is_a_source_too(
        self, airflow: Airflow, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        (tmp_path / "leads.jsonl").write_text('{"email": "d@example.com"}\n')
        outcome = succeeded(
            sync(
                airflow,
                platform,
                f'source=ObjectStoragePath("file://{tmp_path}") / "leads.jsonl"',
                "from airflow.sdk import ObjectStoragePath",
            )
        )
        assert counted(outcome) == (1, 0, 0, 0)

    @pytest.mark.parametrize("name", ["empty.csv", "header.csv", "empty.jsonl", None])
    def test_nothing_to_write_is_a_success_with_a_warning(
        self, airflow: Airflow, sandbox: Sandbox, platform: str, tmp_path: Path, name: str | None
    ) -> None:
        (tmp_path / "empty.csv").touch()
        (tmp_path / "empty.jsonl").touch()
        (tmp_path / "header.csv").write_text("email\n")
        source = f'source="{tmp_path}/{name}"' if name else "leads=[]"
        run = sync(airflow, platform, f'{source}, outcomes_path="{tmp_path}/o.jsonl"')
        outcome = succeeded(run)
        assert counted(outcome) == (0, 0, 0, 0)
        assert (outcome["rejects"], outcome["outcomes"]) == (None, None)
        assert "The source is empty" in run.log
        assert write_calls(sandbox, platform) == 0

    def test_values_of_the_kinds_that_databases_give_are_written(
        self, airflow: Airflow, sandbox: Sandbox, platform: str
    ) -> None:
        score, day = ("hubspotscore", "closedate") if platform == "hubspot" else ("leadScore", "dateOfBirth")
        outcome = succeeded(
            sync(
                airflow,
                platform,
                "leads=lambda: leads, max_rejected=None",
                f"""
from decimal import Decimal
when = datetime.date(2026, 1, 2)
leads = [{{"email": "a@example.com", "{score}": Decimal("7"), "{day}": when}}]
""",
            )
        )
        assert counted(outcome) == (1, 0, 0, 0), lines(outcome["rejects"])
        held = next(lead for lead in world(sandbox, platform) if lead["email"] == "a@example.com")
        assert str(held[score]) == "7"
        assert str(held[day]) == "2026-01-02"


@pytest.mark.parametrize("platform", BOTH)
class TestRejects:
    BAD = """
nan = float("nan")
leads = [{"email": f"p{i}@example.com"} for i in range(40)]
leads[7] = {"email": "not an address", "company": "Acme"}
leads[11] = {"email": "nan@example.com", "company": nan}
leads[13] = {"email": "half@example.com", "company": "\\ud800"}
leads[17] = {"email": "list@example.com", "company": ["a"]}
leads[19] = {"company": "No key"}
leads[23] = "text"
"""

    def test_a_bad_record_is_written_whole_and_the_others_are_written(
        self, airflow: Airflow, sandbox: Sandbox, platform: str
    ) -> None:
        body = self.BAD.replace("company", "company" if platform == "hubspot" else "lastName")
        outcome = succeeded(sync(airflow, platform, "leads=lambda: leads, max_rejected=6", body))
        assert counted(outcome) == (34, 0, 0, 6)
        rejects = {line["row"]: line for line in lines(outcome["rejects"])}
        assert {row: line["code"] for row, line in rejects.items() if row != 8} == {
            12: "WRONG_TYPE",
            14: "NOT_SENDABLE",
            18: "WRONG_TYPE",
            20: "KEY_MISSING",
            24: "UNREADABLE",
        }
        assert rejects[8]["record"]["email"] == "not an address"
        assert all(line["reason"] for line in rejects.values())
        assert sum(emails(sandbox, platform).values()) == SEEDED + 34

    def test_the_rejects_file_can_be_mended_and_fed_back(
        self, airflow: Airflow, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        first = FIRST[platform]
        (tmp_path / "leads.csv").write_text(
            f"email,{first}\n{KNOWN[platform]},\nnot an address,Mona\n,Nobody\n", "utf-8"
        )
        path = tmp_path / "made" / "rejects.jsonl"
        outcome = succeeded(
            sync(
                airflow, platform, f'source="{tmp_path}/leads.csv", max_rejected="99%", rejects_path="{path}"'
            )
        )
        assert outcome["rejects"] == str(path)
        assert [line["row"] for line in sorted(lines(str(path)), key=lambda line: line["row"])] == [3, 4]
        mended = path.read_text("utf-8").replace("not an address", "mona@example.com")
        (tmp_path / "again.jsonl").write_text(mended, "utf-8")
        outcome = succeeded(sync(airflow, platform, f'source="{tmp_path}/again.jsonl", max_rejected=1'))
        assert counted(outcome) == (1, 0, 0, 1)
        held = next(lead for lead in world(sandbox, platform) if lead["email"] == "mona@example.com")
        assert held[first] == "Mona"

    @pytest.mark.usefixtures("from_templates")
    @pytest.mark.parametrize(
        ("allowed", "state"),
        [
            ("0", "failed"),
            ("1", "failed"),
            ("2", "success"),
            ("0.1", "failed"),
            ("0.2", "success"),
            ('"19%"', "failed"),
            ('"20%"', "success"),
            ('"{{ 1 + 1 }}"', "success"),
            ('"{{ none }}"', "success"),
            ("None", "success"),
            ('"some"', "failed"),
        ],
    )
    def test_max_rejected_is_a_count_a_share_a_template_or_any(
        self, airflow: Airflow, sandbox: Sandbox, platform: str, allowed: str, state: str
    ) -> None:
        before = 'leads = [{"email": f"p{i}@example.com"} for i in range(8)] + [{}, {}]'
        run = sync(airflow, platform, f"leads=leads, max_rejected={allowed}", before)
        assert run.tasks == {"sync": state}, run.log[-3000:]

    def test_too_many_rejects_fail_without_retry_and_the_result_is_kept(
        self, airflow: Airflow, sandbox: Sandbox, platform: str
    ) -> None:
        before = 'leads = [{"email": f"p{i}@example.com"} for i in range(8)] + [{}, {}]'
        run = sync(airflow, platform, "leads=leads, retries=3", before)
        log = failed(run)
        outcome = run.returned["sync"]
        assert counted(outcome) == (8, 0, 0, 2)
        assert "2 of 10 leads were rejected (KEY_MISSING: 2), allowed: 0" in log
        assert outcome["rejects"] in log
        assert log.count("leads done") == 1, "it was tried again"
        assert sum(emails(sandbox, platform).values()) == SEEDED + 8

    def test_personal_data_and_secrets_stay_out_of_the_log(
        self, airflow: Airflow, sandbox: Sandbox, platform: str
    ) -> None:
        run = sync(
            airflow,
            platform,
            "leads=lambda: leads",
            """
leads = [{"email": "zoë@example.com"}, {"email": "broken@@example.com"}, {"email": "mona@example"}]
leads += [{"email": "fine@example.com"}]
""",
        )
        log = failed(run)
        for private in ("zoë", "mona@", "broken@", "fine@", hubspot_seed.TOKEN, marketo_seed.CLIENT_SECRET):
            assert private not in log
        rejects = lines(run.returned["sync"]["rejects"])
        assert {line["record"]["email"] for line in rejects} >= {"broken@@example.com", "mona@example"}


class TestFieldsAndKeys:
    @pytest.mark.parametrize(
        ("arguments", "counts"),
        [
            ('action="createOnly"', (1, 0, 1, 0)),
            ('action="createOrUpdate"', (1, 1, 0, 0)),
        ],
    )
    @pytest.mark.parametrize("platform", BOTH)
    def test_actions_by_email(
        self, airflow: Airflow, sandbox: Sandbox, platform: str, arguments: str, counts: tuple[int, ...]
    ) -> None:
        first = FIRST[platform]
        before = (
            f"""leads = [{{"email": "new@example.com"}}, {{"email": "{KNOWN[platform]}", "{first}": "X"}}]"""
        )
        outcome = succeeded(sync(airflow, platform, f"leads=leads, {arguments}", before))
        assert counted(outcome) == counts
        held = {lead["email"]: lead for lead in world(sandbox, platform)}
        assert "new@example.com" in held
        assert (held[KNOWN[platform]][first] == "X") is (counts[1] == 1)

    def test_update_only_on_marketo_skips_who_is_not_there(self, airflow: Airflow, sandbox: Sandbox) -> None:
        before = (
            """leads = [{"email": "new@example.com"}, {"email": "Anna.Berg@example.com", "firstName": "X"}]"""
        )
        outcome = succeeded(sync(airflow, "marketo", 'leads=leads, action="updateOnly"', before))
        assert counted(outcome) == (0, 1, 1, 0)
        assert len(world(sandbox, "marketo")) == SEEDED

    @pytest.mark.parametrize(
        ("platform", "key", "code"),
        [("hubspot", "hs_object_id", "OBJECT_NOT_FOUND"), ("marketo", "id", "1004")],
    )
    def test_update_only_by_id_rejects_who_is_not_there(
        self, airflow: Airflow, sandbox: Sandbox, platform: str, key: str, code: str
    ) -> None:
        first = FIRST[platform]
        known = world(sandbox, platform)[0]["id"]
        before = f"""
leads = [{{"{key}": 99999, "{first}": "Y"}}, {{"{key}": {known}, "{first}": "X"}}]
"""
        arguments = f'leads=leads, action="updateOnly", lookup_field="{key}"'
        assert f"1 of 2 leads were rejected ({code}: 1), allowed: 0" in failed(
            sync(airflow, platform, arguments, before)
        )
        outcome = succeeded(sync(airflow, platform, f"{arguments}, max_rejected=1", before))
        assert counted(outcome) == (0, 1, 0, 1)
        (rejected,) = lines(outcome["rejects"])
        assert (rejected["row"], rejected["code"], rejected["record"][key]) == (1, code, 99999)
        assert world(sandbox, platform)[0][first] == "X"

    def test_create_duplicate_on_marketo_adds_a_lead_each_time(
        self, airflow: Airflow, sandbox: Sandbox
    ) -> None:
        before = """leads = [{"email": "anna.berg@example.com"}] * 2 + [{"lastName": "No key"}]"""
        outcome = succeeded(sync(airflow, "marketo", 'leads=leads, action="createDuplicate"', before))
        assert counted(outcome) == (3, 0, 0, 0)
        assert emails(sandbox, "marketo")["anna.berg@example.com"] == 3

    @pytest.mark.parametrize(
        ("field", "known", "new"),
        [
            (marketo_seed.STRING_KEY, "c-0002", "C-9"),
            (marketo_seed.INTEGER_KEY, 70_002, 99),
            (marketo_seed.INTEGER_KEY, "70002", "99"),
        ],
    )
    def test_marketo_leads_are_found_by_other_fields(
        self, airflow: Airflow, sandbox: Sandbox, field: str, known: Any, new: Any
    ) -> None:
        before = (
            f"leads = [{{{field!r}: {known!r}, 'firstName': 'X'}}, {{{field!r}: {new!r}, 'firstName': 'N'}}]"
        )
        outcome = succeeded(sync(airflow, "marketo", f'leads=leads, lookup_field="{field}"', before))
        assert counted(outcome) == (1, 1, 0, 0)
        assert (
            next(lead for lead in world(sandbox, "marketo") if lead["email"] == "ben.ito@example.com")[
                "firstName"
            ]
            == "X"
        )

    def test_marketo_keys_that_differ_in_case_only_make_one_lead(
        self, airflow: Airflow, sandbox: Sandbox
    ) -> None:
        before = f"leads = [{{'{marketo_seed.STRING_KEY}': key}} for key in ('K-1', 'k-1', ' K-1 ')]"
        outcome = succeeded(
            sync(airflow, "marketo", f'leads=leads, lookup_field="{marketo_seed.STRING_KEY}"', before)
        )
        assert counted(outcome) == (1, 0, 2, 0)

    def test_leads_are_created_in_the_given_partition(self, airflow: Airflow, sandbox: Sandbox) -> None:
        arguments = f'leads=[{{"email": "a@example.com"}}], partition_name="{marketo_seed.EMEA_PARTITION}"'
        succeeded(sync(airflow, "marketo", arguments))
        assert list(sandbox.marketo.state.leads)[-1].partition_id == 2

    def test_an_unknown_partition_ends_the_run_with_the_first_refusal(
        self, airflow: Airflow, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        count = 30 * send_few_at_once(monkeypatch)
        before = f'leads = [{{"email": f"p{{i}}@example.com"}} for i in range({count})]'
        log = failed(sync(airflow, "marketo", 'leads=leads, partition_name="Nowhere", retries=3', before))
        assert "partition" in log
        # Those that were in flight together.
        assert write_calls(sandbox, "marketo") <= 10
        assert len(world(sandbox, "marketo")) == SEEDED

    def test_an_unknown_column_fails_on_marketo_before_anything_is_sent(
        self, airflow: Airflow, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        (tmp_path / "leads.csv").write_text("email,shoeSize\na@example.com,44\n")
        log = failed(sync(airflow, "marketo", f'source="{tmp_path}/leads.csv", retries=3'))
        assert "column 'shoeSize' is not a field of a lead; nothing was sent" in log
        assert write_calls(sandbox, "marketo") == 0

    def test_an_unknown_field_of_some_marketo_leads_rejects_those(
        self, airflow: Airflow, sandbox: Sandbox
    ) -> None:
        before = 'leads = [{"email": "a@example.com", "shoeSize": 44}, {"email": "b@example.com"}]'
        outcome = succeeded(sync(airflow, "marketo", "leads=leads, max_rejected=1", before))
        assert counted(outcome) == (1, 0, 0, 1)
        assert outcome["reasons"] == {"UNKNOWN_FIELD": 1}

    def test_an_unknown_property_on_hubspot_rejects_its_records_with_few_calls_more(
        self, airflow: Airflow, sandbox: Sandbox
    ) -> None:
        before = """
leads = [{"email": f"p{i}@example.com", "numemployees": "5-25"} for i in range(100)]
for i in (3, 50, 98):
    leads[i]["shoe_size"] = 44
leads[60]["hat_size"] = 7
"""
        outcome = succeeded(sync(airflow, "hubspot", "leads=leads, max_rejected=4", before))
        assert counted(outcome) == (96, 0, 0, 4)
        rejects = lines(outcome["rejects"])
        assert sorted(line["row"] for line in rejects) == [4, 51, 61, 99]
        assert write_calls(sandbox, "hubspot") <= 3

    def test_a_bad_value_does_not_take_along_records_that_have_the_same_property(
        self, airflow: Airflow, sandbox: Sandbox
    ) -> None:
        before = """
leads = [{"email": f"p{i}@example.com", "lifecyclestage": "lead"} for i in range(40)]
leads[3]["lifecyclestage"] = "nonsense"
leads[20]["shoe_size"] = "44"
"""
        outcome = succeeded(sync(airflow, "hubspot", "leads=leads, max_rejected=2", before))
        assert counted(outcome) == (38, 0, 0, 2)

    @pytest.mark.parametrize("platform", BOTH)
    def test_a_file_without_the_key_column_fails_before_anything_is_sent(
        self, airflow: Airflow, sandbox: Sandbox, platform: str, tmp_path: Path
    ) -> None:
        (tmp_path / "leads.csv").write_text("phone\n1\n")
        log = failed(sync(airflow, platform, f'source="{tmp_path}/leads.csv", retries=3'))
        assert "has no column 'email', the key; nothing was sent" in log
        assert write_calls(sandbox, platform) == 0

    @pytest.mark.usefixtures("from_templates")
    @pytest.mark.parametrize(
        ("platform", "arguments", "reported"),
        [
            ("hubspot", 'action="upsert"', "action: HubSpot has createOrUpdate"),
            ("hubspot", 'action="updateOnly"', "lookup_field: HubSpot updates by hs_object_id"),
            ("hubspot", 'lookup_field="hs_object_id"', "use action updateOnly"),
            ("hubspot", 'partition_name="EMEA"', "HubSpot has no lead partitions"),
            ("marketo", 'action="{{ params.action }}", params={"action": "merge"}', "action: Marketo has"),
            ("marketo", 'lookup_field="id"', "use action updateOnly"),
            ("marketo", "lookup_field=\"{{ 'first' ~ 'Name' }}\"", "Marketo finds no leads by 'firstName'"),
            (
                "marketo",
                'source_format="xlsx", leads=None, source="/nowhere.xlsx"',
                "source_format: must be one of",
            ),
            ("marketo", 'leads=None, source="/nowhere/leads.csv"', "there is no file"),
            (
                "marketo",
                'leads=None, source="/nowhere/leads.xlsx"',
                "source_format: is missing, and the file's name has none of the endings",
            ),
            ("marketo", 'source="/nowhere/leads.csv"', "give exactly one of leads, source and sql"),
            ("marketo", "leads=None", "give exactly one of leads, source and sql"),
            ("marketo", 'leads="{{ 3 }}"', "leads: must be a list, not a number"),
            ("marketo", "leads=lambda: None", "the callable must return an iterable"),
            ("marketo", 'blank="Clear"', "blank: must be omit or clear"),
        ],
    )
    def test_wrong_arguments_fail_at_run_time_without_retry_and_say_which(
        self, airflow: Airflow, sandbox: Sandbox, platform: str, arguments: str, reported: str
    ) -> None:
        given = {"leads": '[{"email": "a@example.com"}]'}
        if "leads=" in arguments:
            given = {}
        text = ", ".join([*(f"{name}={value}" for name, value in given.items()), arguments, "retries=2"])
        assert reported in failed(sync(airflow, platform, text))
        assert write_calls(sandbox, platform) == 0


class TestConnections:
    @pytest.mark.parametrize(
        ("platform", "change", "reported"),
        [
            ("marketo", {"host": None}, "host: is missing"),
            ("marketo", {"login": ""}, "login: is missing"),
            ("marketo", {"password": None}, "password: is missing"),
            ("hubspot", {"password": None}, "put a service key or another access token into Password"),
            ("hubspot", {"conn_type": "http"}, "http"),
        ],
    )
    def test_the_error_for_an_unfit_connection_names_the_field(
        self,
        airflow: Airflow,
        sandbox: Sandbox,
        monkeypatch: pytest.MonkeyPatch,
        platform: str,
        change: dict[str, Any],
        reported: str,
    ) -> None:
        name = f"AIRFLOW_CONN_{platform.upper()}_DEFAULT"
        monkeypatch.setenv(name, json.dumps(json.loads(os.environ[name]) | change))
        log = failed(sync(airflow, platform, 'leads=[{"email": "a@example.com"}], retries=2'))
        assert reported in log
        assert f"{platform}_default" in log
        assert of(sandbox, platform).calls.total == 0

    def test_a_batch_over_the_limit_sends_nothing(self, airflow: Airflow, sandbox: Sandbox) -> None:
        people = [{"email": f"p{number}@example.com"} for number in range(301)]
        with MarketoHook() as hook, pytest.raises(InvalidInput, match="at most 300"):
            hook.run(marketo_leads.sync(people))
        with HubSpotHook() as hubspot, pytest.raises(InvalidInput, match="at most 100"):
            hubspot.run(contacts.upsert_batch(people[:101]))
        assert (sandbox.marketo.calls.total, sandbox.hubspot.calls.total) == (0, 0)
