"""
The key with which the server signs how far each log goes, and that its evidence has arrived. It lies outside the database: a backup that is put back must not be able
to make the server forget what it has signed.

Made on first start in the data folder, readable by its owner alone, unless a file of one's own is set. Several processes, and
several servers before one database, share the file.
"""

import base64
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from server.config import Config, ConfigurationError
from server.domain.custody import Custody, custody_statement
from server.domain.receipt import Receipt, key_name, receipt_statement

KEY_FILE = "log.key"


@dataclass(frozen=True, slots=True)
class LogKey:
    """The key, and its public half (SPKI, DER) beside the name that it has in receipts."""

    key: ec.EllipticCurvePrivateKey
    public_key: bytes
    name: str

    def sign(self, audit: str, epoch: str, seq: int, running_hash: str, at: str) -> Receipt:
        """How far a log goes."""
        signature = self._sign(receipt_statement(audit, epoch, seq, running_hash, at))
        return Receipt(audit, epoch, seq, running_hash, at, self.name, signature)

    def sign_custody(self, custody: Custody, at: str) -> str:
        """That everything which `custody` names is stored. The signature."""
        return self._sign(custody_statement(custody, at))

    def _sign(self, statement: bytes) -> str:
        """ECDSA P-256 with SHA-256, raw r and s, base64url without padding: as tablets sign, so that they can check it."""
        r, s = decode_dss_signature(self.key.sign(statement, ec.ECDSA(hashes.SHA256())))
        return _base64url(r.to_bytes(32) + s.to_bytes(32))

    @property
    def public_text(self) -> str:
        """The public half as the app imports it."""
        return _base64url(self.public_key)


def load_log_key(config: Config) -> LogKey:
    """The key of this server; made on first need. Raises ConfigurationError for a file that is set and cannot be used."""
    if config.log_key:
        return _read(Path(config.log_key).resolve())
    path = config.data_folder / KEY_FILE
    if not path.exists():
        _make(path)
    return _read(path)


@lru_cache(maxsize=8)
def _read(path: Path) -> LogKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise ConfigurationError(f"The log key {path} cannot be used: {problem}") from problem
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ConfigurationError(f"The log key {path} cannot be used: it must be an EC key on P-256.")
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return LogKey(key, spki, key_name(spki))


def _make(path: Path) -> None:
    """Written beside its place and linked into it: two processes that start at once end up with the same whole key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    made = path.with_name(f".{KEY_FILE}-{secrets.token_hex(8)}")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    finally:
        made.unlink()
    _keep_name(path.parent)


def _keep_name(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
