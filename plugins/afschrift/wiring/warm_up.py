"""What every task reads and compiles, made before it is forked: a child finds it in memory.

So are the statements of a gate, for which the register is asked once.

For a file that changed meanwhile each child reads it anew: inventory and grounds are kept by the bytes of
their files, texts and templates by the time at which they changed.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from urllib.parse import urlsplit

from fsspec import get_filesystem_class
from jinja2 import Environment, TemplateError

from afschrift import formats, steps
from afschrift.app.settings import Settings
from afschrift.audit.against_logs import WRITTEN_BY
from afschrift.audit.sentences import ENGLISH
from afschrift.audit.wording import wording
from afschrift.bundle.page.words import SheetWords, page_templates, plural_rule
from afschrift.domain.errors import AfschriftError
from afschrift.formats.registry import FORMATS
from afschrift.inventory.law_files import load_grounds
from afschrift.inventory.model import Inventory
from afschrift.letters.compose import letter_templates
from afschrift.letters.languages import languages
from afschrift.letters.words import LetterWords
from afschrift.register.schema import revisions
from afschrift.register.trail.prepare import prepare_gates
from afschrift.selection.statements import sql_templates
from afschrift.sources.registry import SOURCES
from afschrift.wiring.build_services import load_inventory


def warm_up(log: Callable[[str], None], settings: Settings | None = None, more: Sequence[str] = ()) -> None:
    """Import steps, and sources and stores that are named; read map, grounds and texts; ask the register.

    A process that only starts tasks must not end because of a map that somebody is mending, or a library
    that is broken: the tasks that need it say so.

    Args:
        log: takes a line for all that cannot be imported, and one for what cannot be read.
        settings: default: from the environment.
        more: modules to import besides.
    """
    inventory, unread = None, ""
    try:
        settings = settings or Settings.from_environment()
        inventory = load_inventory(settings.inventory)
    except (AfschriftError, OSError) as error:
        unread = str(error)
    _import(log, [*_modules(inventory), *more], settings)
    revisions()
    try:
        if settings and inventory:
            _read_texts(settings)
    except (AfschriftError, OSError, TemplateError) as error:
        unread = str(error)
    if unread or settings is None:
        log(f"Tasks read inventory, grounds and texts themselves, as they could not be read: {unread}")
        return
    try:
        prepare_gates(settings.register)
    except AfschriftError as error:
        log(f"Tasks compile what they ask of the register themselves, as it could not be asked: {error}")


def _modules(inventory: Inventory | None) -> Iterator[str]:
    """Every step, the adapters of the kinds of sources that the inventory names, and formats.

    Of formats that need an extra those alone for which a source needs it too: others are seldom asked for.
    """
    kinds = sorted({source.kind for source in inventory.sources.values()} if inventory else set())
    extras = {None, *(SOURCES[kind].extra for kind in kinds)}
    seldom = tuple(f"{formats.__name__}.{one.name}." for one in FORMATS.values() if one.extra not in extras)
    for package in (steps, formats):
        names = (found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))
        yield from (name for name in names if not name.startswith(seldom))
    yield from (SOURCES[kind].module for kind in kinds)


def _import(log: Callable[[str], None], modules: Sequence[str], settings: Settings | None) -> None:
    places = [settings.staging, *settings.destinations.values()] if settings else []
    protocols = sorted({urlsplit(str(place)).scheme or "file" for place in places})
    wanted = [
        *((name, partial(import_module, name)) for name in modules),
        *((f"the library of {name}://", partial(get_filesystem_class, name)) for name in protocols),
    ]
    failed = []
    for name, load in wanted:
        try:
            load()
        except Exception as error:
            failed.append(f"{name} ({type(error).__name__}: {error})")
    if failed:
        log(f"Tasks import these themselves, as they could not be imported: {'; '.join(failed)}")


def _read_texts(settings: Settings) -> None:
    load_grounds(settings.folder("grounds"))
    _compile(sql_templates(settings.folder("sql")), r"\w+\.sql")
    wording(ENGLISH).compile(*WRITTEN_BY, "rests", "took")
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


def _compile(templates: Environment, names: str) -> None:
    """Those whose whole name fits a pattern; the others below a folder are another environment's."""
    for name in templates.list_templates():
        if re.fullmatch(names, name):
            templates.get_template(name)
