"""
The seal of a tablet: does its signature verify under the key that was enrolled, and does it name what lies beside it?

Before: the tablet signed the canonical seal with a key that cannot leave it, and named that key (docs/data-flow.md §5).
After:  reports/issue.py prints what was found here, and verify.py finds the same without the server.
"""

import base64
import binascii
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from server.sealing.canonical import canonical_bytes, sha256_hex

_HALF = 32
"""Bytes of r and of s on the curve P-256."""


class SealState(StrEnum):
    """What can be said about the device signature under a seal."""

    VERIFIED = "verified"
    UNSIGNED = "unsigned"
    """The tablet had lost its key; the seal names it, but nothing proves that it was this tablet."""
    KEY_UNKNOWN = "key_unknown"
    """It is signed, but no public key of this tablet is at hand."""
    INVALID = "invalid"


def seal_statement(seal: Mapping[str, Any]) -> bytes:
    """The bytes that the tablet signed: the seal without its signature, in canonical form."""
    return canonical_bytes({name: value for name, value in seal.items() if name != "device_signature"})


def seal_sha256(seal: Mapping[str, Any]) -> str:
    """How a report names the seal under its closing record: SHA-256 over its canonical form, signature included."""
    return sha256_hex(canonical_bytes(dict(seal)))


def key_sha256(public_key: str) -> str:
    """How a chain's head names its key. `public_key` is SPKI, base64url; what is no base64 has a name that fits nothing."""
    try:
        return sha256_hex(_from_base64url(public_key))
    except (ValueError, binascii.Error):
        return ""


def check_seal(seal: Mapping[str, Any], public_key: str | None) -> SealState:
    """
    Whether the tablet's signature under the seal verifies with the key that the seal names. `public_key` is the enrolled key:
    SPKI, base64url.
    """
    signature = seal.get("device_signature")
    if signature is None:
        return SealState.UNSIGNED
    if not public_key or public_key != seal.get("public_key"):
        return SealState.KEY_UNKNOWN
    return SealState.VERIFIED if is_signed_by(seal_statement(seal), signature, public_key) else SealState.INVALID


def is_signed_by(data: bytes, signature: str, public_key: str) -> bool:
    """ECDSA P-256 with SHA-256; the signature is raw r and s, the key SPKI, both base64url. False for anything malformed."""
    try:
        raw = _from_base64url(signature)
        key = load_der_public_key(_from_base64url(public_key))
    except (ValueError, binascii.Error):
        return False
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return False
    if len(raw) != 2 * _HALF:
        return False
    der = encode_dss_signature(int.from_bytes(raw[:_HALF], "big"), int.from_bytes(raw[_HALF:], "big"))
    try:
        key.verify(der, data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _from_base64url(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
