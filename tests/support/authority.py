"""Certificates of a private authority, and a time stamping authority (RFC 3161) on loopback, by openssl."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONFIGURATION = """\
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/{name}.pem
signer_key = {folder}/{name}.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""

_SIGNS_CERTIFICATES = x509.KeyUsage(  # Python 3.13 takes no root that does not say so
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass
class Authority:
    """A root that lives in a folder: `root.pem`, and what it signs as `NAME.pem` with `NAME.key`."""

    folder: Path

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("a root of the tests")
        issued = self._builder(self._name, self._key).add_extension(x509.BasicConstraints(True, None), True)
        self._write("root", issued.add_extension(_SIGNS_CERTIFICATES, True), self._key)

    def issue(self, name: str, usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        critical = usage == ExtendedKeyUsageOID.TIME_STAMPING
        address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        builder = self._builder(_name(name), key)
        builder = builder.add_extension(x509.BasicConstraints(False, None), True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical)
        self._write(name, builder.add_extension(address, False), key)

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        ours = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        issued = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
        issued = issued.public_key(key.public_key()).serial_number(x509.random_serial_number())
        issued = issued.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
        return issued.add_extension(ours, False).add_extension(theirs, False)

    def _write(self, name: str, issued: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> None:
        pem = issued.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        (self.folder / f"{name}.pem").write_bytes(pem)
        raw = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / f"{name}.key").write_bytes(raw)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@contextmanager
def stamping(folder: Path) -> Iterator[str]:
    """A time stamping authority while it is open; its address as of a witness place. Root: `root.pem`."""
    Authority(folder).issue("stamper", ExtendedKeyUsageOID.TIME_STAMPING)
    (folder / "serial").write_text("01")
    (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder, name="stamper"))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = folder / "query.tsq"
            query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", query.name]
            done = subprocess.run(
                [*command, "-out", "reply.tsr"], cwd=folder, capture_output=True, check=False
            )
            self.send_response(500 if done.returncode else 200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            if not done.returncode:
                self.wfile.write((folder / "reply.tsr").read_bytes())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"tsa+http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
