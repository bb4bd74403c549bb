"""The elements of letters, each with its form and its giver. A name means the same in every letter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from afschrift.domain.right import Right
from afschrift.law.case_facts import Matter
from afschrift.law.grounds import Effect

ARTICLES = ("11_2", "12_5", "15_1", "15_3", "15_4", "20_1", "20_2", "20_4", "23")
"""Codes of the articles of the GDPR, each said in plain words by `texts.yml`: `12_5` is Article 12(5).

`11_2` is said with Article 12(2): a controller refuses only if it demonstrates that it cannot identify.
"""

_ANY = ""
_Articles = Mapping[str, str | Mapping[Right, str]]
_ABUSE: _Articles = {
    "manifestly_unfounded": "12_5",
    "manifestly_excessive": "12_5",
    "malicious_intent": "12_5",
}
_OTHERS = ("rights_of_others", "trade_secret")
_REFUSED: _Articles = {
    **_ABUSE,
    "identity_failure": "11_2",
    "no_mandate": {Right.ACCESS: "15_1", Right.PORTABILITY: "20_1"},
    **{code: {Right.ACCESS: "15_4", Right.PORTABILITY: "20_4"} for code in _OTHERS},
    "legally_exempted": "23",
    "outside_portability": {Right.PORTABILITY: "20_1"},
}
_OF: Mapping[str, _Articles] = {
    # others in the data never refuse the whole (R31)
    "refusal": {code: article for code, article in _REFUSED.items() if code not in _OTHERS},
    "partial_refusal": _REFUSED,
    "fee": {**_ABUSE, "further_copy": {Right.ACCESS: "15_3"}},
    "nothing_portable": {_ANY: "20_1"},
    "cannot_identify": {_ANY: "11_2"},
    "transfer_not_feasible": {_ANY: "20_2"},
}


_GATES: Mapping[str, tuple[str, ...]] = {
    "provided": (
        *("derived", "inferred", "assigned", "received", "policy_observed"),
        *("origin_derived", "origin_inferred", "origin_assigned", "origin_third_party"),
    ),
    "basis": ("legal_duty", "vital_interest", "legitimate_interest", "basis_not_portable", "proof_record"),
    "automated": ("not_automated",),
    "public_task": ("public_task",),
}
"""Part of Art. 20(1) and (3) -> bases of a form, and reasons of column decisions, that are outside by it."""


def gates(reasons: Iterable[str]) -> list[str]:
    """The parts of Art. 20 by which data are outside, of the bases or reasons that were decided (R20)."""
    known = set(reasons)
    return [gate for gate, outside in _GATES.items() if known & set(outside)]


def article(kind: str, ground: str | None, right: Right) -> str | None:
    """The article that a letter rests on, one of `ARTICLES` (R45, R56).

    Args:
        kind: of the letter.
        ground: that it names; None where its kind has one reason alone.
        right: that was used; of a message that does not say which, access (R05).

    Returns:
        None: this kind of letter does not rest on that, for that right.
    """
    found = _OF.get(kind, {}).get(ground or _ANY)
    return found.get(right) if isinstance(found, Mapping) else found


class ElementForm(StrEnum):
    """What an element takes."""

    LINE = "line"  # one line
    TEXT = "text"  # paragraphs, divided by an empty line
    ITEMS = "items"  # a list of lines
    DAY = "day"  # a date as 2026-03-05
    CODE = "code"  # one of the codes, said in words by texts.yml
    CODES = "codes"  # some of them
    COSTS = "costs"  # code -> amount in euro, as 3.50
    FIXED = "fixed"  # words of the template


class Giver(StrEnum):
    """Who gives an element."""

    OFFICER = "officer"
    REGISTER = "register"  # computed, or read from the register or controller.yml
    TEMPLATE = "template"
    LAW = "law"  # follows from the ground and the right that was used


@dataclass(frozen=True)
class Element:
    """An element of a letter.

    Attributes:
        help: what to fill in, for the writer of the letter.
        codes: those that it takes.
        wrote: if the requester is not identified yet, it must be in what they wrote.
    """

    name: str
    form: ElementForm
    giver: Giver
    help: str = ""
    codes: tuple[str, ...] = ()
    wrote: bool = False


WAYS = ("login", "eid", "call_back", "known_address", "counter", "video")
COSTS = ("material", "postage", "extra_work")
"""What a fee may hold (R51); general costs are not allowed (R52)."""
TAKES_ALONG = "takes_along"
"""Element that says what portability covers, with or without observed data by the policy (R18, R20)."""
MORE = "more"
"""Element of every letter: what its writer adds in their own words."""
SECRET_BY = ("sms", "post", "phone", "portal", "in_person", "read_out")
"""How words go; `portal` is of letters of an earlier version, `read_out` where no channel is set."""
EACH_ITS_WAY = "each"
"""The words of two files come in two ways, and the line of each file says how."""
OWN_KEYS = ("age", "openpgp")
OTHER_WAYS = ("estate", "medical_file", "desk", "none_known")
PASSED_TO = ("department", "controller", "processor")
GROUNDS = (
    "manifestly_unfounded",
    "manifestly_excessive",
    "malicious_intent",
    "identity_failure",
    *_OTHERS,
    "legally_exempted",
    "no_mandate",
    "outside_portability",
    "further_copy",
)
"""What a letter may name; volume alone is no ground (R40)."""


def _officer(name: str, form: ElementForm, help_: str, *codes: str, wrote: bool = False) -> Element:
    return Element(name, form, Giver.OFFICER, help_, codes, wrote)


_ALL = (
    *(
        Element(name, form, Giver.REGISTER, help_)
        for name, form, help_ in (
            ("organisation", ElementForm.LINE, "name of the controller"),
            ("address", ElementForm.LINE, "of the controller"),
            ("contact", ElementForm.LINE, "where questions go"),
            ("reference", ElementForm.LINE, "id of the request"),
            ("addressee", ElementForm.LINE, "the party that the letter goes to, and where"),
            ("right", ElementForm.CODE, "which right was used, or that the message does not say which"),
            ("written_on", ElementForm.DAY, "day of the letter"),
            ("received_on", ElementForm.DAY, "day of receipt"),
            ("until", ElementForm.DAY, "last day for an answer"),
            ("searched_on", ElementForm.DAY, "day of the search (R08)"),
            (
                "was_due",
                ElementForm.DAY,
                "last day that was missed; where there is one, the letter says sorry",
            ),
            ("given_before", ElementForm.DAY, "day of the first answer, where it is given again"),
            ("other_answered", ElementForm.DAY, "day on which the other right of the message was answered"),
            ("other_late", ElementForm.DAY, "last day of the other right, which was missed"),
            ("other_follows", ElementForm.DAY, "last day of the other right"),
            ("files", ElementForm.ITEMS, "each file, where a letter is about several"),
            ("merged_into", ElementForm.LINE, "id of the earlier request in which it goes on"),
            ("passed_reference", ElementForm.LINE, "under which what was passed on is known there"),
            ("earlier_receipt", ElementForm.DAY, "day of receipt of that request, which counts (R55)"),
            ("new_due", ElementForm.DAY, "last day for an answer from now on"),
            ("reply_by", ElementForm.DAY, "last day for the reply, where the question sets one"),
            ("goes_on_after", ElementForm.DAY, "the same of a public body, whose clock goes on after it"),
            ("authority", ElementForm.TEXT, "where to complain"),
            ("court", ElementForm.TEXT, "which court, and by when"),
        )
    ),
    Element(
        "rights_asked",
        ElementForm.CODES,
        Giver.REGISTER,
        "rights of ours that the message used, or that it is unclear which (R05)",
        (*Right, "unclear"),
    ),
    Element("referred", ElementForm.CODES, Giver.REGISTER, "other rights, passed on (R05)", tuple(Matter)),
    Element(
        TAKES_ALONG, ElementForm.CODE, Giver.REGISTER, "what can be taken along", ("observed", "provided")
    ),
    Element(
        "direct",
        ElementForm.CODE,
        Giver.REGISTER,
        "whether files can go straight to another party (R65)",
        ("possible", "on_request", "impossible"),
    ),
    Element("direct_why", ElementForm.TEXT, Giver.REGISTER, "why they cannot (R66)"),
    Element("other_right", ElementForm.CODE, Giver.REGISTER, "another right of the message"),
    Element(
        "other_status",
        ElementForm.CODE,
        Giver.REGISTER,
        "that it is answered apart",
        ("apart", "refused", "waits"),
    ),
    Element("kinds", ElementForm.ITEMS, Giver.REGISTER, "kinds of data that cannot be taken along"),
    Element("personal", ElementForm.CODE, Giver.REGISTER, "that others share the address", ("yes",)),
    Element("nothing_found", ElementForm.CODE, Giver.REGISTER, "that nothing was found (R09)", ("yes",)),
    Element("evasive", ElementForm.CODE, Giver.REGISTER, "that it does not say whether (R84)", ("yes",)),
    Element("unsearched", ElementForm.ITEMS, Giver.REGISTER, "what was not searched, and why"),
    Element("told_before", ElementForm.CODE, Giver.REGISTER, "that it was kept back", ("yes",)),
    _officer("name", ElementForm.LINE, "how to address the person; left out: a general greeting", wrote=True),
    _officer(MORE, ElementForm.TEXT, "paragraphs of your own, before the end of the letter"),
    _officer("quote", ElementForm.TEXT, "a passage of the message that is answered", wrote=True),
    _officer("doubt", ElementForm.TEXT, "why it is not sure who asks (R10)"),
    _officer(
        "ways", ElementForm.CODES, "ways to show who they are; never a copy of an identity document", *WAYS
    ),
    _officer("question", ElementForm.TEXT, "what is asked"),
    _officer("overview", ElementForm.ITEMS, "what is processed, so that the person can choose (R25)"),
    _officer("reasons", ElementForm.TEXT, "the concrete facts"),
    _officer("ground", ElementForm.CODE, "why, in law", *GROUNDS),
    Element("article", ElementForm.CODE, Giver.LAW, "the article that it rests on", ARTICLES),
    _officer("provision", ElementForm.LINE, "code of the other law, from provisions.yml, as UAVG-41-1-d"),
    _officer("weighing", ElementForm.TEXT, "what of the weighing may be said; filled in by the decision"),
    Element("effect", ElementForm.CODE, Giver.LAW, "what that law does", tuple(Effect)),
    Element("act", ElementForm.LINE, Giver.LAW, "its act and article, in words"),
    Element("protects", ElementForm.LINE, Giver.LAW, "the interest that it protects"),
    Element("weighed", ElementForm.CODE, Giver.REGISTER, "that a person weighed it (R84)", ("yes",)),
    _officer("gates", ElementForm.CODES, "by which parts of Art. 20; filled in automatically", *_GATES),
    _officer("costs", ElementForm.COSTS, "what it costs", *COSTS),
    _officer("refused", ElementForm.ITEMS, "what is not given"),
    _officer("given", ElementForm.ITEMS, "what is given all the same"),
    _officer("where", ElementForm.LINE, "where the files are"),
    _officer("available_until", ElementForm.DAY, "last day for fetching them"),
    _officer(
        "as_stored", ElementForm.ITEMS, "what is given as the database's own text; filled in automatically"
    ),
    _officer(
        "masked", ElementForm.ITEMS, "what a reviewer masked in the files, and why; filled in automatically"
    ),
    _officer("left_out", ElementForm.ITEMS, "what is not given, by reason; filled in automatically"),
    _officer(
        "secret_by", ElementForm.CODE, "how the words come that open the files", *SECRET_BY, EACH_ITS_WAY
    ),
    _officer("own_key", ElementForm.CODE, "the person's own key opens the files; filled in", *OWN_KEYS),
    _officer("page", ElementForm.LINE, "address of the portal where the files are; filled in"),
    _officer("fingerprint", ElementForm.LINE, "of the public key that the files are signed with"),
    _officer("searched", ElementForm.ITEMS, "systems that were searched"),
    _officer("searched_for", ElementForm.ITEMS, "what they were searched for"),
    _officer("answered_on", ElementForm.DAY, "day on which the answer came"),
    _officer("other_way", ElementForm.CODES, "the ways under other law (R17)", *OTHER_WAYS),
    _officer("asked_on", ElementForm.DAY, "day on which it was asked"),
    _officer("lacking", ElementForm.TEXT, "what is not clear yet"),
    _officer("recipient", ElementForm.LINE, "to whom the data are to go"),
    _officer("data", ElementForm.ITEMS, "which kinds of data"),
    _officer("impediment", ElementForm.TEXT, "why it cannot be sent directly"),
    _officer("missing", ElementForm.ITEMS, "what is not in it yet"),
    _officer("rest_by", ElementForm.DAY, "by when the rest comes"),
    _officer("contains", ElementForm.ITEMS, "what is in it"),
    _officer("withdrawn_on", ElementForm.DAY, "day of the withdrawal"),
    _officer("expected_on", ElementForm.DAY, "day on which the answer comes now"),
    _officer("passed_on", ElementForm.ITEMS, "what was passed on; of a referral filled in automatically"),
    _officer(
        "passed_to", ElementForm.LINE, "to whom it was passed on; of a referral filled in automatically"
    ),
    _officer("passed_because", ElementForm.CODE, "why, by who they are", *PASSED_TO),
    _officer("passed_contact", ElementForm.LINE, "whom to ask about it; ourselves where it is left out"),
    _officer("tried", ElementForm.TEXT, "how it was tried to find the person"),
    _officer("identifiers", ElementForm.ITEMS, "what would help to find them, for example a cookie id"),
    *(
        Element(name, ElementForm.FIXED, Giver.TEMPLATE, help_)
        for name, help_ in (
            ("what_next", "what happens next"),
            ("how_to_reply", "how to answer"),
            ("both_rights", "what access and portability give, and that both may be asked (R05)"),
            ("no_copy", "send no copy of an identity document (R11)"),
            ("period_stops", "the period is suspended until the answer (R42)"),
            ("period_runs", "the period goes on meanwhile"),
            ("may_want_all", "'everything' is an answer too (R25)"),
            ("sorry", "we are sorry that it is late (R37)"),
            ("nothing_lost", "nothing that was asked is lost (R55)"),
            ("nothing_to_do", "the person has to do nothing for it (R84)"),
            ("may_withdraw", "the request can be taken back"),
            ("how_to_open", "how to open the files"),
            ("how_to_keep", "how to keep them safe (R72)"),
            ("access_offered", "the rest can be had by an access request (R19)"),
            ("other_identifiers", "invitation to give other names or numbers"),
            ("may_want_more", "more can be had by one reply (R24)"),
            ("others_data", "data of others can be left out (R34)"),
            ("recipient_answers", "the recipient answers for what it does (R67)"),
            ("to_person", "the person gets the file themselves (R66)"),
            ("nothing_deleted", "nothing was deleted (R80)"),
        )
    ),
)
ELEMENTS = {element.name: element for element in _ALL}
