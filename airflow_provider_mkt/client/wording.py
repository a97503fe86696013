"""Counts and names in sentences, for logs and errors."""

from __future__ import annotations

_IRREGULAR = {"person": "people"}
_PLATFORMS = {"hubspot": "HubSpot", "marketo": "Marketo"}


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, in the singular or the plural.

    >>> counted(1, "lead"), counted(2_000, "lead"), counted(0, "entry"), counted(3, "person")
    ('1 lead', '2,000 leads', '0 entries', '3 people')

    :param noun: in the singular; words before it stay as they are.
    """
    return f"{count:,} {noun if count == 1 else plural_of(noun)}"


def part_of(part: int, total: int, noun: str) -> str:
    """Return a part of a count with its noun.

    >>> part_of(1, 5, "lead"), part_of(1, 1, "lead")
    ('1 of 5 leads', '1 of 1 lead')
    """
    return f"{part:,} of {counted(total, noun)}"


def platform_name(platform: str) -> str:
    """Return a platform's name as its vendor writes it; an unknown one stays as it is."""
    return _PLATFORMS.get(platform, platform)


def was_or_were(count: int) -> str:
    """Return the verb after a count."""
    return "was" if count == 1 else "were"


def plural_of(noun: str) -> str:
    """Return the plural of a noun.

    >>> plural_of("company"), plural_of("address"), plural_of("day")
    ('companies', 'addresses', 'days')
    """
    before, _, last = noun.rpartition(" ")
    if last in _IRREGULAR:
        plural = _IRREGULAR[last]
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        plural = f"{last[:-1]}ies"
    else:
        plural = f"{last}{'es' if last.endswith(('s', 'x', 'ch', 'sh')) else 's'}"
    return f"{before} {plural}".lstrip()
