"""Letters as an officer works on them: which can be made, their forms, and reading one that was made."""

from __future__ import annotations

from dataclasses import dataclass, field

from afschrift.casework.officer import Officer
from afschrift.law.letter import LetterRow
from afschrift.law.roles import Act
from afschrift.letters.mail_message import parts


@dataclass(frozen=True)
class ReadLetter:
    """A letter that was made, with its content."""

    letter: LetterRow
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


def read_letter(officer: Officer, letter_id: str) -> ReadLetter:
    """A letter as it goes out. The look is an event.

    Raises:
        UnknownRequestError: no such letter.
        NotAllowedError: they lack the role; the attempt is an event `answer_refused`.
        RefusedError: the request's data key was destroyed.
    """
    register = officer.register
    letter = register.letters.get(letter_id)
    officer.acting(letter.request, Act.TIMELINE, "letter_show")
    return ReadLetter(letter, *parts(b"".join(register.documents.read(letter.document, officer.by))))
