"""The contents of the data map's page: the questions, what was typed, and the result of a button."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request, Response

from afschrift.casework.officer import Officer
from afschrift.datamap.review.confirmations import Decided, answers_in_force, read_only, remarks
from afschrift.datamap.review.decisions import Kind
from afschrift.datamap.review.groups import Group, about_tables, in_both_languages
from afschrift.datamap.review.offered import (
    COMPUTED,
    ORIGINS,
    decided,
    effect,
    in_a_year,
    in_short,
    lacking,
    no_to,
    others_offered,
    said_code,
    takes_meaning,
)
from afschrift.datamap.review.review_samples import Values, masked
from afschrift.datamap.review.review_session import Review, Step
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.language import gettext, ngettext, say
from afschrift.inventory.base import fides_categories
from afschrift.law.roles import MAY, Act
from afschrift.web.map_review.map_form import SURE, GroupAnswer, MapForm
from afschrift.web.page import Problem, render

PER_PAGE = 20
PLACES = 200
"""Columns of one question that the page lists; the button shows the rest."""
_WRITTEN: Mapping[str, object] = {"True": True, "False": False, "nothing": None}
"""Values that a question with several has as texts."""


@dataclass(frozen=True)
class ButtonResult:
    """The result of a button.

    Attributes:
        written, taken_back: answers.
        at_end: the last question was reached, so the page begins again with those that were left for later.
        samples: id of a question -> values of its first columns.
        clear: they are shown as they are.
        all_places: id of the question of which every column is listed.
    """

    written: Step | None = None
    taken_back: Decided | None = None
    at_end: bool = False
    samples: Mapping[str, tuple[Values, ...]] = field(default_factory=dict)
    clear: bool = False
    all_places: str = ""


def shown_groups(form: MapForm, review: Review) -> tuple[list[Group], list[Group]]:
    """All questions that match the form's filters, and those on its page."""
    found = [group for group in review.waiting() if form.fits(group)]
    return found, found[form.start : form.start + PER_PAGE]


def map_page(
    request: Request,
    officer: Officer,
    review: Review | None,
    form: MapForm,
    result: ButtonResult,
    problem: Problem | None,
    status: int,
) -> Response:
    """Render the page; without a review, only what was typed."""
    found, here = shown_groups(form, review) if review else ([], [])
    asked = {group.id for group in review.waiting()} if review else set(form.given)
    on_page = {group.id for group in here}
    typed = {of: given for of, given in form.given.items() if not given.blank}
    folder = officer.settings.inventory
    today = officer.today(review.inventory.controller.zone) if review else None
    return render(
        request,
        "inventory",
        status,
        form=form,
        again=form.again if form.shown or today is None else in_a_year(today).isoformat(),
        shown=review.digest if review else form.shown,
        problem=problem,
        faults={of.removeprefix("g-"): fault for of, _, fault in problem.lines if of} if problem else {},
        barred=_barred(officer, folder) if review else "",
        remarks=list(remarks(folder, officer.register, review.inventory.digest)) if review else [],
        items=[_item(review, group, form.given.get(group.id, GroupAnswer()), result) for group in here]
        if review
        else [],
        carried={of: given for of, given in typed.items() if of in asked - on_page},
        lost=[given for of, given in typed.items() if of not in asked] if review else [],
        all=review.left() if review else len(asked),
        found=len(found),
        per_page=PER_PAGE,
        result=result,
        values=officer.roles.may(officer.by, Act.VALUES),
        result_lines=list(_result_lines(result)),
        today=[*map(_decided, answers_in_force(officer, today))] if today else [],
        sums=_sums(answers_in_force(officer, today) if today else []),
        sure=SURE,
        origins={origin.value: words for origin, words in ORIGINS.items()},
        categories=sorted(fides_categories()),
        computed=COMPUTED,
        languages=review.inventory.controller.languages if review else (),
    )


def _barred(officer: Officer, folder: Any) -> str:
    """Why the caller cannot answer; empty: they can."""
    if not officer.roles.may(officer.by, Act.MAP):
        return say(officer.roles.refusal([role for role in MAY if Act.MAP in MAY[role]]))
    return read_only(folder)


def _item(review: Review, group: Group, given: GroupAnswer, result: ButtonResult) -> dict[str, Any]:
    """A question on the page: what is proposed, why, where, and what may be said otherwise."""
    number = len(group.places)
    proposed = [(word, _shown(word, value)) for word, value in group.proposed.items()]
    varied = [
        (word, ", ".join(f"{_shown(word, _WRITTEN.get(v, v))} ({n})" for v, n in of.items()))
        for word, of in group.varied.items()
    ]
    meant = effect(group, {})
    tables = [(word, _shown(word, value)) for word, value in about_tables(review.inventory, group)]
    most = number if result.all_places == group.id else PLACES
    return {
        "group": group,
        "given": given,
        "title": title_of(group),
        "lines": (*proposed, *varied, *([("so", meant)] if meant else []), *tables),
        "sure": "" if group.sure is None else f"{group.sure:.2f}",
        "because": gettext("; or ").join(map(evidence, group.reasons[:3])),
        "evidence": {code: evidence(words) for code, words in group.evidence.items()},
        "places": [place.path for place in group.places[:most]],
        "more": max(number - most, 0),
        "lacks": [lack.value for lack in lacking(group, {})],
        "others": others_offered(group),
        "takes_no": _takes_no(group),
        "takes_meaning": takes_meaning(group),
        "samples": [
            (found.place.path, found.values if result.clear else list(map(masked, found.values)), found.why)
            for found in result.samples.get(group.id, ())
        ],
    }


def title_of(group: Group) -> str:
    """Return a question's title: names of columns as they are, one of ours in the language that is served."""
    if group.is_table and not group.is_grouped:
        return gettext("Table {name}", name=group.name)
    category, comma, origin = group.name.rpartition(", ")
    if group.kind is Kind.MEANING and comma:
        return f"{category}, {said_code(origin)}"
    ours = group.is_table or (group.kind is not None and group.name == group.kind.value)
    return say(group.name) if ours else group.name


def evidence(reasons: str) -> str:
    """Why a proposal was made, in the language that is served; reasons are divided by semicolons."""
    parts = (reason.partition(": ") for reason in reasons.split("; "))
    return "; ".join(
        f"{gettext(by)}: {say(what)}" if by in ("name", "comment", "left open") else say(f"{by}{colon}{what}")
        for by, colon, what in parts
    )


def _shown(word: str, value: object) -> str:
    if word == "possible":
        place, colon, because = str(value).partition(": ")
        return f"{place}: {evidence(because)}" if colon else evidence(place)
    if value == "asked":
        return gettext("not known")
    if word in ("ways", "purposes"):
        return gettext("; or ").join(map(say, str(value).split("; or ")))
    coded = value is None or isinstance(value, bool) or word in ("origin", "about", "third_party")
    return said_code("nothing" if value is None else value) if coded else in_both_languages(value)


def _takes_no(group: Group) -> bool:
    try:
        return bool(no_to(group))
    except ConfigurationError:
        return False


def _result_lines(result: ButtonResult) -> Iterator[str]:
    if result.written:
        for group, answer in result.written.answered:
            yield decided(group, answer.words)
    if result.taken_back:
        yield from _decided(result.taken_back)


def _decided(change: Decided) -> list[str]:
    return [_in_words(decision) for decision in change.decisions]


def _in_words(decision: Mapping[str, Any]) -> str:
    if "columns" not in decision:
        return gettext("Table {name}", name=decision["of"])
    number = ngettext("{number} column", "{number} columns", decision["columns"])
    return f"{decision['of']}, {number}: {in_short(decision)}"


def _sums(found: list[Decided]) -> dict[str, int]:
    return {
        "decisions": sum(len(change.decisions) for change in found),
        "columns": sum(change.columns for change in found),
        "lines": sum(change.lines for change in found),
    }
