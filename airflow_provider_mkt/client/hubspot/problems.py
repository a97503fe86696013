"""What HubSpot's error bodies say about single values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow_provider_mkt.client.errors import Problem
from airflow_provider_mkt.client.transport.platform import errors_of

SENTENCE_MAX = 300
"""Characters of one sentence at most: HubSpot lists every option that a value could have had."""

SENTENCES_MAX = 3

_INTRODUCTION = re.compile(r"^Property values were not valid")

_SENTENCE = re.compile(r'\\?"message\\?"\s*:\s*\\?"([^"\\]+)')
_CODE = re.compile(r'\\?"error\\?"\s*:\s*\\?"([A-Z][A-Z0-9_]+)')
_PROPERTY = re.compile(r'\\?"name\\?"\s*:\s*\\?"([A-Za-z]\w*)')


def problems_of(body: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return the problems that an error body, or an error of a batch, names; each once.

    They are in ``errors``, each with a code, or in the message, as JSON.
    """
    return tuple(dict.fromkeys((*_listed(body), *_in_message(str(body.get("message") or "")))))


def text_of(body: Mapping[str, Any]) -> str:
    """Return what an error body says, as sentences and each once."""
    problems = problems_of(body)
    message = str(body.get("message") or body.get("error_description") or "")
    if problems:
        # The list in the message is what the problems say.
        opening = _INTRODUCTION.sub("", message.partition("[{")[0]).strip(" :")
        said = describe(problems)
        message = f"{opening}: {said}" if opening and opening not in said else said
    details = [str(error["message"]) for error in errors_of(dict(body)) if error.get("message")]
    known = {problem.message for problem in problems}
    new_details = [detail for detail in details if detail not in message and detail not in known]
    return "; ".join([message, *new_details[:SENTENCES_MAX]] if message else new_details[:SENTENCES_MAX])


def describe(problems: Sequence[Problem]) -> str:
    """Return the sentences of problems."""
    sentences = list(dict.fromkeys(map(_sentence, problems)))
    more = len(sentences) - SENTENCES_MAX
    return "; ".join(sentences[:SENTENCES_MAX]) + (f"; and {more} more" if more > 0 else "")


def _sentence(problem: Problem) -> str:
    text = problem.message
    if len(text) > SENTENCE_MAX:
        text = f"{text[:SENTENCE_MAX]} ... ({len(text):,} characters)"
    unnamed = [name for name in problem.properties if name.lower() not in text.lower()]
    return f"{', '.join(unnamed)}: {text}" if unnamed else text


def _listed(body: Mapping[str, Any]) -> Iterator[Problem]:
    for error in errors_of(dict(body)):
        context = error.get("context")
        named = context.get("propertyName") if isinstance(context, dict) else None
        names = named if isinstance(named, list) else [named] if named else []
        code = str(error.get("code") or "")
        if code or names:
            yield Problem(code, str(error.get("message") or code), tuple(map(str, names)))


def _in_message(message: str) -> Iterator[Problem]:
    start = message.find("[{")
    if start < 0:
        return
    try:
        described, _ = json.JSONDecoder().raw_decode(message, start)
    except ValueError:
        # Cut short, or with quotes that are not escaped.
        codes, names = _CODE.findall(message), _PROPERTY.findall(message)
        sentences = _SENTENCE.findall(message) or [message]
        if codes:
            yield Problem(codes[0], sentences[0], tuple(names[:1]))
        return
    for one in described:
        if isinstance(one, dict) and one.get("error"):
            names = [str(one["name"])] if one.get("name") else []
            yield Problem(str(one["error"]), str(one.get("message") or one["error"]), tuple(names))
