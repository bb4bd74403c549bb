"""An e-mail's attachments are looked into as files of their own, and named by their number alone."""

from __future__ import annotations

import base64

import pytest
from tests.support.active_files import (
    PNG,
    docx,
    mail,
    message,
    old,
    outlook,
    outlook_tree,
    packed,
    pdf,
    script_action,
)

from afschrift.extraction.active_content.inspect import inspect
from afschrift.extraction.active_content.part import Part

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
    sent = (
        mail(("a.png", PNG), ("b.pdf", pdf()))
        if ending == "eml"
        else outlook(("a.png", PNG), ("b.pdf", pdf()))
    )
    assert found(sent, ending) == []
