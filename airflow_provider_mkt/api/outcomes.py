"""What became of what was asked for: the results of flows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from airflow_provider_mkt.api.jobs import Job


@dataclass
class CampaignBatch:
    """What became of a batch of campaigns, by name.

    :param created: made by this run, name to id.
    :param existing: there already, name to id.
    :param rejected: refused, name to the platform's reason.
    :param jobs: to wait until the platform shows them all.
    """

    created: dict[str, str] = field(default_factory=dict)
    existing: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)

    @property
    def ids(self) -> Mapping[str, str]:
        """Every campaign that is there now, name to id."""
        return {**self.existing, **self.created}


@dataclass(frozen=True)
class Publication:
    """What became of an email that was to be published.

    :param done: whether this run published it; False when it was published or scheduled already.
    :param state: the platform's word for its state now.
    :param job: to wait for the outcome.
    :param scheduled_for: when it goes out, where it is scheduled.
    """

    done: bool
    state: str
    job: Job
    scheduled_for: str | None = None
