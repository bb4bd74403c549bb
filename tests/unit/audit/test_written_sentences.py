"""The sentence of each type of event, word for word: logs of earlier releases are held against them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, nodes

from afschrift.audit.sentences import event_types, sentence
from afschrift.audit.wording import FOLDER
from afschrift.domain.event import Header
from afschrift.outside.read_yaml import read_yaml

SAMPLES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("sentences.json").read_text("utf-8"))
"""Events with the sentences that they make."""
LANGUAGES = {file.stem: read_yaml(file.read_text("utf-8")) for file in FOLDER.glob("*.yml")}


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["type"])
def test_an_event_makes_this_sentence(sample: dict[str, Any], language: str) -> None:
    header = Header(14, "2026-11-28T02:20:00.000000Z", "req-1", sample["type"], sample["actor"], "0", "1")

    assert sentence(header, sample["payload"], language) == sample[language]


def test_each_type_has_a_sample() -> None:
    assert {sample["type"] for sample in SAMPLES} == event_types()


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_languages_have_the_same_sentences_and_members(language: str) -> None:
    assert _members(LANGUAGES[language]) == _members(LANGUAGES["en"])


def _members(texts: Mapping[str, Any]) -> dict[str, set[str]]:
    """Type of event or phrase -> members that its template reads."""
    shared = {kind: of["sentence"] for of in texts["shared"] for kind in of["of"]}
    templates = {**texts["events"], **texts["phrases"], **shared}
    environment = Environment(autoescape=False)
    return {
        name: {found.name for found in environment.parse(text).find_all(nodes.Name)}
        for name, text in templates.items()
    }
