"""A platform that imports files without a network, and sources out of text."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from airflow_provider_mkt.actions.leads import KnownFields
from airflow_provider_mkt.actions.marketo.imports import BulkLeadImporter
from airflow_provider_mkt.sync.bulk_parts import Part, RowKeys, Splitter
from airflow_provider_mkt.sync.bulk_rows import BulkRow, RowMaker
from airflow_provider_mkt.sync.rows import Row, csv_columns, of_file


def reader(content: bytes) -> Callable[[ExitStack], Iterator[Row]]:
    """A CSV source that can be read several times."""
    return lambda stack: of_file(io.BytesIO(content), "csv", blank="clear")


class Cut:
    """What a CSV was cut into.

    :param bytes_max: of one part.
    """

    def __init__(self, content: bytes, *, bytes_max: int = 10**9, rows_max: int = 10**9) -> None:
        importer = BulkLeadImporter()
        importer.bytes_max, importer.rows_max = bytes_max, rows_max  # type: ignore[misc]
        maker = RowMaker(importer, csv_columns(io.BytesIO(content)), KnownFields())
        self.unfit: list[BulkRow] = []
        self.superseded: list[tuple[int, int]] = []
        with RowKeys() as keys:
            splitter = Splitter(reader(content), maker, importer, keys, lambda rows: None)
            splitter.scan()
            self.parts: list[Part] = []
            for part in splitter.parts(self.unfit.append, self._supersede):
                self.parts.append(part)
            self.total, self.digest = splitter.total, splitter.digest

    def _supersede(self, row: BulkRow, by_row: int) -> None:
        self.superseded.append((row.number, by_row))

    @property
    def sent(self) -> list[int]:
        """The numbers of the rows that are sent, part after part."""
        return [row.number for part in self.parts for row in part.rows()]


def read_back(content: bytes) -> list[list[str]]:
    """A CSV as another program reads it, without its header."""
    return list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]


def as_csv(header: list[str], rows: list[list[Any]], line_end: str = "\n") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()
