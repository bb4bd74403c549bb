"""Names, comments, labels and values made to steer a terminal, and every command that prints them."""

import json
import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from tests.support.command_line import CommandResult, command, in_this_process, without_settings

from afschrift.cli.project import draft_project
from afschrift.cli.terminal import one_line, visible

STEERING = {
    "colour": "\x1b[31m",
    "erase": "\x1b[2J\x1b[H",
    "title": "\x1b]0;owned\x07",
    "C1": "\x9b31m\x85",
    "delete": "ab\x7f\x7f",
    "back": "ab\x08\x08\r",
    "turned": "\u202eabc\u2066",
    "hidden": "a\u200b\u2060\ufeff",
}
NAME = "".join(STEERING.values())
SENT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e0fff]"
)
OURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    without_settings(monkeypatch)
    folder = tmp_path / "ours"
    draft_project(folder, "2026-06-01T10:00:00Z")
    (folder / "inventory" / "example.yml").unlink()
    monkeypatch.setenv("AFSCHRIFT_HOME", str(folder / ".afschrift"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(folder / "inventory"))
    monkeypatch.chdir(folder)
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        con.execute(f"CREATE TYPE mood AS ENUM ('ok', 'x{NAME}')")
        con.execute(
            f'CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, email VARCHAR, mood mood, "n{NAME}" VARCHAR)'
        )
        con.execute(
            f'CREATE TABLE "t{NAME}" (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer)'
        )
        con.execute(f"COMMENT ON COLUMN customer.email IS 'afschrift: origin=provided x{NAME}=1 {NAME}'")
        con.execute(f"INSERT INTO customer VALUES (1, 'a@example.org', 'ok', 'v{NAME}')")
    return folder


def must_be_plain(output: CommandResult) -> None:
    text = output.text + output.errors
    assert text
    found = SENT.search(text)
    assert found is None, repr(text[max(0, found.start() - 60) : found.end() + 20])


SCAN = ("inventory", "scan", "--kind", "duckdb", "--option", "path=shop.duckdb", "--name", "shop")


def test_commands_on_a_hostile_database(project: Path) -> None:
    """One test, as each command goes on from what the one before it wrote."""
    must_be_plain(in_this_process((*SCAN, "--dry-run")))
    must_be_plain(in_this_process(SCAN))
    table, shown = f"t{NAME}", False
    for words in (
        ("inventory", "check"),
        ("inventory", "check", "--live"),
        ("inventory", "check", "--json"),
        ("inventory", "import", "comments", "shop", "--dry-run"),
        ("inventory", "import", "comments", "shop"),
        ("inventory", "export", "fides", "shop"),
        ("inventory", "explain", f"customer.n{NAME}"),
        ("inventory", "explain", f"{table}.id"),
    ):
        output = in_this_process(words)
        must_be_plain(output)
        shown |= "\\u001b" in output.text + output.errors
    assert shown  # and were not merely left out


def test_review_sends_only_our_colours_to_the_terminal(project: Path) -> None:
    assert in_this_process(SCAN).code == 0
    output = on_a_terminal(("inventory", "review", "--why", "Checked."), b"lsnlsnlsnlsnlsnlq")
    assert OURS.search(output), output  # there are some
    without = OURS.sub("", output).replace("\r\n", "\n")
    found = SENT.search(without)
    assert found is None, repr(without[max(0, found.start() - 60) : found.end() + 20])
    assert "\\u001b[31m" in without  # the red of the data


def on_a_terminal(words: tuple[str, ...], pressed: bytes) -> str:
    ours, theirs = pty.openpty()
    program = str(Path(sys.executable).with_name("afschrift"))
    done = subprocess.Popen([program, *words], stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    came = bytearray()
    limit = threading.Timer(120, done.kill)
    limit.start()
    try:
        while chunk := os.read(ours, 65_536):
            came += chunk
            if pressed and b" left" in came:  # it listens
                os.write(ours, pressed)
                pressed = b""
    except OSError:  # the other end is closed
        pass
    limit.cancel()
    done.wait(10)
    os.close(ours)
    return came.decode(errors="replace")


@pytest.mark.parametrize(
    "words",
    [("submit", f"no{NAME}.yml"), ("inventory", f"no{NAME}"), (f"--no{NAME}",), ("verify", f"no{NAME}.zip")],
    ids=["error", "command", "option", "file"],
)
def test_errors_quote_no_control_characters(project: Path, words: tuple[str, ...]) -> None:
    output = command(words)
    assert output.code
    must_be_plain(output)


FILES: dict[str, Callable[[Path], tuple[str, ...]]] = {
    "fides": lambda file: ("inventory", "import", "fides", str(file), "--kind", "duckdb"),
    "dbt": lambda file: ("inventory", "import", "dbt", str(file), "--source", "shop", "--kind", "duckdb"),
    "submit": lambda file: ("submit", str(file)),
}


@pytest.mark.parametrize("door", FILES)
def test_hostile_names_within_files(project: Path, door: str) -> None:
    columns = {f"n{NAME}": {"name": f"n{NAME}", "tags": [NAME], "meta": {NAME: 1}}}
    node = {"resource_type": "model", "schema": "s", "name": f"t{NAME}", "columns": columns}
    fields = [{"name": f"n{NAME}", "fides_meta": {NAME: 1}}]
    collections = [{"name": f"t{NAME}", "fields": fields}]
    text = {
        "fides": {"dataset": [{"fides_key": "shop", NAME: 1, "collections": collections}]},
        "dbt": {"metadata": {"dbt_schema_version": "12"}, "nodes": {"a": node}, "sources": {}},
        "submit": {NAME: NAME, "right": NAME, "keys": {NAME: NAME}},
    }[door]
    file = project / "given.json"
    file.write_text(json.dumps(text), encoding="utf-8")
    must_be_plain(in_this_process(FILES[door](file)))


@pytest.mark.parametrize("name", STEERING)
def test_control_characters_are_shown(name: str) -> None:
    assert not SENT.search(visible(STEERING[name]))
    assert json.loads(f'"{visible(STEERING[name])}"') == STEERING[name]


def test_text_is_unchanged() -> None:
    text = "Zoë\t٣ 汉字 👩‍👩‍👧 x\r\ny\n"
    assert visible(text) == text
    assert one_line("a\nREFUSED\r\nb") == "a\\nREFUSED\\r\\nb"
    assert visible("\U000e0041") == "\\udb40\\udc41"
