"""A filled-in letter of each kind in Dutch and English, about invented persons."""

from pathlib import Path
from typing import Any

import yaml

from afschrift.letters.compose import Letter, LetterFacts, compose
from afschrift.letters.elements import MORE
from afschrift.letters.kinds import KINDS, LetterKind

FOLDER = Path(__file__).parents[2] / "include" / "letters"
LANGUAGES = ("nl", "en")
URL = "https://www.autoriteitpersoonsgegevens.nl"

_SAMPLES = yaml.safe_load((Path(__file__).parent / "data" / "letter_samples.yml").read_text(encoding="utf-8"))


def given(kind: LetterKind, language: str = "nl") -> dict[str, Any]:
    """Every element of a kind, the optional ones too."""
    known = _SAMPLES["any"] | _SAMPLES[language]
    filled = {element.name: known[element.name] for element in kind.asked if element.name != MORE}
    grounds = {"fee": "manifestly_excessive", "refusal": "manifestly_unfounded"}
    return filled | ({"ground": grounds[kind.name]} if kind.name in grounds else {})


def facts(language: str = "nl", **changed: Any) -> LetterFacts:
    """What the register and controller.yml give; `wrote=` makes the requester an unidentified one."""
    wrote = changed.pop("wrote", None)
    remedy = {name: [_SAMPLES[language][name]] for name in ("authority", "court")}
    return LetterFacts(language, {**_SAMPLES["facts"], **remedy, **changed}, {"authority": URL}, wrote)


def sample(name: str, language: str = "nl", /, **elements: Any) -> Letter:
    kind = KINDS[name]
    in_time = {} if "was_due" in kind.required else {"was_due": ""}
    return compose(kind, given(kind, language) | elements, facts(language, **in_time), FOLDER)
