"""YAML from outside, within limits: split into events by libyaml, whose plain words mean what YAML 1.2 says.

`yes` is a word, `012` twelve, a day a date; an instant stays a text. Tags, names that are no plain values, a
name that stands twice and several documents are refused, and line breaks of YAML 1.1, where readers differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from typing import Any

import yaml

from afschrift.outside.limits import (
    BYTES,
    DEPTH,
    PARTS,
    REPEATED,
    UnreadableError,
    repeats_too_much,
    too_deep,
    too_long,
    too_many,
)

_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("-+.0123456789")
_WHOLE = re.compile(r"[-+]?[0-9][0-9_]{0,999}")
_OF_BASE = re.compile(r"[-+]?0(?:b[01_]{1,999}|o[0-7_]{1,999}|x[0-9a-fA-F_]{1,999})")
_DECIMAL = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TEXT_TAGS = frozenset(("!", "tag:yaml.org,2002:str"))
_NO_NAME, _MERGE = object(), object()
_STARTS = frozenset((yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent))


@lru_cache(maxsize=64)
def read_yaml(read: str | bytes, name: str = "") -> Any:
    """The content of a text: mappings, lists, texts, numbers, dates, truth values, None; not to be changed.

    Args:
        read: YAML; bytes are UTF-8.
        name: of the text, for messages.

    Raises:
        UnreadableError: it is no YAML, or goes beyond a limit; says the line.
    """
    if len(read) > BYTES:
        raise too_long(name, BYTES)
    text = read if isinstance(read, str) else _decoded(read, name)
    if found := _NO_TEXT.search(text):
        words = f"it holds the character U+{ord(found[0]):04X}, which is no text"
        remedy = f'take it out, or write it in quotes as "\\u{ord(found[0]):04x}".'
        raise UnreadableError(words, name=name, line=text.count("\n", 0, found.start()) + 1, remedy=remedy)
    with _faults(name, text.rstrip("\n").count("\n") + 1):
        return _Content(name).of(yaml.parse(text, Loader=yaml.CBaseLoader))


def compose(text: str, name: str = "") -> yaml.Node | None:
    """The nodes of a text that `read_yaml` takes, each with its place; raises as that does."""
    read_yaml(text, name)
    found: yaml.Node | None = yaml.compose(text, Loader=yaml.CBaseLoader)
    return found


class Lines:
    """Where the parts of a text lie that `read_yaml` takes."""

    def __init__(self, text: str) -> None:
        self._root = compose(text)
        self._named: dict[int, dict[str, tuple[Any, Any]]] = {}  # of each mapping that was looked into

    def of(self, path: Iterable[Any]) -> tuple[int, list[str]]:
        """The line of a path, and as much of it as the text has; the rest speaks of a model."""
        node: Any = self._root
        line, found = 1, list[str]()
        for step in path:
            pair = self._pair(node, step)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
            found.append(str(step))
        return line, found

    def _pair(self, node: Any, step: Any) -> tuple[Any, Any] | None:
        if isinstance(node, yaml.SequenceNode):
            there = isinstance(step, int) and step < len(node.value)
            return (node.value[step],) * 2 if there else None
        if not isinstance(node, yaml.MappingNode):
            return None
        if id(node) not in self._named:
            self._named[id(node)] = {str(key.value): (key, value) for key, value in node.value}
        return self._named[id(node)].get(str(step))


def _decoded(read: bytes, name: str) -> str:
    try:
        return read.decode()
    except UnicodeDecodeError as error:
        line = read.count(b"\n", 0, error.start) + 1
        raise UnreadableError("it is not UTF-8", name=name, line=line) from None


@contextmanager
def _faults(name: str, last: int) -> Iterator[None]:
    try:
        yield
    except yaml.MarkedYAMLError as error:
        line = min(error.problem_mark.line + 1, last) if error.problem_mark else 1
        if "nesting depth" in str(error.problem):
            raise too_deep(name, line) from None
        words = f"not readable as YAML: {error.problem or error.context}"
        raise UnreadableError(words, name=name, line=line) from None


class _Content:
    """Builds the document of a stream of events without recursion, and stops at the first limit."""

    def __init__(self, name: str) -> None:
        self._of = name
        self._open: list[Any] = [[]]
        self._names: list[Any] = [_NO_NAME]  # of each open mapping, the name whose value comes next
        self._anchors: list[tuple[str | None, int]] = [(None, 0)]  # of each open part; the parts till then
        self._merged: list[list[Any]] = [[]]  # of each open mapping, what stands behind `<<`
        self._anchored: dict[str, tuple[Any, int]] = {}  # with the number of its parts
        self._parts = self._repeated = 0
        self._line = 1

    def of(self, events: Iterable[Any]) -> Any:
        for event in events:
            kind = type(event)
            self._line = event.start_mark.line + 1
            self._parts += kind in _STARTS
            if self._parts > PARTS:
                raise too_many(self._of, self._line)
            if kind is yaml.ScalarEvent:
                is_merge = event.value == "<<" and event.implicit[0] and type(self._open[-1]) is dict
                if is_merge and self._names[-1] is _NO_NAME:
                    self._names[-1] = _MERGE
                    continue
                value = self._scalar(event)
                self._put(value)
                self._keep(event.anchor, value, 1)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._begin(event, {} if kind is yaml.MappingStartEvent else [])
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._end()
            elif kind is yaml.AliasEvent:
                self._alias(event.anchor)
            elif kind is yaml.DocumentStartEvent and self._open[0]:
                raise self._fault("it holds several documents (`---`)", "make a file of each.")
        top = self._open[0]
        return top[0] if top else None

    def _fault(self, words: str, remedy: str = "mend it there.") -> UnreadableError:
        return UnreadableError(words, name=self._of, line=self._line, remedy=remedy)

    def _begin(self, event: Any, part: Any) -> None:
        if event.tag is not None and event.tag != "!":
            raise self._fault("tags (`!name`) are not taken", "leave it out.")
        if len(self._open) > DEPTH:
            raise too_deep(self._of, self._line)
        self._put(part)
        self._open.append(part)
        self._names.append(_NO_NAME)
        self._anchors.append((event.anchor, self._parts))
        self._merged.append([])

    def _end(self) -> None:
        part, (anchor, before) = self._open.pop(), self._anchors.pop()
        self._names.pop()
        for merged in self._merged.pop():
            for one in merged if isinstance(merged, list) else [merged]:
                if not isinstance(one, dict):
                    raise self._fault("what stands behind `<<` is no mapping")
                for name, value in one.items():
                    part.setdefault(name, value)
        self._keep(anchor, part, self._parts - before + 1)

    def _keep(self, anchor: str | None, value: Any, parts: int) -> None:
        if anchor is not None:
            self._anchored[anchor] = (value, parts)

    def _alias(self, anchor: str) -> None:
        if anchor not in self._anchored:  # a part within itself is not whole yet
            raise self._fault(f"nothing before it is called `&{anchor}`")
        value, parts = self._anchored[anchor]
        self._repeated += parts
        self._parts += parts
        if self._repeated > REPEATED:
            raise repeats_too_much(self._of, self._line)
        self._put(value)

    def _put(self, value: Any) -> None:
        """Add a value to the part that is open, or keep it as the name of the next one."""
        part, name = self._open[-1], self._names[-1]
        if type(part) is list:
            part.append(value)
            return
        if name is _NO_NAME:
            if type(value) in (dict, list):
                raise self._fault("a name in a mapping is no word or number")
            if value in part:
                raise self._fault("a name stands twice in one mapping (duplicate key)", "keep one of them.")
            self._names[-1] = value
            return
        if name is _MERGE:
            self._merged[-1].append(value)
        else:
            part[name] = value
        self._names[-1] = _NO_NAME

    def _scalar(self, event: Any) -> Any:
        if event.tag is not None and event.tag not in _TEXT_TAGS:
            raise self._fault("tags (`!name`) are not taken", "leave it out.")
        text: str = event.value
        if event.tag is not None or not event.implicit[0]:  # in quotes, or a block
            return text
        if text in _WORDS:
            return _WORDS[text]
        return _number(text) if text[0] in _NUMBER_STARTS else text


def _number(text: str) -> Any:
    plain = text.replace("_", "")
    try:
        if _WHOLE.fullmatch(text):
            return int(plain)
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
        if _DECIMAL.fullmatch(text):
            return float(plain.replace(".i", "i").replace(".I", "I").replace(".n", "n").replace(".N", "N"))
        if _OF_BASE.fullmatch(text):
            return int(plain, 0)
    except ValueError:  # the 30th of February
        pass
    return text
