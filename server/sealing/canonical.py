"""RFC 8785: the one way to write a record, so that a tablet, this server and a stranger hash the same bytes."""

import hashlib
from typing import Any

import rfc8785


def canonical_bytes(value: Any) -> bytes:
    """The canonical JSON of plain data. Raises ValueError for what has none, such as a number that is not exact."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as problem:
        raise ValueError(str(problem)) from problem


def sha256_hex(data: bytes) -> str:
    """SHA-256 in lower-case hex, as it is printed and sealed."""
    return hashlib.sha256(data).hexdigest()
