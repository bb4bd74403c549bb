"""The questions who asks, for whom, and whose the accounts are (R10-R16); codes and days only (R11)."""

from __future__ import annotations

from afschrift.law import person
from afschrift.law.roles import SIGNS, Role
from afschrift.questions.forms import form
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.register.records import DecisionRow, QuestionRow

_CONFIRMED = ("confirmed", "not_confirmed")

IDENTITY_FORM = form(
    _CONFIRMED,
    {
        "method": {
            "title": "How it was checked",
            "enum": ["login", "eid", "call_back", "known_address", "counter", "video", "mandate"],
        },
        "level": {"title": "How sure it is", "enum": ["low", "substantial", "high"]},
        "checked_on": {"title": "When it was checked", "type": "string", "format": "date"},
        "doubt": {
            "title": "Why more was asked than the message showed (R10)",
            "enum": ["unknown_sender", "other_address", "keys_disagree", "special_data", "sent_by_another"],
        },
    },
    {"confirmed": ("method", "level"), "not_confirmed": ("doubt",)},
)
"""What is kept of an identity check: codes and a date, never a copy of a document (R11)."""


MANDATE, MANDATE_SIGNED, MINOR = "mandate", "mandate_signed", "minor"
WITH_REPRESENTATIVE, ANSWER_CHILD = "with_representative", "answer_child"

MANDATE_FORM = form(
    ("proven", "not_proven"),
    {
        "kind": {"title": "What gives the authority", "enum": list(person.MANDATE_KINDS)},
        "checked_on": {"title": "When it was checked", "type": "string", "format": "date"},
        "scope": {"title": "Which right it covers", "enum": list(person.MANDATE_SCOPES)},
        "valid_until": {"title": "Its last day, where it has one", "type": "string", "format": "date"},
        "identity_checked": {
            "title": "How the representative's own identity was checked",
            "enum": list(person.CHECKED_BY),
        },
        "answer_to": {"title": "Who receives the answer", "enum": list(person.ANSWER_TO)},
        "answer_by": {"title": "How it goes there", "enum": list(person.ANSWER_BY)},
        "secrecy": {
            "title": "Whether something must stay secret from the representative",
            "enum": list(person.SECRECY),
        },
        "lacking": {
            "title": "What is not proven",
            "enum": ["authority", "scope", "identity_of_representative", "ran_out", "withdrawn"],
        },
    },
    {
        "proven": ("kind", "checked_on", "scope", "identity_checked", "answer_to", "answer_by"),
        "not_proven": ("lacking",),
    },
)
"""What is kept of a mandate: codes and days, never a copy of it (R11)."""

MINOR_FORM = form(
    (WITH_REPRESENTATIVE, ANSWER_CHILD),
    {
        "reason": {
            "title": "Why the child is answered itself",
            "enum": ["able_to_decide", "safety_of_child", "care_or_counselling", "no_representative"],
        },
    },
    {ANSWER_CHILD: ("reason",)},
)


def signature(decision: DecisionRow, _question: QuestionRow | None = None) -> OpenQuestion:
    """The question whether a second person signs a mandate; `about` is what the decision was about."""
    form = {name: value for name, value in decision.detail.items() if name != "second_signer"}
    detail = {"form": form, "words": decision.text, "question": decision.question}
    words = "Something must stay between the person and us: a second person signs the mandate."
    return OpenQuestion(MANDATE_SIGNED_KIND, SIGNS, words, detail, bound=decision.about)


IDENTITY_KIND = QuestionKind(
    "identity",
    "Who asks",
    "Is the requester who they say they are? Nothing is read before somebody says so (R10), but for what an "
    "officer asks to see of whose the keys are. No copy of an identity document is asked for or kept (R11).",
    {
        "confirmed": "Reading may begin, for the keys that the request has now.",
        "not_confirmed": "Nothing is read. The next run asks anew, so that proof which comes later can be "
        "entered. More proof is asked only on a doubt about this requester.",
    },
    form=IDENTITY_FORM,
    reason=False,
    note="As surely as the request's risk asks (`risk` and `factors`, R12, "
    "[below](#how-sure-an-identity-must-be)). The last decision counts: a later `not_confirmed` takes a "
    "confirmation back. See first [whose the keys are](#whose-the-keys-are); without a key nothing is "
    "confirmed.",
)

SEVERAL_PERSONS = QuestionKind(
    "several_persons",
    "Several accounts",
    "The keys lead to several accounts. Whose are they?",
    {
        "all_accounts": "All of them are this person's, and are read.",
        "only_given": "Only those that the person gave a number for are read.",
        "none": "None of them is read.",
    },
    note="It shows each account, by which keys it was reached and since when, and the rows of each.",
)

SHARED_KEY = QuestionKind(
    "shared_key",
    "A key that others use too",
    "Somebody else uses this key as well. Do the rows leave that are found by it?",
    {
        "include": "The key is followed.",
        "exclude": "The key is left out, and rows found by it alone stay.",
    },
    note="It shows the key, when it was the person's, how many others use it, and by table how many rows it "
    "finds and how many nothing else finds.",
)

MINOR_KIND = QuestionKind(
    "minor",
    "A child asks alone",
    "Is it answered through its representative, or itself (R16)?",
    {
        "with_representative": "The answer goes through whoever represents the child.",
        "answer_child": "The child is answered itself, for the reason that you choose below. Say in words "
        "why that is in its interest.",
    },
    form=MINOR_FORM,
    note="See [intake.md](intake.md).",
)

MANDATE_KIND = QuestionKind(
    "mandate",
    "Somebody asks for another person",
    "Is their authority proven (R15)? No copy of the mandate is kept with the answer (R11).",
    {
        "proven": "The request goes on, within what the mandate covers and for as long as it runs.",
        "not_proven": "Nothing is read; whoever asked is told what is needed. The next run asks again.",
    },
    form=MANDATE_FORM,
    note="See [intake.md](intake.md). It shows what was decided of a mandate before, such as that it was "
    "taken back.",
)

MANDATE_SIGNED_KIND = QuestionKind(
    "mandate_signed",
    "Second signature on a mandate",
    "Something must stay secret from a representative. Do you sign how the mandate was judged?",
    {
        "agree": "It counts.",
        "disagree": "It does not count, and is asked for again.",
    },
    Role.SECOND_SIGNER,
    note="It shows who decided what and when, each field of the form, and what they wrote.",
)

KINDS = (IDENTITY_KIND, SEVERAL_PERSONS, SHARED_KEY, MINOR_KIND, MANDATE_KIND, MANDATE_SIGNED_KIND)
