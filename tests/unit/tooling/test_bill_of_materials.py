"""What runs with Afschrift is listed, with allowed licences and the hashes of the lock."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from cyclonedx.schema import SchemaVersion, _res
from cyclonedx.validation.json import JsonStrictValidator


@pytest.fixture
def tree(tmp_path: Path, project_root: Path) -> Path:
    """What the tools read, to change."""
    shutil.copytree(project_root / "tools", tmp_path / "tools")
    for name in ("constraints.txt", "pyproject.toml"):
        shutil.copy(project_root / name, tmp_path / name)
    return tmp_path


def run(tree: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, *command]
    return subprocess.run(whole, cwd=tree, capture_output=True, text=True, env=os.environ | env, check=False)


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("licence", "package"),
    [("LGPL-3.0-only", "psycopg"), ("Zlib", "numpy"), ("Artistic-1.0-Perl", "text-unidecode")],
)
def test_licence_that_is_not_allowed_is_refused(tree: Path, licence: str, package: str) -> None:
    """Also one of an AND, and an OR of which none is allowed."""
    change(tree / "tools" / "licences_page.py", f'    "{licence}":', f'    "not {licence}":')
    done = run(tree, "tools/licences_page.py")
    assert done.returncode == 2
    assert done.stderr.startswith(f"{package} is under ") and "ALLOWED" in done.stderr


def test_an_or_needs_one_allowed_licence_and_a_package_one_that_was_read(tree: Path) -> None:
    locked, lock = tree / "tools" / "locked.py", tree / "constraints.txt"
    lock.write_text(re.sub(r"xxhash==\S+", "xxhash==99.0", lock.read_text("utf-8")), encoding="utf-8")
    change(locked, '"Artistic-1.0-Perl OR GPL-1.0-or-later"', '"GPL-1.0-or-later OR MIT"')
    done = run(tree, "tools/licences_page.py")
    assert (done.returncode, "| xxhash | 99.0 |" in done.stdout) == (0, True)
    change(locked, '    "sqlparse": "BSD-3-Clause",\n', "")
    done = run(tree, "tools/licences_page.py")
    assert done.returncode == 2 and "sqlparse" in done.stderr and "READ" in done.stderr


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> bytes:
    out = tmp_path_factory.mktemp("bill") / "bill.json"
    done = run(project_root, "tools/sbom.py", str(out), PYTHONHASHSEED="1", TZ="UTC")
    assert done.returncode == 0, done.stderr
    return out.read_bytes()


def read(file: str) -> Any:
    return json.loads(Path(file).read_text(encoding="utf-8"))


def test_the_bill_fits_the_schema_of_cyclonedx_also_in_addresses_and_times(bill: bytes) -> None:
    """At forms the validator of CycloneDX looks only with packages that slow each process of Airflow here."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill.decode()) is None
    others = {Path(file).name: file for file in (_res.SPDX_JSON, _res.JSF, _res.CRYPTOGRAPHY_DEFS)}
    schemas = [(f"http://cyclonedx.org/schema/{name}", read(file)) for name, file in others.items()]
    schema = read(_res.BOM_JSON_STRICT[SchemaVersion.V1_6])
    validator = jsonschema_rs.Draft7Validator(
        schema, registry=jsonschema_rs.Registry(schemas), validate_formats=True
    )
    content = json.loads(bill)

    assert list(validator.iter_errors(content)) == []
    for url, valid in (("http://a b", False), ("http://a/b", True)):
        references = {"externalReferences": [{"type": "website", "url": url}]}
        assert validator.is_valid(content | references) is valid


def test_the_bill_is_the_same_bytes_at_another_time_and_seed(
    bill: bytes, tmp_path: Path, project_root: Path
) -> None:
    again = tmp_path / "deeper" / "bill.json"
    run(project_root, "tools/sbom.py", str(again), PYTHONHASHSEED="2", TZ="Asia/Tokyo")
    assert again.read_bytes() == bill


def test_the_bill_has_each_package_with_licence_and_the_hashes_of_the_lock(
    bill: bytes, project_root: Path
) -> None:
    content: dict[str, Any] = json.loads(bill)
    lock = re.sub(r"\s*\\\n\s*", " ", (project_root / "constraints.txt").read_text(encoding="utf-8"))
    hashes = {line.split(" ")[0]: set(re.findall("[0-9a-f]{64}", line)) for line in lock.splitlines()}
    page = run(project_root, "tools/licences_page.py").stdout
    listed = re.findall(r"^\| ([a-z0-9-]+) \| ([^|]*\d[^|]*) \|", page.split("## Allowed")[0], re.MULTILINE)

    assert {part["bom-ref"] for part in content["components"]} == {
        f"{name}=={version}" for name, versions in listed for version in versions.split(", ")
    }
    for part in content["components"]:
        assert {digest["content"] for digest in part["hashes"]} == hashes[part["bom-ref"]]
        assert part["licenses"]
    assert b"://" not in bill.replace(content["$schema"].encode(), b"")


def test_the_bill_says_what_needs_what(bill: bytes) -> None:
    needs = {needed["ref"]: needed.get("dependsOn", []) for needed in json.loads(bill)["dependencies"]}
    direct = {needed.split("==")[0] for needed in needs["afschrift"]}

    assert {"apache-airflow", "psycopg", "cryptography"} <= direct and "pytest" not in direct
    of_psycopg = [needed for ref in needs if ref.startswith("psycopg==") for needed in needs[ref]]
    assert any(needed.startswith("psycopg-binary==") for needed in of_psycopg)
    assert "pytest" not in {ref.split("==")[0] for ref in needs}
