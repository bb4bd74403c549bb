"""One equality of keys and joins, whatever the database takes for equal: bytes, after the key's normal form.

Each pair is the key of a person and a text that a row holds. Its table (`key_equality.md`) has the
outcomes: `equal`: the row is the person's; `different`: it is not; `asked`: it is not, and a person is asked about it,
as the database takes the two for equal; `refused`: no request reads the table.
"""

import random
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa
import pytest
from testbed import postgres as pg
from tests.support.data import document, lines
from tests.support.key_shop import AT, DECIDED, KeyShop, Reading, key_shop, mapped
from tests.support.nightly import nightly_after

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key, KeyMatch, key_form
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.reconciliation import Extract
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.dialect import DOTTED, KEPT
from afschrift.sources.duckdb.dialect import DuckDialect
from afschrift.sources.postgres.dialect import SERVER, UNICODE_COLLATIONS, PostgresDialect, unicode_collation
from afschrift.sources.registry import SOURCES

PAGE = Path(__file__).parent / "key_equality.md"
PAIRS: dict[str, list[str]] = document(__file__, "key_pairs.json")
JOINED = (
    mapped("account", "subject: {owner: owner}", "code", "owner"),
    mapped("line", "join: {code: account.code}", "id", "code"),
)


@dataclass(frozen=True)
class Case:
    """A kind of source, and the type of the column of a key there; `parent` of the one that is joined."""

    kind: str
    driver: str
    type: str
    parent: str


CASES = {line.pop("name"): Case(**line) for line in lines(__file__, "key_types.tsv")}


def test_every_source_is_here() -> None:
    lakes = {"delta", "iceberg"}  # read by the engine of parquet
    assert {case.kind for case in CASES.values()} == set(SOURCES) - lakes


@dataclass
class Filled:
    name: str
    case: Case
    shop: KeyShop


@pytest.fixture(scope="module", params=CASES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    name, case = request.param, CASES[request.param]
    numbered = [(number, *pair) for number, pair in enumerate(PAIRS.values())]
    with key_shop(request, tmp_path_factory.mktemp("pairs"), case.kind, case.driver) as shop:
        if "citext" in case.type:
            shop.run("CREATE EXTENSION IF NOT EXISTS citext")
        if "loose" in case.type:
            _loose_collation(shop)
        shop.make("orders", f"id INTEGER, ck {case.type}", [(number, held) for number, _, held in numbered])
        shop.make(
            "account", f"code {case.parent}, owner INTEGER", [(key, number) for number, key, _ in numbered]
        )
        shop.make("line", f"id INTEGER, code {case.type}", [(number, held) for number, _, held in numbered])
        files = {"files": "csv", "parquet": "parquet"}
        for made in ("orders", "account", "line") if case.kind in files else ():
            (shop.folder / "lake" / made).mkdir(parents=True)
            shop.run(f"COPY {made} TO '{shop.folder / 'lake' / made / 'part'}.{files[case.kind]}'")
        yield Filled(name, case, shop)


def _loose_collation(shop: KeyShop) -> None:
    try:
        shop.run("CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)")
    except psycopg.errors.Error:
        pytest.skip("this PostgreSQL was made without ICU, and has no loose collation")


def outcomes(filled: Filled, link: str, of: str) -> dict[str, str]:
    """What comes of each pair: by count, extract, batch, reconciliation and the check of each row, alike."""
    found: dict[str, str] = {}
    tables = "".join([mapped("orders", f"subject: {{ck: {link}}}", "id", "ck"), *JOINED])
    with filled.shop.read(tables, ("ck", "owner")) as reading:
        session, statements = reading.session, reading.statements
        try:
            asked, count = statements.foreign(of), statements.count(of)
            plan = reading.plan(of)
        except ConfigurationError:
            return dict.fromkeys(PAIRS, "refused")
        keys = [[Key("ck", key), Key("owner", str(number))] for number, (key, _) in enumerate(PAIRS.values())]
        for number, pair in enumerate(PAIRS):
            session.bind(keys[number], AT)
            rows = [row for batch in session.stream(plan.statement) for row in batch.column("id").to_pylist()]
            assert session.rows(count) == [(len(rows),)]
            assert {int(row) for row in rows} <= {number}
            reconciliation = session.reconciliation(
                Extract(plan.statement, {"id": ValueKind.INTEGER}, {"id"})
            )
            assert reconciliation.sums(reconciliation.hashed, None).rows == len(rows)
            close = int(session.rows(asked)[0][0]) if asked else 0
            found[pair] = "equal" if rows else "asked" if close else "different"
        given = {number for number, pair in enumerate(PAIRS) if found[pair] == "equal"}
        assert _together(reading, plan, keys) in (given, None)
    return found


def _together(reading: Reading, plan: ExtractPlan, keys: list[list[Key]]) -> set[int] | None:
    """The persons who get their row in a batch; None: no batch reads the table."""
    rows = reading.together(plan, keys)
    if rows is None:
        return None
    for number, person, own in rows:
        assert number == person
        assert own
    return {person for _, person, _ in rows}


def _link(match: str) -> str:
    return "ck" if match == "exact" else f"{{column: ck, match: {match}, decided: {DECIDED}}}"


@pytest.mark.parametrize("match", nightly_after(2, ["exact", "casefold", "email", "digits"]))
def test_a_key_is_found_by_its_normal_form(filled: Filled, match: str) -> None:
    found = outcomes(filled, _link(match), "orders")
    if filled.case.driver == "other":
        assert set(found.values()) == {"refused"}
        return
    wanted = {
        pair for pair, (key, held) in PAIRS.items()
        if key_form(key, match) and key_form(key, match) == key_form(held, match)
    }  # fmt: skip
    assert {pair for pair, outcome in found.items() if outcome == "equal"} == wanted
    if match == "exact":
        assert _row(filled.name, "key", found) in PAGE.read_text(encoding="utf-8")


def test_a_join_compares_bytes(filled: Filled) -> None:
    found = outcomes(filled, "ck", "line")
    assert _row(filled.name, "join", found) in PAGE.read_text(encoding="utf-8")
    if filled.case.driver == "other":
        assert set(found.values()) == {"refused"}
        return
    padded = "char(" in filled.case.type  # the blanks that fill it are no part of its values
    wanted = {pair for pair, (key, held) in PAIRS.items() if key == (held.rstrip(" ") if padded else held)}
    assert {pair for pair, outcome in found.items() if outcome == "equal"} == wanted


def test_a_normalised_key_is_found_by_index_and_bytes(filled: Filled) -> None:
    found = outcomes(filled, f"{{column: ck, normal: {DECIDED}}}", "orders")
    for pair, outcome in found.items():
        key, held = PAIRS[pair]
        if outcome == "equal" and filled.case.driver != "other":
            assert key_form(key) == key_form(held)
    assert found["the same"] == "equal"


def _row(name: str, of: str, found: dict[str, str]) -> str:
    return f"| {name} | {of} | {' | '.join(found.values())} |"


FORMS = nightly_after(3, sorted(KeyMatch))  # the last is `exact`, of which `casefold` is more
ALPHABETS = "aZ éÉÅ\u212b\u212aΣσςΛλİıßẞǅ\u0301\u0323\u0302\t\u00a0ﬁ\u1c90\u10d0𐐀Ꭰ가ᄀ0٤"


@cache
def _texts() -> list[str]:
    """Each sign alone and behind a letter, as it may be the last one of a word; and words of many alphabets."""
    signs = map(chr, range(1, sys.maxunicode + 1))
    texts = [f"λ{sign}" for sign in signs if unicodedata.category(sign) not in ("Cn", "Cs", "Co")]
    some = random.Random(58)
    return texts + ["".join(some.choices(ALPHABETS, k=some.randint(1, 8))) for _ in range(20_000)]


@cache
def _wanted(match: str) -> list[str]:
    return [key_form(text, match) for text in _texts()]


def _wrong(forms: list[str | None], match: str) -> list[tuple[str, str, str]]:
    pairs = zip(_texts(), (form or "" for form in forms), _wanted(match), strict=True)
    return [pair for pair in pairs if pair[1] not in (pair[2], pair[2].replace(DOTTED, KEPT))]


@pytest.mark.parametrize("match", FORMS)
def test_forms_of_postgresql(postgres_server: pg.Server, match: KeyMatch) -> None:
    with psycopg.connect(postgres_server.admin) as opened:
        dialect = PostgresDialect()
        version, dialect.encoding = opened.execute(SERVER).fetchone() or ("", "")  # type: ignore[arg-type]
        dialect.version = int(version)
        found = [name for (name,) in opened.execute(UNICODE_COLLATIONS)]  # type: ignore[arg-type]
        for collation in found:
            dialect.unicode_collation = unicode_collation([collation])
            statement = f"SELECT {dialect.normal_text('u.text', match)} FROM unnest(CAST(%s AS text[])) WITH ORDINALITY AS u(text, n)"
            rows = opened.execute(f"{statement} ORDER BY n", [_texts()]).fetchall()  # type: ignore[arg-type]
            assert _wrong([form for (form,) in rows], match) == [], collation


@pytest.mark.parametrize("match", FORMS)
def test_forms_of_duckdb(match: KeyMatch) -> None:
    with duckdb.connect() as opened:
        opened.register("u", pa.table({"n": range(len(_texts())), "text": _texts()}))
        rows = opened.execute(
            f"SELECT {DuckDialect().normal_text('text', match)} FROM u ORDER BY n"
        ).fetchall()
    assert _wrong([form for (form,) in rows], match) == []
