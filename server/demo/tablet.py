"""
The tablets of the demonstration's team: a key of their own, operations in a chain of their own, pushed like any other.

What the server receives from them is what it would receive from the app: it asks the same questions and checks the same seals.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from schemas.sync import MAX_BATCH_OPERATIONS
from server.demo.moment import ZONE
from server.domain.fold import Entry, LogView, fold_log
from server.domain.operation import GENESIS, SCHEMA_VERSION, ChainKey, Operation, head_statement
from server.domain.vocabulary import OperationKind, Origin, SealPurpose
from server.evidence.upload import Announced, append_to_upload, create_upload
from server.evidence.upload import Sender as Uploader
from server.sealing.canonical import sha256_hex
from server.sealing.seals import seal_statement
from server.storage import Session, accounts
from server.storage.audits import Roles
from server.storage.evidence_store import EvidenceFiles
from server.storage.identifiers import new_id
from server.sync.office import Change
from server.sync.push import Batch, push
from server.sync.receive import Sender
from server.sync.server_operation import new_start, write_operation

JPEG = "image/jpeg"
_CONTEXT = {"app": "demo", "zone": ZONE}


@dataclass
class TeamLog:
    """One audit as every tablet of the team shows it: they have a network, so each sees at once what the others wrote."""

    audit: str
    epoch: str
    seq: int = 0
    hash: str = GENESIS
    """The running hash up to `seq`."""
    entries: list[Entry] = field(default_factory=list)
    heads: dict[tuple[str, str], str] = field(default_factory=dict)
    tips: dict[ChainKey, tuple[int, str]] = field(default_factory=dict)

    def view(self) -> LogView:
        return fold_log(self.entries)

    def record_heads(self) -> list[tuple[ChainKey, int, str]]:
        """Of every chain the last operation, as a record names it."""
        return [(chain, dseq, digest) for chain, (dseq, digest) in self.tips.items()]

    def take(self, operation: Operation) -> None:
        self.entries.append(Entry(operation, Origin.DEVICE))
        self.heads[operation.entity, operation.field] = operation.digest
        self.tips[operation.chain] = (operation.dseq, operation.digest)


class Tablet:
    """One installation of the app in one person's hands."""

    def __init__(self, account: str, roles: Roles, name: str):
        self.account, self.roles, self.name = account, roles, name
        self.installation = new_id()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._unsent: dict[str, list[Operation]] = {}
        self._start, self._started_at = new_start(), 0

    def enrol(self, session: Session, now: int) -> None:
        """From then on the server knows the key, and seals by it verify."""
        accounts.enrol_installation(
            session, self.installation, self.account, name=self.name, public_key=self._public_key(), now=now
        )

    def write(self, log: TeamLog, at: int, changes: Iterable[Change]) -> list[str]:
        """One operation after the other, at this moment in milliseconds by the tablet's clock. Their digests."""
        digests = []
        chain = ChainKey(self.installation, self.account, log.audit)
        self._started_at = self._started_at or at
        for change in changes:
            dseq, prev = log.tips.get(chain, (0, GENESIS))
            replaced = log.heads.get((change.entity, change.field))
            operation = write_operation(
                chain,
                dseq=dseq + 1,
                prev=prev,
                now=at,
                epoch=log.epoch,
                seen=log.seq,
                entity=change.entity,
                field=change.field,
                bases=[replaced] if replaced is not None else [],
                kind=change.kind,
                value=change.value,
                context=_CONTEXT,
                run=(self._start, max(0, at - self._started_at)),
            )
            self._unsent.setdefault(log.audit, []).append(operation)
            log.take(operation)
            digests.append(operation.digest)
        return digests

    def frozen(self, log: TeamLog, said_at: str) -> dict[str, Any]:
        """Where and when this tablet freezes a record, and how far it has pulled."""
        return {
            "at": said_at,
            "installation": self.installation,
            "account": self.account,
            **_CONTEXT,
            "schema": SCHEMA_VERSION,
            "salt": secrets.token_urlsafe(16),
            "log": {"epoch": log.epoch, "seq": log.seq, "hash": log.hash},
        }

    def seal(
        self,
        log: TeamLog,
        at: int,
        ref: str,
        *,
        purpose: SealPurpose,
        sha256: str,
        words: Sequence[str],
        said_at: str,
        supersedes: str | None = None,
    ) -> dict[str, Any]:
        """Vouch for a record with the tablet's key. `words` are the digests of the signatures under it."""
        vouched: dict[str, Any] = {
            "purpose": purpose.value,
            "audit": log.audit,
            "sha256": sha256,
            "signatures": list(words),
            "supersedes": supersedes,
            "sealed_at": said_at,
            "installation": self.installation,
            "account": self.account,
            "public_key": _base64url(self._public_key()),
        }
        seal = {**vouched, "device_signature": self._sign(seal_statement(vouched))}
        self.write(log, at, [Change(ref, "seal", seal, OperationKind.SEAL)])
        return seal

    def send(self, log: TeamLog) -> None:
        """Push what was not sent yet. The server takes it as it is, or the demonstration is wrong."""
        unsent = self._unsent.pop(log.audit, [])
        for first in range(0, len(unsent), MAX_BATCH_OPERATIONS):
            batch = unsent[first : first + MAX_BATCH_OPERATIONS]
            last, newest = batch[-1], unsent[-1]
            answer = push(
                Sender(self.account, self.installation, self.roles),
                Batch(
                    audit=log.audit,
                    announced_dseq=newest.dseq,
                    announced_digest=newest.digest,
                    head_signature=self._sign(head_statement(last.chain, last.dseq, last.digest)),
                    operations=[operation.data.decode() for operation in batch],
                ),
            )
            if answer.verdicts:
                raise ValueError(f"The demonstration was not taken as it is: {answer.verdicts[0]}")
            log.seq, log.hash = answer.head_seq, answer.head_hash

    def upload(self, files: EvidenceFiles, log: TeamLog, picture: bytes) -> None:
        """The bytes of a photo that the log names."""
        sender = Uploader(self.account, self.roles)
        announced = Announced(log.audit, sha256_hex(picture), len(picture), JPEG)
        upload = create_upload(files, sender, announced)
        append_to_upload(files, sender, upload.id, upload.offset, lambda _most: [picture])

    def _public_key(self) -> bytes:
        return self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def _sign(self, data: bytes) -> str:
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256())))
        return _base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
