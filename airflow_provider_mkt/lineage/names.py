"""The names of data sets: a namespace, which is the data source, and a name in it.

The account is named by its own id, so that two connections to one account meet in one data set, and a test
account is another one than the real one. The URI of an asset is the same text: ``hubspot://123/contacts``.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from airflow_provider_mkt.actions.targets import MANY, NAMES


class DatasetName(NamedTuple):
    """A data set.

    :param namespace: the data source, e.g. ``hubspot://123``.
    :param name: e.g. ``contacts``.
    """

    namespace: str
    name: str


def namespace_of(platform: str, account: str) -> str:
    """Return the namespace of an account.

    :param account: HubSpot's portal id or Marketo's munchkin id.
    """
    return f"{platform}://{account.lower()}"


def platform_datasets(platform: str, account: str, kind: str, ids: list[str]) -> list[DatasetName]:
    """Return the data sets of things of one kind, and then what they are a part of.

    Of more than :data:`MANY` things only their collection is named.

    :param kind: a kind of :data:`.targets.NAMES`.
    """
    names = NAMES[platform].get(kind)
    if names is None or not names.dataset:
        return []
    namespace = namespace_of(platform, account)
    if "{id}" not in names.dataset:
        found = [names.dataset]
    elif len(ids) > MANY:
        found = [names.dataset.partition("/{id}")[0]]
    else:
        found = [names.dataset.replace("{id}", one) for one in ids]
    return [
        DatasetName(namespace, one) for one in (*found, *([names.parent] if found and names.parent else []))
    ]


_SCHEMES = {"": "file", "file": "file", "gcs": "gs", "s3a": "s3", "s3n": "s3"}


def file_dataset(path: object) -> DatasetName | None:
    """Return the data set of a file; None when there is none.

    A file name with a template such as ``{window}`` stands for the directory that the files are in.
    """
    if not isinstance(path, str) or not path.strip() or path == "None":
        return None
    if "{" in path:
        path = path.partition("{")[0].rpartition("/")[0]
    parts = urlsplit(path)
    scheme = _SCHEMES.get(parts.scheme, parts.scheme)
    if scheme == "file":
        return DatasetName("file", parts.path) if parts.path else None
    # Before the bucket may stand an Airflow connection, or a user with a password.
    host = parts.netloc.rpartition("@")[2]
    return DatasetName(f"{scheme}://{host}", parts.path.lstrip("/")) if host else None
