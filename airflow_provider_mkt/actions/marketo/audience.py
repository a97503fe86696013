"""The audience port on Marketo."""

from __future__ import annotations

from typing import Unpack

from airflow_provider_mkt.actions.marketo import automation, leads, lists
from airflow_provider_mkt.actions.members import MemberAction
from airflow_provider_mkt.actions.ports import EnrollOptions


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
