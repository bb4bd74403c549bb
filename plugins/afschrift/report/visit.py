"""What an authority asks at a visit, in its order: the figures, the cases, and where the evidence is."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from afschrift.app.project import include_folder, texts
from afschrift.domain.language import in_served


def visit(document: dict[str, Any]) -> dict[str, Any]:
    """A report with its figures under the questions of RULES D.2 that they answer."""
    known = {figure["id"]: figure for group in document["groups"] for figure in group["figures"]}
    groups = {group["id"]: group for group in document["groups"]}
    questions = []
    for asked in _questions(texts("report", include_folder()) / "visit.yml"):
        figures = []
        for name in asked.get("figures", ()):
            group = groups.get(name, groups.get(name.partition(".")[0]))
            found = groups[name]["figures"] if name in groups else [known[name]] if name in known else []
            of_group = {"subject": group["title"], "unit": group["unit"]} if group else {}
            figures += [{**figure, **of_group} for figure in found]
        words = {name: in_served(asked[name]) for name in ("asks", "evidence")}
        questions.append({**words, "id": asked["id"], "page": asked.get("page", ""), "figures": figures})
    return {**document, "questions": questions}


@cache
def _questions(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found
