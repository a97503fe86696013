"""Terms that were replaced by those of Airflow, the platforms or HTTP do not come back."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

NAMES = {
    "Allowance": "RejectThreshold",
    "DayWatch": "DailyQuotaGuard",
    "Fared": "MemberStatus",
    "Fate": "RecordStatus",
    "Forgetful": "InMemoryTaskState",
    "Ledger": "ResultFiles",
    "LongOperator": "Cancellable",
    "Marks": "ImportProgress or MemberProgress",
    "Meter": "Quota",
    "Observation": "JobState",
    "PeopleRun": "MemberActionRunner",
    "PeopleVerb": "MemberAction",
    "PeopleWork": "Audience",
    "PersonOutcome": "MemberResult",
    "Policy": "RetryPolicy",
    "RecordFate": "RecordStatus",
    "SETTLE": "CONSISTENCY_WINDOW",
    "SLOW_DOWN": "BACK_OFF",
    "STEP_BACK": "REDUCE_CONCURRENCY",
    "Spool": "MemberTable",
    "Standing": "JobState",
    "Tolerance": "PollFailureBudget",
    "TwoWayOperator": "the parameter transport",
    "Verdict": "Classification",
    "_Again": "a name that says what is repeated",
    "_Fastest": "LatencyFloor",
    "_Line": "FairQueue",
    "_memory": "task_state",
    "_worth_it": "choose_transport",
    "as_flag": "to_bool",
    "as_text": "optional_str",
    "at_most_once": "send_at_most_once",
    "at_once": "max_in_flight",
    "browse": "list",
    "bulk_share": "RowNumbers",
    "by_filter": "list",
    "ended_by": "TaskCancelled",
    "for_last_words": "on_cancel",
    "get_many": "batch_read",
    "go_on": "raise_if_cancelled",
    "in_doubt": "ambiguous",
    "last_words": "on_cancel",
    "list_all": "list",
    "look_at": "poll",
    "of_records": "batch_read",
    "read_many": "batch_read",
    "speaking_last": "on_cancel",
    "task_memory": "task_state",
    "ticket": "permit_id",
    "told_to_assets": "emit_asset_events",
}
"""Whole names of modules, classes, functions, parameters and variables."""

PARTS = {
    "asked": "requested",
    "blamed": "rejected",
    "doubt": "ambiguous",
    "doubts": "ambiguous",
    "fared": "status or result",
    "fate": "status or result",
    "fates": "status or result",
    "forgetful": "in_memory",
    "hurry": "shorten_waits",
    "impatient": "no_retry",
    "ledger": "result_files",
    "looked": "polled or state",
    "looks": "polls",
    "patience": "max_elapsed",
    "patient": "with_retries",
    "renewals": "max_token_refreshes",
    "settle": "release or complete",
    "settled": "released or completed",
    "spool": "table",
    "standing": "state",
    "tolerance": "max_poll_failure_time",
    "tolerated": "within the poll failure budget",
    "told": "reported, message or answer",
    "verdict": "classification",
    "verdicts": "classifications",
}
"""Words in names, between underscores or capitals."""

PHRASES = {
    r"asked": "requested",
    r"blamed": "rejected",
    r"fates?": "status or result",
    r"in doubt": "ambiguous",
    r"(?<!there )is (?-i:none)(?! of)": "is not a (kind)",
    r"last words": "cancellation",
    r"look at": "poll or read",
    r"looks at": "polls or reads",
    r"looked at": "polled or read",
    r"nobody knows": "unknown",
    r"patience": "max_elapsed",
    r"settle[sd]?": "complete, release or conclusive",
    r"told": "reported or given",
    r"verdicts?": "classification",
    r"what became of": "the outcome of",
    r"worth it": "the reason",
}
"""Words in docstrings, comments, messages and docs, as regular expressions."""

SUFFIXES = {".html", ".md", ".py"}
SCANNED = (
    "airflow_provider_mkt",
    "docs",
    "example_dags",
    "tests",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_COMMENT = re.compile(r"(?:^|\s)#\s(.*)$")
_PHRASES = {term: re.compile(rf"\b(?:{term})\b", re.IGNORECASE) for term in PHRASES}
_ANY_PHRASE = re.compile(rf"\b(?:{'|'.join(PHRASES)})\b", re.IGNORECASE)
_JOINT = re.compile(r"""["'][\s\\]*\n\s*[bfr]*["']""")
"""Between the parts of a string that is written on several lines."""


def _beginning(phrase: str) -> str:
    """Return text that is in everything which a regular expression of the table finds."""
    plain = re.sub(r"\(\?<?!.*?\)|\(\?-i:|\)", "", phrase)
    return re.split(r"\w\?|\[", plain)[0]


_IN_TEXT = [*PARTS, *map(_beginning, PHRASES)]


def _may_have_some(source: str) -> bool:
    """Return whether a syntax tree can have a term at all: nearly no file has one, and trees take long."""
    # Not a name, and in nearly every file.
    text = _JOINT.sub("", source).replace("None", "").lower()
    return any(name in source for name in NAMES) or any(one in text for one in _IN_TEXT)


def _files() -> Iterator[Path]:
    for name in SCANNED:
        path = ROOT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in SUFFIXES and file.exists() and file != Path(__file__):
                yield file


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every name that the code gives or uses, with its line."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield line, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield line, name
            case ast.keyword(arg=str(name)):
                yield node.value.lineno, name
            case ast.alias(name=name):
                yield from ((line, part) for part in name.split("."))


def _texts(source: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every string and comment, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    for number, line in enumerate(source.splitlines(), 1):
        if comment := _COMMENT.search(line):
            yield number, comment[1]


def _name_terms(name: str) -> Iterator[str]:
    if name in NAMES:
        yield name
    yield from (word for word in map(str.lower, _WORD.findall(name)) if word in PARTS)


def _found_in(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the terms of a file, each with the place where it occurs."""
    shown = file.relative_to(ROOT)
    for term in _name_terms(file.stem):
        yield term, f"{shown}: the file's name"
    source = file.read_text()
    if not _may_have_some(source):
        return
    if file.suffix == ".py":
        tree = ast.parse(source)
        for line, name in _names(tree):
            for term in _name_terms(name):
                yield term, f"{shown}:{line}: {name}"
        texts = list(_texts(source, tree))
    else:
        texts = list(enumerate(source.splitlines(), 1))
    # Nearly no text has one, and to look for each in turn takes long.
    for line, text in texts:
        if _ANY_PHRASE.search(text) is None:
            continue
        for term, pattern in _PHRASES.items():
            if match := pattern.search(text):
                yield term, f"{shown}:{line}: {match[0]}"


def _found() -> Iterator[tuple[str, str]]:
    for file in _files():
        yield from _found_in(file)


def test_replaced_words_do_not_come_back() -> None:
    instead = {**NAMES, **PARTS, **PHRASES}
    found = [f"{place}: write {instead[term]!r} instead" for term, place in _found()]
    assert found == []


@pytest.mark.parametrize(
    ("source", "terms"),
    [
        ("def f(verdict): ...", ["verdict"]),
        ("class RecordFate: ...", ["RecordFate", "fate"]),
        ("f'{self.last_words}'", ["last_words"]),
        ("x = 1  # What became of it.", [r"what became of"]),
        ("'''A verdict.'''", [r"verdicts?"]),
        ("from a import at_once as b", ["at_once"]),
        ("call(renewals=1)", ["renewals"]),
        ("'the last ' \\\n    f'words'", [r"last words"]),
        ("(\n    'what '\n    f'became of'\n)", [r"what became of"]),
        ("def test_a_status_that_is_unknown_keeps_waiting(): ...", []),
    ],
)
def test_a_replaced_word_is_found_in_names_strings_and_comments(
    source: str, terms: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    file = tmp_path / "module.py"
    file.write_text(source)
    assert [term for term, _ in _found_in(file)] == terms
