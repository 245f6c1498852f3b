"""A device's signature under the head of its chain: ECDSA P-256 with SHA-256, raw r and s, base64url without padding."""

import base64
import binascii
import re
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

_RAW_LENGTH = 64
_SHAPE = re.compile(r"[A-Za-z0-9_-]{86}")


def has_shape_of_signature(text: str) -> bool:
    """64 bytes in base64url. Where no key is known this is all that can be said of a signature."""
    return _SHAPE.fullmatch(text) is not None


def verifying_key(statement: bytes, signature: str, public_keys: Iterable[bytes]) -> bytes | None:
    """Which of these keys (SPKI, DER) made the signature; None for none. Nothing about a signature or a key raises."""
    try:
        raw = base64.b64decode(signature + "=" * (-len(signature) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != _RAW_LENGTH:
        return None
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    return next((key for key in public_keys if _verifies(key, der, statement)), None)


def _verifies(spki: bytes, signature: bytes, statement: bytes) -> bool:
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        return False
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return False
    try:
        key.verify(signature, statement, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
