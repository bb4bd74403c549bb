"""Writes the tables of docs/grounds.md from include/grounds/grounds.yml; `--check` only compares.

PYTHONPATH=plugins python tools/grounds_page.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from afschrift.inventory.law_files import load_grounds
from afschrift.law.ground_check import takes
from afschrift.law.grounds import FieldStorage, Ground, GroundField, Grounds

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "grounds.md"
MARK = "<!-- From here on written by tools/grounds_page.py. -->\n"


def tables(grounds: Grounds) -> str:
    """The part of the page that the table of grounds gives."""
    return "\n".join(
        [
            "## The grounds",
            "",
            "| Code | Title | Rights | Leads to, with the letter | Rules | Second signer |",
            "|---|---|---|---|---|---|",
            *(_ground(one) for one in grounds.grounds.values()),
            "",
            "## Single cells",
            "",
            "What it takes to mask single cells or spans on a ground, when what will be sent is reviewed "
            "([questions.md](questions.md#what-will-be-sent)). No other ground does.",
            "",
            "| Ground | Fields that are needed | Second signer |",
            "|---|---|---|",
            *(_cells(one) for one in grounds.grounds.values() if one.redaction),
            "",
            "## Turned down",
            "",
            "| What | Rule | Why | Instead |",
            "|---|---|---|---|",
            *_never(grounds),
            "",
            "## The forms",
            "",
            "| Ground | Fields that are needed | May be filled in |",
            "|---|---|---|",
            *(_form(one) for one in grounds.grounds.values()),
            "",
            "## The fields",
            "",
            "| Field | Asks | Takes | Kept |",
            "|---|---|---|---|",
            *(_field(one) for one in grounds.fields.values()),
            "",
        ]
    )


def _cells(one: Ground) -> str:
    assert one.redaction is not None
    needed = ", ".join(f"`{name}`" for name in one.redaction.needed)
    return f"| `{one.code}` | {needed} | {'always' if one.redaction.two else 'never'} |"


def _ground(one: Ground) -> str:
    leads = ", ".join(
        f"`{o}`: {f'`{letter}`' if letter else 'no letter'}" for o, letter in one.outcomes.items()
    )
    if one.no_letter_when:
        leads += "; none where " + ", ".join(f"`{n}` is `{v}`" for n, v in one.no_letter_when.items())
    who = "both" if len(one.rights) > 1 else one.rights[0].value
    who += f", {one.only.replace('_', ' ')}" if one.only else ""
    return (
        f"| `{one.code}` | {one.title['en']} / {one.title['nl']} | {who} | {leads} "
        f"| {', '.join(one.rules)} | {one.four_eyes.value.replace('_', ' ')} |"
    )


def _never(grounds: Grounds) -> Iterator[str]:
    for code, never in grounds.never.items():
        yield f"| `{code}` | {', '.join(never.rules)} | {never.because} | {never.instead} |"
    for code, one in grounds.grounds.items():
        for said in one.turned_down:
            with_ = f"to `{said.outcome}`" if said.outcome else f"for {said.right}"
            yield f"| `{code}` {with_} | {said.rule} | {said.because} | {said.instead} |"
    for name, field in grounds.fields.items():
        for code, said in field.turned_down.items():
            yield f"| `{code}` in `{name}` | {said.rule} | {said.because} | {said.instead} |"


def _form(one: Ground) -> str:
    parts = []
    for need in one.needed:
        when = ", ".join(
            f"`{n}` is `{str(v).lower() if isinstance(v, bool) else v}`" for n, v in need.when.items()
        )
        names = ", ".join(f"`{n}`" for n in need.fields)
        parts.append(f"where {when}: {names}" if when else names)
    may = ", ".join(f"`{n}`" for n in one.optional) or "nothing"
    return f"| `{one.code}` | {'; '.join(parts)} | {may} |"


def _field(one: GroundField) -> str:
    kept = "trail" if one.kept is FieldStorage.TRAIL else "encrypted"
    return f"| `{one.name}` | {one.title['en']} | {takes(one).replace(' | ', ', ')} | {kept} |"


def main() -> int:
    """Write, or compare."""
    head, mark, now = PAGE.read_text(encoding="utf-8").partition(MARK)
    made = f"\n{tables(load_grounds(ROOT / 'include' / 'grounds'))}"
    if "--check" in sys.argv[1:]:
        return int(not mark or now != made)
    PAGE.write_text(f"{head}{MARK}{made}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
