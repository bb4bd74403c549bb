"""What a form sends is read within limits, and no file is on a disk in clear text."""

import asyncio
import io
import random
import zipfile
from typing import Any

import pytest
from fastapi import Request

from afschrift.domain.errors import FormError
from afschrift.web import multipart
from afschrift.web.multipart import (
    AT_MOST,
    BODY_BYTES,
    FIELDS_BYTES,
    NAMES_BEYOND,
    PARTS_READ,
    EncryptedTempFile,
    Sent,
    read,
)

SECRET = b"Kanariezin over de man met de hoed. "


def test_a_temporary_file_is_read_as_any_and_lies_there_encrypted() -> None:
    content = SECRET * 10_000
    with EncryptedTempFile() as file:
        for at in range(0, len(content), 777):
            file.write(content[at : at + 777])
        assert file.size == len(content)
        lying = file._file
        lying.seek(0)
        stored = lying.read()
        assert len(stored) == len(content)
        assert SECRET[:16] not in stored
        steps = random.Random(7)
        for _ in range(200):
            at, size = steps.randrange(len(content)), steps.randrange(5_000)
            file.seek(at)
            assert file.read(size) == content[at : at + size]
        assert (file.seek(-5, 2), file.read()) == (len(content) - 5, content[-5:])
    with pytest.raises(ValueError, match="closed"):
        lying.read()


def test_archives_are_looked_into_in_an_encrypted_file() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.txt", SECRET * 9)
    with EncryptedTempFile() as file:
        file.write(made.getvalue())
        with zipfile.ZipFile(file) as archive:
            assert archive.read("a.txt") == SECRET * 9


def taken(body: bytes, kind: str = "multipart/form-data; boundary=XX", chunk: int = 7, **more: Any) -> Sent:
    """What is read of a body that comes in small pieces."""
    pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0) if pieces else b"", "more_body": bool(pieces)}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", kind.encode())]}
    sent = Sent()
    take = more.get("take", lambda sent: True)
    asyncio.run(read(Request(scope, receive), sent, more.get("file_bytes", 1_000), lambda: take(sent)))
    return sent


def part(name: str, value: bytes, file: str | None = None) -> bytes:
    named = f'; filename="{file}"' if file is not None else ""
    return f'--XX\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + value + b"\r\n"


def test_fields_and_files_in_their_order() -> None:
    body = part("token", b"t") + part("f.a", "één\r\ntwee".encode()) + part("f.a", b"") + part("f.b", b"1")
    body += (
        part("f.b", b"2")
        + part("files", SECRET, r"C:\Jan\brief.txt")
        + part("files", b"", "")
        + b"--XX--\r\n"
    )
    sent = taken(body)
    assert sent.fields[:2] == [("token", "t"), ("f.a", "één\ntwee")]
    assert (sent.all("f.b"), sent.value("f.b"), sent.value("none")) == (["1", "2"], "2", "")
    [file] = sent.files
    file.content.seek(0)
    assert (file.name, file.content.read(), file.too_large) == ("brief.txt", SECRET, False)
    assert "Jan" not in repr(sent)
    sent.close()


def test_what_is_too_long_is_not_kept() -> None:
    large = taken(part("files", b"x" * 1_001, "a.txt") + b"--XX--\r\n", chunk=100)
    assert large.files[0].too_large
    assert large.files[0].content.size <= 1_000
    large.close()
    end = b"--XX--\r\n"
    long = taken(part("f.a", b"x" * (FIELDS_BYTES + 1)) + part("f.b", b"1") + end, chunk=1_000_000)
    assert long.cut
    assert [name for name, _ in long.fields] == ["f.a"]
    assert len(long.value("f.a")) < FIELDS_BYTES
    many = taken(part("f.a", b"x") * (AT_MOST + 1) + part("token", b"t") + end, chunk=10_000)
    assert (many.cut, len(many.all("f.a")), many.value("token")) == (True, AT_MOST, "t")
    assert not taken(part("f.a", b"x") * AT_MOST + end, chunk=10_000).cut
    names = b"".join(part(f"f.{n:060}", b"") for n in range(PARTS_READ)) + end  # their names count too
    assert len(taken(names, chunk=1_000_000).fields) <= AT_MOST + NAMES_BEYOND
    with pytest.raises(FormError, match="more than the 16,000 fields"):
        taken(part("f.a", b"") + names, chunk=1_000_000)


def test_a_body_longer_than_all_its_files_may_be_is_not_read_on() -> None:
    files = b"".join(part("files", b"x" * 900, f"{n}.txt") for n in range(9_000)) + b"--XX--\r\n"
    assert len(files) > BODY_BYTES + 4 * 1_000
    with pytest.raises(FormError, match="longer than the 8 MB that are taken, its files together"):
        taken(files, chunk=1_000_000, take=lambda sent: False)


def test_a_file_is_taken_only_where_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    body = part("token", b"t") + part("files", SECRET, "a.txt") + part("f.a", b"1") + b"--XX--\r\n"
    for more in ({"file_bytes": 0}, {"take": lambda sent: sent.value("token") != "t"}):
        sent = taken(body, **more)
        assert (sent.files, sent.chosen, sent.cut, sent.value("f.a")) == ([], True, False, "1")
    monkeypatch.setattr(multipart, "FILES_AT_MOST", 5)
    some = taken(part("files", b"x", "a.txt") * 6 + b"--XX--\r\n")
    assert (len(some.files), some.cut) == (5, True)
    some.close()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"f.a=x", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (part("a", b"b") + b"--XX--\r\n", "multipart/form-data"),
        (b"no parts at all", "multipart/form-data; boundary=XX"),
        (part("a", b"cut off"), "multipart/form-data; boundary=XX"),
    ],
)
def test_what_is_no_form_of_the_pages_is_not_taken(body: bytes, kind: str) -> None:
    with pytest.raises(FormError, match="no form of these pages"):
        taken(body, kind)
