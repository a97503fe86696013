"""One class for each thing that a task may lead to. The class's ``name`` is the text of the button.

A worker asks for the addresses at the end of each leg of a task, also before a deferral and after a failure.
A link that is not known is not shown, and asking for it never fails a task.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperatorLink

from airflow_provider_mkt.actions.targets import JOBS, NAMES, REJECTS, RESULTS, Target

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


class TargetLink(BaseOperatorLink):
    """Base of all links."""

    name: ClassVar[str] = ""

    @abstractmethod
    def address(self, operator: Any, ti_key: Any) -> str:
        """Return the address; empty when it is not known."""

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the address; empty when it is not known. Does not raise."""
        try:
            return self.address(operator, ti_key)
        except Exception as error:
            operator.log.debug("No link %r: %s", self.name, type(error).__name__)
            return ""


class PlatformLink(TargetLink):
    """Base of the links to pages of the platforms.

    :cvar platform: the platform.
    :cvar label: what the platform calls the thing.
    """

    platform: ClassVar[str] = ""
    label: ClassVar[str] = ""

    def address(self, operator: Any, ti_key: Any) -> str:
        from airflow_provider_mkt.links._addresses import page_of

        return page_of(operator, self.platform, self.label)


class HubSpotContactLink(PlatformLink):
    """The record of a contact."""

    name, platform, label = "HubSpot contact", "hubspot", "contact"


class HubSpotListLink(PlatformLink):
    """A list (segment)."""

    name, platform, label = "HubSpot list", "hubspot", "list"


class HubSpotImportLink(PlatformLink):
    """The page of all imports."""

    name, platform, label = "HubSpot import", "hubspot", "import"


class HubSpotEmailLink(PlatformLink):
    """An email: its results, or the editor of a draft."""

    name, platform, label = "HubSpot email", "hubspot", "email"


class HubSpotCampaignLink(PlatformLink):
    """A campaign."""

    name, platform, label = "HubSpot campaign", "hubspot", "campaign"


class HubSpotMarketingEventLink(PlatformLink):
    """The record of a marketing event."""

    name, platform, label = "HubSpot marketing event", "hubspot", "marketing event"


class HubSpotWorkflowLink(PlatformLink):
    """A workflow."""

    name, platform, label = "HubSpot workflow", "hubspot", "workflow"


class HubSpotSequenceLink(PlatformLink):
    """A sequence."""

    name, platform, label = "HubSpot sequence", "hubspot", "sequence"


class MarketoProgramLink(PlatformLink):
    """A program."""

    name, platform, label = "Marketo program", "marketo", "program"


class MarketoEmailLink(PlatformLink):
    """An email."""

    name, platform, label = "Marketo email", "marketo", "email"


class MarketoSmartCampaignLink(PlatformLink):
    """A smart campaign."""

    name, platform, label = "Marketo smart campaign", "marketo", "smart campaign"


class MarketoListLink(PlatformLink):
    """A static list."""

    name, platform, label = "Marketo list", "marketo", "list"


class ResultsFileLink(TargetLink):
    """The file with the task's results, where a browser can show it (``[mkt] file_pages``)."""

    name = "Results file"

    def address(self, operator: Any, ti_key: Any) -> str:
        from airflow_provider_mkt.links._addresses import first_file

        return first_file(operator, RESULTS)


class RejectsFileLink(TargetLink):
    """The file with the rejected records, where a browser can show it (``[mkt] file_pages``)."""

    name = "Rejects file"

    def address(self, operator: Any, ti_key: Any) -> str:
        from airflow_provider_mkt.links._addresses import first_file

        return first_file(operator, REJECTS)


class ApprovalLink(TargetLink):
    """The page on which a person approves or rejects an email."""

    name = "Approval"

    def address(self, operator: Any, ti_key: Any) -> str:
        from urllib.parse import quote

        from airflow_provider_mkt.version_compat import conf

        base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
        parts = [quote(str(one), safe="") for one in (ti_key.dag_id, ti_key.run_id, ti_key.task_id)]
        mapped = (
            f"/mapped/{ti_key.map_index}" if ti_key.map_index is not None and ti_key.map_index >= 0 else ""
        )
        return f"{base}/dags/{parts[0]}/runs/{parts[1]}/tasks/{parts[2]}{mapped}/required_actions"


class CheckedEmailLink(TargetLink):
    """The email that was checked, and waits for an approval."""

    name = "Email"

    def address(self, operator: Any, ti_key: Any) -> str:
        check = operator.check
        link = check.get("link") if isinstance(check, dict) else ""
        return link if isinstance(link, str) and link.startswith("https://") else ""


PLATFORM_LINKS: Sequence[type[PlatformLink]] = (
    HubSpotContactLink,
    HubSpotListLink,
    HubSpotImportLink,
    HubSpotEmailLink,
    HubSpotCampaignLink,
    HubSpotMarketingEventLink,
    HubSpotWorkflowLink,
    HubSpotSequenceLink,
    MarketoProgramLink,
    MarketoEmailLink,
    MarketoSmartCampaignLink,
    MarketoListLink,
)
_OF_JOBS = ("campaign", "email", "import", "list", "program")
"""Kinds of things that background jobs are about."""


def links_of(targets: Sequence[Target]) -> tuple[BaseOperatorLink, ...]:
    """Return the links of an operator that works on these targets."""
    kinds = {(target.kind, target.platform) for target in targets if target.kind != JOBS}
    if any(target.kind == JOBS for target in targets):
        kinds |= {(kind, "") for kind in _OF_JOBS}
    labels = {
        (platform, names[kind].label)
        for kind, only in kinds
        for platform, names in NAMES.items()
        if only in ("", platform) and kind in names
    }
    links: list[BaseOperatorLink] = [
        link() for link in PLATFORM_LINKS if (link.platform, link.label) in labels
    ]
    files = {kind for kind, _ in kinds}
    if RESULTS in files:
        links.append(ResultsFileLink())
    if REJECTS in files:
        links.append(RejectsFileLink())
    return tuple(links)
