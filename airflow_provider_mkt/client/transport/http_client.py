"""The HTTP client that is installed: httpx, or httpx2, which has the same interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx
else:
    try:
        import httpx
    except ModuleNotFoundError:
        import httpx2 as httpx

__all__ = ["LOGGERS", "httpx"]

_CORE = "httpcore2" if httpx.__name__ == "httpx2" else "httpcore"
LOGGERS = (httpx.__name__, f"{_CORE}.http11", f"{_CORE}.http2")
"""Names of its loggers that write addresses and headers."""
