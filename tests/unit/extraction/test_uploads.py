"""Uploaded files go back in their bytes; one that is gone or another by now waits for a person."""

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from testbed.running import event_types, installation, members, run, store
from testbed.small import SHOP, execute, write_database, write_inventory
from tests.support.active_files import docx, mail, old

from afschrift.audit.sentences import sentence
from afschrift.bundle.container.verify import verify
from afschrift.casework.answer import answer_question
from afschrift.casework.officer import Officer
from afschrift.domain.decision import Action
from afschrift.domain.errors import FormError, NeedsPersonError, RetriableError, ValidationFailedError
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.deflate import deflate
from afschrift.extraction.staged_records import staged_pointers
from afschrift.extraction.uploads import Uploads
from afschrift.law.roles import Roles
from afschrift.register.records import QuestionRow
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract
from afschrift.steps.validate import validate

pytestmark = pytest.mark.slow
PHOTO, LARGE = b"\x89PNG\r\n\x1a\nphoto of Ann", os.urandom(700_000)
ODD = '../"x": \u202e😀.JPG'
TABLE = """
stores:
  photos: {url: "${MINI_PHOTOS}"}
tables:
  photo:
    subject: {customer_id: customer_id}
    key: [photo_id]
    file:
      - {column: place, store: photos, name: title, size: size, digest: digest}
      - {column: thumb, name: title}
    purposes: [account]
    columns:
      photo_id: {origin: assigned}
      customer_id: {origin: assigned}
      place: {origin: provided}
      title: {origin: provided}
      size: {origin: observed}
      digest: {origin: observed}
      thumb: {origin: provided}
"""
Put = Callable[..., None]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    database = write_database(tmp_path / "shop.sqlite")
    execute(
        database,
        """CREATE TABLE photo (photo_id INTEGER, customer_id INTEGER, place VARCHAR, title VARCHAR,
           size BIGINT, digest VARCHAR, thumb BLOB)""",
    )
    (tmp_path / "photos" / "2024").mkdir(parents=True)
    monkeypatch.setenv("MINI_SHOP", str(database))
    monkeypatch.setenv("MINI_PHOTOS", str(tmp_path / "photos"))
    inventory = write_inventory(tmp_path / "inventory", SHOP.replace("tables:\n", TABLE.lstrip(), 1))
    return installation(tmp_path / "home", inventory)


@pytest.fixture
def put(shop: Services, tmp_path: Path) -> Put:
    """Add a photo of Ann; with `content` as a file of the store too."""
    number = iter(range(1, 100))

    def add(place: str | None, content: bytes | None = None, thumb: bytes | None = None, **row: Any) -> None:
        if content is not None:
            (tmp_path / "photos" / str(place)).write_bytes(content)
        with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as con, con:
            values = [next(number), 1, place, row.get("title"), row.get("size"), row.get("digest"), thumb]
            con.execute("INSERT INTO photo VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    return add


def ask(services: Services) -> str:
    return store(services, {"customer_id": "1"}, "portability")


def stopped(services: Services) -> tuple[str, QuestionRow, str]:
    """A request that waits for a person, with its one question and what it ended with."""
    request = ask(services)
    with pytest.raises(NeedsPersonError) as error:
        run(services, request)
    (question,) = services.register.questions.all(request_id=request)
    return request, question, str(error.value)


def described(found: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    resources = json.loads(found["data/datapackage.json"])["resources"]
    return {r["path"]: r for r in resources if "afschrift:file" in r}


def of_photos(found: Mapping[str, bytes]) -> tuple[list[str], dict[str, Any]]:
    """The files that went along, and what the coverage says of them."""
    (photo,) = [t for t in json.loads(found["data/coverage.json"])["tables"] if t["table"] == "photo"]
    return [path for path in found if path.startswith("data/files/")], photo["files"]


def test_files_go_back_in_their_bytes(shop: Services, put: Put, tmp_path: Path) -> None:
    """And no name of a file is logged or recorded."""
    lines: list[str] = []
    object.__setattr__(shop, "log", lines.append)
    put("2024/a.png", PHOTO, title=ODD, size=len(PHOTO), digest=hashlib.sha256(PHOTO).hexdigest().upper())
    put(None)
    put("2024/b", LARGE, thumb=b"", digest=hashlib.md5(LARGE).hexdigest())
    put("")
    request = ask(shop)
    found = members(run(shop, request))
    files = {path: content for path, content in found.items() if path.startswith("data/files/")}
    assert files == {
        "data/files/shop/photo/000001.1.jpg": PHOTO,
        "data/files/shop/photo/000003.1.bin": LARGE,
        "data/files/shop/photo/000003.2.bin": b"",
    }
    first = described(found)["files/shop/photo/000001.1.jpg"]
    assert first["mediatype"] == "image/jpeg"
    assert first["afschrift:file"] == {"column": "place", "row": 1, "name": ODD, "key": {"photo_id": "1"}}
    assert first["bytes"] == len(PHOTO)
    assert "2024/a.png" in found["data/shop/photo.csv"].decode()
    events = shop.register.trail.events(request)
    lines += [json.dumps([payload for _, payload in events]), *(sentence(*event) for event in events)]
    assert "3 uploaded files." in " ".join(lines)
    for name in ("2024/", "JPG"):
        assert name not in " ".join(lines)
        assert not any(name.encode() in p.read_bytes() for p in (tmp_path / "home").rglob("*.db*"))


@pytest.mark.parametrize(
    ("place", "rows", "held"),
    [
        (
            Action.INCLUDE,
            [("1", "[masked]", "Piet.png"), ("2", "2024/a.png", "[masked].png")],
            [(2, "[masked].png")],
        ),
        (Action.MASK, [("1", "[masked 3f9a2c41]", "a.png"), ("2", "2024/a.png", "a.png")], []),
    ],
)
def test_masked_places_are_not_read_and_masked_names_are_kept(
    shop: Services, put: Put, place: Action, rows: list[tuple[str, str, str]], held: list[tuple[int, str]]
) -> None:
    put("2024/a.png", PHOTO)
    actions = {"photo_id": Action.INCLUDE, "place": place, "title": Action.INCLUDE}
    fields = (FieldPlan(n, ValueKind.TEXT, a, (), "", read_as=ValueKind.TEXT) for n, a in actions.items())
    table = shop.inventory.sources["shop"].tables["photo"]
    part = ExtractPlan("shop", "photo", tuple(fields), "")
    uploads = Uploads(shop.staging(ask(shop)), part, table, partial(shop.open_store, "shop"))
    uploads.see(pa.RecordBatch.from_pylist([dict(zip(actions, row, strict=True)) for row in rows]))
    assert [(upload.row, upload.name) for upload in uploads.held] == held
    assert uploads.missing == []


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("2024/none.png", {}, "not_found"),
    ("2024", {}, "not_found"),
    ("2024/pipe", {}, "not_found"),
    ("2024/a.png", {"size": 3}, "changed"),
    ("2024/a.png", {"digest": hashlib.sha256(b"another").hexdigest()}, "changed"),
    ("../shop.sqlite", {}, "outside_store"),
    ("/etc/hostname", {}, "outside_store"),
    ("2024/../2024/a.png", {}, "outside_store"),
    ("file:///etc/hostname", {}, "outside_store"),
    ("2024/link", {}, "outside_store"),
    ("2024\\a.png", {}, "outside_store"),
    ("2024/a\0.png", {}, "outside_store"),
]


def test_files_that_cannot_be_handed_back_wait_for_a_person(shop: Services, put: Put, tmp_path: Path) -> None:
    (tmp_path / "photos" / "2024" / "link").symlink_to(tmp_path / "shop.sqlite")
    os.mkfifo(tmp_path / "photos" / "2024" / "pipe")
    put("2024/a.png", PHOTO)
    for place, row, _ in BAD:
        put(place, title="secret title.png", **row)
    request, question, error = stopped(shop)
    assert (question.kind, question.options) == ("file_missing", ("leave_out",))
    assert question.detail["table"] == "shop.photo"
    assert question.detail["rows"] == [*range(2, 2 + len(BAD))]
    assert question.detail["reasons"] == {"changed": 2, "not_found": 3, "outside_store": 7}
    for value in ("secret", "none.png", "hostname", "a.png"):
        assert value not in f"{error} {question.detail}"

    shop.register.questions.answer(question.id, "leave_out", "officer")
    missing = [{"column": "place", "row": n, "reason": why} for n, (_, _, why) in enumerate(BAD, start=2)]
    assert of_photos(members(run(shop, request))) == (
        ["data/files/shop/photo/000001.1.png"],
        {"held": 1, "missing": missing},
    )
    assert event_types(shop, request).count("extracted") == 1


def test_an_answer_holds_for_the_files_that_were_missing_alone(
    shop: Services, put: Put, tmp_path: Path
) -> None:
    """What is put back is found by the next run, and a store that is down is tried again."""
    place = tmp_path / "photos/2024/a.png"
    put("2024/a.png", PHOTO)
    put("2024/none.png")
    request, question, _ = stopped(shop)
    shop.register.questions.answer(question.id, "leave_out", "officer")
    place.unlink()
    with pytest.raises(NeedsPersonError):
        run(shop, request)
    assert shop.register.questions.all(request_id=request)[0].detail["rows"] == [1, 2]
    place.parent.parent.rename(tmp_path / "elsewhere")
    with pytest.raises(RetriableError, match=r"store shop\.photos of uploaded files cannot be read"):
        run(shop, request)
    (tmp_path / "elsewhere").rename(place.parent.parent)
    place.write_bytes(PHOTO)
    assert members(run(shop, request))["data/files/shop/photo/000001.1.png"] == PHOTO


def test_a_staged_file_that_is_another_one_stops_before_packing(shop: Services, put: Put) -> None:
    put("2024/a.png", PHOTO)
    request = ask(shop)
    assess(shop, request)
    classify(shop, request)
    extract(shop, request, "shop")
    with shop.staging(request).writer("data/files/shop/photo/000001.1.png") as sink:
        sink.write(deflate(PHOTO + b"!"))
    with pytest.raises(ValidationFailedError, match=r"files/shop/photo/000001\.1\.png does not read back"):
        validate(shop, request)


def test_a_file_in_which_something_may_run_waits_for_a_person(shop: Services, put: Put) -> None:
    put("2024/a.png", PHOTO)
    put("2024/secret.docx", docx(word__vbaProject_dot_bin=old(macros=True)), title="secret.docx")
    put("2024/b.eml", mail(("canary.png", PHOTO), ("canary.vbs", b"x")), thumb=b"<svg onload='x'/>")
    _, question, error = stopped(shop)
    assert (question.kind, question.options) == ("active_content", ("include", "leave_out"))
    which = question.detail.pop("which")
    assert question.detail == {
        "table": "shop.photo",
        "files": 3,
        "rows": [2, 3, 3],
        "found": {"macro": 1, "program": 1, "script": 1},
        "where": [
            "2: Macro in the file itself",
            "3: Program in attachment 2 of the e-mail",
            "3: Script in the file itself",
        ],
    }
    assert len(which) == 64
    for value in ("secret", "canary", "2024"):
        assert value not in f"{error} {question.detail}"


def test_active_content_approved_by_a_person_is_packed_with_a_note(shop: Services, put: Put) -> None:
    content = docx(word__vbaProject_dot_bin=old(macros=True))
    put("2024/a.png", PHOTO)
    put("2024/secret.docx", content, title="secret.docx")
    request, question, _ = stopped(shop)
    answered = partial(
        answer_question, Officer(shop.register, Roles(open_terminal=True), "cli:anna"), question.id, "include"
    )
    with pytest.raises(FormError):  # not without a reason
        answered()
    answered(text="It is her own sheet, and she knows it.")
    with pytest.raises(
        NeedsPersonError, match="looks at it before it leaves"
    ):  # as of all that a person let go
        run(shop, request)
    (review,) = shop.register.questions.all(request_id=request)
    shop.register.questions.answer(review.id, "approved", "officer")
    found = members(run(shop, request))
    assert found["data/files/shop/photo/000002.1.docx"] == content
    resource = described(found)["files/shop/photo/000002.1.docx"]
    assert resource["afschrift:active"] == [{"position": "", "kind": "macro"}]
    assert resource["description"].startswith("In dit bestand zit een klein programma (een macro).")
    assert "afschrift:active" not in described(found)["files/shop/photo/000001.1.png"]
    assert found["index.html"].decode().count("In dit bestand zit een klein programma (een macro).") == 1
    (extracted,) = [p for h, p in shop.register.trail.events(request) if h.type == "extracted"]
    assert extracted["active"] == {"photo": {"macro": 1}}


def test_active_content_is_left_out_where_a_person_says_so(shop: Services, put: Put, tmp_path: Path) -> None:
    put("2024/a.png", PHOTO)
    put("2024/a.html", b"<script>x</script>")
    put("2024/none.png")
    request = ask(shop)
    with pytest.raises(NeedsPersonError):
        run(shop, request)
    asked = {question.kind: question for question in shop.register.questions.all(request_id=request)}
    assert set(asked) == {"active_content", "file_missing"}  # both at once
    for question in asked.values():
        shop.register.questions.answer(question.id, "leave_out", "officer")
    bundle = run(shop, request)
    found = members(bundle)
    missing = [
        {"column": "place", "row": row, "reason": why}
        for row, why in ((3, "not_found"), (2, "active_content"))
    ]
    assert of_photos(found) == (["data/files/shop/photo/000001.1.png"], {"held": 1, "missing": missing})
    page = found["index.html"].decode()
    assert "1 bestand dat hierbij hoort" in page
    assert "Wij lieten 1 bestand weg" in page
    assert not verify(bundle, {}).problems


def test_an_answer_holds_for_these_very_files(shop: Services, put: Put, tmp_path: Path) -> None:
    put("2024/a.html", b"<script>x</script>")
    request, question, _ = stopped(shop)
    shop.register.questions.answer(question.id, "include", "officer")
    (tmp_path / "photos/2024/a.html").write_bytes(b"<script>another</script>")
    with pytest.raises(NeedsPersonError):
        run(shop, request)
    another = shop.register.questions.all(request_id=request)[0]
    assert another.detail["found"] == question.detail["found"]
    assert another.detail["which"] != question.detail["which"]


def test_what_files_say_of_others_is_pointed_out_to_the_reviewer(shop: Services, put: Put) -> None:
    inner = mail(("note.txt", b"Call Bob: bob@example.org or 06-12345678"))
    put("2024/a.eml", mail(("fine.txt", b"nothing here"), ("inner.eml", inner)))
    put("2024/b.txt", b"canary: carol@example.org")
    put("2024/c.png", PHOTO + b" dora@example.org")
    request = ask(shop)
    assess(shop, request)
    classify(shop, request)
    extract(shop, request, "shop")
    found = staged_pointers(shop.staging(request), "shop")["photo"]
    assert found.in_files == {"1:attachment.2/attachment.1": 2, "2:": 1}
    assert found.counts == {"email": 2, "phone": 1}
    (extracted,) = [p for h, p in shop.register.trail.events(request) if h.type == "extracted"]
    assert extracted["pointed_out"] == {"photo": {"email": 2, "phone": 1}}
    with pytest.raises(NeedsPersonError, match="pointed_out"):
        run(shop, request)
    (review,) = shop.register.questions.all(request_id=request)
    assert review.detail["pointed_out"] == {"shop.photo": 3}
    assert review.detail["in_files"] == {
        "shop.photo": [
            "1: 2 in attachment 1 of the e-mail in attachment 2 of the e-mail",
            "2: 1 in the file itself",
        ]
    }
    assert "canary" not in str(review.detail)
