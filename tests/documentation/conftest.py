from __future__ import annotations

from standalone.browsers import browser, chromium

__all__ = ["browser", "chromium"]
