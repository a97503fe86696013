"""What a handler returns."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from typing import Any

SMALLEST_GZIP = 1024


@dataclass(slots=True)
class Reply:
    """Status, body and headers. A str or bytes body is sent as it is, None as no body, the rest as JSON.

    `cut` is how many bytes of the body arrive before the connection closes; None for all. With `gzip`, a
    body that is not small is compressed.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    gzip: bool = False

    def encode(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Headers and body as they go over the wire."""
        if self.body is None or self.status in (204, 304):
            content, kind = b"", None
        elif isinstance(self.body, bytes):
            content, kind = self.body, "application/octet-stream"
        elif isinstance(self.body, str):
            content, kind = self.body.encode("utf-8", "replace"), "text/plain; charset=utf-8"
        else:
            text = json.dumps(self.body, separators=(",", ":"), ensure_ascii=False, default=str)
            # A lone surrogate can come in by a JSON escape, and has no UTF-8.
            content = text.encode("utf-8", "replace")
            kind = "application/json;charset=utf-8"
        headers = {name.lower(): value for name, value in self.headers.items()}
        if kind is not None:
            headers.setdefault("content-type", kind)
        if self.gzip and len(content) >= SMALLEST_GZIP:
            content = gzip.compress(content, compresslevel=1, mtime=0)
            headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
        if self.status != 204:
            headers["content-length"] = str(len(content))
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()], content
