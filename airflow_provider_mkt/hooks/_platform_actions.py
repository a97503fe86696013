"""What a hook can do on either platform, beside running calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.jobs import Job, JobSpec, condition_spec_of, spec_of
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.actions.send_guards import OPEN, SendGate

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_mkt.actions.campaigns import CampaignBatch
    from airflow_provider_mkt.actions.emails import Publication
    from airflow_provider_mkt.actions.feeds import Feed, MakeFeed
    from airflow_provider_mkt.actions.leads import ChangeLog, LeadMerge
    from airflow_provider_mkt.actions.ports import (
        Audience,
        CampaignVerbs,
        EmailVerbs,
        LeadImporter,
        LeadReads,
        LeadWriter,
        NewProperties,
        ObjectWriter,
        SendingVerbs,
    )
    from airflow_provider_mkt.actions.send_reports import SendReports
    from airflow_provider_mkt.client.quota import DayQuota


class PlatformActions(ABC):
    """The actions that each platform has in its own way. Operators and sensors use them by these names."""

    conn_type: ClassVar[str]
    job_specs: ClassVar[Sequence[JobSpec]]

    def job_spec(self, job: Job) -> JobSpec:
        """The spec of a job's kind.

        :raises InvalidInput: when this platform has no such kind.
        """
        return spec_of(self.job_specs, job)

    def imports_named(self, kind: str, names: Collection[str]) -> Procedure[list[Job]]:
        """The imports that have one of some names; none where the platform does not list them.

        :param kind: of their jobs.
        """
        return []
        yield  # a procedure without calls

    def condition_spec(self, condition: Job) -> JobSpec:
        """The spec of a condition.

        :raises InvalidInput: when there is no such condition on this platform.
        """
        return condition_spec_of(self.condition_specs, condition)

    @property
    @abstractmethod
    def condition_specs(self) -> Sequence[JobSpec]:
        """The conditions that sensors can wait for."""

    def feed(self, name: str, arguments: Mapping[str, object]) -> Feed:
        """What a watcher reads.

        :param arguments: of the feed, as plain JSON.
        :raises InvalidInput: when there is no such feed on this platform, or an argument is wrong.
        """
        from airflow_provider_mkt.actions.feeds import feed_of

        return feed_of(self.feeds, self.conn_type, name, arguments)

    @property
    @abstractmethod
    def feeds(self) -> Mapping[str, MakeFeed]:
        """The feeds that watchers can read."""

    @property
    @abstractmethod
    def change_log(self) -> ChangeLog:
        """How new and changed leads are listed."""

    @abstractmethod
    def day_quota(self) -> Procedure[DayQuota | None]:
        """Read the account's daily quota; None when the platform does not report it."""

    @abstractmethod
    def lead_writer(
        self,
        *,
        action: str,
        lookup_field: str | None,
        partition_name: str | None = None,
        marketable_contacts: bool | None = None,
    ) -> LeadWriter:
        """How leads are written.

        :param lookup_field: Marketo: None leaves it to the instance which lead a record is.
        :param partition_name: Marketo: lead partition for new leads.
        :param marketable_contacts: HubSpot: whether they become marketing contacts.
        :raises InvalidInput: on an option that the platform does not have.
        """

    @abstractmethod
    def object_writer(
        self,
        object_type: str,
        *,
        action: str,
        lookup_field: str | None,
        new_properties: NewProperties | None = None,
    ) -> ObjectWriter:
        """How records of an object type are written.

        :param lookup_field: Marketo: None for the dedupe fields of the type.
        :param new_properties: HubSpot: properties that are created first.
        :raises InvalidInput: on an option that the platform does not have.
        """

    @abstractmethod
    def object_importer(
        self,
        object_type: str,
        *,
        action: str,
        lookup_field: str | None,
        new_properties: NewProperties | None = None,
    ) -> LeadImporter:
        """How files of records of an object type are imported in bulk.

        :param lookup_field: Marketo: None for the dedupe field of the type.
        :param new_properties: HubSpot: properties that are created first.
        :raises InvalidInput: where the platform has no such import.
        """

    @abstractmethod
    def lead_importer(self, *, action: str, lookup_field: str | None, **settings: Any) -> LeadImporter:
        """How files of leads are imported in bulk.

        :param settings: options of either platform; those of the other platform must be empty.
        :raises InvalidInput: on an option that the platform does not have.
        """

    @abstractmethod
    def create_campaigns(
        self, task_state: TaskState, campaigns: Sequence[Mapping[str, Any]]
    ) -> Procedure[CampaignBatch]:
        """Create the campaigns that do not exist yet."""

    @property
    @abstractmethod
    def campaigns(self) -> CampaignVerbs:
        """The actions on campaigns, except creating them."""

    @property
    @abstractmethod
    def emails(self) -> EmailVerbs:
        """The actions on emails, except publishing them."""

    @property
    @abstractmethod
    def sending(self) -> SendingVerbs:
        """What is read of a send before it goes out: its email, recipients and schedule."""

    @abstractmethod
    def publish_email(
        self,
        task_state: TaskState,
        *,
        email_id: str | None,
        program_id: str | None,
        publish_at: datetime | None,
        send_now: bool,
        gate: SendGate = OPEN,
    ) -> Procedure[Publication]:
        """Publish an email unless it is published already.

        :param gate: is passed before anything is changed.
        """

    @property
    @abstractmethod
    def send_reports(self) -> SendReports:
        """The figures of sends."""

    @property
    @abstractmethod
    def people(self) -> Audience:
        """The actions on many people, each with an outcome."""

    @property
    @abstractmethod
    def lead_reads(self) -> LeadReads:
        """The reads of leads for exports."""

    @abstractmethod
    def create_lead_fields(self, types: Mapping[str, str], group: str | None) -> Procedure[list[str]]:
        """Create the fields of leads that the platform does not have.

        :param types: field to its type.
        :param group: HubSpot: the property group, which is created too.
        :returns: the names of those that it did not have.
        :raises InvalidInput: on a field that is not created.
        """

    @abstractmethod
    def merge_leads(
        self, task_state: TaskState, winner_id: str, loser_ids: Sequence[str], *, merge_in_crm: bool
    ) -> Procedure[LeadMerge]:
        """Merge leads into one."""
