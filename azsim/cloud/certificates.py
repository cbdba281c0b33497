"""Who may talk to whom: certificates of a server and its devices, made when they are first needed, for the loopback.

::

    authority (its key is thrown away) ──signs──> server.pem   shown to devices
                                       └─signs──> device.pem   shown to the server, which answers nobody without one

All of it lies in one folder; whoever is to talk to this server needs ``authority.pem`` and ``device.pem`` of it.
"""

from __future__ import annotations

import datetime
import os
import shutil
import ssl
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from azsim.errors import InputError, WorkError

DEFAULT_FOLDER = Path("~/.cache/azsim/cloud")
SERVER_NAME = "localhost"
YEARS = 10
PROTOCOL = "h2"
"""HTTP/2, as TLS names it. **Source:** RFC 9113 3.2."""
AUTHORITY, SERVER, DEVICE = "authority.pem", "server.pem", "device.pem"


@dataclass(frozen=True, slots=True)
class Certificates:
    """The three files of a folder."""

    folder: Path

    def server_context(self, *, devices_only: bool = True) -> ssl.SSLContext:
        """TLS 1.3 for the server.

        Args:
            devices_only: only who shows a certificate of this authority is let in.

        Raises:
            InputError: a file is missing or damaged.
        """
        context = self._context(ssl.PROTOCOL_TLS_SERVER, SERVER)
        if devices_only:
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def device_context(self, *, with_certificate: bool = True) -> ssl.SSLContext:
        """TLS 1.3 for a device; without a certificate of its own the server refuses it.

        Raises:
            InputError: a file is missing or damaged.
        """
        return self._context(ssl.PROTOCOL_TLS_CLIENT, DEVICE if with_certificate else "")

    def _context(self, protocol: int, shown: str) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols([PROTOCOL])
        try:
            if shown:
                context.load_cert_chain(self.folder / shown)
            context.load_verify_locations(self.folder / AUTHORITY)
        except (OSError, ssl.SSLError) as error:
            why = error.strerror if isinstance(error, FileNotFoundError) else "damaged"
            raise InputError(
                f"{self.folder}: certificates of azsim cloud: {why}; remove the folder to have them made anew"
            ) from None
        return context


def certificates(folder: Path | None = None) -> Certificates:
    """Those of a folder, made if it is not there.

    Args:
        folder: where they are, by default `DEFAULT_FOLDER`.

    Raises:
        InputError: there is something else in its place, or nothing can be made there.
    """
    folder = (folder or DEFAULT_FOLDER).expanduser()
    if not folder.exists():
        _make(folder)
    missing = [name for name in (AUTHORITY, SERVER, DEVICE) if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder}: {missing[0]}: missing; give the folder of azsim cloud's certificates, or one that is not there "
            "yet"
        )
    return Certificates(folder)


def _make(folder: Path) -> None:
    """All files at once: the folder appears whole, and only one of two that make it at the same time."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".azsim-certificates-", dir=folder.parent))
        try:
            _fill(made)
            with suppress(FileExistsError):
                made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        if not folder.exists():
            raise WorkError(f"{folder}: certificates cannot be made: {error.strerror or error}") from error


def _fill(folder: Path) -> None:
    authority_key = generate_private_key(SECP256R1())
    authority = _certificate("azsim cloud authority", authority_key, None, authority_key)
    (folder / AUTHORITY).write_bytes(authority.public_bytes(Encoding.PEM))
    for name, subject in ((SERVER, "azsim cloud server"), (DEVICE, "azsim device")):
        key = generate_private_key(SECP256R1())
        certificate = _certificate(subject, key, authority, authority_key)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(private + certificate.public_bytes(Encoding.PEM))


def _certificate(
    subject: str, key: EllipticCurvePrivateKey, issuer: x509.Certificate | None, issuer_key: EllipticCurvePrivateKey
) -> x509.Certificate:
    """Of one party; its own issuer without another."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    if issuer is None:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    else:
        names = x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, SHA256())
