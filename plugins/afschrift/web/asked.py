"""What the pages say of each kind of question and its options, in the language of the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from afschrift.law.grounds.grounds import Outcome
from afschrift.questions.kinds import KINDS
from afschrift.web.words import said

_LEAVE: Mapping[str, str] = {
    "include": "They leave, in this request alone. The inventory stays as it is: mend it for the others.",
    "exclude": "They stay, in this request alone, and the bundle says so.",
}
_LEFT_OUT: Mapping[str, str] = {"leave_out": "It is right: they are not read, and the bundle says so."}


@dataclass(frozen=True)
class Asked:
    """A kind of question in words.

    Attributes:
        title: as a heading and in the list.
        asks: what it asks, in a sentence or two.
        does: option -> what choosing it does.
    """

    title: str
    asks: str
    does: Mapping[str, str] = field(default_factory=dict)


_ASKED: dict[str, Asked] = {
    "identity": Asked(
        "Who asks",
        "Is the requester who they say they are? Nothing is read before somebody says so (R10). No copy of "
        "an identity document is asked for or kept (R11).",
        {
            "confirmed": "Reading may begin, for the keys that the request has now.",
            "not_confirmed": "Nothing is read. The next run asks anew, so that proof which comes later can "
            "be entered. More proof is asked only on a doubt about this requester.",
        },
    ),
    "several_persons": Asked(
        "Several accounts",
        "The keys lead to several accounts. Whose are they?",
        {
            "all_accounts": "All of them are this person's, and are read.",
            "only_given": "Only those that the person gave a number for are read.",
            "none": "None of them is read.",
        },
    ),
    "shared_key": Asked(
        "A key that others use too",
        "Somebody else uses this key as well. Do the rows leave that are found by it?",
        {
            "include": "The key is followed.",
            "exclude": "The key is left out, and rows found by it alone stay.",
        },
    ),
    "unclassified": Asked(
        "Columns that nobody described", "The inventory does not say what these hold. Do they leave?", _LEAVE
    ),
    "mixed": Asked(
        "Columns of several origins",
        "These hold data of several origins. Do they leave? Better split the column.",
        _LEAVE,
    ),
    "basis_unknown": Asked(
        "Columns without a legal basis", "No purpose of these has a legal basis. Do they leave?", _LEAVE
    ),
    "special_condition_unknown": Asked(
        "Special data without a condition",
        "These hold special data, and no condition of Art. 9 is named. Do they leave?",
        _LEAVE,
    ),
    "special_condition_other": Asked(
        "Special data on another condition",
        "These hold special data on a condition other than consent. Do they leave?",
        _LEAVE,
    ),
    "consent_missing": Asked(
        "Columns without consent",
        "The only purpose of these lacks the person's consent. Do they leave?",
        _LEAVE,
    ),
    "others_undecided": Asked(
        "Data about others",
        "These columns hold data about other people. How are they treated (R31-R33)?",
        {
            "include": "They leave as they are.",
            "mask": "They leave with what points to others masked.",
            "exclude": "They stay, and the bundle says so.",
        },
    ),
    "unlisted_tables": Asked(
        "Tables that nobody described",
        "The inventory does not describe these tables. Is it right to pass over them?",
        _LEFT_OUT,
    ),
    "unknown_origin": Asked(
        "Rows of an unknown origin",
        "These rows have an origin that the inventory does not name. Is it right to leave them out?",
        {"leave_out": "It is right: they stay in the warehouse."},
    ),
    "file_missing": Asked(
        "Uploaded files that are gone",
        "Files that the person uploaded are gone, or are others by now (R60). Put back, the next run finds "
        "them.",
        {"leave_out": "The answer goes without them, and says which are missing."},
    ),
    "no_right": Asked(
        "Tables that may not be read",
        "The connection may not read these tables. Have it given the right.",
        {"try_again": "It has the right now: the next run reads again."},
    ),
    "sheet_incomplete": Asked(
        "The information sheet has gaps",
        "The inventory does not say what an access answer must tell of the processing. Fill it in there.",
        {"try_again": "It is filled in: the next run looks again."},
    ),
    "decision": Asked(
        "Decision on the request",
        "The request was flagged. Is it fulfilled? A flag refuses and charges nothing: a person decides "
        "(R48).",
        {
            Outcome.FULFIL: "The next run goes on.",
            Outcome.EXTEND: "The extension is recorded and its letter made (R39). The question comes back "
            "without this choice.",
            Outcome.SPECIFY: "The letter that asks is made; the clock stands still from its sending (R42).",
            Outcome.CHARGE: "The letter with the costs is made. No clock stands still.",
            Outcome.REFUSE: "The letter is made. The request is refused once it is sent (R45).",
            Outcome.REFUSE_PART: "These tables and columns are not read, or leave masked. The rest is given.",
            Outcome.RESTRICT: "The same on a restriction by law. Where it stays hidden, no letter goes out.",
            Outcome.MERGE: "The request goes on in the earlier one, whose receipt counts (R55).",
        },
    ),
    "decision_signed": Asked(
        "Second signature",
        "A decision takes a second person. Do you sign it?",
        {
            "agree": "It counts, and its letter is made.",
            "disagree": "It does not count, and is asked for again.",
        },
    ),
    "minor": Asked(
        "A child asks alone",
        "Is it answered through its representative, or itself (R16)?",
        {
            "with_representative": "The answer goes through whoever represents the child.",
            "answer_child": "The child is answered itself, for the reason that you choose below. Say in "
            "words why that is in its interest.",
        },
    ),
    "mandate": Asked(
        "Somebody asks for another person",
        "Is their authority proven (R15)? No copy of the mandate is kept with the answer (R11).",
        {
            "proven": "The request goes on, within what the mandate covers and for as long as it runs.",
            "not_proven": "Nothing is read; whoever asked is told what is needed. The next run asks again.",
        },
    ),
    "mandate_signed": Asked(
        "Second signature on a mandate",
        "Something must stay secret from a representative. Do you sign how the mandate was judged?",
        {"agree": "It counts.", "disagree": "It does not count, and is asked for again."},
    ),
    "not_received": Asked(
        "Second signature: not received",
        "An officer finds that a message to an address not meant for it counts as not received (R03). Do you "
        "sign that?",
        {
            "agree": "It counts as not received. Nothing is deleted.",
            "disagree": "It counts as received on the day on which it came.",
        },
    ),
    "review": Asked(
        "Review of the bundle",
        "The bundle is packed. May it go as it is? The answer holds for this very bundle.",
        {
            "approved": "It is delivered by the next run.",
            "redact": "What the lines name is masked and the bundle packed anew; that one is reviewed too.",
            "hold_back": "Nothing is delivered. Say why.",
        },
    ),
    "review_signed": Asked(
        "Second signature on a redaction",
        "A redaction takes a second person. Do you sign it?",
        {
            "agree": "It is masked, and the bundle is packed anew.",
            "disagree": "Nothing is masked, and the review is asked for again.",
        },
    ),
    "redaction_lost": Asked(
        "A redacted text has changed",
        "What was redacted has changed at its source since, or is gone.",
        {"review_again": "These redactions fall away, and the new bundle is reviewed."},
    ),
    "source_down": Asked(
        "A source cannot be reached",
        "Try again, or give now what is not in doubt, and the rest later (R44)?",
        {
            "try_again": "The next run reads again.",
            "partial": "The other sources are given now; this one follows by the day that you name. Say why "
            "in words.",
        },
    ),
    "rest_gone": Asked(
        "A promised rest that is gone",
        "A part of the answer said that more would follow (R44), and the inventory does not have it any "
        "more. Why is it not given?",
        {
            "try_again": "It is back in the inventory: the next run gives it, and asks anew where it is not.",
            "not_held_any_more": "The rest goes without it, and the bundle says so. Say why in words.",
        },
    ),
    "manual": Asked(
        "A system to search",
        "No query reaches this system. Search it, and say what it holds about the person (R08).",
        {
            "given": "The files that you found go into the bundle as they are. Choose them below.",
            "nothing_held": "It was searched, and holds nothing about the person.",
            "not_searched": "Nobody searched it, for the reason that you choose below; the bundle says so.",
        },
    ),
    "nothing_in_limits": Asked(
        "Nothing within the person's limits",
        "The person's own limits leave nothing to give (R24). Ask what they want.",
        {"ask_the_person": "They were asked: the next run looks again."},
    ),
    "nothing_held": Asked(
        "Nothing was found",
        "No system holds anything under these keys. Is that true (R09)?",
        {
            "confirm_none": "It is true: a letter that says so is due.",
            "search_again": "Everything is searched again.",
        },
    ),
}


def asked(kind: str) -> Asked:
    """A kind in words; of one that stands nowhere here, what its own clause says."""
    if kind in _ASKED:
        return _ASKED[kind]
    clause = KINDS[kind].asks if kind in KINDS else ""
    return Asked(said(kind), f"{clause[:1].upper()}{clause[1:]}." if clause else "")
