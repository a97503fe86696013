"""HubSpot and Marketo Engage, emulated on localhost: stateful, with limits, faults and a movable clock."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.server import Sandbox

__all__ = ["Sandbox"]
