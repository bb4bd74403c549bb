"""What every task reads, read before it is forked: a child finds it in memory and reads no file again.

For a file that changed meanwhile each child reads it anew: what is kept is kept by the bytes of the files.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from afschrift.app.settings import Settings
from afschrift.bundle.sheet.words import SheetWords
from afschrift.domain.errors import AfschriftError
from afschrift.inventory.grounds_file import load_grounds
from afschrift.letters.languages import languages
from afschrift.letters.words import LetterWords
from afschrift.wiring.build_services import load_inventory

STEPS = ("assess", "classify", "extract", "validate", "package", "deliver", "close", "claims")


def warm_up(log: Callable[[str], None], settings: Settings | None = None) -> None:
    """Import the steps and read inventory, grounds and texts; where one cannot be used, say so.

    A process that only starts tasks must not end because of a map that somebody is mending.
    """
    for step in STEPS:
        import_module(f"afschrift.steps.{step}")
    try:
        settings = settings or Settings.from_environment()
        load_inventory(settings.inventory)
        load_grounds(settings.folder("grounds"))
        letters = settings.folder("letters")
        for language in languages(letters):
            SheetWords.of(letters, language)
            LetterWords.load(letters, language)
    except (AfschriftError, OSError) as error:
        log(f"Tasks read inventory, grounds and texts themselves, as they could not be read: {error}")
