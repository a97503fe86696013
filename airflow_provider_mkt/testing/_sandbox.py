"""A sandbox for one test, with connections to it in the environment."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot_seed
from airflow_provider_mkt.sandbox.marketo import seed as marketo_seed

_addresses: set[str] = set()


@contextmanager
def connected(**options: Any) -> Iterator[Sandbox]:
    """Start a sandbox, with the connections ``hubspot_default`` and ``marketo_default`` to it.

    :param options: arguments of :class:`.Sandbox`.
    """
    with _sandbox_at_new_addresses(**options) as box:
        before = dict(os.environ)
        for platform in ("hubspot", "marketo"):
            connect(box, f"{platform}_default", platform)
        know_account(box)
        try:
            yield box
        finally:
            _forget_budgets()
            _unmask(box.marketo.accounts.issued)
            for name in set(os.environ) | set(before):
                if name.startswith("AIRFLOW_CONN_"):
                    _restore(name, before.get(name))


def connect(box: Sandbox, conn_id: str, platform: str, extra: Mapping[str, object] | None = None) -> None:
    """Put a connection to the sandbox into the environment, where Airflow finds it.

    :param platform: ``hubspot`` or ``marketo``.
    :param extra: fields of the connection's Extra.
    :raises ValueError: when there is no such platform.
    """
    fields: dict[str, Any]
    if platform == "hubspot":
        settings: dict[str, object] = {"legacy_calls": True}
        fields = {"host": box.hubspot.url, "password": hubspot_seed.TOKEN}
    elif platform == "marketo":
        # All of the instance's limit, for quick tests.
        settings = {"calls_per_20_seconds": 100, "max_concurrency": 10}
        fields = {
            "host": box.marketo.url,
            "login": marketo_seed.CLIENT_ID,
            "password": marketo_seed.CLIENT_SECRET,
        }
    else:
        msg = f"platform must be hubspot or marketo, not {platform!r}"
        raise ValueError(msg)
    fields |= {"conn_type": platform, "extra": {**settings, **(extra or {})}}
    os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps(fields)


def know_account(box: Sandbox) -> None:
    """Remember which account the token of ``hubspot_default`` leads to, as an earlier task would have done.

    So a test sees the calls that it is about, and not the one that reads the account.
    """
    from airflow_provider_mkt.hooks.hubspot import HubSpotHook
    from airflow_provider_mkt.hooks.state import known_accounts

    account_id = f"hubspot {hubspot_seed.PORTAL_ID} {box.hubspot.url}"
    key = HubSpotHook().platform.account_key
    known_accounts().set(key, account_id)
    known_accounts().set(f"{key} pages", "app.hubspot.com")


@contextmanager
def _sandbox_at_new_addresses(**options: Any) -> Iterator[Sandbox]:
    """Start a sandbox at addresses that no earlier one had, because tokens and budgets are kept by address.

    The system reuses ports, so a used port is held until another one is found.
    """
    with Sandbox(**options) as box:
        addresses = {platform.url for platform in box.platforms.values()}
        if addresses & _addresses:
            with _sandbox_at_new_addresses(**options) as other:
                yield other
        else:
            _addresses.update(addresses)
            yield box


def _unmask(tokens: Iterable[str]) -> None:
    """Let Airflow forget access tokens that it masks in logs, and that are of no use any more.

    For each secret it makes one regular expression of all of them: after some hundred tests, each new token
    would take longer than the test.
    """
    from airflow_provider_mkt.version_compat import local_masker

    find = getattr(sys.modules.get(local_masker().__module__), "_secrets_masker", None)
    if find is None:
        return
    masker = find()
    left = masker.patterns - set(map(re.escape, tokens))
    if left != masker.patterns:
        masker.patterns, masker.replacer = left, re.compile("|".join(left)) if left else None


def _forget_budgets() -> None:
    """Close the files of budgets. No other sandbox has these addresses."""
    from airflow_provider_mkt.client.ratelimit.budget import forget_budgets

    forget_budgets()


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
