"""Which rights the person has for which purposes: only those that apply here (EDPB 01/2022 para 119)."""

from __future__ import annotations

from dataclasses import dataclass

from afschrift.bundle.sheet.sheet import Place, Processing
from afschrift.domain.vocabulary import CONSENT, PORTABLE
from afschrift.inventory.model import Purpose

_KEPT = {"A6-1-c": "erase_law", "A6-1-e": "erase_task"}
"""Bases on which erasure cannot be asked for (Art. 17(3)(b)), and the sentence that says why."""

_TO_OBJECT = frozenset({"A6-1-e", "A6-1-f"})


@dataclass(frozen=True)
class Right:
    """A right that applies.

    Attributes:
        id: key of its name in the texts.
        texts: keys of its sentences, each with the purposes that it names.
        purposes: where it applies to some alone; empty: to all.
    """

    id: str
    texts: tuple[tuple[str, tuple[Place, ...]], ...]
    purposes: tuple[Place, ...] = ()


def rights(processing: Processing) -> tuple[Right, ...]:
    """The rights in the order in which they are told."""
    all_ = {place: processing.purpose(place) for place in processing.purposes}
    withdrawable = tuple(place for place, p in all_.items() if _consented(processing, place, p))
    objectable = tuple(place for place, p in all_.items() if p.basis in _TO_OBJECT)
    portable = tuple(place for place, p in all_.items() if _portable(processing, place, p))
    decided = tuple(place for place, _ in processing.decisions())
    marketing = ["object_marketing"] if any(all_[place].direct_marketing for place in objectable) else []
    found = [
        _right("correct", ["correct"], bool(all_)),
        _erase(all_, withdrawable, objectable),
        _right("restrict", ["restrict"], bool(all_)),
        _right("object", ["object", *marketing], bool(objectable), objectable),
        _right("port", ["port"], bool(portable), portable),
        _right("withdraw", ["withdraw"], bool(withdrawable), withdrawable),
        _right("human", ["human"], bool(decided), decided),
    ]
    return tuple(right for right in found if right is not None)


def _right(name: str, texts: list[str], applies: bool, purposes: tuple[Place, ...] = ()) -> Right | None:
    return Right(name, tuple((text, ()) for text in texts), purposes) if applies else None


def _erase(
    all_: dict[Place, Purpose], withdrawable: tuple[Place, ...], objectable: tuple[Place, ...]
) -> Right | None:
    kept = {
        text: tuple(place for place, p in all_.items() if p.basis == basis) for basis, text in _KEPT.items()
    }
    if sum(map(len, kept.values())) == len(all_):
        return None
    texts: list[tuple[str, tuple[Place, ...]]] = [("erase", ())]
    texts += [("erase_consent", ())] if withdrawable else []
    texts += [("erase_object", ())] if objectable else []
    texts += [(text, places) for text, places in kept.items() if places]
    return Right("erase", tuple(texts))


def _consented(processing: Processing, place: Place, purpose: Purpose) -> bool:
    """Rests on a consent that stands; one that nobody recorded counts as given."""
    standing = processing.consent(place) in (None, "granted")
    return standing and bool({purpose.basis, purpose.special} & CONSENT)


def _portable(processing: Processing, place: Place, purpose: Purpose) -> bool:
    """Consent or contract, automated, and something provided by the person or observed (Art. 20)."""
    if purpose.public_task or not {purpose.basis, purpose.special} & PORTABLE:
        return False
    return processing.consent(place) in (None, "granted") and any(
        processing.contents.column(held.source, held.table, held.field.name).automated
        and any(origin.from_the_person for origin in held.origins)
        for held in processing.purposes[place]
    )
