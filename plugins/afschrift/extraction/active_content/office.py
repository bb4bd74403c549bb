"""Office files in ZIP: Word, Excel and PowerPoint (ECMA-376, Open Packaging), and OpenDocument (ODF 1.3).

Parts may have any name, so each is inspected by its content: XML by its elements, the rest as a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from xml.parsers import expat

from afschrift.domain.files import ActiveKind
from afschrift.extraction.active_content.part import ClosedError, Found, Part, extension_of
from afschrift.extraction.active_content.signatures import OLE
from afschrift.extraction.active_content.texts import formula_starts_a_program, starts_a_program

_PAGES = ("html", "htm", "xhtml", "mht", "mhtml", "svg")
_STEP = 1 << 16
_MOST_TEXT = 10_000

_BY_NAME = (
    (r"/vba(project\.bin|data\.xml)$|/macrosheets/|^/(basic|scripts)/.*[^/]$", ActiveKind.MACRO),
    (r"/activex/", ActiveKind.OBJECT),
)
_BY_ELEMENT = {
    "ddeLink": ActiveKind.DDE,
    "dde-source": ActiveKind.DDE,
    "dde-connection-decl": ActiveKind.DDE,
    "oleLink": ActiveKind.OBJECT,
    "applet": ActiveKind.OBJECT,
    "plugin": ActiveKind.OBJECT,
    "externalBook": ActiveKind.REMOTE,
    "script": ActiveKind.SCRIPT,
    "event-listener": ActiveKind.MACRO,
}


def _matches(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern, re.IGNORECASE).search


_MACRO_TYPE = _matches("vbaproject|macroenabled|macrosheet")
_PROGRAM_LINK = _matches(r"^ppaction://(program|macro|ole)")
_ELSEWHERE = _matches(r"^\s*(?:[a-z][a-z0-9+.-]+:|//|\\\\|\.\./)")

_BY_ATTRIBUTE: dict[str, tuple[tuple[str, Callable[[str], object], ActiveKind], ...]] = {
    "Relationship": (
        ("Type", _matches(r"(^|/)(vbaProject|wordVbaData|xl(Intl)?Macrosheet)$"), ActiveKind.MACRO),
        ("Type", _matches(r"(^|/)(control|oleObject|activeXControlBinary)$"), ActiveKind.OBJECT),
    ),
    "Override": (("ContentType", _MACRO_TYPE, ActiveKind.MACRO),),
    "Default": (("ContentType", _MACRO_TYPE, ActiveKind.MACRO),),
    "fldSimple": (("instr", starts_a_program, ActiveKind.DDE),),
    "hlinkClick": (("action", _PROGRAM_LINK, ActiveKind.ACTION),),
    "hlinkHover": (("action", _PROGRAM_LINK, ActiveKind.ACTION),),
    **dict.fromkeys(
        (
            *("section-source", "object", "object-ole", "floating-frame", "plugin", "image", "table-source"),
            *("cell-range-source", "auto-reload", "dde-source", "fill-image", "background-image"),
        ),
        (("xlink href", _ELSEWHERE, ActiveKind.REMOTE),),
    ),
}
"""Element -> attribute (without namespace), test of its value, and the kind that is found."""


def office_part(package: Part, name: str, content: bytes) -> Found:
    """Inspect a part of an office file, by its name, which its maker chose, and by its content."""
    low = name.lower().lstrip("/")
    yield from (kind for pattern, kind in _BY_NAME if re.search(pattern, f"/{low}"))
    if _is_xml(content) and extension_of(low) not in _PAGES:
        try:
            yield from _elements(content)
        except expat.ExpatError:  # HTML, or damaged
            yield package.inner(content)
    elif content.startswith(OLE):
        if not low.endswith(("vbaproject.bin", "thumbs.db")):
            yield ActiveKind.OBJECT
        yield package.inner(content)
    else:
        yield package.inner(content, extension_of(low))


def _is_xml(content: bytes) -> bool:
    beginning = content[:64].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")
    return beginning.startswith(b"<")


def _elements(content: bytes) -> Iterator[ActiveKind]:
    """Kinds found in an XML part.

    Raises:
        ClosedError: it has a document type, as no office file does: its entities could expand without end.
    """
    seen = _SeenMembers()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = seen.start
    parser.EndElementHandler = seen.end
    parser.CharacterDataHandler = seen.text
    parser.StartDoctypeDeclHandler = _refuse
    for at in range(0, len(content), _STEP):
        parser.Parse(content[at : at + _STEP], at + _STEP >= len(content))
        yield from seen.kinds
        seen.kinds.clear()


def _refuse(*_: object) -> None:
    raise ClosedError


class _SeenMembers:
    """Handlers of the elements of a part."""

    def __init__(self) -> None:
        self.kinds: list[ActiveKind] = []
        self._field = ""
        self._text: str | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if local in _BY_ELEMENT:
            self.kinds.append(_BY_ELEMENT[local])
        for attribute, says, kind in _BY_ATTRIBUTE.get(local, ()):
            if any(key.endswith(attribute) and says(value) for key, value in attributes.items()):
                self.kinds.append(kind)
        if local == "Relationship" and attributes.get("TargetMode", "").lower() == "external":
            if not attributes.get("Type", "").lower().endswith("/hyperlink"):
                self.kinds.append(ActiveKind.REMOTE)
        elif local in ("instrText", "f", "definedName"):
            self._text = ""
        elif local == "fldChar":
            for key, value in attributes.items():
                self._field_sign(value if key.endswith("fldCharType") else "")

    def text(self, text: str) -> None:
        if self._text is not None and len(self._text) < _MOST_TEXT:
            self._text += text

    def end(self, name: str) -> None:
        local, text = name.rpartition(" ")[2], self._text
        if text is None or local not in ("instrText", "f", "definedName"):
            return
        self._text = None
        if local == "instrText" and len(self._field) < _MOST_TEXT:
            self._field += text
        elif local != "instrText" and formula_starts_a_program(text):
            self.kinds.append(ActiveKind.DDE)

    def _field_sign(self, sign: str) -> None:
        """Check a field at its end, with all its runs and nested fields: Word may cut it into many runs."""
        if sign in ("separate", "end") and starts_a_program(self._field):
            self.kinds.append(ActiveKind.DDE)
        if sign == "end":
            self._field = ""
