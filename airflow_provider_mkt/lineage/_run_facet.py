"""The facet of a run. It is imported only where OpenLineage is installed."""

from __future__ import annotations

import attr
from openlineage.client.facet_v2 import RunFacet


@attr.define
class MktSyncRunFacet(RunFacet):
    """What a task did on a platform: counts, and where the rejected records are.

    :param platform: ``hubspot`` or ``marketo``.
    :param account: HubSpot's portal id or Marketo's munchkin id.
    :param mode: ``calls`` or ``bulk``, where records were written.
    :param counts: as in the task's outcome: ``total``, ``created``, ``updated``, ``rejected`` ...
    :param reasons: codes of rejected records, with their number.
    :param calls: calls that this leg of the task made.
    :param rejects: the file of rejected records.
    """

    platform: str
    account: str
    mode: str | None = None
    counts: dict[str, int] = attr.field(factory=dict)
    reasons: dict[str, int] = attr.field(factory=dict)
    calls: int | None = None
    rejects: str | None = None

    @staticmethod
    def _get_schema() -> str:
        # Facets of the OpenLineage specification have an address of their own; this one has none.
        return "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunFacet"
