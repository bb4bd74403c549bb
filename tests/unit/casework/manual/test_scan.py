"""Files of searched systems are known by their content; programs and unreadable files are refused."""

import io
import os
import zipfile
from pathlib import Path

import pytest
from tests.support.manual import zipped

from afschrift.casework.manual.scan import scan
from afschrift.domain.errors import RefusedError

AT_MOST = 500_000_000
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600
TYPES = "[Content_Types].xml"
OOXML = "application/vnd.openxmlformats-officedocument."
BOMB = zipped(a=b"\0" * 30_000_000)


def office(part: str) -> bytes:
    return zipped(**{TYPES: b"x", part: b"y"})


def looked(name: str, content: bytes, at_most: int = AT_MOST) -> tuple[str, str]:
    found = scan(name, io.BytesIO(content), len(content), at_most)
    assert b"".join(found.parts) == content
    assert found.size == len(content)
    return found.name, found.media_type


def turned_down(name: str, content: bytes, at_most: int = AT_MOST) -> str:
    with pytest.raises(RefusedError) as refused:
        scan(name, io.BytesIO(content), len(content), at_most)
    error = str(refused.value)
    assert "kwikstaart" not in error
    return error


@pytest.mark.parametrize(
    ("name", "content", "called", "media_type"),
    [
        ("brief.pdf", b"%PDF-1.7\nx", "brief.pdf", "application/pdf"),
        ("brief.txt", b"%PDF-1.7\nx", "brief.txt.pdf", "application/pdf"),
        ("foto.txt", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "foto.txt.png", "image/png"),
        ("foto.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "foto.jpg", "image/jpeg"),
        ("mail.eml", b"From: a@example.org\r\nTo: b\r\n\r\nhoi", "mail.eml", "message/rfc822"),
        ("mail.msg", OLE, "mail.msg", "application/vnd.ms-outlook"),
        ("lijst.csv", b"a;b\r\n1;2\r\n", "lijst.csv", "text/csv"),
        ("notitie", "één".encode(), "notitie.txt", "text/plain"),
        ("notitie.txt", "één".encode("utf-16"), "notitie.txt", "text/plain"),
        ("auto.txt", b"BMW of MZ, dat is de vraag", "auto.txt", "text/plain"),
        ("gesprek.mp3", b"ID3\3\0\0\0\0", "gesprek.mp3", "audio/mpeg"),
        ("brief.docx", office("word__document.xml"), "brief.docx", f"{OOXML}wordprocessingml.document"),
        ("post.zip", zipped(a=b"een", b=zipped(c=b"twee")), "post.zip", "application/zip"),
        (
            "kaart.odt",
            zipped(mimetype=b"x", a=b"een"),
            "kaart.odt",
            "application/vnd.oasis.opendocument.text",
        ),
        ("kaart.odt", zipped(a=b"een"), "kaart.odt.zip", "application/zip"),
        ("post.docx", zipped(a=b"een"), "post.docx.zip", "application/zip"),
        ("oud.doc", OLE + "_VBA_PROJECT".encode("utf-16-le"), "oud.doc", "application/msword"),
        ("macro.xlsx", office("xl__vbaProject.bin"), "macro.xlsx", f"{OOXML}spreadsheetml.sheet"),
        ("a.zip", zipped(a=zipped(**{"b.exe": b"MZ\0\0"})), "a.zip", "application/zip"),
        ("a/../kwikstaart.pdf", b"%PDF-1.7\nx", "kwikstaart.pdf", "application/pdf"),
    ],
)
def test_a_file_is_what_its_content_is(name: str, content: bytes, called: str, media_type: str) -> None:
    assert looked(name, content) == (called, media_type)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"MZ\x90\0" + b"\0" * 99, "program"),
        (b"\x7fELF\2\1\1" + b"\0" * 99, "program"),
        (b"#!/bin/sh\nrm -r x", "program"),
        (b"<html><script>alert(1)</script>", "not taken"),
        (b"\x1f\x8b\x08" + b"\0" * 20, "not taken"),
        (b"Rar!\x1a\x07\0\0\0\0", "not taken"),
        (bytes(range(256)), "not taken"),
        (b"PK\x03\x04" + b"\0" * 50, "damaged"),
        (BOMB, "zip bomb"),
    ],
)
def test_programs_and_what_cannot_be_looked_into_is_turned_down(content: bytes, words: str) -> None:
    assert words in turned_down("kwikstaart.pdf", content)


def test_a_file_too_large_or_that_changes_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "kwikstaart.zip").open("w+b") as stream:
        os.truncate(stream.fileno(), 2_000_000_000)  # sparse: it takes no room
        with pytest.raises(RefusedError, match="larger than the 500 MB"):
            scan("kwikstaart.zip", stream, 2_000_000_000, AT_MOST)
        assert stream.tell() == 0
    with pytest.raises(RefusedError, match=r"larger than the 0\.001 MB"):
        scan("a.txt", io.BytesIO(b"x" * 1001), 900, 1000)
    content = io.BytesIO(b"first")
    found = scan("a.txt", content, 5, AT_MOST)
    content.seek(0)
    content.write(b"other")
    with pytest.raises(RefusedError, match="changed while it was read"):
        b"".join(found.parts)


def test_bombs_in_archives_and_one_that_lies() -> None:
    noise = os.urandom(1000)
    inner = zipped(a=b"\0" * 9_000_000, b=noise)
    assert "zip bomb" in turned_down("kwikstaart.zip", zipped(a=inner, b=inner + b" "))
    assert "zip bomb" in turned_down("kwikstaart.zip", zipped(a=zipped(b=zipped(c=zipped(d=b"x")))))
    flat = zipped(a=os.urandom(1000) * 90)  # within the ratio, but more than four files of this size
    assert "zip bomb" in turned_down("kwikstaart.zip", flat, at_most=len(flat))
    lie = bytearray(BOMB)
    here = lie.find(b"PK\x03\x04")
    there = lie.rfind(b"PK\x01\x02")
    lie[here + 22 : here + 26] = lie[there + 24 : there + 28] = (10).to_bytes(4, "little")
    with zipfile.ZipFile(io.BytesIO(lie)) as archive:
        assert archive.infolist()[0].file_size == 10
    assert "zip bomb" in turned_down("kwikstaart.zip", bytes(lie))


def test_a_zip_with_a_password() -> None:
    locked = bytearray(zipped(a=b"hello"))
    locked[locked.rfind(b"PK\x01\x02") + 8] |= 1
    assert "password" in turned_down("kwikstaart.zip", bytes(locked))
