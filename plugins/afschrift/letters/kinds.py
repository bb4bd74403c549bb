"""The kinds of letters, and the elements of each. A letter without a required one cannot be produced."""

from __future__ import annotations

from dataclasses import dataclass

from afschrift.domain.errors import RefusedError
from afschrift.law.clock.facts import FactKind, FactRow, SuspensionGround, Timeline
from afschrift.letters.elements import ELEMENTS, MORE, TAKES_ALONG, Element, Giver

HEAD = ("organisation", "address", "contact", "reference", "right", "written_on")
"""Elements of every letter."""
REMEDY = ("authority", "court")
"""Where to go against it (R45, R56; Art. 12(4))."""


@dataclass(frozen=True)
class Announced:
    """A decision that a letter announces: sending the letter moves the clock or ends the request.

    Attributes:
        fact: kind of the fact that holds the decision.
        where: name and values in its detail; None: any.
        decided_by: the command that decides it; empty: the answer to a question does.
        needed: without such a fact the letter would be untrue, and there is none.
    """

    fact: FactKind
    where: tuple[str, tuple[str, ...]] | None = None
    decided_by: str = ""
    needed: bool = False

    def by(self, timeline: Timeline) -> FactRow | None:
        """The last such fact of a request that is in force, one that is not announced yet before others."""
        found = [fact for fact in timeline.of(self.fact) if self._fits(fact)]
        found = [fact for fact in found if not timeline.about(fact, FactKind.OVERRULED)]
        return max(found, key=lambda fact: (fact.sent_on is None, fact.number), default=None)

    def _fits(self, fact: FactRow) -> bool:
        return self.where is None or fact.detail.get(self.where[0]) in self.where[1]


@dataclass(frozen=True)
class LetterKind:
    """A kind of letter.

    Attributes:
        required: elements without which it cannot be produced, besides `HEAD`.
        optional: elements that it says where they are given.
        before_identity: it may go to a requester who is not identified yet, and then repeats nothing but what
            they wrote themselves.
        source: rules and articles that require its elements.
        announces: decisions that it may announce, so that sending it has an effect.
        after: a fact that it says happened.
    """

    name: str
    required: tuple[str, ...]
    source: str
    optional: tuple[str, ...] = ()
    before_identity: bool = False
    announces: tuple[Announced, ...] = ()
    after: FactKind | None = None

    @property
    def elements(self) -> tuple[Element, ...]:
        """All that it must say."""
        return tuple(ELEMENTS[name] for name in (*HEAD, *self.required))

    @property
    def asked(self) -> tuple[Element, ...]:
        """The elements that its writer fills in, the optional ones last."""
        names = (*self.required, "name", *self.optional, MORE)
        return tuple(ELEMENTS[name] for name in names if ELEMENTS[name].giver is Giver.OFFICER)

    def about(self, timeline: Timeline) -> FactRow | None:
        """The last fact of a request that it announces and that is not announced yet."""
        unsent = [fact for fact in self._announced(timeline) if fact.sent_on is None]
        return max(unsent, key=lambda fact: fact.number, default=None)

    def is_true(self, timeline: Timeline) -> bool:
        """Whether what it announces was decided, is ready or happened."""
        if self.after is not None and not timeline.of(self.after):
            return False
        needed = [announced for announced in self.announces if announced.needed]
        return not needed or bool(self._announced(timeline))

    def _announced(self, timeline: Timeline) -> list[FactRow]:
        return [fact for announced in self.announces if (fact := announced.by(timeline)) is not None]


def _decided(*outcomes: str) -> tuple[Announced]:
    return (Announced(FactKind.DECIDED, ("outcome", outcomes), needed=True),)


def _asked(ground: SuspensionGround) -> tuple[Announced]:
    return (Announced(FactKind.SUSPENDED, ("ground", (ground,)), "afschrift request suspend"),)


def _ready(letter: str) -> tuple[Announced]:
    return (Announced(FactKind.ANSWER_READY, ("letter", (letter,)), needed=True),)


_REFUSED = _decided("refuse")
_INSUFFICIENT = (Announced(FactKind.REPLY_INSUFFICIENT, decided_by="afschrift request insufficient"),)
_EXTENDED = (Announced(FactKind.EXTENDED, decided_by="afschrift request extend", needed=True),)

_TERM = ("reply_by", "goes_on_after")
_SEARCH = ("searched_for", "searched_on", "unsearched")
_OTHER = ("other_right", "other_status", "other_answered", "other_late", "other_follows")
"""What a letter about one right says of the other right of its message."""
_MAY_SAY = (
    *("was_due", "as_stored", "masked", "left_out", "secret_by", "own_key", "page", "fingerprint"),
    *_OTHER,
)
_FILES = ("where", "available_until", "how_to_open", "how_to_keep")
_TABLE = (
    LetterKind(
        "acknowledgement",
        ("received_on", "rights_asked", "until", "what_next"),
        "R04, R05",
        ("referred", "quote", "direct", "direct_why"),
        True,
    ),
    LetterKind(
        "identity_request",
        ("received_on", "doubt", "ways", "no_copy", "how_to_reply", "period_stops"),
        "R10-R12, R42",
        _TERM,
        True,
        _asked(SuspensionGround.IDENTITY),
    ),
    LetterKind(
        "specify_request",
        ("received_on", "overview", "question", "may_want_all", "how_to_reply", "period_stops"),
        "R25, R42; Recital 63",
        _TERM,
        True,
        _asked(SuspensionGround.SPECIFICATION),
    ),
    LetterKind(
        "right_question",
        ("received_on", "both_rights", TAKES_ALONG, "how_to_reply", "period_runs"),
        "R05",
        (),
        True,
    ),
    LetterKind(
        "mandate_request",
        ("received_on", "lacking", "no_copy", "how_to_reply", "period_runs", "until"),
        "R11, R15, R16",
        (),
        True,
    ),
    LetterKind(
        "answer_insufficient",
        ("answered_on", "lacking", "how_to_reply", "period_stops"),
        "R43",
        (),
        True,
        _INSUFFICIENT,
    ),
    LetterKind("reminder", ("asked_on", "question", "how_to_reply"), "R42-R43", (), True),
    LetterKind("resumed", ("answered_on", "new_due"), "R43", (), True, after=FactKind.RESUMED),
    LetterKind(
        "extension", ("received_on", "reasons", "new_due"), "R39-R41; Art. 12(3)", (), True, _EXTENDED
    ),
    LetterKind(
        "fee",
        (
            "received_on",
            "costs",
            "ground",
            "article",
            "reasons",
            "may_withdraw",
            "how_to_reply",
            "period_runs",
            *REMEDY,
        ),
        "R51-R53",
        (),
        True,
        _decided("charge"),
    ),
    LetterKind(
        "refusal",
        ("received_on", "ground", "article", "reasons", *REMEDY),
        "R45, R56",
        ("was_due", *_OTHER),
        True,
        _REFUSED,
    ),
    LetterKind(
        "partial_refusal",
        ("received_on", "refused", "ground", "article", "reasons", "given", *REMEDY),
        "R45, R56",
        ("was_due", "gates", "provision", "effect", "act", "protects", "weighed", "weighing"),
        announces=_decided("refuse_part", "restrict"),
    ),
    LetterKind(
        "nothing_portable",
        ("received_on", "refused", "article", "reasons", "access_offered", *REMEDY),
        "R18-R19, R45, R56",
        ("was_due", "gates", "kinds", *_SEARCH, *_OTHER),
        announces=_REFUSED + _ready("nothing_portable"),
    ),
    LetterKind(
        "delivery",
        ("received_on", *_FILES),
        "R69, R72",
        ("given_before", *_MAY_SAY, "files"),
        announces=_ready("delivery"),
    ),
    LetterKind(
        "partial_delivery",
        ("received_on", "missing", "rest_by", *_FILES),
        "R44",
        _MAY_SAY,
        announces=(Announced(FactKind.PARTLY_DELIVERED, needed=True),),
    ),
    LetterKind(
        "supplement",
        ("received_on", "contains", *_FILES),
        "R44, R54",
        _MAY_SAY,
        announces=_ready("supplement"),
    ),
    LetterKind(
        "nothing_held",
        ("received_on", "searched", "searched_for", "other_identifiers", *REMEDY),
        "R09; Art. 15(1)",
        ("was_due", "nothing_found", "evasive", *_SEARCH[1:], *_OTHER),
        announces=_ready("nothing_held"),
    ),
    LetterKind(
        "nothing_in_limits",
        ("received_on", "may_want_more", *REMEDY),
        "R24; Art. 15(1)",
        ("was_due", *_OTHER),
        announces=_ready("nothing_in_limits"),
    ),
    LetterKind(
        "cannot_identify",
        ("received_on", "article", "tried", "identifiers", "how_to_reply", *REMEDY),
        "R13; Art. 11(2)",
        ("was_due",),
        True,
        _REFUSED,
    ),
    LetterKind(
        "confirm_transfer",
        ("received_on", "recipient", "data", "others_data", "recipient_answers", "how_to_reply"),
        "R34, R65-R68",
    ),
    LetterKind(
        "transfer_not_feasible",
        ("received_on", "recipient", "article", "impediment", "to_person", *REMEDY),
        "R66; Art. 20(2)",
    ),
    LetterKind(
        "late",
        ("received_on", "was_due", "sorry", "reasons", "expected_on", *REMEDY),
        "R37, R45; Art. 12(4)",
        (),
        True,
    ),
    LetterKind(
        "handed_over",
        ("received_on", "passed_on", "passed_to", "passed_because", "passed_contact"),
        "R02, R05",
        ("passed_reference",),
        True,
    ),
    LetterKind(
        "merged",
        ("received_on", "merged_into", "earlier_receipt", "until", "nothing_lost"),
        "R55",
    ),
    LetterKind(
        "restriction_lifted",
        ("received_on", "contains", "rest_by", "nothing_to_do"),
        "R84; Art. 23",
        ("told_before",),
    ),
    LetterKind(
        "person_deceased", ("received_on", "other_way"), "R17; Recital 27", ("reasons",), before_identity=True
    ),
    LetterKind(
        "withdrawal_confirmed",
        ("received_on", "withdrawn_on", "nothing_deleted"),
        "R80",
        before_identity=True,
        after=FactKind.WITHDRAWN,
    ),
)
AFTER_DEATH = ("person_deceased", "handed_over")
"""The letters that leave once a death is recorded."""
KINDS = {kind.name: kind for kind in _TABLE}


def kind_named(name: str) -> LetterKind:
    """The kind of this name.

    Raises:
        RefusedError: there is none.
    """
    if name not in KINDS:
        raise RefusedError(
            "There is no letter of this kind.", remedy="`afschrift letter kinds` lists those there are."
        )
    return KINDS[name]
