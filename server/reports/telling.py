"""What every part of the report needs to put a record into words: names of clauses, numbers of evidence, places, dates."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from server.domain.vocabulary import AuditType, FindingGrade
from server.reports.material import Record, ReportMaterial
from server.reports.wording import Words
from server.standards.catalogue import Clause, Standard, criterion_id, load_catalogue, parse_criterion_id

CERTIFICATION = frozenset(
    {AuditType.STAGE_1, AuditType.STAGE_2, AuditType.SURVEILLANCE, AuditType.RECERTIFICATION, AuditType.SPECIAL}
)
"""Audits after which a certification body decides. The others end with the report."""

NONCONFORMITIES = (FindingGrade.MAJOR_NONCONFORMITY.value, FindingGrade.MINOR_NONCONFORMITY.value)


@dataclass(frozen=True)
class Telling:
    """The material and the language, with the look-ups that several parts share."""

    material: ReportMaterial
    report: Record
    closing: Record
    words: Words
    texts: tuple[str, ...] = field(repr=False)

    @cached_property
    def audit(self) -> Record:
        return self.report.get("audit") or {}

    @cached_property
    def summary(self) -> Record:
        return self.report.get("summary") or {}

    @property
    def is_certification(self) -> bool:
        return self.audit.get("type") in CERTIFICATION

    @cached_property
    def last_day(self) -> date | None:
        text = self.audit.get("ends_on") or self.audit.get("starts_on")
        return date.fromisoformat(text) if text else None

    @cached_property
    def findings(self) -> list[Record]:
        return list(self.report.get("findings") or [])

    @cached_property
    def standing(self) -> list[Record]:
        """Findings that were not withdrawn."""
        return [finding for finding in self.findings if not finding.get("withdrawn_reason")]

    @cached_property
    def evidence(self) -> list[Record]:
        """In the order in which it was captured, which is also the order of the numbers."""
        items = self.report.get("evidence") or []
        return sorted(items, key=lambda item: (item.get("captured_at") or "", item["id"]))

    @cached_property
    def evidence_numbers(self) -> dict[str, str]:
        width = max(2, len(str(len(self.evidence))))
        return {item["id"]: f"E-{place:0{width}d}" for place, item in enumerate(self.evidence, start=1)}

    def numbered_evidence(self, ids: Iterable[str]) -> str:
        return self.words.listed(sorted(self.evidence_numbers.get(item, "?") for item in ids))

    def standard(self, standard_id: str) -> Standard | None:
        return load_catalogue().get(standard_id)

    def standard_name(self, standard_id: str) -> str:
        """ISO 9001:2015, or what the record says where this server does not have that edition."""
        found = self.standard(standard_id)
        return f"{found.name}:{found.edition}" if found else standard_id

    def standard_title(self, standard_id: str) -> str:
        found = self.standard(standard_id)
        if found is None:
            return standard_id
        amendments = "".join(f"; {amendment.split(' (')[0]}" for amendment in found.amendments)
        return f"{self.standard_name(standard_id)}{amendments}, {self._in_language(found.title)}"

    def clause(self, criterion: str) -> Clause | None:
        standard_id, number = parse_criterion_id(criterion)
        found = self.standard(standard_id)
        if found is None:
            return None
        return next((clause for clause in found.clauses if clause.number == number), None)

    def clause_title(self, criterion: str) -> str:
        """ "General" says nothing by itself: then the heading above it is named too."""
        clause = self.clause(criterion)
        if clause is None:
            return ""
        title = self._in_language(clause.title)
        standard_id, _number = parse_criterion_id(criterion)
        above = self.clause(criterion_id(standard_id, clause.parent)) if clause.parent else None
        return f"{self._in_language(above.title)} · {title}" if above and clause.title.en == "General" else title

    def cited(self, criterion: str) -> str:
        """ISO 9001 7.1.5.1: the number alone means another thing in another standard."""
        standard_id, number = parse_criterion_id(criterion)
        found = self.standard(standard_id)
        return f"{found.name if found else standard_id} {number}"

    def cited_all(self, criteria: Iterable[str]) -> str:
        return self.words.listed(self.cited(criterion) for criterion in criteria)

    def places(self, record: Record) -> str:
        """Process, site and shift, as far as they are named."""
        return self.words.listed(str(record[place]) for place in ("process", "site", "shift") if record.get(place))

    def stated(self, text: Any) -> str:
        """The text, or in words that there is none."""
        return str(text) if text is not None and str(text).strip() else self.words.say("none.stated")

    def _in_language(self, wording: Any) -> str:
        return str(getattr(wording, self.words.language))
