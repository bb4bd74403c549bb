"""Which columns a chart is made of: by kind, origin, unit and category, never by name."""

from typing import Any

import pytest
from tests.support.data import lines

from afschrift.domain.decision import Action
from afschrift.domain.overview import ProfileChoice
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin
from afschrift.extraction.media_type import extension, media_type_of
from afschrift.extraction.profile_columns import KEPT, LEAST_KEPT, MOST_KEPT, choose, kept_bytes
from afschrift.inventory.table import Table

COLUMNS = {line.pop("name"): line for line in lines(__file__, "charted.tsv")}


def described(name: str) -> dict[str, str]:
    return {word: text for word, text in COLUMNS[name].items() if text and word != "kind"}


def chosen(*names: str, masked: tuple[str, ...] = (), **table: Any) -> ProfileChoice:
    entry = Table.model_validate({"columns": {n: described(n) for n in names}, **table})
    fields = tuple(
        FieldPlan(
            name,
            ValueKind(COLUMNS[name]["kind"]),
            Action.MASK if name in masked else Action.INCLUDE,
            (),
            "",
            Origin(COLUMNS[name]["origin"]),
        )
        for name in names
    )
    return choose(entry, ExtractPlan("s", "t", fields, "SELECT"), "Europe/Amsterdam")


def test_the_moment_is_the_finest_time_that_is_the_persons() -> None:
    moments = {
        "seen counted at local": "at",
        "seen local": "local",
        "born seen": "seen",
        "born words": "",
        "counted": "counted",
    }
    assert {columns: chosen(*columns.split()).moment for columns in moments} == moments


def test_the_rows_own_time_comes_first() -> None:
    own = {"device": {"column": "words", "at": "seen"}}
    assert chosen("at", "seen", "words", subject=own).moment == "seen"


def test_a_measure_is_the_one_observed_number_with_a_unit() -> None:
    measured = ("at beats", "at beats weight guess share place")
    others = ("at beats skin", "at weight", "at place", "at guess", "at paid", "seen beats", "beats")
    assert [chosen(*columns.split()).measure for columns in measured] == ["beats", "beats"]
    assert [columns for columns in others if chosen(*columns.split()).measure] == []


def test_a_masked_column_and_a_key_are_never_drawn() -> None:
    assert chosen("at", "beats", masked=("beats",)).measure == ""
    assert chosen("at", "beats", masked=("at",)) == ProfileChoice()
    assert chosen("at", "beats", key=["beats"]).measure == ""


def test_search_words_are_listed_and_times_without_zone_stay_their_own() -> None:
    assert chosen("at", "words").listed == "words"
    assert chosen("at").zone == "Europe/Amsterdam"
    assert chosen("local").zone == "UTC"


def test_many_tables_share_what_is_kept() -> None:
    assert kept_bytes(1) == MOST_KEPT
    assert kept_bytes(10) == KEPT // 10
    assert kept_bytes(1000) == LEAST_KEPT


@pytest.mark.parametrize(
    ("name", "declared", "ending", "media_type"),
    [
        ("photo.JPG", None, "jpg", "image/jpeg"),
        ("photo", "image/png", "png", "image/png"),
        ("../..\\x.TXT", "text/plain; charset=windows-1252", "txt", "text/plain"),
        ("route.gpx", "", "gpx", "application/gpx+xml"),
        ("archive.tar.gz", None, "gz", "application/octet-stream"),
        (".profile", None, "bin", "application/octet-stream"),
        ("my.jan jansen", "nonsense", "bin", "application/octet-stream"),
        ("x.ex\u202ee", "text/html\r\nX: y", "bin", "application/octet-stream"),
        ("x.verylongending", "image/jpeg", "jpg", "image/jpeg"),
        (None, None, "bin", "application/octet-stream"),
    ],
)
def test_endings_and_media_types(
    name: str | None, declared: str | None, ending: str, media_type: str
) -> None:
    assert extension(name, declared) == ending
    assert media_type_of(ending, declared) == media_type
