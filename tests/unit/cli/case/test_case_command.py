"""The case file as a person uses it: what is asked, shown, written out and turned down."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import text
from testbed.running import installation, store
from testbed.small import write_database, write_inventory
from tests.support.active_files import docx, mail
from typer.testing import CliRunner, Result

from afschrift.app.settings import Settings
from afschrift.cli.main import app
from afschrift.domain.errors import AfschriftError
from afschrift.register.database.database import Database
from afschrift.services import Services

TEXT = "Anneke belde: \x1b[31mkwikstaart\x1b[0m."


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory")))
    return installation(tmp_path / "home", tmp_path / "inventory")


@pytest.fixture
def request_id(services: Services) -> str:
    return store(services, {"customer_id": "1"}, "access")


def case(*words: str | Path, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["case", *map(str, words)], input=stdin)


def run(*words: str | Path, stdin: str = "") -> str:
    done = case(*words, stdin=stdin)
    assert done.exit_code == 0, done.output
    return done.output


def refused(*words: str | Path, stdin: str = "") -> str:
    error = case(*words, stdin=stdin).exception
    assert isinstance(error, AfschriftError)
    return str(error)


def letter(folder: Path, name: str = "../Brief van Anneke; rm -rf.pdf", content: bytes = b"%PDF-1") -> Path:
    file = folder / name.replace("../", "")
    file.write_bytes(content)
    return file


def test_a_note_is_typed_in_and_shown_without_what_steers_a_terminal(request_id: str) -> None:
    text_id = run("add", request_id, "--kind", "note", stdin=TEXT).strip()
    shown = run("show", request_id)

    assert "note  by cli:" in shown
    assert f"({text_id}, {request_id})" in shown
    assert "Please send me my data." in shown
    assert "kwikstaart" in shown
    assert "\x1b" not in shown
    texts = json.loads(run("show", request_id, "--json"))["texts"]
    assert texts[-1]["text"] == TEXT


def test_a_document_is_written_out_under_a_harmless_name(
    services: Services, request_id: str, tmp_path: Path
) -> None:
    owner = services.register.requests.get(request_id).case
    file = letter(tmp_path)
    added = run("add", owner, "--kind", "document", "--file", file, "--request", request_id, stdin="n\n")
    text_id = added.split()[-1]
    assert "passport" in added

    out = tmp_path / "new" / "out"
    shown = run("show", owner, "--out", out)
    (written,) = out.iterdir()
    assert "Brief van Anneke; rm -rf.pdf, application/pdf, 6 bytes" in shown
    assert written.name == f"{text_id}-Brief_van_Anneke__rm_-rf.pdf"
    assert written.read_bytes() == b"%PDF-1"
    assert [oct(p.stat().st_mode & 0o777) for p in (out, written)] == ["0o700", "0o600"]
    kinds = [header.type for header, _ in services.register.trail.events(request_id)]
    assert kinds[-2:] == ["case_text_added", "case_document_read"]
    assert "is not empty" in refused("show", owner, "--out", out)
    added_event = next(
        p for h, p in services.register.trail.events(request_id) if h.type == "case_text_added"
    )
    assert added_event is not None
    assert added_event["id_copy"] is False


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("kwikstaart.docx", docx(word__vbaProject_dot_bin=b"x"), "macro"),
        ("kwikstaart.eml", mail(b"x", ("kwikstaart.js", b"x")), "program"),
        ("kwikstaart.docx", docx(), ""),
    ],
)
def test_a_document_in_which_something_may_run_is_not_kept(
    services: Services, request_id: str, tmp_path: Path, name: str, content: bytes, found: str
) -> None:
    before = services.register.trail.events(request_id)
    add = ("add", request_id, "--kind", "document", "--file", letter(tmp_path, name, content), "--no-id-copy")
    if not found:
        assert run(*add)
        return
    message = refused(*add)
    assert f"may run where it is opened ({found})" in message
    assert "kwikstaart" not in message
    assert len(list(services.register.trail.events(request_id))) == len(list(before))


def test_one_document_is_written_into_a_file_once(
    services: Services, request_id: str, tmp_path: Path
) -> None:
    content = b"%PDF-" + bytes(range(256)) * 16_000  # four parts
    file = letter(tmp_path, content=content)
    text_id = run("add", request_id, "--kind", "document", "--file", file, "--no-id-copy").split()[-1]
    out = tmp_path / "out.pdf"

    run("export", text_id, "--out", out)
    assert out.read_bytes() == content
    assert oct(out.stat().st_mode & 0o777) == "0o600"
    reads = [h.type for h, _ in services.register.trail.events(request_id)].count("case_document_read")
    assert "already" in refused("export", text_id, "--out", out)
    assert "cannot be written there: No such file" in refused(
        "export", text_id, "--out", tmp_path / "x" / "y"
    )
    assert "no text or document" in refused("export", "txt-000000000000", "--out", tmp_path / "new")
    assert reads == 1

    with Database(Settings.from_environment().register).write() as tx:
        tx.execute(text("DELETE FROM message_part WHERE number = 3"))
    assert "not whole" in refused("export", text_id, "--out", tmp_path / "cut.pdf")
    assert sorted(p.name for p in tmp_path.glob("*.p*")) == sorted([file.name, "out.pdf"])
    assert list(tmp_path.glob(".*")) == []


def test_a_copy_of_an_identity_document_is_not_kept(request_id: str, tmp_path: Path) -> None:
    file = letter(tmp_path)
    assert "R11" in refused("add", request_id, "--kind", "document", "--file", file, stdin="y\n")
    assert case("add", request_id, "--kind", "document", "--file", file, stdin="").exit_code == 1  # no answer
    assert json.loads(run("list", "--json"))[0]["texts"] == 1
    run("add", request_id, "--kind", "document", "--file", file, "--no-id-copy")
    assert "identity" in run("add", "--help")


def test_what_is_no_text_too_large_or_not_there_is_turned_down(
    request_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "empty" in refused("add", request_id, "--kind", "note", stdin=" \n")
    file = letter(tmp_path, "Anneke.txt", b"\xff\xfeA\0")
    assert "no text in UTF-8" in refused("add", request_id, "--kind", "received", "--file", file)
    missing = refused("add", request_id, "--kind", "sent", "--file", tmp_path / "Anneke.md")
    assert "cannot be read: No such file" in missing
    assert "Anneke" not in missing
    assert case("add", request_id, "--kind", "document").exit_code == 2
    monkeypatch.setenv("AFSCHRIFT_DOCUMENT_MEGABYTES", "0.001")
    large = letter(tmp_path, "large.txt", b"x" * 1001)
    too_large = "larger than the 0.001 MB"
    assert too_large in refused("add", request_id, "--kind", "document", "--file", large, "--no-id-copy")
    assert too_large in refused("add", request_id, "--kind", "sent", "--file", large)
    assert too_large in refused("add", request_id, "--kind", "note", stdin="x" * 1001)
    large.write_bytes(b"x" * 1000)
    run("add", request_id, "--kind", "sent", "--file", large)


def test_unknown_ids_and_a_request_of_another_case(services: Services, request_id: str) -> None:
    other = services.register.requests.get(store(services, {"customer_id": "2"}, "access"))
    for words in (("show", "case-000000000000"), ("add", "req-0", "--kind", "note")):
        assert "knows no case and no request" in refused(*words, stdin="x")
    wrong = refused("add", other.case, "--kind", "note", "--request", request_id, stdin="x")
    assert "none of case" in wrong


def test_the_list_and_what_shredding_leaves(services: Services, request_id: str) -> None:
    stored = services.register.requests.get(request_id)
    assert re.search(rf"{stored.case}  received 2026-01-01T\d\d:\d\dZ by portal .*{request_id}", run("list"))
    run("add", request_id, "--kind", "note", stdin=TEXT)
    services.register.data_keys.shred(request_id, "retention_case_texts")
    shown = run("show", stored.case)
    assert "rule: retention_case_texts. It is gone for good" in shown
    assert "kwikstaart" not in shown


def test_a_text_is_never_an_argument(request_id: str) -> None:
    assert case("add", request_id, "kwikstaart", "--kind", "note").exit_code == 2
