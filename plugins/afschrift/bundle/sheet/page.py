"""`data/information.html`: the information sheet for the person. No rule ids, IRIs or digests in it."""

from __future__ import annotations

from pathlib import Path

from afschrift.bundle.page.words import page_templates
from afschrift.bundle.sheet.content import SheetContent


def render_sheet(content: SheetContent, letters: Path) -> bytes:
    """The page: whole in itself, without script or network, everything from the data escaped."""
    contents, words = content.contents, content.words
    controller, language = contents.inventory.controller, contents.language
    return (
        page_templates(letters)
        .get_template("sheet.html.j2")
        .render(
            w=words,
            sheet=content,
            anchors={use.id: f"p{number}" for number, use in enumerate(content.uses, start=1)},
            language=language,
            organisation=controller,
            authority=controller.authority.get(language),
            court=controller.court.get(language),
            request=contents.request,
            state=words.state(*contents.read_between, controller.zone),
            made=words.moment(contents.seal.sealed_at, controller.zone),
            decisions=[
                (content.titles([key])[0], decision) for key, decision in content.processing.decisions()
            ],
        )
        .encode()
    )
