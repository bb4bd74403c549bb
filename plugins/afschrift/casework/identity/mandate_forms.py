"""The forms of the questions about children and representatives: codes and days only (R11, R15, R16)."""

from __future__ import annotations

from afschrift.law.person import mandate as codes
from afschrift.questions.forms import form

MANDATE, MANDATE_SIGNED, MINOR = "mandate", "mandate_signed", "minor"

MANDATE_FORM = form(
    ("proven", "not_proven"),
    {
        "kind": {"title": "What gives the authority", "enum": list(codes.KINDS)},
        "checked_on": {"title": "When it was checked", "type": "string", "format": "date"},
        "scope": {"title": "Which right it covers", "enum": list(codes.SCOPES)},
        "valid_until": {"title": "Its last day, where it has one", "type": "string", "format": "date"},
        "identity_checked": {
            "title": "How the representative's own identity was checked",
            "enum": list(codes.CHECKED_BY),
        },
        "answer_to": {"title": "Who receives the answer", "enum": list(codes.ANSWER_TO)},
        "answer_by": {"title": "How it goes there", "enum": list(codes.ANSWER_BY)},
        "secrecy": {
            "title": "Whether something must stay secret from the representative",
            "enum": list(codes.SECRECY),
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
    ("with_representative", "answer_child"),
    {
        "reason": {
            "title": "Why the child is answered itself",
            "enum": ["able_to_decide", "safety_of_child", "care_or_counselling", "no_representative"],
        },
    },
    {"answer_child": ("reason",)},
)
