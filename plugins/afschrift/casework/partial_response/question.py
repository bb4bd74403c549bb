"""The questions about a source that is down, and about a promised rest that is gone (R44)."""

from __future__ import annotations

from afschrift.law.partial_response import NOT_HELD, OPTIONS, PARTIAL
from afschrift.questions.forms import form
from afschrift.questions.kind import QuestionKind

FORM = form(
    OPTIONS,
    {"rest_by": {"title": "By when the rest follows", "type": "string", "format": "date"}},
    {PARTIAL: ("rest_by",)},
)


SOURCE_DOWN = QuestionKind(
    "source_down",
    "A source cannot be reached",
    "Try again, or give now what is not in doubt, and the rest later (R44)?",
    {
        "try_again": "The next run reads again.",
        "partial": "The other sources are given now; this one follows by the day that you name. Say why in "
        "words.",
    },
    note="After its third try ([operations.md](operations.md#a-source-is-down)). `since` is when it was "
    "first found down, `code` what its driver calls the error, `hindrance` why it cannot be left for later. "
    "`partial` needs `rest_by`, a date not after the last day of the request; the clock goes on.",
)

REST_GONE_KIND = QuestionKind(
    "rest_gone",
    "A promised rest that is gone",
    "A part of the answer said that more would follow (R44), and the inventory does not have it any"
    " more. Why is it not given?",
    {
        "try_again": "It is back in the inventory: the next run gives it, and asks anew where it is not.",
        "not_held_any_more": "The rest goes without it, and the bundle says so. Say why in words.",
    },
    in_words=(NOT_HELD,),
    note="`source`, `tables` and `rest_by`, the promised day, say what is missing.",
)

KINDS = (SOURCE_DOWN, REST_GONE_KIND)
