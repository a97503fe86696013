"""Assets of both platforms: ``hubspot://{portal id}/{data set}`` and ``marketo://{munchkin id}/{data set}``.

Airflow imports this module while it parses DAGs, so nothing heavy is imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Asset, AssetWatcher
    from openlineage.client.event_v2 import Dataset


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Check the URI of an asset, and write its account as lineage does.

    :raises ValueError: when the URI has no account or no data set, or more than these.
    """
    account, name = uri.netloc.lower(), uri.path.strip("/")
    account_kind, example = _ACCOUNTS[uri.scheme]
    if not account or "@" in account or (uri.scheme == "hubspot" and not account.isdecimal()):
        msg = f"URI format {uri.scheme}:// must contain {account_kind}, such as {example}"
        raise ValueError(msg)
    if not name or uri.query:
        msg = f"URI format {uri.scheme}:// must name one data set, such as {example}"
        raise ValueError(msg)
    return uri._replace(netloc=account, path=f"/{name}")


_ACCOUNTS = {
    "hubspot": ("the portal id, a number", "hubspot://123456/contacts"),
    "marketo": ("the munchkin id", "marketo://123-abc-456/leads"),
}


def convert_asset_to_openlineage(asset: Asset, lineage_context: object) -> Dataset:
    """Return the data set of an asset."""
    from openlineage.client.event_v2 import Dataset

    uri = urlsplit(asset.uri)
    return Dataset(namespace=f"{uri.scheme}://{uri.netloc}", name=uri.path.lstrip("/"))


def hubspot_asset(
    account: str | int, dataset: str = "contacts", *, watchers: Sequence[AssetWatcher] = ()
) -> Asset:
    """Return the asset of a data set in a HubSpot account.

    :param account: the portal id.
    :param dataset: ``contacts``, ``companies``, ``lists/{id}``, ``campaigns/{guid}``, ``emails/{id}``.
    :param watchers: what makes events of the asset.
    :raises ValueError: when the account is no portal id, or there is no data set.
    """
    return _asset("hubspot", str(account), dataset, watchers)


def marketo_asset(
    munchkin_id: str, dataset: str = "leads", *, watchers: Sequence[AssetWatcher] = ()
) -> Asset:
    """Return the asset of a data set in a Marketo instance.

    :param munchkin_id: e.g. ``123-ABC-456``.
    :param dataset: ``leads``, ``lists/{id}``, ``programs/{id}``, ``programs/{id}/members``, ``activities``.
    :param watchers: what makes events of the asset.
    :raises ValueError: when there is no instance or no data set.
    """
    return _asset("marketo", munchkin_id, dataset, watchers)


def _asset(platform: str, account: str, dataset: str, watchers: Sequence[AssetWatcher]) -> Asset:
    from airflow.sdk import Asset

    # Checked here too: Airflow asks the handler only where it has found the provider.
    uri = sanitize_uri(urlsplit(f"{platform}://{account}/{dataset.lstrip('/')}"))
    return Asset(uri.geturl(), watchers=list(watchers))
