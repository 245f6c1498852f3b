"""
What a report is made from: the sealed records with their exact bytes, the seals, the signatures on the glass, and what only the
server knows, kept apart from all of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from server.domain.operation import Operation
from server.sealing.attached import (
    CATALOGUES_FILE,
    CLOSING_RECORD_FILE,
    DEVICE_SIGNATURES_FILE,
    REPORT_RECORD_FILE,
)
from server.sealing.canonical import canonical_bytes
from server.sealing.handwriting import attached_operation
from server.sealing.seals import SealState

Record = dict[str, Any]
Tree = dict[str, Any]
"""One edition of a standard with its clauses, as records name it (server/standards/catalogue.py, `catalogue_tree`)."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tree behind a hash that a record names. `is_brought`: by a tablet; the server never handed it out."""

    tree: Tree
    is_brought: bool = False


class ReportState(StrEnum):
    """What stands on every page."""

    DRAFT = "draft"
    """Issued by the audit team; the certification body has not released it."""
    RELEASED = "released"
    PROVISIONAL = "provisional"
    """Made although pictures are still on their way."""


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record as it was sealed. `data` are the canonical bytes, `state` what the check of the tablet's signature gave."""

    data: bytes
    sha256: str
    seal: Mapping[str, Any]
    state: SealState
    public_key: str | None
    sealed_by: str
    """The digest of the operation that sealed it."""

    @property
    def record(self) -> Record:
        parsed: Record = json.loads(self.data)
        return parsed


@dataclass(frozen=True, slots=True)
class HandwrittenSignature:
    """One party's word under the closing record: the operation that the seal names."""

    operation: Operation

    @property
    def digest(self) -> str:
        return self.operation.digest

    @property
    def born(self) -> Record | None:
        """What the party said; None where that was erased."""
        return self.operation.value if isinstance(self.operation.value, dict) else None


@dataclass(frozen=True, slots=True)
class ChainHead:
    """How far one tablet's log reaches into the report, and its signature for that, where it gave one."""

    installation: str
    account: str
    dseq: int
    digest: str
    signature: str | None = None
    public_key: str | None = None


@dataclass(frozen=True, slots=True)
class LateEntries:
    """Entries of one author that arrived and are not covered by the seal, so nothing of them is in the report."""

    author: str
    count: int
    last_received_at: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """
    When everything under the closing seal had reached the server, entries and the bytes of the files that they name. `at` is when
    the last of what is there came; `lacking` counts the files that are not.
    """

    entries: int
    files: int
    lacking: int
    at: str | None


@dataclass(frozen=True, slots=True)
class ServerStatement:
    """What the server adds from its own knowledge, by its own clock. None of it is sealed by the team."""

    closing_received_at: str | None = None
    report_received_at: str | None = None
    closing_arrival: Arrival | None = None
    """None where nobody asked."""
    entries: int = 0
    first_received_at: str | None = None
    last_received_at: str | None = None
    late: tuple[LateEntries, ...] = ()
    quarantined: int = 0
    unread: int = 0
    """Entries that the tablet could not read, because a newer version of the app had written them."""
    is_aside_checked: bool = True
    """False where a restore has lost words of the server that the tablet had heard: what it left out is its own word."""
    erased: int = 0
    """Entries under the seal whose content was taken out since: the record was not recomputed."""


@dataclass(frozen=True, slots=True)
class ReportMaterial:
    report: SealedRecord
    closing: SealedRecord
    handwritten: tuple[HandwrittenSignature, ...]
    state: ReportState
    server: ServerStatement = field(default_factory=ServerStatement)
    heads: tuple[ChainHead, ...] = ()
    arrived: frozenset[str] | None = None
    """Which originals the server holds, by SHA-256; None where nobody asked."""
    catalogues: tuple[Catalogue, ...] = ()
    """
    Every catalogue that a record names, once: the report's in the order of its standards, then those that the closing record alone
    names. Clauses are printed with the titles of then; a standard that is not here is told by today's.
    """
    zone: str | None = None
    """Where the report was sealed, such as Europe/Berlin: times are told in it."""


def attachments(material: ReportMaterial) -> dict[str, bytes]:
    """The files that travel inside the PDF, by name: what was sealed, byte for byte, and what the seals need to be checked."""
    return {
        REPORT_RECORD_FILE: material.report.data,
        CLOSING_RECORD_FILE: material.closing.data,
        DEVICE_SIGNATURES_FILE: canonical_bytes(
            {
                "record": "auditbook-device-signatures",
                "version": 1,
                "report": _sealed(material.report),
                "closing": _sealed(material.closing),
                "handwritten": [attached_operation(entry.operation) for entry in material.handwritten],
                "chain_heads": [
                    {
                        "installation": head.installation,
                        "account": head.account,
                        "dseq": head.dseq,
                        "digest": head.digest,
                        "signature": head.signature,
                        "public_key": head.public_key,
                    }
                    for head in material.heads
                ],
            }
        ),
        CATALOGUES_FILE: canonical_bytes(
            [{"origin": "tablet" if one.is_brought else "server", "tree": one.tree} for one in material.catalogues]
        ),
    }


def _sealed(record: SealedRecord) -> Record:
    return {"seal": dict(record.seal), "public_key": record.public_key}
