"""Files of a state: on this machine, or on object storage.

Every file is there whole or not at all, is written once, and is never changed.
"""

from __future__ import annotations

import os
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.files import create_directory

FIELD = "state_path"
"""The parameter that errors name."""


class StateFiles(Protocol):
    """Files below one folder. Names are relative to it, with slashes."""

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, sorted; none when there is no such folder."""

    def create(self, name: str, data: bytes) -> None:
        """Write a small file, if there is none of this name.

        :raises FileExistsError: when there is one. It is left as it is.
        """

    def upload(self, name: str, path: Path) -> None:
        """Write a file whose name nobody else uses, from a file on this machine."""

    def read(self, name: str) -> bytes:
        """Return the content of a small file.

        :raises FileNotFoundError: when there is no such file.
        """

    def fetch(self, name: str, folder: Path) -> Path:
        """Return a file on this machine with the content of a file. It must not be changed.

        :param folder: where a copy goes, if one is needed.
        :raises FileNotFoundError: when there is no such file.
        """

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""


@runtime_checkable
class StoragePath(Protocol):
    """A path on object storage: Airflow's ``ObjectStoragePath``, or one of ``universal_pathlib``."""

    @property
    def protocol(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def fs(self) -> Any: ...


def files_of(path: StoragePath | Path) -> StateFiles:
    """Return the files below a path.

    :param path: a folder on this machine or on object storage; created when something is written.
    """
    # Airflow's paths are pathlib's too with the universal-pathlib of Airflow 3.0.
    if isinstance(path, Path) and not hasattr(path, "protocol"):
        return LocalFiles(path)
    storage = cast("StoragePath", path)
    if storage.protocol in ("file", "local", ""):
        return LocalFiles(Path(storage.path))
    return ObjectFiles(storage.fs, storage.path)


def check_exclusive(files: StateFiles) -> None:
    """Check that a file cannot be created twice: two runs at once could not be kept apart.

    :raises InvalidInput: when the storage replaces the first file, or cannot create one.
    """
    name = f"probe/{uuid.uuid4().hex}"
    try:
        files.create(name, b"first")
        try:
            files.create(name, b"second")
        except FileExistsError:
            return
    except (FileNotFoundError, PermissionError) as error:
        raise InvalidInput(FIELD, f"cannot be written ({type(error).__name__}: {error})") from error
    except (NotImplementedError, ValueError, OSError) as error:
        kind = type(error).__name__
        raise InvalidInput(
            FIELD, f"this storage cannot create a file exclusively ({kind}: {error})"
        ) from error
    finally:
        with suppress(OSError):
            files.delete(name)
    raise InvalidInput(
        FIELD,
        "this storage ignores exclusive creation, so that two runs at once would overwrite each other's "
        "state; choose another one",
    )


class LocalFiles:
    """Files on this machine, readable by their owner only."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __str__(self) -> str:
        return str(self._root)

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(
                f"{folder}/{path.name}" for path in (self._root / folder).iterdir() if path.name[0] != "."
            )
        except FileNotFoundError:
            return []

    def create(self, name: str, data: bytes) -> None:
        draft = self._draft(name)
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self._publish(draft, name)
        finally:
            draft.unlink(missing_ok=True)

    def upload(self, name: str, path: Path) -> None:
        draft = self._draft(name)
        try:
            try:
                # A second name of the same file, where both are on one file system.
                draft.hardlink_to(path)
            except OSError:
                shutil.copyfile(path, draft)
            draft.chmod(0o600)
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            self._publish(draft, name)
        finally:
            draft.unlink(missing_ok=True)

    def read(self, name: str) -> bytes:
        return (self._root / name).read_bytes()

    def fetch(self, name: str, folder: Path) -> Path:
        path = self._root / name
        path.stat()
        return path

    def delete(self, name: str) -> None:
        (self._root / name).unlink(missing_ok=True)

    def _draft(self, name: str) -> Path:
        place = self._root / name
        create_directory(place.parent)
        return place.parent / f".{uuid.uuid4().hex}.part"

    def _publish(self, draft: Path, name: str) -> None:
        place = self._root / name
        # Unlike a rename, a link fails when there is such a file.
        place.hardlink_to(draft)
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class ObjectFiles:
    """Files on object storage, through a file system of fsspec.

    :param fs: the file system.
    :param root: the folder, without the protocol.
    """

    def __init__(self, fs: Any, root: str) -> None:
        self._fs, self._root = fs, root.rstrip("/")

    def __str__(self) -> str:
        return self._root

    def names(self, folder: str) -> list[str]:
        # Other machines write here too, and listings are cached.
        self._fs.invalidate_cache()
        try:
            found = self._fs.ls(f"{self._root}/{folder}", detail=False)
        except FileNotFoundError:
            return []
        names = (str(one).rstrip("/").rpartition("/")[2] for one in found)
        return sorted(f"{folder}/{name}" for name in names if name and name != folder)

    def create(self, name: str, data: bytes) -> None:
        self._make_folder(name)
        try:
            with self._fs.open(f"{self._root}/{name}", "xb") as file:
                file.write(data)
        except FileExistsError:
            # A client whose answer was lost tries again, and finds the file that it has created.
            if self.read(name) != data:
                raise

    def upload(self, name: str, path: Path) -> None:
        self._make_folder(name)
        self._fs.put_file(str(path), f"{self._root}/{name}")

    def read(self, name: str) -> bytes:
        with self._fs.open(f"{self._root}/{name}", "rb") as file:
            data: bytes = file.read()
        return data

    def fetch(self, name: str, folder: Path) -> Path:
        copy = folder / name.replace("/", "-")
        if not copy.exists():
            draft = copy.with_name(f".{copy.name}")
            self._fs.get_file(f"{self._root}/{name}", str(draft))
            draft.replace(copy)
        return copy

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm_file(f"{self._root}/{name}")

    def _make_folder(self, name: str) -> None:
        # Only some storages have folders, and others would try to create a bucket.
        if getattr(self._fs, "protocol", "") in ("memory", ("file", "local"), "sftp", ("sftp", "ssh")):
            self._fs.makedirs(f"{self._root}/{name}".rpartition("/")[0], exist_ok=True)
