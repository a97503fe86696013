"""Random waits, so that tasks that wait for the same do not all go on at the same moment.

The numbers are the system's and not those of the process: code of a DAG may seed these, and then every
process of that DAG would draw the same.
"""

from __future__ import annotations

import random

_system = random.SystemRandom()


def fraction() -> float:
    """Return a random number from 0 to 1."""
    return _system.random()


def between(least: float, most: float) -> float:
    """Return a random number of seconds from *least* to *most*."""
    return _system.uniform(least, most)
