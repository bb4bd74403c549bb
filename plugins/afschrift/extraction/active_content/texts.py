"""Texts that run or fetch something: HTML and SVG, RTF, and formulas that start another program.

Each check is one pass in time linear to the text, so that no text can be made to block it. DDE is found as
office files and spreadsheets write it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from afschrift.domain.files import ActiveKind
from afschrift.extraction.active_content.part import Budget, ClosedError, Found, Part

_PAGES = ("html", "htm", "xhtml", "xht", "shtml", "svg", "xml", "mht", "mhtml", "xsl", "xslt")
_PAGE_TYPES = ("text/html", "image/svg+xml", "application/xhtml+xml")
_BEGINS = re.compile(
    r"\s*(?:<!--|<!doctype\b|<\?xml\b|<(?:[\w-]+:)?(?:html|head|body|svg|script|table|div|meta|title|style|iframe)\b)",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:[\w-]+:)?([A-Za-z][\w-]*)")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"'][^\s>]*)))?")
_COMMENT_END = re.compile(r"--!?>")
_HANDLER = re.compile(r"(?:[\w-]+:)?on[a-z]{3,}", re.IGNORECASE)
_SCRIPT_URL = re.compile(
    r"(?:java|vb|j)script:|data:(?:text/html|image/svg|application/xhtml)", re.IGNORECASE
)
_BLANKS = re.compile(r"[\x00-\x20]")
_ADDRESSES = ("href", "src", "action", "formaction", "data", "to", "from", "values", "by", "content")
_FRAMES = ("iframe", "frame", "object", "embed", "applet")
_OLD_XML = re.compile(r"<\?mso-application\b")
_OLD_MACRO = re.compile(r"macrosPresent\s*=\s*[\"']yes|<\w+:docSuppData\b|vbaProject", re.IGNORECASE)

# A backslash before a character other than a letter means that character: "\\objdata" in a text is no object.
_RTF_TOKEN = re.compile(
    rb"\\(?:'([0-9a-fA-F]{2})|([a-zA-Z]{1,32})(-?\d{1,10})? ?|[^a-zA-Z])|[{}]|[^\\{}]+", re.DOTALL
)
_RTF_OBJECT = re.compile(rb"obj(?:ect|data|ocx|emb|link|autlink|class|html)")
_RTF_ELSEWHERE = re.compile(rb"\s*(?:https?|ftp|file|smb|mhtml):|\s*(?:\\\\|//)", re.IGNORECASE)
_RTF_FIELD = 4_096

_DDE_FIELD = re.compile(r"\s*[\"']?\s*DDE(?:AUTO)?\b", re.IGNORECASE)
_QUOTED = re.compile(r"QUOTE((?:\s+\d{1,3})+)", re.IGNORECASE)
# A cell that a spreadsheet reads as a formula, up to the bar between a program and its arguments.
_CELL = re.compile(r"""(?:^|[,;\t\r\n])[ ']*[=+\-@][^|,;\t\r\n"]{0,300}\||"[ ']*[=+\-@][^|"\r\n]{0,300}\|""")
_PROGRAM = re.compile(r"[A-Za-z][\w.\\]*[' ]*\|")
_PROGRAM_NAME = 100
_TOPIC = 1_000
_MOST_CELLS = 10_000


def text_of(content: bytes) -> str:
    """Decode a text by its byte order mark or first character; invalid bytes are replaced."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    for sign, encoding in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if content.startswith(sign):
            return content.decode(encoding, "replace")
    return content.decode("utf-8", "replace")


def is_markup(part: Part) -> bool:
    """Whether a browser opens a file as a page or a drawing."""
    declared = part.media_type in _PAGE_TYPES or part.ending in _PAGES
    return declared or _BEGINS.match(text_of(part.content[:1024]).lstrip("\ufeff")) is not None


def look_at_markup(part: Part, _: Budget) -> Found:
    """Find scripts, event handlers and frames in HTML, SVG or the XML of an old Office, by its tags."""
    text = text_of(part.content)
    if _OLD_XML.search(text) and _OLD_MACRO.search(text):
        yield ActiveKind.MACRO
    for name, attributes in _tags(text):
        if name == "script" or any(_runs(*attribute) for attribute in attributes):
            yield ActiveKind.SCRIPT
        if name in _FRAMES:
            yield ActiveKind.OBJECT


def _runs(attribute: str, value: str) -> bool:
    """Whether a browser runs the value of an attribute; `to`, `from` and so on animate another attribute."""
    if attribute.rpartition(":")[2] in _ADDRESSES:
        return _SCRIPT_URL.search(_BLANKS.sub("", html.unescape(value))) is not None
    return _HANDLER.fullmatch(attribute) is not None


def _tags(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Opening tags with their attributes; names in lower case."""
    end = 0
    while (at := text.find("<", end)) >= 0:
        end = at + 1
        if text.startswith("<!--", at):
            closed = _COMMENT_END.search(text, at + 2)
            end = closed.end() if closed else len(text)
        elif name := _NAME.match(text, end):
            end, attributes = name.end(), []
            while found := _ATTRIBUTE.match(text, end):
                attributes.append((found[1].lower(), found[2] or found[3] or found[4] or ""))
                end = found.end()
            yield name[1].lower(), attributes


def look_at_rtf(part: Part, _: Budget) -> Found:
    """Find objects, remote templates and fields that start a program in an RTF file."""
    groups: list[tuple[bytes, int, bytearray]] = []  # open fields and templates: word, level and text
    level, skip = 0, 0
    for token in _RTF_TOKEN.finditer(part.content):
        sign, word = token.group(), token[2]
        if sign == b"{":
            level += 1
        elif sign == b"}":
            level -= 1
            while groups and level < groups[-1][1]:
                yield from _kinds_of_group(*groups.pop())
        elif word in (b"fldinst", b"template"):
            groups.append((word, level, bytearray()))
        elif word and _RTF_OBJECT.fullmatch(word):
            yield ActiveKind.OBJECT
        elif groups and word in (None, b"u"):
            text = bytes([int(token[3] or 63) & 0xFF]) if word else _plain(token)[skip:]
            skip = 1 if word else 0  # after `\u` and a number there is one more character, for old readers
            groups[-1][2].extend(text[: max(0, _RTF_FIELD - len(groups[-1][2]))])
    for group in groups:  # programs open a truncated file too
        yield from _kinds_of_group(*group)


def _kinds_of_group(word: bytes, _: int, text: bytearray) -> Found:
    if word == b"template" and _RTF_ELSEWHERE.match(text):
        yield ActiveKind.REMOTE
    if word == b"fldinst" and starts_a_program(text.decode("latin-1")):
        yield ActiveKind.DDE


def _plain(token: re.Match[bytes]) -> bytes:
    """The characters of a token as readers take them: they ignore line breaks."""
    if token[1] is not None:
        return bytes.fromhex(token[1].decode())
    text = token.group()
    return text[1:] if text.startswith(b"\\") else text.replace(b"\r", b"").replace(b"\n", b"")


def starts_a_program(field: str) -> bool:
    """Whether the instruction of a field is a DDE link, also with its letters as codes (`QUOTE 68 68`)."""
    spelled = _QUOTED.sub(lambda m: "".join(chr(int(n) & 0xFF) for n in m[1].split()), field)
    return _DDE_FIELD.match(spelled) is not None


def formula_starts_a_program(formula: str) -> bool:
    """Whether a formula, with or without its first sign, is a DDE link: `cmd|' /C calc'!A0`."""
    text = formula.strip()
    return _cells_start_a_program(text if text[:1] in tuple("=+-@") else f"={text}")


def look_at_cells(part: Part, _: Budget) -> Found:
    """Find such formulas in a CSV file."""
    if _cells_start_a_program(text_of(part.content)):
        yield ActiveKind.DDE


def _cells_start_a_program(text: str) -> bool:
    for seen, cell in enumerate(_CELL.finditer(text)):
        if seen > _MOST_CELLS:  # too many to check
            raise ClosedError
        end = cell.end()
        item = text.find("!", end, end + _TOPIC)
        program = _PROGRAM.search(text, max(cell.start(), end - _PROGRAM_NAME), end)
        if item >= 0 and program and "\n" not in text[end:item]:
            return True
    return False
