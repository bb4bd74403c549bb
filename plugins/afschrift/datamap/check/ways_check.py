"""Check keys, joins and other pointers against the rows, with one or two statements each."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.datamap.check.finding import Code, Finding
from afschrift.datamap.check.probe import CheckedSource
from afschrift.datamap.reader import NotAnsweredError, NotReachedError
from afschrift.domain.errors import AfschriftError, ConfigurationError, NeedsPersonError, UnreadFilesError
from afschrift.domain.keys import Unique, key_form
from afschrift.domain.notation import count
from afschrift.inventory.joins import Hop, foreign_keys, hops, is_look_up, leads_to_person, references
from afschrift.inventory.table import Table

_OF_WAYS = frozenset(
    {Code.KEY_NOT_UNIQUE, Code.JOIN_FINDS_NOTHING, Code.JOIN_CROSSES_PERSONS, Code.POINTS_TO_NOTHING}
)
_OF_SPELLINGS = frozenset({Code.KEY_NOT_NORMAL, Code.KEYS_OF_ONE_FORM, Code.KEYS_EQUAL_TO_DATABASE})
_GONE = "find out where these rows went in the source: no person is given what points to them by this way"
_LOST = "find out where these rows went in the source; a reader of an answer cannot follow the pointer"
_MEND = "such rows are not given, and a request that finds one asks: correct the join, or set `shared_rows`"


def ways(of: CheckedSource) -> Iterator[Finding]:
    """Yield keys that repeat, and joins that find nothing or reach rows of other persons.

    The last is not checked for a table with `shared_rows`: it is decided there.
    """
    for name, table in of.personal():
        try:
            yield from _key(of, name, table)
            for hop in hops(of.declared, name):
                yield from _join(of, name, table, hop)
        except NotReachedError:
            raise
        except NotAnsweredError as why:
            words = f"{of.path(name)}: its key and joins were not checked: {why.args[0]}"
            yield of.finding(Code.NOT_LOOKED_AT, (name,), words, why.remedy, undecided=_OF_WAYS)
        except AfschriftError as why:  # it names a column that does not exist
            code = Code.NO_RIGHT if isinstance(why, NeedsPersonError) else Code.COLUMN_GONE
            code = Code.FILES_NOT_READ if isinstance(why, UnreadFilesError) else code
            yield of.finding(code, (name,), str(why.args[0]), why.remedy, undecided=_OF_WAYS)


def _key(of: CheckedSource, name: str, table: Table) -> Iterator[Finding]:
    if not table.key:
        return
    columns = [of.finder.column(name, column) for column in table.key]
    looked = of.rows(name)
    repeated = of.numbers("repeated_keys.sql", looked.relation, columns=columns)[0]
    if repeated:
        among = "" if looked.whole else f" {looked.words}"
        yield of.finding(
            Code.KEY_NOT_UNIQUE,
            (name,),
            f"{of.path(name)}: `key` {', '.join(table.key)} is not unique: "
            f"{count(repeated, 'value')} in several rows{among}",
            "name columns that are unique together, or leave `key` out",
        )


def _join(of: CheckedSource, name: str, table: Table, hop: Hop) -> Iterator[Finding]:
    yield from _meets(of, name, hop)
    own = [key for key in table.subject if of.inventory.identity.keys[key].unique is Unique.YES]
    leads = leads_to_person(of.declared, hop.parent, frozenset({name}))
    if own and leads and table.shared_rows is None:
        yield from _others(of, name, own[0], hop)


def _meets(of: CheckedSource, name: str, hop: Hop) -> Iterator[Finding]:
    """Check that a join finds rows. Types that do not compare are an error in some databases only."""
    place, way = (name, hop.pairs[0][0]), _way(of, name, hop)
    try:
        rows, found, among = _pointing(of, name, hop)
    except NotAnsweredError as why:
        if why.failed:
            words = f"{way}: {_types(of, name, hop)} do not compare"
            yield of.finding(Code.JOIN_FINDS_NOTHING, place, words, "cast one of them in a view")
            return
        raise
    look_up = is_look_up(of.declared, name, hop)
    back = Hop(name, tuple((theirs, own) for own, theirs in hop.pairs))
    if look_up and not found and not _pointing(of, hop.parent, back)[0]:
        return  # nothing points there yet
    if rows and not found:
        yield of.finding(
            Code.JOIN_FINDS_NOTHING,
            place,
            f"{way}: none of {count(rows, 'row')}{among} finds a row there, so no person is "
            f"given these by this way; {_types(of, name, hop)} are compared",
            "check whether these columns hold the same values, and whether the join is right",
            sure=not among,
        )
    elif rows > found and not look_up:  # a city may have no customer
        yield of.finding(Code.POINTS_TO_NOTHING, place, _orphans(way, rows, found, among), _GONE)


def _pointing(of: CheckedSource, name: str, hop: Hop) -> tuple[int, int, str]:
    """Return the numbers of rows that point to another and of those that find it, and the sample in words."""
    looked = of.rows(name)
    rows, found = of.numbers(
        "rows_that_point.sql",
        looked.relation,
        parent=of.finder.relation(hop.parent),
        pairs=_equal_pairs(of, name, hop),
        columns=[of.finder.column(name, column) for column, _ in hop.pairs],
    )
    return rows, found, "" if looked.whole else f", {looked.words},"


def _orphans(way: str, rows: int, found: int, among: str) -> str:
    return f"{way}: {rows - found:,} of {count(rows, 'row')} that point there{among} find no row"


def _types(of: CheckedSource, name: str, hop: Hop) -> str:
    native = of.finder.native
    return ", ".join(
        f"{own} ({native(name, own)}) and {theirs} ({native(hop.parent, theirs)})"
        for own, theirs in hop.pairs
    )


def _others(of: CheckedSource, name: str, key: str, hop: Hop) -> Iterator[Finding]:
    """Yield joins that reach rows with the key of another person than the joined row's."""
    way, finder, looked = _way(of, name, hop), of.finder, of.rows(name)
    place = (name, hop.pairs[0][0])
    own = of.declared.tables[name].subject[key].column
    columns = [finder.column(name, column) for column, _ in hop.pairs]
    persons = of.numbers(
        "persons_of_a_join.sql", looked.relation, own=finder.column(name, own), columns=columns
    )[0]
    if persons > 1:
        words = f"{way}: rows of up to {persons} persons point to one row there"
        yield of.finding(Code.JOIN_CROSSES_PERSONS, place, words, _MEND)
    if key in of.declared.tables[hop.parent].subject:
        theirs = of.declared.tables[hop.parent].subject[key].column
        rows = of.numbers(
            "disagreeing.sql",
            looked.relation,
            parent=finder.relation(hop.parent),
            pairs=_equal_pairs(of, name, hop),
            same=finder.equal((name, own, "t"), (hop.parent, theirs, "p")),
        )[0]
        if rows:
            words = f"{way}: {rows} row(s) have another {key} than the row that they point to"
            yield of.finding(Code.JOIN_CROSSES_PERSONS, place, words, _MEND)


def _way(of: CheckedSource, name: str, hop: Hop) -> str:
    return f"{of.path(name)} by {', '.join(own for own, _ in hop.pairs)} -> {hop.parent}"


def _equal_pairs(of: CheckedSource, name: str, hop: Hop) -> list[str]:
    return [of.finder.equal((name, own, "t"), (hop.parent, theirs, "p")) for own, theirs in hop.pairs]


def pointers(of: CheckedSource) -> Iterator[Finding]:
    """Yield rows that point to nothing by `references`, unless a foreign key of the database excludes it."""
    for name, table in of.personal():
        held = foreign_keys(name, of.named.foreign_keys)
        known = {(hop.parent, frozenset(hop.pairs)) for hop in (*hops(of.declared, name), *held)}
        for hop in references(of.declared, name):
            own = hop.pairs[0][0]
            if (hop.parent, frozenset(hop.pairs)) not in known and own in table.references:
                way = f"{of.path(name)} by {own} -> {hop.parent}"
                found = _pointing_nowhere(of, name, way, hop)
                undecided = {Code.POINTS_TO_NOTHING}
                yield from of.unless_unanswered((name, own), f"{way}: not checked", undecided, found)


def _pointing_nowhere(of: CheckedSource, name: str, way: str, hop: Hop) -> Iterator[Finding]:
    rows, found, among = _pointing(of, name, hop)
    if rows > found:
        words = _orphans(way, rows, found, among)
        yield of.finding(Code.POINTS_TO_NOTHING, (name, hop.pairs[0][0]), words, _LOST)


def keys(of: CheckedSource) -> Iterator[Finding]:
    """Yield keys of text in another form than declared, and keys that differ only in their bytes."""
    for name, table in of.personal():
        for key, link in table.subject.items():
            words = f"{of.path(name, link.column)}: the spellings of its keys were not checked"
            found = _spellings(of, name, key)
            yield from of.unless_unanswered((name, link.column), words, _OF_SPELLINGS, found)


def _spellings(of: CheckedSource, name: str, key: str) -> Iterator[Finding]:
    table, finder = of.declared.tables[name], of.finder
    link = table.subject[key]
    if not of.dialect.is_text(finder.native(name, link.column)):
        return
    looked, path, place = of.rows(name), of.path(name, link.column), (name, link.column)
    if not of.dialect.compares_bytes:
        yield from _unknown(of, name, key, looked.relation)
        return
    sides = finder.stored_and_form(name, key)
    alike, other, repeated = of.numbers("spellings.sql", looked.relation, **sides)
    among = "" if looked.whole else f", {looked.words}"
    if other and link.normal is not None:
        words = f"{path}: {count(other, 'key')} not in the form `{link.match}` that `normal` states{among}"
        yield of.finding(Code.KEY_NOT_NORMAL, place, words, "remove `normal`, or correct the keys")
    elif other:
        words = f"{path}: {count(other, 'key')} not stored in the normal form `{link.match}`{among}"
        yield of.finding(Code.KEY_IN_OTHER_FORM, place, words, _index(of, name, key))
    one_each = table.key == (link.column,) or (looked.whole and not repeated)
    if alike and one_each and of.inventory.identity.keys[key].unique is Unique.YES:
        words = f"{path}: {count(alike, 'key')} differ from another one only in spelling{among}"
        remedy = "correct them: a request for one of these persons stops"
        yield of.finding(Code.KEYS_OF_ONE_FORM, place, words, remedy)
    if finder.type_of(name, link.column).loose:
        column = finder.column(name, link.column)
        equal = of.numbers("equal_keys.sql", looked.relation, column=column, form=sides["form"])[0]
        if equal:
            words = f"{path}: the database treats several keys as equal, {count(equal, 'time')}{among}"
            remedy = "nothing, if these are several persons: requests ask; else set another `match`"
            yield of.finding(Code.KEYS_EQUAL_TO_DATABASE, place, words, remedy)


def _unknown(of: CheckedSource, name: str, key: str, relation: str) -> Iterator[Finding]:
    """Check keys of a database that cannot compare bytes by reading the texts."""
    column = of.declared.tables[name].subject[key].column
    path, place = of.path(name, column), (name, column)
    try:
        of.finder.holds(name, key)
    except ConfigurationError as why:
        yield of.finding(Code.STATEMENT_FAILS, place, f"{path}: {why.args[0]}", why.remedy)
        return
    texts = f"SELECT {of.finder.column(name, column)} FROM {relation} AS t"  # noqa: S608 - quoted
    held = {str(text) for (text,) in of.probe.rows(texts) if text is not None}
    other = sum(key_form(text) != text for text in held)
    if other:
        words = f"{path}: {count(other, 'key')} not in the form `exact` that `normal` states"
        yield of.finding(Code.KEY_NOT_NORMAL, place, words, "remove `normal`, or correct the keys")
    if len({text.casefold() for text in held}) < len(held):
        words = f"{path}: keys differ only in case, which the database may treat as equal"
        remedy = "give the column a collation that compares bytes: a request for one of them is refused"
        yield of.finding(Code.KEYS_EQUAL_TO_DATABASE, place, words, remedy)


def _index(of: CheckedSource, name: str, key: str) -> str:
    """Return the remedy to find such keys without a full scan."""
    link, dialect = of.declared.tables[name].subject[key], of.dialect
    form = dialect.key_form(dialect.quote(link.column), of.finder.native(name, link.column), link.match)
    index = dialect.index_on(of.finder.relation(name), form)
    if index is None:
        return "nothing: a full scan finds them; corrected and with `normal`, an index finds them"
    return f"nothing, if a full scan is fast enough; else an index: {index}"
