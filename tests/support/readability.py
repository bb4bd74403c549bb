"""How hard a text is to read: Flesch for English, in Douma's form for Dutch; syllables by hyphenation.

100 is very easy, 60 and above is plain language that most people read (about B1), 30 and below is for experts.
As a table, letter by letter and for what lies in a bundle:
`PYTHONPATH=plugins:. python -m tests.support.readability`.
"""

import html
import io
import re
import zipfile

import pyphen
from tests.support.letter_samples import LANGUAGES, sample
from tests.unit.bundle.bundle_example import ROOT, Example

from afschrift.domain.right import Right
from afschrift.letters.compose import Letter
from afschrift.letters.kinds import KINDS

# Base, weight of words a sentence, weight of syllables a word.
_FORMULA = {"nl": (206.84, 0.93, 77.0), "en": (206.835, 1.015, 84.6)}  # Douma 1960; Flesch 1948
_PATTERNS = {"nl": "nl_NL", "en": "en_GB"}


def ease(text: str, language: str) -> float:
    """Reading ease of a text; every line that ends a block ends a sentence."""
    hyphens = pyphen.Pyphen(lang=_PATTERNS[language], left=1, right=1)
    words, sentences, syllables = 0, 0, 0
    for block in re.split(r"\n\s*\n|\n(?=- )", text):
        for sentence in re.split(r"[.!?:]+(?:\s|$)", " ".join(block.split())):
            found = [w for w in re.findall(r"[^\W\d_]+", re.sub(r"\S*(?:@|//)\S*", "", sentence)) if w]
            if found:
                sentences += 1
                words += len(found)
                syllables += sum(len(hyphens.positions(w.lower())) + 1 for w in found)
    base, per_sentence, per_word = _FORMULA[language]
    return base - per_sentence * words / sentences - per_word * syllables / words


def body(letter: Letter) -> str:
    """What the letter itself says: without letterhead, greeting and what is below the regards."""
    start = letter.text.index("=\n\n") + 3
    return letter.text[letter.text.index("\n\n", start) : letter.text.rindex(_REGARDS[letter.language])]


_REGARDS = {"nl": "Met vriendelijke groet", "en": "Kind regards"}


def figures() -> dict[str, tuple[int, ...]]:
    return {
        kind: tuple(round(ease(body(sample(kind, language)), language)) for language in LANGUAGES)
        for kind in KINDS
    }


def in_words(page: str) -> str:
    """What a page says to its reader; every element on its own line ends a block."""
    seen = re.sub(r"<(style|head|script)\b.*?</\1>", "", page, flags=re.DOTALL)
    blocks = re.sub(r"</(p|h\d|li|dt|dd|a|td|th|caption|summary|div)>|<br>", "\n\n", seen)
    return html.unescape(re.sub(r"<[^>]*>", " ", blocks))


def of_a_bundle() -> dict[str, tuple[int, ...]]:
    """What the person reads in the bundle of an access answer -> reading ease in each language."""
    read: dict[str, list[int]] = {}
    for language in LANGUAGES:
        with zipfile.ZipFile(io.BytesIO(Example(Right.ACCESS, language).zip())) as bundle:
            for name in ("data/information.html", "index.html", "README.txt"):
                text = bundle.read(f"{ROOT}/{name}").decode().replace("\r", "")
                text = in_words(text) if name.endswith("html") else text
                read.setdefault(name, []).append(round(ease(text, language)))
    return {name: tuple(found) for name, found in read.items()}


if __name__ == "__main__":
    for name, found in (figures() | of_a_bundle()).items():
        print(f"{name:<24}", *found)
