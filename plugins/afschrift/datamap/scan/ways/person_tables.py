"""Which tables hold people, and which of them are the people whose requests the inventory serves.

By concepts in names, keys and pointers; no value is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from afschrift.datamap.scan.schema import ScannedSource, ScannedTable
from afschrift.datamap.scan.ways.edges import Edge
from afschrift.domain.name_parts import flat, row_names, word_set, words
from afschrift.domain.notation import count

GIVEN = ("firstname", "givenname", "forename", "voornaam", "roepnaam", "fname", "voornamen", "initials")
FAMILY = ("lastname", "surname", "familyname", "achternaam", "geslachtsnaam", "lname")
FULL = (
    *("fullname", "contactname", "contactperson", "contactpersoon", "volledigenaam", "displayname"),
    *("username", "gebruikersnaam", "personname"),
)
EMAIL = ("email", "emailaddress", "emailadres", "mailadres", "mailaddress", "mail")
_PHONE = ("phone", "phonenumber", "telefoon", "telefoonnummer", "mobile", "mobiel", "tel", "telnr", "gsm")
_COMPOUND = ("email", "mail", "phone", "fname", "lname", "iban")  # not telnr: a titel_nr ends so too
_STREET = ("street", "straat", "addressline", "addressline1", "streetaddress", "huisnummer", "postalcode")
_BORN = ("birthdate", "dateofbirth", "dob", "geboortedatum", "birthday")
_NATIONAL = ("bsn", "ssn", "burgerservicenummer", "nationalid", "rijksregisternummer")
_CONTACT = ("contactname", "contactperson", "contactpersoon", "contactfirstname", "contactlastname")
# Names of what only people have; `vocabulary.yml` has them too, as concepts.
_HELD = (
    *("cardnumber", "creditcardnumber", "kaartnummer", "iban", "bankaccountnumber", "rekeningnummer"),
    *("licenseplate", "licenceplate", "numberplate", "kenteken", "chassisnumber", "imei", "macaddress"),
    *("passportnumber", "paspoortnummer", "registrationplate"),
)
_LOGIN = ("password", "passwordhash", "passwd", "wachtwoord", "pwdhash")

PEOPLE = word_set(
    "customer client klant user gebruiker member lid person persoon patient student leerling contact "
    "subscriber abonnee account deelnemer participant applicant sollicitant guest gast passenger reiziger "
    "driver donor donateur resident inwoner burger citizen huurder cursist relatie debiteur "
    "bezoeker visitor consumer consument klantgegeven policyholder verzekerde client clienten profile buyer "
    "shopper pupil parent ouder volunteer vrijwilliger holder author borrower player speler rider"
)
STAFF = word_set(
    "employee staff medewerker personeel werknemer agent admin administrator operator salesperson salesrep "
    "instructor docent teacher leraar physician doctor arts moderator manager consultant technician "
    "therapist behandelaar officer cashier seller vendorcontact supportrep"
)
_ORGANISATIONS = word_set(
    "supplier vendor leverancier company bedrijf shipper carrier vervoerder store winkel filiaal branch "
    "warehouse magazijn organisation organization organisatie manufacturer fabrikant partner bank hotel "
    "school airline publisher brand merk merchant"
)
_OF_SOMETHING = word_set(
    "order bestelling invoice factuur payment betaling ship shipment zending log message bericht event "
    "address adres history historie session sessie booking boeking reservation reservering transaction "
    "transactie delivery levering ticket review line regel detail item token audit request aanvraag "
    "subscription abonnement note notitie preference voorkeur card consent setting"
)
_TENANT = ("tenantid", "tenant", "orgid", "organisationid", "organizationid", "companyid", "workspaceid")
SCORE_ENOUGH = 4
_TOGETHER = ("first", "last", "maiden", "middle", "forenames", "given", "family")
"""Names of columns that are names of people where a table has two of them."""


@dataclass(frozen=True)
class PersonTable:
    """A table of people.

    Attributes:
        table: its name.
        key: column that tells one from another; None: none is known.
        score: how much speaks for it.
        staff: people who work for the organisation, by the table's name.
        names: columns with names of people.
        email: column with the e-mail address.
        because: why, in words.
        rows: of the table, as far as known; they decide if no name does who will ask.
        within: column of the primary key within whose values alone `key` tells one from another, such as a
            tenant's; None: it does so in the whole table.
    """

    table: str
    key: str | None
    score: int
    staff: bool
    names: tuple[str, ...]
    email: str | None
    because: str
    within: str | None = None
    rows: int = 0


def is_a(name: str, concept: Sequence[str]) -> bool:
    """Whether a column's name ends as one of the words of a concept does."""
    whole = flat(name)
    return any(
        whole == word or ((len(word) > 5 or word in _COMPOUND) and whole.endswith(word)) for word in concept
    )


def called(table: str, names: frozenset[str]) -> bool:
    """Whether a row of the table is called one of these, such as `customer` of `crm_customers`."""
    return bool(row_names(table) & names)


def is_ones_own(table: ScannedTable) -> bool:
    """Whether a table that others point to says where to reach people, or holds what is one person's.

    Such as one of addresses, of bank cards or of cars: no catalogue of goods has a number plate.
    """
    if called(table.name, _ORGANISATIONS):
        return False
    reach = (*EMAIL, *_PHONE, *_STREET, *_HELD)
    return any(is_a(column.name, reach) for column in table.columns)


def find_people(source: ScannedSource, edges: Sequence[Edge]) -> Mapping[str, PersonTable]:
    """Tables of people, by name.

    Args:
        source: as it was scanned.
        edges: its foreign keys, and what was guessed.
    """
    pointers: dict[str, int] = {}
    for edge in edges:
        if edge.table != edge.parent:
            pointers[edge.parent] = pointers.get(edge.parent, 0) + 1
    judged = (
        _judged(table, pointers.get(name, 0))
        for name, table in source.tables.items()
        if not table.computed and table.part_of is None and table.readable
    )
    return {person.table: person for person in judged if person is not None}


def _judged(table: ScannedTable, pointers: int) -> PersonTable | None:
    by = {
        what: tuple(column.name for column in table.columns if is_a(column.name, concept))
        for what, concept in (
            *(("given", GIVEN), ("family", FAMILY), ("full", FULL), ("e-mail", EMAIL), ("phone", _PHONE)),
            *(("birth", _BORN), ("national", _NATIONAL), ("login", _LOGIN)),
        )
    }
    together = tuple(column.name for column in table.columns if flat(column.name) in _TOGETHER)
    if len(together) > 1:
        by["given"] = tuple(dict.fromkeys((*by["given"], *together)))
    plain = tuple(c.name for c in table.columns if flat(c.name) in ("name", "naam"))
    staff = called(table.name, STAFF)
    person = called(table.name, PEOPLE) or staff
    names = (*by["given"], *by["family"], *by["full"]) or (plain if person or by["e-mail"] else ())
    if not names and not by["e-mail"]:
        return None
    unique = any(set(key) <= set(by["e-mail"]) for key in (*table.unique, table.key) if key)
    found = list(_points(table, by, names, person, unique, pointers))
    score = sum(points for points, _ in found)
    if score < SCORE_ENOUGH:
        return None
    because = ", ".join(why for _, why in found if why)
    key, within = key_column(table), None
    if key is None:
        key, within = _key_of_tenants(table)
    return PersonTable(table.name, key, score, staff, names, next(iter(by["e-mail"]), None), because, within)


def _points(
    table: ScannedTable,
    by: Mapping[str, tuple[str, ...]],
    names: tuple[str, ...],
    person: bool,
    unique: bool,
    pointers: int,
) -> Iterator[tuple[int, str]]:
    if by["given"] or by["family"]:
        yield 3, "names of people"
    elif names:
        yield 2 if by["full"] else 1, "a name"
    if by["e-mail"]:
        yield 2 + unique, "a unique e-mail address" if unique else "an e-mail address"
    if by["birth"] or by["national"]:
        yield 2, "a date of birth or citizen number"
    if by["phone"]:
        yield 1, "a telephone number"
    if by["login"]:
        yield 1, "a password"
    if person:
        yield 3, "its name"
    if pointers:
        yield min(pointers, 3), f"{count(pointers, 'pointer')} to it"
    if called(table.name, _ORGANISATIONS):
        asked_for = any(is_a(name, _CONTACT) for name in names)
        yield (1, "the person to ask for at each") if asked_for else (-3, "")
    if called(table.name, _OF_SOMETHING) and not person:
        yield -4, ""


def is_tenant(column: str) -> bool:
    """Whether a column says which tenant, or which organisation of several, a row is of."""
    return flat(column) in _TENANT or words(column)[:1] == ("tenant",)


def _key_of_tenants(table: ScannedTable) -> tuple[str | None, str | None]:
    """The number within a tenant, and the tenant's column, of a key of the two."""
    tenants = [column for column in table.key if is_tenant(column)]
    own = [column for column in table.key if column not in tenants]
    return (own[0], tenants[0]) if len(own) == len(tenants) == 1 else (None, None)


def key_column(table: ScannedTable) -> str | None:
    """The one column that tells a row from all others: of the primary key, or else of a unique one."""
    for key in (table.key, *table.unique):
        if len(key) == 1:
            return key[0]
    return None
