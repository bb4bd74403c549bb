"""The language in which a person is served: English texts as keys of the catalogues of another language.

What is kept or compared (trail, task logs, messages of commands) is made where no language is set, so it is
English. Nothing that is stored may be translated before.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from gettext import NullTranslations

ENGLISH = "en"


@dataclass(frozen=True)
class Language:
    """A language that people choose.

    Attributes:
        code: as BCP 47 names it, such as `nl`.
        translations: from the English texts.
    """

    code: str
    translations: NullTranslations = field(default_factory=NullTranslations, repr=False)


_NO_TRANSLATIONS = Language(ENGLISH)
_served: ContextVar[Language] = ContextVar("language", default=_NO_TRANSLATIONS)


def serve_in(language: Language) -> None:
    """Set the language of whatever this request or thread shows from now on."""
    _served.set(language)


def served_language() -> str:
    """Code of the language in which the present request is served."""
    return _served.get().code


def gettext(text: str, **values: object) -> str:
    """A text in the language that is served, with its `{names}` filled in; one that it lacks is English."""
    found = _served.get().translations.gettext(text) if text else ""  # the empty key has the file's head
    return found.format(**values) if values else found


def ngettext(singular: str, plural: str, number: int, **values: object) -> str:
    """As `gettext`, in the form for a number, which fills `{number}`."""
    return _served.get().translations.ngettext(singular, plural, number).format(number=number, **values)
