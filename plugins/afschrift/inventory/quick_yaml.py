"""YAML read by a C parser, as long as it says beyond doubt what the reader that remembers lines would say.

libyaml splits a text into events; what a plain word means is decided here by YAML 1.2 (`yes` is a word,
`012` twelve). Whatever the two readers could take in two ways is refused as `Unsure`, also what one of
them refuses: tags, merge keys, instants, numbers in unusual forms, names that are no words, a name that
stands twice, several documents, tabs, blocks that begin with space, and line breaks of YAML 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

import yaml
from ruamel.yaml import YAML

_DOUBTFUL_TEXT = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
    r"|[\"']:\S|^%|^---|^\.\.\.|[|>][-+0-9]*#|(?:^|[\s\[{,])[&*][^\s,\[\]{}]*:",
    re.MULTILINE,
)
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,8})\.[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LIKE_A_NUMBER = re.compile(r"[-+.0-9][-+.:_0-9A-Fa-fIiNnOoTtXxZz \t]*|=|<<")
_PLAIN_STARTS = frozenset("-+.=<0123456789")
_BLOCKS = frozenset("|>")
_NO_NAME = object()


class Unsure(Exception):  # noqa: N818  (no fault: the other reader is asked)
    """The text is to be read by the reader that remembers lines."""


@lru_cache(maxsize=64)
def content(text: str) -> Any:
    """The content of a text, parsed once, whichever reader it takes; not to be changed.

    Raises:
        MarkedYAMLError: it is no YAML.
    """
    try:
        return quick(text)
    except Unsure:
        return with_lines(text)


@lru_cache(maxsize=4)
def with_lines(text: str) -> Any:
    """The same content, whose parts know their lines (`lc`); thirty times slower."""
    return YAML(typ="rt").load(text)


def quick(text: str) -> Any:
    """The content of a text: mappings with words for names, lists, texts, numbers, dates, truth values, None.

    Raises:
        Unsure: it may hold something else, or is no YAML.
    """
    if _DOUBTFUL_TEXT.search(text):
        raise Unsure
    try:
        return _Content().of(yaml.parse(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, AttributeError):  # also where PyYAML was built without libyaml
        raise Unsure from None


class _Content:
    """Builds the document of a stream of events without recursion: a deep text must not end the process."""

    def __init__(self) -> None:
        self._open: list[Any] = [[]]
        self._names: list[Any] = [_NO_NAME]  # of each open mapping, the name whose value comes next
        self._anchors: list[str | None] = [None]  # of each open part
        self._anchored: dict[str, Any] = {}

    def of(self, events: Iterator[Any]) -> Any:
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                value = _scalar(event)
                self._put(value)
                self._keep(event.anchor, value)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._begin(event, {} if kind is yaml.MappingStartEvent else [])
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._names.pop()
                self._keep(self._anchors.pop(), self._open.pop())
            elif kind is yaml.AliasEvent:
                if event.anchor not in self._anchored:
                    raise Unsure
                self._put(self._anchored[event.anchor])
        top = self._open[0]
        if len(top) > 1:
            raise Unsure
        return top[0] if top else None

    def _begin(self, event: Any, part: Any) -> None:
        if event.tag is not None:
            raise Unsure
        self._put(part)
        self._open.append(part)
        self._names.append(_NO_NAME)
        self._anchors.append(event.anchor)

    def _keep(self, anchor: str | None, value: Any) -> None:
        """Under its anchor; a number or truth value with one is of another type in the other reader."""
        if anchor is None:
            return
        if anchor in self._anchored or type(value) not in (str, dict, list):
            raise Unsure
        self._anchored[anchor] = value

    def _put(self, value: Any) -> None:
        """Add a value to the part that is open, or keep it as the name of the next one."""
        part, name = self._open[-1], self._names[-1]
        if type(part) is list:
            part.append(value)
        elif name is _NO_NAME:
            if type(value) is not str or value in part:
                raise Unsure
            self._names[-1] = value
        else:
            part[name] = value
            self._names[-1] = _NO_NAME


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.tag is not None:
        raise Unsure
    if not event.implicit[0]:  # in quotes, or a block
        if event.style in _BLOCKS and (not text or text[0] in " \n"):
            raise Unsure
        return text
    if text in _WORDS:
        return _WORDS[text]
    return _number(text) if text[0] in _PLAIN_STARTS else text


def _number(text: str) -> Any:
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise Unsure from None
    if _LIKE_A_NUMBER.fullmatch(text):
        raise Unsure
    return text
