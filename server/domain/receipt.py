"""
What the server signs about an audit's log: up to which number it went, and what the running hash was there.

The key lies outside the database, so a receipt outlives a restored backup: by it the server knows its own words again, however
they come back (server/sync/hand_back.py). Signed anew with every answer, and nothing of an entry but its digest is in it, so an
erasure changes none.
"""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """`at` is an instant as the wire writes it; `key` names the key (`key_name`)."""

    audit: str
    epoch: str
    seq: int
    hash: str
    at: str
    key: str
    signature: str

    @property
    def statement(self) -> bytes:
        return receipt_statement(self.audit, self.epoch, self.seq, self.hash, self.at)


def receipt_statement(audit: str, epoch: str, seq: int, running_hash: str, at: str) -> bytes:
    """The text that is signed. Its first line says what for, so that no other signature passes for one."""
    return f"auditbook-log-receipt-v1\n{audit}\n{epoch}\n{seq}\n{running_hash}\n{at}\n".encode()


def key_name(public_key: bytes) -> str:
    """SHA-256 over the public half (SPKI, DER), in hex."""
    return hashlib.sha256(public_key).hexdigest()
