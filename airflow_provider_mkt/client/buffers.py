"""Memory for the parts of a large file."""

from __future__ import annotations


class FileBuffer:
    """Holds one part of a file at a time, in memory that the next part uses again.

    Memory of that size goes back to the system when it is freed. To get it again for each part takes as much
    CPU time as receiving the part.

    :param size: expected bytes of a part. A larger one is held too.
    """

    def __init__(self, size: int) -> None:
        self._bytes = bytearray(size)
        self._length = 0

    @property
    def content(self) -> memoryview:
        """The bytes of the part. They change when the next one is read."""
        return memoryview(self._bytes).toreadonly()[: self._length]

    def clear(self) -> None:
        """Begin a part anew."""
        self._length = 0

    def append(self, block: bytes) -> None:
        """Take the next bytes of the part."""
        end = self._length + len(block)
        if end > len(self._bytes):
            # Not extended, which is an error while somebody still has the content.
            larger = bytearray(max(end, 2 * len(self._bytes)))
            larger[: self._length] = self.content
            self._bytes = larger
        self._bytes[self._length : end] = block
        self._length = end
