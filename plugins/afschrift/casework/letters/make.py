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
from afschrift.casework.letters.addressee import PERSON, REPRESENTATIVE, Addressee, addressee
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
from afschrift.casework.letters.prefilled_elements import (
    AboutRequest,
    filled_in,
    register_elements,
)
from afschrift.casework.letters.send import mail_settings, must_be_alive
from afschrift.casework.officer import Officer
from afschrift.casework.same_message import joint
from afschrift.domain.errors import RefusedError
from afschrift.domain.event import canonical
from afschrift.domain.request import Request, new_id
from afschrift.domain.right import TERMS, Right
from afschrift.inventory.organisation import Organisation
from afschrift.law.clock.clock import Clock, Jurisdiction, clock
from afschrift.law.clock.facts import FactKind, FactRow, Timeline
from afschrift.law.grounds import Effect
from afschrift.law.letter import LetterRow, NewLetter
from afschrift.letters.compose import Letter, LetterFacts, compose
from afschrift.letters.element_values import form_error, in_text
from afschrift.letters.kinds import LetterKind, kind_named
from afschrift.letters.mail_message import as_message, checked_address
from afschrift.letters.words import LetterWords
from afschrift.register.register import Register

RECEIVED_KINDS = ("request", "received")


_NO_ROUTE = (
    "controller.yml has no `court_late`, so the letter names no way to court after a late answer: add it."
)


@dataclass(frozen=True)
class MadeLetter:
    """A letter that was made.

    Attributes:
        letter: None where nothing was kept (`--preview`).
        warning: what its sending will not do, in words; empty: there is no warning.
    """

    letter: LetterRow | None
    text: Letter = field(repr=False)
    warning: str


def make(
    officer: Officer,
    request_id: str,
    kind_name: str,
    given: Mapping[str, Any],
    *,
    authority: Mapping[str, str] | None = None,
    keep: bool = True,
) -> MadeLetter:
    """Make a letter and keep it in the outbox.

    Args:
        officer: who makes it.
        request_id: the request that it is about.
        kind_name: see `letters.kinds`.
        given: element -> value; `to` the e-mail address; `party` another party of the case than who asked.
        authority: the role in which they do.
        keep: False: show it alone.

    Raises:
        UnknownRequestError: no such request.
        RefusedError: no such kind, an element is missing or wrong (FormError), or nothing was decided that
            the letter could be about.
        ConfigurationError: controller.yml, texts or templates lack something.
    """
    settings, register = officer.settings, officer.register
    kind, controller = kind_named(kind_name), load_controller(settings)
    request, timeline = register.requests.get(request_id), register.facts.timeline(request_id)
    about = _about(kind, timeline, keep)
    today, jurisdiction = officer.today(request.zone), jurisdiction_of(controller)
    must_be_alive(timeline, kind.name)
    party = addressee(register, request, kind, today, given.get("party"))
    request = replace(request, language=party.party.get("language", request.language))
    together, also = joint(register, kind.name, timeline, about)
    others, contact = tuple(other for other, _ in together), controller.contact
    of_request = AboutRequest(register, request, timeline, jurisdiction, today, contact, others)
    files = files_together(settings, register, [(timeline, about), *together], request.language)
    counts = of_request.merged_into if kind.name == "merged" else timeline
    dates, computed = _dates(kind, counts, jurisdiction, today, about)
    known = {
        **dates,
        **_known(officer, kind, of_request, about, controller),
        **_other_law(officer, kind, request, given),
        "files": files.pop("files", None),
        "reference": ", ".join((request.id, *also)),
    }
    facts = _facts(officer, controller, request, known, party)
    name = party.party.get("name")
    given = {"name": name, **given} if name in facts.values["addressee"] else given
    elements = _elements(settings, kind, of_request, about, {**files, **given})
    letter = compose(kind, elements, facts, settings.folder("letters"))
    to = _address(given, facts, party)
    lacks = controller.court_late is None and _is_too_late(kind, of_request, controller)
    made = MadeLetter(None, letter, _warning(kind, about) or (_NO_ROUTE if lacks else ""))
    if not keep:
        return made
    detail = {**computed, "also": also} if also else computed
    new = _new_letter(officer, request, letter, facts, (_sender(settings, controller), to), detail)
    row = register.letters.produce(new, officer.by, fact_id=about.id if about else None, authority=authority)
    return replace(made, letter=row)


def _known(
    officer: Officer, kind: LetterKind, of: AboutRequest, about: FactRow | None, controller: Organisation
) -> dict[str, Any]:
    """Elements that the register and the controller's file know, besides dates."""
    asked = register_elements(of, kind)
    return {
        "received_on": of.timeline.received,
        "court": _paragraph(_court(officer.settings, kind, of, controller)),
        **asked,
        **_direct(controller, of.request, asked["rights_asked"]),
        **decided_elements(officer.settings, kind, about, of.request.language),
        **denial_elements(officer, of.request, kind, about),
    }


def _new_letter(
    officer: Officer,
    request: Request,
    letter: Letter,
    facts: LetterFacts,
    addresses: tuple[str | None, str | None],
    detail: dict[str, Any],
) -> NewLetter:
    letter_id, (sender, to) = new_id("let"), addresses
    return NewLetter(
        id=letter_id,
        request=request.id,
        kind=letter.kind,
        language=letter.language,
        content=as_message(letter, letter_id, officer.now, sender, to),
        same_as=canonical(_same({**facts.values, **letter.values, "kind": letter.kind, "to": to})),
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
            **_controller_says(controller, request),
            "written_on": officer.today(request.zone),
            "addressee": block,
            "personal": "yes" if to.shares_address else "",
            **known,
        },
        links=_links(controller),
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
    elements = known | {name: value for name, value in given.items() if name not in ("to", "party")}
    elements = known_elements(settings, kind.name, of.timeline, language, elements)
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


def _warning(kind: LetterKind, about: FactRow | None) -> str:
    decided_by = next((announced.decided_by for announced in kind.announces if announced.decided_by), "")
    if about is not None or not decided_by:
        return ""
    return (
        "Nothing was decided that this letter announces, so its sending will stop no clock: "
        f"`{decided_by}`, naming this letter, unless that is meant."
    )


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


def _controller_says(controller: Organisation, request: Request) -> dict[str, Any]:
    return {
        "organisation": controller.name,
        "address": controller.address,
        "contact": controller.contact,
        "authority": _paragraph(controller.authority.get(request.language)),
    }


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


def _is_too_late(kind: LetterKind, of: AboutRequest, controller: Organisation) -> bool:
    """Whether no answer within the terms of Art. 12(3) decides on the way to court (R45, R56).

    A late answer of a public body is a decision like any other, with the usual way (UAVG 34); of another
    controller it is none within the terms (UAVG 35(2)).
    """
    return of.missed is not None and (controller.body == "private" or kind.name == "late")


def _court(settings: Settings, kind: LetterKind, of: AboutRequest, controller: Organisation) -> str:
    language = of.request.language
    if not _is_too_late(kind, of, controller):
        return controller.court.get(language)
    if controller.court_late is not None:
        return controller.court_late.get(language)
    return LetterWords.load(settings.folder("letters"), language).say("court_late_unknown")


def _direct(controller: Organisation, request: Request, rights: Sequence[str]) -> dict[str, Any]:
    """Whether files of portability can go straight to another party (Art. 20(2), R65, R66)."""
    if not any(right in TERMS and TERMS[Right(right)].provided_only for right in rights):
        return {}
    why = controller.direct_transfer.why if controller.direct_transfer else None
    reason = _paragraph(why.get(request.language)) if why else []
    return {"direct": controller.sends_directly, "direct_why": reason}


def _paragraph(text: str) -> list[str]:
    return [text.strip()] if text.strip() else []


def _links(controller: Organisation) -> dict[str, str]:
    url = controller.authority_url
    return {"authority": url} if url.startswith("https://") else {}


def _wrote(register: Register, request: Request, by: str) -> list[str]:
    """What the requester wrote: messages, and the keys that they gave. The look is an event."""
    texts = register.cases.texts(request.id, by)
    wrote = [t.text.decode(errors="replace") for t in texts if t.kind in RECEIVED_KINDS and t.text]
    return wrote + [key.value for key in register.identities.of(request.id)]


def _address(given: Mapping[str, Any], facts: LetterFacts, party: Addressee) -> str | None:
    to = given.get("to") or (party.party.get("email") if party.party.get("channel") == "email" else None)
    if not to:
        return None
    address = checked_address(str(to).strip())
    if facts.wrote is not None and not any(
        str(to).strip().casefold() in text.casefold() for text in facts.wrote
    ):
        raise RefusedError(
            "The requester is not identified, and did not write from or name this address (R10).",
            remedy="send it to the address that the message came from: add that message to the case file "
            "(`afschrift case add --kind received`), or leave `to` out and send the letter another way.",
        )
    return address


def _sender(settings: Settings, controller: Organisation) -> str | None:
    if settings.mail is not None:
        return mail_settings(settings).sender
    try:
        return checked_address(controller.contact.strip())
    except RefusedError:
        return None


def _same(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values by which a letter is recognised as made before; the day of writing does not count."""
    return {name: _plain(value) for name, value in values.items() if name != "written_on"}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: str(text) for name, text in value.items()}
    return list(value) if isinstance(value, (list, tuple)) else str(value)
