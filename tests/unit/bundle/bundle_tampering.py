"""Takes bundles apart and puts them together again, as an attacker would."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping

from tests.unit.bundle.bundle_example import ROOT

from afschrift.bundle.container.seal import Ed25519Signer
from afschrift.bundle.container.zip_records import ZipMember, write_zip

Files = dict[str, bytes]


def files_of(bundle: bytes) -> Files:
    """Path below the root -> content."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name.removeprefix(f"{ROOT}/"): archive.read(name) for name in archive.namelist()}


def zipped(files: Mapping[str, bytes], root: str = f"{ROOT}/") -> bytes:
    """A ZIP file of them in the form of a bundle, whatever their names."""
    return b"".join(write_zip(_member(root + path, files[path]) for path in sorted(files)))


def _member(path: str, content: bytes) -> ZipMember:
    deflated = zlib.compress(content, wbits=-15)
    return ZipMember(path, len(content), zlib.crc32(content), len(deflated), [deflated])


def manifests(files: Files) -> Files:
    """The same files with every manifest and the totals rewritten to fit; the signature is left as it is."""
    files = dict(files)
    payload = {p: c for p, c in files.items() if p.startswith("data/")}
    files["manifest-sha256.txt"] = _manifest(payload)
    total = f"Payload-Oxum: {sum(map(len, payload.values()))}.{len(payload)}"
    lines = files["bag-info.txt"].decode().splitlines()
    files["bag-info.txt"] = "".join(
        f"{total if line.startswith('Payload-Oxum') else line}\n" for line in lines
    ).encode()
    outside = {"tagmanifest-sha256.txt", "tagmanifest-sha256.txt.sig"}
    tags = {p: c for p, c in files.items() if not p.startswith("data/") and p not in outside}
    files["tagmanifest-sha256.txt"] = _manifest(tags)
    return files


def signed(files: Files, signer: Ed25519Signer) -> Files:
    """Signed anew."""
    return files | {"tagmanifest-sha256.txt.sig": signer.sign(files["tagmanifest-sha256.txt"])}


def _manifest(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(files[p]).hexdigest()}  {p}\n" for p in sorted(files)).encode()
