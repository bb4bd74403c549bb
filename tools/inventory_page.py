"""Print the page *Inventory reference* of the site: every word of the inventory, from its models.

`python tools/inventory_page.py`. Meanings come from the docstrings of the models and examples from the
inventories and pages of this project, so neither can be out of date.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins"))

from afschrift.canary.canary_file import CanaryFile  # noqa: E402
from afschrift.inventory import load  # noqa: E402
from afschrift.inventory.load import parts  # noqa: E402
from afschrift.outside.read_yaml import read_yaml  # noqa: E402

EXAMPLES = ("include/inventory", "examples/chinook/inventory")
EXPLAINED = (ROOT / "docs" / "datamap" / "inventory.md", ROOT / "docs" / "operator" / "canary.md")
LONG = 90
FILES = load.FILES | {"canary": CanaryFile}
PARTS = parts(FILES["source"])
HEAD = """# Inventory reference

Every word of every file of the inventory. [The inventory](inventory.md) explains how the words go
together. `afschrift inventory schema FILE` prints the same as JSON Schema, for an editor. A word without a
default may be left out unless it is *required*. A word that is not on this page is a fault.

"""
TITLES = {
    "source": "A source: `<any name>.yml`",
    "manual": "A system that people search: `<any name>.yml` with `kind: manual`",
    "identity": "`identity.yml`",
    "controller": "`controller.yml`",
    "policy": "`policy.yml`",
    "canary": "`canary.yml`",
}

Schema = Mapping[str, Any]
Examples = dict[tuple[str, str], str]


def kind(of: Schema, defs: Schema) -> str:
    """What a word may hold."""
    if "$ref" in of:
        name = of["$ref"].rpartition("/")[2]
        target = defs[name]
        return kind(target, defs) if "enum" in target else f"[{name}](#{name.lower()})"
    if "anyOf" in of:
        found = [kind(option, defs) for option in of["anyOf"] if option.get("type") != "null"]
        return ", or ".join(dict.fromkeys(found))
    if "const" in of:
        return f"`{of['const']}`"
    if "enum" in of:
        return ", ".join(f"`{value}`" for value in of["enum"])
    if of.get("type") == "array":
        return f"list of: {kind(of.get('items', {}), defs)}"
    if of.get("type") == "object":
        inner: Any = of.get("additionalProperties") or next(
            iter(of.get("patternProperties", {}).values()), None
        )
        return f"name → {kind(inner, defs)}" if isinstance(inner, dict) else "mapping"
    if of.get("format") == "date":
        return "day"
    words = {"string": "text", "boolean": "`true`, `false`", "integer": "whole number", "number": "number"}
    return words.get(of.get("type", ""), "any")


def examples(file: str, defs: Schema, whole: Schema) -> Examples:
    """Part and word -> the first short value that an inventory of this project gives it."""
    found: Examples = {}
    for folder in EXAMPLES:
        for path in sorted((ROOT / folder).glob("*.yml")):
            data = read_yaml(path.read_text(encoding="utf-8"))
            singles = {name for name in FILES if name not in ("source", "manual")}
            own = (
                path.stem
                if path.stem in singles
                else ("manual" if data.get("kind") == "manual" else "source")
            )
            if own == file:
                _walk(data, whole, defs, FILES[file].__name__, found)
    pages = "".join(path.read_text(encoding="utf-8") for path in EXPLAINED)
    for block in re.findall(r"```yaml\n(.*?)```", pages, re.DOTALL):
        _explained(_plain(read_yaml(textwrap.dedent(block))), whole, defs, FILES[file].__name__, found)
    return found


def _plain(data: Any) -> Any:
    """The same in plain mappings and lists: those that know their lines cannot be written."""
    if isinstance(data, dict):
        return {name: _plain(value) for name, value in data.items()}
    return [_plain(item) for item in data] if isinstance(data, list) else data


def _explained(data: Any, whole: Schema, defs: Schema, name: str, found: Examples) -> None:
    """An example of a part of a file: that part which has all its words, by itself or under a name."""
    forms = {name: whole, **{part: defs[part] for part in ("Table", "Purpose", "Column") if part in defs}}
    for part, of in forms.items():
        words = of.get("properties", {}).keys()
        for inside in (data, *(data.values() if isinstance(data, dict) else ())):
            known = isinstance(inside, dict) and inside and inside.keys() <= words
            if known and (part == name or _fits(inside, PARTS[part])):
                _walk(inside, of, defs, part, found)


def _fits(written: Any, model: type[BaseModel]) -> bool:
    try:
        model.model_validate(written)
    except ValidationError:
        return False
    return True


def _walk(data: Any, of: Schema, defs: Schema, name: str, found: Examples) -> None:
    for option in of.get("anyOf", []):
        _walk(data, option, defs, name, found)
    if "$ref" in of:
        name = of["$ref"].rpartition("/")[2]
        of = defs[name]
    if isinstance(data, list):
        for item in data:
            _walk(item, of.get("items", {}), defs, name, found)
    if not isinstance(data, dict):
        return
    for word, value in data.items():
        inside = of.get("properties", {}).get(word)
        if inside is not None:
            written = yaml.safe_dump(
                value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000
            )
            written = written.removesuffix("...\n").strip().replace("|", "\\|")
            if written and len(written) <= LONG:
                found.setdefault((name, word), written)
            _walk(value, inside, defs, name, found)
        elif isinstance(of.get("additionalProperties"), dict):
            _walk(value, of["additionalProperties"], defs, name, found)


def row(name: str, word: str, of: Schema, part: Schema, defs: Schema, known: Examples) -> str:
    """One word."""
    default = of.get("default")
    given = (
        ""
        if default is None or isinstance(default, list | dict)
        else f"`{json.dumps(default, ensure_ascii=False)}`"
    )
    needed = "required" if word in part.get("required", ()) else given
    example = known.get((name, word))
    shown = f"`{word}: {example}`" if example else ""
    return f"| `{word}` | {of.get('description', '')} | {kind(of, defs)} | {needed} | {shown} |\n"


def _page_parts() -> Iterator[str]:
    yield HEAD
    shown: set[str] = set()
    for file, model in FILES.items():
        document = load.schema(model)
        defs = document.get("$defs", {})
        known = examples(file, defs, document)
        for name in parts(model):
            part = document if name == model.__name__ else defs.get(name)
            if part is None or name in shown:
                continue
            shown.add(name)
            yield f"## {TITLES[file]}\n\n" if part is document else f"### {name}\n\n"
            yield f"{part.get('description', '')}\n\n"
            if "properties" in part:
                yield "| Word | Means | Holds | Default | Example |\n|---|---|---|---|---|\n"
                for word, of in part["properties"].items():
                    yield row(name, word, of, part, defs, known)
                yield "\n"


def page() -> str:
    """Return the page."""
    return "".join(_page_parts()).rstrip("\n") + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
