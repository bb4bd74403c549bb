"""What holds of every proposal, whatever the name, the type, the comment and the values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.data import lines
from tests.support.scanned import column, proposed

from afschrift.datamap.scan.concepts import vocabulary
from afschrift.datamap.scan.evidence import TextSample
from afschrift.datamap.scan.proposal import PROPOSED, propose
from afschrift.datamap.scan.schema import ScannedTable
from afschrift.datamap.scan.table_context import TableRole
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin

WORDS = sorted(word for word in vocabulary().lexicon._words if word.isascii() and word.isalpha())
NAMES = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("_".join),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("".join),
)
KINDS = st.sampled_from([*map(str, ValueKind), ""])

REAL = [
    *("anneke.de.vries@voorbeeld.nl", "NL91ABNA0417164300", "111222333", "0612345678", "192.168.17.23"),
    *("1984-02-29", "1012 AB", "52.3702,4.8952", "$2b$12$KIXQ0uS1lQ8XaZbYcWdVe."),
    "Het pakket lag bij de buren en was nat.",
    *('{"naam": "Anneke"}', "550e8400-e29b-41d4-a716-446655440000"),
]

VALUES = st.one_of(st.text(max_size=80), st.sampled_from(REAL))


@given(
    name=NAMES,
    table=NAMES,
    kind=KINDS,
    comment=st.one_of(st.just(""), st.text(max_size=60), NAMES),
    role=st.sampled_from(TableRole),
    values=st.lists(VALUES, max_size=20),
    others=st.lists(NAMES, max_size=3),
)
def test_it_never_raises_says_why_and_is_the_same_each_time(
    name: str, table: str, kind: str, comment: str, role: TableRole, values: list[str], others: list[str]
) -> None:
    scanned = column(name, kind, comment, "varchar(40)" if kind == "text" else "")
    whole = ScannedTable(table, (scanned, *map(column, others)))
    made = propose(whole, scanned, role, TextSample(tuple(values)))
    assert made == propose(whole, scanned, role, TextSample(tuple(values)))
    assert 0 <= made.confidence <= 1
    assert made.reason
    assert made.origin is None or made.confidence >= PROPOSED
    assert ("left open: " in made.reason) == (made.origin is None)
    if role is TableRole.UNREACHED:
        assert made.origin is None
    if role is TableRole.OTHER_PEOPLE:
        assert made.origin in (None, Origin.ASSIGNED)
        assert made.about_others
    if made.about_others or made.secret or role is not TableRole.PERSON:
        assert not made.identifies


SECRETS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=6, max_size=40)


@given(
    name=NAMES, kind=KINDS, role=st.sampled_from(TableRole), values=st.lists(SECRETS, min_size=1, max_size=20)
)
def test_the_reason_never_holds_a_value(name: str, kind: str, role: TableRole, values: list[str]) -> None:
    """The reason is the same as for other values of the same forms, so it cannot hold one."""
    scanned = column(name, kind)
    whole = ScannedTable("customer", (scanned,))
    without = propose(whole, scanned, role).reason
    reason = propose(whole, scanned, role, TextSample(tuple(values))).reason
    assert [
        value for value in values if value in reason and value not in without and value not in _SAID
    ] == []


_SAID = " ".join(concept.title + concept.open for concept in vocabulary().concepts)


@given(words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), role=st.sampled_from(TableRole))
def test_capitals_and_separators_make_no_difference(words: list[str], role: TableRole) -> None:
    kind = "text"
    snake = proposed("_".join(words), kind, role=role)
    first, *rest = capitals = [word.capitalize() for word in words]
    ways = [
        "-".join(words),
        " ".join(words),
        "_".join(words).upper(),
        "".join(capitals),
        first.lower() + "".join(rest),
    ]
    assert {way: proposed(way, kind, role=role) for way in ways} == dict.fromkeys(ways, snake)


COMPOUNDS = {
    "geboortedatum": "geboorte_datum", "emailadres": "e-mail adres", "factuuradres": "factuur_adres",
    "KLANTNUMMER": "klantNummer", "bezorgpostcode": "bezorg_post_code", "laatstelogin": "laatste_log_in",
    "firstname": "first_name",
}  # fmt: skip


def test_a_compound_is_what_its_parts_are_and_others_stay_whole() -> None:
    for joined, apart in COMPOUNDS.items():
        assert proposed(joined, "text") == proposed(apart, "text")
        assert proposed(joined, "text").origin is not None, joined
    for word in ("passage", "package", "landmark", "format", "station", "option", "person"):
        assert len(vocabulary().lexicon.words_of(word)) == 1, word


SAMPLES = {
    "": (),
    "emails": tuple(f"klant{n}@voorbeeld.nl" for n in range(10)),
    "numbers": tuple(str(1000 + n) for n in range(10)),
    "ibans": ("NL91ABNA0417164300", "DE89370400440532013000", "GB82WEST12345698765432") * 3,
    "bsns": ("111222333", "123456782", "999999990"),
    "sentences": tuple(f"Het pakket kwam {n} dagen te laat en was open." for n in range(10)),
    "answers": ("ja", "nee") * 10,
    "hashes": tuple(f"$2b$12$KIXQ0uS1lQ8XaZb{n}" for n in range(5)),
}

EMAILS = SAMPLES["emails"]


@pytest.mark.parametrize(
    "row",
    lines(__file__, "proposals.csv"),
    ids=lambda row: " ".join(filter(None, list(row.values())[:8])),
)
def test_what_a_column_is_taken_for(row: dict[str, str]) -> None:
    name, kind = row["name"], row["kind"]
    made = proposed(
        name,
        kind,
        *SAMPLES[row["samples"]],
        table=row["table"] or "customer",
        role=TableRole(row["role"] or "person"),
        comment=row["comment"],
        others=tuple(row["others"].split()),
        native=row["native"],
    )
    for word in ("origin", "category"):
        if row[word]:
            assert getattr(made, word) == (None if row[word] == "-" else row[word])
    assert row["says"] in made.reason
    for flag in row["flags"].split():
        word, _, value = flag.lstrip("!").partition("=")
        if word == "contradicted":
            assert proposed(name, kind).origin is not None, "the name alone says it"
        elif value:
            assert getattr(made, word) == value
        else:
            assert bool(getattr(made, word)) is not flag.startswith("!")


def test_values_and_a_comment_that_agree_make_it_surer() -> None:
    alone, few, many = (proposed("email", "text", *EMAILS[:n]).confidence for n in (0, 3, 10))
    assert alone < few < many < 1
    assert proposed("email", "text", *EMAILS[:7], *SAMPLES["numbers"][:3]).confidence < alone
    assert proposed("email", comment="e-mailadres van de klant").confidence > alone
