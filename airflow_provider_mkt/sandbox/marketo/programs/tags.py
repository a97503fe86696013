"""Tag types, which administrators define."""

from dataclasses import dataclass

PROGRAM_TYPES = ("program", "email_batch", "nurture", "event", "webinar")


@dataclass(frozen=True)
class TagType:
    name: str
    values: tuple[str, ...]
    program_types: tuple[str, ...] = PROGRAM_TYPES
    required: bool = False
