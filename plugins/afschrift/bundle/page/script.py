"""The page's own script and style, and the policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from markupsafe import Markup

from afschrift.domain.errors import ConfigurationError

FILES = ("text.js", "cell.js", "table.js", "series.js", "chart.js", "page.js")
"""In this order, in one scope."""


def own_script(letters: Path) -> Markup:
    """The script as it stands in the page.

    Raises:
        ConfigurationError: a file holds what would end the element.
    """
    parts = [(letters / "bundle" / name).read_text(encoding="utf-8") for name in FILES]
    return _inline('(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n", FILES)


def own_style(letters: Path) -> Markup:
    """The style as it stands in the page."""
    return _inline((letters / "bundle" / "style.css").read_text(encoding="utf-8"), ("style.css",))


def policy(script: str, style: str) -> str:
    """The content security policy: this script, this style, and no network at all."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _inline(text: str, files: tuple[str, ...]) -> Markup:
    lowered = text.lower()
    if any(mark in lowered for mark in ("</script", "</style", "<!--")):
        raise ConfigurationError(
            f"One of {', '.join(files)} in include/letters/bundle holds '</script', '</style' or '<!--'.",
            remedy="write it another way: it would end there in the page.",
        )
    return Markup(text)  # noqa: S704 - our own file, checked above
