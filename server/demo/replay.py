"""
A finished audit, played again: its story as operations of the team's tablets, its records sealed, everything pushed.

Before: fieldwork.py's data say what happened, and when. After: the log, the evidence and the sealed records lie on the server as if
the team had been there; the reports can be asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from server.demo.audit import STANDARDS
from server.demo.company import PERSON
from server.demo.fieldwork import FinishedAudit, Found, Reported
from server.demo.handwriting import signature
from server.demo.moment import At
from server.demo.prepare import entity
from server.demo.steps import Step, Steps, changed
from server.demo.tablet import Tablet, TeamLog
from server.domain.recommendation import considered_now
from server.domain.record import Basis, closing_record, report_record
from server.domain.vocabulary import (
    Acknowledgement,
    SealPurpose,
    SigningOutcome,
    SigningParty,
    SlotState,
)
from server.reports.catalogues import catalogue_sha256
from server.sealing.canonical import canonical_bytes, sha256_hex
from server.sealing.seals import seal_sha256
from server.standards.catalogue import criterion_id, standard
from server.storage.evidence_store import EvidenceFiles
from server.storage.identifiers import new_id
from server.sync.office import Change

SIGNING_STATEMENT = (
    "My signature confirms receipt, not agreement. Evidence is a sample; other nonconformities may exist. "
    "The team recommends; the certification body decides."
)
"""What the app shows above the line, word for word (pwa/src/domain/closing.ts)."""


CATALOGUES = [{"standard": name, "sha256": catalogue_sha256(standard(name))} for name in STANDARDS]
"""What the tablets had pulled."""


@dataclass(frozen=True, slots=True)
class SealedClosing:
    """What every report of the audit rests on."""

    content: dict[str, Any]
    sha256: str
    seal_sha256: str


class Replay:
    """One audit, by its team's tablets. The leader's does what only the leader may."""

    def __init__(self, finished: FinishedAudit, log: TeamLog, tablets: Mapping[str, Tablet], files: EvidenceFiles):
        self._finished, self._log, self._tablets, self._files = finished, log, tablets, files
        self._leader = finished.audit.team[0]
        self._steps = Steps(finished, log.audit)
        self._report_sha256: str | None = None
        """Of the report that the next one takes the place of."""

    def set_up(self, changes: Iterable[Change]) -> None:
        """The week before, on the leader's tablet."""
        at = At(self._finished.audit.starts_on - timedelta(days=7), "15:20")
        self._write(Step(at, self._leader, tuple(changes)))
        self._send()

    def hold(self) -> SealedClosing:
        """From the opening to the sealed closing record. In the evening everybody sends."""
        day: date | None = None
        for step in sorted(self._steps.on_site(), key=lambda one: one.at.ms):
            if day not in (None, step.at.on):
                self._send()
            day = step.at.on
            self._write(step)
        self._send()
        closing = self._close()
        self._send()
        return closing

    def report(self, closing: SealedClosing) -> list[str]:
        """Every revision, sealed and sent. The ids of the report records."""
        records = []
        for revision, reported in enumerate(self._finished.reports, start=1):
            records.append(self._seal_report(revision, reported, closing))
            self._send()
        return records

    # --- The closing meeting

    def _close(self) -> SealedClosing:
        """The recommendation is agreed, each finding acknowledged or not; then the record is shown, signed and sealed."""
        closing, leader = self._finished.closing, self._leader
        before = closing.begins.later(-10 * 60)
        for item in closing.recommendations:
            ref = f"recommendation/{item.standard}"
            considered = considered_now(self._log.view(), item.standard)
            fields = {"outcome": item.outcome.value, "text": item.text, "considered": considered}
            self._write(Step(before, leader, tuple(entity(ref, {}, **fields))))
        for person, was_there in self._steps.attended_closing().items():
            present = changed(self._steps.known("attendance", person), at_closing=was_there)
            self._write(Step(closing.begins, leader, present))
        for found in self._finished.findings:
            if not any("withdrawn_reason" in one.fields for one in found.rewritten):
                self._write(Step(closing.begins.later(25 * 60), leader, self._acknowledged(found)))
        slot = changed("plan_slot/closing", state=SlotState.DONE.value)
        self._write(Step(closing.begins.later(29 * 60), leader, slot))
        return self._sign_and_seal(closing.begins.later(30 * 60))

    def _acknowledged(self, found: Found) -> tuple[Change, ...]:
        ref = self._steps.known("finding", found.id)
        if found.dissent is None:
            return changed(ref, acknowledgement=Acknowledgement.ACKNOWLEDGED.value)
        return changed(ref, acknowledgement=Acknowledgement.DISSENT.value, dissent_reason=found.dissent)

    def _sign_and_seal(self, shown_at: At) -> SealedClosing:
        frozen = self._tablets[self._leader].frozen(self._log, shown_at.instant)
        record = closing_record(
            self._log.view(),
            self._log.audit,
            Basis(self._log.record_heads(), frozen),
            supersedes=None,
            reason=None,
            catalogues=CATALOGUES,
        )
        data = canonical_bytes(record)
        sha256, ref = sha256_hex(data), self._steps.ref("closing_record", "closing", shown_at)
        self._write(Step(shown_at, self._leader, (Change.add(ref, {"record": data.decode(), "sha256": sha256}),)))
        words: list[str] = []
        auditee, leader = SigningParty.AUDITEE_REPRESENTATIVE, SigningParty.AUDIT_TEAM_LEADER
        for place, (person, party) in enumerate(((self._finished.closing.signed_by, auditee), (self._leader, leader))):
            at = shown_at.later(8 * 60 + place * 70)
            word = {
                "closing_record": ref.partition("/")[2],
                "closing_sha256": sha256,
                "party": party.value,
                "outcome": SigningOutcome.SIGNED.value,
                "name": PERSON[person].name,
                "function": PERSON[person].function if party is auditee else "Audit team leader",
                "statement": SIGNING_STATEMENT,
                "reason": None,
                "strokes": signature(PERSON[person].name, self._finished.audit.id),
                "signed_at": at.instant,
            }
            words += self._write(Step(at, self._leader, (Change.add(f"handwritten_signature/{new_id(at.ms)}", word),)))
        at = shown_at.later(12 * 60)
        seal = self._tablets[self._leader].seal(
            self._log, at.ms, ref, purpose=SealPurpose.CLOSING, sha256=sha256, words=words,
            said_at=at.instant,
        )  # fmt: skip
        return SealedClosing(json.loads(data), sha256, seal_sha256(seal))

    # --- The report

    def _seal_report(self, revision: int, reported: Reported, closing: SealedClosing) -> str:
        texts = changed(f"audit/{self._log.audit}", **reported.texts)
        self._write(Step(reported.at.later(-10 * 60), self._leader, texts))
        for finding, correction in reported.corrections.items():
            self._write(self._steps.rewriting(finding, correction))
        record = report_record(
            self._log.view(),
            self._log.audit,
            Basis(self._log.record_heads(), self._tablets[self._leader].frozen(self._log, reported.at.instant)),
            criteria=[
                criterion_id(name, clause.number) for name in STANDARDS for clause in standard(name).auditable_clauses()
            ],
            catalogues=CATALOGUES,
            closing=closing.content,
            closing_sha256=closing.sha256,
            closing_seal_sha256=closing.seal_sha256,
            revision=revision,
            reason=reported.reason,
            supersedes_sha256=self._report_sha256,
        )
        data = canonical_bytes(record)
        sha256, ref = sha256_hex(data), self._steps.ref("report_record", str(revision), reported.at)
        before, self._report_sha256 = self._report_sha256, sha256
        born = {
            "record": data.decode(),
            "sha256": sha256,
            "closing_sha256": closing.sha256,
            "closing_seal_sha256": closing.seal_sha256,
            "revision": revision,
            "reason": reported.reason,
        }
        self._write(Step(reported.at, self._leader, (Change.add(ref, born),)))
        self._tablets[self._leader].seal(
            self._log, reported.at.ms, ref, purpose=SealPurpose.REPORT, sha256=sha256, words=(),
            said_at=reported.at.instant, supersedes=before,
        )  # fmt: skip
        return ref.partition("/")[2]

    # --- What all of it stands on

    def _write(self, step: Step) -> list[str]:
        return self._tablets[step.by].write(self._log, step.at.ms, step.changes)

    def _send(self) -> None:
        for person in self._finished.audit.team:
            if person in self._tablets:
                self._tablets[person].send(self._log)
        for person, pictures in self._steps.pictures.items():
            for picture in pictures:
                self._tablets[person].upload(self._files, self._log, picture)
        self._steps.pictures.clear()
