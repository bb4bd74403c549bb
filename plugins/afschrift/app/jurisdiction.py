"""Load controller, calendar and grounds, each from its own file only, so that a look starts at once."""

from __future__ import annotations

from afschrift.app.settings import Settings
from afschrift.domain.keys import Unique
from afschrift.inventory import law_files
from afschrift.inventory.document import Document, InventoryError
from afschrift.inventory.layers import draft_of, layered
from afschrift.inventory.organisation import IdentityFile, Organisation
from afschrift.inventory.run_in import CONTROLLER, IDENTITY
from afschrift.law.clock.calendar import Calendar, calendar
from afschrift.law.clock.clock import Jurisdiction
from afschrift.law.clock.place import remarks
from afschrift.law.grounds import Grounds
from afschrift.outside.limits import read_file


def load_controller(settings: Settings | None = None) -> Organisation:
    """The controller of this installation.

    Raises:
        InventoryError: the file is missing or wrong; lists every fault with its line.
    """
    folder = (settings or Settings.from_environment()).inventory
    document = Document(folder / CONTROLLER)
    controller = document.parse(Organisation)
    if controller is None or document.faults:
        raise InventoryError(document.faults)
    return controller


def load_jurisdiction(settings: Settings | None = None) -> Jurisdiction:
    """Calendar and kind of body of this installation.

    Raises:
        InventoryError: as `load_controller`.
        ConfigurationError: there is no calendar of its country.
    """
    return jurisdiction_of(load_controller(settings))


def jurisdiction_of(controller: Organisation) -> Jurisdiction:
    """Calendar and kind of body of a controller.

    Raises:
        ConfigurationError: there is no calendar of its country.
    """
    return Jurisdiction(calendar_of(controller), controller.body == "public")


def calendar_of(controller: Organisation) -> Calendar:
    """The days off of a controller.

    Raises:
        ConfigurationError: there is no calendar of its country.
    """
    return calendar(controller.country, controller.days_off, controller.days_off_unsettled)


_EXAMPLE = (
    f"{CONTROLLER}: `example`: it describes a made-up organisation, and no request is taken outside a demo. "
    "Fill in who is responsible and take `example: true` out."
)


def hints(controller: Organisation) -> list[str]:
    """Remarks about the controller's place that are no faults."""
    place = calendar_of(controller)
    found = [_EXAMPLE] if controller.example else []
    found += [f"{CONTROLLER}: `country`: {remark}" for remark in remarks(place.country)]
    if place.zone not in (None, controller.zone):
        found.append(
            f"{CONTROLLER}: `zone` is {controller.zone}, and the usual one of {place.country} is "
            f"{place.zone}. The day of receipt goes by `zone`: leave it out to follow the place."
        )
    return found


def own_keys(settings: Settings | None = None) -> tuple[str, ...]:
    """Names of the identity keys that never pass to another person, by which a person is recognised again.

    Raises:
        InventoryError: `identity.yml` is missing or wrong.
    """
    keys = _identity(settings).keys
    return tuple(name for name, key in keys.items() if key.unique is Unique.YES)


def identity_keys(settings: Settings | None = None) -> tuple[str, ...]:
    """Names of all identity keys.

    Raises:
        InventoryError: `identity.yml` is missing or wrong.
    """
    return tuple(_identity(settings).keys)


def _identity(settings: Settings | None) -> IdentityFile:
    path = (settings or Settings.from_environment()).inventory / IDENTITY
    files = {file: read_file(file) for file in (path, draft_of(path)) if file.is_file()}
    document = layered(path, files).document
    identity = document.parse(IdentityFile)
    if identity is None or document.all_faults:
        raise InventoryError(document.all_faults)
    return identity


def load_grounds(settings: Settings | None = None) -> Grounds:
    """The table of grounds of this installation.

    Raises:
        ConfigurationError: lists what is wrong with it.
    """
    return law_files.load_grounds((settings or Settings.from_environment()).folder("grounds"))
