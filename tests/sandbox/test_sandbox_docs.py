"""The documentation of the sandbox names every setting, error and control call."""

from __future__ import annotations

import re
from pathlib import Path

from airflow_provider_mkt.sandbox.hubspot.errors import error_names
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.marketo.settings import MarketoSettings
from airflow_provider_mkt.sandbox.server.control import PREFIX, control_calls
from airflow_provider_mkt.sandbox.server.faults import ANSWER_KINDS

TEXT = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
CODE = set(re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)))


def test_every_setting_of_hubspot_is_documented() -> None:
    assert HubSpotSettings.model_fields.keys() <= CODE


def test_every_setting_of_marketo_is_documented() -> None:
    assert MarketoSettings.model_fields.keys() <= CODE


def test_every_error_of_hubspot_is_documented() -> None:
    assert set(error_names()) <= CODE


def test_every_control_call_and_kind_of_answer_is_documented() -> None:
    for name in control_calls():
        assert f"{PREFIX}{name}`" in TEXT
    # "code" is Marketo's word for "error".
    for kind in set(ANSWER_KINDS) - {"code"}:
        assert f'`{{"{kind}":' in TEXT
