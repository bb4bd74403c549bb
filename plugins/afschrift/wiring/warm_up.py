"""What every task reads and compiles, made before it is forked: a child finds it in memory.

So are the statements of a gate, for which the register is asked once.

For a file that changed meanwhile each child reads it anew: inventory and grounds are kept by the bytes of
their files, texts and templates by the time at which they changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module

from jinja2 import Environment, TemplateError

from afschrift.app.settings import Settings
from afschrift.bundle.page.words import page_templates, plural_rule
from afschrift.bundle.sheet.words import SheetWords
from afschrift.domain.errors import AfschriftError
from afschrift.inventory.grounds_file import load_grounds
from afschrift.letters.compose import letter_templates
from afschrift.letters.languages import languages
from afschrift.letters.words import LetterWords
from afschrift.register.schema import revisions
from afschrift.register.trail.prepare import prepare_gates
from afschrift.selection.statements import sql_templates
from afschrift.wiring.build_services import load_inventory

STEPS = ("assess", "classify", "extract", "validate", "package", "deliver", "close", "claims")


def warm_up(log: Callable[[str], None], settings: Settings | None = None) -> None:
    """Import steps, read inventory, grounds and texts, ask the register; where one cannot be used, say so.

    A process that only starts tasks must not end because of a map that somebody is mending.
    """
    for step in STEPS:
        import_module(f"afschrift.steps.{step}")
    revisions()
    try:
        settings = settings or Settings.from_environment()
        load_inventory(settings.inventory)
        load_grounds(settings.folder("grounds"))
        _compile(sql_templates(settings.folder("sql")), r"\w+\.sql")
        letters = settings.folder("letters")
        _compile(
            page_templates(letters), r"bundle/page\.html\.j2|(sheet|style)\.(html\.j2|css)|.+/README\.txt\.j2"
        )
        for language in languages(letters):
            SheetWords.of(letters, language)
            LetterWords.load(letters, language)
            plural_rule(language)
            if settings.mail:  # else no step writes one
                _compile(letter_templates(letters, language), r"\w+\.html\.j2|letter\.css")
    except (AfschriftError, OSError, TemplateError) as error:
        log(f"Tasks read inventory, grounds and texts themselves, as they could not be read: {error}")
        return
    try:
        prepare_gates(settings.register)
    except AfschriftError as error:
        log(f"Tasks compile what they ask of the register themselves, as it could not be asked: {error}")


def _compile(templates: Environment, names: str) -> None:
    """Those whose whole name fits a pattern; the others below a folder are another environment's."""
    for name in templates.list_templates():
        if re.fullmatch(names, name):
            templates.get_template(name)
