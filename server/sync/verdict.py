"""
Verdicts: what the server writes into an audit's log itself, in a chain of its own.

A verdict stands right behind the operation that it is about, in the same transaction, so every device folds the same thing.
"""

from collections.abc import Mapping
from typing import Any

import rfc8785

from server.domain.operation import (
    ENVELOPE_VERSION,
    SCHEMA_VERSION,
    ChainKey,
    Operation,
    parse_operation,
)
from server.domain.refusals import Refusal
from server.domain.vocabulary import OperationKind, Origin
from server.storage.identifiers import new_id
from server.storage.operation_log import APPLIED, QUARANTINED, NewEntry
from server.storage.tables.operation import Chain

SERVER_ACCOUNT = "server"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class ServerChain:
    """Writes the server's next entries in one audit. The row of the chain moves along."""

    def __init__(self, row: Chain, key: ChainKey, epoch: str, now: int):
        self._row = row
        self._key = key
        self._epoch = epoch
        self._now = now

    def quarantine(self, digest: str, reason: Refusal, seen: int) -> NewEntry:
        """Kept without being applied, and why."""
        value = {"state": QUARANTINED, "code": reason.code, "facts": plain_facts(reason.facts)}
        return self._write(digest, value, [], seen)

    def release(self, digest: str, by: str, replaces: str | None, seen: int) -> NewEntry:
        """The reversal: from now on the operation counts. `by` is the account that decided so."""
        return self._write(digest, {"state": APPLIED, "by": by}, [replaces] if replaces else [], seen)

    def _write(self, digest: str, value: dict[str, Any], bases: list[str], seen: int) -> NewEntry:
        dseq = self._row.tip_dseq + 1
        data = rfc8785.dumps(
            {
                "v": ENVELOPE_VERSION,
                "id": new_id(self._now),
                "chain": {
                    "installation": self._key.installation,
                    "account": self._key.account,
                    "audit": self._key.audit,
                },
                "dseq": dseq,
                "prev": self._row.tip_digest,
                "wall": self._now,
                "mono": 0,
                "hlc": f"{self._now:015d}-{_base36(dseq)}",
                "seen": {"epoch": self._epoch, "seq": seen},
                "ent": f"operation/{digest}",
                "fld": "verdict",
                "bases": bases,
                "kind": OperationKind.VERDICT.value,
                "val": value,
                "ctx": {"app": "server", "schema": SCHEMA_VERSION, "zone": "UTC"},
            }
        )
        operation = parse_operation(data)
        if not isinstance(operation, Operation):
            raise ValueError(f"The server wrote an entry that it cannot read itself: {operation.code}")
        self._row.tip_dseq = self._row.announced_dseq = dseq
        self._row.tip_digest = self._row.announced_digest = operation.digest
        return NewEntry(data, operation.digest, Origin.SERVER, self._key, operation, dseq)


def plain_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as both languages and both databases hold them: short texts and whole numbers."""
    return {name: value if isinstance(value, int) else _plain_text(str(value)) for name, value in facts.items()}


def _plain_text(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:300]


def _base36(number: int) -> str:
    digits = ""
    for _ in range(8):
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits
