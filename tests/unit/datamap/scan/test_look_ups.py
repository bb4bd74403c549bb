"""What a look-up says of a person: the film that they rented, the city of their address, their department."""

from pathlib import Path

import pytest
from testbed.mini import write_inventory
from tests.support.scanned import made

from afschrift.datamap.scan.scan_source import Asked, scan_source
from afschrift.inventory.load import load
from afschrift.inventory.model import SourceFile

RENTAL = """
CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT,
  address_id INTEGER NOT NULL REFERENCES address (address_id), store_id INTEGER REFERENCES store (store_id));
CREATE TABLE address (address_id INTEGER PRIMARY KEY, address TEXT, city_id INTEGER REFERENCES city (city_id),
  phone TEXT);
CREATE TABLE city (city_id INTEGER PRIMARY KEY, city TEXT, country_id INTEGER REFERENCES country (country_id));
CREATE TABLE country (country_id INTEGER PRIMARY KEY, country TEXT);
CREATE TABLE store (store_id INTEGER PRIMARY KEY, opened INTEGER);
CREATE TABLE rental (rental_id INTEGER PRIMARY KEY, copy_id INTEGER REFERENCES copy (copy_id),
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id), status_id INTEGER REFERENCES status (status_id));
CREATE TABLE payment (payment_id INTEGER PRIMARY KEY, rental_id INTEGER REFERENCES rental (rental_id),
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id), amount INTEGER);
CREATE TABLE status (status_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE copy (copy_id INTEGER PRIMARY KEY, store_id INTEGER REFERENCES store (store_id),
  film_id INTEGER REFERENCES film (film_id));
CREATE TABLE film (film_id INTEGER PRIMARY KEY, title TEXT, replacement_cost INTEGER, stock INTEGER,
  language_id INTEGER REFERENCES language (language_id));
CREATE TABLE language (language_id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO customer VALUES (1, 'Ann', 'Bos', 'ann@example.org', 1, 1);
"""
EMPLOYEES = """
CREATE TABLE employees (emp_no INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, birth_date TEXT);
CREATE TABLE departments (dept_no TEXT PRIMARY KEY, dept_name TEXT, budget INTEGER);
CREATE TABLE dept_emp (emp_no INTEGER NOT NULL REFERENCES employees (emp_no), approver_emp_no INTEGER,
  dept_no TEXT REFERENCES departments (dept_no), from_date TEXT);
CREATE TABLE employee_account (account_id INTEGER PRIMARY KEY, emp_no INTEGER NOT NULL REFERENCES employees (emp_no),
  employee_email TEXT, user_name TEXT, manager_email TEXT);
INSERT INTO employees VALUES (10001, 'Ann', 'Bos', '1980-01-01');
"""


def drafted(folder: Path, statements: str, *persons: str) -> SourceFile:
    out = folder / "map" / "crm.yml"
    write_inventory(out.parent)
    path = made(folder / "crm.db", statements)
    scan_source(Asked(kind="sqlite", options={"path": str(path)}, out=out, persons=persons), lambda _: None)
    return load(out.parent).sources["crm"]


@pytest.fixture(scope="module")
def rental(tmp_path_factory: pytest.TempPathFactory) -> SourceFile:
    return drafted(tmp_path_factory.mktemp("rental"), RENTAL)


@pytest.fixture(scope="module")
def employees(tmp_path_factory: pytest.TempPathFactory) -> SourceFile:
    return drafted(tmp_path_factory.mktemp("employees"), EMPLOYEES, "employees")


def words(source: SourceFile, table: str, column: str) -> tuple[str | None, str | None]:
    proposal = source.tables[table].columns[column].proposal
    assert proposal is not None
    return proposal.origin, proposal.category


BOUGHT, CITY = ("observed", "user.behavior.purchase_history"), ("provided", "user.contact.address.city")
CATALOGUE = ("not_personal", None)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("rental.copy_id", BOUGHT),
        ("copy.copy_id", BOUGHT),
        ("copy.film_id", BOUGHT),
        ("film.film_id", BOUGHT),
        ("film.title", BOUGHT),
        ("film.language_id", BOUGHT),
        ("language.name", BOUGHT),
        ("film.replacement_cost", CATALOGUE),
        ("film.stock", CATALOGUE),
        ("copy.store_id", CATALOGUE),  # it leads to no name
        ("address.city_id", CITY),
        ("city.city", CITY),
        ("city.country_id", ("provided", "user.contact.address.country")),
        ("country.country", ("provided", "user.contact.address.country")),
        ("rental.status_id", (None, None)),
        ("status.name", (None, None)),  # as what points to it
        ("customer.store_id", (None, None)),
        ("store.store_id", CATALOGUE),  # a file of bare numbers
        ("store.opened", CATALOGUE),
    ],
)
def test_columns_that_name_a_row_are_as_what_points_there(
    rental: SourceFile, column: str, expected: tuple[str | None, str | None]
) -> None:
    assert words(rental, *column.split(".")) == expected


def test_a_copy_is_called_as_its_film_and_a_payment_names_its_rental(rental: SourceFile) -> None:
    labels = {name: table.label for name, table in rental.tables.items() if table.label}
    assert labels == {
        "address": ("address",),
        "city": ("city",),
        "copy": ("film_id",),
        "country": ("country",),
        "film": ("title",),
        "language": ("name",),
        "status": ("name",),
    }
    assert rental.tables["payment"].references["rental_id"] == "rental.rental_id"


def test_pointers_that_mean_different_things_leave_a_look_up_open(tmp_path: Path) -> None:
    """A language may be that of a film or of a letter."""
    wish = """
    CREATE TABLE wish (wish_id INTEGER PRIMARY KEY, film_id INTEGER REFERENCES film (film_id),
      customer_id INTEGER NOT NULL REFERENCES customer (customer_id));
    DROP TABLE rental;
    CREATE TABLE rental (rental_id INTEGER PRIMARY KEY, film_id INTEGER REFERENCES film (film_id),
      customer_id INTEGER NOT NULL REFERENCES customer (customer_id));
    """
    source = drafted(tmp_path, RENTAL + wish)
    assert words(source, "rental", "film_id") == BOUGHT
    assert words(source, "wish", "film_id")[0] is None
    assert words(source, "film", "title") == (None, None)


@pytest.mark.parametrize(
    ("column", "about_others"),
    [
        ("dept_emp.emp_no", False),
        ("dept_emp.approver_emp_no", True),
        ("employee_account.emp_no", False),
        ("employee_account.employee_email", False),
        ("employee_account.user_name", False),
        ("employee_account.manager_email", True),
    ],
)
def test_what_is_the_employees_own_is_not_about_others(
    employees: SourceFile, column: str, about_others: bool
) -> None:
    table, _, name = column.partition(".")
    proposal = employees.tables[table].columns[name].proposal
    assert proposal is not None
    assert (proposal.about == "third_party") is about_others


def test_a_department_is_assigned_and_called_by_its_name(employees: SourceFile) -> None:
    assert employees.tables["departments"].label == ("dept_name",)
    for column in ("dept_emp.dept_no", "departments.dept_no", "departments.dept_name"):
        assert words(employees, *column.split(".")) == ("assigned", "user.workplace"), column
    assert words(employees, "departments", "budget") == CATALOGUE


CARE = """
CREATE TABLE patients (Id TEXT PRIMARY KEY, FIRST TEXT, LAST TEXT, BIRTHDATE TEXT, ADDRESS TEXT, CITY TEXT, STATE TEXT);
CREATE TABLE devices (START TEXT, PATIENT TEXT REFERENCES patients (Id), CODE INTEGER, DESCRIPTION TEXT, UDI TEXT);
CREATE TABLE cover (PATIENT TEXT REFERENCES patients (Id), PAYER INTEGER REFERENCES payers (ID), OWNERSHIP TEXT);
CREATE TABLE home (home_id INTEGER PRIMARY KEY, street TEXT, city TEXT);
CREATE TABLE stay (PATIENT TEXT REFERENCES patients (Id), home_id INTEGER REFERENCES home (home_id));
CREATE TABLE payers (ID INTEGER PRIMARY KEY, NAME TEXT, PHONE TEXT, REVENUE INTEGER);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT INTO patients SELECT printf('%08x-1111-4222-8333-444455556666', i), 'Jan', 'Smit', date('1950-01-01', (i * 600)
  || ' days'), 'Kade ' || i, 'Delft', 'ZH' FROM n;
INSERT INTO payers VALUES (1, 'Zorg', '0701234567', 9), (2, 'Best', '0707654321', 8);
INSERT INTO home SELECT rowid, ADDRESS, CITY FROM patients WHERE rowid < 14;
INSERT INTO stay SELECT Id, 1 + rowid % 13 FROM patients;
INSERT INTO cover SELECT Id, 1 + rowid % 2, 'self' FROM patients;
INSERT INTO devices SELECT '2020-01-01', Id, 7, 'pacemaker', 'u' || rowid FROM patients;
"""
ILL, NUMBER = (None, "user.health_and_medical"), ("assigned", "user.unique_id")


@pytest.fixture(scope="module")
def care(tmp_path_factory: pytest.TempPathFactory) -> SourceFile:
    return drafted(tmp_path_factory.mktemp("care"), CARE)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("devices.CODE", ILL),  # an entry of a patient's record
        ("devices.UDI", ILL),
        ("devices.START", ILL),
        ("devices.PATIENT", NUMBER),
        ("cover.PATIENT", NUMBER),
        ("cover.OWNERSHIP", (None, None)),
        ("payers.PHONE", CATALOGUE),  # many people's: no one's own
        ("payers.REVENUE", CATALOGUE),
        ("home.street", ("provided", "user.contact.address.street")),  # three people's
        ("patients.FIRST", ("provided", "user.name.first")),
        ("patients.LAST", ("provided", "user.name.last")),
        ("patients.STATE", ("provided", "user.contact.address.state")),  # part of the address
    ],
)
def test_record_of_a_patient_and_what_many_point_to(
    care: SourceFile, column: str, expected: tuple[str | None, str | None]
) -> None:
    assert words(care, *column.split(".")) == expected
