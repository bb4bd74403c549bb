"""`afschrift inventory review`: confirm the data map at a terminal, with one key for an answer."""

from __future__ import annotations

import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import click
import typer

from afschrift.app.settings import Settings
from afschrift.cli.common import Folder, actor, open_register
from afschrift.cli.terminal import one_line, styled
from afschrift.datamap.review.groups import Group, about_tables, in_both_languages
from afschrift.datamap.review.offered import (
    ORIGINS,
    decided,
    effect,
    in_a_year,
    lacking,
    meaning_of,
    must_be_category,
    must_say_enough,
    must_take_meaning,
    no_to,
    others_offered,
    word_of,
    words_of_others,
)
from afschrift.datamap.review.review_samples import masked, record_shown, samples
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer
from afschrift.domain.errors import AfschriftError, ConfigurationError
from afschrift.domain.notation import count
from afschrift.inventory.unconfirmed import asked_lines

if TYPE_CHECKING:
    from afschrift.datamap.review.groups import Group


Ask = Callable[[Group, dict[str, Any], Sequence[str]], None]
"""Asks for words of an answer and adds them to the mapping; last argument: languages of the controller."""


def _origin(group: Group, words: dict[str, Any], _languages: Sequence[str]) -> None:
    _must_be_columns(group)
    if chosen := _chosen({origin.value: meant for origin, meant in ORIGINS.items()}, "Origin"):
        _say(group, words, origin=chosen)


def _category(group: Group, words: dict[str, Any], _languages: Sequence[str]) -> None:
    _must_be_columns(group)
    if given := typed("  Category, such as user.contact.email"):
        must_be_category(given)
        _say(group, words, category=given)


def _others(group: Group, words: dict[str, Any], _languages: Sequence[str]) -> None:
    _must_be_columns(group)
    if chosen := _chosen(others_offered(group), "Others' data"):
        for word in ("about", "third_party"):
            words.pop(word, None)
        _say(group, words, **words_of_others(group, chosen))


def _meaning(group: Group, words: dict[str, Any], languages: Sequence[str]) -> None:
    _must_be_columns(group)
    must_take_meaning(group)
    typer.echo("  Range, what high means, what it is used for: the person reads it. Empty: no meaning.")
    words.pop("meaning", None)
    texts: dict[str, str] = {}
    for language in languages:
        texts[language] = typed(f"  Meaning ({language})")
        if not texts[language]:
            return
    words["meaning"] = meaning_of(texts, languages)
    typer.echo(f"  {'meaning':<12}as typed   (y writes it)")


def _no(group: Group, words: dict[str, Any], _languages: Sequence[str]) -> None:
    no = no_to(group)
    words.clear()
    words |= no
    typer.echo(f"  {'so':<12}{effect(group, words)}   (y writes it)")


def _whose(group: Group, words: dict[str, Any], _languages: Sequence[str]) -> None:
    if not group.whose:
        raise ConfigurationError(
            "Whose rows these are is not asked here.",
            remedy="answer the question of their table, or write it into the file.",
        )
    if chosen := _chosen(group.evidence, "Whose"):
        words.clear()
        words |= group.whose[chosen]
        typer.echo(f"  {'whose':<12}{one_line(chosen)}   (y writes it)")


ASKS: Mapping[str, Ask] = {
    "o": _origin, "c": _category, "t": _others, "m": _meaning, "x": _no, "r": _whose,
}  # fmt: skip


def _chosen(offered: Mapping[str, str], what: str) -> str:
    """Let the user choose by its word, which means the same everywhere; empty: no choice."""
    for word, meant in offered.items():
        typer.echo(f"  {word:<14}{meant}")
    given = typed(f"  {what}")
    return word_of(offered, given) if given else ""


def _say(group: Group, words: dict[str, Any], **more: str) -> None:
    _must_be_columns(group)
    words |= more
    for word, value in more.items():
        typer.echo(f"  {word:<12}{value}   (y writes it)")
    if meant := effect(group, words):
        typer.echo(f"  {'so':<12}{meant}")


def _must_be_columns(group: Group) -> None:
    if group.is_table:
        raise ConfigurationError("This asks about a table.", remedy="describe its columns in the file.")


@contextmanager
def keys_alone() -> Iterator[None]:
    """Read single keys in the block, without Enter and echo; Ctrl-C still interrupts."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    tty.setcbreak(fd, termios.TCSANOW)  # not click's getchar: it discards keys that were typed before
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSANOW, before)


@contextmanager
def whole_lines() -> Iterator[None]:
    """Within `keys_alone`: read whole lines again in the block, with echo, until Enter."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    lines = termios.tcgetattr(fd)
    lines[3] |= termios.ECHO | termios.ICANON
    termios.tcsetattr(fd, termios.TCSANOW, lines)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSANOW, before)


def key() -> str:
    """Return the next key; empty: the terminal is gone, or Ctrl-D was pressed."""
    sys.stdout.flush()
    try:
        pressed = os.read(sys.stdin.fileno(), 1)
    except OSError:
        return ""
    return "" if pressed == b"\x04" else pressed.decode(errors="replace")


def typed(words: str) -> str:
    """Ask for a line; empty: nothing was typed."""
    with whole_lines():
        return str(typer.prompt(words, default="", show_default=False)).strip()


_KEYS = {
    "y": "confirm",
    "o": "another origin",
    "c": "another category",
    "t": "others' data",
    "x": "no: not given",
    "r": "whose rows",
    "m": "meaning",
    "s": "samples, masked",
    "l": "all places",
    "d": "one by one",
    "w": "another reason",
    "n": "later",
    "u": "undo",
    "q": "stop",
}
_LACKS = {
    "whose": "nothing says whose its rows are: say it (r); unless no one's, its columns are asked next",
    "origin": "no origin is proposed: choose one (o)",
    "others": "it is not decided how the data about others are treated: decide it (t)",
    "meaning": "its meaning is missing: give it (m)",
}
_SHOWN = 8
_STOPS = ("", "q")


@dataclass
class _Terminal:
    """The review at a terminal.

    Attributes:
        answer: who, when, why; the words for a question are added to it.
        passed: questions that were left for later.
        words: changed words for the current question.
        looked: questions whose values were shown.
    """

    review: Review
    answer: Answer
    passed: set[str] = field(default_factory=set)
    words: dict[str, Any] = field(default_factory=dict)
    looked: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Ask until no question is left, or the user stops."""
        keys: dict[str, Callable[[Group], None]] = {
            "y": self._confirm, "s": self._samples, "l": self._places, "d": self._apart,
            "w": self._reason, "n": self._later, "u": self._undo,
            **{pressed: self._otherwise(pressed) for pressed in ASKS},
        }  # fmt: skip
        shown = None
        while left := [waiting for waiting in self.review.waiting() if waiting.key not in self.passed]:
            group = left[0]
            if group.key != shown:
                self.words, shown = {}, group.key
                self._show(group, self.review.left() - len(self.passed))
            pressed = key()
            if pressed in _STOPS:
                return
            try:
                keys.get(pressed, self._help)(group)
            except AfschriftError as error:
                styled(f"  {error.args[0]}".rstrip(), fg="red")
                typer.echo(f"  What to do: {error.remedy}")
            if pressed == "u":
                shown = None

    def _show(self, group: Group, left: int) -> None:
        what = f"{count(len(group.places), 'column')} called {one_line(group.name)}"
        if group.is_table and len(group.places) == 1:
            what = f"Table {one_line(group.name)}"
        elif group.is_grouped:
            what = f"{one_line(group.name)}: {group.size}"
        styled(f"\n{what}   (at most {count(left, 'question')} left)", bold=True)
        for word, value in group.proposed.items():
            typer.echo(f"  {word:<12}{one_line(in_both_languages(value))}")
        for word, values in group.varied.items():
            typer.echo(f"  {word:<12}{', '.join(f'{value} ({number})' for value, number in values.items())}")
        if meant := effect(group, {}):
            typer.echo(f"  {'so':<12}{meant}")
        for word, text in about_tables(self.review.inventory, group):
            typer.echo(f"  {word:<12}{one_line(text)}")
        for lack in lacking(group, {}):
            typer.echo(f"  {_LACKS[lack.value]}")
        if group.sure is not None:
            typer.echo(f"  {'sure':<12}{group.sure:.2f}: {'; or '.join(group.reasons[:3])}")
        self._places(group, _SHOWN)
        self._help(group)

    def _help(self, _group: Group) -> None:
        styled("  " + "   ".join(f"{key} {words}" for key, words in _KEYS.items()), dim=True)

    def _places(self, group: Group, most: int = sys.maxsize) -> None:
        for word, places in (("in", group.places), ("goes to", group.takers)):
            for place in places[:most]:
                typer.echo(f"  {word:<12}{one_line(place.path)}")
            if len(places) > most:
                typer.echo(f"  {'':<12}and {len(places) - most} more (l)")

    def _confirm(self, group: Group) -> None:
        must_say_enough(group, self.words)
        if self.words.get("personal") is False and group.key not in self.looked:
            self._samples(group)
            typer.echo("  y again: these rows are about no one")
            return
        step = self.review.confirm(group, replace(self.answer, words=dict(self.words)))
        styled(f"  {decided(step.group, step.answer.words)}: {count(step.lines, 'line')} written", fg="green")

    def _otherwise(self, pressed: str) -> Callable[[Group], None]:
        """Return the action of a key that asks for other words than proposed."""

        def ask(group: Group) -> None:
            ASKS[pressed](group, self.words, self.review.inventory.controller.languages)

        return ask

    def _samples(self, group: Group) -> None:
        found = samples(self.review.inventory, group)
        self.looked.add(group.key)
        for column in found:
            shown = column.why or one_line(" | ".join(map(masked, column.values)))
            typer.echo(f"  {one_line(column.place.path):<40}{shown}")
        if not any(column.values for column in found):
            return
        typer.echo("  v shows them unmasked, which the trail records; any other key continues")
        if key() == "v":
            record_shown(open_register(), actor(), found)
            for column in found:
                typer.echo(f"  {one_line(column.place.path):<40}{' | '.join(map(one_line, column.values))}")

    def _reason(self, _group: Group) -> None:
        if why := typed("  Why"):
            self.answer = replace(self.answer, why=why)

    def _apart(self, group: Group) -> None:
        self.review.take_apart(group)
        typer.echo("  Its parts are now questions of their own.")

    def _later(self, group: Group) -> None:
        self.passed.add(group.key)

    def _undo(self, _group: Group) -> None:
        step = self.review.undo()
        undone = step and decided(step.group, step.answer.words)
        typer.echo(f"  Undone: {undone}" if undone else "  There is nothing to undo.")

    def print_summary(self) -> None:
        """Print the decisions and the number of written lines."""
        done, left, number = self.review.done, self.review.waiting(), self.review.left()
        for step in done:
            files = ", ".join(path.name for path in step.after)
            typer.echo(f"  {decided(step.group, step.answer.words)}: {count(step.lines, 'line')} in {files}")
        columns = sum(len(step.group.places) for step in done if not step.group.is_table)
        lines = count(sum(step.lines for step in done), "line")
        typer.echo(f"{count(len(done), 'decision')} about {count(columns, 'column')}; {lines} written.")
        open_columns = sum(len(group.places) for group in left if not group.is_table)
        if left:
            typer.echo(
                f"{count(number, 'question')} left, about {count(open_columns, 'column')}: "
                "the same command continues with them."
            )


def review(
    folder: Folder = None,
    titles: Annotated[
        bool, typer.Option("--titles", help="Only titles that confirmed columns and tables lack.")
    ] = False,
    by: Annotated[str | None, typer.Option("--by", help="Who confirms; default: your account.")] = None,
    why: Annotated[
        str | None, typer.Option("--why", help="Why it is right, for all that you confirm; asked otherwise.")
    ] = None,
    again: Annotated[
        str | None, typer.Option("--again", help="Day of the next review, YYYY-MM-DD; default: in a year.")
    ] = None,
) -> None:
    """Go through what is proposed or not classified, and confirm it with one key each.

    Similar columns are one question. Each answer is written to the inventory's files at once, with who, when
    and why. You can stop at any time; the same command continues. Without a terminal, edit the files:
    docs/datamap/review.md.
    """
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "A review needs a terminal, as its answers are single keys.",
            remedy="start it in one, or confirm by hand as docs/datamap/review.md says.",
        )
    today = date.today()  # noqa: DTZ011  the local date of the user
    session = Review(folder or Settings.from_environment().inventory, titles=titles)
    if not session.waiting():
        typer.echo(
            "\n".join([*map(one_line, asked_lines(session.inventory))] or ["Nothing waits for a person."])
        )
        return
    reason = why or typer.prompt("Why is what you will confirm right? It goes into the file").strip()
    answer = Answer(by or actor().removeprefix("cli:"), today, reason, _day(again) or in_a_year(today))
    terminal = _Terminal(session, answer)
    try:
        with keys_alone():
            terminal.run()
    except (KeyboardInterrupt, EOFError, click.Abort):
        typer.echo()
    terminal.print_summary()
    for line in asked_lines(session.inventory):
        typer.echo(one_line(line))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter("write a day as 2027-01-31") from None
