"""Run a command at a terminal and type into it: `python type_keys.py KEYS COMMAND...`.

Of the words in KEYS, those that end with ⏎ are typed as a line, and of others each sign is a key. Each is typed
once the review asks for it; what is typed before would be lost between two modes of the terminal.
"""

import os
import pty
import select
import sys

WAITS = 0.3
"""Seconds without output after which the review may wait for a key."""

ASKS = b"q stop", b": ", b"(y writes it)", b"any other key continues"


def main(keys: str, *command: str) -> int:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    pieces = [piece for word in keys.split() for piece in ([word] if word.endswith("⏎") else word)]
    written = b""
    while True:
        if select.select([terminal], [], [], WAITS)[0]:
            try:
                output = os.read(terminal, 65_536)
            except OSError:  # Linux: the command closed the terminal
                output = b""
            if not output:
                return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            os.write(1, output)
            written += output
        elif pieces and any(asked in written[-400:] for asked in ASKS):
            os.write(terminal, pieces.pop(0).replace("⏎", "\n").encode())
            written = b""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
