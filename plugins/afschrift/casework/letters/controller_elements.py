"""Elements of letters that `controller.yml` gives: who writes, and where to go against an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from afschrift.app.settings import Settings
from afschrift.casework.letters.prefilled_elements import AboutRequest
from afschrift.domain.language import gettext
from afschrift.domain.request import Request
from afschrift.domain.right import TERMS, Right
from afschrift.inventory.organisation import Organisation
from afschrift.law.clock.facts import FactRow
from afschrift.letters.kinds import LetterKind
from afschrift.letters.words import LetterWords


def controller_says(controller: Organisation, request: Request) -> dict[str, Any]:
    return {
        "organisation": controller.name,
        "address": controller.address,
        "contact": controller.contact,
        "authority": paragraph(controller.authority.get(request.language)),
    }


def is_too_late(kind: LetterKind, of: AboutRequest, controller: Organisation) -> bool:
    """Whether no answer within the terms of Art. 12(3) decides on the way to court (R45, R56).

    A late answer of a public body is a decision like any other, with the usual way (UAVG 34); of another
    controller it is none within the terms (UAVG 35(2)).
    """
    return of.missed is not None and (controller.body == "private" or kind.name == "late")


def court(settings: Settings, kind: LetterKind, of: AboutRequest, controller: Organisation) -> str:
    language = of.request.language
    if not is_too_late(kind, of, controller):
        return controller.court.get(language)
    if controller.court_late is not None:
        return controller.court_late.get(language)
    return LetterWords.load(settings.folder("letters"), language).say("court_late_unknown")


def direct(controller: Organisation, request: Request, rights: Sequence[str]) -> dict[str, Any]:
    """Whether files of portability can go straight to another party (Art. 20(2), R65, R66)."""
    if not any(right in TERMS and TERMS[Right(right)].provided_only for right in rights):
        return {}
    why = controller.direct_transfer.why if controller.direct_transfer else None
    reason = paragraph(why.get(request.language)) if why else []
    return {"direct": controller.sends_directly, "direct_why": reason}


def paragraph(text: str) -> list[str]:
    return [text.strip()] if text.strip() else []


def links(controller: Organisation) -> dict[str, str]:
    url = controller.authority_url
    return {"authority": url} if url.startswith("https://") else {}


def missing_way(kind: LetterKind, about: FactRow | None, *, no_route: bool) -> str:
    """What sending the letter will not do, or what it does not name, in words; empty: nothing."""
    if about is None and any(announced.decided_by for announced in kind.announces):
        return gettext(
            "Nothing was decided that this letter announces, so its sending will stop no clock: record the "
            "question or the extension first, with this letter, unless that is meant."
        )
    if no_route:
        return gettext(
            "controller.yml does not say how to go to court after a late answer, so the letter names no way."
        )
    return ""
