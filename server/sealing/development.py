"""
The development authority: made when no signing certificate is configured, so that a first try needs no paperwork.

It says NOT FOR PRODUCTION in every name, in the stamp and to whoever verifies. Every installation makes its own; none is shipped.
The root's key signs one certificate and is thrown away: nobody can make a second signer under this root, this server included.
"""

import datetime
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DEVELOPMENT_MARK = "NOT FOR PRODUCTION"
ROOT_FILE = "development-root.pem"
CERTIFICATE_FILE = "development-signer.pem"
KEY_FILE = "development-signer.key"
DRAFT_PREFIX = "signing-draft-"

_YEARS = datetime.timedelta(days=365 * 5)


@dataclass(frozen=True, slots=True)
class DevelopmentAuthority:
    """Where its three files lie. The root is what `auditbook verify --trust` takes."""

    root: Path
    certificate: Path
    key: Path


def ensure_development_authority(data_folder: Path, now: datetime.datetime) -> DevelopmentAuthority:
    """The authority of this installation; made on first need. Two processes that start at once end up with the same one."""
    folder = data_folder / "signing"
    if not (folder / KEY_FILE).exists() or _leftovers(data_folder):
        data_folder.mkdir(parents=True, exist_ok=True)
        with _alone(data_folder):
            for leftover in _leftovers(data_folder):
                shutil.rmtree(leftover)
            if not (folder / KEY_FILE).exists():
                _make_whole(data_folder, folder, now)
    return DevelopmentAuthority(folder / ROOT_FILE, folder / CERTIFICATE_FILE, folder / KEY_FILE)


@contextmanager
def _alone(data_folder: Path) -> Iterator[None]:
    """While nobody else makes one: a draft that is found then belongs to a process that was killed, which loses its lock with its life."""
    descriptor = os.open(data_folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _leftovers(data_folder: Path) -> list[Path]:
    """Drafts of starts that were killed, a private key in them. A folder that holds anything else was made by somebody else."""
    made_here = {ROOT_FILE, CERTIFICATE_FILE, KEY_FILE}
    return [
        path
        for path in data_folder.glob(f"{DRAFT_PREFIX}*")
        if path.is_dir() and not path.is_symlink() and {inside.name for inside in path.iterdir()} <= made_here
    ]


def _make_whole(data_folder: Path, folder: Path, now: datetime.datetime) -> None:
    # mkdtemp gives 0700: nobody but the owner looks in, from the first moment on.
    draft = Path(tempfile.mkdtemp(prefix=DRAFT_PREFIX, dir=data_folder))
    try:
        _make(draft, now)
        _move_in(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _move_in(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)
    except OSError:
        # A folder with something in it stands there, and only its key is missing.
        for name in (ROOT_FILE, CERTIFICATE_FILE, KEY_FILE):
            (draft / name).replace(folder / name)


def _make(folder: Path, now: datetime.datetime) -> None:
    root_key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    leaf_key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    root = _root_certificate(root_key, now)
    leaf = _leaf_certificate(leaf_key, root, root_key, now)
    _write(folder / ROOT_FILE, root.public_bytes(Encoding.PEM))
    _write(folder / CERTIFICATE_FILE, leaf.public_bytes(Encoding.PEM))
    _write(folder / KEY_FILE, leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _root_certificate(key: rsa.RSAPrivateKey, now: datetime.datetime) -> x509.Certificate:
    name = _name("Auditbook development root")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        _builder(name, name, key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(crl_sign=True, key_cert_sign=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf_certificate(
    key: rsa.RSAPrivateKey, root: x509.Certificate, root_key: rsa.RSAPrivateKey, now: datetime.datetime
) -> x509.Certificate:
    root_identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(_name("Auditbook development signer"), root.subject, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True, content_commitment=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(root_identifier), critical=False)
        .sign(root_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, now: datetime.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A tablet or server whose clock is a little behind must not find the certificate not yet valid.
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _YEARS)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{common_name} - {DEVELOPMENT_MARK}")])


def _key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, data: bytes) -> None:
    """Readable by the owner alone from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
