"""`data/information.json`, the information sheet for programs, and `data/information.html`, for the person.

The schema of the document lies in include/letters/bundle. The page has no rule ids, IRIs or digests.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from afschrift.bundle.description.redactions import grounds
from afschrift.bundle.page.left_out import left_out
from afschrift.bundle.page.words import PageWords, page_templates
from afschrift.bundle.sheet.content import DataKind, LateRows, Receiver, SheetContent, Use
from afschrift.domain.plan import Portion
from afschrift.domain.vocabulary import basis_iri, category_iri


def sheet_document(content: SheetContent) -> dict[str, Any]:
    """The document, in the language of the answer."""
    contents, text = content.contents, content.contents.language
    controller = contents.inventory.controller
    return {
        "language": text,
        "request": contents.request.id,
        **({"processed": True} if content.kinds else {}),  # that nothing is, is never said (R84)
        "stateOn": contents.plan.frozen_at,
        "controller": {
            "name": controller.name,
            "address": controller.address,
            "contact": controller.contact,
            **({"dpo": controller.dpo} if controller.dpo else {}),
        },
        "categories": [_kind(kind) for kind in content.kinds],
        "purposes": [_use(use) for use in content.uses],
        "recipients": [_receiver(receiver) for receiver in content.receivers],
        "origins": [
            {"origin": origin.value, "term": origin.iri, "categories": list(kinds)}
            for origin, kinds in content.origins()
        ],
        "sources": [
            {"names": [*g.names], "how": g.how, "contacts": [*g.contacts], "categories": [*g.kinds]}
            for g in content.given
        ],
        "automatedDecisions": [
            {
                "purpose": ".".join(key),
                **{part: value.get(text) for part, value in decision.texts.items() if value is not None},
                **({"exception": decision.exception.value} if decision.exception else {}),
                **({"own": asdict(own)} if own else {}),
            }
            for key, decision, own in content.decisions
        ],
        "rights": [
            {
                "right": right.id,
                "text": " ".join(sentences),
                "purposes": [".".join(key) for key in right.purposes],
            }
            for right, sentences in content.rights()
        ],
        "complaint": {
            "authority": controller.authority.get(text),
            "url": controller.authority_url,
            "court": content.words.court(controller),
        },
    }


def _kind(kind: DataKind) -> dict[str, Any]:
    term = category_iri(kind.id)
    return {
        "id": kind.id,
        **({"term": term} if term else {}),
        "title": kind.title,
        "tables": list(kind.tables),
        "purposes": list(kind.purposes),
    }


def _use(use: Use) -> dict[str, Any]:
    return {
        "id": use.id,
        "title": use.title,
        "basis": list(use.bases),
        "basisTerms": [basis_iri(code) for code in use.bases],
        "reasons": list(use.reasons),
        **({"consent": use.consent} if use.consent else {}),
        "directMarketing": use.marketing,
        "categories": [kind.id for kind in use.kinds],
        "recipients": [receiver.name for receiver in use.receivers],
        "storage": {
            **({"period": use.kept.period} if use.kept.period else {}),
            "text": use.kept.text,
            **({"until": use.kept.until.isoformat()} if use.kept.until else {}),
            **({"late": [_late(late) for late in use.kept.late]} if use.kept.late else {}),
        },
    }


def _late(late: LateRows) -> dict[str, Any]:
    """Rows that should have been removed."""
    days = {"oldest": late.oldest.isoformat(), "removedBy": late.removed_by.isoformat()}
    return {"table": late.table, "rows": late.rows, "of": late.of, **days}


def _receiver(receiver: Receiver) -> dict[str, Any]:
    optional = {"country": receiver.country, "safeguard": receiver.safeguard, "whyNotNamed": receiver.why}
    return {
        "name": receiver.name,
        "outsideEea": receiver.outside,
        "purposes": list(receiver.purposes),
        "does": list(receiver.does),
        **{key: value for key, value in optional.items() if value},
    }


def render_sheet(content: SheetContent, letters: Path) -> bytes:
    """The page: whole in itself, without script or network, everything from the data escaped."""
    contents, words = content.contents, content.words
    page = PageWords.load(letters, contents.language)
    controller, language = contents.inventory.controller, contents.language
    return (
        page_templates(letters)
        .get_template("sheet.html.j2")
        .render(
            w=words,
            p=page,
            masked=grounds(contents, page),
            left_out=left_out(contents, page),
            sheet=content,
            anchors={use.id: f"p{number}" for number, use in enumerate(content.uses, start=1)},
            language=language,
            organisation=controller,
            authority=controller.authority.get(language),
            court=words.court(controller),
            request=contents.request,
            part=contents.plan.part is not Portion.FULL,
            files=any(True for _ in contents.given),
            state=words.state(*contents.read_between, controller.zone),
            made=words.moment(contents.seal.sealed_at, controller.zone),
            decisions=[(content.titles([key])[0], of, found) for key, of, found in content.decisions],
        )
        .encode()
    )
