"""Print the page *Table of grounds* of the site, from include/grounds/grounds.yml.

`python tools/grounds_page.py`. What officers need to know of the grounds is in docs/grounds.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins"))

from afschrift.inventory.law_files import load_grounds  # noqa: E402
from afschrift.law.ground_check import takes  # noqa: E402
from afschrift.law.grounds import FieldStorage, Ground, GroundField, Grounds  # noqa: E402

HEAD = """# Table of grounds

The grounds in `include/grounds/grounds.yml`, with their forms. [Grounds](grounds.md) says how they are used.
"""


def tables(grounds: Grounds) -> str:
    """The tables of grounds, forms and fields."""
    return "\n".join(
        [
            HEAD,
            "## The grounds",
            "",
            "| Code | Title | Rights | Leads to, with the letter | Rules | Second signer |",
            "|---|---|---|---|---|---|",
            *(_ground(ground) for ground in grounds.grounds.values()),
            "",
            "## Single cells",
            "",
            "Grounds on which a review may mask single cells or spans "
            "([questions](questions.md#what-will-be-sent)). No other ground may.",
            "",
            "| Ground | Fields that are needed | Second signer |",
            "|---|---|---|",
            *(_cells(ground) for ground in grounds.grounds.values() if ground.redaction),
            "",
            "## Refused",
            "",
            "| What | Rule | Why | Instead |",
            "|---|---|---|---|",
            *_never(grounds),
            "",
            "## The forms",
            "",
            "| Ground | Fields that are needed | May be filled in |",
            "|---|---|---|",
            *(_form(ground) for ground in grounds.grounds.values()),
            "",
            "## The fields",
            "",
            "| Field | Asks | Takes | Kept |",
            "|---|---|---|---|",
            *(_field(field) for field in grounds.fields.values()),
            "",
        ]
    )


def _cells(ground: Ground) -> str:
    assert ground.redaction is not None
    needed = ", ".join(f"`{name}`" for name in ground.redaction.needed)
    return f"| `{ground.code}` | {needed} | {'always' if ground.redaction.two else 'never'} |"


def _ground(ground: Ground) -> str:
    leads = ", ".join(
        f"`{o}`: {f'`{letter}`' if letter else 'no letter'}" for o, letter in ground.outcomes.items()
    )
    if ground.no_letter_when:
        leads += "; none where " + ", ".join(f"`{n}` is `{v}`" for n, v in ground.no_letter_when.items())
    who = "both" if len(ground.rights) > 1 else ground.rights[0].value
    who += f", {ground.only.replace('_', ' ')}" if ground.only else ""
    return (
        f"| `{ground.code}` | {ground.title['en']} / {ground.title['nl']} | {who} | {leads} "
        f"| {', '.join(ground.rules)} | {ground.four_eyes.value.replace('_', ' ')} |"
    )


def _never(grounds: Grounds) -> Iterator[str]:
    for code, never in grounds.never.items():
        yield f"| `{code}` | {', '.join(never.rules)} | {never.because} | {never.instead} |"
    for code, ground in grounds.grounds.items():
        for refusal in ground.turned_down:
            with_ = f"to `{refusal.outcome}`" if refusal.outcome else f"for {refusal.right}"
            yield f"| `{code}` {with_} | {refusal.rule} | {refusal.because} | {refusal.instead} |"
    for name, field in grounds.fields.items():
        for code, refusal in field.turned_down.items():
            yield f"| `{code}` in `{name}` | {refusal.rule} | {refusal.because} | {refusal.instead} |"


def _form(ground: Ground) -> str:
    parts = []
    for need in ground.needed:
        when = ", ".join(
            f"`{n}` is `{str(v).lower() if isinstance(v, bool) else v}`" for n, v in need.when.items()
        )
        names = ", ".join(f"`{n}`" for n in need.fields)
        parts.append(f"where {when}: {names}" if when else names)
    may = ", ".join(f"`{n}`" for n in ground.optional) or "nothing"
    return f"| `{ground.code}` | {'; '.join(parts)} | {may} |"


def _field(field: GroundField) -> str:
    kept = "trail" if field.kept is FieldStorage.TRAIL else "encrypted"
    return f"| `{field.name}` | {field.title['en']} | {takes(field.schema).replace(' | ', ', ')} | {kept} |"


def page() -> str:
    """Return the page."""
    return tables(load_grounds(ROOT / "include" / "grounds"))


if __name__ == "__main__":
    sys.stdout.write(page())
