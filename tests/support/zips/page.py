"""Draws zip_matrix.md: what was done to a bundle's ZIP file, and what programs make of it."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.zips.kinds import FREE, GROUPS, made
from tests.support.zips.small import BUNDLE, TREE
from tests.support.zips.unzippers import UNZIPPERS, Outcome

PAGE = Path(__file__).parents[2] / "unit" / "bundle" / "container" / "zip_matrix.md"

_HEAD = """# What programs make of a changed ZIP file

A ZIP file states everything twice, and programs differ in which statement they use. A forger can therefore build one in which a verifier finds the signed members and another program finds others. [The bundle](../../../../docs/bundle.md#the-zip-file) has the one form that `afschrift verify` and `afschrift unpack` accept.

A small signed bundle was changed in {count} ways, and each result given to `afschrift verify` and to {programs}. {free} changes affect no program and are accepted: another deflate stream of the same content, which no signature covers. All others are refused. With {fooled} of them at least one program unpacks something else than was signed, without an error.

- *same*: the bundle's files and no others, without an error. Another program may still read the file differently.
- *other*: no error, and other files, or other bytes in them.
- *error*: an error; *error, other*: an error, and a file that is not the bundle's was left on the disk.

`AFSCHRIFT_DRAW=1 pytest tests/unit/bundle/container/test_zip_matrix.py` writes this page again; the test compares it with `afschrift verify`.
"""


def rows(verdict: Callable[[bytes], str]) -> dict[str, dict[str, str]]:
    return {group: {kind: verdict(made(group, kind)) for kind in kinds} for group, kinds in GROUPS.items()}


def kept() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            group = found.setdefault(line.removeprefix("## "), {})
        elif found and line.startswith("| ") and not line.startswith(("| What", "| The genuine")):
            kind, verdict, *_ = line.removeprefix("| ").split(" | ")
            group[kind] = verdict
    return found


def page(verdicts: Mapping[str, Mapping[str, str]]) -> str:
    with ThreadPoolExecutor(2) as pool:
        outcomes = {
            (group, kind): pool.submit(_outcomes, made(group, kind))
            for group, kinds in verdicts.items()
            for kind in kinds
        }
        genuine = _outcomes(BUNDLE)
    found = {key: future.result() for key, future in outcomes.items()}
    fooled = sum(Outcome.OTHER in row for row in found.values())
    versions = [f"{unzipper.name} {unzipper.installed_version()}" for unzipper in UNZIPPERS]
    lines = [
        _HEAD.format(
            count=len(found),
            programs=f"{', '.join(versions[:-1])} and {versions[-1]}",
            free=len(FREE),
            fooled=fooled,
        ),
    ]
    for group, kinds in verdicts.items():
        lines += [f"## {group}", "", *_header()]
        if group == next(iter(verdicts)):
            lines.append(_row("The genuine bundle", "accepted", genuine))
        lines += [_row(kind, verdict, found[group, kind]) for kind, verdict in kinds.items()]
        lines.append("")
    return "\n".join(lines)


def _outcomes(bundle: bytes) -> list[Outcome]:
    return [unzipper.outcome(bundle, TREE) for unzipper in UNZIPPERS]


def _header() -> list[str]:
    names = ["What was done", "Afschrift", *(unzipper.name for unzipper in UNZIPPERS)]
    return ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]


def _row(kind: str, verdict: str, outcomes: list[Outcome]) -> str:
    return "| " + " | ".join([kind, verdict, *outcomes]) + " |"
