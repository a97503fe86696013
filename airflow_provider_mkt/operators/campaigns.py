"""Operators that create, change and archive campaigns, and put assets into them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.operators._base import (
    MarketingOperator,
    as_list,
    as_mapping,
    decoded_json,
    optional_str,
    required_str,
)
from airflow_provider_mkt.operators._task_state import task_state_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.campaigns import CampaignRef


class CreateCampaignBatchOperator(MarketingOperator):
    """Create campaigns, each once: those whose name is there already are left as they are.

    On HubSpot they are campaigns, made 50 at a time. On Marketo they are programs. Running it again,
    by a retry or another DAG run, creates nothing twice.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param campaigns: one mapping each. ``name`` is needed and must occur once. HubSpot: further
        properties by their API names, as text (``hs_start_date``, ``hs_notes`` ...). Marketo:
        ``folder_id`` and ``channel`` too, and ``folder_type``, ``program_type``, ``description``,
        ``tags`` (``tagType``, ``tagValue``) and ``costs`` (``startDate``, ``cost``, ``note``).
    :param campaign_defaults: fields given to every campaign that does not have them.
    :returns: ``campaigns`` (name to id), ``created`` and ``existing`` (counts), and ``jobs`` for
        :class:`~airflow_provider_mkt.sensors.batch_status.BatchStatusSensor`.
    :raises AirflowFailException: when the platform refused some; the others are created first.

    Source: HubSpot ``POST /marketing/{version}/campaigns/batch/create``; Marketo
    ``POST /rest/asset/v1/programs.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "campaigns", "campaign_defaults")
    template_fields_renderers = {"campaigns": "json", "campaign_defaults": "json"}  # noqa: RUF012 - Airflow's own

    def __init__(
        self,
        *,
        conn_id: str,
        campaigns: Sequence[Mapping[str, Any]] | str,
        campaign_defaults: Mapping[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaigns = campaigns
        self.campaign_defaults = campaign_defaults

    def work(self, context: Context) -> dict[str, Any]:
        wanted = self._wanted()
        with self.hook as hook, hook.exclusive("create campaigns"):
            batch = hook.follow(hook.create_campaigns(task_state_of(context), wanted))
        self.log.info(
            "%d campaigns: %d created, %d there already, %d rejected",
            len(wanted),
            len(batch.created),
            len(batch.existing),
            len(batch.rejected),
        )
        outcome = {
            "outcome": "campaign_batch",
            "platform": hook.conn_type,
            "campaigns": dict(batch.ids),
            "created": len(batch.created),
            "existing": len(batch.existing),
            "rejected": batch.rejected,
            "jobs": [job.to_json() for job in batch.jobs],
        }
        return _judged(context, outcome, len(wanted))

    def _wanted(self) -> list[dict[str, Any]]:
        defaults = as_mapping("campaign_defaults", self.campaign_defaults or {})
        wanted: list[dict[str, Any]] = []
        for index, campaign in enumerate(as_list("campaigns", self.campaigns)):
            if not isinstance(campaign, dict):
                raise InvalidInput(f"campaigns[{index}]", f"must be a mapping, not {describe_type(campaign)}")
            wanted.append({**defaults, **campaign})
        return wanted


class UpdateCampaignBatchOperator(MarketingOperator):
    """Change campaigns by id or name; running it again changes nothing more.

    On HubSpot they are campaigns, changed 50 at a time. On Marketo they are programs.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param campaigns: a list of ids, or of mappings with ``id`` or ``name`` and the fields to change; or
        a mapping of names to ids; or the ``output`` of a task that created or changed campaigns.
        HubSpot: properties by their API names, as text; an empty value clears. Marketo: ``description``,
        ``tags``, and ``costs`` together with ``replace_costs: true``. On both, ``new_name`` renames.
    :param changes: fields changed in every campaign that does not name them itself.
    :returns: ``campaigns`` (label to id of those that were changed), ``updated`` (their count) and
        ``rejected`` (label to reason). A campaign's label is its name where it was given by name, else
        its id.
    :raises AirflowFailException: when some are not there, share their name with others, or were
        refused; the others are changed first.

    Source: HubSpot ``POST /marketing/{version}/campaigns/batch/update``; Marketo
    ``POST /rest/asset/v1/program/{id}.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "campaigns", "changes")
    template_fields_renderers = {"campaigns": "json", "changes": "json"}  # noqa: RUF012 - Airflow's own

    def __init__(
        self,
        *,
        conn_id: str,
        campaigns: Sequence[str | Mapping[str, Any]] | Mapping[str, str] | str,
        changes: Mapping[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaigns = campaigns
        self.changes = changes

    def work(self, context: Context) -> dict[str, Any]:
        from dataclasses import replace

        shared = as_mapping("changes", self.changes or {})
        wanted = [replace(one, changes={**shared, **one.changes}) for one in _refs(self.campaigns)]
        with self.hook as hook:
            result = hook.follow(hook.campaigns.update(task_state_of(context), wanted))
        self.log.info(
            "%d campaigns: %d changed, %d rejected", len(wanted), len(result.done), len(result.rejected)
        )
        outcome = {
            "outcome": "campaign_update",
            "platform": hook.conn_type,
            "campaigns": result.done,
            "updated": len(result.done),
            "rejected": result.rejected,
        }
        return _judged(context, outcome, len(wanted))


class ArchiveCampaignBatchOperator(MarketingOperator):
    """Archive campaigns by id or name. One that is not there is an outcome, not a failure.

    On HubSpot they are campaigns, archived 50 at a time. On Marketo, which archives nothing by its API,
    they are programs and are deleted, with all that is in them.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param campaigns: a list of ids, or of mappings with ``id`` or ``name``; or a mapping of names to ids;
        or the ``output`` of a task that created or changed campaigns.
    :returns: ``archived`` (count, by this try), ``absent`` (labels of those that were not there) and
        ``rejected`` (label to reason).
    :raises AirflowFailException: when some share their name with others, or are still there; the others
        are archived first.

    Source: HubSpot ``POST /marketing/{version}/campaigns/batch/archive``; Marketo
    ``POST /rest/asset/v1/program/{id}/delete.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "campaigns")
    template_fields_renderers = {"campaigns": "json"}  # noqa: RUF012 - Airflow's own

    def __init__(
        self,
        *,
        conn_id: str,
        campaigns: Sequence[str | Mapping[str, Any]] | Mapping[str, str] | str,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaigns = campaigns

    def work(self, context: Context) -> dict[str, Any]:
        wanted = _refs(self.campaigns)
        for index, one in enumerate(wanted):
            if one.changes:
                raise InvalidInput(f"campaigns[{index}]", f"has unknown fields: {', '.join(one.changes)}")
        with self.hook as hook:
            result = hook.follow(hook.campaigns.archive(wanted))
        self.log.info(
            "%d campaigns: %d archived, %d not there, %d rejected",
            len(wanted),
            len(result.done),
            len(result.absent),
            len(result.rejected),
        )
        outcome = {
            "outcome": "campaign_archive",
            "platform": hook.conn_type,
            "archived": len(result.done),
            "absent": result.absent,
            "rejected": result.rejected,
        }
        return _judged(context, outcome, len(wanted))


class AssociateAssetsOperator(MarketingOperator):
    """Put assets into a HubSpot campaign and take others out; what is so already stays so.

    :param conn_id: a connection of type ``hubspot``.
    :param campaign_id: the campaign's GUID.
    :param campaign_name: instead of it: its name, which must be its alone.
    :param assets: assets to put in: a mapping of type codes (``FORM``, ``OBJECT_LIST``,
        ``MARKETING_EMAIL``, ``EXTERNAL_WEB_URL`` ...) to lists of ids. Which types the platform takes is
        its own matter, and grows.
    :param remove: assets to take out, likewise. They stay as such.
    :returns: ``added`` and ``removed`` (counts, those that were so already among them) and ``rejected``
        (``TYPE id`` to reason).
    :raises AirflowFailException: when there is no such campaign, or some assets were refused; the others
        are done first.

    Source: ``PUT /marketing/{version}/campaigns/{campaignGuid}/assets/{assetType}/{assetId}`` and
    ``DELETE /marketing/{version}/campaigns/{campaignGuid}/assets/{assetType}/{assetId}``.
    """

    template_fields: Sequence[str] = ("conn_id", "campaign_id", "campaign_name", "assets", "remove")
    template_fields_renderers = {"assets": "json", "remove": "json"}  # noqa: RUF012 - Airflow's own

    def __init__(
        self,
        *,
        conn_id: str,
        campaign_id: str | None = None,
        campaign_name: str | None = None,
        assets: Mapping[str, Sequence[str | int]] | str | None = None,
        remove: Mapping[str, Sequence[str | int]] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaign_id = campaign_id
        self.campaign_name = campaign_name
        self.assets = assets
        self.remove = remove

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.actions.hubspot import campaigns

        campaign_id = optional_str("campaign_id", self.campaign_id)
        name = optional_str("campaign_name", self.campaign_name)
        if bool(campaign_id) == bool(name):
            raise InvalidInput("campaign_id", "give either campaign_id or campaign_name")
        add, remove = _assets("assets", self.assets), _assets("remove", self.remove)
        if not add and not remove:
            raise InvalidInput("assets", "is empty, and remove too: nothing to do")
        if both := set(add) & set(remove):
            raise InvalidInput("remove", f"names what assets names too: {' '.join(min(both))}")
        with self.hook_on("hubspot") as hook:
            campaign_id = campaign_id or hook.follow(campaigns.id_by_name(name or ""))
            result = hook.follow(campaigns.change(campaign_id, add, remove))
        self.log.info(
            "Campaign %s: %d assets added, %d removed, %d rejected",
            campaign_id,
            len(result.added),
            len(result.removed),
            len(result.rejected),
        )
        outcome = {
            "outcome": "campaign_assets",
            "platform": hook.conn_type,
            "campaign_id": campaign_id,
            "added": len(result.added),
            "removed": len(result.removed),
            "rejected": {" ".join(asset): reason for asset, reason in result.rejected.items()},
        }
        return _judged(context, outcome, len(add) + len(remove), "assets")


def _refs(value: Any) -> list[CampaignRef]:
    from airflow_provider_mkt.actions.campaigns import refs

    decoded = decoded_json("campaigns", value, "a list or a mapping")
    return refs("campaigns", decoded if isinstance(decoded, dict) else as_list("campaigns", decoded))


def _assets(field: str, value: Any) -> list[tuple[str, str]]:
    return list(
        dict.fromkeys(
            (kind, required_str(f"{field}.{kind}[{index}]", asset))
            for kind, ids in as_mapping(field, value or {}).items()
            for index, asset in enumerate(as_list(f"{field}.{kind}", ids))
        )
    )


def _judged(context: Context, outcome: dict[str, Any], total: int, what: str = "campaigns") -> dict[str, Any]:
    """The outcome of a task, which fails where some were refused."""
    rejected = outcome["rejected"]
    if not rejected:
        return outcome
    context["ti"].xcom_push(key="return_value", value=outcome)
    reasons = "; ".join(f"{label!r}: {reason}" for label, reason in list(rejected.items())[:5])
    msg = f"{len(rejected)} of {total} {what} were refused: {reasons}"
    raise AirflowFailException(msg)
