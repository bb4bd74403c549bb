"""What may run or fetch something is found by its kind, and what merely looks like it is not."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile

import pytest
from pypdf.generic import ArrayObject, NumberObject, TextStringObject
from tests.support.active_files import (
    MACRO_TREE,
    PNG,
    biff,
    dictionary,
    docx,
    embedded,
    field,
    odt,
    old,
    outlook,
    packed,
    pdf,
    powerpoint,
    relation,
    script_action,
    to_a_page,
    xlsx,
)
from tests.support.compound_file import compound

from afschrift.extraction.active_content.inspect import inspect
from afschrift.extraction.active_content.part import Part

DDE = r"DDEAUTO c:\\windows\\system32\\cmd.exe &quot;/k calc&quot;"
MACRO_FILE = compound(MACRO_TREE)  # type: ignore[arg-type]


def kinds(content: bytes, ending: str = "", media_type: str = "") -> list[str]:
    found = inspect(Part(content, ending, media_type))
    assert {finding.position for finding in found} <= {""}, found
    return sorted(finding.kind for finding in found)


def escaped(content: bytes) -> bytes:
    assert b"/JavaScript" in content
    return content.replace(b"/JavaScript", b"/J#61vaScript").replace(b"/JS ", b"/#4AS ")


def packed_tar() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("kwikstaart"), io.BytesIO())
    return made.getvalue()


PDFS = [
    ("script", pdf(Names=dictionary(JavaScript=dictionary(Names=ArrayObject()))), ["script"]),
    ("script_on_opening", pdf(OpenAction=script_action()), ["action", "script"]),
    ("script_escaped", escaped(pdf(OpenAction=script_action())), ["action", "script"]),
    ("script_in_an_object_stream", pdf(compressed=True, OpenAction=script_action()), ["action", "script"]),
    ("locked_for_change_alone", pdf(password="", OpenAction=script_action()), ["action", "script"]),
    ("password", pdf(password="kwikstaart"), ["unreadable"]),
    ("launch", pdf(OpenAction=dictionary(S="/Launch", F="cmd.exe")), ["action"]),
    ("form_to_elsewhere", pdf(A=dictionary(S="/SubmitForm", F="http://example.org")), ["action"]),
    ("on_events", pdf(AA=dictionary(WC=dictionary(S="/URI", URI="http://example.org"))), ["action"]),
    ("rich_media", pdf(X=dictionary(Subtype="/RichMedia")), ["embedded_object"]),
    ("attachment_note", pdf(X=dictionary(Subtype="/FileAttachment")), ["embedded_file"]),
    ("file_specification", pdf(X=dictionary(Type="/Filespec", EF=dictionary(F="x"))), ["embedded_file"]),
    ("xfa", pdf(AcroForm=dictionary(XFA=ArrayObject([TextStringObject("template")]))), ["xfa"]),
    ("behind_other_bytes", b"\0" * 500 + pdf(OpenAction=script_action()), ["action", "script"]),
    ("words_in_its_text", pdf(), []),
    ("text_in_an_object_stream", pdf(compressed=True), []),
    ("a_page_on_opening", pdf(OpenAction=to_a_page()), []),
    (
        "a_destination_on_opening",
        pdf(OpenAction=ArrayObject([NumberObject(0), TextStringObject("/Fit")])),
        [],
    ),
    ("a_link", pdf(X=dictionary(Subtype="/Link", A=dictionary(S="/URI", URI="http://example.org"))), []),
    ("a_plain_form", pdf(AcroForm=dictionary(Fields=ArrayObject())), []),
    ("a_font_called_so", pdf(X=dictionary(Font=dictionary(AA=dictionary(Type="/Font"), JS="/F1"))), []),
]


@pytest.mark.parametrize(("content", "found"), [case[1:] for case in PDFS], ids=[case[0] for case in PDFS])
def test_pdf(content: bytes, found: list[str]) -> None:
    assert kinds(content, "pdf") == found


def test_a_file_in_a_pdf_is_looked_into() -> None:
    found = inspect(Part(pdf(X=embedded(PNG), Y=embedded(b"MZ\x90\0" + bytes(60))), "pdf"))
    assert [(finding.position, finding.kind) for finding in found] == [
        ("", "embedded_file"),
        ("embedded.2", "program"),
    ]


OFFICE = [
    ("macros", docx(word__vbaProject_dot_bin=MACRO_FILE), ["macro"]),
    ("macros_by_another_name", docx(word__media__x_dot_bin=MACRO_FILE), ["embedded_object", "macro"]),
    ("macros_by_relation", docx(word___rels__d_dot_rels=relation("vbaProject", "x.bin", "Internal")), ["macro"]),
    ("template", docx(word___rels__d_dot_rels=relation("attachedTemplate", "http://example.org/x.dotm")), ["remote_content"]),
    ("object_elsewhere", docx(word___rels__d_dot_rels=relation("oleObject", "mhtml:http://example.org!x")), ["embedded_object", "remote_content"]),
    ("frame", docx(word___rels__d_dot_rels=relation("frame", "http://example.org")), ["remote_content"]),
    ("alt_chunk", docx(word___rels__d_dot_rels=relation("aFChunk", "http://example.org")), ["remote_content"]),
    ("relation_in_another_case", docx(word___rels__d_dot_rels=relation("attachedTemplate", "x", "EXTERNAL")), ["remote_content"]),
    ("page_in_a_document", docx(word__afchunk_dot_html=b"<html><script>x</script>"), ["script"]),
    ("object", docx(word__embeddings__oleObject1_dot_bin=compound({"\x01Ole10Native": b"x" * 90})), ["embedded_object"]),
    ("control", docx(word__activeX__activeX1_dot_xml="<a/>"), ["embedded_object"]),
    ("dde_simple", docx(f'<w:fldSimple w:instr="{DDE}"/>'), ["dde"]),
    ("dde", docx(field(DDE)), ["dde"]),
    ("dde_cut_up", docx(field("D", "DE", "AU", "TO", r" c:\\cmd.exe")), ["dde"]),
    ("dde_spelled", docx(field("QUOTE 68 68 69 65 85 84 79", " c:\\\\cmd.exe")), ["dde"]),
    ("dde_in_a_header", docx(word__header1_dot_xml=f'<w:hdr xmlns:w="u">{field(DDE)}</w:hdr>'), ["dde"]),
    ("links_alone", docx(field(r'HYPERLINK "http://example.org/DDE"'), word___rels__d_dot_rels=relation("hyperlink", "http://example.org")), []),
    ("words_alone", docx(), []),
    ("page_numbers", docx(field(" PAGE ") + '<w:fldSimple w:instr=" DATE "/>'), []),
    ("picture", docx(word__media__image1_dot_png=PNG), []),
    ("a_table_of_excel_in_it", docx(word__embeddings__t_dot_xlsx=xlsx()), []),
    ("sheet_of_macros", xlsx(xl__macrosheets__sheet1_dot_xml="<a/>"), ["macro"]),
    ("dde_link", xlsx(xl__externalLinks__e_dot_xml='<externalLink xmlns="u"><ddeLink ddeService="cmd"/></externalLink>'), ["dde"]),
    ("other_workbook", xlsx(xl__externalLinks__e_dot_xml='<externalLink xmlns="u"><externalBook/></externalLink>'), ["remote_content"]),
    ("dde_formula", xlsx("<f>cmd|' /C calc'!A0</f>"), ["dde"]),
    ("plain_formula", xlsx("<f>IF(A1&gt;1,\"a|b!\",'Blad 2'!A1)</f>"), []),
    ("entities", docx(word__x_dot_xml='<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'), ["unreadable"]),
    ("odf_macros", odt(Basic__Standard__Module1_dot_xml="<x/>"), ["macro"]),
    ("odf_python", odt(Scripts__python__x_dot_py="print()"), ["macro"]),
    ("odf_event", odt('<script:event-listener xlink:href="vnd.sun.star.script:x"/>'), ["macro"]),
    ("odf_section", odt('<text:section-source xlink:href="http://example.org/x.odt"/>'), ["remote_content"]),
    ("odf_picture_elsewhere", odt('<draw:image xlink:href="file:///server/x.png"/>'), ["remote_content"]),
    ("odf_dde", odt('<office:dde-source office:dde-application="cmd"/>'), ["dde"]),
    ("odf_link", odt('<text:a xlink:href="http://example.org">x</text:a>'), []),
    ("odf_picture", odt('<draw:image xlink:href="Pictures/x.png"/>', Pictures__x_dot_png=PNG), []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "found"), [case[1:] for case in OFFICE], ids=[case[0] for case in OFFICE]
)
def test_office(content: bytes, found: list[str]) -> None:
    assert kinds(content) == found


def word(text: str) -> bytes:
    return old(WordDocument=(b"\xec\xa5" + bytes(600) + text.encode("utf-16-le")).ljust(5000, b"\0"))


OLE = [
    ("word", old(), ["old_office"]),
    ("word_macros", old(macros=True), ["macro", "old_office"]),
    ("word_object", old(ObjectPool={"_1": {"\x01Ole10Native": b"x"}}), ["embedded_object", "old_office"]),  # type: ignore[arg-type]
    ("word_dde", word("\x13 DDEAUTO cmd\x14x\x15"), ["dde", "old_office"]),
    ("word_of_dde", word("all about DDEAUTO"), ["old_office"]),
    ("excel_macro_sheet", biff((0x85, bytes(5) + b"\1" + bytes(4))), ["macro", "old_office"]),
    ("excel_dde", biff((0x1AE, b"\0\0\4\0\0cmd\3x")), ["dde", "old_office"]),
    ("excel_other_workbook", biff((0x1AE, b"\0\0\4\0\0x.xls")), ["old_office", "remote_content"]),
    ("excel_password", biff((0x2F, bytes(6))), ["old_office", "unreadable"]),
    ("excel", biff((0x85, bytes(10)), (0x1AE, b"\1\0\1\4")), ["old_office"]),
    ("powerpoint_macros", powerpoint(MACRO_FILE), ["embedded_object", "macro", "old_office"]),
    ("powerpoint", compound({"PowerPoint Document": bytes(5000)}), ["old_office"]),
    (
        "installer",
        compound({"x": b"y"}, bytes.fromhex("84100c0000000000c000000000000046")),
        ["old_office", "program"],
    ),
    ("password", compound({"EncryptedPackage": b"x", "EncryptionInfo": b"y"}), ["unreadable"]),
    ("message", outlook(), []),
]


@pytest.mark.parametrize(("content", "found"), [case[1:] for case in OLE], ids=[case[0] for case in OLE])
def test_compound_files(content: bytes, found: list[str]) -> None:
    assert kinds(content) == found


TEXTS = [
    ("html_script", "html", b"<p>x<script>alert(1)</script>", ["script"]),
    ("html_script_behind_a_short_comment", "html", b"<html><!--><script>x</script>", ["script"]),
    ("html_handler", "html", b'<img alt=">" src=x onerror="alert(1)">', ["script"]),
    ("html_address", "html", b'<a href="java&#115;cript:x">', ["script"]),
    ("html_frame", "htm", b"<iframe src=x>", ["embedded_object"]),
    ("html_utf16", "html", "<html><script>".encode("utf-16"), ["script"]),
    ("html_without_ending", "", b"\xef\xbb\xbf \n<!DOCTYPE html><script>x</script>", ["script"]),
    ("html_of_scripts", "html", b"<p>&lt;script&gt; javascript: onclick= <!-- <script> --> <b class=onload>", []),
    ("svg_script", "svg", b'<svg xmlns="x"><script>x</script></svg>', ["script"]),
    ("svg_prefix", "", b'<?xml version="1.0"?><s:svg xmlns:s="x"><s:script/></s:svg>', ["script"]),
    ("svg_handler", "svg", b"<svg onload='x'/>", ["script"]),
    ("svg_animated", "svg", b'<svg><a><animate attributeName="href" values="javascript:x"/></a></svg>', ["script"]),
    ("svg", "svg", b'<svg xmlns="x"><text>javascript: on a Monday</text><path d="M0"/></svg>', []),
    ("flat_word", "xml", b'<?mso-application progid="Word.Document"?><w:wordDocument w:macrosPresent="yes"/>', ["macro"]),
    ("xml", "xml", b'<?xml version="1.0"?><people><person note="vbaProject"/></people>', []),
    ("rtf_object", "rtf", rb"{\rtf1{\object\objemb{\*\objdata 0105}}}", ["embedded_object"]),
    ("rtf_object_as_doc", "doc", rb"{\rt{\object\objocx}}", ["embedded_object"]),
    ("rtf_template", "rtf", rb"{\rtf1{\*\template http://example.org/x.dotm}}", ["remote_content"]),
    ("rtf_dde", "rtf", rb"{\rtf1{\field{\*\fldinst {\b DDE}AUTO cmd}}}", ["dde"]),
    ("rtf_dde_in_signs", "rtf", rb"{\rtf1{\field{\*\fldinst \'44\u68 ?E cmd}}}", ["dde"]),
    ("rtf_words", "rtf", rb"{\rtf1 the word \\objdata and DDEAUTO{\field{\*\fldinst HYPERLINK DDE}}{\*\template C:\\x.dot}}", []),
    ("csv_dde", "csv", b"a;b\r\n1;=cmd|' /C calc'!A0\r\n", ["dde"]),
    ("csv_dde_quoted", "csv", b'"x","@SUM(1,2)*cmd|\'/C calc\'!A0"', ["dde"]),
    ("csv_formula", "csv", b"a;=SUM(A1:A2);-5;+31 6 12|34!;=HYPERLINK(x)", []),
    ("csv_words", "csv", b"a;cmd|' /C calc'!A0;x", []),
    ("script_by_ending", "vbs", b"MsgBox 1", ["program"]),
    ("shortcut", "lnk", b"L\0\0\0\x01\x14\x02\0", ["program"]),
    ("program", "", b"MZ\x90\0" + bytes(60), ["program"]),
    ("program_as_picture", "jpg", b"MZ\x90\0" + bytes(60), ["program"]),
    ("words_of_a_car", "txt", b"MZ is a car, and PKU an illness", []),
    ("archive_as_picture", "png", packed({"a": b"x"}), ["other_kind"]),
    ("another_picture", "jpg", PNG, []),
    ("sound_as_picture", "webp", b"RIFF\0\0\0\0WEBPVP8 ", []),
    ("active_mime", "mso", b"ActiveMime\0\0", ["macro"]),
    ("rar", "rar", b"Rar!\x1a\x07\0", ["unreadable"]),
    ("winmail", "dat", b"\x78\x9f\x3e\x22", ["unreadable"]),
    ("svgz", "svgz", gzip.compress(b"<svg/>"), []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "content", "found"), [case[1:] for case in TEXTS], ids=[case[0] for case in TEXTS]
)
def test_texts_programs_and_other_kinds(ending: str, content: bytes, found: list[str]) -> None:
    assert kinds(content, ending) == found


SCRIPT = b"<html><script>x</script>"


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        ("svgz", gzip.compress(b"<svg onload='x'/>", mtime=0)),
        ("gz", gzip.compress(SCRIPT, mtime=0)),
        ("bz2", bz2.compress(SCRIPT)),
        ("xz", lzma.compress(SCRIPT)),
        ("zip", packed({"kwikstaart.html": SCRIPT})),
    ],
)
def test_what_is_packed_is_looked_into(ending: str, content: bytes) -> None:
    assert [(finding.position, finding.kind) for finding in inspect(Part(content, ending))] == [
        ("archived.1", "script")
    ]
    assert inspect(Part(packed_tar(), "tar")) == ()
