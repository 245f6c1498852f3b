"""
The two records that are sealed: plain data from the folded log by an allow-list of fields.

No raw notes, interviewees, positions or device data get in (what is not listed here cannot). The canonical bytes are RFC 8785;
their SHA-256 is what people sign on the glass. pwa/src/domain/record.ts builds the same bytes; schemas/vectors/record proves it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from server.domain.finding import numbered_findings, special_grades
from server.domain.fold import EntityView, LogView
from server.domain.judgement import clause_results
from server.domain.operation import ChainKey
from server.domain.vocabulary import PositionUse

CLOSING_RECORD = "auditbook-closing-record"
REPORT_RECORD = "auditbook-report-record"
RECORD_VERSION = 1

_AUDIT = ("type", "reference", "title", "language", "scope", "objectives", "criteria", "starts_on", "ends_on")
_FINDING = (
    "raised_at",
    "raised_by",
    "title",
    "grade",
    "grade_reason",
    "requirement",
    "failure",
    "objective_evidence",
    "criteria",
    "process",
    "site",
    "shift",
    "observed_at",
    "is_corrected_on_site",
    "withdrawn_reason",
    "acknowledgement",
    "dissent_reason",
)
_EVIDENCE = (
    "sha256",
    "kind",
    "method",
    "media_type",
    "size",
    "source",
    "captured_at",
    "observed_at",
    "caption",
    "title",
    "identifier",
    "revision",
    "found_in",
    "interviewee",
    "samples",
    "population",
    "process",
    "site",
    "shift",
    "area",
    "allowed_by",
)
_CLOCK = "clock"
"""How far the tablet's clock was off. Its key stands in a record only where the app could say so."""
_POSITION = "position"
"""Where it was recorded. Its key stands in a record only where the audit says that positions are told."""
_RETAKES = "retakes"
"""The earlier photo that it shows again. Its key stands in a record only where that one is in it as well."""
_RECORDING = "recording"
"""How long a voice note is and how it ended. Its key stands in a record only where the app could say so."""
_DRAWN = "annotation"
"""What is drawn on evidence. Its key stands in a record only where something is: most has nothing, and says nothing of it."""
_JUDGEMENT = ("criterion", "process", "site", "shift", "auditor", "result", "reason")
_LISTED = {
    "sites": ("site", ("name", "address")),
    "processes": ("process", ("name",)),
    "shifts": ("shift", ("name",)),
    "areas": ("area", ("name", "site", "photo_policy")),
    "team": ("team_member", ("account", "name", "role")),
}
"""What findings, judgements and evidence point to by id, with what is told of it: two processes of one name stay two."""
_REFERENCES = {
    "site": ("site",),
    "process": ("process",),
    "shift": ("shift",),
    "area": ("area",),
    "team_member": ("auditor", "raised_by"),
}
_SUMMARY = (
    "executive_summary",
    "conformity",
    "effectiveness",
    "internal_audit_and_review",
    "is_scope_appropriate",
    "are_objectives_met",
    "changes",
    "unresolved_issues",
    "plan_against_actual",
    "remote_share_percent",
    "next_audit",
)
_CONFIRMED = ("confirmed_headcount", "confirmed_shifts", "confirmed_outsourced", "confirmed_scope")
_PREVIOUS = ("number", "grade", "statement", "criteria", "raised_on", "follow_up_result", "follow_up_note")

_GRADE = ("grade", "grade_reason")
_ATTENDANCE = ("name", "function", "at_opening", "at_closing")
_DEVIATION = ("observed_at", "text", "minutes_lost", "told_to")
_RECOMMENDATION = ("outcome", "text", "considered")

SEALED_FIELDS: Mapping[str, tuple[str, ...]] = {
    "audit": (*_AUDIT, "body_name", "body_address", "client_name", "client_address", "client_representative"),
    **dict(_LISTED.values()),
    "finding": _FINDING,
    "finding_grade": _GRADE,
    "evidence": (*_EVIDENCE, _DRAWN, _CLOCK, _POSITION, _RETAKES, _RECORDING),
    "evidence_link": (),
    "judgement": _JUDGEMENT,
    "attendance": _ATTENDANCE,
    "deviation": _DEVIATION,
    "previous_finding": _PREVIOUS,
    "recommendation": _RECOMMENDATION,
}
"""Every field whose value enters the closing record, by kind: an open dispute in one of them stands in the way of a report."""
RECORDED_KINDS = frozenset(SEALED_FIELDS)
"""The kinds of entity that a record shows. Notes and plans stay with the team."""

Record = dict[str, Any]
Heads = Iterable[tuple[ChainKey, int, str]]
"""Per chain: its key, the number of its last operation, and that operation's digest."""
Catalogues = Iterable[Mapping[str, str | None]]
"""Per standard of the audit, in its order: `standard` and `sha256` of the catalogue as the tablet had pulled it; null where it had none."""


@dataclass(frozen=True, slots=True)
class Basis:
    """
    What a record rests on: from these, and nothing else, it can be made again.

    `heads` are the last operations of every chain that the tablet knew, the server's own among them: they say which operations it
    had, and which of the server's words about them. `aside` are the digests of those that it knew to be set aside; `unread` of those
    that it could not read, because an app newer than its own wrote them. `frozen` says where and when: `at`, `installation`,
    `account`, `app`, `schema`, `zone`, and `log` (`epoch`, `seq`, `hash`), how far it had pulled; and `salt`, so that nobody finds a
    sentence of an erased record by guessing against its hash.
    """

    heads: Heads
    frozen: Record
    aside: Iterable[str] = ()
    unread: Iterable[str] = ()

    def told(self) -> Record:
        """As it stands in a record."""
        return {
            "frozen": self.frozen,
            "heads": _heads(self.heads),
            "aside": sorted(self.aside),
            "unread": sorted(self.unread),
        }


def closing_record(
    view: LogView,
    audit: str,
    basis: Basis,
    *,
    supersedes: str | None,
    reason: str | None,
    catalogues: Catalogues,
) -> Record:
    """
    What the closing meeting agrees on. `supersedes` is the hash of the closing record whose place it takes, `reason` says why.
    """
    return {
        "record": CLOSING_RECORD,
        "version": RECORD_VERSION,
        "audit_id": audit,
        "supersedes": supersedes,
        "reason": reason,
        "catalogues": _catalogues(catalogues),
        **_content(view, audit),
        **basis.told(),
    }


def report_record(
    view: LogView,
    audit: str,
    basis: Basis,
    *,
    criteria: Iterable[str],
    catalogues: Catalogues,
    closing: Record,
    closing_sha256: str,
    closing_seal_sha256: str,
    revision: int,
    reason: str | None,
    supersedes_sha256: str | None,
) -> Record:
    """
    The whole report: the closing record's content as it is now, the team's words, the clause matrix, the picked pictures,
    and what changed since the closing record. `criteria` lists every auditable criterion in the order of the standards;
    `supersedes_sha256` is the hash of the report record before this one.
    """
    content = _content(view, audit)
    shown = _audit(view, audit)
    numbers = {finding.id: number for number, finding in numbered_findings(view)}
    return {
        "record": REPORT_RECORD,
        "version": RECORD_VERSION,
        "audit_id": audit,
        "revision": revision,
        "reason": reason,
        "supersedes_sha256": supersedes_sha256,
        "closing_sha256": closing_sha256,
        "closing_seal_sha256": closing_seal_sha256,
        "catalogues": _catalogues(catalogues),
        **content,
        "summary": _picked(shown, _SUMMARY),
        "confirmed": _picked(shown, _CONFIRMED),
        "clauses": [
            {"criterion": row.criterion, "result": row.result, "findings": list(row.findings)}
            for row in clause_results(view, criteria, numbers)
        ],
        "pictures": [
            evidence.id
            for evidence in _evidence(view)
            if evidence.get("is_in_report") is True and evidence.get("sha256")
        ],
        "changes_since_closing": changes_since_closing(closing, content),
        **basis.told(),
    }


def changes_since_closing(closing: Record, content: Record) -> list[Record]:
    """Every finding and piece of evidence, and every part of the audit's own facts, that no longer reads as it was sealed."""
    changes = [*_changed_items(closing, content, "findings"), *_changed_items(closing, content, "evidence")]
    for name in sorted(content):
        if name not in ("findings", "evidence") and closing.get(name) != content[name]:
            changes.append({"finding": None, "evidence": None, "field": name, "was": None, "is": None})
    return changes


def _changed_items(closing: Record, content: Record, listed: str) -> list[Record]:
    """`finding` is a number, `evidence` an id: evidence gets its number on paper only."""
    before = {item["id"]: item for item in closing[listed]}
    after = {item["id"]: item for item in content[listed]}
    changes: list[Record] = []
    for item_id in sorted(set(before) | set(after)):
        old, new = before.get(item_id), after.get(item_id)
        number = (new or old or {}).get("number")
        where = (
            {"finding": number, "evidence": None} if listed == "findings" else {"finding": None, "evidence": item_id}
        )
        if old is None or new is None:
            changes.append({**where, "field": None, "was": None, "is": "removed" if new is None else "added"})
            continue
        changes += [
            {**where, "field": name, "was": old.get(name), "is": new.get(name)}
            for name in sorted({*old, *new})
            if old.get(name) != new.get(name)
        ]
    return changes


def _content(view: LogView, audit: str) -> Record:
    shown = _audit(view, audit)
    is_located = _said(shown, "positions") == PositionUse.IN_REPORT
    return {
        "audit": _picked(shown, _AUDIT),
        "certification_body": {"name": _said(shown, "body_name"), "address": _said(shown, "body_address")},
        "audit_client": {
            "name": _said(shown, "client_name"),
            "address": _said(shown, "client_address"),
            "representative": _said(shown, "client_representative"),
        },
        **{name: _listed(view, kind, told) for name, (kind, told) in _LISTED.items()},
        "findings": [_finding(view, number, finding) for number, finding in numbered_findings(view)],
        "evidence": [_evidence_content(view, evidence, is_located) for evidence in _evidence(view)],
        "judgements": [_picked(judgement, _JUDGEMENT) for judgement in view.of_kind("judgement")],
        "attendance": _every(view, "attendance", _ATTENDANCE),
        "deviations": _every(view, "deviation", _DEVIATION),
        "follow_up": _every(view, "previous_finding", _PREVIOUS),
        "recommendations": [
            {"standard": item.id, **_picked(item, _RECOMMENDATION)} for item in view.of_kind("recommendation")
        ],
    }


def _audit(view: LogView, audit: str) -> EntityView:
    return view.entity(f"audit/{audit}") or EntityView(f"audit/{audit}", None, {}, False, False)


def _finding(view: LogView, number: str, finding: EntityView) -> Record:
    filed = {link.get("evidence") for link in view.of_kind("evidence_link") if link.get("finding") == finding.id}
    return {
        "id": finding.id,
        "number": number,
        **_picked(finding, _FINDING),
        "grades": [
            {"standard": standard, **_picked(special, _GRADE)}
            for standard, special in special_grades(view, finding).items()
        ],
        "evidence": sorted(evidence.id for evidence in _evidence(view) if evidence.id in filed),
    }


def _evidence(view: LogView) -> list[EntityView]:
    """All of it but what was withdrawn: its birth says nothing any more."""
    return [evidence for evidence in view.of_kind("evidence") if evidence.get("kind")]


def _evidence_content(view: LogView, evidence: EntityView, is_located: bool) -> Record:
    links = [link for link in view.of_kind("evidence_link") if link.get("evidence") == evidence.id]
    drawn = _said(evidence, _DRAWN) if evidence.get("sha256") else None
    earlier = evidence.get(_RETAKES)
    also = {
        _DRAWN: drawn,
        _CLOCK: evidence.get(_CLOCK),
        _POSITION: evidence.get(_POSITION) if is_located else None,
        _RECORDING: evidence.get(_RECORDING),
        _RETAKES: earlier if any(one.id == earlier for one in _evidence(view)) else None,
    }
    return {
        "id": evidence.id,
        "recorded_by": _account(evidence),
        **_picked(evidence, _EVIDENCE),
        "criteria": sorted({link.get("criterion") for link in links if link.get("criterion")}),
        **{name: value for name, value in also.items() if value is not None},
    }


def _account(evidence: EntityView) -> str | None:
    """Who recorded it: the account of the birth that counts, which nobody can write for somebody else."""
    heads = evidence.born_view.heads if evidence.born_view is not None else ()
    return heads[-1].chain.account if heads else None


def _every(view: LogView, kind: str, names: Iterable[str]) -> list[Record]:
    return [{"id": entity.id, **_picked(entity, names)} for entity in view.of_kind(kind)]


def _listed(view: LogView, kind: str, names: Iterable[str]) -> list[Record]:
    """Every one that is shown, and what was deleted while a finding, a judgement or evidence still points to it."""
    pointing = [*view.of_kind("finding"), *view.of_kind("judgement"), *_evidence(view)]
    named = {entity.get(name) for entity in pointing for name in _REFERENCES[kind]}
    found = [
        entity for _ref, entity in sorted(view.entities.items()) if entity.kind == kind and entity.born is not None
    ]
    return [
        {"id": entity.id, **_picked(entity, names)} for entity in found if not entity.is_deleted or entity.id in named
    ]


def _picked(entity: EntityView, names: Iterable[str]) -> Record:
    return {name: _said(entity, name) for name in names}


def _said(entity: EntityView, name: str) -> Any:
    """What is empty was not said: a field whose first words were taken back reads like one that was never written."""
    value = entity.get(name)
    return None if value in ("", []) else value


def _catalogues(catalogues: Catalogues) -> list[Record]:
    return [{"standard": one["standard"], "sha256": one["sha256"]} for one in catalogues]


def _heads(heads: Heads) -> list[Record]:
    return [
        {"installation": chain.installation, "account": chain.account, "dseq": dseq, "digest": digest}
        for chain, dseq, digest in sorted(heads)
    ]
