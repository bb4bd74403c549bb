"""What a bundle's page says beside numbers that point to rows, as Chromium reads it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Dialog
from tests.e2e.opened import Opened

_CELLS = """(file) => {
  const link = [...document.querySelectorAll("article .files a")].find((a) => a.getAttribute("href") === file);
  if (!link) return null;
  const target = (a) => document.getElementById(a.hash.slice(1)).closest("article").querySelector(".files a");
  return [...link.closest("article").querySelectorAll(".rows tbody tr")].map((row) => [...row.children].map((cell) => {
    const a = cell.querySelector("a");
    if (!a) return [cell.textContent, null, null];
    return [cell.querySelector("small").textContent, a.textContent, target(a).getAttribute("href")];
  }));
}"""


@dataclass(frozen=True)
class Cell:
    """A cell of a table on the page.

    Attributes:
        number: what the file has there; of a cell without a name all of its text.
        name: what the row is called to which it points; None: no name.
        to: the table that its link leads to.
    """

    number: str
    name: str | None
    to: str | None


class ReadPage:
    """The page of a bundle, opened with or without its script.

    Args:
        browser: that reads it.
        bundle: the ZIP file.
        folder: where it is unpacked.
        script: whether the page's script runs; it then shows its own rows.
    """

    def __init__(self, browser: Browser, bundle: Path, folder: Path, *, script: bool = False) -> None:
        self.opened = Opened(bundle)
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(folder)
        context = browser.new_context(java_script_enabled=script)
        self.page = context.new_page()
        self.events: list[str] = []
        self.page.on("console", lambda message: self.events.append(message.text))
        self.page.on("pageerror", lambda error: self.events.append(str(error)))
        self.page.on("dialog", self._dismiss)
        [index] = folder.glob("*/index.html")
        self.source = index.read_text(encoding="utf-8")
        self.page.goto(index.as_uri())
        for article in self.page.locator("article.table").all() if script else ():
            article.scroll_into_view_if_needed()
        self.page.wait_for_timeout(300 if script else 0)

    def _dismiss(self, dialog: Dialog) -> None:
        self.events.append(dialog.type)
        dialog.dismiss()

    def rows(self, table: str) -> list[dict[str, Cell]]:
        """The rows on the page, by the names of the columns in the file; none: no such table."""
        found: list[list[list[Any]]] | None = self.page.evaluate(_CELLS, self._file(table))
        files = {self._file(name): name for name in self.opened.tables}
        return [
            {
                column: Cell(number, name, files[to] if to else None)
                for column, (number, name, to) in zip(self.opened.tables[table], row, strict=True)
            }
            for row in found or ()
        ]

    def _file(self, table: str) -> str:
        paths = (
            resource["path"]
            for resource in self.opened.package["resources"]
            if resource.get("afschrift:table") == table
        )
        return next((f"data/{path}" for path in paths if path.endswith(".csv")), "")

    def named(self) -> Iterator[tuple[str, str, Cell]]:
        """Every cell with a name: table, column, cell."""
        for table in self.opened.tables:
            for row in self.rows(table):
                yield from ((table, column, cell) for column, cell in row.items() if cell.name is not None)
