"""Redactions by reference: lines are read and written, spans fit any script, and a second look finds its place."""

import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from afschrift.domain.redaction import (
    MASK,
    LineError,
    Redaction,
    RedactionLine,
    before_masking,
    check_span,
    mask,
    overlapping,
    parse,
    together,
)

SCRIPTS = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from(
            "aé漢字عربىשלוםहिन्दीไทยКот\U0001f4e6\U0001f469\u200d\U0001f467\u0301\u0308 \n[]masked"
        ),
    ),
    min_size=1,
    max_size=60,
)
VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@st.composite
def spans_of(draw: st.DrawFn, text: str, most: int = 4) -> list[tuple[int, int]]:
    """Disjoint spans of a text, in order."""
    ends = sorted(draw(st.sets(st.integers(0, len(text)), max_size=2 * most)))
    return list(zip(ends[::2], ends[1::2], strict=False))


@given(st.data(), SCRIPTS)
def test_masking_keeps_the_text_outside_spans(data: st.DataObject, text: str) -> None:
    spans = data.draw(spans_of(text))

    masked = mask(text, reversed(spans))

    at, left = 0, masked
    for start, end in spans:
        kept = text[at:start]
        assert left.startswith(kept + MASK)
        left, at = left[len(kept) + len(MASK) :], end
    assert left == text[at:]
    assert len(masked) == len(text) - sum(end - start - len(MASK) for start, end in spans)


@given(st.data(), SCRIPTS)
def test_a_span_of_a_masked_text_is_found_in_the_text_before(data: st.DataObject, text: str) -> None:
    """Masking twice is masking once with both, wherever the second looks."""

    def in_a_mask(at: int) -> bool:
        shift = 0
        for start, end in first:
            if start - shift <= at < start - shift + len(MASK):
                return True
            shift += end - start - len(MASK)
        return False

    first = data.draw(spans_of(text))
    shown = mask(text, first)
    start = data.draw(st.integers(0, len(shown) - 1))
    end = data.draw(st.integers(start + 1, len(shown)))
    try:
        found = before_masking((start, end), first)
    except LineError:
        spots = [at for at in range(len(shown)) if in_a_mask(at)]
        inside = [end for end in (start, end) if end in spots and (end - 1) in spots]
        assert inside or set(range(start, end)) <= set(spots)
        return
    left = [at for at in first if not (found[0] <= at[0] and at[1] <= found[1])]
    assert mask(text, [*left, found]) == shown[:start] + MASK + shown[end:]


@given(VALUES, VALUES, VALUES, st.none() | st.tuples(st.integers(0, 99), st.integers(100, 999)))
def test_a_line_reads_back_as_written(
    column: str, name: str, value: str, span: tuple[int, int] | None
) -> None:
    """Keys and columns of any characters: what divides is percent-encoded, so lines are ready to copy."""
    for line in (
        RedactionLine(3, "shop.ticket", column, "rights_of_others", row=17, span=span),
        RedactionLine(3, "s.t", column, "rights_of_others", key={name: value, name + "2": ""}, span=span),
    ):
        assert parse(3, line.text) == line
        assert len(line.text.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "shop.ticket #17 body",
        "shop.ticket #17 body 1:2 rights_of_others more",
        "ticket #17 body rights_of_others",
        "shop.ticket 17 body rights_of_others",
        "shop.ticket #-1 body rights_of_others",
        "shop.ticket #١ body rights_of_others",
        "shop.ticket =1 body rights_of_others",
        "shop.ticket id=1,id=2 body rights_of_others",
        "shop.ticket #1 body 1:2:3 rights_of_others",
        "shop.ticket #1 body -1:2 rights_of_others",
        "shop.ticket #1 body :2 rights_of_others",
        "shop.ticket #1 body 2:2 rights_of_others",
    ],
)
def test_invalid_line_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(LineError) as error:
        parse(1, text)
    assert text not in str(error.value)


def test_a_span_is_of_characters_and_not_of_bytes_or_halves() -> None:
    text = "📦 voor Zoë\u0308 van 漢字"
    check_span(text, (0, 1))
    check_span(text, (len(text) - 2, len(text)))
    assert mask(text, [(0, 1)]) == "[masked] voor Zoë\u0308 van 漢字"
    with pytest.raises(LineError, match="outside of the text, which has 18 characters"):
        check_span(text, (16, 19))


@given(SCRIPTS)
@example("\U0001f469\u200d\U0001f467")  # a family of joined signs stays together
def test_no_span_cuts_a_mark_from_its_character(text: str) -> None:
    for at in range(1, len(text)):
        if unicodedata.combining(text[at]):
            with pytest.raises(LineError, match="mark that belongs to it"):
                check_span(text, (0, at))
            with pytest.raises(LineError):
                check_span(text, (at, at + 1))
        if "\u200d" in text[at - 1 : at + 1]:
            with pytest.raises(LineError):
                check_span(text, (0, at))


def redaction(id_: str, span: tuple[int, int] | None, key: str = "1") -> Redaction:
    start, end = span or (None, None)
    return Redaction(id_, "s.t", "body", "g", ("R31",), 1, "c", {"id": key}, "", start, end)


def test_of_two_redactions_the_later_takes_the_place_of_what_it_covers() -> None:
    earlier = [redaction("a", (2, 5)), redaction("b", (7, 9)), redaction("c", (2, 5), "2")]
    assert [kept.id for kept in together(earlier, [redaction("d", (1, 6))])] == ["b", "c", "d"]
    assert [kept.id for kept in together(earlier, [redaction("d", None)])] == ["c", "d"]
    assert [kept.id for kept in together(earlier, [redaction("d", (5, 7))])] == ["a", "b", "c", "d"]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)), max_size=6))
def test_what_overlaps_is_found_and_what_touches_does_not(some: list[tuple[int, int]]) -> None:
    spans = [((start, start + size), number) for number, (start, size) in enumerate(some)]
    used = [at for (start, end), _ in spans for at in range(start, end)]
    assert (overlapping(spans) is not None) == (len(used) > len(set(used)))
    assume(spans)
    assert overlapping([*spans, (None, 99)]) is not None
