"""YAML from outside, within limits: parsed by libyaml, with plain scalars resolved by YAML 1.2.

`yes` is a word, `012` is twelve, a day is a date; an instant stays a text. Refused are tags, names that are
no plain values, duplicate names, several documents, and line breaks of YAML 1.1, which parsers read
differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
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
        return _Content(name, yaml.parse(text, Loader=yaml.CBaseLoader)).read()


@cache
def packaged(package: str, name: str) -> Any:
    """Return a YAML file of a package, read once; not to be changed."""
    return read_yaml((files(package) / name).read_text(encoding="utf-8"), name)


def compose(text: str, name: str = "") -> yaml.Node | None:
    """The nodes of a text that `read_yaml` accepts, each with its place; raises the same errors."""
    read_yaml(text, name)
    found: yaml.Node | None = yaml.compose(text, Loader=yaml.CBaseLoader)
    return found


class Lines:
    """Line numbers of the parts of a text that `read_yaml` accepts."""

    def __init__(self, text: str) -> None:
        self._root = compose(text)
        self._named: dict[int, dict[str, tuple[Any, Any]]] = {}  # of each mapping that was looked into

    def of(self, path: Iterable[Any]) -> tuple[int, list[str]]:
        """The line of a path, and the part of the path that the text has; the rest names parts of a model."""
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
    """Builds the document from events, and stops at the first limit; this also bounds the recursion."""

    def __init__(self, name: str, events: Iterator[Any]) -> None:
        self._of, self._events = name, events
        self._anchored: dict[str, tuple[Any, int]] = {}  # with the number of its parts
        self._parts = self._repeated = self._depth = 0
        self._line = 1

    def read(self) -> Any:
        found: list[Any] = []
        while type(event := self._next()) is not yaml.StreamEndEvent:
            if type(event) is yaml.DocumentStartEvent:
                if found:
                    raise self._fault("it holds several documents (`---`)", "make a file of each.")
                found.append(self._value(self._next()))
        return found[0] if found else None

    def _next(self) -> Any:
        event = next(self._events)
        self._line = event.start_mark.line + 1
        self._parts += type(event) in _STARTS
        if self._parts > PARTS:
            raise too_many(self._of, self._line)
        return event

    def _fault(self, words: str, remedy: str = "correct it there.") -> UnreadableError:
        return UnreadableError(words, name=self._of, line=self._line, remedy=remedy)

    def _value(self, event: Any) -> Any:
        if type(event) is yaml.AliasEvent:
            return self._alias(str(event.anchor))
        before = self._parts
        value = self._scalar(event) if type(event) is yaml.ScalarEvent else self._part(event)
        if event.anchor is not None:
            self._anchored[event.anchor] = value, self._parts - before + 1
        return value

    def _part(self, event: Any) -> Any:
        self._must_be_taken(event)
        self._depth += 1
        part = self._mapping() if type(event) is yaml.MappingStartEvent else self._sequence()
        self._depth -= 1
        return part

    def _must_be_taken(self, event: Any) -> None:
        if event.tag is not None and event.tag != "!":
            raise self._fault("tags (`!name`) are not taken", "leave it out.")
        if self._depth >= DEPTH:
            raise too_deep(self._of, self._line)

    def _sequence(self) -> list[Any]:
        part = []
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            part.append(self._value(event))
        return part

    def _mapping(self) -> dict[Any, Any]:
        part: dict[Any, Any] = {}
        merged: list[Any] = []  # what follows `<<`
        while type(event := self._next()) is not yaml.MappingEndEvent:
            if type(event) is yaml.ScalarEvent and event.value == "<<" and event.implicit[0]:
                other = self._value(self._next())
                merged += other if isinstance(other, list) else [other]
                continue
            name = self._name(event)
            if name in part:
                raise self._fault("a name occurs twice in one mapping (duplicate key)", "keep one of them.")
            part[name] = self._value(self._next())
        for other in merged:
            if not isinstance(other, dict):
                raise self._fault("the value of `<<` is no mapping")
            for name, value in other.items():
                part.setdefault(name, value)
        return part

    def _name(self, event: Any) -> Any:
        if type(event) in (yaml.MappingStartEvent, yaml.SequenceStartEvent):
            self._must_be_taken(event)
        else:
            name = self._value(event)
            if type(name) not in (dict, list):
                return name
        raise self._fault("a name in a mapping is no word or number")

    def _alias(self, anchor: str) -> Any:
        if (
            anchor not in self._anchored
        ):  # also an alias within its own anchor, as that part is not complete yet
            raise self._fault(f"nothing before it is called `&{anchor}`")
        value, parts = self._anchored[anchor]
        self._repeated += parts
        self._parts += parts
        if self._repeated > REPEATED:
            raise repeats_too_much(self._of, self._line)
        return value

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
