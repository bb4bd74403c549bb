"""The words that open an encrypted file: six, drawn for each delivery from a list of 4,096 in each language.

Six words are 72 bits. How the lists were made is in docs/delivery.md.
"""

from __future__ import annotations

import base64
import re
import secrets
from functools import cache
from importlib.resources import files

from afschrift.domain.errors import RefusedError
from afschrift.domain.language import gettext

WORDS = 6
BEGINNING = 4
"""No two words of a list have the same first letters."""
_OTHER = "en"
_BETWEEN = re.compile(r"[\W\d_]+")


@cache
def words_of(language: str) -> tuple[str, ...]:
    """The list of a language; the English one where there is none."""
    lists = files("afschrift.encryption") / "words"
    file = lists / f"{language}.txt"
    return tuple((file if file.is_file() else lists / f"{_OTHER}.txt").read_text("ascii").split())


@cache
def _by_beginning(language: str) -> dict[str, str]:
    return {word[:BEGINNING]: word for word in words_of(language)}


def draw(language: str) -> str:
    """Six words with a space between them, which is how a program for ZIP files wants them."""
    return " ".join(secrets.choice(words_of(language)) for _ in range(WORDS))


def draw_with_link(language: str) -> str:
    """Six words and, in a line of its own, the 128 random bits of a link at a portal."""
    link = base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()
    return f"{draw(language)}\n{link}"


def apart(secret: str) -> tuple[str, str]:
    """The words of a delivery, and its link; empty: it has none."""
    words, _, link = secret.partition("\n")
    return words, link


def read(text: str, language: str) -> str:
    """The words as they were drawn, from what a person typed.

    Capitals, spaces, hyphens and what follows the first four letters of a word make no difference.

    Raises:
        RefusedError: these are not six words of the list; the message says which, never what was typed.
    """
    typed = [part for part in _BETWEEN.split(text.casefold()) if part]
    if len(typed) != WORDS:
        raise RefusedError(
            gettext("These are {count} words, and six are needed.", count=len(typed)),
            remedy=gettext("enter all six words, in their order, with a space between them."),
        )
    words = [_by_beginning(language).get(part[:BEGINNING], "") for part in typed]
    if unknown := [str(number) for number, word in enumerate(words, 1) if not word]:
        raise RefusedError(
            gettext("Not in the list of words: number {numbers}.", numbers=", ".join(unknown)),
            remedy=gettext("look at these words again; the first four letters of each are enough."),
        )
    return " ".join(words)
