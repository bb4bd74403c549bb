"""The languages, each a folder in `include/letters` with its letters, page, README and sheet.

No YAML is parsed here, because Airflow's DAG processor reads this on every pass, for the trigger form.
"""

from __future__ import annotations

import re
from pathlib import Path

from afschrift.domain.notation import ordered

TEXTS = "texts.yml"
_NAME = re.compile(r"^language: *['\"]?(.+?)['\"]? *$", re.MULTILINE)


def languages(folder: Path) -> tuple[str, ...]:
    """Codes of the languages of `include/letters`, the model first."""
    return ordered(file.parent.name for file in folder.glob(f"*/{TEXTS}"))


def names(folder: Path) -> dict[str, str]:
    """Code -> the language's own name, as its texts say: `{"nl": "Nederlands", ...}`."""
    found = {code: _NAME.search((folder / code / TEXTS).read_text("utf-8")) for code in languages(folder)}
    return {code: name[1] if name else code for code, name in found.items()}
