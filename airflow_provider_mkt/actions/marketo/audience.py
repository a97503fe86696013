"""The audience port on Marketo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from airflow_provider_mkt.actions.consent import Consent, Person, Refusal
from airflow_provider_mkt.actions.idempotency import not_found
from airflow_provider_mkt.actions.leads import StoredLeads
from airflow_provider_mkt.actions.marketo import automation, leads, lists
from airflow_provider_mkt.actions.marketo import consent as consents
from airflow_provider_mkt.actions.member_emails import Found
from airflow_provider_mkt.actions.members import MemberAction, StaticList
from airflow_provider_mkt.actions.ports import EnrollOptions
from airflow_provider_mkt.actions.procedure import Procedure


class MarketoAudience:
    """The verbs of :class:`~airflow_provider_mkt.actions.ports.Audience`."""

    def enroll(self, **options: Unpack[EnrollOptions]) -> MemberAction:
        return automation.enrollment(options)

    def add_to_list(self, list_id: str) -> MemberAction:
        return lists.addition(list_id)

    def remove_from_list(self, list_id: str) -> MemberAction:
        return lists.removal(list_id)

    def delete(self) -> MemberAction:
        return leads.deletion()

    def erase(self) -> MemberAction:
        return leads.erasure()

    def addresses_of(self, ids: Sequence[str]) -> Procedure[list[str]]:
        return leads.addresses_of(ids)

    def find_by_email(self, emails: Sequence[str]) -> Procedure[Found]:
        return leads.find_by_email(emails)

    def read_by_key(
        self, lookup_field: str, keys: Sequence[str], fields: Sequence[str]
    ) -> Procedure[StoredLeads]:
        return leads.read_by_key(lookup_field, keys, fields)

    def check_consent(self, consent: Consent) -> Procedure[None]:
        return not_found()

    def refusals(
        self, consent: Consent, lookup_field: str, people: Sequence[Person]
    ) -> Procedure[dict[str, Refusal]]:
        return consents.refusals(consent, lookup_field, people)

    def static_list(self, list_id: str) -> Procedure[StaticList]:
        return lists.static_list(list_id)

    def list_member_ids(self, list_id: str) -> Procedure[set[int]]:
        return lists.member_ids(list_id)

    def list_members(self, list_id: str) -> Procedure[dict[str, str]]:
        return lists.members(list_id)
