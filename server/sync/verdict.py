"""
What the server writes into an audit's log itself, in a chain of its own: verdicts, erasures, and that a report was issued.

A verdict stands right behind the operation that it is about, in the same transaction, so every device folds the same thing.
"""

from collections.abc import Mapping
from typing import Any

from server.domain.operation import ChainKey
from server.domain.refusals import Refusal
from server.domain.vocabulary import OperationKind, Origin
from server.storage.clock import as_instant
from server.storage.decision_register import Erasure
from server.storage.operation_log import APPLIED, QUARANTINED, NewEntry
from server.storage.tables.operation import Chain
from server.sync.server_operation import write_operation


class ServerChain:
    """Writes the server's next entries in one audit. The row of the chain moves along."""

    def __init__(self, row: Chain, key: ChainKey, epoch: str, now: int):
        self._row = row
        self._key = key
        self._epoch = epoch
        self._now = now

    def quarantine(
        self, digest: str, reason: Refusal, sent_by: tuple[str, str], replaces: str | None, seen: int
    ) -> NewEntry:
        """
        Kept without being applied, and why. `sent_by`: installation and account of whoever sent it, for what cannot be read and
        what names another author does not tell.
        """
        installation, account = sent_by
        value = {
            "state": QUARANTINED,
            "code": reason.code,
            "facts": plain_facts(reason.facts),
            "sent_by": {"installation": installation, "account": account},
        }
        return self._verdict(digest, value, replaces, seen)

    def let_count(self, digest: str, since: int, replaces: str | None, seen: int, by: str | None = None) -> NewEntry:
        """
        The reversal: it counts, and has since that time (in milliseconds, by the server's clock). `by` is the account that decided
        so, where a person did.
        """
        decided = {} if by is None else {"by": by}
        return self._verdict(digest, {"state": APPLIED, "since": since, **decided}, replaces, seen)

    def erase(self, decision: Erasure, seen: int) -> NewEntry:
        """Its content was taken out of the log: by which account's decision, when, and what is kept of a sealed record and of evidence."""
        value: dict[str, Any] = {"reason": decision.reason, "by": decision.by, "at": as_instant(decision.at)}
        if decision.record:
            value["record"] = dict(decision.record)
        if decision.evidence:
            value["evidence"] = decision.evidence
        return self._write(OperationKind.ERASURE, decision.digest, value, [], seen)

    def issue(self, seal: str, value: Mapping[str, Any], seen: int) -> NewEntry:
        """A report was issued from the record under this seal, which is named by the digest of its operation."""
        return self._write(OperationKind.ISSUANCE, seal, dict(value), [], seen)

    def _verdict(self, digest: str, value: dict[str, Any], replaces: str | None, seen: int) -> NewEntry:
        return self._write(OperationKind.VERDICT, digest, value, [replaces] if replaces else [], seen)

    def _write(self, kind: OperationKind, digest: str, value: dict[str, Any], bases: list[str], seen: int) -> NewEntry:
        operation = write_operation(
            self._key,
            dseq=self._row.tip_dseq + 1,
            prev=self._row.tip_digest,
            now=self._now,
            epoch=self._epoch,
            seen=seen,
            entity=f"operation/{digest}",
            field=kind.value,
            bases=bases,
            kind=kind,
            value=value,
        )
        self._row.tip_dseq = self._row.announced_dseq = operation.dseq
        self._row.tip_digest = self._row.announced_digest = operation.digest
        return NewEntry(operation.data, operation.digest, Origin.SERVER, self._key, operation, operation.dseq)


def plain_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as both languages and both databases hold them: short texts and whole numbers."""
    return {name: value if isinstance(value, int) else _plain_text(str(value)) for name, value in facts.items()}


def _plain_text(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:300]
