"""The tokens of a sandbox are masked in logs for as long as it runs, and other secrets for longer."""

from __future__ import annotations

import httpx
from airflow.sdk._shared.secrets_masker import mask_secret, redact

from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.testing._sandbox import connected


def test_a_token_is_masked_until_its_sandbox_ends() -> None:
    with connected() as box:
        with MarketoHook() as hook:
            hook.run(leads.describe())
        # While a token is valid, every caller gets the same one.
        query = {
            "grant_type": "client_credentials",
            "client_id": seed.CLIENT_ID,
            "client_secret": seed.CLIENT_SECRET,
        }
        answer = httpx.get(f"{box.marketo.url}/identity/oauth/token", params=query, verify=False)
        token = answer.json()["access_token"]
        assert redact(f"token {token}") == "token ***"
        mask_secret("a password of somebody else")
    assert redact(f"token {token}") == f"token {token}"
    assert redact("it is a password of somebody else") == "it is ***"
