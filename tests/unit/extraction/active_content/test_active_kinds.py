"""What may run or fetch something is found by its kind, and what merely looks like it is not.

Files that are texts, and what is found in them, are in `../data/active_texts.tsv`, each content as a JSON string of
its bytes as Latin-1.
"""

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
from pathlib import Path

import pytest
from pypdf.generic import ArrayObject, DecodedStreamObject, NameObject, NumberObject, TextStringObject
from tests.support.active_files import (
    MACRO_TREE,
    PNG,
    biff,
    dictionary,
    docx,
    embedded,
    field,
    mail,
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
from tests.support.data import lines

from afschrift.extraction.active_content.inspect import inspect
from afschrift.extraction.active_content.part import Part

DDE = r"DDEAUTO c:\\windows\\system32\\cmd.exe &quot;/k calc&quot;"
MACRO_FILE = compound(MACRO_TREE)  # type: ignore[arg-type]
PAGE = b"<html><script>x</script>"
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>'


def found(content: bytes, ending: str = "") -> list[str]:
    """Kinds with their positions, as `archived.1 script`."""
    return [f"{part.position} {part.kind}".strip() for part in inspect(Part(content, ending))]


def escaped(content: bytes) -> bytes:
    assert b"/JavaScript" in content
    return content.replace(b"/JavaScript", b"/J#61vaScript").replace(b"/JS ", b"/#4AS ")


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


def word(text: str) -> bytes:
    return old(WordDocument=(b"\xec\xa5" + bytes(600) + text.encode("utf-16-le")).ljust(5000, b"\0"))


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
    ("macros_of_excel", compound({"Workbook": bytes(5000), "_VBA_PROJECT_CUR": MACRO_TREE}), ["old_office", "macro"]),  # type: ignore[dict-item]
    ("object_of_excel", compound({"Workbook": bytes(5000), "MBD0001": {"\x01CompObj": b"x"}}), ["old_office", "embedded_object"]),
    ("item_name", old(X={"\x01Ole10ItemName": b"x"}), ["old_office", "embedded_object"]),  # type: ignore[arg-type]
    ("other_sheets", biff((0x85, bytes(6)), (0x85, bytes(5) + b"\2")), ["old_office"]),
    ("book_of_excel_5", renamed(biff((0x2F, bytes(6))), b"Workbook", b"Book\0\0\0\0"), ["old_office"]),
    ("powerpoint_object", plain_powerpoint(b"x" * 90), ["old_office", "embedded_object"]),
    ("word_dde_in_bytes", old(WordDocument=(bytes(600) + b"\x13 DDE cmd\x14x\x15").ljust(5000, b"\0")), ["old_office", "dde"]),
]  # fmt: skip
OTHERS = [
    ("archive_as_picture", "png", packed({"a": b"x"}), ["other_kind"]),
    ("another_picture", "jpg", PNG, []),
    ("svgz", "svgz", gzip.compress(b"<svg/>"), []),
    ("tar", "tar", tar(a_dot_html=PAGE, b_dot_txt=b"x", c_dot_js=b"x"), ["archived.2 script", "archived.4 program"]),
    ("tgz", "tgz", gzip.compress(tar(a_dot_exe=b"x")), ["archived.1/archived.2 program"]),
    ("gzip_of_two_parts", "gz", gzip.compress(b" ") + gzip.compress(PAGE), ["archived.1 script"]),
    ("java", "jar", packed({"A.class": b"\xca\xfe\xba\xbe"}), ["program", "archived.1 program"]),
    ("blanks_behind", "zip", packed({"x.exe. ": b"x"}), ["archived.1 program"]),
    ("page_as_picture", "png", PAGE, ["script"]),
    ("pdf_and_zip", "pdf", pdf() + packed({"x.js": b"x"}), ["archived.1 program"]),
    ("zip_behind_a_picture", "png", PNG + packed({"x.js": b"x"}), ["archived.1 program"]),
    ("word_of_web", "mht", mail(html="<script>x</script>"), ["text.2 script", "script"]),
    ("page_of_outlook", "msg", outlook(body="<p>"), []),
    ("svgz_packed", "svgz", gzip.compress(b"<svg onload='x'/>", mtime=0), ["archived.1 script"]),
    ("gz_packed", "gz", gzip.compress(PAGE, mtime=0), ["archived.1 script"]),
    ("bz2_packed", "bz2", bz2.compress(PAGE), ["archived.1 script"]),
    ("xz_packed", "xz", lzma.compress(PAGE), ["archived.1 script"]),
    ("zip_packed", "zip", packed({"kwikstaart.html": PAGE}), ["archived.1 script"]),
    ("tar_of_nothing", "tar", tar(kwikstaart=b""), []),
    ("files_in_a_pdf", "pdf", pdf(X=embedded(PNG), Y=embedded(b"MZ\x90\0" + bytes(60))), ["embedded_file", "embedded.2 program"]),
]  # fmt: skip
TEXTS = [
    (line["name"], line["ending"], json.loads(line["content"]).encode("latin-1"), line["found"].split(", "))
    for line in lines(str(Path(__file__).parent), "active_texts.tsv")
]
CASES = [
    *((name, "pdf", content, kinds) for name, content, kinds in PDFS),
    *((name, "", content, kinds) for name, content, kinds in [*OFFICE, *OLE]),
    *[*OTHERS, *TEXTS],
]


@pytest.mark.parametrize(
    ("ending", "content", "kinds"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_each_form_is_found_and_nothing_else(ending: str, content: bytes, kinds: list[str]) -> None:
    assert sorted(found(content, ending)) == sorted(filter(None, kinds))


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
