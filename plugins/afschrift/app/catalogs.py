"""The languages of the pages: a folder of message catalogues (`.po`) for each but English."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import Translations

from afschrift.app.project import include_folder, texts
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.language import ENGLISH, Language

_NAME = re.compile(r"\{\w+\}")


def languages() -> list[str]:
    """Codes of the languages there are, English first."""
    return [ENGLISH, *sorted(folder.name for folder in _folder().iterdir() if folder.is_dir())]


def load_language(code: str) -> Language:
    """A language with its catalogues; English for a code that has none.

    Raises:
        ConfigurationError: a catalogue cannot be read.
    """
    return _load(_folder() / code) if code in languages()[1:] else Language(ENGLISH)


def choose_language(chosen: str, accepted: str) -> str:
    """Code of the language for a person.

    Args:
        chosen: by the person; empty or unknown: they chose none.
        accepted: what their browser sends in `Accept-Language`.
    """
    there = languages()
    if chosen in there:
        return chosen
    wanted = [part.partition(";")[0].strip() for part in accepted.split(",")]
    return negotiate_locale(wanted, there, sep="-") or ENGLISH


def language_name(code: str) -> str:
    """A language in its own words."""
    try:
        name = Locale.parse(code, sep="-").get_display_name()
    except (UnknownLocaleError, ValueError):
        name = None
    return name or code


def _folder() -> Path:
    return texts("locale", include_folder())


@cache
def _load(folder: Path) -> Language:
    merged, templates = Translations(), dict[str, str]()
    for path in sorted(folder.glob("*.po")):
        compiled = BytesIO()
        try:
            with path.open("rb") as file:
                catalog = read_po(file, locale=folder.name.replace("-", "_"), abort_invalid=True)
            write_mo(compiled, catalog)
        except (OSError, ValueError, UnknownLocaleError, PoFileError) as error:
            raise ConfigurationError(
                f"The catalogue {path} cannot be read: {error}.", remedy="correct the file."
            ) from None
        compiled.seek(0)
        merged.merge(Translations(compiled))
        templates |= {m.id: str(m.string) for m in catalog if isinstance(m.id, str) and "{" in m.id}
    # the one with most words first: a text that fits two is made from that
    in_order = dict(sorted(templates.items(), key=lambda pair: -len(_NAME.sub("", pair[0]))))
    return Language(folder.name, merged, in_order)
