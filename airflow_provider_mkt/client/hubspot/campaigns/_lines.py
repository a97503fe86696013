"""The calls that budget items and spend items of a campaign share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Json, JsonBody, Replay, Route, path_params
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.parameters import NumericId, between

Order = Annotated[int, between(0, 2**31 - 1)]
"""A position among the items, 0 for the oldest."""

READ = ("marketing.campaigns.read",)
WRITE = ("marketing.campaigns.write",)


class Line(TypedDict):
    """A budget or spend item. ``createdAt`` and ``updatedAt`` are milliseconds since 1970."""

    id: str
    name: str
    amount: float
    order: int
    description: NotRequired[str]
    createdAt: int
    updatedAt: int


@dataclass(frozen=True)
class LineCalls:
    """The calls for one kind of item.

    :param kind: ``budget`` or ``spend``, as in the paths.
    :param resource: the resource in the calls' names.
    """

    kind: str
    resource: str

    def add(
        self, campaign_guid: str, name: str, amount: float, order: int, description: str | None
    ) -> Call[Line]:
        """Build the call that adds an item. HubSpot has no key that would detect a retry."""
        params = path_params(campaignGuid=campaign_guid)
        return Call(
            f"{self.resource}.add",
            Route("POST", "campaigns", f"/{{campaignGuid}}/{self.kind}", params),
            _line,
            Replay.VERIFY,
            body=_body(name, amount, order, description),
            scopes=WRITE,
        )

    def get(self, campaign_guid: str, line_id: NumericId) -> Call[Line]:
        """Build the call that reads an item."""
        route = self._route("GET", campaign_guid, line_id)
        return Call(f"{self.resource}.get", route, _line, Replay.SAFE, scopes=READ)

    def replace(
        self,
        campaign_guid: str,
        line_id: NumericId,
        name: str,
        amount: float,
        order: int,
        description: str | None,
    ) -> Call[Line]:
        """Build the call that replaces an item."""
        return Call(
            f"{self.resource}.replace",
            self._route("PUT", campaign_guid, line_id),
            _line,
            Replay.SAFE,
            body=_body(name, amount, order, description),
            scopes=WRITE,
        )

    def remove(self, campaign_guid: str, line_id: NumericId) -> Call[None]:
        """Build the call that removes an item."""
        route = self._route("DELETE", campaign_guid, line_id)
        return Call(f"{self.resource}.remove", route, nothing, Replay.SAFE, scopes=WRITE)

    def _route(self, method: str, campaign_guid: str, line_id: NumericId) -> Route:
        params = path_params(campaignGuid=campaign_guid, lineId=line_id)
        return Route(method, "campaigns", f"/{{campaignGuid}}/{self.kind}/{{lineId}}", params)


def _body(name: str, amount: float, order: int, description: str | None) -> JsonBody:
    body: dict[str, Json] = {"name": name, "amount": amount, "order": order}
    return JsonBody(body if description is None else {**body, "description": description})


def _line(envelope: Envelope) -> Line:
    return cast("Line", envelope)
