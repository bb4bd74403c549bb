"""`index.html` and `README.txt`, for people to read: without rule ids, IRIs or digests.

A content security policy lets only the page's own script run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from textwrap import wrap
from typing import Any

from jinja2 import TemplateError
from markupsafe import Markup

from afschrift.bundle.contents import Contents
from afschrift.bundle.description.coverage import Status, Unproven, coverage, not_seen
from afschrift.bundle.description.redactions import grounds, masked_columns
from afschrift.bundle.page.browse import PAGE, inert, row_scripts, script
from afschrift.bundle.page.highlights import highlights
from afschrift.bundle.page.left_out import (
    OTHER_HOLDER,
    column_titles,
    left_out,
    unread,
    unreadable_columns,
)
from afschrift.bundle.page.manual_views import manual_source_views
from afschrift.bundle.page.search_statement import search_statement
from afschrift.bundle.page.table_views import (
    SystemView,
    anchors,
    portable_key,
    systems,
)
from afschrift.bundle.page.words import PageWords, SheetWords, page_templates
from afschrift.bundle.sheet.content import SheetContent
from afschrift.bundle.sheet.sheet import has_values
from afschrift.domain.decision import Mask
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.extracted import FileEntry
from afschrift.domain.vocabulary import Origin
from afschrift.law.partial_response import DAMAGED_GIVEN, DAMAGED_LATER

README_WIDTH = 80


def render_index(contents: Contents, letters: Path) -> bytes:
    """Render the page: self-contained, without network, with everything from the data escaped (R63).

    It states what a portability answer leaves out and how to get it (R19), and what is known to be wrong
    (R28). It can be read without script. With script, its tables can be searched and its charts zoomed.

    Raises:
        ConfigurationError: a text is missing; it is named.
    """
    words = PageWords.load(letters, contents.language)
    values = _page(contents, words) | {"s": SheetWords.of(letters, contents.language), "uses": ()}
    if contents.plan.right.terms.provided_only and not contents.preview:
        values["uses"] = SheetContent(contents, values["s"]).whole_uses
    code, style = own_script(letters), own_style(letters) + _names_of_values(values["systems"])
    style += PREVIEW_STYLE if contents.preview else ""
    values |= {"script": code, "style": style, "policy": policy(code, style)}
    page = _render(letters, "bundle/page.html.j2", values)
    # Only the template can contain this marker, because everything from the data is escaped.
    before, after = page.split("<!-- data -->\n")
    fixed = _data(contents, words, values["systems"])
    left = PAGE - len(page.encode()) - len(fixed.encode())
    return "".join([before, fixed, *row_scripts(contents, anchors(contents), words, left), after]).encode()


def render_readme(contents: Contents, letters: Path) -> bytes:
    """Render the README in the person's language, with line ends that every editor shows (R62, R72)."""
    words = PageWords.load(letters, contents.language)
    files = list(contents.files())
    values = {
        "organisation": contents.inventory.controller,
        "language": contents.language,
        "court": wrap(words.court(contents.inventory.controller), README_WIDTH),
        "request": contents.request,
        "request_line": _request_line(contents, words),
        "part": [line for text in _part_texts(contents, words) for line in wrap(text, README_WIDTH)],
        "right": contents.plan.right.value,
        "terms": contents.plan.right.terms,
        "formats": list(dict.fromkeys(entry.format for entry in files)),
        "exchanges": {x.format for _, written in contents.held for x in written.exchanged if x.entry},
        "evasive": contents.denial == "evasive",
        "says_none": contents.says_none,
        "null_markers": _null_markers(files),
    }
    text = _render(letters, f"{contents.language}/bundle/README.txt.j2", values)
    return text.replace("\n", "\r\n").encode()


def _null_markers(files: Sequence[FileEntry]) -> list[tuple[str, list[str]]]:
    """Signs of no value and their files (R62); the first, of most files, is ordinary text in the others."""
    found: dict[str, list[str]] = {}
    for entry in files:
        if "null" in entry.options:
            found.setdefault(entry.options["null"], []).append(entry.path)
    return sorted(found.items(), key=lambda marker: -len(marker[1]))


def _render(letters: Path, name: str, values: dict[str, Any]) -> str:
    try:
        return page_templates(letters).get_template(name).render(values)
    except TemplateError as error:
        raise ConfigurationError(
            f"The template include/letters/{name} is missing or cannot be filled in: {error}",
            remedy="compare it with the one of another language.",
        ) from error


def _data(contents: Contents, words: PageWords, views: list[SystemView]) -> str:
    """The texts and the data of charts for the script."""
    texts = words.script() | {"zone": contents.inventory.controller.zone}
    tables = [table for system in views for table in system.tables]
    charts = [script(f"{t.anchor}-bins", inert(t.chart.data)) for t in tables if t.chart and t.chart.data]
    return "".join([script("words", inert(texts)), *charts])


_NEVER_MORE = ("security_secret", OTHER_HOLDER, DAMAGED_LATER, DAMAGED_GIVEN)
"""Reasons that invite no request for more: it is not given on request either, or it comes anyway."""


def _page(contents: Contents, words: PageWords) -> dict[str, Any]:
    controller, plan = contents.inventory.controller, contents.plan
    gone = left_out(contents, words)
    masked = grounds(contents, words)
    failed = (*unread(contents, Status.FAILED), *unreadable_columns(contents, words, "column_of"))
    by_hand = list(manual_source_views(contents, words))
    not_searched = (
        *unread(contents, Status.NOT_SEARCHED),
        *(view.title for view in by_hand if view.missing),
        *_not_searched_before(contents),
    )
    entries, views = list(coverage(contents)), list(systems(contents, words))
    return {
        "w": words,
        "language": plan.language,
        "terms": plan.right.terms,
        "access_asked": contents.access_asked,
        "organisation": controller,
        "authority": controller.authority.get(plan.language),
        "court": words.court(controller),
        "request": contents.request,
        "request_line": _request_line(contents, words),
        "part": portion(contents, words),
        "state": words.state(*contents.read_between, controller.zone),
        "made": words.moment(contents.seal.sealed_at, controller.zone),
        "failed": failed,
        "not_searched": not_searched,
        "unproven": {
            why: [contents.table_title(e.source, e.table) for e in entries if why in e.unproven]
            for why in Unproven
        },
        "not_seen": [(contents.source_title(source), n) for source, n in not_seen(contents).items()],
        "doubts": any(e.unproven for e in entries) or bool(not_seen(contents)),
        "portable": portable_key(_given_origins(contents)),
        "direct": _direct(contents, words),
        "completeness": _completeness(bool(gone), bool(masked)),
        "looked_beside": any(extract.searched is not None for extract in contents.extracts),
        "left_out": gone,
        "more_on_request": any(g.reason not in _NEVER_MORE for g in gone),
        "held": sum(e.status is Status.ROWS for e in entries),
        "nothing_given": sum(
            e.status is Status.NOTHING_GIVEN
            or (e.status is Status.WITHHELD and bool(e.left_out) and not contents.says_none)
            for e in entries
        ),
        "evasive": contents.denial == "evasive",
        "empty": "found_nothing" if contents.says_none else "nothing_given",
        "masked": masked,
        "tokens": any(column.count and column.method == Mask.TOKEN for column in masked_columns(contents)),
        "consents": list(_consents(contents, words)),
        "highlights": highlights(contents, words, anchors(contents)),
        "systems": views,
        "given": {table.title: table.anchor for system in views for table in system.tables},
        "searched": by_hand,
        "search": None if contents.preview else search_statement(contents, words),
        "files_found": sum(1 for _ in contents.given),
        "preview": contents.preview,
    }


def _part_texts(contents: Contents, words: PageWords) -> Iterator[str]:
    """First lines of a README if the bundle is a part of an answer."""
    part = portion(contents, words)
    if part is None:
        return
    yield part.text
    if part.intro:
        yield part.intro
    yield from (f"- {name}" for name in part.names)
    yield from part.more


def _not_searched_before(contents: Contents) -> Iterator[str]:
    """Systems that people search, and that an earlier part of the answer named as not searched."""
    for before in contents.plan.before:
        if before.status == Status.NOT_SEARCHED and before.source in contents.inventory.manual:
            yield contents.source_title(before.source)


def _given_origins(contents: Contents) -> Iterator[Origin]:
    """Origins of the columns with values, without keys that only join tables."""
    for planned, written in contents.held:
        for column in planned.selected:
            if column.reason != "join_key" and has_values(written, column):
                yield from column.origins


def _direct(contents: Contents, words: PageWords) -> str:
    """Whether the files can be sent straight to another party (Art. 20(2), R65, R66)."""
    controller = contents.inventory.controller
    why = controller.direct_transfer.why if controller.direct_transfer else None
    reason = why.get(contents.language) if why else ""
    return words.say(f"direct_{controller.sends_directly}", contact=controller.contact, why=reason)


def _completeness(left_out: bool, masked: bool) -> str:
    if left_out and masked:
        return "both"
    return "left_out" if left_out else "masked" if masked else "yes"


def _request_line(contents: Contents, words: PageWords) -> str:
    request = contents.request
    if contents.preview:
        return words.say("request_preview")
    asked = "for_you" if contents.for_another else contents.plan.right
    line = words.say(f"request_{asked}", day=words.day(request.received_at, request.zone))
    if request.entered_at:
        line += " " + words.say("request_corrected", day=words.day(request.entered_at, request.zone))
    return line


def _consents(contents: Contents, words: PageWords) -> Iterator[str]:
    """Consents that the person withdrew or never gave, in words."""
    titles = {
        f"{source.source}.{name}": purpose.title.get(contents.language)
        for source in contents.inventory.sources.values()
        for name, purpose in source.purposes.items()
    }
    for name, state in contents.plan.consents.items():
        if state in ("withdrawn", "absent"):
            yield words.say(f"consent_{state}", purpose=titles[name])


SCRIPTS = ("text.js", "cell.js", "table.js", "series.js", "chart.js", "page.js")
"""In this order, in a common scope."""


def own_script(letters: Path) -> Markup:
    """The script of the page.

    Raises:
        ConfigurationError: a file contains text that would end the element.
    """
    parts = [(letters / "bundle" / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return _inert_text('(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n", SCRIPTS)


PREVIEW_STYLE = """
.unclear { background: var(--warn-soft); border-bottom: 3px solid var(--warn); }
.preview { margin-top: 1.5rem; }
.warn ul { margin: 0; }
"""


def own_style(letters: Path) -> Markup:
    """The style of the page."""
    return _inert_text((letters / "bundle" / "style.css").read_text(encoding="utf-8"), ("style.css",))


def _names_of_values(views: Sequence[SystemView]) -> Markup:
    """The titles of columns as rules of style: on a narrow screen each value is a line behind its title."""
    tables = [table for view in views for table in view.tables if not table.sample.upright]
    rules = (
        f'[aria-labelledby="{table.anchor}-rows"] td:nth-child({number})::before '
        f'{{ content: "{_css(title)}: " }}'
        for table in tables
        for number, (title, _) in enumerate(table.sample.columns, 1)
    )
    text = "\n".join(["@media screen and (max-width: 40rem) {", *rules, "}"])
    return _inert_text(text, ("style.css",))


def _css(text: str) -> str:
    """A text within a string of a style sheet; what is no letter, digit or space goes by its number."""
    return "".join(char if char.isalnum() or char == " " else f"\\{ord(char):06x}" for char in text)


def policy(code: str, style: str) -> str:
    """The content security policy: only this script and this style, and no network."""
    return (
        f"default-src 'none'; script-src '{_hash(code)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def policy_of(page: bytes) -> str:
    """The content security policy that a rendered page states."""
    return unescape(page.decode().partition('"Content-Security-Policy" content="')[2].partition('"')[0])


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _inert_text(text: str, files: tuple[str, ...]) -> Markup:
    lowered = text.lower()
    if any(mark in lowered for mark in ("</script", "</style", "<!--")):
        raise ConfigurationError(
            f"One of {', '.join(files)} in include/letters/bundle holds '</script', '</style' or '<!--'.",
            remedy="write it another way: it would end the element there.",
        )
    return Markup(text)  # noqa: S704 - our own file, checked above


@dataclass(frozen=True)
class PortionView:
    """What a person reads first in a part of an answer.

    Attributes:
        text: which part it is, in a sentence.
        intro: sentence before `names`; may be empty.
        names: titles of systems that are not in it yet, or of tables that are in it again.
        more: further sentences.
        together: in a supplement, what both parts are together; empty otherwise.
    """

    text: str
    intro: str
    names: tuple[str, ...]
    more: tuple[str, ...]
    together: str = ""


def portion(contents: Contents, words: PageWords) -> PortionView | None:
    """The view; None if the bundle is the whole answer."""
    plan = contents.plan
    gone = [words.say("part_gone", system=contents.source_title(entry.source)) for entry in plan.gone]
    if plan.later:
        systems = tuple(contents.source_title(entry.source) for entry in plan.later if not entry.place)
        intro = words.say("part_missing" if systems else "part_unreadable")
        names = systems or tuple(unreadable_columns(contents, words, "column_of"))
        more = (*_promises(contents, words), *gone)
        return PortionView(words.say("part_partial"), intro, names, more)
    if not plan.after:
        return None
    zone = contents.inventory.controller.zone
    if not plan.before:
        return PortionView(words.say("part_whole"), "", (), tuple(gone))
    day = words.day(max(entry.delivered_at for entry in plan.before), zone)
    again = tuple(_once_more(contents))
    intro = words.say("part_again") if again else ""
    return PortionView(
        words.say("part_supplement", day=day), intro, again, tuple(gone), words.say("part_together", day=day)
    )


def _promises(contents: Contents, words: PageWords) -> Iterator[str]:
    for entry in contents.plan.later:
        day = _local_day(words, entry.rest_by)
        if entry.place:
            yield words.say("part_rest_column", **column_titles(contents, entry), day=day)
        elif entry.source in contents.inventory.sources:
            yield words.say("part_rest", system=contents.source_title(entry.source), day=day)


def _once_more(contents: Contents) -> Iterator[str]:
    for table_name in contents.plan.again:
        source, _, table = table_name.partition(".")
        if source in contents.inventory.sources and table in contents.inventory.sources[source].tables:
            yield contents.table_title(source, table)


def _local_day(words: PageWords, day: str) -> str:
    return words.day(f"{day}T12:00:00+00:00", "UTC")
