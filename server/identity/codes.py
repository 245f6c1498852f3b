"""Secrets that are handed out once and kept as SHA-256: tokens of sessions, and codes that a person may have to type."""

import hashlib
import secrets

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U, which are misread or misheard."""
_LOOKALIKES = str.maketrans("ILO", "110", " -\u00a0\u2010\u2011\u2013\u00ad\t\r\n")
_GROUPS = 5


def new_token() -> str:
    """256 bits."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def new_code() -> str:
    """100 bits in five groups, as in `7QX2-M0KD-V5TA-9CHW-3RNE`: short enough to be copied from a mail by hand."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_GROUPS))


def code_digest(typed: str) -> bytes:
    """The same for every way in which a person may type a code: small letters, blanks, O for 0, I or L for 1."""
    return token_digest(typed.upper().translate(_LOOKALIKES))
