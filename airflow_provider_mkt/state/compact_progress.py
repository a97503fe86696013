"""How far a sync has got, in a few kilobytes of JSON: a retry on another machine goes on from there."""

from __future__ import annotations

import re
import struct
import zlib
from base64 import b85decode, b85encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Self, cast

from airflow_provider_mkt.client.call import Json

BYTES_MAX = 58_000
"""Bytes that the progress takes at most. Airflow's task state store takes values of up to 65,535."""

_FIRST_SHIFT = 10
"""A block has 2 to the power of this many rows, until there are more than :data:`_BLOCKS_MAX`."""

_BLOCKS_MAX = 2_048

_KINDS_MAX = 60
"""Pairs of status and code that are distinguished; the codes of further ones are dropped."""

_DONE, _OPEN, _SENT = 0, 1, 2
_RUNS = {_OPEN: re.compile(b"\x01+"), _SENT: re.compile(b"\x02+")}

_M32, _M64 = 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF


class Done(NamedTuple):
    """What a try reached for a row."""

    status: str
    code: str


class CompactProgress:
    """Which rows are done, by their position in the source: 0, 1, 2 ...

    For each block of rows it keeps a checksum and how many rows have each result; of rows that are not done
    it keeps the ranges. Rejected rows are not done: a retry sends them again. What a row's result was is
    not kept, only the counts of its block.

    A million rows take 7 KB when none is rejected, and 58 KB with 5 % rejected; ten million take 10 KB and,
    with 0.2 % rejected, 49 KB. When it would be larger than :data:`BYTES_MAX`, the blocks with most rejected
    rows are dropped: all of their rows count as not done, or, where a row must not be sent twice, as sent
    with an unknown outcome.

    :param repeatable: whether a row may be sent twice. When not, the rows that are sent are kept too.
    """

    def __init__(self, *, repeatable: bool) -> None:
        self._repeatable = repeatable
        self._shift = _FIRST_SHIFT
        self.rows = 0
        """Rows that were taken."""
        self._sums: list[int] = []
        self._counts: list[Counter[int]] = []
        self._states: dict[int, bytearray] = {}
        """For each block with a row that is not done: the state of every row."""
        self._left: dict[int, int] = {}
        self._dropped: set[int] = set()
        self._kinds: dict[Done, int] = {}

    # -- the rows of this try ----------------------------------------------------------------------

    @property
    def block_rows(self) -> int:
        """Rows of a block."""
        return 1 << self._shift

    def take(self, position: int) -> None:
        """Take a row of the source. Positions grow by one."""
        if position < self.rows:
            return
        self.rows = position + 1
        block = position >> self._shift
        if block == len(self._sums):
            if block == _BLOCKS_MAX:
                self._merge_blocks()
                block = position >> self._shift
            self._sums.append(0)
            self._counts.append(Counter())
            self._states[block] = bytearray([_OPEN]) * self.block_rows
            self._left[block] = self.block_rows

    def start(self, rows: Iterable[tuple[int, int]]) -> None:
        """Record that rows (position and digest) are about to be sent."""
        if not self._repeatable:
            for position, digest in rows:
                self._set(position, digest, _SENT, None)

    def finish(self, rows: Iterable[tuple[int, int, Done | None]]) -> None:
        """Record the results of rows: position, digest and result; None for a row that is not done."""
        shift, inside = self._shift, self.block_rows - 1
        # The block and the result of the row before, and how many more rows of this block are like most.
        block, kind, most = -1, -1, 0
        last: Done | None = None
        states: bytearray | None = None
        for position, digest, done in rows:
            if position >> shift != block or done is not last or not most:
                block, last = position >> shift, done
                states, kind = self._states.get(block), -1 if done is None else self._kinds.get(done, -1)
                most = self._left[block] - 1 if states and kind >= 0 and block not in self._dropped else 0
            offset = position & inside
            if not most or states is None or states[offset] != _OPEN:
                self._set(position, digest, _OPEN if done is None else _DONE, done)
                most = 0
                continue
            # What _set does with almost every row.
            states[offset] = _DONE
            self._sums[block] = (self._sums[block] + _mixed(position, digest)) & _M32
            self._counts[block][kind] += 1
            self._left[block] -= 1
            most -= 1

    def reopen(self, position: int, digest: int, done: Done) -> None:
        """Record that a row that was done is to be sent again.

        :param done: the result that it was given.
        """
        self._set(position, digest, _OPEN, None, before=done)

    # -- the rows of earlier tries -----------------------------------------------------------------

    def is_done(self, position: int) -> bool:
        """Whether a row is done."""
        return self._state(position) == _DONE

    def is_sent(self, position: int) -> bool:
        """Whether a row was sent and its outcome is not known."""
        return self._state(position) == _SENT

    def check(self, block: int, digests: Sequence[int]) -> Counter[Done] | None:
        """Return how many rows of a block have which result, if they are the rows of the earlier try.

        :param digests: of the rows of the block now, 0 for one that cannot be sent.
        :returns: None when a row is not what it was. Where rows may be sent twice, the block then counts as
            not begun.
        """
        first = block << self._shift
        states = self._states.get(block, bytes(self.block_rows))
        if not self._repeatable and not self._counts[block] and self._sums[block] == 0:
            # Nothing of it is done: it is new, or it was dropped, and then all its rows count as sent.
            return Counter()
        expected = 0
        for offset, digest in enumerate(digests):
            if states[offset] != _OPEN:
                expected += _mixed(first + offset, digest)
        if expected & _M32 != self._sums[block]:
            if self._repeatable:
                self._restart(block, _OPEN)
            return None
        kinds = {number: done for done, number in self._kinds.items()}
        return Counter({kinds[number]: count for number, count in self._counts[block].items() if count})

    # -- JSON --------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Json]:
        """Return the progress as JSON, of at most :data:`BYTES_MAX` bytes."""
        while True:
            value: dict[str, Json] = {
                "rows": self.rows,
                "shift": self._shift,
                "kinds": cast("Json", [list(done) for done in self._kinds]),
                "blocks": self._packed_blocks(),
                "open": _packed_ranges(self._ranges(_OPEN)),
                "sent": _packed_ranges(self._ranges(_SENT)),
            }
            size = sum(len(part) for part in value.values() if isinstance(part, str))
            size += sum(len(done.code) + 30 for done in self._kinds)
            if size <= BYTES_MAX or not self._drop(1 - BYTES_MAX / size):
                return value

    @classmethod
    def from_json(cls, value: Mapping[str, Json], *, repeatable: bool) -> Self:
        """Read a progress.

        :raises ValueError: when it is not a progress.
        """
        progress = cls(repeatable=repeatable)
        try:
            progress._read(value)
        except (KeyError, TypeError, IndexError, struct.error, zlib.error) as error:
            msg = f"is not a progress: {type(error).__name__}"
            raise ValueError(msg) from error
        return progress

    def _read(self, value: Mapping[str, Json]) -> None:
        self.rows, self._shift = int(cast("int", value["rows"])), int(cast("int", value["shift"]))
        kinds = cast("list[list[str]]", value["kinds"])
        self._kinds = {Done(*kind): number for number, kind in enumerate(kinds)}
        packed = _unpacked(cast("str", value["blocks"]))
        count = -(-self.rows // self.block_rows)
        self._sums = list(struct.unpack_from(f"<{count}I", packed))
        numbers = _numbers(packed[4 * count :])
        for _ in range(count):
            of_block = (next(numbers) for _ in kinds)
            self._counts.append(Counter({number: count for number, count in enumerate(of_block) if count}))
        for name, state in (("open", _OPEN), ("sent", _SENT)):
            for start, length in _unpacked_ranges(cast("str", value[name])):
                self._fill(start, length, state)
        if self.rows % self.block_rows:
            # Rows that are not read yet.
            self._fill(self.rows, self.block_rows - self.rows % self.block_rows, _OPEN)
        self._left = {block: self.block_rows - states.count(_DONE) for block, states in self._states.items()}

    # -- inside ------------------------------------------------------------------------------------

    def _state(self, position: int) -> int:
        if position >= self.rows:
            return _OPEN
        states = self._states.get(position >> self._shift)
        return _DONE if states is None else states[position & (self.block_rows - 1)]

    def _set(
        self, position: int, digest: int, new: int, done: Done | None, *, before: Done | None = None
    ) -> None:
        block, offset = position >> self._shift, position & (self.block_rows - 1)
        if block in self._dropped:
            return
        states = self._states.get(block)
        if states is None:
            if new == _DONE:
                return
            states = self._states[block] = bytearray(self.block_rows)
            self._left[block] = 0
        old, states[offset] = states[offset], new
        if old == new:
            return
        if (old == _OPEN) != (new == _OPEN):
            sign = -1 if new == _OPEN else 1
            self._sums[block] = (self._sums[block] + sign * _mixed(position, digest)) & _M32
        if old == _DONE:
            self._left[block] += 1
            if before is not None and self._counts[block][kind := self._kind(before)]:
                self._counts[block][kind] -= 1
        if new == _DONE:
            if done is not None:
                self._counts[block][self._kind(done)] += 1
            self._left[block] -= 1
            if not self._left[block]:
                del self._states[block], self._left[block]

    def _kind(self, done: Done) -> int:
        number = self._kinds.get(done)
        if number is None:
            if done.code and len(self._kinds) >= _KINDS_MAX:
                return self._kind(Done(done.status, ""))
            number = self._kinds[done] = len(self._kinds)
        return number

    def _merge_blocks(self) -> None:
        """Make one block of each two."""
        size = self.block_rows
        merged: dict[int, bytearray] = {}
        for block in self._states:
            pair = block >> 1
            if pair not in merged:
                first, second = (self._states.get(one) or bytes(size) for one in (2 * pair, 2 * pair + 1))
                merged[pair] = bytearray(first) + second
        left: Counter[int] = Counter()
        for block, count in self._left.items():
            left[block >> 1] += count
        self._sums = [sum(self._sums[at : at + 2]) & _M32 for at in range(0, len(self._sums), 2)]
        self._counts = [sum(self._counts[at : at + 2], Counter()) for at in range(0, len(self._counts), 2)]
        self._states, self._left, self._shift = merged, dict(left), self._shift + 1
        for block in {block >> 1 for block in self._dropped}:
            self._drop_block(block)

    def _drop(self, share: float) -> bool:
        """Drop this share of the blocks, those with most ranges. Returns whether there was any."""
        ranges: Counter[int] = Counter()
        for state in (_OPEN, _SENT):
            for start, _ in self._ranges(state):
                ranges[start >> self._shift] += 1
        worst = [block for block, count in ranges.most_common() if count > 1 and block not in self._dropped]
        for block in worst[: 1 + int(share * len(worst))]:
            self._drop_block(block)
        return bool(worst)

    def _drop_block(self, block: int) -> None:
        self._restart(block, _OPEN if self._repeatable else _SENT)
        self._dropped.add(block)

    def _restart(self, block: int, state: int) -> None:
        self._sums[block], self._counts[block] = 0, Counter()
        self._states[block] = bytearray([state]) * self.block_rows
        self._left[block] = self.block_rows
        self._dropped.discard(block)

    def _fill(self, start: int, length: int, state: int) -> None:
        while length:
            block, offset = start >> self._shift, start & (self.block_rows - 1)
            part = min(length, self.block_rows - offset)
            states = self._states.setdefault(block, bytearray(self.block_rows))
            states[offset : offset + part] = bytes([state]) * part
            start, length = start + part, length - part

    def _ranges(self, state: int) -> Iterator[tuple[int, int]]:
        """Yield the start and the length of each range of rows in a state."""
        find = _RUNS[state].finditer
        for block in sorted(self._states):
            first = block << self._shift
            for run in find(self._states[block], 0, self.rows - first):
                yield first + run.start(), run.end() - run.start()

    def _packed_blocks(self) -> str:
        kinds = range(len(self._kinds))
        counts = bytearray()
        for of_block in self._counts:
            for kind in kinds:
                _append(counts, of_block[kind])
        return _packed(struct.pack(f"<{len(self._sums)}I", *self._sums) + bytes(counts))


def _mixed(position: int, digest: int) -> int:
    """A checksum of one row at its place. Sums of these do not depend on the order of the rows."""
    mixed = (position * 0x9E37_79B9_7F4A_7C15 + digest + 1) & _M64
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9) & _M64
    return (mixed ^ (mixed >> 29)) >> 7 & _M32


def _packed(content: bytes) -> str:
    return b85encode(zlib.compress(content, 6)).decode()


def _unpacked(text: str) -> bytes:
    return zlib.decompress(b85decode(text))


def _packed_ranges(ranges: Iterable[tuple[int, int]]) -> str:
    """Pack ranges: the distance from the range before, and a length where it is more than one row."""
    content, end = bytearray(), 0
    for start, length in ranges:
        _append(content, (start - end) << 1 | (length > 1))
        if length > 1:
            _append(content, length)
        end = start + length
    return _packed(bytes(content))


def _unpacked_ranges(text: str) -> Iterator[tuple[int, int]]:
    numbers, end = _numbers(_unpacked(text)), 0
    for number in numbers:
        start, length = end + (number >> 1), next(numbers) if number & 1 else 1
        yield start, length
        end = start + length


def _append(content: bytearray, number: int) -> None:
    while number >= 0x80:
        content.append(number & 0x7F | 0x80)
        number >>= 7
    content.append(number)


def _numbers(content: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in content:
        number |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
        else:
            yield number
            number = shift = 0
