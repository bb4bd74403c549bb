"""Keys of text, held against their normal form and against what the database takes for equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from afschrift.datamap.check.finding import Code, Finding, finding
from afschrift.datamap.check.probe import Probe, Rows
from afschrift.datamap.scan.reader import NotAnsweredError, NotReachedError
from afschrift.domain.errors import AfschriftError, ConfigurationError
from afschrift.domain.keys import Unique, key_form
from afschrift.domain.language import count
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.person import WayFinder
from afschrift.selection.statements import render

_LOOKS_FOR = frozenset({Code.KEY_NOT_NORMAL, Code.KEYS_OF_ONE_FORM, Code.KEYS_EQUAL_TO_DATABASE})


@dataclass(frozen=True)
class KeysCheck:
    """Looks at each column of text that holds a key; a statement or two each."""

    declared: SourceFile
    identity: IdentityFile
    probe: Probe
    finder: WayFinder
    rows: Rows
    sql: Path

    def findings(self) -> Iterator[Finding]:
        """Keys in another form than is said or asked for, and keys that only bytes tell apart."""
        for name, table in self.declared.tables.items():
            if not table.personal or name not in self.finder.tables:
                continue
            for key, link in table.subject.items():
                place = (self.declared.source, name, link.column)
                try:
                    if self.finder.dialect.is_text(self.finder.native(name, link.column)):
                        yield from self._key(name, key, place)
                except NotReachedError:
                    raise
                except NotAnsweredError as why:
                    words = f"{'.'.join(place)}: the spellings of its keys were not looked at: {why.args[0]}"
                    yield finding(Code.NOT_LOOKED_AT, place, words, why.remedy, undecided=_LOOKS_FOR)
                except AfschriftError:  # a column that is not there, or closed: said by another check
                    continue

    def _key(self, name: str, key: str, place: tuple[str, ...]) -> Iterator[Finding]:
        table, finder = self.declared.tables[name], self.finder
        link, looked, path = table.subject[key], self.rows.of(name), ".".join(place)
        if not finder.dialect.compares_bytes:
            yield from self._unknown(name, key, place, looked.relation)
            return
        sides = finder.stored(name, key)
        statement = render(self.sql, "spellings.sql", relation=looked.relation, **sides)
        alike, other, repeated = self.probe.numbers(statement)
        among = "" if looked.whole else f", {looked.words}"
        if other and link.normal is not None:
            words = f"{path}: {count(other, 'key')} not in the form `{link.match}`, as `normal` says{among}"
            yield finding(Code.KEY_NOT_NORMAL, place, words, "take `normal` out, or mend the keys")
        elif other:
            words = f"{path}: {count(other, 'key')} not stored in the normal form `{link.match}`{among}"
            yield finding(Code.KEY_IN_OTHER_FORM, place, words, self._index(name, key))
        one_each = table.key == (link.column,) or (looked.whole and not repeated)
        if alike and one_each and self.identity.keys[key].unique is Unique.YES:
            words = f"{path}: {count(alike, 'key')} differ from another one in their spelling alone{among}"
            remedy = "mend them: a request for one of these persons stops"
            yield finding(Code.KEYS_OF_ONE_FORM, place, words, remedy)
        if finder.type_of(name, link.column).loose:
            column = finder.column(name, link.column)
            parts = {"relation": looked.relation, "column": column, "form": sides["form"]}
            equal = self.probe.numbers(render(self.sql, "equal_keys.sql", **parts))[0]
            if equal:
                words = f"{path}: the database takes several keys for one, {count(equal, 'time')}{among}"
                remedy = "nothing, where these are several persons: requests ask; else name another `match`"
                yield finding(Code.KEYS_EQUAL_TO_DATABASE, place, words, remedy)

    def _unknown(self, name: str, key: str, place: tuple[str, ...], relation: str) -> Iterator[Finding]:
        """Of a database that cannot be asked for bytes, the texts are looked at here."""
        try:
            self.finder.holds(name, key)
        except ConfigurationError as why:
            yield finding(Code.STATEMENT_FAILS, place, f"{'.'.join(place)}: {why.args[0]}", why.remedy)
            return
        texts = f"SELECT {self.finder.column(name, place[-1])} FROM {relation} AS t"  # noqa: S608 - quoted
        held = {str(text) for (text,) in self.probe.ask(lambda one: one.rows(texts)) if text is not None}
        other = sum(key_form(text) != text for text in held)
        if other:
            words = f"{'.'.join(place)}: {count(other, 'key')} not in the form `exact`, as `normal` says"
            yield finding(Code.KEY_NOT_NORMAL, place, words, "take `normal` out, or mend the keys")
        if len({text.casefold() for text in held}) < len(held):
            words = f"{'.'.join(place)}: keys differ in capitals alone, which the database may take for one"
            remedy = "give the column a collation that compares bytes: a request for one of them is refused"
            yield finding(Code.KEYS_EQUAL_TO_DATABASE, place, words, remedy)

    def _index(self, name: str, key: str) -> str:
        """How such keys are found without reading the whole table."""
        link, dialect = self.declared.tables[name].subject[key], self.finder.dialect
        if dialect.name != "postgres":
            return "nothing: they are found by reading the table; mended, and with `normal`, by its index"
        native = self.finder.native(name, link.column)
        form = dialect.key_form(dialect.quote(link.column), native, link.match)
        return (
            "nothing, where reading the table is fast enough; else an index: "
            f"CREATE INDEX ON {self.finder.relation(name)} (({form}))"
        )
