"""A whole bundle passes; whatever was done to one is found, and nothing hostile is unpacked."""

import csv
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.bundle.bundle_example import REQUEST, ROOT, SIGNER, STRANGER, Example
from tests.unit.bundle.bundle_tampering import Files, files_of, manifests, signed, zipped

from afschrift.bundle.container.agreement import CsvCounter
from afschrift.bundle.container.container import UnpackLimits
from afschrift.bundle.container.report import SENTENCES, Flaw, Report
from afschrift.bundle.container.verify import verify
from afschrift.domain.notation import key_id

TRUSTED = {key_id(SIGNER.public_key): SIGNER.public_key}
GOOD = Example().zip()
FILES = files_of(GOOD)
CSV = "data/shop/orders.csv"
Check = Callable[..., Report]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def check_bundle(bundle: bytes, limits: UnpackLimits | None = None) -> Report:
        path = tmp_path / "bundle.zip"
        path.write_bytes(bundle)
        return verify(path, TRUSTED, limits)

    return check_bundle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, content in FILES.items():
        target = tmp_path / ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return tmp_path / ROOT


def codes(report: Report) -> set[Flaw]:
    assert report.exit_code == 1
    return {problem.code for problem in report.problems}


def test_a_whole_bundle_of_a_trusted_key(check: Check, folder: Path) -> None:
    report = check(GOOD)
    assert (report.problems, report.exit_code, report.trusted) == ((), 0, True)
    assert report.signer == key_id(SIGNER.public_key)
    assert (report.request, report.right) == (REQUEST, "access")
    assert report.trail == ("2026-07-01T09:00:00Z", "ab" * 32)
    numbered = rewritten(b"Afschrift-Trail-Head", b"Afschrift-Trail-Seq: 42\nAfschrift-Trail-Head")
    before = check(zipped(signed(manifests(numbered), SIGNER)))  # sealed before numbers were left out
    assert (before.exit_code, before.trail) == (0, (42, "ab" * 32))
    assert report.rows == 1 + 7 + 3 + 1 + 300
    assert report.files == len([p for p in FILES if p.startswith("data/")])
    assert report.size == sum(len(c) for p, c in FILES.items() if p.startswith("data/"))
    unpacked = verify(folder, TRUSTED)
    assert (unpacked.exit_code, unpacked.rows) == (0, 312)


def test_a_zip_by_another_tool_is_refused_and_its_unpacked_folder_verifies(
    check: Check, tmp_path: Path
) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in FILES.items():
            archive.writestr(f"{ROOT}/{path}", content)
        archive.extractall(tmp_path)
    assert codes(check(out.getvalue())) == {Flaw.DAMAGED_ZIP}
    assert verify(tmp_path / ROOT, TRUSTED).exit_code == 0


def test_the_folder_has_the_name_that_was_signed(check: Check) -> None:
    assert codes(check(zipped(FILES, "afschrift-req-999999999999/"))) == {Flaw.FOLDER_RENAMED}


def test_signed_by_a_stranger_is_whole_and_not_trusted(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    report = check(Example().zip(STRANGER))
    assert (report.ok, report.trusted, report.exit_code) == (True, False, 3)
    assert report.signer == key_id(STRANGER.public_key)

    monkeypatch.setattr("afschrift.bundle.container.seal.key_id", lambda key: next(iter(TRUSTED)))
    assert codes(check(Example().zip(STRANGER))) == {Flaw.SIGNATURE_INVALID}


def changed(path: str, content: bytes) -> Files:
    return FILES | {path: content}


def without(path: str) -> Files:
    return {p: c for p, c in FILES.items() if p != path}


def rewritten(old: bytes, new: bytes) -> Files:
    assert old in FILES["bag-info.txt"]
    return changed("bag-info.txt", FILES["bag-info.txt"].replace(old, new))


MANIFEST = "manifest-sha256.txt"
FLIPPED = FILES[CSV].replace(b"1.50", b"9.50")
STRANGER_SIGNS = signed(manifests(changed(CSV, FLIPPED)), STRANGER)

TAMPERED: list[tuple[str, Files, Flaw]] = [
    ("changed payload", changed(CSV, FLIPPED), Flaw.CHANGED),
    ("changed payload, manifests rewritten", manifests(changed(CSV, FLIPPED)), Flaw.SIGNATURE_INVALID),
    ("changed payload, a stranger signs under our key's id", STRANGER_SIGNS, Flaw.SIGNATURE_INVALID),
    ("injected beside the payload", changed("LEESMIJ.html", b"<script>"), Flaw.UNLISTED),
    ("injected into the payload", changed("data/extra.csv", b"a\r\n"), Flaw.UNLISTED),
    ("injected manifest of another digest", changed("manifest-md5.txt", b"0  data/x\n"), Flaw.UNLISTED),
    ("fetch.txt", manifests(changed("fetch.txt", b"https://example.org/x 4 data/x.csv\n")), Flaw.FETCH_FILE),
    ("no tag manifest", without("tagmanifest-sha256.txt"), Flaw.MISSING),
    ("no signature", without("tagmanifest-sha256.txt.sig"), Flaw.MISSING),
    ("no payload manifest", without("manifest-sha256.txt"), Flaw.MISSING),
    ("no page", without("index.html"), Flaw.MISSING),
    ("payload removed", without(CSV), Flaw.MISSING),
    ("payload removed, manifests rewritten", manifests(without(CSV)), Flaw.SIGNATURE_INVALID),
    ("changed page", changed("index.html", FILES["index.html"] + b" "), Flaw.CHANGED),
    ("changed bag info", rewritten(b"Head: ab", b"Head: ac"), Flaw.CHANGED),
    ("changed total", rewritten(b"Oxum: ", b"Oxum: 1"), Flaw.SIZE_DIFFERS),
    ("another version", changed("bagit.txt", FILES["bagit.txt"].replace(b"1.0", b"0.97")), Flaw.UNREADABLE),
    ("another format", signed(manifests(rewritten(b"Bundle-Version: 1", b"Bundle-Version: 2")), SIGNER), Flaw.UNKNOWN_VERSION),
    ("signature of 63 bytes", changed("tagmanifest-sha256.txt.sig", b"x" * 63), Flaw.SIGNATURE_INVALID),
    ("key that is none", rewritten(b"Public-Key: A", b"Public-Key: !"), Flaw.UNREADABLE),
    ("control characters", rewritten(b"access", b"\x1b[2Jx"), Flaw.UNREADABLE),
    ("manifest with a path twice", changed(MANIFEST, FILES[MANIFEST] * 2), Flaw.UNREADABLE),
    ("description that is no JSON", changed("data/datapackage.json", b"{"), Flaw.UNREADABLE),
    ("description nested deeply", changed("data/datapackage.json", b"[" * 10**6), Flaw.UNREADABLE),
    ("description of another shape", changed("data/datapackage.json", b'{"resources": 1}'), Flaw.UNREADABLE),
]  # fmt: skip


@pytest.mark.parametrize(("files", "code"), [t[1:] for t in TAMPERED], ids=[t[0] for t in TAMPERED])
def test_tampering_is_found(files: Files, code: Flaw, check: Check) -> None:
    assert code in codes(check(zipped(files)))


def described(changes: Mapping[str, object], **files: bytes) -> Files:
    """A bundle by a trusted key whose description lies."""
    package = json.loads(FILES["data/datapackage.json"])
    next(r for r in package["resources"] if r["name"] == "shop.orders.csv").update(changes)
    lying = FILES | files | {"data/datapackage.json": json.dumps(package).encode()}
    return signed(manifests(lying), SIGNER)


def test_missing_csv_rows_are_found_under_any_signature(check: Check) -> None:
    assert check(zipped(described({}))).exit_code == 0

    content = FILES[CSV].removesuffix(FILES[CSV].splitlines(keepends=True)[-1])
    fitting = {"bytes": len(content), "hash": f"sha256:{hashlib.sha256(content).hexdigest()}"}
    assert codes(check(zipped(described(fitting, **{CSV: content})))) == {Flaw.ROWS_DIFFER}


@pytest.mark.parametrize(
    ("property_", "value", "code"),
    [
        ("hash", "sha256:" + "0" * 64, Flaw.DESCRIPTION_DIFFERS),
        ("bytes", 1, Flaw.DESCRIPTION_DIFFERS),
        ("path", "../bag-info.txt", Flaw.DESCRIPTION_DIFFERS),
        ("path", "shop/customer.csv", Flaw.DESCRIPTION_DIFFERS),
        ("afschrift:rows", 8, Flaw.ROWS_DIFFER),
        ("afschrift:table", "ordres", Flaw.ROWS_DIFFER),
    ],
)
def test_a_description_that_does_not_fit_is_found_under_any_signature(
    property_: str, value: object, code: Flaw, check: Check
) -> None:
    assert code in codes(check(zipped(described({property_: value}))))


def test_what_a_refused_bundle_says_of_itself_is_not_passed_on(check: Check) -> None:
    assert check(zipped(manifests(changed(CSV, FLIPPED)))).request == ""
    assert check(zipped(rewritten(b"access", b"portability"))).right == ""


def members(extra: Mapping[str, bytes]) -> bytes:
    return zipped({f"{ROOT}/{path}": content for path, content in FILES.items()} | extra, root="")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (f"{ROOT}/../../evil", Flaw.UNSAFE_NAME),
        ("/etc/evil", Flaw.UNSAFE_NAME),
        (f"{ROOT}/empty/", Flaw.UNSAFE_NAME),
        (f"{ROOT}/readme.TXT", Flaw.COLLIDING_NAME),
        (f"{ROOT}/README.txt/evil", Flaw.COLLIDING_NAME),
        ("other/file", Flaw.NOT_ONE_FOLDER),
        ("evil", Flaw.NOT_ONE_FOLDER),
    ],
)
def test_hostile_names_are_refused(name: str, code: Flaw, check: Check) -> None:
    assert code in codes(check(members({name: b"evil"})))


def test_what_is_too_large_is_refused_unread(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Flaw.UNREADABLE in codes(check(GOOD, UnpackLimits(document=100)))
    monkeypatch.delattr("afschrift.bundle.container.container._inflate")  # any reading would fail
    bomb = members({f"{ROOT}/data/bomb": bytes(8 * 10**6)})
    assert codes(check(bomb, UnpackLimits(free=10**6, ratio=100))) == {Flaw.TOO_LARGE}
    assert codes(check(GOOD, UnpackLimits(total=1000))) == {Flaw.TOO_LARGE}
    assert codes(check(GOOD, UnpackLimits(files=5))) == {Flaw.TOO_MANY_FILES}


def test_a_file_that_is_no_bundle(tmp_path: Path, check: Check) -> None:
    assert codes(check(b"")) == {Flaw.NOT_A_BUNDLE}
    assert codes(check(b"hello")) == {Flaw.NOT_A_BUNDLE}
    assert codes(check(zipped({}))) == {Flaw.NOT_A_BUNDLE}
    assert Flaw.MISSING in codes(check(zipped({"x": b""})))
    assert codes(verify(tmp_path / "nothing.zip", TRUSTED)) == {Flaw.NOT_A_BUNDLE}
    assert Flaw.MISSING in codes(verify(tmp_path, TRUSTED))


def test_links_pipes_and_additions_in_a_folder_are_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "data/shop/extra.csv").write_bytes(b"a\r\n")
    assert Flaw.UNLISTED in codes(verify(folder, TRUSTED))
    (folder / "data/shop/extra.csv").unlink()
    (folder / "data/more").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(folder / "data/pipe")
    report = verify(folder, TRUSTED)
    assert codes(report) == {Flaw.SPECIAL_FILE}
    assert len(report.problems) == 2
    secret = (folder / "README.txt").rename(tmp_path / "secret")
    (folder / "README.txt").symlink_to(secret)
    assert len(verify(folder, TRUSTED).problems) >= 3, "a link is never followed"


def test_places_are_harmless_in_a_terminal(check: Check) -> None:
    report = check(members({f"{ROOT}/\x1b[2J\u202eevil": b""}))
    assert all(str(problem).isascii() and str(problem).isprintable() for problem in report.problems)


def test_every_code_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Flaw)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_no_single_changed_byte_passes_unseen(
    tmp_path_factory: pytest.TempPathFactory, at: int, by: int
) -> None:
    bundle = bytearray(GOOD)
    bundle[at] ^= by
    path = tmp_path_factory.mktemp("flip") / "bundle.zip"
    path.write_bytes(bundle)
    report = verify(path, TRUSTED)
    if report.ok:
        # A deflate stream has other streams beside it that give the same content.
        with zipfile.ZipFile(path) as archive:
            assert {n.removeprefix(f"{ROOT}/"): archive.read(n) for n in archive.namelist()} == FILES


@given(
    st.lists(st.lists(st.text('ab",\r\n'), min_size=2, max_size=3), min_size=1, max_size=8), st.integers(1, 9)
)
def test_records_are_counted_as_a_csv_reader_counts(rows: list[list[str]], step: int) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    content = out.getvalue().encode()
    counter = CsvCounter()
    for start in range(0, len(content), step):
        counter.feed(content[start : start + step])
    assert counter.records == len(list(csv.reader(io.StringIO(content.decode(), newline="")))) - 1
