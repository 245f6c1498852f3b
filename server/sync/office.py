"""
What is written into an audit's log on the server itself: the office prepares an audit, the demonstration begins one.

The operations are like those of a tablet, in a chain that names the server's installation and the person, and carry
`origin: server`. Every device folds them like its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from server.domain.fold import BORN, fold_log
from server.domain.operation import ChainKey
from server.domain.refusals import Refused
from server.domain.vocabulary import OperationKind, Origin
from server.storage import Session, audits, chains
from server.storage import operation_log as log
from server.storage.clock import now_ms
from server.storage.operation_log import NewEntry
from server.storage.server_state import server_identity
from server.storage.tables.audit import Audit
from server.sync.receive import Receiver, refuse_value_here
from server.sync.server_operation import write_operation


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one entity. `add` makes an entity with the facts that it is born with."""

    entity: str
    field: str
    value: Any
    kind: OperationKind = OperationKind.SET

    @classmethod
    def add(cls, entity: str, born: dict[str, Any]) -> "Change":
        return cls(entity, BORN, born, OperationKind.ADD)


def create_audit(session: Session, *, workspace: str, account: str, audit: str, changes: Iterable[Change]) -> None:
    """Begin an audit in this workspace. The first change is its `add`; the account leads it until the team says else."""
    audits.create_audit_row(
        session, audit, workspace=workspace, audit=audit, is_held=False, account=account, now=now_ms()
    )
    append(session, audit=audit, account=account, changes=changes)


def append(session: Session, *, audit: str, account: str, changes: Iterable[Change]) -> None:
    """
    Write these changes as this person, in the caller's transaction. They replace what the log shows now.

    Raises Refused for a value that does not fit: here, unlike from a tablet, nothing needs to be kept.
    """
    row = audits.lock_audit(session, audit)
    if row is None:
        raise LookupError(f"There is no audit {audit}.")
    changes = list(changes)
    kinds = {change.entity.partition("/")[0] for change in changes}
    writer = _Writer(session, row, account, log.load_entries(session, audit, kinds))
    log.append_entries(session, row, [writer.write(change) for change in changes], writer.now)
    writer.finish()
    Receiver(session, row, server_identity(session), writer.now).derive_anew()


class _Writer:
    """Makes the next operations of one person's chain on the server."""

    def __init__(self, session: Session, audit: Audit, account: str, entries: Iterable[Any]):
        self.now = now_ms()
        self._audit = audit
        server = server_identity(session)
        self._epoch = server.epoch
        self._key = ChainKey(server.installation, account, audit.audit_id)
        self._chain = chains.load_chain(session, audit, server.installation, account)
        self._dseq, self._tip = self._chain.tip_dseq, self._chain.tip_digest
        self._heads = {
            (ref, name): [head.digest for head in shown.heads]
            for ref, entity in fold_log(entries).entities.items()
            for name, shown in entity.fields.items()
        }

    def write(self, change: Change) -> NewEntry:
        self._dseq += 1
        place = (change.entity, change.field)
        operation = write_operation(
            self._key,
            dseq=self._dseq,
            prev=self._tip,
            now=self.now,
            epoch=self._epoch,
            seen=self._audit.head_seq,
            entity=change.entity,
            field=change.field,
            bases=self._heads.get(place, []),
            kind=change.kind,
            value=change.value,
        )
        if reason := refuse_value_here(operation, self._audit.audit_id, self._audit.workspace_id):
            raise Refused(reason)
        self._tip, self._heads[place] = operation.digest, [operation.digest]
        return NewEntry(operation.data, operation.digest, Origin.SERVER, self._key, operation, self._dseq)

    def finish(self) -> None:
        """The row of the chain moves along."""
        self._chain.tip_dseq = self._chain.announced_dseq = self._dseq
        self._chain.tip_digest = self._chain.announced_digest = self._tip
