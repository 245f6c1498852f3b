"""
Passwords as argon2id hashes (t=2, 19 MiB, p=1: the least of OWASP's recommendations, 40 ms on a small machine).

A check takes memory and a processor, so only a few run at a time: a flood of sign-ins may wait, but it cannot starve the sync.
"""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from schemas.account import LEAST_PASSWORD
from server.domain.refusals import Refusal, Refused

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE = threading.BoundedSemaphore(2)
_PATIENCE = 10
"""Seconds that a sign-in waits for its turn."""

_NOBODY = _HASHER.hash("nobody has this password")
"""What an unknown address is checked against, so that the answer takes the same time."""


def hash_password(password: str) -> str:
    """Raises Refused when the password is too short."""
    if len(password) < LEAST_PASSWORD:
        raise Refused(Refusal("account.weak_password", {"least": LEAST_PASSWORD}))
    with _turn():
        return _HASHER.hash(_same_everywhere(password))


def is_right_password(password_hash: str | None, password: str) -> bool:
    """Whether the password belongs to the hash. Without a hash (an unknown address) it is wrong, after the same time."""
    with _turn():
        try:
            return _HASHER.verify(password_hash or _NOBODY, _same_everywhere(password)) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_new_hash(password_hash: str) -> bool:
    """The hash was made with other costs than today's."""
    return _HASHER.check_needs_rehash(password_hash)


@contextmanager
def _turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_PATIENCE):
        raise Refused(Refusal("server.busy"))
    try:
        yield
    finally:
        _AT_ONCE.release()


def _same_everywhere(password: str) -> str:
    """An umlaut typed on one keyboard may be two characters and on another one (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
