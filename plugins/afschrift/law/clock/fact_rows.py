"""New facts as they will stand in the register, before they do: for the clock that a record would lead to."""

from __future__ import annotations

from collections.abc import Sequence

from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline


def rows(timeline: Timeline, new: Sequence[NewFact], at: str, by: str, ids: Sequence[str]) -> list[FactRow]:
    """New facts as rows that follow those of a request."""
    made: list[FactRow] = []
    for fact, id_ in zip(new, ids, strict=True):
        about = fact.about
        if about is None and fact.kind is FactKind.LETTER_SENT and made:
            about = made[-1].id
        number = len(timeline.facts) + len(made) + 1
        given = {
            name: getattr(fact, name) for name in ("day", "instant", "letter", "channel", "proof", "other")
        }
        made.append(
            FactRow(
                id_,
                timeline.request,
                number,
                fact.kind,
                at,
                by,
                about=about,
                detail=dict(fact.detail),
                **given,
            )
        )
    return made
