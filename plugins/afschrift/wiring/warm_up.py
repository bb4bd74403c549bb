"""Read and compile what every task needs, in the process that forks tasks: children find it in memory.

This includes the statements of a gate, for which the register is queried once.

A child reads a file again that changed since: inventory and grounds are cached by the bytes of their files,
texts and templates by their modification time.
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
from afschrift.encryption.registry import encryption_of
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
    """Import steps, and the sources and stores in use; read map, grounds and texts; query the register.

    Failures are logged and not raised: a process that only starts tasks must not end because the map is being
    edited or a library is broken. The tasks that need it report it.

    Args:
        log: takes one line for all failed imports, and one for what cannot be read.
        settings: default: from the environment.
        more: further modules to import.
    """
    inventory, ciphers, unread = None, [], ""
    try:
        settings = settings or Settings.from_environment()
        ciphers = _ciphers(settings)
        inventory = load_inventory(settings.inventory)
    except (AfschriftError, OSError) as error:
        unread = str(error)
    _import(log, [*_modules(inventory), *ciphers, *more], settings)
    revisions()
    try:
        if settings and inventory:
            _read_texts(settings)
    except (AfschriftError, OSError, TemplateError) as error:
        unread = str(error)
    if unread or settings is None:
        log(f"Each task reads inventory, grounds and texts itself, as they could not be read: {unread}")
        return
    try:
        prepare_gates(settings.register)
    except AfschriftError as error:
        log(f"Each task compiles its register queries itself, as the register could not be queried: {error}")


def _modules(inventory: Inventory | None) -> Iterator[str]:
    """Yield the modules of every step, of the inventory's kinds of sources, and of formats.

    A format that needs an extra is left out, unless a source needs the same extra: it is seldom requested.
    """
    kinds = sorted({source.kind for source in inventory.sources.values()} if inventory else set())
    extras = {None, *(SOURCES[kind].extra for kind in kinds)}
    seldom = tuple(
        f"{formats.__name__}.{known.name}." for known in FORMATS.values() if known.extra not in extras
    )
    for package in (steps, formats):
        names = (found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))
        yield from (name for name in names if not name.startswith(seldom))
    yield from (SOURCES[kind].module for kind in kinds)


def _ciphers(settings: Settings) -> list[str]:
    codes = {settings.options_of(name).protection().encryption for name in settings.destination_names}
    kinds = [kind for code in sorted(codes) if (kind := encryption_of(code))]
    return [name for kind in kinds for name in kind.libraries]


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
        log(f"Each task imports these itself, as they could not be imported: {'; '.join(failed)}")


def _read_texts(settings: Settings) -> None:
    load_grounds(settings.folder("grounds"))
    _compile(sql_templates(settings.folder("sql")), r"\w+\.sql")
    wording(ENGLISH).compile(*WRITTEN_BY, "rests", "took")
    letters = settings.folder("letters")
    _compile(
        page_templates(letters),
        r"bundle/page\.html\.j2|(sheet|style|uses)\.(html\.j2|css)|.+/README\.txt\.j2",
    )
    for language in languages(letters):
        SheetWords.of(letters, language)
        LetterWords.load(letters, language)
        plural_rule(language)
        if settings.mail:  # without mail no step writes a letter
            _compile(letter_templates(letters, language), r"\w+\.html\.j2|letter\.css")


def _compile(templates: Environment, names: str) -> None:
    """Compile the templates whose whole name matches; others in the folder belong to another environment."""
    for name in templates.list_templates():
        if re.fullmatch(names, name):
            templates.get_template(name)
