"""How many calls the instance has used."""

from __future__ import annotations

from typing import Any

from airflow_provider_mkt.api.call import Call, Replay, Route
from airflow_provider_mkt.api.marketo.answers import first


def today() -> Call[dict[str, Any] | None]:
    """Read today's calls, in all and per API user. The quota itself is not told by any endpoint.

    :returns: ``date``, ``total`` and ``users``; None when there were none yet.

    Source: ``GET /rest/v1/stats/usage.json``.
    """
    return Call("usage.today", Route("GET", "lead", "/stats/usage.json"), first, Replay.SAFE)
