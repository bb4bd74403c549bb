"""`afschrift canary`: propose what to plant of a synthetic person, sign it, and let them ask."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Annotated

import typer

from afschrift.cli.common import actor, officer, say, services
from afschrift.domain.errors import ConfigurationError

app = typer.Typer(
    help="A synthetic person, planted in the sources: whether an answer finds all of them, and nobody else.",
    no_args_is_help=True,
)


@app.command()
def plan(
    by: Annotated[str, typer.Option(help="Who decides that this person is planted, for example a desk.")],
    why: Annotated[str, typer.Option(help="Why.")] = "To see every day that answers are whole.",
    into: Annotated[
        Path | None, typer.Option(help="A new folder for the files; default: all of it is printed.")
    ] = None,
) -> None:
    """Propose rows that can be recognised, for each personal table that reaches a person.

    Gives `canary.yml` and statements for each source. Sources are only read, and nothing is planted: read
    what is proposed, change what does not fit, and let each team run its own.
    """
    from afschrift.canary.made_values import Mark
    from afschrift.canary.propose import propose
    from afschrift.canary.proposed_files import as_sql, as_yaml
    from afschrift.domain.instants import utc_now
    from afschrift.inventory.load import CANARY

    mark = Mark("kwik" + secrets.token_hex(3), 739_000_000 + secrets.randbelow(900) * 1000)
    proposal = propose(services(), mark)
    files = {CANARY: as_yaml(proposal, by, why, utc_now().date())}
    files |= {f"plant-{one.source}.sql": as_sql(one) for one in proposal.sources}
    if into is None:
        for name, text in files.items():
            typer.echo(f"-- {name}\n{text}" if name != CANARY else text)
        return
    try:
        into.mkdir(mode=0o700, parents=True)
        for name, text in files.items():
            (into / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{into} cannot be made: {error.strerror}.", remedy="name a new folder in one that is there."
        ) from None
    rows = sum(len(one.rows) for one in proposal.sources)
    typer.echo(f"{rows} rows are proposed: {', '.join(str(into / name) for name in files)}.")
    say(f"Read them, plant the rows, put {CANARY} beside the data map, then `afschrift canary sign`.")


@app.command()
def sign() -> None:
    """Sign `canary.yml` as it is: it counts only so. Takes the role officer."""
    from afschrift.app.settings import Settings
    from afschrift.canary.check_canary import known_canary
    from afschrift.canary.signed import SIGNATURE, sign_canary
    from afschrift.domain.signing import fingerprint
    from afschrift.wiring.build_services import load_inventory

    settings, who = Settings.from_environment(), officer()
    canary = known_canary(settings, load_inventory(settings.inventory))
    signed = sign_canary(canary, who.register, who.register.store.keys, who.roles, who.by)
    rows = len(canary.file.planted)
    typer.echo(
        f"{rows} rows in {len(canary.tables)} tables are signed with key {fingerprint(signed.key_id)}."
    )
    say(f"The signature is {canary.folder / SIGNATURE}: keep both files together.")


@app.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Let the canary ask now, and count what it gets; exit code 1 where something is missing or too much.

    Nothing is delivered. The DAG `check_canary` does the same every day.
    """
    from afschrift.app.settings import Settings
    from afschrift.canary.check_canary import check_canary
    from afschrift.wiring.build_services import build

    settings = Settings.from_environment()
    checked = check_canary(build(lambda _line: None, settings), settings, actor())
    if as_json:
        typer.echo(json.dumps(checked.payload(), indent=2))
    else:
        for line in checked.lines:
            typer.echo(f"{line}.")
    if not checked.whole:
        raise typer.Exit(1)


@app.command()
def search_logs(
    folder: Annotated[Path, typer.Argument(help="Of Airflow's task logs, or a copy of it.")],
) -> None:
    """Look for the canary's values in every log below a folder; exit code 1 where one stands there."""
    from afschrift.app.settings import Settings
    from afschrift.canary.check_canary import search_logs as search

    files = sorted(path for path in folder.rglob("*.log") if path.is_file())
    if not files:
        raise ConfigurationError(
            f"There is no task log below {folder}.",
            remedy="name the folder of Airflow's task logs: [logging] base_log_folder, or a copy of it.",
        )
    found = search(services(), Settings.from_environment(), files, (), actor())
    typer.echo(f"{len(files)} task logs were searched; values of the canary found: {found}.")
    if found:
        raise typer.Exit(1)


@app.command()
def history(as_json: Annotated[bool, typer.Option("--json", help="JSON lines.")] = False) -> None:
    """Every check that the trail tells of, the oldest first."""
    from afschrift.canary.check_history import history as checks
    from afschrift.cli.common import open_register

    for one in checks(open_register()):
        if as_json:
            typer.echo(json.dumps({"at": one.at, **one.payload()}))
        else:
            typer.echo(
                f"{one.at[:16]}  {'whole' if one.whole else 'NOT AS IT SHOULD BE'}  {'; '.join(one.lines)}"
            )
