"""Which letters there are, and what each must say. A letter that lacks one of these cannot be produced."""

from __future__ import annotations

from dataclasses import dataclass

from afschrift.domain.errors import RefusedError
from afschrift.letters.elements import ELEMENTS, Element, Giver

HEAD = ("organisation", "address", "contact", "reference", "right", "written_on")
"""What stands on every letter."""
REMEDY = ("authority", "court")
"""Where to go against it (R45, R56; Art. 12(4))."""


@dataclass(frozen=True)
class Kind:
    """One kind of letter.

    Attributes:
        required: elements without which it cannot be produced, besides `HEAD`.
        optional: elements that it says where they are given.
        before_identity: it may go to somebody who is not identified yet, and then repeats nothing but what
            they wrote themselves.
        source: why it says this.
    """

    name: str
    required: tuple[str, ...]
    source: str
    optional: tuple[str, ...] = ()
    before_identity: bool = False

    @property
    def elements(self) -> tuple[Element, ...]:
        """All that it must say."""
        return tuple(ELEMENTS[name] for name in (*HEAD, *self.required))

    @property
    def asked(self) -> tuple[Element, ...]:
        """What whoever writes it fills in, the optional elements last."""
        names = (*self.required, "name", *self.optional)
        return tuple(ELEMENTS[name] for name in names if ELEMENTS[name].giver is Giver.OFFICER)


_MAY_SAY = ("masked", "secret_by", "fingerprint")
_FILES = ("where", "available_until", "how_to_open", "how_to_keep")
_TABLE = (
    Kind("acknowledgement", ("received_on", "until", "what_next"), "R04", ("quote",), True),
    Kind(
        "identity_request",
        ("received_on", "doubt", "ways", "no_copy", "how_to_reply", "period_stops"),
        "R10-R12, R42",
        (),
        True,
    ),
    Kind(
        "specify_request",
        ("received_on", "overview", "question", "may_want_all", "how_to_reply", "period_stops"),
        "R25, R42; Recital 63",
        (),
        True,
    ),
    Kind("right_question", ("received_on", "both_rights", "how_to_reply", "period_runs"), "R05", (), True),
    Kind(
        "mandate_request",
        ("received_on", "lacking", "no_copy", "how_to_reply", "period_runs"),
        "R11, R15, R16",
        (),
        True,
    ),
    Kind("answer_insufficient", ("answered_on", "lacking", "how_to_reply", "period_stops"), "R43", (), True),
    Kind("reminder", ("asked_on", "question", "how_to_reply"), "R42-R43", (), True),
    Kind("resumed", ("answered_on", "new_due"), "R43", (), True),
    Kind("extension", ("received_on", "reasons", "new_due"), "R39-R41; Art. 12(3)", (), True),
    Kind(
        "fee",
        ("received_on", "costs", "reasons", "may_withdraw", "how_to_reply", "period_runs", *REMEDY),
        "R51-R53",
        (),
        True,
    ),
    Kind("refusal", ("received_on", "ground", "reasons", *REMEDY), "R45, R56; A.3", (), True),
    Kind(
        "partial_refusal", ("received_on", "refused", "ground", "reasons", "given", *REMEDY), "R45, R56; A.3"
    ),
    Kind(
        "nothing_portable",
        ("received_on", "refused", "reasons", "access_offered", *REMEDY),
        "R18-R19, R45, R56",
    ),
    Kind("delivery", ("received_on", *_FILES), "R69, R72", _MAY_SAY),
    Kind(
        "partial_delivery",
        ("received_on", "missing", "rest_by", *_FILES),
        "R44",
        _MAY_SAY,
    ),
    Kind("supplement", ("received_on", "contains", *_FILES), "R44, R54", _MAY_SAY),
    Kind(
        "nothing_held",
        ("received_on", "searched", "searched_for", "other_identifiers", *REMEDY),
        "R09; Art. 15(1)",
    ),
    Kind(
        "cannot_identify",
        ("received_on", "tried", "identifiers", "how_to_reply", *REMEDY),
        "R13; Art. 11(2)",
        (),
        True,
    ),
    Kind(
        "confirm_transfer",
        ("received_on", "recipient", "data", "others_data", "recipient_answers", "how_to_reply"),
        "R34, R65-R68",
    ),
    Kind(
        "transfer_not_feasible",
        ("received_on", "recipient", "impediment", "to_person", *REMEDY),
        "R66; Art. 20(2)",
    ),
    Kind("withdrawal_confirmed", ("received_on", "withdrawn_on", "nothing_deleted"), "R80", (), True),
)
KINDS = {kind.name: kind for kind in _TABLE}


def kind_named(name: str) -> Kind:
    """The kind of this name.

    Raises:
        RefusedError: there is none.
    """
    if name not in KINDS:
        raise RefusedError(
            "There is no letter of this kind.", way_out="`afschrift letter kinds` lists those there are."
        )
    return KINDS[name]
