"""The public key of a recipient, to which a destination encrypts by age or OpenPGP (R69).

The key is kept as the words of the answer are: encrypted, in the case file. Without a key that can be used an
officer is asked for one, and nothing leaves open.
"""

from __future__ import annotations

from afschrift.casework.officer import Officer
from afschrift.domain.errors import FormError, RefusedError
from afschrift.encryption.registry import Encryption, encryption_of
from afschrift.questions.ask import ask
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion, QuestionKind
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

RECIPIENT_KEY = QuestionKind(
    "recipient_key",
    "The recipient's public key",
    "The destination encrypts to a key of the recipient, and there is none that can be used. Ask the person, "
    "or who represents them, for a public key, and make sure that it is theirs (R69).",
    {"given": "The key that you enter as the text is used. It is kept encrypted."},
    in_words=("given",),
    hint="answer with `afschrift answer {id} --choice given --text-file KEYFILE`.",
    note="Asked before a delivery to a destination with `encryption: age` or `openpgp`, and again where the "
    "key has expired or was revoked since.",
)

KINDS = (RECIPIENT_KEY,)


def recipient_key(register: Register, request_id: str, encryption: Encryption) -> str:
    """The key that was given for a request and can still be used.

    Raises:
        NeedsPersonError: there is none; the question is in the register.
    """
    given = [row for row in register.decisions.of(request_id) if row.kind == RECIPIENT_KEY.name]
    fault = "No key of the recipient is known."
    if given and given[-1].text and (key := register.decisions.text(request_id, given[-1].text)):
        try:
            encryption.check_key(key)
        except RefusedError as error:
            fault = str(error.args[0])
        else:
            return key
    detail = {"encryption": encryption.code, "given": len(given)}
    asked = OpenQuestion(RECIPIENT_KEY, RECIPIENT_KEY.options, fault, detail)
    raise ask(register, request_id, [asked])


def answer_recipient_key(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take a key that can be used.

    Raises:
        FormError: it cannot; nothing was recorded.
    """
    encryption = encryption_of(question.detail["encryption"])
    assert encryption is not None
    try:
        encryption.check_key(given.text or "")
    except RefusedError as error:
        raise FormError(str(error.args[0]), {"text": str(error.args[0])}, remedy=error.remedy) from None
    return officer.record_answer(question, given)
