"""Events of a request and its case: what came in, what was asked, decided, written and looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from afschrift.audit.phrases import listed, role_name, spoken

Payload = Mapping[str, Any]


def _received(payload: Payload) -> str:
    limits = " The person's own words limit it." if payload.get("limited") else ""
    keys = listed(payload["keys"]) or "none"
    return (
        f"A request for {payload['right']}, received at {payload['received_at']}, stored by "
        f"{payload['who']}: formats {listed(payload['formats'])}, keys {keys}, destination "
        f"{payload['destination']}.{limits}"
    )


def _state(payload: Payload) -> str:
    return f"The request goes from {payload['from']} to {payload['to']}, by its event {payload['by']}."


def _decision(payload: Payload) -> str:
    rules = f" ({', '.join(payload['rules'])})" if payload.get("rules") else ""
    about = f", on question {payload['question']}" if payload.get("question") else ""
    return (
        f"Decision {spoken(payload['kind'])}: {spoken(payload['choice'])}{rules}, by {payload['who']}{about}."
    )


def _asked(payload: Payload) -> str:
    return (
        f"Question {payload['question']} ({spoken(payload['kind'])}) waits for the role "
        f"{role_name(payload['role'])}; answers: {', '.join(map(spoken, payload['options']))}."
    )


def _options_changed(payload: Payload) -> str:
    return f"How the answer is given was changed by {payload['who']}: {listed(sorted(payload['changed']))}."


def _options_refused(payload: Payload) -> str:
    return (
        f"Options of the form do not count ({listed(payload['options'])}): whoever triggered run "
        f"{payload.get('run')} is neither officer nor intake. The run goes on with what the request says."
    )


def _keys_changed(payload: Payload) -> str:
    kinds = (f"{word} {listed(payload[word])}" for word in ("added", "changed", "removed") if payload[word])
    return f"Keys of the person were corrected by {payload['who']}: {listed(kinds)}."


def _letter(words: str) -> Callable[[Payload], str]:
    def said(payload: Payload) -> str:
        kind = f" ({spoken(payload['kind'])})" if "kind" in payload else ""
        reason = f": {spoken(payload['reason'])}" if payload.get("reason") else ""
        on = f" on {payload['on']}" if payload.get("on") else ""
        channel = f" by {spoken(payload['channel'])}" if payload.get("channel") else ""
        return f"Letter {payload['letter']}{kind} {words}{on}{channel}{reason}."

    return said


def _key_destroyed(payload: Payload) -> str:
    case = ", and that of its case" if payload.get("case") else ""
    return f"The data key of the request{case} is destroyed by {payload['rule']}: its data are gone for good."


def _destruction(words: str) -> Callable[[Payload], str]:
    def said(payload: Payload) -> str:
        rule = f" by {payload['rule']}" if payload.get("rule") else ""
        return f"Destroying ({spoken(payload['act'])}){rule} {words}, by {payload['who']}."

    return said


def _case_text(payload: Payload) -> str:
    size = f", {payload['size']} bytes" if "size" in payload else ""
    return f"The case file has a further text ({spoken(payload.get('kind', 'text'))}{size})."


def _found(payload: Payload) -> str:
    of = f" at {payload['step']}" if "step" in payload else ""
    return f"The sweep found: {spoken(payload['code'])}{of}, since {payload['since']}."


SENTENCES: dict[str, str | Callable[[Payload], str]] = {
    "case_opened": "Case {case} was opened: a message came by {channel}, received at {received_at}.",
    "request_received": _received,
    "state_changed": _state,
    "decision_taken": _decision,
    "question_asked": _asked,
    "question_overtaken": "Question {question} is overtaken by {overtaken_by}.",
    "question_viewed": "Question {question} was looked at in the role {role}.",
    "answer_refused": "Turned down: {who} may not do this ({kind}).",
    "options_changed": _options_changed,
    "options_refused": _options_refused,
    "keys_changed": _keys_changed,
    "identity_read": "The keys behind the request were read in clear by {who}.",
    "identity_look_up_asked": "{who} asked to look in the sources under the keys as they were typed.",
    "identity_look_up_destroyed": "What was looked up before the identity is destroyed ({why}).",
    "case_text_added": _case_text,
    "case_document_read": "Document {id} of the case file was read by {who}.",
    "case_viewed": "The case file was looked at by {who}: {texts} texts.",
    "request_viewed": "The request was looked at in the role {role}.",
    "letter_produced": _letter("was made"),
    "letter_sending": _letter("is on its way"),
    "letter_sent": _letter("was sent"),
    "letter_not_sent": _letter("was not sent"),
    "letter_unknown": _letter("may have been sent or not"),
    "letter_released": _letter("may be sent again, as somebody says"),
    "letter_bounced": _letter("came back"),
    "data_key_destroyed": _key_destroyed,
    "destruction_proposed": _destruction("waits for a second signature"),
    "destruction_turned_down": _destruction("was turned down"),
    "destruction_refused": _destruction("was refused"),
    "sweep_found": _found,
}
