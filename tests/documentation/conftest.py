from __future__ import annotations

from standalone.browsers import browser

__all__ = ["browser"]
