"""The part of a budget that all credentials of an account share.

A limit can count for an account, while a budget is that of credentials: only the platform knows which account
they belong to. So it is requested once, and remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.ratelimit.store import PermitStore


class AccountNames(Protocol):
    """Remembers which account credentials belong to."""

    def get(self, account_key: str, /) -> object:
        """Return the name of the account; anything that is not text while it is unknown."""

    def set(self, account_key: str, account: str, /) -> None:
        """Remember the name of the account."""


class AccountBudget:
    """Where the permits of the shared quotas are kept.

    :param quotas: the quotas that count for the account.
    :param account_key: names the credentials.
    :param names: remembers the account for them.
    :param open_store: opens the store of an account, by its name.
    """

    def __init__(
        self,
        quotas: Collection[Quota],
        account_key: str,
        names: AccountNames,
        open_store: Callable[[str], PermitStore],
    ) -> None:
        self.quotas = frozenset(quotas)
        self.opened: PermitStore | None = None
        """The account's store, once it was used."""
        self._account_key = account_key
        self._names = names
        self._open_store = open_store

    def store(self) -> PermitStore | None:
        """The account's store; None while the account is not known.

        :raises SharedStateUnavailable: when the names cannot be reached.
        """
        if self.opened is None:
            known = self._names.get(self._account_key)
            if isinstance(known, str) and known:
                self.opened = self._open_store(known)
        return self.opened

    def found(self, account: str) -> None:
        """Take the name of the account."""
        self.opened = self._open_store(account)

    def remember(self, account: str) -> None:
        """Remember the name of the account for other processes.

        :raises SharedStateUnavailable: when the names cannot be reached.
        """
        self._names.set(self._account_key, account)

    def not_found(self, own: PermitStore) -> None:
        """Count for the credentials alone in this process, because their account cannot be read."""
        self.opened = own
