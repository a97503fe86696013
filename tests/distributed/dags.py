"""DAGs for two workers: many syncs of one account, and tasks of many kinds that are killed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from distributed.cluster import Cluster
from reliability.waits import end_jobs_immediately

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.hubspot.automation import seed as automation
from airflow_provider_mkt.sandbox.marketo import seed as marketo

MANY = 16
"""Mapped syncs of each account. Those of both are as many as the two workers run at once."""
ROWS_EACH = {"hubspot": 450, "marketo": 600}

HOLD = 60.0
"""Seconds for which a request is held: longer than a client waits for its answer."""

SLOWNESS = 8
"""How many times as long tasks take here as tries on one machine."""

KINDS = ("store", "redis", "postgres")
"""Where what a task remembers outlives its worker: Airflow's task state store alone, or a server too."""

# What a DAG file sets is there before its tasks run, as the environment of a worker would be.
HEAD = """
import datetime, os, sys
os.environ.update({environment!r})
from airflow.sdk import DAG
from airflow_provider_mkt.operators.campaign_requests import RequestCampaignOperator
from airflow_provider_mkt.operators.emails import PublishEmailOperator
from airflow_provider_mkt.operators.lead_intake import PushLeadsOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.sends import SendEmailToPeopleOperator
from airflow_provider_mkt.operators.workflows import EnrollWorkflowOperator

ARGUMENTS = dict(retries=3, retry_delay=datetime.timedelta(seconds=0))
"""

# In the processes of tasks only, and that of the worker's own would be too late.
SHORT_WAITS = """
if "reliability.waits" in sys.modules:
    from _pytest.monkeypatch import MonkeyPatch
    from reliability.waits import shorten
    shorten(MonkeyPatch(), slowness={slowness})
"""


def _people(kind: str, count: int) -> list[str]:
    return [f"{kind}-{number}@example.com" for number in range(count)]


@dataclass(frozen=True)
class Held:
    """A task whose requests are held in the middle, until its worker is killed.

    :param operator: Python for its operator, without ids.
    :param request: the path of the requests, as in `fnmatch`.
    :param passed: how many requests pass before.
    :param held: how many are in flight then, all of them held.
    :param people: how many rows its source has.
    :param kinds: where it is tried.
    :param lookup: what finds the effect of a held request whose answer is not waited for any longer.
    """

    platform: Literal["hubspot", "marketo"]
    operator: str
    request: str
    passed: int
    held: int
    people: int = 0
    kinds: tuple[str, ...] = KINDS
    lookup: str = ""


HELD: dict[str, Held] = {
    "hubspot_sync": Held(
        "hubspot",
        "SyncLeadsOperator({common}, source={source!r}, max_concurrency=3)",
        "*/batch/upsert", 9, 3, 3000,
    ),
    "marketo_sync": Held(
        "marketo",
        "SyncLeadsOperator({common}, source={source!r}, max_concurrency=3)",
        "/rest/v1/leads.json", 6, 3, 6000,
    ),
    "push": Held(
        "marketo",
        "PushLeadsOperator({common}, source={source!r}, program_name='Website Contacts', max_concurrency=2, "
        "max_rejected=None)",
        "*/push.json", 2, 2, 1800,
    ),
    "duplicate": Held(
        "marketo",
        "SyncLeadsOperator({common}, source={source!r}, action='createDuplicate', max_concurrency=2, "
        "max_rejected=None)",
        "/rest/v1/leads.json", 2, 2, 1800, kinds=KINDS[:1],
    ),
    "workflow": Held(
        "hubspot",
        f"EnrollWorkflowOperator({{common}}, flow_id={automation.REMINDER_FLOW!r}, "
        f"leads={list(hubspot.CONTACT_IDS)!r}, max_concurrency=1)",
        "*/enrollments/contacts/*", 2, 1, kinds=KINDS[:1],
    ),
    "mails": Held(
        "hubspot",
        f"SendEmailToPeopleOperator({{common}}, email_id={hubspot.TRANSACTIONAL_EMAIL!r}, "
        f"leads={_people('mail', 12)!r}, poll_interval=0.2, max_concurrency=2)",
        "*/single-email/send", 5, 2,
    ),
    "campaign": Held(
        "marketo",
        f"RequestCampaignOperator({{common}}, campaign_id={marketo.REQUEST_CAMPAIGN}, "
        f"leads={[marketo.ANNA, marketo.BEN]!r})",
        "*/trigger.json", 0, 1, kinds=KINDS[:1], lookup="*/activities*",
    ),
}  # fmt: skip


TRIED = [(kind, name) for kind in KINDS for name, task in HELD.items() if kind in task.kinds]


@dataclass
class Accounts:
    """The sandboxes, and the DAG files of tasks that work in them."""

    many: Sandbox
    purpose: Sandbox
    killed: dict[tuple[str, str], Sandbox] = field(default_factory=dict)
    write: Callable[[Path, dict[str, str]], None] = lambda dags, urls: None


@dataclass(frozen=True)
class Installation:
    """A running cluster, and what its DAGs work on."""

    cluster: Cluster
    accounts: Accounts


def _connection(box: Sandbox, platform: str) -> str:
    if platform == "hubspot":
        fields: dict[str, Any] = {"host": box.hubspot.url, "password": hubspot.TOKEN}
    else:
        fields = {"host": box.marketo.url, "login": marketo.CLIENT_ID, "password": marketo.CLIENT_SECRET}
    return json.dumps({"conn_type": platform, **fields})


def _source(folder: Path, name: str, count: int) -> str:
    path = folder / f"{name}.csv"
    path.write_text("email\n" + "".join(f"{one}\n" for one in _people(name.replace("_", ""), count)))
    return path.as_uri()


@contextmanager
def accounts() -> Iterator[Accounts]:
    """Run a sandbox for each task that is to be killed, and one for the syncs that run at once."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made = Accounts(stack.enter_context(Sandbox()), stack.enter_context(Sandbox(only="hubspot")))
        for kind, name in TRIED:
            task = HELD[name]
            box = stack.enter_context(Sandbox(only=task.platform))
            end_jobs_immediately(box)
            faults = box.platforms[task.platform].faults
            hold = {"when": "after", "delay": HOLD, "times": None}
            faults.add(task.request, method="POST", skip=task.passed, **hold)
            if task.lookup:
                faults.add(task.lookup, method="GET", **hold)
            made.killed[kind, name] = box

        def write(dags: Path, urls: dict[str, str]) -> None:
            for kind in KINDS:
                _write_killed(dags, folder, kind, urls.get(kind, ""), made)
            for platform, kind in (("hubspot", "redis"), ("marketo", "postgres")):
                _write_many(dags, folder, platform, urls[kind], made.many)
            _write_purpose(dags, urls["redis"], made.purpose)

        made.write = write
        yield made


def _head(environment: dict[str, str]) -> str:
    return HEAD.format(environment=environment)


def _write_killed(dags: Path, folder: Path, kind: str, url: str, made: Accounts) -> None:
    environment, tasks = {"AIRFLOW__MKT__SHARED_STATE_URL": url}, []
    for name, task in HELD.items():
        if kind not in task.kinds:
            continue
        environment[f"AIRFLOW_CONN_{name.upper()}"] = _connection(made.killed[kind, name], task.platform)
        source = _source(folder, name, task.people) if task.people else ""
        common = f"task_id={name!r}, conn_id={name!r}, queue='one'"
        tasks.append("    " + task.operator.format(common=common, source=source))
    with_tasks = f'with DAG("killed_{kind}", schedule=None, default_args=ARGUMENTS):\n' + "\n".join(tasks)
    waits = SHORT_WAITS.format(slowness=SLOWNESS)
    (dags / f"killed_{kind}.py").write_text(_head(environment) + waits + with_tasks + "\n")


def _write_many(dags: Path, folder: Path, platform: str, url: str, box: Sandbox) -> None:
    environment = {
        "AIRFLOW__MKT__SHARED_STATE_URL": url,
        f"AIRFLOW_CONN_{platform.upper()}": _connection(box, platform),
    }
    sources = [_source(folder, f"{platform}_{number}", ROWS_EACH[platform]) for number in range(MANY)]
    body = f"""with DAG("many_{platform}", schedule=None, default_args=ARGUMENTS, max_active_tasks=100):
    SyncLeadsOperator.partial(task_id="sync", conn_id={platform!r}).expand(source={sources!r})
"""
    (dags / f"many_{platform}.py").write_text(_head(environment) + body)


def _write_purpose(dags: Path, url: str, box: Sandbox) -> None:
    """Write a DAG that publishes a copy of one email on each worker, for one purpose."""
    original = box.hubspot.state.emails.get(hubspot.NEWSLETTER_EMAIL)
    assert original is not None
    environment = {
        "AIRFLOW__MKT__SHARED_STATE_URL": url,
        "AIRFLOW_CONN_PURPOSE": _connection(box, "hubspot"),
    }
    body = 'with DAG("purpose", schedule=None, default_args=ARGUMENTS):\n'
    for queue in ("one", "two"):
        copy = box.hubspot.state.emails.create(dict(original.live), f"18000000{len(queue)}{ord(queue[0])}")
        body += (
            f"    PublishEmailOperator(task_id={queue!r}, conn_id='purpose', queue={queue!r}, "
            f"email_id={copy.id!r}, send_key='newsletter')\n"
        )
    (dags / "purpose.py").write_text(_head(environment) + body)
