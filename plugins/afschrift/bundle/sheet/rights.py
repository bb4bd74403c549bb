"""Which rights the person has for which purposes: only those that apply here (EDPB 01/2022 para 119)."""

from __future__ import annotations

from dataclasses import dataclass

from afschrift.bundle.sheet.sheet import Processing, PurposeKey
from afschrift.domain.vocabulary import CONSENT, PORTABLE
from afschrift.inventory.model import Purpose

_KEPT = {"A6-1-c": "erase_law", "A6-1-e": "erase_task"}
"""Bases on which erasure cannot be asked for (Art. 17(3)(b)), and the sentence that says why."""

_TO_OBJECT = frozenset({"A6-1-e", "A6-1-f"})


@dataclass(frozen=True)
class SheetRight:
    """A right that applies.

    Attributes:
        id: key of its name in the texts.
        texts: keys of its sentences, each with the purposes that it names.
        purposes: where it applies to some alone; empty: to all.
    """

    id: str
    texts: tuple[tuple[str, tuple[PurposeKey, ...]], ...]
    purposes: tuple[PurposeKey, ...] = ()


def rights(processing: Processing) -> tuple[SheetRight, ...]:
    """The rights in the order in which they are told."""
    all_ = {key: processing.purpose(key) for key in processing.purposes}
    withdrawable = tuple(key for key, p in all_.items() if _consented(processing, key, p))
    objectable = tuple(key for key, p in all_.items() if p.basis in _TO_OBJECT)
    portable = tuple(key for key, p in all_.items() if _portable(processing, key, p))
    decided = tuple(key for key, _ in processing.decisions())
    marketing = ["object_marketing"] if any(all_[key].direct_marketing for key in objectable) else []
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


def _right(
    name: str, texts: list[str], applies: bool, purposes: tuple[PurposeKey, ...] = ()
) -> SheetRight | None:
    return SheetRight(name, tuple((text, ()) for text in texts), purposes) if applies else None


def _erase(
    all_: dict[PurposeKey, Purpose], withdrawable: tuple[PurposeKey, ...], objectable: tuple[PurposeKey, ...]
) -> SheetRight | None:
    kept = {text: tuple(key for key, p in all_.items() if p.basis == basis) for basis, text in _KEPT.items()}
    if sum(map(len, kept.values())) == len(all_):
        return None
    texts: list[tuple[str, tuple[PurposeKey, ...]]] = [("erase", ())]
    texts += [("erase_consent", ())] if withdrawable else []
    texts += [("erase_object", ())] if objectable else []
    texts += [(text, keys) for text, keys in kept.items() if keys]
    return SheetRight("erase", tuple(texts))


def _consented(processing: Processing, key: PurposeKey, purpose: Purpose) -> bool:
    """Rests on a consent that stands; one that nobody recorded counts as given."""
    granted = processing.consent(key) in (None, "granted")
    return granted and bool({purpose.basis, purpose.special} & CONSENT)


def _portable(processing: Processing, key: PurposeKey, purpose: Purpose) -> bool:
    """Consent or contract, automated, and something provided by the person or observed (Art. 20)."""
    if purpose.public_task or not {purpose.basis, purpose.special} & PORTABLE:
        return False
    return processing.consent(key) in (None, "granted") and any(
        processing.contents.column(held.source, held.table, held.field.name).automated
        and any(origin.from_the_person for origin in held.origins)
        for held in processing.purposes[key]
    )
