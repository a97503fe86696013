"""HubSpot's client for Node, unmodified, against the sandbox. It is installed from npm, once per machine."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from test_marketo_other_clients import installed

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

SCRIPT = Path(__file__).parent / "node" / "hubspot.js"


@pytest.fixture
def results(box: Sandbox) -> dict[str, Any]:
    """What the client returned, by step."""
    modules = installed("@hubspot/api-client") / "node_modules"
    arguments = [seed.TOKEN, seed.REFRESH_TOKEN, seed.OAUTH_CLIENT_ID, seed.OAUTH_CLIENT_SECRET]
    done = subprocess.run(
        ["node", str(SCRIPT), box.hubspot.url, *arguments],
        env={**os.environ, "NODE_PATH": str(modules)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_node_client_works_with_the_sandbox(results: dict[str, Any], box: Sandbox) -> None:
    properties = results.pop("get")
    assert properties["email"] == "node@example.com"
    assert (properties["city"], "no_such" in properties) == (None, False)
    failed = {name: results.pop(name) for name in ("conflict", "forbidden", "gone")}
    assert {name: one["status"] for name, one in failed.items()} == {
        "conflict": 409,
        "forbidden": 401,
        "gone": 404,
    }
    assert failed["conflict"]["category"] == "CONFLICT"
    assert results == {
        "create": {"email": "node@example.com", "isDate": True},
        "update": "Bonn",
        "upsert": [False, True],
        "read": {"kind": "BatchResponseSimplePublicObjectWithErrors", "found": 1, "errors": 1},
        "all": 7,
        "search": ["ada@example.com"],
        "properties": "string",
        "lists": ["Early adopters"],
        "members": 1,
        "import": "STARTED",
        "email": {"name": "From Node", "state": "DRAFT"},
        "send": "PENDING",
        "event": "Talk",
        "attendance": 1,
        "campaigns": ["Spring launch", "Webinar series"],
        "subscribe": "SUBSCRIBED",
        "token": 1800,
        "delete": True,
    }
    assert box.hubspot.state.contacts.find("email", "new@example.com") is not None
