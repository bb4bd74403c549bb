"""Whether the very same message was stored before: whoever submits it again means the case that it opened."""

from __future__ import annotations

from afschrift.casework.intake.message import Intake
from afschrift.domain.errors import RefusedError
from afschrift.domain.instants import rfc3339
from afschrift.register.register import Register


def case_of_message(register: Register, intake: Intake) -> str | None:
    """The case that this message opened, or None.

    The same are text, channel, receipt, who made it, identity keys and rights. How the answer is given
    (formats, language, destination) is not part of it. Texts are compared by an HMAC under the key of each
    case in question, so nothing is kept for this and nothing decrypted; where a key was destroyed, none is
    found.
    """
    message, received = intake.message.encode(), rfc3339(intake.received_at)
    for case in register.cases.with_message(message, intake.channel, received, intake.made_by):
        requests = register.cases.get(case).requests
        if all(_same(register, one, intake) for one in requests):
            return case
    return None


def _same(register: Register, request_id: str, intake: Intake) -> bool:
    given = {name: value.strip() for name, value in intake.keys.items()}
    try:
        kept = {key.name: key.value for key in register.identities.of(request_id)}
    except RefusedError:  # its key was destroyed: nobody can tell any more
        return False
    right = register.requests.get(request_id).right
    return kept == given and (intake.unclear or right in intake.requested)
