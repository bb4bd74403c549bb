"""Office files in ZIP: Word, Excel and PowerPoint (ECMA-376, Open Packaging), and OpenDocument (ODF 1.3).

Parts may bear any name, so each is looked at by its content: XML by its elements, the rest as a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from xml.parsers import expat

from afschrift.domain.files import ActiveKind
from afschrift.extraction.active_content.dde import formula_starts_a_program, starts_a_program
from afschrift.extraction.active_content.part import ClosedError, Found, Part, extension_of
from afschrift.extraction.active_content.signatures import OLE

_PAGES = ("html", "htm", "xhtml", "mht", "mhtml", "svg")
_STEP = 1 << 16
_MOST_TEXT = 10_000

_BY_RELATION = {
    "vbaproject": ActiveKind.MACRO,
    "wordvbadata": ActiveKind.MACRO,
    "xlmacrosheet": ActiveKind.MACRO,
    "xlintlmacrosheet": ActiveKind.MACRO,
    "control": ActiveKind.OBJECT,
    "oleobject": ActiveKind.OBJECT,
    "activexcontrolbinary": ActiveKind.OBJECT,
}
_MACRO_TYPE = re.compile(r"vbaproject|macroenabled|macrosheet", re.IGNORECASE)
_BY_NAME = (
    (re.compile(r"(?:^|/)vba(?:project\.bin|data\.xml)$|/macrosheets/"), ActiveKind.MACRO),
    (re.compile(r"/activex/"), ActiveKind.OBJECT),
)
_ODF_SCRIPTS = re.compile(r"^(?:basic|scripts)/.*[^/]$")
_ODF_LINKS = frozenset(
    {
        "section-source",
        "object",
        "object-ole",
        "floating-frame",
        "plugin",
        "image",
        "table-source",
        "cell-range-source",
        "auto-reload",
        "dde-source",
        "fill-image",
        "background-image",
    }
)
_ELSEWHERE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]+:|//|\\\\|\.\./)", re.IGNORECASE)
_PROGRAM_LINK = re.compile(r"ppaction://(?:program|macro|ole)", re.IGNORECASE)


def office_part(package: Part, name: str, content: bytes) -> Found:
    """What one part of an office file shows, by its name, which its maker chose, and by its content."""
    low = name.lower().lstrip("/")
    for pattern, kind in _BY_NAME:
        if pattern.search(f"/{low}"):
            yield kind
    if _ODF_SCRIPTS.match(low):
        yield ActiveKind.MACRO
    if _is_xml(content) and extension_of(low) not in _PAGES:
        try:
            yield from _elements(content)
        except expat.ExpatError:  # a page of the web, or damaged
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


def _elements(content: bytes) -> Found:
    """Kinds that an XML part shows.

    Raises:
        ClosedError: it declares entities, which no office file does.
    """
    seen = _Seen()
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


class _Seen:
    """Takes the elements of one part as they come."""

    def __init__(self) -> None:
        self.kinds: list[ActiveKind] = []
        self._field: list[str] = []
        self._held: str | None = None
        self._by_name: Mapping[str, Callable[[dict[str, str]], None]] = {
            "Relationship": self._relation,
            "Override": self._content_type,
            "Default": self._content_type,
            "fldSimple": self._simple_field,
            "fldChar": self._field_sign,
            "ddeLink": lambda _: self.kinds.append(ActiveKind.DDE),
            "dde-source": lambda _: self.kinds.append(ActiveKind.DDE),
            "dde-connection-decl": lambda _: self.kinds.append(ActiveKind.DDE),
            "oleLink": lambda _: self.kinds.append(ActiveKind.OBJECT),
            "externalBook": lambda _: self.kinds.append(ActiveKind.REMOTE),
            "applet": lambda _: self.kinds.append(ActiveKind.OBJECT),
            "script": lambda _: self.kinds.append(ActiveKind.SCRIPT),
            "event-listener": lambda _: self.kinds.append(ActiveKind.MACRO),
            "hlinkClick": self._link,
            "hlinkHover": self._link,
        }

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        known = self._by_name.get(local)
        if known is not None:
            known({key.rpartition(" ")[2]: value for key, value in attributes.items()})
        if local in ("instrText", "f", "definedName"):
            self._held = ""
        if local in _ODF_LINKS:
            self._odf_link(local, attributes)

    def end(self, name: str) -> None:
        local, held = name.rpartition(" ")[2], self._held
        if held is None or local not in ("instrText", "f", "definedName"):
            return
        self._held = None
        if local == "instrText":
            if sum(map(len, self._field)) < _MOST_TEXT:
                self._field.append(held)
        elif formula_starts_a_program(held):
            self.kinds.append(ActiveKind.DDE)

    def text(self, text: str) -> None:
        if self._held is not None and len(self._held) < _MOST_TEXT:
            self._held += text

    def _field_sign(self, attributes: dict[str, str]) -> None:
        """A field may be cut into many runs, and hold other fields: it is judged with all that it holds."""
        if attributes.get("fldCharType") in ("separate", "end"):
            self._judge("".join(self._field))
        if attributes.get("fldCharType") == "end":
            self._field.clear()

    def _simple_field(self, attributes: dict[str, str]) -> None:
        self._judge(attributes.get("instr", ""))

    def _judge(self, field: str) -> None:
        if starts_a_program(field):
            self.kinds.append(ActiveKind.DDE)

    def _relation(self, attributes: dict[str, str]) -> None:
        kind = attributes.get("Type", "").rpartition("/")[2].lower()
        if kind in _BY_RELATION:
            self.kinds.append(_BY_RELATION[kind])
        if attributes.get("TargetMode", "").lower() == "external" and kind != "hyperlink":
            self.kinds.append(ActiveKind.REMOTE)

    def _content_type(self, attributes: dict[str, str]) -> None:
        if _MACRO_TYPE.search(attributes.get("ContentType", "")):
            self.kinds.append(ActiveKind.MACRO)

    def _link(self, attributes: dict[str, str]) -> None:
        if _PROGRAM_LINK.match(attributes.get("action", "")):
            self.kinds.append(ActiveKind.ACTION)

    def _odf_link(self, local: str, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if key.endswith("xlink href") and _ELSEWHERE.match(value):
                self.kinds.append(ActiveKind.REMOTE)
        if local == "plugin":
            self.kinds.append(ActiveKind.OBJECT)
