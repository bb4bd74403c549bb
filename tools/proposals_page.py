"""Print the page *Vocabulary of the scan* of the site: what a scan takes names of tables and columns for.

python tools/proposals_page.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins"))

from afschrift.datamap.scan.concepts import ELSE, OTHERS, TOPIC, Concept, Topic, vocabulary

HEAD = """# Vocabulary of the scan

What [a scan](scan.md) proposes for the names of tables and columns. The words are in
`plugins/afschrift/datamap/scan/vocabulary.yml`.

"""
_PLACES = {OTHERS: "about others", "person": "in the table of people", "child": "in other tables"}


def page() -> str:
    """Return the page."""
    words = vocabulary()
    return HEAD + "\n".join(
        [
            "## What a table is about",
            "",
            "| Topic | Words in its name, such as | Category | Origin of what happens there |",
            "|---|---|---|---|",
            *map(_topic, words.topics),
            "",
            "## What a name can mean",
            "",
            "| Concept | Words, such as | Origin | Category | Flags | Left open: what decides |",
            "|---|---|---|---|---|---|",
            *map(_concept, words.concepts),
            "",
        ]
    )


def _topic(topic: Topic) -> str:
    words = ", ".join(topic.words[:6])
    return f"| {topic.name} | {words} | `{topic.category}` | {topic.origin or 'left open'} |"


def _concept(concept: Concept) -> str:
    flags = [
        *(["secret"] if concept.secret else []),
        *(["about others"] if concept.others else []),
        *(["free text"] if concept.free_text else []),
        *(["identifies"] if any(concept.identifies.values()) else []),
    ]
    words = ", ".join(concept.words[:3])
    origin, category = ", ".join(_said(concept.origin)), ", ".join(_said(concept.category, "`"))
    return f"| {concept.title} | {words} | {origin} | {category} | {', '.join(flags)} | {concept.open} |"


def _said(by_place: Mapping[str, str | None], mark: str = "") -> Iterator[str]:
    for place, value in by_place.items():
        shown = "open" if value is None else "that of the topic" if value == TOPIC else f"{mark}{value}{mark}"
        yield shown if place == ELSE else f"{shown} {_PLACES.get(place, f'in a table about {place}')}"


if __name__ == "__main__":
    sys.stdout.write(page())
