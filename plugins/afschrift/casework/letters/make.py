"""Make letters from what was given, the register and `controller.yml`, and put them into the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from afschrift.app.jurisdiction import jurisdiction_of, load_controller
from afschrift.app.settings import Settings
from afschrift.casework.decision.in_force import request_decisions
from afschrift.casework.identity.confirmed import identity_decision
from afschrift.casework.letters.addressee import PERSON, REPRESENTATIVE, Addressee, addressee, mail_address
from afschrift.casework.letters.answer_elements import (
    PLAN_LINES,
    answer_elements,
    decided_elements,
    denial_elements,
    files_together,
    known_elements,
    lines_together,
    plan_lines,
)
from afschrift.casework.letters.controller_elements import (
    controller_says,
    court,
    direct,
    is_too_late,
    links,
    missing_way,
    paragraph,
)
from afschrift.casework.letters.prefilled_elements import (
    AboutRequest,
    filled_in,
    register_elements,
)
from afschrift.casework.letters.send import must_be_alive, sender_address
from afschrift.casework.officer import Officer
from afschrift.casework.same_message import joint
from afschrift.domain.errors import RefusedError
from afschrift.domain.event import canonical
from afschrift.domain.request import Request, new_id
from afschrift.inventory.organisation import Organisation
from afschrift.law.clock.clock import Clock, Jurisdiction, clock
from afschrift.law.clock.facts import FactKind, FactRow, Timeline
from afschrift.law.grounds import Effect
from afschrift.law.letter import LetterRow, NewLetter
from afschrift.letters.compose import Letter, LetterFacts, compose
from afschrift.letters.element_values import form_error, in_text
from afschrift.letters.kinds import LetterKind, kind_named
from afschrift.letters.languages import languages
from afschrift.letters.mail_message import as_message
from afschrift.letters.words import LetterWords
from afschrift.register.register import Register

RECEIVED_KINDS = ("request", "received")


@dataclass(frozen=True)
class MadeLetter:
    """A letter that was made.

    Attributes:
        letter: None where nothing was kept (`--preview`).
        warning: what its sending will not do, in words; empty: there is no warning.
        fact: id of the fact that it announces.
        values: all that it says, by element, with its kind and its address.
    """

    letter: LetterRow | None
    text: Letter = field(repr=False)
    warning: str
    fact: str | None
    values: Mapping[str, Any] = field(repr=False)


def make(
    officer: Officer,
    request_id: str,
    kind_name: str,
    given: Mapping[str, Any],
    *,
    authority: Mapping[str, str] | None = None,
    keep: bool = True,
    second: bool = True,
) -> MadeLetter:
    """Make a letter and keep it in the outbox.

    Args:
        officer: who makes it.
        request_id: the request that it is about.
        kind_name: see `letters.kinds`.
        given: element -> value; `to` the e-mail address; `party` another party of the case than who asked;
            `language` another language than theirs.
        authority: the role in which they do.
        keep: False: show it alone.
        second: it may be made though a letter of its kind waits or was sent.

    Raises:
        UnknownRequestError: no such request.
        RefusedError: no such kind, an element is missing or wrong (FormError), or nothing was decided that
            the letter could be about.
        ConfigurationError: controller.yml, texts or templates lack something.
    """
    settings, register = officer.settings, officer.register
    found = _prepare(officer, request_id, kind_named(kind_name), given, keep=keep)
    kind, request, about, of_request = found.kind, found.about.request, found.fact, found.about
    files = found.files(settings)
    counts = of_request.merged_into if kind.name == "merged" else of_request.timeline
    dates, computed = _dates(kind, counts, of_request.jurisdiction, of_request.today, about)
    known = {
        **dates,
        **_known(officer, kind, of_request, about, found.controller),
        **_other_law(officer, kind, request, given),
        "files": files.pop("files", None),
        "reference": ", ".join((request.id, *found.also)),
    }
    facts = _facts(officer, found.controller, request, known, found.party)
    name = found.party.party.get("name")
    given = {"name": name, **given} if name in facts.values["addressee"] else given
    elements = _elements(settings, kind, of_request, about, {**files, **given})
    letter = compose(kind, elements, facts, settings.folder("letters"))
    to = mail_address(given, facts.wrote, found.party)
    if to is None and elements.get("secret_by") == "post":
        way = "the letter goes by post too; choose another way"
        raise form_error(kind, {"secret_by": way})
    lacks = found.controller.court_late is None and is_too_late(kind, of_request, found.controller)
    values = {**facts.values, **letter.values, "kind": letter.kind, "to": to}
    warning = missing_way(kind, about, no_route=lacks)
    made = MadeLetter(None, letter, warning, about.id if about else None, values)
    if not keep:
        return made
    detail = {**computed, "also": found.also} if found.also else computed
    new = _new_letter(officer, request, made, (sender_address(settings, found.controller), to), detail)
    row = register.letters.produce(new, officer.by, fact_id=made.fact, authority=authority, second=second)
    return replace(made, letter=row)


def facts_with(officer: Officer, request_id: str, kind_name: str) -> LetterFacts:
    """What a sheet that goes with a letter of a kind says of sender, addressee and request."""
    found = _prepare(officer, request_id, kind_named(kind_name), {}, keep=False)
    request = found.about.request
    known = {"reference": request.id, "right": request.right.value}
    return _facts(officer, found.controller, request, known, found.party)


@dataclass(frozen=True)
class _LetterFacts:
    """What a letter is about: the request, the fact that it announces, and the party that it goes to."""

    kind: LetterKind
    controller: Organisation
    about: AboutRequest
    fact: FactRow | None
    party: Addressee
    together: Sequence[tuple[Timeline, FactRow]]
    also: Mapping[str, str]

    def files(self, settings: Settings) -> dict[str, Any]:
        """Elements about the files, where the letter announces several answers."""
        answers = [(self.about.timeline, self.fact), *self.together]
        return files_together(settings, self.about.register, answers, self.about.request.language)


def _prepare(
    officer: Officer, request_id: str, kind: LetterKind, given: Mapping[str, Any], *, keep: bool
) -> _LetterFacts:
    settings, register, controller = officer.settings, officer.register, load_controller(officer.settings)
    request, timeline = register.requests.get(request_id), register.facts.timeline(request_id)
    about = _about(kind, timeline, keep)
    today = officer.today(request.zone)
    must_be_alive(timeline, kind.name)
    party = addressee(register, request, kind, today, given.get("party"))
    language = given.get("language") or party.party.get("language", request.language)
    if language not in (there := languages(settings.folder("letters"))):
        raise form_error(kind, {"language": f"choose among {', '.join(sorted(there))}"})
    together, also = joint(register, kind.name, timeline, about)
    of_request = AboutRequest(
        register,
        replace(request, language=language),
        timeline,
        jurisdiction_of(controller),
        today,
        controller.contact,
        tuple(other for other, _ in together),
    )
    return _LetterFacts(kind, controller, of_request, about, party, together, also)


def fits(officer: Officer, request_id: str, kind: LetterKind) -> bool:
    """Whether a letter of this kind can be made now: what it says is so, and it may go to the requester."""
    try:
        register_elements(_prepare(officer, request_id, kind, {}, keep=True).about, kind)
    except RefusedError:
        return False
    return kind.before_identity or identity_decision(officer.register, request_id) is not None


def filled_elements(officer: Officer, request_id: str, kind: LetterKind) -> set[str]:
    """Names of the elements that are filled in where the writer leaves them empty.

    Raises:
        RefusedError: the letter says what is not so.
    """
    found = _prepare(officer, request_id, kind, {}, keep=True)
    register_elements(found.about, kind)
    files = found.files(officer.settings)
    return {n for n, v in _elements(officer.settings, kind, found.about, found.fact, files).items() if v}


def _known(
    officer: Officer, kind: LetterKind, of: AboutRequest, about: FactRow | None, controller: Organisation
) -> dict[str, Any]:
    """Elements that the register and the controller's file know, besides dates."""
    asked = register_elements(of, kind)
    return {
        "received_on": of.timeline.received,
        "court": paragraph(court(officer.settings, kind, of, controller)),
        **asked,
        **direct(controller, of.request, asked["rights_asked"]),
        **decided_elements(officer.settings, kind, about, of.request.language),
        **denial_elements(officer, of.request, kind, about),
    }


def _new_letter(
    officer: Officer,
    request: Request,
    made: MadeLetter,
    addresses: tuple[str | None, str | None],
    detail: dict[str, Any],
) -> NewLetter:
    letter, letter_id, (sender, to) = made.text, new_id("let"), addresses
    return NewLetter(
        id=letter_id,
        request=request.id,
        kind=letter.kind,
        language=letter.language,
        content=as_message(letter, letter_id, officer.now, sender, to),
        same_as=canonical(_same(made.values)),
        to=to,
        detail=detail,
    )


def _facts(
    officer: Officer,
    controller: Organisation,
    request: Request,
    known: Mapping[str, Any],
    to: Addressee,
) -> LetterFacts:
    """What register and controller say; of a requester who is not identified, also what they wrote (R10)."""
    register = officer.register
    identified = identity_decision(register, request.id) is not None
    wrote = [] if identified else _wrote(register, request, officer.by)
    sure = identified or to.role != PERSON  # who acts for the person said themselves how to reach them
    block = [line for line in to.block if sure or in_text(line, wrote)]
    # An unproven representative learns no more of the person than they wrote, were it only a second name.
    person = to.name(PERSON)
    if not (identified and to.proven) and not in_text(person, register.cases.wrote(request.id)):
        person = ""
    return LetterFacts(
        language=request.language,
        values={
            **controller_says(controller, request),
            "written_on": officer.today(request.zone),
            "addressee": block,
            "personal": "yes" if to.shares_address else "",
            **known,
        },
        links=links(controller),
        wrote=None if identified else [*wrote, *(to.party.values() if sure else ())],
        relation=to.relation,
        names={"person": person, "representative": to.name(REPRESENTATIVE)},
    )


def _elements(
    settings: Settings, kind: LetterKind, of: AboutRequest, about: FactRow | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Elements that were given, and those about the answer, a part, a referral or masked cells."""
    language = of.request.language
    known = answer_elements(settings, of.register, of.timeline, about, language)
    elements = known | {
        name: value for name, value in given.items() if name not in ("to", "party", "language")
    }
    elements = known_elements(settings, kind.name, of.timeline, language, elements)
    if elements.get("secret_by") and "secret_by" not in known:
        raise form_error(kind, {"secret_by": "no words are kept that open what was delivered; leave it out"})
    words = LetterWords.load(settings.folder("letters"), language)
    elements = {**filled_in(of, kind, words), **{n: v for n, v in elements.items() if v not in (None, "")}}
    if wanted := [name for name in PLAN_LINES if name in kind.optional and not elements.get(name)]:
        of_each = {
            t.right: plan_lines(settings, of.register, t.request, language)
            for t in (of.timeline, *of.together)
        }
        elements |= {name: lines for name in wanted if (lines := lines_together(of_each, name, words))}
    return elements


def _about(kind: LetterKind, timeline: Timeline, keep: bool) -> FactRow | None:
    """The fact that a letter announces and that is not announced yet: its sending moves the clock.

    A letter that is only shown may come before its decision, as its signers read it; one of an extension
    names the day that the decision gives.
    """
    if not kind.is_true(timeline) and (keep or kind.name == "extension"):
        first = next((announced.decided_by for announced in kind.announces if announced.decided_by), "")
        raise RefusedError(
            f"The letter {kind.name} says what is not so yet: {timeline.request} is {timeline.state}.",
            remedy=f"decide on it first, with its reasons: `{first}`."
            if first
            else f"`afschrift questions --request {timeline.request}` says what comes first.",
        )
    return kind.about(timeline)


def _dates(
    kind: LetterKind, timeline: Timeline, jurisdiction: Jurisdiction, today: date, about: FactRow | None
) -> tuple[dict[str, date], dict[str, str]]:
    """The days that a letter names; and for the trail the same days with what they were computed with."""
    dates = {"received_on": timeline.received}
    name = next((day for day in ("until", "new_due") if day in kind.required), None)
    if name is None:
        return dates, {}
    if about is not None:  # the days are right once the letter is sent, which is today
        timeline = timeline.with_(_as_sent(timeline, about, today))
    found: Clock = clock(timeline, jurisdiction, today)
    if kind.name == "extension" and not found.extended:
        raise RefusedError(
            f"The last day for announcing an extension was {found.notice_due}: a letter now would be void "
            "(R41).",
            remedy=f"answer the request; it is due on {clock(timeline, jurisdiction, today).due}.",
        )
    if found.due is None:
        return dates, {}
    return {**dates, name: found.due}, {name: found.due.isoformat(), **dict(found.versions)}


def _as_sent(timeline: Timeline, about: FactRow, today: date) -> FactRow:
    return replace(
        about,
        id="fact-000000000000",
        number=len(timeline.facts) + 1,
        kind=FactKind.LETTER_SENT,
        about=about.id,
        day=today,
    )


def _other_law(
    officer: Officer, kind: LetterKind, request: Request, given: Mapping[str, Any]
) -> dict[str, str]:
    """The other law on which a restriction rests, in words, and whether a person weighed it (R84)."""
    code = given.get("provision")
    if "provision" not in kind.optional or (not code and given.get("ground") != "legally_exempted"):
        return {}
    law = officer.grounds.provisions.get(str(code))
    if law is None:
        fault = "it is missing, or in no list: a code of provisions.yml (docs/grounds.md)"
        raise form_error(kind, {"provision": fault})
    decided = [row for row in request_decisions(officer.register, request.id) if row.waits or row.in_force]
    taken = decided[-1].decision.detail if decided else {}
    weighed = (
        law.effect is Effect.PERMITS and taken.get("provision") == code and taken.get("outweighs") is True
    )
    return {
        "effect": law.effect.value,
        "act": law.text("name", request.language),
        "protects": law.text("protects", request.language),
        "weighed": "yes" if weighed else "",
    }


def _wrote(register: Register, request: Request, by: str) -> list[str]:
    """What the requester wrote: messages, and the keys that they gave. The look is an event."""
    texts = register.cases.texts(request.id, by)
    wrote = [t.text.decode(errors="replace") for t in texts if t.kind in RECEIVED_KINDS and t.text]
    return wrote + [key.value for key in register.identities.of(request.id)]


def _same(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values by which a letter is recognised as made before; the day of writing does not count."""
    return {name: _plain(value) for name, value in values.items() if name != "written_on"}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: str(text) for name, text in value.items()}
    return list(value) if isinstance(value, (list, tuple)) else str(value)
