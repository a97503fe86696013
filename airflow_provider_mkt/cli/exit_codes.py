"""The exit codes of ``mkt-sandbox``."""

from __future__ import annotations

FAILED, WRONG_USE, UNANSWERED, INTERRUPTED = 1, 2, 3, 130
