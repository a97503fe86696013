"""Waits that are short enough for hundreds of tries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from workers import shorten_waits

from airflow_provider_mkt.actions import idempotency
from airflow_provider_mkt.actions.marketo import exports as export_actions
from airflow_provider_mkt.actions.marketo.imports import BulkLeadImporter
from airflow_provider_mkt.actions.marketo.leads import DatabaseLeadWriter, PushWriter
from airflow_provider_mkt.operators import _exporting, _list_diff
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo.exports import store as exports
from airflow_provider_mkt.state import claims, locks, sync_progress
from airflow_provider_mkt.sync import bulk_import, members, pipeline
from airflow_provider_mkt.sync.changes import lease

WINDOW = 0.4
"""Seconds within which every effect shows on a platform that answers at once."""

SAVED_WITHIN = 0.4
"""Seconds within which the progress of a sync is where it outlives its machine, at slowness 1."""


def shorten(monkeypatch: pytest.MonkeyPatch, slowness: float = 1.0) -> None:
    """Shorten the waits of tasks.

    :param slowness: how many times as long a busy installation needs.
    """
    window = WINDOW * slowness
    shorten_waits(monkeypatch)
    for module in (idempotency, members, bulk_import):
        monkeypatch.setattr(module, "CONSISTENCY_WINDOW", window)
    monkeypatch.setattr(exports, "STEP", timedelta(seconds=0.02))
    monkeypatch.setattr(export_actions, "_FILE_RETRY_AFTER", 0.02)
    monkeypatch.setattr(_exporting, "_QUEUE_WAIT", (0.05, 0.1))
    monkeypatch.setattr(sync_progress, "_SAVE_EVERY", SAVED_WITHIN / 2 * slowness)
    monkeypatch.setattr(pipeline, "_TICK", 0.02)
    monkeypatch.setattr(claims, "AHEAD", 0.3 * slowness)
    # Long enough for a process that a busy machine holds up, and short for one that waits for a killed one.
    monkeypatch.setattr(locks, "LOCK_LIFE", 3.0 * slowness)
    monkeypatch.setattr(locks, "_RENEW_EVERY", 0.25)
    monkeypatch.setattr(_list_diff, "QUIET_AFTER", window)
    monkeypatch.setattr(lease, "LIFE", 3.0 * slowness)
    monkeypatch.setattr(lease, "VALID_FOR", 2.0 * slowness)
    monkeypatch.setattr(lease, "BEAT_INTERVAL", 0.25)
    monkeypatch.setattr(lease, "POLL_INTERVAL", 0.1)
    for writer in (DatabaseLeadWriter, PushWriter, BulkLeadImporter):
        with_short_quiet_time(monkeypatch, writer, window)


def with_short_quiet_time(monkeypatch: pytest.MonkeyPatch, writer: type[Any], seconds: float) -> None:
    """Let a writer take less time for that in which the platform may still work on an unanswered request."""
    made = writer.__init__

    def make(self: Any, **options: Any) -> None:
        made(self, **options)
        self.quiet_after = seconds

    monkeypatch.setattr(writer, "__init__", make)


def end_jobs_immediately(box: Sandbox) -> None:
    """Let what the platforms do in the background end at the first look."""
    hubspot, marketo = box.hubspot.settings, box.marketo.settings
    for settings in (hubspot, marketo):
        settings.import_startup = settings.import_per_row = 0.0
    hubspot.import_error_lag = marketo.import_pickup = 0.0
    hubspot.send_queue = hubspot.send_processing = 0.0
