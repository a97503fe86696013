"""Lines of outcomes, gathered over the tries of a task."""

from __future__ import annotations

import json
from collections import Counter
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
        """Keep of the earlier tries' lines those of rows that are done; the others are told again."""
        if not self._path.exists():
            return
        draft = self._path.with_suffix(".new")
        with draft.open("wb") as file:
            for number, line in self._last_of_each():
                if checkpoint.done(number):
                    file.write(line)
        draft.replace(self._path)

    def append(self) -> IO[str]:
        """Open for the lines of this try."""
        return self._path.open("a", encoding="utf-8")

    def copy(self, to: IO[bytes]) -> None:
        """Write every row's line once."""
        for _, line in self._last_of_each():
            to.write(line)

    def exists(self) -> bool:
        return self._path.exists()

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def _last_of_each(self) -> Iterator[tuple[int, bytes]]:
        """Of lines of one row the last one: a row may have been written once more by a later try."""
        seen, repeats = bytearray(), Counter[int]()
        for number, _ in self._lines():
            place, bit = divmod(number, 8)
            if place >= len(seen):
                seen.extend(bytes(place - len(seen) + 4096))
            if seen[place] & 1 << bit:
                repeats[number] += 1
            seen[place] |= 1 << bit
        for number, line in self._lines():
            if repeats[number]:
                repeats[number] -= 1
            else:
                yield number, line

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with self._path.open("rb") as file:
            for line in file:
                # The last line of a killed try may have been cut.
                if line.endswith(b"}\n"):
                    yield json.loads(line)["row"], line
