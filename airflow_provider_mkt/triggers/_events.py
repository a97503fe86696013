"""The events of the triggers, as the log of the triggerer shows them."""

from __future__ import annotations

from collections.abc import Mapping

from airflow.triggers.base import TriggerEvent

from airflow_provider_mkt.client.wording import counted

_MAX_CHARACTERS = 300


class ShortEvent(TriggerEvent):
    """An event whose line in the log is short: Airflow logs the ``repr`` of every event.

    The payload goes to the task, or to the asset, whole.
    """

    def __init__(self, payload: Mapping[str, object]) -> None:
        super().__init__(payload)  # type: ignore[no-untyped-call]

    def __repr__(self) -> str:
        payload = self.payload if isinstance(self.payload, Mapping) else {}
        return f"TriggerEvent<{', '.join(f'{name}={_short(value)}' for name, value in payload.items())}>"


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{{{counted(len(value), 'key')}}}" if value else "{}"
    if isinstance(value, list):
        return f"[{counted(len(value), 'item')}]" if value else "[]"
    text = repr(value)
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}... ({len(text):,} characters)"
