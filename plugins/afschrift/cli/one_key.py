"""Answers of one key at a terminal, none of which is lost to who types fast."""

from __future__ import annotations

import os
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def keys_alone() -> Iterator[None]:
    """A key counts without Enter and is not echoed; Ctrl-C is an interrupt as ever."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    tty.setcbreak(fd, termios.TCSANOW)  # click's getchar throws away what was typed before it
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSANOW, before)


@contextmanager
def whole_lines() -> Iterator[None]:
    """Within `keys_alone`: what is typed is a line again, echoed, until Enter."""
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
    """The next key; empty: the terminal is gone, or Ctrl-D was pressed."""
    sys.stdout.flush()
    try:
        pressed = os.read(sys.stdin.fileno(), 1)
    except OSError:
        return ""
    return "" if pressed == b"\x04" else pressed.decode(errors="replace")


def typed(words: str) -> str:
    """A line that is typed after some words; empty: nothing was."""
    with whole_lines():
        return str(typer.prompt(words, default="", show_default=False)).strip()
