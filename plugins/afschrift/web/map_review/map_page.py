"""The page on which the data map is confirmed: columns that are alike are one question."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse

from afschrift.bundle.page.page import policy_of
from afschrift.canary.check_canary import require_canary
from afschrift.canary.signature import require_signed
from afschrift.datamap.preview import Preview, Whose, preview_canary, preview_invented
from afschrift.datamap.review.confirmations import (
    errors_as_refused,
    must_review,
    must_see_values,
    take_back,
    write,
)
from afschrift.datamap.review.groups import Group
from afschrift.datamap.review.review_samples import record_shown, samples
from afschrift.datamap.review.review_session import Review, WouldBreakError
from afschrift.domain.errors import FormError, RefusedError
from afschrift.domain.language import gettext
from afschrift.domain.right import Right
from afschrift.inventory.document import Fault, InventoryError
from afschrift.law.roles import AIRFLOW
from afschrift.web.caller import Caller, Known
from afschrift.web.form import Posted, unsendable
from afschrift.web.map_review.map_form import (
    LATER,
    MapForm,
    form_of_query,
    form_of_sent,
    kept_undo,
    pack_files,
    question_number,
    unpack_files,
)
from afschrift.web.map_review.map_view import ButtonResult, map_page, shown_groups, title_of
from afschrift.web.page import Problem, status_and_words
from afschrift.wiring.build_services import build

router = APIRouter(default_response_class=HTMLResponse)

BROKEN = (
    "The data map has faults, so nothing can be asked or written. Correct them in the files, then try again."
)
NOT_NOW = "This could not be shown:"
MEND = "Nothing was written. Correct this:"
_FAULTS = 20
_TITLES = {"f-why": "Why it is right", "f-again": "Look again on"}


@router.get("/inventory")
def listing(request: Request, by: Known) -> Response:
    """What waits for a person, the largest questions first; read-only for an account that may not answer."""
    return _ReviewPage(request, by, form_of_query(request.query_params)).render()


@router.post("/inventory")
def answer(request: Request, by: Known, sent: Posted) -> Response:
    """Write answers, take the last ones back, or show something else, with all that was typed.

    The reply is the page itself, not a redirect, because it holds what takes the answers back. Sent twice,
    the form writes once.
    """
    page = _ReviewPage(request, by, form_of_sent(sent))
    wrong = unsendable(request, by, sent)
    return page.render(*wrong) if wrong else page.act()


@dataclass
class _ReviewPage:
    """The page for one request of a caller.

    Attributes:
        form: what they sent, and what the page holds then.
        result: of the button.
    """

    request: Request
    by: Caller
    form: MapForm
    result: ButtonResult = field(default_factory=ButtonResult)
    _review: Review | None = None
    _faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        self._officer = self.by.officer()
        try:
            self._review = Review(self._officer.settings.inventory)
            self._review.keep_apart(self.form.apart.splitlines())
        except InventoryError as error:
            self._faults = error.faults

    def render(self, problem: Problem | None = None, status: int = 200) -> Response:
        """The page, with what was typed."""
        if self._review is None:
            named = (replace(fault, file=Path(fault.file).name) for fault in self._faults[:_FAULTS])
            problem = Problem(BROKEN, tuple(("", "", str(fault)) for fault in named))
            status = 409
        return map_page(self.request, self._officer, self._review, self.form, self.result, problem, status)

    def act(self) -> Response:
        """Carry out the button. A fault shows the page again, with all that was typed."""
        acts = {
            "write": self._write, "undo": self._undo, "samples": self._samples, "values": self._samples,
            "places": self._places, "apart": self._apart, "page": self._turn,
        }  # fmt: skip
        if self._review is None:
            return self.render()
        try:
            acts.get(self.form.do[0], self._first)(self._review)
        except WouldBreakError as error:
            return self.render(self._of_faults(self._review, error), 409)
        except FormError as error:
            return self.render(self._of_fields(self._review, error), 422)
        except Exception as error:  # the application handles it too, but on a page without what was typed
            status, text = status_and_words(error)
            at = f"g-{self.form.do[1]}"  # where the browser goes after a button of one question
            known = any(at == f"g-{group.id}" for group in self._review.waiting())
            return self.render(Problem(NOT_NOW, ((at, "", text),)) if known else Problem(text), status)
        return self.render()

    def _write(self, review: Review) -> None:
        must_review(self._officer)
        waiting = {group.id: group for group in review.waiting()}
        filled = {of: given for of, given in self.form.given.items() if not given.blank}
        known = {of: given for of, given in filled.items() if of in waiting}
        languages = review.inventory.controller.languages
        faults = {of: given.fault(waiting[of], languages) for of, given in known.items()}
        if faults := {f"g-{of}": fault for of, fault in faults.items() if fault}:
            raise FormError(MEND, faults)
        if not filled:
            raise FormError(MEND, {"none": "choose “It is so” or “Otherwise” at one question or more."})
        today = self._officer.today(review.inventory.controller.zone)
        answer = self.form.answer(self.by.account.removeprefix(AIRFLOW), today)
        answers = [
            (waiting[of], replace(answer, words=given.words(waiting[of], languages)))
            for of, given in known.items()
        ]
        here = shown_groups(self.form, review)[1]
        step = write(self._officer, review, answers, today, self.form.shown if known == filled else "")
        left = {group.id for group in review.waiting()}
        start = self.form.start + sum(group.id in left for group in here)
        self.result = ButtonResult(written=step, at_end=start >= len(shown_groups(self.form, review)[0]))
        undo = kept_undo((*self.form.undo, pack_files(step.before)))
        self.form = replace(self.form.later(0 if self.result.at_end else start), undo=undo)

    def _undo(self, review: Review) -> None:
        must_review(self._officer)
        if not self.form.undo:
            raise RefusedError(
                "There is nothing to take back.", remedy="version control has what was before."
            )
        asked = {group.id for group in review.waiting()}
        taken = take_back(self._officer, review, unpack_files(self.form.undo[-1], review.size))
        found = enumerate(shown_groups(self.form, review)[0])
        start = next((number for number, group in found if group.id not in asked), 0)  # what is asked again
        self.form = replace(self.form, undo=self.form.undo[:-1], start=start)
        self.result = ButtonResult(taken_back=taken)

    def _samples(self, review: Review) -> None:
        """Show values of a question's first columns: masked, or in clear after the look is in the trail."""
        clear = self.form.do[0] == "values"
        if clear:
            must_see_values(self._officer)
        else:
            must_review(self._officer)
        group = self._about(review)
        found = samples(review.inventory, group, lambda error: status_and_words(error)[1])
        if clear and any(column.values for column in found):
            record_shown(self._officer.register, self._officer.by, found)
        self.result = ButtonResult(samples={group.id: tuple(found)}, clear=clear)

    def _places(self, review: Review) -> None:
        self.result = ButtonResult(all_places=self._about(review).id)

    def _apart(self, review: Review) -> None:
        group = self._about(review)
        with errors_as_refused():
            review.take_apart(group)
        given = {of: answer for of, answer in self.form.given.items() if of != group.id}
        self.form = replace(self.form, apart="\n".join(review.apart), given=given)

    def _about(self, review: Review) -> Group:
        for group in review.waiting():
            if group.id == self.form.do[1]:
                return group
        raise RefusedError("This is not asked any more.", remedy="look at what is asked now.")

    def _turn(self, _review: Review) -> None:
        self.form = replace(self.form, start=question_number(self.form.do[1]))

    def _first(self, _review: Review) -> None:
        self.form = replace(self.form, start=0)

    def _of_fields(self, review: Review, error: FormError) -> Problem:
        titles = {f"g-{group.id}": title_of(group) for group in review.waiting()}
        titles |= {name: gettext(title) for name, title in _TITLES.items()}
        lines = [(name, titles.get(name, ""), fault) for name, fault in error.fields.items()]
        return Problem(MEND, tuple(lines))

    def _of_faults(self, review: Review, error: WouldBreakError) -> Problem:
        """The faults that answers would bring in, each at the question whose column it names."""
        filled = [group for group in review.waiting() if group.id in self.form.given]
        filled = [group for group in filled if self.form.given[group.id].choice != LATER]
        paths = {
            ".".join(("tables", place.table, *(["columns", place.column] if place.column else []))): group
            for group in filled
            for place in group.places
        }
        lines: list[tuple[str, str, str]] = []
        for fault in error.faults:
            parts = fault.where.split(".")
            of = paths.get(".".join(parts[:4])) or paths.get(".".join(parts[:2]))
            # what is alike has the same fault at each of its columns
            line = (f"g-{of.id}", of.name, fault.message) if of else ("", "", str(fault))
            lines += [] if line in lines else [line]
        words = "Nothing was written, as the data map would have faults with these answers:"
        return Problem(words, tuple(lines[:_FAULTS]))


Shown = Annotated[Literal[Whose.INVENTED, Whose.CANARY], InPath()]
"""Rows of a real person are shown at the terminal alone."""


@router.get("/inventory/preview/{whose}/data/information.html")
def sheet(by: Known, whose: Shown) -> Response:
    """Show the information sheet, to which the page of an access answer links."""
    found, letters = _made(by, whose, Right.ACCESS)
    return _html(found.sheet(letters), "default-src 'none'; style-src 'unsafe-inline'")


@router.get("/inventory/preview/{whose}/{right}")
def preview(by: Known, whose: Shown, right: Annotated[Right, InPath()]) -> Response:
    """Read and show it; nothing is kept."""
    found, _ = _made(by, whose, right)
    return _html(found.page, policy_of(found.page))


def _made(by: Known, whose: Whose, right: Right) -> tuple[Preview, Path]:
    officer = by.officer()
    must_review(officer)
    services = build(lambda _line: None, officer.settings)
    language = services.inventory.controller.languages[0]
    if whose is Whose.INVENTED:
        return preview_invented(services, right, language), services.letters
    canary = require_canary(officer.settings, services.inventory)
    require_signed(canary, services.register)
    return preview_canary(services, right, language, canary.file.keys), services.letters


def _html(page: bytes, allowed: str) -> Response:
    return HTMLResponse(page, headers={"Content-Security-Policy": f"{allowed}; frame-ancestors 'none'"})
