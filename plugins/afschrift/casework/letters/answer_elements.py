"""Elements of letters about an answer or a part of it: where files are, what is missing (R44)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afschrift.app.settings import Settings
from afschrift.bundle.description.redactions import column_titles, grounds_of
from afschrift.bundle.page.search_statement import key_line, never_searched, not_searched
from afschrift.bundle.page.words import PageWords
from afschrift.casework.copy_findings import last_day
from afschrift.casework.decision.denial import EVASIVE, PLAIN, evasive_sources
from afschrift.casework.delivery.removing import link_of, must_lie_there
from afschrift.casework.officer import Officer
from afschrift.domain.errors import ConfigurationError, FormError
from afschrift.domain.plan import Plan
from afschrift.domain.request import Request
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.encryption.portal_file import PORTAL
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory, ManualSource, SourceFile
from afschrift.inventory.organisation import KeyDeclaration
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import FactKind, FactRow, Timeline
from afschrift.law.partial_response import parts
from afschrift.letters.element_values import ITEMS, LINE
from afschrift.letters.elements import EACH_ITS_WAY, OWN_KEYS, TAKES_ALONG, gates
from afschrift.letters.kinds import LetterKind
from afschrift.letters.words import LetterWords
from afschrift.register.deliveries import DeliveryRow
from afschrift.register.register import Register

KINDS = "kinds"
"""The element of the letter nothing_portable."""
PARTIAL, SUPPLEMENT = "partial_delivery", "supplement"


def answer_elements(
    settings: Settings, register: Register, timeline: Timeline, about: FactRow | None, language: str
) -> dict[str, Any]:
    """Elements by name; none where the letter is not about an answer that is ready, or nothing is known.

    Args:
        settings: of the installation.
        register: of the installation.
        timeline: of the request.
        about: the fact that the letter is about.
        language: of the letter.

    Raises:
        ConfigurationError: the inventory cannot be used, or the options of the destination.
    """
    if about is None or about.kind not in (FactKind.ANSWER_READY, FactKind.PARTLY_DELIVERED):
        return {}
    if about.kind is FactKind.PARTLY_DELIVERED or about.detail["state"] == State.READY:
        return _files(settings, register, timeline, about.detail.get("bundle"))
    inventory = load(settings.inventory)
    keys = _searched_for(settings, register, timeline, about, language)
    if about.detail["state"] == State.NOTHING_PORTABLE:
        holding: Mapping[str, Sequence[str]] = about.detail.get("holding", {})
        found = gates(reason for reasons in holding.values() for reason in reasons)
        refused = _titles(inventory.sources, tuple(holding), language)
        return {"refused": refused, "gates": found, "searched_for": keys}
    if about.detail["letter"] != "nothing_held":  # the person's limits leave nothing, so there was no search
        return {}
    named = dict.fromkeys((*about.detail.get("systems", ()), *about.detail.get("searched", ())))
    systems = _titles({**inventory.sources, **inventory.manual}, tuple(named), language)
    return {"searched": systems, "searched_for": keys}


def _searched_for(
    settings: Settings, register: Register, timeline: Timeline, about: FactRow, language: str
) -> list[str]:
    """Keys by which was searched: those that were given with their values, others by their kind (R08)."""
    inventory, given = load(settings.inventory), register.identities.of(timeline.request)
    words = PageWords.load(settings.folder("letters"), language)
    others = sorted({*about.detail.get("keys", ())} - {key.name for key in given})
    lines = [key_line(key, inventory, words, language)[:LINE] for key in given]
    return [*lines, *_titles(inventory.identity.keys, others, language)][:ITEMS]


def decided_elements(
    settings: Settings, kind: LetterKind, about: FactRow | None, language: str
) -> dict[str, Any]:
    """What can be taken along by the policy, and kinds of data that cannot, as was decided (R18-R20).

    Raises:
        ConfigurationError: the inventory or the texts cannot be used.
    """
    if TAKES_ALONG in kind.required:
        return {TAKES_ALONG: "observed" if load(settings.inventory).policy.observed.choice else "provided"}
    if KINDS not in kind.optional:
        return {}
    holding = about.detail.get("holding", {}).values() if about else ()
    words = PageWords.load(settings.folder("letters"), language)
    kinds = [words.phrase("left_out", reason) for reasons in holding for reason in reasons]
    return {KINDS: list(dict.fromkeys(kinds))}


def denial_elements(
    officer: Officer, request: Request, kind: LetterKind, about: FactRow | None
) -> dict[str, Any]:
    """How the letter says that nothing is held, the day of the search and what was not searched (R08, R09).

    In evasive words where it is not known, and of a source that got a policy since.
    """
    if "unsearched" not in kind.optional or (about and about.kind is not FactKind.ANSWER_READY):
        return {}
    detail = about.detail if about else {}
    reasons = detail.get("reasons", {})
    names = dict.fromkeys((*detail.get("unsearched", ()), *reasons))
    words = PageWords.load(officer.settings.folder("letters"), request.language)
    places = [_place(officer, name, words, reasons.get(name, ""), request.language) for name in names]
    places += never_searched(officer.inventory, words, request.language)
    rest: dict[str, Any] = {"unsearched": list(dict.fromkeys(places))}
    rest |= {"searched_on": local_date(about.at, request.zone)} if about else {}
    if "evasive" not in kind.optional:
        return rest
    found = {*detail.get("systems", ()), *detail.get("searched", ())}
    denial = detail.get("denial", EVASIVE)
    if not found.isdisjoint(evasive_sources(officer.register, request)):
        denial = EVASIVE
    flag = {EVASIVE: "evasive", PLAIN: "nothing_found"}.get(denial)
    return ({flag: "yes"} if flag else {}) | rest


def _place(officer: Officer, name: str, words: PageWords, reason: str, language: str) -> str:
    """Title of a source, of a table in it, or of a part of it that has none; with why it was not searched."""
    inventory, (source, dot, table) = officer.inventory, name.partition(".")
    [system] = _titles({**inventory.sources, **inventory.manual}, [source], language)
    if not dot or source not in inventory.sources:
        return not_searched(system, reason, words) if reason else system
    declared = inventory.sources[source]
    entries = [table] if table in declared.tables else declared.entries(table)
    title = next((title for entry in entries if (title := declared.tables[entry].title)), None)
    of_table = title and words.say("column_of", column=title.get(language), table=system)
    return of_table or words.say("part_of", system=system)


def _titles(
    described: Mapping[str, SourceFile | ManualSource | KeyDeclaration], names: Sequence[str], language: str
) -> list[str]:
    """Titles of sources or keys; the name where there is no title."""
    titles = {name: described[name].title for name in names if name in described}
    return [title.get(language) if (title := titles.get(name)) else name for name in names]


def _files(settings: Settings, register: Register, timeline: Timeline, bundle: str | None) -> dict[str, Any]:
    """What opens a bundle, and where the person fetches it if the destination has an address for them."""
    must_lie_there(register, timeline.request, bundle)
    opened: dict[str, Any] = {}
    for delivery in register.deliveries.of(timeline.request):
        if delivery.sha256 != bundle or delivery.destroyed_at:
            continue
        opened = opened_by(settings, delivery)
        if (fetched := settings.options_of(delivery.destination).fetched_at()) is None:
            continue
        link, days = fetched
        until = last_day(delivery, days, timeline.zone)
        where: str | None = link.replace("{file}", delivery.uri.rpartition("/")[2])
        if delivery.encryption == PORTAL:
            where, opened["page"] = link_of(settings, register, delivery), link.removesuffix("/o/{file}")
        if where:
            return {"where": where, "available_until": until.isoformat(), **opened}
    return opened


def opened_by(settings: Settings, delivery: DeliveryRow) -> dict[str, str]:
    """What opens a delivered file: words that are kept, and how they come, or the person's own key."""
    if delivery.has_secret:
        return {"secret_by": settings.options_of(delivery.destination).protection().secret_by or "read_out"}
    return {"own_key": delivery.encryption} if delivery.encryption in OWN_KEYS else {}


def files_together(
    settings: Settings, register: Register, answers: Sequence[tuple[Timeline, FactRow | None]], language: str
) -> dict[str, Any]:
    """Elements about the files of several answers: a line for each, and where they are, if that is known."""
    if len(answers) < 2:
        return {}
    words, lines, places = LetterWords.load(settings.folder("letters"), language), [], []
    opened: dict[str, Any] = {}
    for timeline, ready in sorted(answers, key=lambda answer: answer[0].right):
        bundle = ready.detail.get("bundle") if ready else None
        sent = [row.uri for row in register.deliveries.of(timeline.request) if row.sha256 == bundle]
        if not sent:  # an answer that there is nothing to give
            return {}
        places.append(_files(settings, register, timeline, bundle))
        file = places[-1].get("where", sent[-1].rpartition("/")[2])
        opened |= {name: places[-1][name] for name in ("secret_by", "own_key", "page") if name in places[-1]}
        lines.append(words.say("file", timeline.right).format(file=file))
    ways = [place.get("secret_by") for place in places]
    if len({*ways} - {None}) > 1:
        opened["secret_by"] = EACH_ITS_WAY
        come = words.say("file", "words_come")
        lines = [
            f"{line}. {come.format(way=words.say('secret_by', way))}" if way else line
            for line, way in zip(lines, ways, strict=True)
        ]
    if not all("where" in place for place in places):
        return {"files": lines, **opened}
    until = min(place["available_until"] for place in places)
    return {"files": lines, "where": words.say("file", "at_each"), "available_until": until, **opened}


def lines_together(
    of_each: Mapping[Right, Mapping[str, list[str]]], name: str, words: LetterWords
) -> list[str]:
    """Lines of an element of `PLAN_LINES` for the answers in one letter: once where they are equal."""
    lines = {right: found[name] for right, found in sorted(of_each.items()) if name in found}
    if len(lines) == len(of_each) and all(own == next(iter(lines.values())) for own in lines.values()):
        return next(iter(lines.values()))
    return [line for right, own in lines.items() for line in (words.say("in_file", right), *own)][:ITEMS]


def known_elements(
    settings: Settings, kind: str, timeline: Timeline, language: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Elements with what the register knows of a partial delivery; what was given takes precedence.

    Raises:
        FormError: another day was given than was decided on.
        ConfigurationError: the inventory cannot be used.
    """
    delivered = parts(timeline) if kind in (PARTIAL, SUPPLEMENT) else ()
    if not delivered:
        return dict(given)
    later = delivered[-1].detail["later"]
    if kind == SUPPLEMENT:
        return {"contains": _missing(settings, later, language, "column_of"), **given}
    rest_by = max(source["rest_by"] for source in later)
    if str(given.get("rest_by") or rest_by) != rest_by:
        fault = f"{rest_by} was decided on; leave it out, or decide on another day first"
        raise FormError(
            f"The letter '{kind}' promises another day than was decided on (R44).",
            {"rest_by": fault},
            remedy="leave `rest_by` out; nothing was recorded.",
        )
    missing = _missing(settings, later, language, "column_unread")
    return {"missing": missing, "rest_by": rest_by, **given}


PLAN_LINES = ("masked", "as_stored", "left_out")
"""Elements that the plan of an answer fills."""


def plan_lines(
    settings: Settings, register: Register, request_id: str, language: str
) -> dict[str, list[str]]:
    """Lines about masked cells by column and ground, columns given as they are stored, and what is left out.

    Empty where there is nothing to say, or the plan cannot be read any more.

    Raises:
        ConfigurationError: the inventory or the texts cannot be used.
    """
    steps = register.steps.results(request_id)
    frozen, packed = steps.latest("classify"), steps.latest("package") or {}
    try:
        plan = register.plans.get(request_id, frozen["plan"]) if frozen else None
    except ConfigurationError:  # shredded, or of another version of the software
        plan = None
    parts = plan.extracts if plan else ()
    if plan is None:
        return {}
    counts: dict[tuple[str, str], Mapping[str, int]] = {(part.source, part.table): {} for part in parts}
    for step in steps.every("extract"):  # of each source the last counts
        read = step.result.get("masked", {})
        counts |= {key: read.get(key[1], {}) for key in counts if key[0] == step.part}
    words, inventory = PageWords.load(settings.folder("letters"), language), load(settings.inventory)
    found = {
        "masked": _masked_lines(plan, inventory, counts, words),
        "as_stored": [
            words.say("column_of", **column_titles(inventory, part.source, part.table, field.name, language))
            for part in parts
            for field in part.selected
            if field.damage
        ],
        "left_out": [words.phrase("left_out", reason) for reason in packed.get("left_out", {})],
    }
    return {name: lines[:ITEMS] for name, lines in found.items() if lines}


def _missing(
    settings: Settings, later: Sequence[Mapping[str, Any]], language: str, sentence: str
) -> list[str]:
    """Titles of systems and columns that a part leaves open."""
    inventory = load(settings.inventory)
    words = PageWords.load(settings.folder("letters"), language)
    columns = []
    for entry in later:
        table, _, column = entry.get("place", "").rpartition(".")
        if (
            table
            and entry["source"] in inventory.sources
            and table in inventory.sources[entry["source"]].tables
        ):
            titles = column_titles(inventory, entry["source"], table, column, language)
            columns.append(words.say(sentence, **titles)[:LINE])
    systems = [entry["source"] for entry in later if not entry.get("place")]
    return [*_titles(inventory.sources, systems, language), *columns]


def _masked_lines(
    plan: Plan, inventory: Inventory, counts: Mapping[tuple[str, str], Mapping[str, int]], words: PageWords
) -> list[str]:
    """For each ground its places, and the ground; a sentence that is too long is an item of its own."""
    return [
        line[:LINE]
        for ground in grounds_of(plan, inventory, counts, words)
        for text in (*ground.places, ground.text)
        for line in ([text] if len(text) <= LINE else text.replace(". ", ".\n").split("\n"))
    ]
