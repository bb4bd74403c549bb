"""A signed bundle of few and small members, of which tests make thousands of variants."""

import hashlib
import json

from tests.unit.bundle.bundle_example import ROOT, SIGNER, Example
from tests.unit.bundle.bundle_tampering import Files, files_of, manifests, signed, zipped

from afschrift.domain.notation import key_id

TRUSTED = {key_id(SIGNER.public_key): SIGNER.public_key}
CSV = "data/shop/orders.csv"


def files() -> Files:
    whole = files_of(Example().zip())
    table = b"order_id,total\r\n" + b"".join(b"B-%d,%d.50\r\n" % (n, n) for n in range(1, 60))
    covered = {"source": "shop", "table": "orders", "status": "rows", "rows": 59}
    payload = {
        CSV: table,
        "data/coverage.json": json.dumps({"tables": [covered]}).encode(),
        "data/redactions.json": b'{"masked": []}\n',
    }
    resources = [_resource(path.removeprefix("data/"), content) for path, content in payload.items()]
    package = json.dumps({"name": ROOT, "resources": resources}).encode()
    texts = {name: whole[name] for name in ("bagit.txt", "bag-info.txt")}
    texts |= {
        "README.txt": b"Read me, and read me again.\n",
        "index.html": b"<!doctype html><title>A bundle</title>\n",
    }
    return signed(manifests({**texts, **payload, "data/datapackage.json": package}), SIGNER)


def _resource(path: str, content: bytes) -> dict[str, object]:
    table = {"afschrift:source": "shop", "afschrift:table": "orders", "afschrift:rows": 59}
    return {
        "path": path,
        "format": path.rpartition(".")[2],
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        **(table if path.endswith(".csv") else {}),
    }


FILES = files()
BUNDLE = zipped(FILES)
TREE = {f"{ROOT}/{path}": content for path, content in FILES.items()}
"""What an unzipper makes of the bundle."""
