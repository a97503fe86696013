"""An HTTP client of the Marketo sandbox with a token."""

from __future__ import annotations

import json
from typing import Any

import httpx

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed


def sign_in(
    sandbox: Sandbox, client_id: str = seed.CLIENT_ID, secret: str = seed.CLIENT_SECRET
) -> httpx.Client:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    # No connection is left open where a test does not close its client. To read all authorities of TLS, which
    # a sandbox does not use, takes a client 50 ms.
    limits = httpx.Limits(max_keepalive_connections=0)
    client = httpx.Client(base_url=sandbox.marketo.url, limits=limits, timeout=120, verify=False)
    token = client.post("/identity/oauth/token", data=form).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client


class Api:
    """Requests by path, which return the parsed envelope."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.client = sign_in(sandbox)

    @property
    def state(self) -> Any:
        self.sandbox.marketo.state.run_due_work()
        return self.sandbox.marketo.state

    def advance(self, seconds: float) -> None:
        self.sandbox.clock.advance(seconds)

    def get(self, path: str, **params: Any) -> Any:
        return self.client.get(f"/rest{path}", params=params or None).json()

    def post(self, path: str, body: Any = None, **params: Any) -> Any:
        return self.client.post(f"/rest{path}", json=body, params=params or None).json()

    def form(self, path: str, **fields: Any) -> Any:
        data = {name: _field(value) for name, value in fields.items()}
        return self.client.post(f"/rest{path}", data=data).json()

    def upload(self, path: str, content: str, **params: Any) -> httpx.Response:
        files = {"file": ("leads.csv", content, "text/csv")}
        return self.client.post(f"/bulk/v1{path}", files=files, params=params or None)

    def bulk(self, path: str) -> httpx.Response:
        return self.client.get(f"/bulk/v1{path}")

    def activities(self, *types: int, since: str = "2025-01-01T00:00:00Z") -> list[dict[str, Any]]:
        """Return all activities of some types that are visible now."""
        token = self.get("/v1/activities/pagingtoken.json", sinceDatetime=since)["nextPageToken"]
        rows: list[dict[str, Any]] = []
        while True:
            page = self.get(
                "/v1/activities.json", nextPageToken=token, activityTypeIds=",".join(map(str, types))
            )
            rows += page["result"]
            token = page["nextPageToken"]
            if not page["moreResult"]:
                return rows


def _field(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def code(answer: dict[str, Any]) -> str:
    """Return the error code of a failed request."""
    assert answer["success"] is False, answer
    return str(answer["errors"][0]["code"])


def reason(row: dict[str, Any]) -> str:
    """Return the code of a skipped record."""
    return str(row["reasons"][0]["code"])


def folder_param(number: int, kind: str = "Folder") -> dict[str, Any]:
    return {"id": number, "type": kind}
