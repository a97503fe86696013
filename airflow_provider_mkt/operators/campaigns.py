"""Operators that create, update and archive campaigns, and associate assets with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.wording import part_of
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import MarketingOperator, fail_if_rejected
from airflow_provider_mkt.operators._parameters import (
    as_list,
    as_mapping,
    as_mappings,
    decode_json,
    optional_str,
    required_str,
)
from airflow_provider_mkt.operators._parse_checks import optional_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from airflow_provider_mkt.actions.campaigns import CampaignRef
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators.outcomes import (
        CampaignArchiveOutcome,
        CampaignAssetsOutcome,
        CampaignBatchOutcome,
        CampaignUpdateOutcome,
    )


class CreateCampaignBatchOperator(MarketingOperator):
    """Create campaigns, each once. Campaigns whose name exists already are not changed.

    On HubSpot they are campaigns, created in batches of 50. On Marketo they are programs. Running the task
    again, by a retry or another DAG run, creates nothing twice.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param campaigns: one mapping per campaign. ``name`` is required and unique in the list. HubSpot:
        further properties by their API names, as text (``hs_start_date``, ``hs_notes`` ...). Marketo:
        ``folder_id`` and ``channel`` are required; ``folder_type``, ``program_type``, ``description``,
        ``tags`` (``tagType``, ``tagValue``) and ``costs`` (``startDate``, ``cost``, ``note``) are optional.
    :param campaign_defaults: fields for every campaign that does not have them.
    :returns: :class:`.CampaignBatchOutcome`: ``campaigns`` (name to id), ``created`` and ``existing``
        (counts), and ``jobs`` for :class:`~airflow_provider_mkt.sensors.batch_status.BatchStatusSensor`.
    :raises AirflowFailException: when the platform rejects some campaigns; the others are created first.

    Source: HubSpot ``POST /marketing/{version}/campaigns/batch/create``; Marketo
    ``POST /rest/asset/v1/programs.json``.
    """

    targets = (Target("campaign", "campaigns", "output", outcome_only=True),)

    template_fields: Sequence[str] = ("conn_id", "campaigns", "campaign_defaults")
    template_fields_renderers = {"campaigns": "json", "campaign_defaults": "json"}  # noqa: RUF012 - Airflow's own

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "campaigns": lambda name, value: as_mappings(name, value, {})
    }

    def __init__(
        self,
        *,
        conn_id: str,
        campaigns: Sequence[Mapping[str, object]] | str,
        campaign_defaults: Mapping[str, object] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaigns = campaigns
        self.campaign_defaults = campaign_defaults

    def run_action(self, context: Context) -> CampaignBatchOutcome:
        defaults = as_mapping("campaign_defaults", self.campaign_defaults or {})
        campaigns = as_mappings("campaigns", self.campaigns, defaults)
        with self.hook as hook, hook.exclusive("create campaigns"):
            batch = hook.follow(hook.create_campaigns(task_state_of(context, hook), campaigns))
        self.log.info(
            "Created %s, %d existed already, %d rejected",
            part_of(len(batch.created), len(campaigns), "campaign"),
            len(batch.existing),
            len(batch.rejected),
        )
        outcome: CampaignBatchOutcome = {
            "outcome": "campaign_batch",
            "platform": hook.conn_type,
            "campaigns": dict(batch.ids),
            "created": len(batch.created),
            "existing": len(batch.existing),
            "rejected": batch.rejected,
            "jobs": [job.to_json() for job in batch.jobs],
        }
        fail_if_rejected(context, outcome, batch.rejected, len(campaigns), "campaign")
        return outcome


class UpdateCampaignBatchOperator(MarketingOperator):
    """Update campaigns by id or name. Running the task again changes nothing more.

    On HubSpot they are campaigns, updated in batches of 50. On Marketo they are programs.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param campaigns: a list of ids, or of mappings with ``id`` or ``name`` and the fields to change; or
        a mapping of names to ids; or the ``output`` of a task that created or updated campaigns.
        HubSpot: properties by their API names, as text; an empty value clears the property. Marketo:
        ``description``, ``tags``, and ``costs`` together with ``replace_costs: true``. Both: ``new_name``.
    :param changes: fields to change in every campaign that does not have them in its own mapping.
    :returns: :class:`.CampaignUpdateOutcome`: ``campaigns`` (label to id of the updated ones), ``updated``
        (count) and ``rejected`` (label to reason). The label of a campaign is its name where it was given by
        name, else its id.
    :raises AirflowFailException: when some campaigns do not exist, share their name with others, or are
        rejected; the others are updated first.

    Source: HubSpot ``POST /marketing/{version}/campaigns/batch/update``; Marketo
    ``POST /rest/asset/v1/program/{id}.json``.
    """

    targets = (Target("campaign", "campaigns", "output", outcome_only=True),)

    template_fields: Sequence[str] = ("conn_id", "campaigns", "changes")
    template_fields_renderers = {"campaigns": "json", "changes": "json"}  # noqa: RUF012 - Airflow's own

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "campaigns": lambda name, value: _campaign_refs(value),
        "changes": optional_mapping,
    }

    def __init__(
        self,
        *,
        conn_id: str,
        campaigns: Sequence[str | Mapping[str, object]] | Mapping[str, str] | str,
        changes: Mapping[str, object] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaigns = campaigns
        self.changes = changes

    def run_action(self, context: Context) -> CampaignUpdateOutcome:
        from dataclasses import replace

        shared = as_mapping("changes", self.changes or {})
        campaigns = [
            replace(ref, changes={**shared, **ref.changes}) for ref in _campaign_refs(self.campaigns)
        ]
        with self.hook as hook:
            result = hook.follow(hook.campaigns.update(task_state_of(context, hook), campaigns))
        self.log.info(
            "Updated %s, %d rejected",
            part_of(len(result.done), len(campaigns), "campaign"),
            len(result.rejected),
        )
        outcome: CampaignUpdateOutcome = {
            "outcome": "campaign_update",
            "platform": hook.conn_type,
            "campaigns": result.done,
            "updated": len(result.done),
            "rejected": result.rejected,
        }
        fail_if_rejected(context, outcome, result.rejected, len(campaigns), "campaign")
        return outcome


class ArchiveCampaignBatchOperator(MarketingOperator):
    """Archive campaigns by id or name. Campaigns that do not exist are reported, and do not fail the task.

    On HubSpot they are campaigns, archived in batches of 50. Marketo's API cannot archive: there they are
    programs, which are deleted with everything in them.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param campaigns: a list of ids, or of mappings with ``id`` or ``name``; or a mapping of names to ids;
        or the ``output`` of a task that created or updated campaigns.
    :returns: :class:`.CampaignArchiveOutcome`: ``archived`` (count, by this try), ``absent`` (labels of
        those that did not exist) and ``rejected`` (label to reason).
    :raises AirflowFailException: when some campaigns share their name with others, or still exist; the
        others are archived first.

    Source: HubSpot ``POST /marketing/{version}/campaigns/batch/archive``; Marketo
    ``POST /rest/asset/v1/program/{id}/delete.json``.
    """

    targets = (Target("campaigns", "", "output"),)

    template_fields: Sequence[str] = ("conn_id", "campaigns")
    template_fields_renderers = {"campaigns": "json"}  # noqa: RUF012 - Airflow's own

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "campaigns": lambda name, value: _campaign_refs(value),
    }

    def __init__(
        self,
        *,
        conn_id: str,
        campaigns: Sequence[str | Mapping[str, object]] | Mapping[str, str] | str,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaigns = campaigns

    def run_action(self, context: Context) -> CampaignArchiveOutcome:
        campaigns = _campaign_refs(self.campaigns)
        for index, ref in enumerate(campaigns):
            if ref.changes:
                raise InvalidInput(f"campaigns[{index}]", f"has unknown fields: {', '.join(ref.changes)}")
        with self.hook as hook:
            result = hook.follow(hook.campaigns.archive(campaigns))
        self.log.info(
            "Archived %s, %d absent, %d rejected",
            part_of(len(result.done), len(campaigns), "campaign"),
            len(result.absent),
            len(result.rejected),
        )
        outcome: CampaignArchiveOutcome = {
            "outcome": "campaign_archive",
            "platform": hook.conn_type,
            "archived": len(result.done),
            "absent": result.absent,
            "rejected": result.rejected,
        }
        fail_if_rejected(context, outcome, result.rejected, len(campaigns), "campaign")
        return outcome


class AssociateAssetsOperator(MarketingOperator):
    """Add assets to a HubSpot campaign and remove others. Running the task again changes nothing more.

    :param conn_id: a connection of type ``hubspot``.
    :param campaign_id: the campaign's GUID.
    :param campaign_name: instead of ``campaign_id``: its name, which only this campaign has.
    :param assets: the assets to add: a mapping of asset types (``FORM``, ``OBJECT_LIST``,
        ``MARKETING_EMAIL``, ``EXTERNAL_WEB_URL`` ...) to lists of ids. The platform decides which types it
        takes.
    :param remove: the assets to remove from the campaign, likewise. The assets themselves are not deleted.
    :returns: :class:`.CampaignAssetsOutcome`: ``added`` and ``removed`` (counts, including assets that were
        added or removed before) and ``rejected`` (``TYPE id`` to reason).
    :raises AirflowFailException: when there is no such campaign, or some assets are rejected; the others
        are added and removed first.

    Source: ``PUT /marketing/{version}/campaigns/{campaignGuid}/assets/{assetType}/{assetId}`` and
    ``DELETE /marketing/{version}/campaigns/{campaignGuid}/assets/{assetType}/{assetId}``.
    """

    targets = (Target("campaign", "campaign_id", "output", "hubspot"),)

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

    def check_arguments(self, arguments: Arguments) -> None:
        problem = "give either campaign_id or campaign_name"
        arguments.one_of("campaign_id", "campaign_name", problem=problem)

    def run_action(self, context: Context) -> CampaignAssetsOutcome:
        from airflow_provider_mkt.actions.hubspot import campaigns

        campaign_id = optional_str("campaign_id", self.campaign_id)
        name = optional_str("campaign_name", self.campaign_name)
        if bool(campaign_id) == bool(name):
            raise InvalidInput("campaign_id", "give either campaign_id or campaign_name")
        add, remove = _assets("assets", self.assets), _assets("remove", self.remove)
        if not add and not remove:
            raise InvalidInput("assets", "is empty, and remove is too: give at least one asset")
        if both := set(add) & set(remove):
            raise InvalidInput("remove", f"has an asset that assets has too: {' '.join(min(both))}")
        with self.hook_on("hubspot") as hook:
            campaign_id = campaign_id or hook.follow(campaigns.id_by_name(name or ""))
            result = hook.follow(campaigns.change(campaign_id, add, remove))
        self.log.info(
            "Assets of campaign %s: %d added, %d removed, %d rejected",
            campaign_id,
            len(result.added),
            len(result.removed),
            len(result.rejected),
        )
        rejected = {" ".join(asset): reason for asset, reason in result.rejected.items()}
        outcome: CampaignAssetsOutcome = {
            "outcome": "campaign_assets",
            "platform": hook.conn_type,
            "campaign_id": campaign_id,
            "added": len(result.added),
            "removed": len(result.removed),
            "rejected": rejected,
        }
        fail_if_rejected(context, outcome, rejected, len(add) + len(remove), "asset")
        return outcome


def _campaign_refs(value: object) -> list[CampaignRef]:
    from airflow_provider_mkt.actions.campaigns import refs

    decoded = decode_json("campaigns", value, "a list or a mapping")
    return refs("campaigns", decoded if isinstance(decoded, dict) else as_list("campaigns", decoded))


def _assets(field: str, value: object) -> list[tuple[str, str]]:
    """Return the assets as pairs of type and id, each once."""
    return list(
        dict.fromkeys(
            (kind, required_str(f"{field}.{kind}[{index}]", asset))
            for kind, ids in as_mapping(field, value or {}).items()
            for index, asset in enumerate(as_list(f"{field}.{kind}", ids))
        )
    )
