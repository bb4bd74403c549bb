"""Texts and documents of a case, and what was looked up before an identity was confirmed."""

import json
import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path

import pytest
from sqlalchemy import select, text
from tests.support.nightly import both_databases, on_sqlite
from tests.unit.conftest import Open

from afschrift.domain.errors import ConfigurationError, RefusedError, TooLateError, UnknownRequestError
from afschrift.domain.request import Request
from afschrift.register.backup import back_up, restore
from afschrift.register.database.database import Database
from afschrift.register.database.tables import message, message_part
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

NAME, TEXT = "brief van Anneke Jansen.pdf", b"Anneke Jansen belde: kwikstaart."


def keep(register: Register, owner: str, parts: Iterable[bytes], name: str = NAME) -> str:
    return register.documents.add(owner, parts, "officer", name=name, media_type="application/pdf")


def fill(register: Register, request: Request) -> tuple[str, str]:
    """A note of the request and a document of its case; their ids."""
    note = register.cases.add_text(request.id, "note", TEXT, "officer")
    document = keep(register, request.case, [b"%PDF-" + TEXT])
    return note, document


@both_databases
def test_texts_come_back_in_order_of_time(register: Register, opened: Request, url: str) -> None:
    note, document = fill(register, opened)

    first, noted, kept = register.cases.texts(opened.case, "auditor")

    assert (first.kind, first.request) == ("request", None)
    assert first.text == b"Graag al mijn gegevens. Anneke Jansen"
    assert (noted.id, noted.request, noted.text, noted.name) == (note, opened.id, TEXT, None)
    assert (kept.id, kept.request, kept.text, kept.name) == (document, None, None, NAME)
    assert [t.size for t in (first, noted, kept)] == [37, len(TEXT), len(TEXT) + 5]
    assert first.at < noted.at < kept.at
    assert b"".join(register.documents.read(document, "auditor")) == b"%PDF-" + TEXT
    assert b"".join(register.documents.read(note, "auditor")) == TEXT
    with Database(url).read() as tx:
        values = [value for row in tx.execute(select(message)).all() for value in row]
    stored = b"".join(bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in values)
    assert b"Jansen" not in stored
    assert b"kwikstaart" not in stored


def test_the_trail_holds_fingerprints_and_never_a_text_or_name(register: Register, opened: Request) -> None:
    note, document = fill(register, opened)
    register.documents.read(document, "auditor")
    register.cases.texts(opened.id, "auditor")

    events = [(h.type, h.request, p or {}) for h, p in register.trail.events() if h.type.startswith("case_")]
    [added, kept, *looks] = events[1:]
    fingerprint = register.data_keys.fingerprint(opened.id, TEXT)
    of_note = {"id": note, "kind": "note", "hmac": fingerprint, "size": len(TEXT)}
    assert added == ("case_text_added", opened.id, {"case": opened.case, **of_note})
    of_document = {"id": document, "kind": "document", "size": len(TEXT) + 5, "media_type": "application/pdf"}
    hmac = kept[2]["hmac"]
    assert kept == ("case_text_added", None, {"case": opened.case, "hmac": hmac, **of_document})
    assert looks == [
        ("case_document_read", None, {"case": opened.case, "id": document}),
        ("case_viewed", opened.id, {"case": opened.case, "texts": 3}),
    ]
    assert "Jansen" not in json.dumps([p for *_, p in events])


def test_a_request_shows_its_own_and_the_cases_texts_alone(register: Register, open_one: Open) -> None:
    request = open_one()
    other = open_one(case=request.case)
    for owner in (request.id, other.id, request.case):
        register.cases.add_text(owner, "note", f"of {owner}".encode(), "officer")

    def notes(owner: str) -> list[str | None]:
        return [t.request for t in register.cases.texts(owner, "auditor") if t.kind == "note"]

    assert notes(request.id) == [request.id, None]
    assert notes(other.id) == [other.id, None]
    assert notes(request.case) == [request.id, other.id, None]


def test_destroyed_case_file_names_rule_and_time(register: Register, open_one: Open) -> None:
    request = open_one()
    other = open_one(case=request.case)
    note, document = fill(register, request)
    register.data_keys.shred(request.id, "retention_case_texts", "system")

    texts = {t.id: t for t in register.cases.texts(request.case, "auditor")}
    (shredded,) = [h.at for h, _ in register.trail.events(request.id) if h.type == "data_key_destroyed"]
    assert texts[note].text is None
    assert texts[note].destroyed
    assert (texts[note].destroyed.rule, texts[note].destroyed.at) == ("retention_case_texts", shredded)
    assert texts[note].size == 0
    assert texts[document].destroyed is None
    with pytest.raises(RefusedError, match="destroyed"):
        register.cases.add_text(request.id, "note", b"more", "officer")

    register.data_keys.shred(other.id, "hold_ended", "system")
    later = {t.id: t for t in register.cases.texts(request.case, "auditor")}
    assert later[note].destroyed == texts[note].destroyed
    assert later[document].destroyed
    assert (later[document].destroyed.rule, later[document].name) == ("hold_ended", None)
    with pytest.raises(RefusedError, match="destroyed"):
        register.documents.read(document, "auditor")


PARTS = [b"%PDF-" + b"a" * 3000, b"kwikstaart" * 300, b"c" * 3000, b"d"]


@both_databases
def test_a_document_in_parts_is_one_document(register: Register, opened: Request, url: str) -> None:
    document = keep(register, opened.id, PARTS)

    assert list(register.documents.read(document, "auditor")) == PARTS
    (kept,) = [t for t in register.cases.texts(opened.id, "auditor") if t.kind == "document"]
    payload = next(p for h, p in register.trail.events(opened.id) if h.type == "case_text_added")
    assert payload is not None
    assert kept.size == payload["size"] == sum(map(len, PARTS))
    assert payload["hmac"] == register.data_keys.fingerprint(opened.id, b"".join(PARTS))
    with Database(url).read() as tx:
        sealed = b"".join(map(bytes, tx.scalars(select(message_part.c.ciphertext))))
    assert len(sealed) > 6000
    assert b"kwikstaart" not in sealed
    register.data_keys.shred(opened.id, "retention_case_texts")
    with pytest.raises(RefusedError, match="destroyed"):
        register.documents.read(document, "auditor")


def test_a_document_that_breaks_off_leaves_nothing(register: Register, opened: Request, url: str) -> None:
    head = register.trail.head()

    def broken() -> Iterator[bytes]:
        yield from PARTS[:2]
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input"):
        keep(register, opened.id, broken())
    assert register.trail.head() == head
    assert len(register.cases.texts(opened.id, "auditor")) == 1
    with Database(url).read() as tx:
        assert tx.execute(select(message_part)).all() == []


@pytest.mark.parametrize(
    "spoilt",
    [
        "DELETE FROM message_part WHERE number = 3",
        "DELETE FROM message_part",
        "UPDATE message_part SET number = 4 WHERE number = 3",
        "UPDATE message_part SET ciphertext = (SELECT ciphertext FROM message_part WHERE number = 1) "
        "WHERE number = 2",
        "UPDATE message SET label = (SELECT max(label) FROM message) WHERE label IS NOT NULL",
    ],
)
def test_altered_document_is_refused(register: Register, opened: Request, url: str, spoilt: str) -> None:
    documents = [keep(register, opened.id, PARTS), keep(register, opened.case, [b"%PDF-"], "other.pdf")]
    with Database(url).write() as tx:
        tx.execute(text(spoilt))
    with pytest.raises(ConfigurationError, match=r"not whole|cannot be decrypted|message, label"):
        register.cases.texts(opened.case, "auditor")
        for document in documents:
            list(register.documents.read(document, "auditor"))


def test_a_large_document_is_never_whole_in_memory(register: Register, opened: Request) -> None:
    part = b"x" * (1 << 20)
    register.cases.texts(opened.id, "auditor")  # what is loaded once
    tracemalloc.start()
    document = keep(register, opened.id, repeat(part, 12))
    size = sum(len(p) for p in register.documents.read(document, "auditor"))
    register.cases.texts(opened.id, "auditor")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 12 << 20
    assert peak < 8 << 20


@pytest.mark.parametrize("wrong", ["case-000000000000", "req-000000000000", "../etc/passwd", ""])
def test_unknown_document_is_refused(register: Register, wrong: str) -> None:
    for look in (
        lambda: register.cases.texts(wrong, "x"),
        lambda: register.cases.get(wrong),
        lambda: register.cases.add_text(wrong, "note", b"x", "x"),
        lambda: keep(register, wrong, [b"x"]),
        lambda: register.documents.read(wrong, "x"),
    ):
        with pytest.raises(UnknownRequestError):
            look()
    assert register.trail.events() == []


def test_cases_are_listed_without_a_look_at_their_texts(register: Register, open_one: Open) -> None:
    later, sooner = open_one(received_at="2026-03-05T00:00:00Z"), open_one(received_at="2026-03-01T00:00:00Z")
    second = open_one(case=later.case)
    fill(register, later)
    seq = register.trail.head()[0]

    listed = register.cases.all()

    assert [(c.id, c.requests, c.texts) for c in listed] == [
        (sooner.case, (sooner.id,), 1),
        (later.case, (later.id, second.id), 3),
    ]
    assert register.cases.get(second.id) == register.cases.get(later.case) == listed[1]
    assert register.trail.head()[0] == seq


OFFICER = {"role": "officer", "source": "roles_file"}
FOUND = b'{"name": "Anneke Jansen"}'


def served(register: Register, request: str) -> str:
    ask = register.look_ups.ask(request, "airflow:anna", OFFICER)
    register.look_ups.serve(ask.id, request, FOUND, {"tables": {"shop.customer": 1}})
    return ask.id


def stored(url: str) -> list[bytes | None]:
    with Database(url).read() as tx:
        return list(tx.execute(text("SELECT ciphertext FROM look_up ORDER BY asked_at")).scalars())


def test_what_was_looked_up_is_kept_encrypted_and_goes_with_the_data_key(
    register: Register, open_one: Open, url: str
) -> None:
    opened, other = open_one(), open_one()
    served(register, opened.id)
    assert (register.look_ups.found(opened.id), register.look_ups.found(other.id)) == (FOUND, None)
    [kept] = stored(url)
    assert b"Anneke" not in bytes(kept or b"")
    assert register.data_keys.shred(opened.id, "retention", "officer")
    assert stored(url) == [None]
    with pytest.raises(RefusedError, match="destroyed"):
        register.look_ups.ask(opened.id, "airflow:anna", OFFICER)


@both_databases
def test_an_ask_is_one_at_a_time_and_served_once(register: Register, open_one: Open, url: str) -> None:
    opened = open_one()
    first = register.look_ups.ask(opened.id, "airflow:anna", OFFICER)
    assert register.look_ups.ask(opened.id, "airflow:anna", OFFICER) == first
    second = register.look_ups.ask(opened.id, "airflow:otto", OFFICER)
    assert second.id != first.id
    with pytest.raises(TooLateError, match="nothing that was read is kept"):
        register.look_ups.serve(first.id, opened.id, FOUND, {})
    register.look_ups.serve(second.id, opened.id, FOUND, {})
    with pytest.raises(TooLateError):
        register.look_ups.serve(second.id, opened.id, FOUND, {})
    third = register.look_ups.ask(opened.id, "airflow:otto", OFFICER)
    assert third.served_at is None
    assert stored(url) == [None, None, None]


@on_sqlite  # docs/operator/keys.md leaves the table out of pg_dump
def test_back_up_lacks_it(
    register: Register, open_one: Open, url: str, keys: KeyStore, tmp_path: Path
) -> None:
    opened = open_one()
    served(register, opened.id)
    back_up(url, tmp_path / "copy.db", tmp_path / "keys.db")
    assert register.look_ups.found(opened.id) == FOUND
    assert stored(f"sqlite:///{tmp_path}/copy.db") == []
    restore(url, tmp_path / "copy.db", keys, tmp_path / "keys.db")
    assert register.look_ups.found(opened.id) is None
    served(register, opened.id)
