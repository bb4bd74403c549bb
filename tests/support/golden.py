"""Golden bundles: made-up data in bundles that every later version must verify and load.

    python -m tests.support.golden          # makes tests/golden/<version of the format>[-n]/

Never changes or replaces one that is there: what was delivered once cannot be changed either.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import tempfile
import zipfile
from itertools import chain, count
from pathlib import Path
from typing import Any

import duckdb
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ruamel.yaml import YAML
from testbed.mini import SHOP, write_database, write_inventory
from testbed.running import installation, run, store

from afschrift.app.settings import Settings
from afschrift.bundle.container.layout import FORMAT_VERSION
from afschrift.register.keys.store import KeyStore

GOLDEN = Path(__file__).parents[1] / "golden"
MADE = (
    ("portability", "nl", ("csv", "json")),
    ("portability", "en", ("xml", "ndjson", "parquet", "csv")),
    ("access", "en", ("csv", "json", "xml")),
)

_VALUES = """
  value:
    title: {nl: Waarden, en: Values}
    subject: {customer_id: customer_id}
    key: [id]
    references: {customer_id: customer.customer_id}
    file: {column: photo, name: file_name}
    purposes: [account]
    columns:
      id: {origin: observed, title: {nl: Nummer, en: Number}}
      customer_id: {origin: assigned}
      words: {origin: provided, category: user.content.private}
      code: {origin: observed, codes: {A: {nl: aan, en: "on"}, B: {nl: uit, en: "off"}}}
      whole: {origin: observed, unit: m}
      amount: {origin: observed, unit: EUR}
      share: {origin: observed}
      day: {origin: provided}
      seen: {origin: observed}
      document: {origin: observed}
      file_name: {origin: provided}
      photo: {origin: provided}
"""
_ROWS = r"""
CREATE TABLE value (id INTEGER, customer_id INTEGER, words VARCHAR, code VARCHAR, whole HUGEINT,
  amount DECIMAL(38, 10), share DOUBLE, day DATE, seen TIMESTAMPTZ, document JSON, file_name VARCHAR, photo BLOB);
INSERT INTO value VALUES
  (1, 1, '\N', 'A', 9007199254740993, 1.1000000000, 'nan', '2024-02-29', '2024-10-27 00:30:00.5Z', '{"a": 1.10}',
   '../odd "name".PNG', '\x89PNG'::BLOB),
  (2, 1, '', 'B', -1, -0.0000000001, '-infinity', 'infinity', NULL, '[null]', NULL, ''::BLOB),
  (3, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (4, 1, E'line\r\nline, "quoted" é 😀', 'A', 0, 0, 0.1, '1899-12-31', '2024-01-01 00:00Z', '"text"', 'a.txt', 'txt'::BLOB);
"""


_TABLES = ("customer", "orders", "line", "ticket", "ticket_message", "shipment")


def _inventory() -> str:
    """A few tables of the mini shop, and one with every kind of value: golden bundles are small."""
    yaml = YAML(typ="safe")
    shop = yaml.load(SHOP)
    shop["tables"] = {name: shop["tables"][name] for name in _TABLES} | yaml.load(_VALUES)
    shop["unlisted"] = "ignore"
    del shop["purposes"]["coaching"]
    out = io.StringIO()
    yaml.dump(shop, out)
    return out.getvalue()


def make(into: Path) -> None:
    """Make the bundles, each with its public key and what is known of it, in a new folder."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        database = write_database(work / "shop.duckdb")
        with duckdb.connect(str(database)) as con:
            con.execute(_ROWS)
        os.environ["MINI_SHOP"] = str(database)
        inventory = write_inventory(work / "inventory", _inventory())
        files: dict[str, bytes] = {}
        known: dict[str, Any] = {}
        for right, language, formats in MADE:
            name = f"{right}-{'-'.join(formats)}"
            home = work / name  # an installation each: a second request of a person is a question by itself
            services = installation(home, inventory)
            request = store(services, {"customer_id": "1"}, right, language=language, formats=list(formats))
            files[f"{name}.zip"] = bundle = run(services, request).read_bytes()
            files[f"{name}.pem"] = _public_key(home)
            known[f"{name}.zip"] = {"request": request, "right": right, "tables": tables(bundle)}
    files["known.json"] = (json.dumps(known, indent=1) + "\n").encode()
    into.mkdir(parents=True)
    for file, content in files.items():
        (into / file).write_bytes(content)


def _public_key(home: Path) -> bytes:
    settings = Settings.from_environment({"AFSCHRIFT_HOME": str(home)})
    (raw,) = KeyStore.open(settings.keys).public_keys().values()
    key = Ed25519PublicKey.from_public_bytes(raw)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def tables(bundle: bytes) -> dict[str, int]:
    """Table -> records of its CSV file, counted with the standard library alone."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        for name in opened.namelist():
            if name.endswith(".csv"):
                text = opened.read(name).decode()
                place = name.split("/data/")[1].removesuffix(".csv").replace("/", "_")
                found[place] = sum(1 for _ in csv.reader(io.StringIO(text, newline=""))) - 1
    return found


def main() -> None:
    """Make new ones beside those that are there."""
    names = chain([FORMAT_VERSION], (f"{FORMAT_VERSION}-{n}" for n in count(2)))
    into = next(GOLDEN / name for name in names if not (GOLDEN / name).exists())
    make(into)
    sys.stdout.write("".join(f"{path}: {path.stat().st_size} bytes\n" for path in sorted(into.iterdir())))


if __name__ == "__main__":
    main()
