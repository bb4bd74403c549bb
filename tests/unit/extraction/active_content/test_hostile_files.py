"""Hostile and damaged files are reported as unreadable, without a crash, a hang or a peak of memory."""

import base64
import io
import resource
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.active_files import (
    PNG,
    biff,
    docx,
    mail,
    message,
    old,
    outlook,
    outlook_tree,
    packed,
    pdf,
    script_action,
    xlsx,
)

from afschrift.domain.files import ActivePart
from afschrift.extraction.active_content.inspect import Inspector, inspect
from afschrift.extraction.active_content.part import MOST_BYTES, Part


def bomb() -> bytes:
    return packed({"word/document.xml": b" " * 40_000_000, "[Content_Types].xml": b"<x/>"})


def lying() -> bytes:
    lie = bytearray(bomb())
    here, there = lie.find(b"PK\x03\x04"), lie.find(b"PK\x01\x02")
    lie[here + 22 : here + 26] = lie[there + 24 : there + 28] = (10).to_bytes(4, "little")
    return bytes(lie)


def nested(depth: int) -> bytes:
    made = b"x"
    for _ in range(depth):
        made = packed({"a.zip": made})
    return made


def mails(depth: int) -> bytes:
    head = b"Content-Type: message/rfc822\n\n"
    return b"MIME-Version: 1.0\n" + head * depth + b"\nhello"


def frames(depth: int) -> bytes:
    return b"MIME-Version: 1.0\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth)
    )


def locked() -> bytes:
    made = bytearray(packed({"a": b"hello"}))
    made[made.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def loop() -> bytes:
    """A PDF whose cross-reference tables name each other, and an object that is itself."""
    return (
        b"%PDF-1.7\n1 0 obj\n1 0 R\nendobj\n2 0 obj\n<</Type/Catalog/Pages 1 0 R/OpenAction 1 0 R/AA 2 0 R>>\nendobj\n"
        b"xref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000030 00000 n \n"
        b"trailer\n<</Size 3/Root 2 0 R/Prev 110>>\nstartxref\n110\n%%EOF\n"
    )


def fat_loop() -> bytes:
    made = bytearray(old(WordDocument=bytes(9000)))
    made[-512:] = b"\0\0\0\0" * 128  # every sector follows sector 0
    return bytes(made)


HOSTILE = {
    "zip_bomb": bomb(),
    "lying_zip": lying(),
    "zips_in_zips": nested(20),
    "mails_in_mails": mails(40),
    "thousands_of_mails_in_mails": mails(5_000),
    "thousands_of_frames": frames(5_000),
    "locked_zip": locked(),
    "cut_zip": packed({"a": b"x" * 100})[:50],
    "cut_docx": docx()[:-30],
    "cut_ole": old()[:600],
    "deep_pdf": b"%PDF-1.7\n1 0 obj\n"
    + b"[" * 100_000
    + b"\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF",
    "no_pdf": b"%PDF-1.7\nnothing",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_cannot_be_searched(name: str) -> None:
    began = time.monotonic()
    found = inspect(Part(HOSTILE[name]))
    assert "unreadable" in {finding.kind for finding in found}
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("content", [loop(), fat_loop()], ids=["pdf", "ole"])
def test_a_file_that_contains_itself_comes_to_an_end(content: bytes) -> None:
    began = time.monotonic()
    inspect(Part(content))
    assert time.monotonic() - began < 10


PIECES = {
    "html": (b"<a ", b'<a x="', b"<!--", b"<a      "),
    "csv": (b"=a|", b",=,-", b'"='),
    "rtf": (b"{\\field{\\fldinst ", b"{\\template "),
    "eml": (b"--b\n", b"Subject: a\n"),
    "mbox": (b"From a\nFrom b\n\n",),
    "pdf": (b"1 0 obj ", b"<<"),
}


@pytest.mark.parametrize(("ending", "piece"), [(of, piece) for of in PIECES for piece in PIECES[of]])
def test_time_grows_with_length_alone(ending: str, piece: bytes) -> None:
    heads = {"rtf": b"{\\rtf1 ", "pdf": b"%PDF-1.7\n", "mbox": b"From a\n"}
    began = time.monotonic()
    inspect(Part(heads.get(ending, b"") + piece * (3_000_000 // len(piece)), ending))
    assert time.monotonic() - began < 20


def test_a_large_file_is_held_no_further_than_a_limit() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    film, text = Inspector("mp4", None), Inspector("docx", None)
    film.write(b"\0\0\0\x18ftypmp42")
    text.write(b"PK\x03\x04")
    for _ in range(300):
        film.write(bytes(1_000_000))
        text.write(bytes(1_000_000))
    assert film.found() == ()
    assert text.found() == (ActivePart("", "unreadable"),)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 4 * MOST_BYTES


SOUND = [
    *(docx(), xlsx(), old(macros=True), pdf(OpenAction=script_action()), mail(message(b"x"))),
    *(outlook(("a", b"b")), biff((0x85, bytes(9)))),
]


@given(st.sampled_from(SOUND), st.data())
def test_no_damage_makes_an_error(sound: bytes, data: st.DataObject) -> None:
    damaged = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 20))):
        damaged[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(sound)))
    for content in (bytes(damaged), bytes(damaged[:cut])):
        assert isinstance(inspect(Part(content)), tuple)


def test_a_member_called_twice_is_looked_at_twice() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a.html", b"<script>x</script>")
        archive.writestr("a.html", b"fine")
    assert inspect(Part(made.getvalue())) == (ActivePart("archived.1", "script"),)


PROGRAM = b"MZ\x90\0" + bytes(60)
PAGE = b"<html><script>x</script>"


def found(content: bytes, ending: str = "eml") -> list[tuple[str, str]]:
    return [(finding.position, finding.kind) for finding in inspect(Part(content, ending))]


def test_each_attachment_is_a_file_with_a_number() -> None:
    sent = mail(
        ("a.png", PNG), ("b.doc", old()), ("c.pdf", pdf(OpenAction=script_action())), ("d.docx", docx())
    )
    assert found(sent) == [
        ("attachment.2", "old_office"),
        ("attachment.3", "action"),
        ("attachment.3", "script"),
    ]


def test_what_a_mail_says_it_is_counts_for_nothing() -> None:
    sent = mail(("kwikstaart.jpg", PROGRAM), ("kwikstaart.jpg", packed({"a": b"x"})), ("x.html", b"<p>fine"))
    expected = [("attachment.1", "program"), ("attachment.2", "other_kind")]
    assert found(sent) == expected
    assert found(sent, "txt") == expected  # by how it begins
    assert inspect(Part(sent, "bin", "message/rfc822"))[0].position == "attachment.1"


def test_mails_in_mails_and_archives_in_them() -> None:
    inner = message(PNG, ("x.zip", packed({"a.txt": b"x", "b.html": PAGE})))
    sent = mail(("a.txt", b"x"), inner, ("m.eml", mail(("x.vbs", b"x"))))
    assert found(sent) == [
        ("attachment.2/attachment.2/archived.2", "script"),
        ("attachment.3/attachment.1", "program"),
    ]
    assert found(packed({"a.eml": sent}), "zip")[0][0] == "archived.1/attachment.2/attachment.2/archived.2"


def test_the_text_of_a_mail_is_a_part_too() -> None:
    assert found(mail(html=PAGE.decode())) == [("text.2", "script")]
    assert found(mail(html="<p>Hello <a href='http://example.org'>you</a>")) == []


def test_a_mailbox_is_its_messages() -> None:
    head = b"From a@example.org Sat Nov 28 02:00:00 2026\n"
    box = head + mail(("a.txt", b"x")) + b"\n\n" + head + mail(("x.scr", b"x"))
    assert found(box, "mbox") == [("message.2/attachment.1", "program")]


def test_an_attachment_of_a_type_alone() -> None:
    head = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
    picture = (
        b"--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n"
        + base64.b64encode(pdf())
        + b"\n--b--\n"
    )
    assert found(head + picture) == [("attachment.1", "other_kind")]
    assert found(head + picture.replace(b"image/png", b"application/pdf")) == []


def test_messages_of_outlook() -> None:
    inner = outlook_tree(("a.png", PNG), ("kwikstaart.hta", b"x"))
    sent = outlook(("a.docx", docx()), ("b.doc", old(macros=True)), inner, {"contents": b"x"})
    assert found(sent, "msg") == [
        ("attachment.2", "old_office"),
        ("attachment.2", "macro"),
        ("attachment.3/attachment.2", "program"),
        ("attachment.4", "embedded_object"),
    ]


@pytest.mark.parametrize("ending", ["eml", "msg"])
def test_a_plain_message_is_nothing_to_judge(ending: str) -> None:
    made = mail if ending == "eml" else outlook
    assert found(made(("a.png", PNG), ("b.pdf", pdf())), ending) == []
