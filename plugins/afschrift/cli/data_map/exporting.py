"""`afschrift inventory export`: what people confirmed, for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from afschrift.cli.common import say
from afschrift.datamap.exchange.dataset import export
from afschrift.domain.errors import ConfigurationError

app = typer.Typer(help="Write what is confirmed of a source for another tool.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Write what is confirmed of a source for another tool."""


@app.command()
def fides(
    source: Annotated[str, typer.Argument(help="Name of a source of the inventory.")],
    out: Annotated[Path | None, typer.Option("--out", help="A file; default: standard output.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over another file.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Folder of the inventory; default: the settings'.")
    ] = None,
) -> None:
    """A dataset of Fides: categories, keys, identities, ways as references."""
    from afschrift.wiring.build_services import load_inventory

    sources = load_inventory(folder).sources
    if source not in sources:
        raise ConfigurationError(
            f"The inventory has no source {source} with tables.",
            remedy=f"choose one of {', '.join(sources)}.",
        )
    found = export(sources[source])
    for line in found.left_out:
        say(f"  not in Fides' words: {line}")
    if out is None:
        typer.echo(found.text, nl=False)
        return
    if out.exists() and out.read_bytes() == found.text.encode():
        say(f"{out} says so already.")
        return
    if out.exists() and not force:
        raise ConfigurationError(
            f"{out} is there already and says something else.",
            remedy="name another file, or write over it with `--force`.",
        )
    out.write_text(found.text, encoding="utf-8")
    say(f"Wrote {out}.")
