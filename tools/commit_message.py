"""Check the message of a commit by the rules of CONTRIBUTING.md; pre-commit calls it with the message's file.

python tools/commit_message.py FILE
git log -1 --format=%B | python tools/commit_message.py -
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.words import rules

MOST = 72
_NOT_IMPERATIVE = re.compile(r"(?!(?:Embed|Feed|Need|Proceed|Seed|Shed|Speed|Bring|String)\b)\w+(?:ed|ing)\b")
_MADE_BY_GIT = re.compile(r"(Merge |Revert |fixup!|squash!|amend!)")


def faults(message: str) -> Iterator[str]:
    """What to change in a message, in a sentence each."""
    lines = [line.rstrip() for line in message.splitlines() if not line.startswith("#")]
    subject, *rest = "\n".join(lines).strip().splitlines() or [""]
    if _MADE_BY_GIT.match(subject):
        return
    if not subject:
        yield "The message is empty: say what the commit does."
        return
    if len(subject) > MOST:
        yield f"The subject has {len(subject)} characters: {MOST} are the most, and the body has room."
    if not subject[0].isupper() or subject.endswith("."):
        yield "The subject begins with a capital and ends without a full stop."
    if _NOT_IMPERATIVE.match(subject):
        yield f"The subject begins with {subject.split()[0]!r}: use the imperative, as in 'Add' or 'Keep'."
    if rest[:1] != [""] or not "".join(rest).strip():
        yield "The body is missing: after an empty line, say why the change is made."
    for rule in rules():
        if rule.kind == "word" and rule.is_in("\n".join([subject, *rest])):
            yield f"The word {rule.word!r}: {rule.say}."


def main(file: str) -> int:
    """Write the faults of a message, and return the exit code."""
    message = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    found = list(faults(message.partition("\n# ------------------------ >8")[0]))
    sys.stdout.write("".join(f"{fault}\n" for fault in found))
    return bool(found)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
