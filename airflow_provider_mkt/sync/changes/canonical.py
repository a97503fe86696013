"""The canonical text of a payload, its hash, and keys as the platforms store them.

Payloads that mean the same have one text, whatever source they come from: ``1``, ``1.0`` and ``"1.00"`` of a
number, or one moment in two time zones. The hash of the text says whether a row changed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from hashlib import blake2b, sha256
from typing import Literal, TypeAlias, TypedDict, cast, get_args

from airflow_provider_mkt.client.errors import InvalidInput

CANONICAL_VERSION = 1
"""Grows when one payload gets another text. The hashes of both versions are compared then."""

ALGORITHM = "blake2b-128"

ERASED_PREFIX = "sha256:"
"""Starts what stands for the key of an erased person."""

HASH_BYTES = 16
FIELD_HASH_BYTES = 4

FIELDS_MAX = 250
"""Fields of a sync whose changes can be named."""

ValueType = Literal[
    "text",
    "integer",
    "number",
    "boolean",
    "date",
    "datetime",
    "enumeration",
    "multiple",
    "multiple_add",
    "json",
    "email",
    "domain",
    "id",
]
"""The type of a field. Those of a mapping are among them."""

KeyKind = Literal["email", "domain", "id", "text"]
"""How two keys are compared.

``email``: without case and surrounding space, international domains in their ASCII form; ``domain``: the
same, without scheme, ``www.``, port and path; ``id``: a number is its decimal text, surrounding space does
not count;
``text``: exactly.
"""

Canonicalized: TypeAlias = tuple[str, str]
"""The tag of a type, and the text of a value."""

_NULL: Canonicalized = ("0", "")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LONG_EXPONENT = 400
_SCHEME = re.compile(r"^[a-z][a-z0-9+.\-]*://")
_KEY_FIELD = "\0key"
"""Stands for the match key in the text. No field has this name."""


class HashingDict(TypedDict):
    """How hashes were made, as the manifest keeps it."""

    version: int
    algorithm: str
    keyed: str
    types: dict[str, ValueType]
    ignore: list[str]


@dataclass(frozen=True)
class Hashing:
    """How the hash of a payload is made.

    :param types: field to type. A field without a type is taken as Python has it, so that the text ``"1"``
        and the number ``1`` differ.
    :param ignore: fields that are sent, and are never the reason for it.
    :param secret: makes the hashes useless to somebody who guesses payloads; at most 64 bytes.
    :param version: of the canonical text.
    :raises InvalidInput: on an unknown type or version.
    """

    types: Mapping[str, ValueType] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    secret: bytes = field(default=b"", repr=False)
    version: int = CANONICAL_VERSION

    def __post_init__(self) -> None:
        if self.version not in _VALUES:
            raise InvalidInput("version", f"must be one of {', '.join(map(str, _VALUES))}")
        for name, kind in self.types.items():
            if kind not in get_args(ValueType):
                raise InvalidInput(f"types.{name}", f"must be one of {', '.join(get_args(ValueType))}")
        object.__setattr__(self, "_known", {})

    def parts(self, payload: Mapping[str, object], match_key: str | None = None) -> dict[str, str]:
        """Return the canonical text of every field, in the order of their names.

        :param match_key: the normalized key that the row is written by. Another key is another payload.
        """
        value_of = _VALUES[self.version]
        parts: dict[str, str] = {}
        for name, prefix, kind in self._layout(tuple(payload)):
            tag, text = value_of(payload[name], kind)
            parts[name] = f"{prefix}{tag}{len(text)}:{text}"
        if match_key is not None:
            parts[_KEY_FIELD] = f"{_KEY_FIELD}k{len(match_key)}:{match_key}"
        return parts

    def text(self, payload: Mapping[str, object], match_key: str | None = None) -> bytes:
        """Return the canonical text of a payload."""
        return _encoded("".join(self.parts(payload, match_key).values()))

    def hash(self, payload: Mapping[str, object], match_key: str | None = None) -> bytes:
        """Return the hash of a payload: 16 bytes."""
        return self.hash_of_parts(self.parts(payload, match_key))

    def hash_of_parts(self, parts: Mapping[str, str]) -> bytes:
        """Return the hash of a payload from the texts of its fields."""
        return blake2b(_encoded("".join(parts.values())), digest_size=HASH_BYTES, key=self.secret).digest()

    def as_dict(self) -> HashingDict:
        """Return what the manifest keeps, without the secret."""
        keyed = blake2b(b"mkt", digest_size=8, key=self.secret).hexdigest() if self.secret else ""
        return {
            "version": self.version,
            "algorithm": ALGORITHM,
            "keyed": keyed,
            "types": dict(sorted(self.types.items())),
            "ignore": sorted(self.ignore),
        }

    def earlier(self, made: HashingDict) -> Hashing | None:
        """Return how the hashes of a state were made, if they cannot be compared with those of this one.

        None when they can, and when nobody can make them any more: then every row counts as changed.
        """
        if made == self.as_dict() or made["version"] not in _VALUES or made["algorithm"] != ALGORITHM:
            return None
        # A field that got a type only now has another text.
        earlier = Hashing(made["types"], frozenset(made["ignore"]), self.secret, made["version"])
        if earlier.as_dict() == made:
            return earlier
        without = Hashing(made["types"], frozenset(made["ignore"]), b"", made["version"])
        return without if without.as_dict() == made else None

    def _layout(self, names: tuple[str, ...]) -> list[tuple[str, str, ValueType | None]]:
        """The fields that count, in order, with the start of their texts. Most rows have the same fields."""
        known = cast(
            "dict[tuple[str, ...], list[tuple[str, str, ValueType | None]]]", self.__dict__["_known"]
        )
        found = known.get(names)
        if found is None:
            if len(known) >= 1_000:
                known.clear()
            found = known[names] = [
                (name, f"{len(name)}:{name}", self.types.get(name))
                for name in sorted(names)
                if name not in self.ignore
            ]
        return found


class FieldHashes:
    """Short hashes of the fields of a row, which say which of them changed.

    They explain only: whether a row changed is decided by the hash of the whole payload.

    :param names: the fields in the order of the state's hashes. New ones are added at the end.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._places = {name: place for place, name in enumerate(names)}

    @property
    def names(self) -> list[str]:
        """The fields, in the order of their hashes."""
        return list(self._places)

    def of(self, parts: Mapping[str, str]) -> bytes:
        """Return the hashes of a row, one after another."""
        places = self._places
        packed = bytearray(FIELD_HASH_BYTES * len(places))
        for name, text in parts.items():
            place = places.get(name)
            if place is None:
                if len(places) >= FIELDS_MAX:
                    continue
                place = places[name] = len(places)
                packed += bytes(FIELD_HASH_BYTES)
            start = FIELD_HASH_BYTES * place
            packed[start : start + FIELD_HASH_BYTES] = blake2b(
                _encoded(text), digest_size=FIELD_HASH_BYTES
            ).digest()
        return bytes(packed)

    def differing(self, old: bytes | None, new: bytes | None) -> FieldChanges:
        """Return which fields differ between two rows."""
        if not old or not new:
            return FieldChanges()
        changed: list[str] = []
        added: list[str] = []
        missing: list[str] = []
        for name, place in self._places.items():
            start = FIELD_HASH_BYTES * place
            before, now = (row[start : start + FIELD_HASH_BYTES] or _ABSENT for row in (old, new))
            if before == now:
                continue
            shown = "(match key)" if name == _KEY_FIELD else name
            (missing if now == _ABSENT else added if before == _ABSENT else changed).append(shown)
        return FieldChanges(tuple(changed), tuple(added), tuple(missing))


_ABSENT = bytes(FIELD_HASH_BYTES)


@dataclass(frozen=True)
class FieldChanges:
    """The fields of a row that differ from what was sent last.

    :param changed: fields with another value.
    :param added: fields that were not sent last time.
    :param missing: fields that are not sent any more.
    """

    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """All of them."""
        return [*self.changed, *self.added, *self.missing]

    @property
    def only_missing(self) -> bool:
        """Whether all that is sent was sent before."""
        return bool(self.missing) and not self.changed and not self.added


def same_value(sent: object, stored: object, kind: ValueType | None) -> bool:
    """Tell whether a value on the platform is what was sent, whatever form the platform keeps it in.

    No value and an empty text are the same. Space around a text does not count.

    :param kind: the type of the field, if it is known.
    """
    one, two = (_as_stored(value, kind) for value in (sent, stored))
    return one == two


def _as_stored(value: object, kind: ValueType | None) -> str:
    if value is None or value == "":
        return ""
    if kind is None:
        # HubSpot has every value as text.
        kind = "boolean" if isinstance(value, bool) else "number" if isinstance(value, (int, float)) else None
    text = _value(value, kind)[1]
    if kind in (None, "text", "enumeration") and isinstance(value, (bool, int, float)):
        text = _untyped(value)[1]
    return text.strip()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def normalized_key(value: object, kind: KeyKind = "id") -> str | None:
    """Return a key as it is compared; None when there is none.

    :param kind: how it is compared.
    :raises InvalidInput: when it is not text and not a whole number.
    """
    if value is None:
        return None
    if type(value) is int:
        return str(value)
    if kind == "email" and type(value) is str and value.isascii():
        return value.strip().lower() or None
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        # UUIDs and the like have one text.
        if isinstance(value, (bool, list, dict, set, tuple, bytes)):
            raise InvalidInput("key", f"must be text or a whole number, not {type(value).__name__}")
        value = str(value)
    if not isinstance(value, str):
        number = _decimal(value)
        if number is None:
            return None
        return number
    text = value if value.isascii() else unicodedata.normalize("NFC", value)
    if kind == "text":
        return text if text.strip() else None
    text = text.strip()
    if kind == "email":
        name, at, domain = text.rpartition("@")
        text = f"{_lower(name)}{at}{_ascii_domain(domain)}" if at else _lower(text)
    elif kind == "domain":
        text = _domain(text)
    return text or None


def erased_key(key: str) -> str:
    """Return what stands for the key of an erased person: its SHA-256 digest.

    :param key: normalized.
    """
    return f"{ERASED_PREFIX}{sha256(_encoded(key)).hexdigest()}"


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.lower())


def _ascii_domain(domain: str) -> str:
    domain = _lower(domain)
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def _domain(text: str) -> str:
    text = _SCHEME.sub("", _lower(text))
    host = re.split(r"[/?#]", text, maxsplit=1)[0].rpartition("@")[2]
    host = re.sub(r":\d*$", "", host).strip().rstrip(".")
    while host.startswith("www."):
        host = host[4:]
    return _ascii_domain(host)


def _value(value: object, kind: ValueType | None) -> Canonicalized:
    """Version 1 of the text of a value."""
    if kind is None and type(value) is str and value.isascii():
        return "s", value
    if value is None:
        return _NULL
    if kind is not None:
        return ("s", "") if value == "" else _TYPED[kind](value)
    return _untyped(value)


_VALUES: dict[int, Callable[[object, ValueType | None], Canonicalized]] = {1: _value}
"""How every version makes the text of a value. Old versions stay, to recognize what was sent with them."""


def _untyped(value: object) -> Canonicalized:
    if isinstance(value, str):
        return "s", value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, bool):
        return "b", "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        number = _decimal(value)
        return _NULL if number is None else ("n", number)
    if isinstance(value, datetime):
        return ("t", _milliseconds(value)) if value.tzinfo is not None else ("l", value.isoformat())
    if isinstance(value, date):
        return "d", value.isoformat()
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return "j", _json(value)
    return "s", unicodedata.normalize("NFC", str(value))


def _decimal(number: float | Decimal) -> str | None:
    """The shortest decimal of a number; None for NaN and infinity, which no platform takes."""
    if isinstance(number, int):
        return str(number)
    if isinstance(number, float):
        if number.is_integer():
            return str(int(number))
        number = Decimal(repr(number))
    if not number.is_finite():
        return None
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and abs(exponent) > _LONG_EXPONENT:
        return str(number)
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _milliseconds(moment: datetime) -> str:
    return str((moment - _EPOCH) // _MILLISECOND)


def _json(value: object) -> str:
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def _plain(value: object) -> object:
    """JSON in which equal numbers have one text, and sets have an order."""
    match value:
        case bool() | str() | None:
            return value
        case int() | float() | Decimal():
            return {"#": _decimal(value)}
        case dict():
            return {str(name): _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case set() | frozenset():
            return sorted((_plain(one) for one in value), key=str)
    return _untyped(value)[1]


def _as_text(value: object) -> Canonicalized:
    _, text = _untyped(value)
    return "s", text


def _as_number(value: object) -> Canonicalized:
    if isinstance(value, str):
        try:
            number = Decimal(value.strip())
        except InvalidOperation:
            return _untyped(value)
        text = _decimal(number)
        return _untyped(value) if text is None else ("n", text)
    return _untyped(value)


def _as_boolean(value: object) -> Canonicalized:
    if isinstance(value, str) and (text := value.strip().lower()) in ("true", "false"):
        return "b", text
    return _untyped(value)


def _as_moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        text = value.strip()
        if not text.lstrip("-").isdecimal():
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                return None
        value = int(text)
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return _EPOCH + timedelta(milliseconds=value)
        except OverflowError:
            return None
    return None


def _as_datetime(value: object) -> Canonicalized:
    moment = _as_moment(value)
    if moment is None or moment.tzinfo is None:
        return _untyped(value)
    return "t", _milliseconds(moment)


def _as_date(value: object) -> Canonicalized:
    if isinstance(value, str):
        try:
            return "d", date.fromisoformat(value.strip()).isoformat()
        except ValueError:
            pass
    elif isinstance(value, date) and not isinstance(value, datetime):
        return "d", value.isoformat()
    moment = _as_moment(value)
    return _untyped(value) if moment is None else ("d", moment.date().isoformat())


def _as_options(value: object) -> Canonicalized:
    """Several options: their set. A leading semicolon adds to those that are chosen."""
    if isinstance(value, str):
        text = value.strip()
        added = text.startswith(";")
        options = {one.strip() for one in text.split(";")} - {""}
    elif isinstance(value, (list, tuple, set, frozenset)):
        added, options = False, {str(one).strip() for one in value}
    else:
        return _untyped(value)
    return "M" if added else "m", json.dumps(sorted(options), ensure_ascii=False)


def _as_json(value: object) -> Canonicalized:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return _untyped(value)
    return "j", _json(value)


def _as_key(kind: KeyKind) -> Callable[[object], Canonicalized]:
    def canonical(value: object) -> Canonicalized:
        try:
            return "s", normalized_key(value, kind) or ""
        except InvalidInput:
            return _untyped(value)

    return canonical


_TYPED: dict[ValueType, Callable[[object], Canonicalized]] = {
    "text": _as_text,
    "integer": _as_number,
    "number": _as_number,
    "boolean": _as_boolean,
    "date": _as_date,
    "datetime": _as_datetime,
    "enumeration": _as_text,
    "multiple": _as_options,
    "multiple_add": _as_options,
    "json": _as_json,
    "email": _as_key("email"),
    "domain": _as_key("domain"),
    "id": _as_key("id"),
}
