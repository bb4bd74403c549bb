"""RTF: objects, templates from elsewhere, and fields that start another program."""

from __future__ import annotations

import re

from afschrift.domain.files import ActiveKind
from afschrift.extraction.active_content.dde import starts_a_program
from afschrift.extraction.active_content.part import Budget, Found, Part

# A backslash before a sign that is no letter stands for that sign: "\\objdata" in a text is no object.
_TOKEN = re.compile(
    rb"\\(?:'([0-9a-fA-F]{2})|([a-zA-Z]{1,32})(-?\d{1,10})? ?|[^a-zA-Z])|[{}]|[^\\{}]+", re.DOTALL
)
_OBJECTS = frozenset(
    (b"object", b"objdata", b"objocx", b"objemb", b"objlink", b"objautlink", b"objclass", b"objhtml")
)
_MOST_TEXT = 4_096
_ELSEWHERE = re.compile(rb"\s*(?:https?|ftp|file|smb|mhtml):|\s*(?:\\\\|//)", re.IGNORECASE)


class _Held:
    """The text of one group that says what is done: of a field, or where a template lies."""

    def __init__(self, word: bytes, level: int) -> None:
        self.word, self.level, self.text = word, level, bytearray()

    def kind(self) -> ActiveKind | None:
        if self.word == b"fldinst":
            return ActiveKind.DDE if starts_a_program(self.text.decode("latin-1")) else None
        return ActiveKind.REMOTE if _ELSEWHERE.match(self.text) else None


def look(part: Part, _: Budget) -> Found:
    """What of an RTF file is an object, comes from elsewhere or starts a program."""
    open_groups: list[_Held] = []
    level, skip = 0, 0
    for token in _TOKEN.finditer(part.content):
        text, word = token.group(), token[2]
        if text == b"{":
            level += 1
        elif text == b"}":
            level -= 1
            while open_groups and level < open_groups[-1].level:
                if kind := open_groups.pop().kind():
                    yield kind
        elif word in _OBJECTS:
            yield ActiveKind.OBJECT
        elif word in (b"fldinst", b"template"):
            open_groups.append(_Held(word, level))
        elif open_groups and (word is None or word == b"u"):
            said = _plain(token)[skip:] if word is None else bytes([int(token[3] or 63) & 0xFF])
            skip = 1 if word else 0  # behind a sign by its number stands another for old readers
            open_groups[-1].text += said[: max(0, _MOST_TEXT - len(open_groups[-1].text))]
    for one in open_groups:  # a file that was cut off is opened all the same
        if kind := one.kind():
            yield kind


def _plain(token: re.Match[bytes]) -> bytes:
    """The signs of a text as a reader takes them: a line's end is none."""
    if token[1] is not None:
        return bytes.fromhex(token[1].decode())
    text = token.group()
    return text[1:] if text.startswith(b"\\") else text.replace(b"\r", b"").replace(b"\n", b"")
