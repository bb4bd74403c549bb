"""Files with something in them that runs, and files much like them without; every person in them is made up."""

import io
import struct
import zipfile
import zlib
from email.message import EmailMessage

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)
from tests.support.compound_file import compound

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
ODF = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:script="urn:oasis:names:tc:opendocument:xmlns:script:1.0" '
    'xmlns:xlink="http://www.w3.org/1999/xlink"'
)
MACRO_TREE = {"VBA": {"dir": b"x" * 200, "_VBA_PROJECT": b"\xcc\x61" + bytes(60)}, "PROJECT": b'ID="{0}"'}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def packed(members: dict[str, bytes | str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def _parts(more: dict[str, bytes | str]) -> dict[str, bytes | str]:
    return {name.replace("__", "/").replace("_dot_", "."): part for name, part in more.items()}


def relation(kind: str, target: str, mode: str = "External") -> str:
    """The relationships of a part, with this one."""
    return (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{RELATIONS}/{kind}" Target="{target}" TargetMode="{mode}"/></Relationships>'
    )


def docx(body: str = "<w:p><w:r><w:t>DDEAUTO is a word</w:t></w:r></w:p>", **more: bytes | str) -> bytes:
    """A Word file; `__` in the name of a further part means `/`, `_dot_` for a dot."""
    members: dict[str, bytes | str] = {
        "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "word/document.xml": f'<?xml version="1.0"?><w:document {W}><w:body>{body}</w:body></w:document>',
    }
    return packed(members | _parts(more))


def xlsx(sheet: str = "<f>SUM(A1:A2)</f>", **more: bytes | str) -> bytes:
    members: dict[str, bytes | str] = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "xl/worksheets/sheet1.xml": f"<worksheet {S}><sheetData><row><c>{sheet}</c></row></sheetData></worksheet>",
    }
    return packed(members | _parts(more))


def odt(content: str = "", **more: bytes | str) -> bytes:
    members: dict[str, bytes | str] = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": f"<office:document-content {ODF}><office:scripts/>{content}</office:document-content>",
    }
    return packed(members | _parts(more))


def field(*parts: str) -> str:
    begin, end = (f'<w:r><w:fldChar w:fldCharType="{which}"/></w:r>' for which in ("begin", "end"))
    runs = [f'<w:r><w:instrText xml:space="preserve">{part}</w:instrText></w:r>' for part in parts]
    return f"<w:p>{begin}{''.join(runs)}{end}</w:p>"


def old(macros: bool = False, **streams: bytes) -> bytes:
    tree: dict[str, object] = {"WordDocument": b"\xec\xa5" + bytes(600), "1Table": bytes(100), **streams}
    return compound(tree | ({"Macros": MACRO_TREE} if macros else {}))  # type: ignore[operator, arg-type]


def biff(*records: tuple[int, bytes]) -> bytes:
    data = b"".join(struct.pack("<HH", kind, len(body)) + body for kind, body in records)
    return compound({"Workbook": data.ljust(5000, b"\0")})


def powerpoint(inner: bytes) -> bytes:
    """An old PowerPoint file with a compressed object in a container."""
    data = struct.pack("<I", len(inner)) + zlib.compress(inner)
    atom = struct.pack("<HHI", 0x10, 0x1011, len(data)) + data
    return compound({"PowerPoint Document": struct.pack("<HHI", 0xF, 0x03E8, len(atom)) + atom})


def outlook(*attachments: tuple[str, bytes] | dict[str, object], body: str = "Hi") -> bytes:
    """A message of Outlook; an attachment that is a mapping is a message, or an object, in its storage."""
    return compound(outlook_tree(*attachments, body=body))  # type: ignore[arg-type]


def outlook_tree(*attachments: tuple[str, bytes] | dict[str, object], body: str = "Hi") -> dict[str, object]:
    tree: dict[str, object] = {
        "__properties_version1.0": bytes(32),
        "__substg1.0_1000001F": body.encode("utf-16-le"),
    }
    for number, attached in enumerate(attachments):
        inside: dict[str, object] = {"__substg1.0_3701000D": attached}
        if isinstance(attached, tuple):
            name, content = attached
            inside = {"__substg1.0_3707001F": name.encode("utf-16-le"), "__substg1.0_37010102": content}
        tree[f"__attach_version1.0_#{number:08X}"] = inside
    return tree


def mail(*attachments: bytes | tuple[str, bytes] | EmailMessage, html: str | None = None) -> bytes:
    """An e-mail as a program sends it."""
    return message(*attachments, html=html).as_bytes()


def message(*attachments: bytes | tuple[str, bytes] | EmailMessage, html: str | None = None) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@example.org", "b@example.org", "kwikstaart"
    made.set_content("Hello, this is about JavaScript.")
    if html is not None:
        made.add_alternative(html, subtype="html")
    for attachment in attachments:
        if isinstance(attachment, EmailMessage):
            made.add_attachment(attachment)
        else:
            name, content = attachment if isinstance(attachment, tuple) else ("kwikstaart.bin", attachment)
            made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return made


def dictionary(**values: object) -> DictionaryObject:
    """A dictionary of a PDF: `S="/Launch"` is a name, other texts are texts."""
    made = DictionaryObject()
    for key, value in values.items():
        if isinstance(value, str):
            value = NameObject(value) if value.startswith("/") else TextStringObject(value)
        made[NameObject(f"/{key}")] = value  # type: ignore[assignment]
    return made


def pdf(
    *, compressed: bool = False, password: str | None = None, text: bytes = b"", **catalogue: object
) -> bytes:
    """A PDF with a page, made by pypdf; what is named is in its catalogue, as separate objects."""
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    content = DecodedStreamObject()
    content.set_data(b"BT (JavaScript /JavaScript /JS /Launch) Tj ET" + text)
    page[NameObject("/Contents")] = writer._add_object(content)
    for key, value in catalogue.items():
        separate = isinstance(value, (DictionaryObject, ArrayObject, StreamObject))
        writer._root_object[NameObject(f"/{key}")] = writer._add_object(value) if separate else value  # type: ignore[arg-type, assignment]
    if password is not None:
        writer.encrypt(password, algorithm="AES-256")
    made = io.BytesIO()
    writer.write(made)
    return in_object_streams(made.getvalue()) if compressed else made.getvalue()


def in_object_streams(plain: bytes) -> bytes:
    """The same objects in a compressed object stream with a cross-reference stream (ISO 32000-2, 7.5.7)."""
    reader = PdfReader(io.BytesIO(plain))
    ids = sorted(idnum for idnum in reader.xref[0])
    packed_ids, out, offsets = [], bytearray(b"%PDF-1.7\n"), dict[int, int]()
    bodies: dict[int, bytes] = {}
    for idnum in ids:
        found, body = reader.get_object(idnum), io.BytesIO()
        assert found is not None
        found.write_to_stream(body)
        bodies[idnum] = body.getvalue()
        if isinstance(found, StreamObject):
            offsets[idnum] = len(out)
            out += b"%d 0 obj\n" % idnum + body.getvalue() + b"\nendobj\n"
        else:
            packed_ids.append(idnum)
    stream_id, xref_id = max(ids) + 1, max(ids) + 2
    heads, body_bytes = b"", b""
    for idnum in packed_ids:
        heads += b"%d %d " % (idnum, len(body_bytes))
        body_bytes += bodies[idnum] + b"\n"
    data = zlib.compress(heads + body_bytes)
    offsets[stream_id] = len(out)
    facts = (stream_id, len(packed_ids), len(heads), len(data))
    out += b"%d 0 obj\n<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>stream\n" % facts
    out += data + b"\nendstream\nendobj\n"
    offsets[xref_id] = len(out)
    rows = [(0, 0, 65535)] + [
        (2, stream_id, packed_ids.index(i)) if i in packed_ids else (1, offsets.get(i, 0), 0)
        for i in range(1, xref_id + 1)
    ]
    table = zlib.compress(b"".join(struct.pack(">BIH", *row) for row in rows))
    root = reader.trailer.raw_get("/Root").idnum
    facts = (xref_id, xref_id + 1, root, len(table))
    out += (
        b"%d 0 obj\n<</Type/XRef/Size %d/W[1 4 2]/Root %d 0 R/Filter/FlateDecode/Length %d>>stream\n" % facts
    )
    out += table + b"\nendstream\nendobj\n"
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % offsets[xref_id])


def embedded(content: bytes) -> StreamObject:
    made = DecodedStreamObject()
    made.set_data(content)
    made[NameObject("/Type")] = NameObject("/EmbeddedFile")
    return made


def script_action() -> DictionaryObject:
    return dictionary(S="/JavaScript", JS="app.alert(1)")


def to_a_page() -> DictionaryObject:
    return dictionary(S="/GoTo", D=ArrayObject([NumberObject(0), NameObject("/Fit")]))
