"""Whether a printed sentence holds; the SQL is in `testbed.claims.world`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from testbed.claims.case import Case, as_days, predicates
from testbed.claims.marks import Mark
from testbed.claims.printed import Printed
from testbed.claims.world import COLUMNS, DELIVERED, HELD, STAFF, SYSTEMS, World

Judge = Callable[[World, Printed], bool]
JUDGES: dict[str, Judge] = {}


def claim(*names: str) -> Callable[[Judge], Judge]:
    """Register the predicate of claims."""

    def register(judge: Judge) -> Judge:
        JUDGES.update(dict.fromkeys(names, judge))
        return judge

    return register


def number(printed: Printed) -> int:
    filled = printed.filled.get("n")
    return int(re.sub(r"\D", "", filled)) if filled else 1


@claim("reference")
def _(world: World, printed: Printed) -> bool:
    return world.state.request in printed.text


@claim("is_part", "rest_follows", "part_ready", "some_failed", "missing_systems", "rest_by")
def _(world: World, printed: Printed) -> bool:
    parts = world.facts("partly_delivered")
    club = tuple(SYSTEMS["club"])
    listed = printed.marks[0].claim != "missing_systems" or all(
        item.startswith(club) for item in printed.items
    )
    return world.document.startswith(("part", "letter partial")) and bool(parts) and listed


@claim("is_supplement", "supplement_ready", "part_given_before", "both_parts_whole", "supplement_systems")
def _(world: World, printed: Printed) -> bool:
    club = printed.marks[0].claim != "supplement_systems" or set(printed.items) <= SYSTEMS["club"]
    whole = printed.marks[0].claim != "both_parts_whole" or world.mail != "not_searched"
    rest = world.document.startswith(("rest", "letter supplement"))
    return rest and whole and club and bool(world.facts("partly_delivered"))


@claim("is_whole_after_part", "promised_but_gone", "given_again", "view_not_confirmed")
@claim("history_not_read", "tables_closed")
def _(_world: World, _printed: Printed) -> bool:
    return False  # the club comes back as it was, and every table is searched


@claim("all_given")
def _(world: World, printed: Printed) -> bool:
    listed, masked = bool(world.reasons), world.masked
    whole = not world.portability and not world.document.startswith("part")
    read = {"everything_left_out": listed, "everything_masked": masked, "everything_both": listed and masked}
    whole = whole and world.mail != "not_searched"
    return whole and (len(printed.keys) > 1 or read.get(printed.keys[0], not listed and not masked))


@claim("given_origins")
def _(world: World, printed: Printed) -> bool:
    if "ander" in printed.text or "another" in printed.text:
        return world.portability
    origins = {origin for origin in world.values() if origin in ("provided", "observed")}
    named = {"portable_provided": {"provided"}, "portable_observed": {"observed"}}
    return bool(origins) and any(origins == named.get(key, origins) for key in printed.keys)


@claim("tables_given")
def _(world: World, printed: Printed) -> bool:
    return number(printed) == sum(bool(world.given(table)) for table in world.tables)


@claim("tables_without")
def _(world: World, printed: Printed) -> bool:
    return number(printed) == sum(not world.given(table) for table in world.tables)


@claim("nothing_given", "nothing_to_give")
def _(world: World, _printed: Printed) -> bool:
    part = world.document.startswith(("part", "rest"))  # then another part has what was given
    return not part and not any(map(world.given, world.tables)) and world.mail != "given"


@claim("evasive_words", "nothing_held.mostly_that_is_because_we")
def _(world: World, _printed: Printed) -> bool:
    return world.evasive


@claim("nothing_found")
def _(world: World, _printed: Printed) -> bool:
    searched = world.mail in ("", "nothing_held")
    return not world.evasive and not world.held and searched and not world.state.kept_back


@claim("none_found", "none_found_here", "none_found_count")
def _(world: World, printed: Printed) -> bool:
    without = {table for table in world.tables if world.read(table) and not world.given(table)}
    empty = {table for table in without if not world.rows(table)}
    named = set(printed.items) <= {table.partition(".")[2] for table in empty}
    counted = printed.marks[0].claim != "none_found_count" or number(printed) == len(empty)
    return empty == without and not world.evasive and not world.portability and named and counted


UNSTATED = ("Mailbox", "Pap", "Reservekopie", "Back-up")


@claim("unsearched")
def _(world: World, printed: Printed) -> bool:
    named = SYSTEMS["mail"] if world.mail in ("", "not_searched") else ()
    return all(item.startswith((*UNSTATED, *named)) for item in printed.items)


@claim("search_nothing")
def _(world: World, _printed: Printed) -> bool:
    return world.mail in ("", "not_searched") and world.document.startswith("rest")


@claim("empty_field")
def _(world: World, _printed: Printed) -> bool:
    return not world.evasive


@claim("page.nothing_in_part", "sheet.answer_part")
def _(world: World, _printed: Printed) -> bool:
    return world.document.startswith(("part", "rest")) and not any(map(world.given, world.tables))


@claim("sheet.answer_files")
def _(world: World, _printed: Printed) -> bool:
    return any("data/files/mail/" in path for path in world.paths)


@claim("rows_given")
def _(world: World, printed: Printed) -> bool:
    table = printed.filled.get("table") or printed.heading
    names = [t for t in world.tables if t.partition(".")[2] == table]
    if not names:  # the table of contents names them elsewhere
        return number(printed) in {world.given(t) for t in world.tables}
    return number(printed) == world.given(names[0])


@claim("systems_read", "searched_systems")
def _(world: World, printed: Printed) -> bool:
    read = {t.partition(".")[0] for t in world.tables if world.read(t) or "letter" in world.document}
    read |= {"mail"} if world.mail in ("given", "nothing_held") else set()
    true = set(printed.items) == {name for name in printed.items if any(name in SYSTEMS[s] for s in read)}
    whole = "letter" not in world.document or all({*SYSTEMS[s]} & {*printed.items} for s in read)
    return true and whole


@claim("searched_for_keys")
def _(_world: World, printed: Printed) -> bool:
    return bool(printed.items)


@claim("left_out_because")
def _(world: World, printed: Printed) -> bool:
    return not world.reasons_with_keys.isdisjoint(printed.keys)


@claim("page.left_out_rows")
def _(world: World, printed: Printed) -> bool:
    return "mentioned" in world.reasons and number(printed) == len(world.rows("shop.staff", STAFF))


@claim("something_left_out", "access_offers_more")
def _(world: World, printed: Printed) -> bool:
    if "reply_access" in printed.keys:
        return not world.portability and bool(world.reasons - {"security_secret"})
    return bool(world.reasons_with_keys) and (
        printed.marks[0].claim == "something_left_out" or world.portability
    )


@claim("letter_left_out")
def _(world: World, _printed: Printed) -> bool:
    return bool(world.reasons_with_keys)


@claim("nothing_left_out")
def _(world: World, _printed: Printed) -> bool:
    return not world.reasons


@claim("secret_kept")
def _(world: World, _printed: Printed) -> bool:
    return bool(world.rows("shop.customer")) or world.portability


@claim("own_rows")
def _(world: World, printed: Printed) -> bool:
    return world.portability and printed.keys[0] == f"own_rows_{world.state.map.origins['said']}"


@claim("bundle_ready", "files_are_at", "files_until")
def _(world: World, _printed: Printed) -> bool:
    return bool(world.ask(DELIVERED)[0][0])


@claim("readme_files", "readme_sheet")
def _(world: World, printed: Printed) -> bool:
    named = set(re.findall(r"data/\w+\.\w+|index\.html", printed.text))
    return named <= world.paths


@claim("bundle_signed", "bag_lists_files")
def _(world: World, _printed: Printed) -> bool:
    return {"tagmanifest-sha256.txt.sig", "bag-info.txt", "manifest-sha256.txt"} <= world.paths


@claim("not_looked_up")
def _(world: World, printed: Printed) -> bool:
    counted = printed.heading.startswith(("Rijen met uw e-mail", "Rows with your e-mail"))
    return not counted and not all(map(world.read, world.tables))


@claim("some_not_searched", "not_searched_because")
def _(world: World, printed: Printed) -> bool:
    mailbox = printed.marks[0].claim != "some_not_searched" or set(printed.items) <= SYSTEMS["mail"]
    return world.mail == "not_searched" and mailbox


@claim("page.searched", "page.searched_intro", "page.searched_on")
def _(world: World, printed: Printed) -> bool:
    return world.mail in (
        ("given", "nothing_held")
        if "{day}" in printed.marks[0].en
        else ("given", "nothing_held", "not_searched")
    )


@claim("page.searched_given", "page.files_found")
def _(world: World, printed: Printed) -> bool:
    found = [path for path in world.paths if path.startswith("data/files/mail/")]
    plain = "open" in printed.text or number(printed) == len(found)
    return world.mail == "given" and bool(found) and plain


@claim("page.searched_none")
def _(world: World, _printed: Printed) -> bool:
    return world.mail == "nothing_held"


@claim("nothing_portable")
def _(world: World, _printed: Printed) -> bool:
    portable = world.mail == "given" or any(True for _ in world.values())
    return world.portability and world.held > 0 and not portable


@claim("rows_held")
def _(world: World, _printed: Printed) -> bool:
    return world.held > 0


@claim("systems_with_rows")
def _(world: World, printed: Printed) -> bool:
    with_rows = {table.partition(".")[0] for table in HELD if world.rows(table) and table != world.hidden}
    return {system for system in SYSTEMS if SYSTEMS[system] & set(printed.items)} == with_rows


@claim("kinds_not_portable")
def _(world: World, printed: Printed) -> bool:
    return world.portability and bool(printed.items)


OUTSIDE = {
    "basis": {"basis_not_portable"},
    "public_task": {"public_task"},
    "provided": {"origin_derived", "origin_inferred", "origin_assigned", "policy_observed"},
}
"""Part of Art. 20(1) -> reasons of columns that are outside by it; no column of these shops is by another."""


@claim("gates_of_rule")
def _(world: World, printed: Printed) -> bool:
    if printed.items:  # what comes before the list
        return world.portability
    return any(OUTSIDE.get(key, set()) & world.reasons_with_keys for key in printed.keys)


@claim("nothing_changed")
def _(_world: World, _printed: Printed) -> bool:
    return True  # the generator compares the files of the sources before and after


def _always(_world: World) -> bool:
    return True


OWED: dict[str, tuple[str, Callable[[World], bool]]] = {
    "is_part": ("part page$", _always),
    "rest_by": ("(part page|letter partial_delivery)$", _always),
    "is_supplement": ("rest page$", _always),
    "tables_given": (" page$", lambda w: any(w.given(table) for table in w.tables)),
    "access_offers_more": (" page$", lambda w: w.portability and bool(w.reasons)),
    "some_not_searched": (" page$", lambda w: w.mail == "not_searched"),
    "kinds_not_portable": (
        "letter nothing_portable$",
        lambda w: any(w.filled(table, column) for table in HELD for column in COLUMNS[table]),
    ),
    "page.files_found": (" page$", lambda w: any("data/files/mail/" in path for path in w.paths)),
    "sheet.answer_files": (" sheet$", lambda w: any("data/files/mail/" in path for path in w.paths)),
    "not_looked_up": (" page$", lambda w: w.portability and not all(map(w.read, w.tables))),
}
"""Claims that are filled wherever they hold, or the person would not know: the document, and when they hold."""


def silences(case: Case, found: list[Printed]) -> Iterator[str]:
    """What holds, is owed to the person and is not filled."""
    world, made = case.world, {mark.claim for printed in found for mark in printed.marks}
    owed = {
        name
        for name, (document, holds) in OWED.items()
        if re.search(document, world.document) and holds(world)
    }
    for predicate in predicates():
        if predicate.owed and re.search(predicate.document, world.document) and case.holds(predicate):
            owed |= set(predicate.claims)
    for name in sorted(owed - made):
        yield f"{world.document}: nothing says {name}, which holds"


def lies(case: Case, found: list[Printed]) -> Iterator[str]:
    """Sentences whose claims are all judged false."""
    for printed in found:
        verdicts = [
            verdict(case, printed, mark, key) for mark, key in zip(printed.marks, printed.keys, strict=True)
        ]
        if False in verdicts and set(verdicts) == {False}:
            yield f"{case.world.document}: {printed.text!r} ({', '.join(mark.claim for mark in printed.marks)})"


def verdict(case: Case, printed: Printed, mark: Mark, key: str) -> bool | None:
    """Whether a claim holds; None: nothing judges it."""
    if mark.claim in JUDGES:
        return JUDGES[mark.claim](case.world, printed)
    of = [p for p in predicates() if mark.claim in p.claims and re.search(p.document, case.world.document)]
    filled = {**as_days(printed.filled), "text": printed.text, "heading": printed.heading}
    filled["section"] = printed.section
    filled |= {"digits": number(printed), "items": printed.items or None}
    if "purposes" in printed.filled or "tables" in printed.filled:
        named = printed.filled.get("purposes") or printed.filled["tables"]
        filled["items"] = tuple(re.split("; |, ", named))
    return any(case.holds(predicate, key, **filled) for predicate in of) if of else None


def judged() -> set[str]:
    """The claims that a predicate judges."""
    return {*JUDGES, *(claim for predicate in predicates() for claim in predicate.claims)}
