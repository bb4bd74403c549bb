"""`afschrift inventory import` and `export`: exchange descriptions of a source with other tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.cli.common import Folder, load_inventory, say
from afschrift.datamap.exchange.comments import from_comments
from afschrift.datamap.exchange.dataset import datasets, export
from afschrift.datamap.exchange.import_map import Into, import_map
from afschrift.datamap.exchange.manifest import MOST
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.instants import utc_now
from afschrift.domain.notation import count
from afschrift.inventory.column import ClassifiedBy
from afschrift.outside.limits import read_file
from afschrift.sources.registry import open_declared

if TYPE_CHECKING:
    from afschrift.datamap.exchange.external_tables import Description
    from afschrift.datamap.exchange.import_map import Imported
    from afschrift.inventory.model import SourceFile


imports = typer.Typer(
    help="Add another tool's description of a source to the inventory, as proposals.", no_args_is_help=True
)

Source = Annotated[
    str | None, typer.Option("--source", help="Name of the source in the inventory; default: as given there.")
]
Kind = Annotated[
    str | None, typer.Option("--kind", help="Of a source that the inventory does not have yet: postgres, ...")
]
Connection = Annotated[
    str | None, typer.Option("--connection", help="Of such a source: id of its Airflow connection.")
]
ConfirmedBy = Annotated[
    str | None,
    typer.Option("--confirmed-by", help="Who confirms all columns; else they wait, as the ways do."),
]
Why = Annotated[str | None, typer.Option("--why", help="With --confirmed-by: the reason.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the file as it would be, and write nothing.")]


@imports.command()
def fides(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="YAML with `dataset:`.")],
    source: Source = None,
    kind: Kind = None,
    connection: Connection = None,
    confirmed_by: ConfirmedBy = None,
    why: Why = None,
    folder: Folder = None,
    dry_run: DryRun = False,
) -> None:
    """Datasets of Fides: categories, keys, identities, references as ways."""
    confirmed = _confirmation(confirmed_by, why)
    found = [dataset for file in files for dataset in datasets(_text(file), file.name)]
    if source and len(found) > 1:
        raise ConfigurationError(
            f"There are {len(found)} datasets, and a source takes one.",
            remedy="leave `--source` out, or give one file.",
        )
    for key, described in found:
        into = Into(source or key, folder, kind, connection)
        _add(described, into, confirmed, dry_run=dry_run)


@imports.command()
def dbt(
    manifest: Annotated[Path, typer.Argument(help="target/manifest.json of a dbt project.")],
    source: Annotated[str, typer.Option("--source", help="Name of the source in the inventory.")],
    schema: Annotated[
        str | None,
        typer.Option("--schema", help="Schema whose tables have no prefix; default: of most."),
    ] = None,
    kind: Kind = None,
    connection: Connection = None,
    confirmed_by: ConfirmedBy = None,
    why: Why = None,
    folder: Folder = None,
    dry_run: DryRun = False,
) -> None:
    """A manifest of dbt: `meta`, tags, unique columns, relationships tests as ways."""
    from afschrift.datamap.exchange.manifest import described

    confirmed = _confirmation(confirmed_by, why)
    description = described(_text(manifest), manifest.name, schema)
    _add(description, Into(source, folder, kind, connection), confirmed, dry_run=dry_run)


@imports.command()
def comments(
    source: Annotated[str, typer.Argument(help="Name of a source of the inventory, which is read.")],
    confirmed_by: ConfirmedBy = None,
    why: Why = None,
    folder: Folder = None,
    dry_run: DryRun = False,
) -> None:
    """Comments in the database itself: `afschrift: origin=provided category=user.contact.email`."""
    confirmed = _confirmation(confirmed_by, why)
    with open_declared(_source(source, folder), tag="comments") as session:
        description = from_comments(session.catalogue(), session.described(), session.structure())
    _add(description, Into(source, folder), confirmed, dry_run=dry_run)


def _source(name: str, folder: Path | None) -> SourceFile:
    sources = load_inventory(folder).sources
    if name not in sources:
        raise ConfigurationError(
            f"The inventory has no source {name} with tables.",
            remedy=f"choose one of {', '.join(sources)}.",
        )
    return sources[name]


def _confirmation(by: str | None, why: str | None) -> ClassifiedBy | None:
    if bool(by) != bool(why):
        raise ConfigurationError(
            "A confirmation needs both a name and a reason.",
            remedy="give both `--confirmed-by` and `--why`, or neither.",
        )
    return ClassifiedBy(by=by, on=utc_now().date(), why=why) if by and why else None


def _text(file: Path) -> bytes:
    try:
        return read_file(file, MOST)
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be read ({type(error).__name__}).",
            remedy="give a file that can be read.",
        ) from None


def _add(described: Description, into: Into, confirmed: ClassifiedBy | None, *, dry_run: bool) -> None:
    found = import_map(described, into, confirmed, dry_run=dry_run)
    if dry_run:
        typer.echo(found.text, nl=False)
    for line in found.draft.notes:
        say(f"  {line}")
    for path in found.draft.open:
        say(f"  {path} waits: its description has no origin, or needs more words")
    say(_summary(found, written=not dry_run))


def _summary(found: Imported, *, written: bool) -> str:
    if not found.added and not found.keys:
        return f"{found.file.name}: nothing is new."
    tables = sum(path.count(".") == 1 for path in found.added if path.startswith("tables."))
    columns = len({".".join(path.split(".")[:4]) for path in found.added if ".columns." in path})
    new = [f"{count(tables, 'table')} added"] if tables else []
    new += [f"{count(columns, 'column')} added or completed in other tables"] if columns else []
    keys = f"; {found.identity.name}: {', '.join(found.keys)}" if found.keys else ""
    what = f"{found.file.name}: {', '.join(new) or 'words added'}{keys}"
    return f"{what}." if written else f"Nothing was written. {what}."


exports = typer.Typer(help="Write what is confirmed of a source for another tool.", no_args_is_help=True)


@exports.callback()
def _group() -> None:
    """Write what is confirmed of a source for another tool."""


@exports.command("fides")
def export_fides(
    source: Annotated[str, typer.Argument(help="Name of a source of the inventory.")],
    out: Annotated[Path | None, typer.Option("--out", help="A file; default: standard output.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over another file.")] = False,
    folder: Folder = None,
) -> None:
    """A dataset of Fides: categories, keys, identities, ways as references."""
    found = export(_source(source, folder))
    for line in found.left_out:
        say(f"  not in Fides' words: {line}")
    if out is None:
        typer.echo(found.text, nl=False)
        return
    if out.exists() and out.read_bytes() == found.text.encode():
        say(f"{out} has this content already.")
        return
    if out.exists() and not force:
        raise ConfigurationError(
            f"{out} exists with other content.",
            remedy="name another file, or overwrite it with `--force`.",
        )
    out.write_text(found.text, encoding="utf-8")
    say(f"Wrote {out}.")
