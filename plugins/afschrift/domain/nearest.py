"""The nearest of the words that are known, for errors on a misspelt one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from afschrift.domain.language import gettext

_WORD = re.compile(r"[\w.-]{1,80}")  # a longer text is no misspelt word, and slow to compare


def nearest(word: Any, words: Iterable[str]) -> str | None:
    """The nearest of the words; None if none is near."""
    if not isinstance(word, str) or not _WORD.fullmatch(word):
        return None
    spelled = {known.lower(): known for known in words}
    return next((spelled[near] for near in get_close_matches(word.lower(), spelled, n=1)), None)


def did_you_mean(word: Any, words: Iterable[str]) -> str:
    """A question that names the nearest of the words; empty if none is near."""
    near = nearest(word, words)
    return gettext("did you mean `{near}`?", near=near) if near else ""


def hint(word: Any, words: Iterable[str]) -> str:
    """The question as the end of a sentence; empty if no word is near."""
    question = did_you_mean(word, words)
    return f"; {question}" if question else ""


def choose(word: Any, words: Iterable[str]) -> str:
    """The question, and all words."""
    known = sorted(words)
    return f"{did_you_mean(word, known)} choose one of {', '.join(known)}.".lstrip()
