"""Lines of CSV files."""

import csv
from collections.abc import Callable, Iterable
from typing import TextIO


class _Lines:
    """Puts the lines of a CSV writer into a text, with another line end."""

    def __init__(self, text: TextIO) -> None:
        self._text = text

    def write(self, line: str) -> int:
        return self._text.write(line[:-2] + "\n")


def csv_writer(text: TextIO, delimiter: str = ",") -> Callable[[Iterable[object]], object]:
    """Return what writes the cells of a row into a text, as a line that ends in a line feed."""
    # With both line ends in its terminator, the writer quotes values that contain either.
    return csv.writer(_Lines(text), delimiter=delimiter, lineterminator="\r\n").writerow
