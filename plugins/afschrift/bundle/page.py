"""`index.html` and `README.txt`: what a person reads. No rule ids, IRIs or digests in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from afschrift.bundle.contents import Contents
from afschrift.bundle.coverage import Status, coverage
from afschrift.bundle.explained import Explained, explain
from afschrift.bundle.left_out import column_title, left_out, table_title, unread
from afschrift.bundle.redactions import redactions
from afschrift.bundle.sample import Sample, sample
from afschrift.bundle.words import Words
from afschrift.core.manifest import ExtractPlan, TableExtract
from afschrift.core.right import Right


@dataclass(frozen=True)
class TableView:
    """One table with rows, as the page shows it."""

    anchor: str
    title: str
    description: str
    note: str
    rows: int
    own_rows: bool
    files: tuple[tuple[str, str], ...]
    fields: tuple[Explained, ...]
    sample: Sample


@dataclass(frozen=True)
class SystemView:
    """One source: its tables with rows, and the titles of those without."""

    title: str
    tables: tuple[TableView, ...]
    none_held: tuple[str, ...]


def render_index(contents: Contents, letters: Path) -> bytes:
    """The page: whole in itself, without script or network, everything from the data escaped."""
    words = Words.load(letters, contents.language)
    template = _environment(letters).get_template("page.html.j2")
    return template.render(_page(contents, words)).encode()


def render_readme(contents: Contents, letters: Path) -> bytes:
    """The README in the person's language, with the line ends that every editor shows (R62, R72)."""
    words = Words.load(letters, contents.language)
    files = list(contents.files())
    template = _environment(letters).get_template(f"{contents.language}/README.txt.j2")
    text = template.render(
        organisation=contents.inventory.controller,
        request=contents.request,
        request_line=_request_line(contents, words),
        right=contents.plan.right.value,
        formats=list(dict.fromkeys(entry.format for entry in files)) or list(contents.plan.formats),
        null_markers=list(dict.fromkeys(e.options["null"] for e in files if "null" in e.options)),
    )
    return text.replace("\n", "\r\n").encode()


def _environment(letters: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(letters / "bundle"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _page(contents: Contents, words: Words) -> dict[str, Any]:
    controller, plan = contents.inventory.controller, contents.plan
    gone = left_out(contents, words)
    masked = [r for r in redactions(contents) if r.count]
    failed = unread(contents, Status.FAILED)
    not_searched = unread(contents, Status.NOT_SEARCHED)
    entries = list(coverage(contents))
    return {
        "w": words,
        "language": plan.language,
        "portability": plan.right is Right.PORTABILITY,
        "organisation": controller,
        "authority": controller.authority.get(plan.language),
        "court": controller.court.get(plan.language),
        "request": contents.request,
        "request_line": _request_line(contents, words),
        "state": words.moment(plan.frozen_at, controller.zone),
        "made": words.moment(contents.seal.sealed_at, controller.zone),
        "failed": failed,
        "not_searched": not_searched,
        "completeness": _completeness(bool(gone), bool(masked)),
        "left_out": gone,
        "left_out_maybe": any(e.status is Status.WITHHELD for e in entries),
        # What cannot be had by asking is no reason to invite the person to ask.
        "more_on_request": any(g.reason != "security_secret" for g in gone),
        "held": sum(e.status is Status.ROWS for e in entries),
        "none_held": sum(e.status is Status.NONE_HELD for e in entries),
        "masked": [
            words.count(
                "masked_line",
                r.count,
                column=column_title(contents, r.source, r.table, r.field.name),
                table=table_title(contents, r.source, r.table),
            )
            for r in masked
        ],
        "consents": list(_consents(contents, words)),
        "systems": list(_systems(contents, words)),
    }


def _completeness(left_out: bool, masked: bool) -> str:
    if left_out and masked:
        return "both"
    return "left_out" if left_out else "masked" if masked else "yes"


def _request_line(contents: Contents, words: Words) -> str:
    day = words.day(contents.request.received_at, contents.request.zone)
    return words.say(f"request_{contents.plan.right}", day=day)


def _consents(contents: Contents, words: Words) -> Iterator[str]:
    """Consents that the person does not give (any more), in words."""
    titles = {
        f"{source.source}.{name}": purpose.title.get(contents.language)
        for source in contents.inventory.sources.values()
        for name, purpose in source.purposes.items()
    }
    for name, state in contents.plan.consents.items():
        if state in ("withdrawn", "absent"):
            yield words.say(f"consent_{state}", purpose=titles[name])


def _systems(contents: Contents, words: Words) -> Iterator[SystemView]:
    anchors = {planned.name: f"t{n}" for n, (planned, _) in enumerate(contents.held, start=1)}
    empty = [e for e in coverage(contents) if e.status is Status.NONE_HELD]
    for source in contents.plan.sources:
        title = contents.source(source).title
        yield SystemView(
            title=title.get(contents.language) if title else source,
            tables=tuple(
                _table(contents, planned, written, anchors[planned.name], words)
                for planned, written in contents.held
                if planned.source == source
            ),
            none_held=tuple(table_title(contents, e.source, e.table) for e in empty if e.source == source),
        )


def _table(
    contents: Contents, planned: ExtractPlan, written: TableExtract, anchor: str, words: Words
) -> TableView:
    table = contents.table(planned.source, planned.table)
    titles = tuple(column_title(contents, planned.source, planned.table, f.name) for f in planned.selected)
    return TableView(
        anchor=anchor,
        title=table_title(contents, planned.source, planned.table),
        description=table.description.get(contents.language) if table.description else "",
        note=table.note.get(contents.language) if table.note else "",
        rows=written.rows,
        own_rows=bool(planned.row_rule) and contents.plan.right is Right.PORTABILITY,
        files=tuple(
            (
                quote(f"data/{entry.path}"),
                words.say("file", format=entry.format.upper(), size=words.size(entry.bytes)),
            )
            for entry in written.files
        ),
        fields=explain(contents, planned, words),
        sample=sample(contents, planned, titles, words),
    )
