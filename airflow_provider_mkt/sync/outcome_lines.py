"""Lines of outcomes, gathered over the tries of a task."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from airflow_provider_mkt.sync.checkpoint import Checkpoint


class OutcomeLines:
    """A file on this machine that tries of one task write outcomes to, before it goes where it is wanted.

    :param path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def recover(self, checkpoint: Checkpoint) -> None:
        """Keep of an earlier try's lines those of rows that are done; the others are told again."""
        if not self._path.exists():
            return
        draft = self._path.with_suffix(".new")
        with draft.open("wb") as file:
            for number, line in self._lines():
                if checkpoint.done(number):
                    file.write(line)
        draft.replace(self._path)

    def append(self) -> IO[str]:
        """Open for the lines of this try."""
        return self._path.open("a", encoding="utf-8")

    def copy(self, to: IO[bytes], superseded: set[int]) -> None:
        """Write every row's line once.

        :param superseded: rows with a line of an earlier try and one of this, which counts.
        """
        earlier = set(superseded)
        for number, line in self._lines():
            if number in earlier:
                earlier.discard(number)
            else:
                to.write(line)

    def exists(self) -> bool:
        return self._path.exists()

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with self._path.open("rb") as file:
            for line in file:
                # The last line of a killed try may have been cut.
                if line.endswith(b"}\n"):
                    yield json.loads(line)["row"], line
