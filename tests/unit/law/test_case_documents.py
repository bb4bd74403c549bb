import pytest

from afschrift.domain.errors import RefusedError
from afschrift.law.case_documents import SUFFIXES, checked_content, media_type

ZIP, OLE, ELF, EXE = b"PK\x03\x04..", bytes.fromhex("d0cf11e0a1b11ae1"), b"\x7fELF\x02\0", b"MZ\x90\0"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("brief.PDF", b"%PDF-1.7", "application/pdf"),
        ("a.b.png", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("scan.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("scan.tif", b"MM\0*\0", "image/tiff"),
        ("mail.eml", b"From: a@example.org\r\n", "message/rfc822"),
        ("mail.msg", OLE, "application/vnd.ms-outlook"),
        ("naam.txt", "Zoë".encode("utf-16"), "text/plain"),
        ("list.ods", ZIP, "application/vnd.oasis.opendocument.spreadsheet"),
    ],
)
def test_common_kinds(name: str, content: bytes, kind: str) -> None:
    assert media_type(name, content) == kind


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"", "is empty"),
        *((name, b"%PDF-1.7", "of this kind") for name in ("run.exe", "run.sh", "run.js", "a.docm", "a.zip")),
        *((name, b"%PDF-1.7", "of this kind") for name in ("a.html", "pdf", "a.pdf.exe", "")),
    ],
)
def test_empty_documents_and_other_kinds_are_refused(name: str, content: bytes, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        media_type(name, content)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("program", [ELF, EXE])
def test_no_ending_lets_a_program_in(suffix: str, program: bytes) -> None:
    with pytest.raises(RefusedError, match="something else") as error:
        media_type(f"Jansen{suffix}", program)
    assert "Jansen" not in str(error.value)


def test_what_a_later_part_shows_is_turned_down_too() -> None:
    parts = iter([b"From: a@example.org", b"more", ELF, b"never read"])
    with pytest.raises(RefusedError, match="something else"):
        list(checked_content("Jansen.eml", parts, 1000))
    assert next(parts) == b"never read"


def test_no_more_is_read_than_shows_that_it_is_too_large() -> None:
    assert list(checked_content("a.pdf", [b"%PDF-\0", b"\0"], 7)) == [b"%PDF-\0", b"\0"]
    assert list(checked_content("a.txt", [b"\xff\xfeA\0", b"B\0"], 9)) == [b"\xff\xfeA\0", b"B\0"]
    parts = iter([b"x" * 600_000, b"x" * 400_000, b"x", b"never read"])
    with pytest.raises(RefusedError, match=r"larger than the 1 MB .*AFSCHRIFT_DOCUMENT_MEGABYTES"):
        list(checked_content("a.txt", parts, 1_000_000))
    assert next(parts) == b"never read"
