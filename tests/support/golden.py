"""Golden bundles: made-up data in bundles that every later version must verify and load.

    python -m tests.support.golden          # makes tests/golden/<version of the format>[-n]/

Never changes or replaces one that is there: what was delivered once cannot be changed either.
"""

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
from tests.support import maps

from afschrift.app.settings import Settings
from afschrift.bundle.container.layout import FORMAT_VERSION
from afschrift.register.keys.store import KeyStore

GOLDEN = Path(__file__).parents[1] / "golden"
MADE = (
    ("portability", "nl", ("csv", "json")),
    ("portability", "en", ("xml", "ndjson", "parquet", "csv")),
    ("access", "en", ("csv", "json", "xml")),
)

_TABLES = ("customer", "orders", "line", "ticket", "ticket_message", "shipment")


def _inventory() -> str:
    """A few tables of the mini shop, and one with every kind of value: golden bundles are small."""
    yaml = YAML(typ="safe")
    shop = yaml.load(SHOP)
    values = yaml.load(maps.text("golden_values.yml"))
    shop["tables"] = {name: shop["tables"][name] for name in _TABLES} | values
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
            con.execute(maps.text("golden_values.sql"))
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
    names = chain([FORMAT_VERSION], (f"{FORMAT_VERSION}-{n}" for n in count(2)))
    into = next(GOLDEN / name for name in names if not (GOLDEN / name).exists())
    make(into)
    sys.stdout.write("".join(f"{path}: {path.stat().st_size} bytes\n" for path in sorted(into.iterdir())))


if __name__ == "__main__":
    main()
