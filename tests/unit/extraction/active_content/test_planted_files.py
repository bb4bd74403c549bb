"""Each further form in which something runs is found, in files that are otherwise sound."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile

import pytest
from pypdf.generic import ArrayObject, DecodedStreamObject, NameObject
from tests.support.active_files import (
    MACRO_TREE,
    PNG,
    biff,
    dictionary,
    docx,
    field,
    mail,
    odt,
    old,
    outlook,
    packed,
    pdf,
    relation,
    script_action,
    xlsx,
)
from tests.support.compound_file import compound

from afschrift.extraction.active_content.inspect import inspect
from afschrift.extraction.active_content.part import Part

PAGE = b"<html><script>x</script>"
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>'


def found(content: bytes, ending: str = "", media_type: str = "") -> list[str]:
    """Kinds with their positions, as `archived.1 script`."""
    return [f"{part.position} {part.kind}".strip() for part in inspect(Part(content, ending, media_type))]


def typed(content_type: str, element: str = "Override") -> bytes:
    types = TYPES.format(f'<{element} Extension="bin" ContentType="{content_type}"/>')
    return packed({"[Content_Types].xml": types, "word/document.xml": "<x/>"})


def script_in_a_stream() -> DecodedStreamObject:
    made = DecodedStreamObject()
    made.set_data(b"app.alert(1)")
    return made


def tar(**members: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in members.items():
            info = tarfile.TarInfo(name.replace("_dot_", "."))
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def plain_powerpoint(inner: bytes) -> bytes:
    """An old PowerPoint file with an object that is not compressed."""
    atom = struct.pack("<HHI", 0, 0x1011, len(inner)) + inner
    return compound({"PowerPoint Document": struct.pack("<HHI", 0xF, 0x03E8, len(atom)) + atom.ljust(5000)})


def renamed(content: bytes, name: bytes, other: bytes) -> bytes:
    """A compound file in which a stream bears another name of the same length."""
    before, after = (text.decode().encode("utf-16-le") for text in (name, other))
    assert before in content
    return content.replace(before, after)


PDFS = [
    *(
        (action[1:], pdf(X=dictionary(S=action)), [kind])
        for action, kind in (
            ("/ImportData", "action"),
            ("/GoToE", "action"),
            ("/Rendition", "embedded_object"),
            ("/RichMediaExecute", "embedded_object"),
        )
    ),
    *((kind[1:], pdf(X=dictionary(Subtype=kind)), ["embedded_object"]) for kind in ("/Screen", "/Movie", "/3D")),
    ("script_in_a_stream", pdf(X=dictionary(JS=script_in_a_stream())), ["script"]),
    ("names_of_files", pdf(Names=dictionary(EmbeddedFiles=dictionary(Names=ArrayObject()))), ["embedded_file"]),
    ("xfa_stream", pdf(AcroForm=dictionary(XFA=script_in_a_stream())), ["xfa"]),
    ("deep_in_arrays", pdf(X=ArrayObject([ArrayObject([dictionary(A=script_action())])])), ["script"]),
    ("an_address_on_opening", pdf(OpenAction=dictionary(S="/URI", URI="http://example.org")), ["action"]),
    ("script_called_so", pdf(X=dictionary(JS=NameObject("/F1"), S="/Transparency")), []),
]  # fmt: skip

OFFICE = [
    *(
        (kind, docx(word___rels__d_dot_rels=relation(kind, "x.bin", "Internal")), [expected])
        for kind, expected in (
            ("wordVbaData", "macro"),
            ("xlMacrosheet", "macro"),
            ("xlIntlMacrosheet", "macro"),
            ("control", "embedded_object"),
            ("activeXControlBinary", "embedded_object"),
            ("oleObject", "embedded_object"),
        )
    ),
    ("type_of_a_part", typed("application/vnd.ms-office.vbaProject"), ["macro"]),
    ("type_of_a_file", typed("application/vnd.ms-word.document.macroEnabled.main+xml"), ["macro"]),
    ("type_by_ending", typed("application/vnd.ms-excel.macrosheet+xml", "Default"), ["macro"]),
    ("type_of_a_document", typed("application/vnd.ms-word.document.main+xml"), []),
    ("macros_as_xml", docx(word__vbaData_dot_xml="<x/>"), ["macro"]),
    ("macros_in_capitals", docx(WORD__VBAPROJECT_dot_BIN=b"x"), ["macro"]),
    ("active_mime", docx(word__x_dot_mso=b"ActiveMime\0"), ["macro"]),
    ("click", docx('<x xmlns="u"><hlinkClick action="ppaction://program"/></x>'), ["action"]),
    ("hover", docx('<x xmlns="u"><hlinkHover action="ppaction://macro?name=x"/></x>'), ["action"]),
    ("click_to_a_slide", docx('<x xmlns="u"><hlinkClick action="ppaction://hlinksldjump"/></x>'), []),
    ("link_to_an_object", xlsx(xl__e_dot_xml='<externalLink xmlns="u"><oleLink progId="x"/></externalLink>'), ["embedded_object"]),
    ("dde_name", xlsx("<v>1</v>", xl__workbook_dot_xml="<workbook xmlns='u'><definedName>cmd|'/C calc'!A0</definedName></workbook>"), ["dde"]),
    ("dde_cut_by_a_field", docx(field("DDEAUTO ", "</w:instrText></w:r>" + field(" DATE ")[5:-6] + "<w:r><w:instrText>cmd")), ["dde"]),
    ("dde_utf16", docx(word__x_dot_xml=f'<?xml version="1.0" encoding="utf-16"?><w:x xmlns:w="u">{field("DDE cmd")}</w:x>'.encode("utf-16")), ["dde"]),
    ("program_in_it", docx(word__media__x_dot_bin=b"MZ\x90\0" + bytes(60)), ["program"]),
    ("workbook_of_macros_in_it", docx(word__embeddings__t_dot_xlsm=xlsx(xl__vbaProject_dot_bin=b"x")), ["macro"]),
    ("pdf_in_it", docx(word__embeddings__t_dot_pdf=pdf(X=script_action())), ["script"]),
    ("odf_frame", odt('<draw:floating-frame xlink:href="//server/x"/>'), ["remote_content"]),
    ("odf_object", odt('<draw:object xlink:href="../../x.odt"/>'), ["remote_content"]),
    ("odf_object_inside", odt('<draw:object xlink:href="./Object 1"/>'), []),
    ("odf_plugin", odt('<draw:plugin xlink:href="x"/>'), ["embedded_object"]),
    ("odf_applet", odt('<draw:applet/>'), ["embedded_object"]),
    ("odf_script", odt('<text:script script:language="x">x</text:script>'), ["script"]),
    ("odf_dde_table", odt('<text:dde-connection-decl office:dde-item="x"/>'), ["dde"]),
    ("odf_ole", odt(Object_1=compound({"\x01Ole10Native": b"x" * 90})), ["embedded_object"]),
]  # fmt: skip

OLE = [
    ("macros_of_excel", compound({"Workbook": bytes(5000), "_VBA_PROJECT_CUR": MACRO_TREE}), ["old_office", "macro"]),  # type: ignore[dict-item]
    ("object_of_excel", compound({"Workbook": bytes(5000), "MBD0001": {"\x01CompObj": b"x"}}), ["old_office", "embedded_object"]),
    ("item_name", old(X={"\x01Ole10ItemName": b"x"}), ["old_office", "embedded_object"]),  # type: ignore[arg-type]
    ("other_sheets", biff((0x85, bytes(6)), (0x85, bytes(5) + b"\2")), ["old_office"]),
    ("book_of_excel_5", renamed(biff((0x2F, bytes(6))), b"Workbook", b"Book\0\0\0\0"), ["old_office"]),
    ("powerpoint_object", plain_powerpoint(b"x" * 90), ["old_office", "embedded_object"]),
    ("word_dde_in_bytes", old(WordDocument=(bytes(600) + b"\x13 DDE cmd\x14x\x15").ljust(5000, b"\0")), ["old_office", "dde"]),
]  # fmt: skip

OTHERS = [
    ("tar", "tar", tar(a_dot_html=PAGE, b_dot_txt=b"x", c_dot_js=b"x"), ["archived.2 script", "archived.4 program"]),
    ("tgz", "tgz", gzip.compress(tar(a_dot_exe=b"x")), ["archived.1/archived.2 program"]),
    ("gzip_of_two_parts", "gz", gzip.compress(b" ") + gzip.compress(PAGE), ["archived.1 script"]),
    ("elf", "", b"\x7fELF" + bytes(20), ["program"]),
    ("shell", "txt", b"#!/bin/sh\n", ["program"]),
    ("java", "jar", packed({"A.class": b"\xca\xfe\xba\xbe"}), ["program", "archived.1 program"]),
    ("blanks_behind", "zip", packed({"x.exe. ": b"x"}), ["archived.1 program"]),
    ("seven_zip", "7z", b"7z\xbc\xaf\x27\x1c", ["unreadable"]),
    ("cabinet", "cab", b"MSCF\0\0", ["unreadable"]),
    ("script_as_picture", "png", b"#!/bin/sh\n", ["program"]),
    ("rtf_as_pdf", "pdf", b"{\\rtf1 x}", ["other_kind"]),
    ("page_as_picture", "png", PAGE, ["script"]),
    ("pdf_and_zip", "pdf", pdf() + packed({"x.js": b"x"}), ["archived.1 program"]),
    ("zip_behind_a_picture", "png", PNG + packed({"x.js": b"x"}), ["archived.1 program"]),
    ("word_of_web", "mht", mail(html="<script>x</script>"), ["text.2 script", "script"]),
    ("form", "html", b"<button formaction=' javascript:x'>", ["script"]),
    ("page_in_an_address", "html", b'<a href="data:text/html,x">', ["script"]),
    ("object", "html", b"<object data=x>", ["embedded_object"]),
    ("applet", "html", b"<APPLET code=x>", ["embedded_object"]),
    ("rtf_linked", "rtf", rb"{\rtf1{\object\objautlink x}}", ["embedded_object"]),
    ("rtf_share", "rtf", rb"{\rtf1{\*\template \\\\server\\x.dot}}", ["remote_content"]),
    ("rtf_cut_off", "rtf", rb"{\rtf1{\field{\*\fldinst DDE cmd", ["dde"]),
    ("tabs", "tsv", b"a\t=cmd|' /C calc'!A0\r\n", ["dde"]),
    ("page_of_outlook", "msg", outlook(body="<p>"), []),
]  # fmt: skip


@pytest.mark.parametrize(("content", "kinds"), [row[1:] for row in PDFS], ids=[row[0] for row in PDFS])
def test_pdf_forms(content: bytes, kinds: list[str]) -> None:
    assert found(content, "pdf") == kinds


@pytest.mark.parametrize(("content", "kinds"), [row[1:] for row in OFFICE], ids=[row[0] for row in OFFICE])
def test_office_forms(content: bytes, kinds: list[str]) -> None:
    assert found(content) == kinds


@pytest.mark.parametrize(("content", "kinds"), [row[1:] for row in OLE], ids=[row[0] for row in OLE])
def test_compound_forms(content: bytes, kinds: list[str]) -> None:
    assert found(content) == kinds


@pytest.mark.parametrize(
    ("ending", "content", "kinds"), [row[1:] for row in OTHERS], ids=[row[0] for row in OTHERS]
)
def test_other_forms(ending: str, content: bytes, kinds: list[str]) -> None:
    assert found(content, ending) == kinds


def test_texts_on_the_way_are_read_with_their_positions() -> None:
    read: dict[str, str] = {}
    sent = mail(("a.txt", b"one"), ("b.zip", packed({"c.csv": b"two", "d.docx": docx()})), html="<p>three")
    inspect(Part(sent, "eml"), read.__setitem__)
    assert {place: text.strip() for place, text in read.items()} == {
        "text.1": "Hello, this is about JavaScript.",
        "text.2": "<p>three",
        "attachment.1": "one",
        "attachment.2/archived.1": "two",
    }
    read.clear()
    inspect(Part(outlook(("a.txt", b"one"), body="Hé"), "msg"), read.__setitem__)
    assert read == {"text.1": "Hé", "attachment.1": "one"}
