"""A file is put, and fetched by link and code: whole, by ranges, and again after a cut."""

import json
import os
from base64 import b64decode
from pathlib import Path

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.support.portal import CODE, Portal, Sealed, bundle

from afschrift_portal.container import Decryptor, hash_of_link, link_bytes, read_header
from afschrift_portal.download import RangeError, asked_part

pytestmark = pytest.mark.server


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 900_000])
def test_file_of_any_size_arrives_as_it_was(portal: Portal, size: int) -> None:
    sealed = portal.put(Sealed(bytes(index % 251 for index in range(size))))
    with portal.client() as client:
        key = portal.open(sealed, client)
        answer = client.get(f"/api/o/{sealed.link}/bundle", headers=key)
    assert answer.content == sealed.plain
    assert answer.headers["Content-Length"] == str(size)
    assert [row["kind"] for row in portal.receipts(sealed, 1)] == ["fetched"]


def test_receipt_is_signed_by_the_key_that_init_printed(portal: Portal) -> None:
    sealed = portal.put(Sealed(bundle()))
    with portal.client() as client, portal.client(inner=True) as inner:
        key = portal.open(sealed, client)
        assert client.post(f"/api/o/{sealed.link}/received", headers=key).status_code == 204
        assert client.post(f"/api/o/{sealed.link}/received", headers=key).status_code == 204
        (receipt,) = portal.receipts(sealed)
        assert receipt["kind"] == "confirmed"
        health = inner.get("/health").json()
        assert health["public_key"] == portal.public_key
        signature = b64decode(receipt.pop("signature"))
        signed = rfc8785.dumps(receipt | {"portal": health["instance"]})
        Ed25519PublicKey.from_public_bytes(b64decode(portal.public_key)).verify(signature, signed)
        assert inner.delete(f"/receipts/{receipt['id']}").status_code == 204
    assert portal.receipts(sealed) == []


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", range(1)), ("bytes=5-", range(5, 100)), ("bytes=-7", range(93, 100)), ("bytes=-700", range(100)),
        ("bytes=90-200", range(90, 100)), ("bytes=9-3", None), ("bytes=-", None), ("rows=1-2", None), ("bytes=a-b", None),
        ("bytes=100-", 416), ("bytes=-0", 416), ("bytes=0-1,5-6", 416), ("bytes=" + ",".join(["0-1"] * 20), 416),
    ],
)  # fmt: skip
def test_range_is_read_as_the_standard_says(header: str, part: range | int | None) -> None:
    if part == 416:
        with pytest.raises(RangeError):
            asked_part(header, 100)
    else:
        assert asked_part(header, 100) == part


def test_download_resumes_and_is_counted_when_all_was_sent(portal: Portal) -> None:
    sealed = portal.put(Sealed(bundle()))
    size, path = len(sealed.plain), f"/api/o/{sealed.link}/bundle"

    with portal.client() as client:
        key = portal.open(sealed, client)
        head = client.head(f"/o/{sealed.link}/bundle")
        assert head.status_code == 303  # nothing without the cookie
        for header in ("bytes=0-0", f"bytes={size}-", "bytes=0-1,4-5", f"bytes=0-{size - 2}"):
            answer = client.get(path, headers=key | {"Range": header})
            assert answer.status_code in (206, 416)
        assert answer.content == sealed.plain[:-1]
        assert portal.receipts(sealed) == []
        tag = answer.headers["ETag"]
        other = client.get(path, headers=key | {"Range": f"bytes={size - 1}-", "If-Range": '"another"'})
        assert (other.status_code, other.content) == (200, sealed.plain)
        assert len(portal.receipts(sealed, 1)) == 1
        client.get(path, headers=key | {"Range": f"bytes=0-{size - 2}", "If-Range": tag})
        last = client.get(path, headers=key | {"Range": f"bytes={size - 1}-", "If-Range": tag})
        assert (last.status_code, last.content, len(portal.receipts(sealed, 2))) == (
            206,
            sealed.plain[-1:],
            2,
        )
        assert last.headers["Content-Range"] == f"bytes {size - 1}-{size - 1}/{size}"


def test_page_opens_with_the_cookie_alone(portal: Portal) -> None:
    sealed = portal.put(Sealed(bundle()))
    with portal.client() as client:
        door = client.get(f"/o/{sealed.link}", headers={"Accept-Language": "fr, nl;q=0.8, en;q=0.5"})
        assert "Zes woorden" in door.text
        short = client.post(f"/o/{sealed.link}", data={"code": "anker brood"})
        assert (short.status_code, "A code has six words" in short.text) == (422, True)
        answer = client.post(f"/o/{sealed.link}?language=nl", data={"code": CODE.upper().replace(" ", "-")})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/o/{sealed.link}?language=nl")
        kept = answer.headers["Set-Cookie"]
        assert all(
            word in kept for word in ("HttpOnly", "Secure", "SameSite=strict", "Path=/", "Max-Age=3600")
        )
        assert (
            kept.startswith("__Host-") and "Domain" not in kept
        )  # no sibling's domain can set one of this name
        other = portal.put(Sealed(bundle()))
        assert client.post(f"/o/{other.link}", data={"code": CODE}).status_code == 303  # both are open
        page = client.get(answer.headers["Location"])
        for text in ("Uw gegevens staan klaar", "Zonnebloem", "z-2026-0042", "30 november 2026", "Inzage"):
            assert text in page.text
        read = client.get(f"/o/{sealed.link}/read/data/information.html")
        assert "kanarie-in-het-overzicht" in read.text
        assert read.headers["Content-Security-Policy"].startswith(
            "sandbox allow-same-origin; default-src 'none'"
        )
        assert client.get(f"/o/{sealed.link}/read/data/orders.bin").status_code == 404
        assert client.get(f"/o/{sealed.link}/bundle").content == sealed.plain
        assert client.post(f"/o/{sealed.link}/received").status_code == 303
        assert "Thank you for letting us know" in client.get(f"/o/{sealed.link}").text


def test_what_afschrift_writes_opens_here(tmp_path: Path) -> None:
    vector = json.loads(
        (Path(__file__).parents[1] / "unit" / "encryption" / "portal_vector.json").read_text()
    )
    path = tmp_path / "file"
    path.write_bytes(bytes.fromhex(vector["file"]))
    link = link_bytes(vector["link"])
    header = read_header(path)
    assert header.link_hash == hash_of_link(link)
    key = header.unwrap(link, vector["words"].upper().replace(" ", " - "))
    assert key is not None
    with Decryptor(os.open(path, os.O_RDONLY), key) as content:
        assert content.read() == vector["plain"].encode()
    assert header.unwrap(link, vector["words"] + "s") is None
    assert header.unwrap(bytes(16), vector["words"]) is None
