"""What the text of an email says: its tokens, its links, and words that give a test away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

PLACEHOLDER_HOSTS = frozenset(
    {
        "domain.com",
        "example.com",
        "example.net",
        "example.org",
        "localhost",
        "yourdomain.com",
        "yourwebsite.com",
    }
)
"""Hosts of links that somebody meant to replace."""
_PLACEHOLDER_ENDINGS = (".example", ".invalid", ".local", ".localhost", ".test")
MY_TOKEN = re.compile(r"\{\{\s*my\.\s*([^}:]+?)\s*(?::[^}]*)?\}\}", re.IGNORECASE)
"""A My Token of Marketo in a text; its name is the first group."""
_EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_CONTACT = re.compile(r"\bcontact\.([A-Za-z0-9_]+)")
_PERSONALIZATION = re.compile(
    r"personalization_token\(\s*['\"]contact\.([A-Za-z0-9_]+)['\"]\s*(?:,\s*(?P<quote>['\"])(.*?)(?P=quote))?",
    re.DOTALL,
)
_DEFAULT = re.compile(r"\|\s*default\s*\(\s*['\"][^'\"]")
_PERSON = re.compile(
    r"\s*(lead|company)\s*\.\s*([^:]+?)\s*(?::\s*default\s*=(.*))?", re.IGNORECASE | re.DOTALL
)
_MY = re.compile(r"\s*my\s*\.\s*([^:]+?)\s*(?::\s*default\s*=(.*))?", re.IGNORECASE | re.DOTALL)
_LINK = re.compile(r"<a\b[^>]*?\bhref\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_NOT_FOLLOWED = ("mailto:", "tel:", "sms:", "#")
_UNSUBSCRIBE = ("unsubscribe", "mkt_opt_out", "optout", "opt-out", "system.unsubscribelink")


@dataclass(frozen=True)
class PersonToken:
    """A place in an email that is filled with a value of the person.

    :param name: the property or field: HubSpot's name, Marketo's display name after ``lead.``.
    :param has_default: whether there is a text for people without a value.
    """

    name: str
    has_default: bool


def person_tokens(platform: str, texts: Iterable[str]) -> tuple[PersonToken, ...]:
    """Return the tokens for values of the person, once each; without a default where one place has none."""
    found: dict[str, bool] = {}
    for text in texts:
        for expression in _EXPRESSION.findall(text):
            for token in _in_expression(platform, expression):
                found[token.name] = found.get(token.name, True) and token.has_default
    return tuple(PersonToken(name, has_default) for name, has_default in found.items())


def _in_expression(platform: str, expression: str) -> Iterator[PersonToken]:
    if platform == "marketo":
        if match := _PERSON.fullmatch(expression):
            prefix = "" if match[1].lower() == "lead" else f"{match[1].lower()}."
            yield PersonToken(prefix + match[2], bool((match[3] or "").strip()))
        return
    calls = list(_PERSONALIZATION.finditer(expression))
    for match in calls:
        yield PersonToken(match[1], bool((match[3] or "").strip()))
    if not calls:
        has_default = bool(_DEFAULT.search(expression))
        for name in _CONTACT.findall(expression):
            yield PersonToken(name, has_default)


def my_tokens(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names of Marketo's My Tokens, once each; those with a default of their own are left out."""
    matches = (_MY.fullmatch(one) for text in texts for one in _EXPRESSION.findall(text))
    return tuple(dict.fromkeys(one[1] for one in matches if one and not (one[2] or "").strip()))


def is_malformed(text: str) -> bool:
    """Tell whether a token begins and does not end, or the other way round."""
    return text.count("{{") != text.count("}}")


def links(html: str) -> tuple[str, ...]:
    """Return the addresses that an email links to, once each, as they are written."""
    found = (unescape(first or second).strip() for first, second in _LINK.findall(html))
    return tuple(dict.fromkeys(found))


def followable(addresses: Iterable[str]) -> list[str]:
    """Return the addresses that can be requested: whole ones, without tokens."""
    return [one for one in addresses if one.lower().startswith(("http://", "https://")) and "{{" not in one]


def placeholder_links(addresses: Iterable[str]) -> list[str]:
    """Return links that somebody meant to replace: empty ones, and those to hosts for examples."""
    found = []
    for one in addresses:
        host = _host(one).removeprefix("www.")
        empty = one in ("", "#", "http://", "https://")
        if empty or host in PLACEHOLDER_HOSTS or host.endswith(_PLACEHOLDER_ENDINGS):
            found.append(one)
    return found


def relative_links(addresses: Iterable[str]) -> list[str]:
    """Return links that lead nowhere in a mail: they have neither a scheme nor a token that may have one."""
    return [
        one
        for one in addresses
        if one
        and not one.lower().startswith((*_NOT_FOLLOWED, "http://", "https://"))
        and "{{" not in one
        # %mkt_opt_out_prefix% and its like: Marketo replaces them.
        and not one.startswith(("{%", "%"))
    ]


def token_links(addresses: Iterable[str]) -> list[str]:
    """Return links that begin with a My Token: Marketo does not track them without ``https://`` before it."""
    return [one for one in addresses if re.match(r"\{\{\s*my\.", one, re.IGNORECASE)]


def insecure_links(addresses: Iterable[str]) -> list[str]:
    """Return links without encryption."""
    return [one for one in addresses if one.lower().startswith("http://")]


def has_unsubscribe_link(html: str) -> bool:
    """Tell whether the text has a link or a token to unsubscribe."""
    text = html.lower()
    return any(one in text for one in _UNSUBSCRIBE)


def words_in(text: str, words: Sequence[str]) -> list[str]:
    """Return which words are in a text, as whole words, whatever their case."""
    return [
        word
        for word in words
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE | re.UNICODE)
    ]


def plain_text(html: str) -> str:
    """Return the words of an HTML text, without its tags."""
    without = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.IGNORECASE | re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", without))).strip()


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""
