"""
A file that is taken out by hand, as the app writes it (pwa/src/handover/write.ts): what a tablet has and the server has not, in a ZIP
that is encrypted.
"""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

from schemas.handover import CONTENTS_NAME, FORMAT, VERSION, batches_name, evidence_name, log_name
from tests.handover.sealing import sealed

Json = dict[str, Any]


@dataclass(frozen=True)
class GivenAudit:
    """`log`: where it ends, with the server's signature, and its lines; `batches`: bodies of a push."""

    id: str
    log: Json | None
    lines: list[Json]
    batches: list[Json]


@dataclass(frozen=True)
class Handover:
    """`evidence`: audit and name; the bytes by name."""

    made: Json
    installations: list[Json]
    audits: list[GivenAudit]
    evidence: list[tuple[str, str]]
    files: dict[str, bytes]

    def written(self, passphrase: str) -> bytes:
        """The encrypted file."""
        contents = {
            "format": FORMAT,
            "version": VERSION,
            "made": self.made,
            "installations": self.installations,
            "audits": [
                {
                    "id": audit.id,
                    "title": None,
                    "reference": None,
                    "log": audit.log,
                    "batches": len(audit.batches),
                    "operations": sum(len(batch["operations"]) for batch in audit.batches),
                }
                for audit in self.audits
            ],
            "evidence": [
                {"audit": audit, "sha256": name, "media_type": "image/jpeg", "size": len(self.files[name])}
                for audit, name in self.evidence
            ],
        }
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(CONTENTS_NAME, json.dumps(contents))
            for audit in self.audits:
                if audit.log is not None:
                    archive.writestr(log_name(audit.id), _lines(audit.lines))
                archive.writestr(batches_name(audit.id), _lines(audit.batches))
            for name in dict.fromkeys(name for _, name in self.evidence):
                archive.writestr(evidence_name(name), self.files[name])
        return sealed(target.getvalue(), passphrase)


def _lines(values: list[Json]) -> str:
    return "".join(f"{json.dumps(value)}\n" for value in values)
