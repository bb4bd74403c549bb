"""The question who tells the person: the answer is known, and a request ends by its telling alone (R37)."""

from __future__ import annotations

from afschrift.law.letter import SendingChannel
from afschrift.letters.elements import SECRET_BY
from afschrift.questions.forms import form
from afschrift.questions.kind import QuestionKind

TELL = "tell_person"
MAKE_LETTER, TOLD = OPTIONS = ("make_letter", "told")

TELL_FORM = form(
    OPTIONS,
    {
        "on": {"title": "Day on which the person was told", "type": "string", "format": "date"},
        "channel": {"title": "How", "enum": [one.value for one in SendingChannel]},
        "proof": {
            "title": "Reference of the proof, without spaces",
            "type": "string",
            "pattern": "^[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,99}$",
        },
        "available_until": {
            "title": "Last day for fetching the files",
            "type": "string",
            "format": "date",
        },
        "secret_by": {"title": "How the pass phrase comes", "enum": list(SECRET_BY)},
    },
    {TOLD: ("on", "channel", "proof")},
)


TELL_KIND = QuestionKind(
    TELL,
    "The answer is ready: tell the person",
    "The answer is known, and it counts from the day on which the person is told where and how to get it, or "
    "that there is none to give (R37). Nobody told them yet.",
    {
        MAKE_LETTER: "The letter is made, and goes by e-mail where their address is sure. Of files say in "
        "words where they are; of nothing to take along, why. It counts once it is sent.",
        TOLD: "You told them, or handed the files over: on the day, by the way and with the proof below.",
    },
    form=TELL_FORM,
    runs=False,
    reason=True,
    hint="make and send the letter with `afschrift letter make {request}`, or enter that you handed it over: "
    "`afschrift request handed-over {request}`.",
    note="`letter` names the letter that is due. It closes without an answer when that letter is sent. It "
    "shows the answer, whom it goes to, and the letter as far as it can be made.",
)

KINDS = (TELL_KIND,)
