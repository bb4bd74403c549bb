"""Conditions of rules of law, each with its replacement: `mutate_rules.py` takes them out.

Mostly what a rule forbids or excepts: "not", "unless", "never". Without one, too much is given, or too much
is refused, or a day comes too late. Which tests must notice is in tests/rules.tsv.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """One condition less.

    Attributes:
        rule: its id in docs/rules.md.
        file: below `plugins/afschrift`; the row of the rule names it.
        text: of the file, there once.
        instead: the code without the condition.
        effect: what then happens, in a clause.
    """

    rule: str
    file: str
    text: str
    instead: str
    effect: str


_PAGE_WORDS = "bundle/page/words.py"
_DECISION = "domain/decision.py"
_GAPS = "inventory/sheet_gaps.py"
_INFORMATION = "law/information.py"
_DEADLINE = "law/clock/deadline.py"
_CALENDAR = "law/clock/calendar.py"
_SUSPENSION = "law/clock/suspension.py"
_OVERLAP = "law/clock/overlap.py"
_MANDATE = "law/person.py"
_NOT_RECEIVED = "casework/intake/not_received.py"
_TRIGGERS = "casework/decision/triggers.py"
_GROUND_CHECK = "law/ground_check.py"

INTAKE = (
    Mutation("R02", _DEADLINE, "if day < received:", "if False:", "a question may lie before the receipt"),
    Mutation(
        "R03",
        _NOT_RECEIVED,
        "if published_on > received or published_on > today:",
        "if False:",
        "a message is set aside though no channel was published yet",
    ),
    Mutation(
        "R03",
        _NOT_RECEIVED,
        "if case.channel in published:",
        "if False:",
        "a message that came over a published channel is set aside",
    ),
    Mutation(
        "R07",
        _PAGE_WORDS,
        "if start == end:",
        "if True:",
        "systems that were read at two times are shown as of one",
    ),
    Mutation(
        "R12",
        "law/person.py",
        "return order.index(self) >= order.index(risk)",
        "return True",
        "any check does for any risk",
    ),
    Mutation(
        "R14",
        "selection/identity_graph.py",
        "yield Key(name, str(value), _instant(valid_from), _instant(valid_to))",
        "yield Key(name, str(value), None, None)",
        "an address of the past leads to data of who has it now",
    ),
    Mutation(
        "R15",
        _MANDATE,
        "if until is not None and date.fromisoformat(until) < today:",
        "if False:",
        "a mandate that ran out suffices",
    ),
    Mutation(
        "R15",
        _MANDATE,
        'if form["answer_by"] == "insecure_portal":',
        "if False:",
        "an answer goes to a portal that was found unsafe",
    ),
    Mutation(
        "R16",
        _MANDATE,
        'if form["kind"] == "parental_authority" and minor is Minor.NO:',
        "if False:",
        "parents ask for a person who is old enough",
    ),
)

SCOPE = (
    Mutation(
        "R18",
        _DECISION,
        "if not origin.from_the_person and not _received(facts):",
        "if False:",
        "what was worked out is portable",
    ),
    Mutation(
        "R18",
        _DECISION,
        "if facts.origin is None and not facts.mixed:",
        "if False:",
        "what is not classified is decided on",
    ),
    Mutation(
        "R20",
        _DECISION,
        "given = not self.public_task and self.special_portable is not False",
        "given = self.special_portable is not False",
        "data of a public task are portable",
    ),
    Mutation(
        "R20",
        "domain/vocabulary.py",
        'PORTABLE = frozenset({"A6-1-a", "A9-2-a", "A6-1-b"})',
        'PORTABLE = frozenset({"A6-1-a", "A9-2-a", "A6-1-b", "A6-1-f"})',
        "data of a legitimate interest are portable",
    ),
    Mutation(
        "R20",
        _DECISION,
        "if any(not p.consent_missing for p in portable):",
        "if portable:",
        "data whose consent was taken back are given unasked",
    ),
    Mutation(
        "R21",
        _DECISION,
        "if any(not p.consent_missing for p in portable):",
        "if portable and len(portable) == len(facts.purposes):",
        "one purpose that is not portable keeps a column back",
    ),
    Mutation(
        "R22",
        _DECISION,
        "if policy.legitimate_interest and any(",
        "if any(",
        "data outside Art. 20 are given though that was not switched on",
    ),
    Mutation("R23", _DECISION, "if not facts.automated:", "if False:", "paper is portable"),
    Mutation(
        "R24",
        _DECISION,
        "if not facts.wanted:",
        "if False:",
        "what the person did not want is given",
    ),
    Mutation(
        "R25",
        _TRIGGERS,
        "if not request.right.terms.specified or request.limits:",
        "if not request.right.terms.specified:",
        "who said what they want is asked what they want",
    ),
    Mutation(
        "R87",
        _DECISION,
        "return Action.EXISTS_ONLY",
        "return Action.INCLUDE",
        "a password hash leaves the warehouse",
    ),
)

OTHERS = (
    Mutation(
        "R31",
        _DECISION,
        "facts.third_party in (None, ThirdParty.ASK)",
        "facts.third_party is ThirdParty.ASK",
        "others' data on which no decision was made are given",
    ),
    Mutation(
        "R31",
        "selection/ways.py",
        "unless = () if shared else self._best(table, alias)",
        "unless = ()",
        "a row that bears another person's key is given, as a join reaches it",
    ),
    Mutation(
        "R31",
        _DECISION,
        "return scope if _out_anyway(facts, scope) else _OTHERS_UNDECIDED",
        "return _OTHERS_UNDECIDED",
        "an answer about others hands over what portability leaves out",
    ),
    Mutation(
        "R33",
        _DECISION,
        "return scope.action is Action.EXCLUDE and facts.origin is not Origin.THIRD_PARTY",
        "return scope.action is Action.EXCLUDE",
        "what the person received is left out, and no one is asked",
    ),
    Mutation(
        "R31",
        _DECISION,
        "if scope.action is not Action.INCLUDE:",
        "if False:",
        "a mask lets in what is left out",
    ),
    Mutation(
        "R33",
        _DECISION,
        "if facts.about is About.THIRD_PARTY and facts.third_party is ThirdParty.MASK:",
        "if facts.about is About.THIRD_PARTY:",
        "what the person received for own use is masked",
    ),
    Mutation(
        "R36",
        _GAPS,
        "_ON_SHEET = (Action.INCLUDE, Action.MASK, Action.EXISTS_ONLY)",
        "_ON_SHEET = (Action.INCLUDE, Action.EXISTS_ONLY)",
        "the information sheet is silent on masked columns",
    ),
    Mutation(
        "R36",
        _GAPS,
        "return field.action in _ON_SHEET or withheld",
        "return field.action in _ON_SHEET",
        "the information sheet is silent on what others' rights keep back",
    ),
)

CLOCK = (
    Mutation(
        "R38",
        _CALENDAR,
        "(self.not_settled(day) if unsettled else None)",
        "self.not_settled(day)",
        "of two readings of a day the later is due",
    ),
    Mutation(
        "R38",
        _CALENDAR,
        "count -= self.day_off(day) is None and self.not_settled(day) is None",
        "count -= self.day_off(day) is None",
        "the target lies on a day that may be a day off",
    ),
    Mutation(
        "R38",
        _CALENDAR,
        "if day in _not_settled(self.country, day.year):",
        "if False:",
        "what may be no day off moves the last day",
    ),
    Mutation(
        "R38",
        _CALENDAR,
        "if second is None:",
        "if True:",
        "one package alone says what is a day off",
    ),
    Mutation(
        "R39",
        "law/clock/suspension.py",
        "if timeline.of(FactKind.EXTENDED):",
        "if False:",
        "a request is extended twice",
    ),
    Mutation(
        "R40",
        "law/clock/suspension.py",
        "if not reasons or set(reasons) - set(REASONS):",
        "if not reasons:",
        "a reason that the law does not know extends",
    ),
    Mutation(
        "R41",
        _DEADLINE,
        "extended = until is None or extension_sent <= until",
        "extended = True",
        "an extension that came too late counts",
    ),
    Mutation(
        "R42",
        _DEADLINE,
        "counts = suspension.start <= whole.due",
        "counts = True",
        "a question after the last day stops the clock",
    ),
    Mutation(
        "R42",
        _SUSPENSION,
        "if timeline.identified_at is not None:",
        "if False:",
        "a confirmed identity is doubted once more",
    ),
    Mutation(
        "R43",
        _SUSPENSION,
        "if sending.on < day:",
        "if False:",
        "the further question lies before the reply that fell short",
    ),
    Mutation(
        "R44",
        "casework/partial_response/question.py",
        "if later.about not in done and date.fromisoformat(later.rest_by) >= today",
        "if later.about not in done",
        "a source is left for later when its day is over",
    ),
    Mutation(
        "R45",
        "law/clock/clock.py",
        "if found.notice_due and notified > found.notice_due:",
        "if False:",
        "a refusal that was sent too late is no breach",
    ),
)

REFUSAL = (
    Mutation(
        "R31",
        _GROUND_CHECK,
        ".difference(places, columns - left)",
        ".difference(places)",
        "a part that names every column refuses the whole",
    ),
    Mutation(
        "R48",
        _GROUND_CHECK,
        "if never is not None:",
        "if False:",
        "what is never a ground is not named as such",
    ),
    Mutation(
        "R48", _GROUND_CHECK, "if not _signed(ground, signers):", "if False:", "anybody signs a refusal"
    ),
    Mutation(
        "R54",
        _OVERLAP,
        "if earlier.state.open:",
        "if False:",
        "a request that is still open is reminded of as if it had been answered",
    ),
    Mutation(
        "R55",
        _OVERLAP,
        "if None in (later.identified_at, earlier.identified_at):",
        "if False:",
        "requests of people who are not identified are merged",
    ),
    Mutation("R55", _OVERLAP, "if not narrower:", "if False:", "a wider request ends in a narrower one"),
    Mutation(
        "R57",
        "domain/request.py",
        "if right.terms.machine_readable and name in NOT_PORTABLE_FORMATS:",
        "if name in NOT_PORTABLE_FORMATS:",
        "an access request is refused a format by a rule of portability",
    ),
    Mutation(
        "R60",
        "extraction/uploads.py",
        "whole = {f.name: f for f in part.selected if f.action is Action.INCLUDE}",
        "whole = {f.name: f for f in part.selected}",
        "a file goes along, or is missed, whose column is masked",
    ),
)

SHEET_AND_FILE = (
    Mutation(
        "R74",
        _GAPS,
        "if recipient.name is not None and boilerplate(recipient.name):",
        "if False:",
        "“partners” is the name of a recipient",
    ),
    Mutation(
        "R75",
        _INFORMATION,
        "if boilerplate(text) or _OPEN_END.search(plain):",
        "if boilerplate(text):",
        "a period with an open end passes",
    ),
    Mutation(
        "R75",
        _INFORMATION,
        "return opening is not None and any(",
        "return opening is None or any(",
        "words that name no event start a period",
    ),
    Mutation(
        "R75",
        _GAPS,
        "elif retention.trigger is None and retention.from_ is None:",
        "elif False:",
        "a period starts at nothing",
    ),
    Mutation("R76", _GAPS, "elif decision is True:", "elif False:", "that there is a decision explains it"),
    Mutation(
        "R80",
        "sources/duckdb/session.py",
        "read_only=True",
        "read_only=False",
        "a source is opened to be written",
    ),
    Mutation(
        "R84",
        "casework/notices/reviews.py",
        "if not row.lifted and row.review_on <= today",
        "if row.review_on <= today",
        "a restriction that was lifted is to be looked at",
    ),
)

MUTATIONS = (*INTAKE, *SCOPE, *OTHERS, *CLOCK, *REFUSAL, *SHEET_AND_FILE)
