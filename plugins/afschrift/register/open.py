"""Opens the register and its keys, and makes or upgrades them.

Imports no adapter: a command that needs the register alone starts quickly.
"""

from __future__ import annotations

from afschrift.app.private_files import private_folder
from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError
from afschrift.register.keys import key_sources
from afschrift.register.keys.keyring import keks_in_use
from afschrift.register.keys.storage import ReadOnly
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.schema import must_be_current, upgrade


def open_register(settings: Settings | None = None) -> Register:
    """The register and its keys.

    Raises:
        ConfigurationError: keys or register cannot be used; says what to do.
    """
    settings = settings or Settings.from_environment()
    keys = open_keys(settings)  # first: its error names `afschrift key new`, which makes keys and register
    return current_register(settings, keys)


def current_register(settings: Settings, keys: KeyStore) -> Register:
    """The register, if its tables are of this version; checked by the connection that it keeps.

    Raises:
        ConfigurationError: they are not; says which command or version helps.
        RetriableError: the database is down.
    """
    register = Register(settings.register, keys)
    with register.store.database.read() as connection:
        must_be_current(connection)
    return register


def open_keys(settings: Settings) -> KeyStore:
    """The keys, in the key file or where `AFSCHRIFT_KEYS` says.

    Raises:
        ConfigurationError: missing or damaged, or the place is of no kind known here.
        RetriableError: the place does not answer.
    """
    if settings.key_source is None:
        return KeyStore.open(settings.keys)
    return KeyStore.open(ReadOnly(*key_sources.reader(settings.key_source)))


def initialise(settings: Settings, *, lost: bool = False, by: str = "system") -> bool:
    """Bring the register to the newest version, and make the key file where there is none.

    Args:
        settings: of the installation.
        lost: the keys that belong to a register in use are lost for good, and new ones are wanted; the
            trail records the loss.
        by: account that says so.

    Returns:
        Whether keys were made.

    Raises:
        ConfigurationError: there is no key file, but a register whose data keys were wrapped by one.
    """
    private_folder(settings.home)
    upgrade(settings.register)
    made = settings.key_source is None and not settings.keys.exists()
    if made and not lost and (missing := keks_in_use(settings.register)):
        raise ConfigurationError(
            f"There is no key file at {settings.keys}, and the register holds data keys that only "
            f"{', '.join(missing)} of such a file opens.",
            remedy="put the key file back from its back-up. Only where it is lost for good: `afschrift key "
            "new --lost` makes new keys; what was encrypted before stays unreadable (docs/operator/keys.md).",
        )
    keys = KeyStore.create(settings.keys) if made else open_keys(settings)
    _code_events(settings, keys, by, adopt=False)
    if lost:
        Register(settings.register, keys).keys.record_loss(by)
    return made


def upgrade_register(settings: Settings, *, adopt: bool, by: str = "system") -> int:
    """Bring the register to the newest version, and code the events of a register from before codes.

    Args:
        settings: of the installation.
        adopt: also where the trail key existed before this call. Codes may then have been removed by a
            forger, so the operator must ask for it.
        by: account that does so.

    Returns:
        How many events got a code.
    """
    upgrade(settings.register)
    if settings.key_source is None and not settings.keys.exists():
        return 0  # `afschrift key new` makes keys, and the codes with them
    return _code_events(settings, open_keys(settings), by, adopt=adopt)


def _code_events(settings: Settings, keys: KeyStore, by: str, *, adopt: bool) -> int:
    missing = not keys.trail_keys()
    if missing and settings.key_source is None:
        keys.make_trail_key()
    elif missing or not adopt:
        return 0
    return Register(settings.register, keys).evidence.adopt(by)
