"""What every part of the report needs to put a record into words: names of clauses, numbers of evidence, places, dates."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from server.domain.finding import WORST_FIRST
from server.domain.vocabulary import AuditType, FindingGrade
from server.reports.material import Record, ReportMaterial, Tree
from server.reports.wording import Words
from server.sealing.canonical import canonical_bytes, sha256_hex
from server.standards.catalogue import as_contract, catalogue_tree, criterion_id, load_catalogue, parse_criterion_id

CERTIFICATION = frozenset(
    {AuditType.STAGE_1, AuditType.STAGE_2, AuditType.SURVEILLANCE, AuditType.RECERTIFICATION, AuditType.SPECIAL}
)
"""Audits after which a certification body decides. The others end with the report."""

LISTED_AS = {
    "process": "processes",
    "site": "sites",
    "area": "areas",
    "shift": "shifts",
    "auditor": "team",
    "raised_by": "team",
}
"""By field of a finding, a judgement or evidence, the list of the record in which its id is found."""
NONCONFORMITIES = (FindingGrade.MAJOR_NONCONFORMITY.value, FindingGrade.MINOR_NONCONFORMITY.value)


@dataclass(frozen=True, slots=True)
class Graded:
    """A grade, and the clauses to which it belongs. `standard` is named where the grade is that of one standard alone."""

    standard: str | None
    grade: str | None
    criteria: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BroughtCatalogue:
    """A catalogue that the server never handed out: its auditable clauses, and those that today's has; None where there is none."""

    name: str
    sha256: str
    clauses: tuple[str, ...]
    todays: tuple[str, ...] | None

    @property
    def lacking(self) -> list[str]:
        return [number for number in self.todays or () if number not in self.clauses]

    @property
    def added(self) -> list[str]:
        return [number for number in self.clauses if number not in (self.todays or ())]


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

    def grades(self, finding: Record) -> dict[str, str | None]:
        """The grade in each standard that the finding cites, in the audit's order."""
        special = {item["standard"]: item["grade"] for item in finding.get("grades") or []}
        cited = {parse_criterion_id(criterion).standard for criterion in finding.get("criteria") or []}
        order = list(self.audit.get("criteria") or [])
        ranked = sorted(cited, key=lambda item: (order.index(item) if item in order else len(order), item))
        return {standard: special.get(standard, finding.get("grade")) for standard in ranked}

    def graded(self, finding: Record) -> list[Graded]:
        """One grade for all of it where its standards agree, otherwise one for each standard."""
        criteria, by_standard = tuple(finding.get("criteria") or []), self.grades(finding)
        if len(set(by_standard.values())) <= 1:
            return [Graded(None, next(iter(by_standard.values()), finding.get("grade")), criteria)]
        return [
            Graded(standard, grade, tuple(item for item in criteria if parse_criterion_id(item).standard == standard))
            for standard, grade in by_standard.items()
        ]

    def worst(self, finding: Record) -> str | None:
        """The grade that counts where one must be shown. A word that a newer app brought counts least, but is not left out."""
        order: list[str | None] = [*WORST_FIRST]
        given = [graded.grade for graded in self.graded(finding)]
        return min(given, key=lambda grade: order.index(grade) if grade in order else len(order) + (grade is None))

    def is_nonconformity(self, finding: Record) -> bool:
        """Whether it is one in any of its standards."""
        return any(graded.grade in NONCONFORMITIES for graded in self.graded(finding))

    @cached_property
    def evidence(self) -> list[Record]:
        """In the order in which it was captured, which is also the order of the numbers."""
        items = self.report.get("evidence") or []
        return sorted(items, key=lambda item: (item.get("captured_at") or "", item["id"]))

    @cached_property
    def evidence_numbers(self) -> dict[str, str]:
        width = max(2, len(str(len(self.evidence))))
        return {item["id"]: f"E-{place:0{width}d}" for place, item in enumerate(self.evidence, start=1)}

    def is_lacking(self, item: Record) -> bool:
        """Whether it is a file that the server was asked for and did not hold when this was made."""
        arrived = self.material.arrived
        return arrived is not None and bool(item.get("sha256")) and item["sha256"] not in arrived

    def numbered_evidence(self, ids: Iterable[str]) -> str:
        return self.words.listed(sorted(self.evidence_numbers.get(item, "?") for item in ids))

    def standard(self, standard_id: str) -> Tree | None:
        """The edition as the record's own catalogue has it, or as today's has it."""
        if standard_id not in self._catalogues:
            known = load_catalogue().get(standard_id)
            self._catalogues[standard_id] = None if known is None else catalogue_tree(as_contract(known))
        return self._catalogues[standard_id]

    @cached_property
    def _catalogues(self) -> dict[str, Tree | None]:
        # The report's own come first; another one of the closing record alone gives no title.
        return {one.tree["id"]: one.tree for one in reversed(self.material.catalogues)}

    @cached_property
    def brought(self) -> list[BroughtCatalogue]:
        """What a tablet brought, beside today's catalogue of the same standard."""
        found = []
        for one in self.material.catalogues:
            if not one.is_brought:
                continue
            known = load_catalogue().get(one.tree["id"])
            found.append(
                BroughtCatalogue(
                    f"{one.tree['standard']}:{one.tree['edition']}",
                    sha256_hex(canonical_bytes(one.tree)),
                    _auditable(one.tree),
                    None if known is None else _auditable(catalogue_tree(as_contract(known))),
                )
            )
        return found

    def standard_name(self, standard_id: str) -> str:
        """ISO 9001:2015, or what the record says where this server does not have that edition."""
        found = self.standard(standard_id)
        return f"{found['standard']}:{found['edition']}" if found else standard_id

    def standard_title(self, standard_id: str) -> str:
        found = self.standard(standard_id)
        if found is None:
            return standard_id
        amendments = "".join(f"; {amendment.split(' (')[0]}" for amendment in found["amendments"])
        return f"{self.standard_name(standard_id)}{amendments}, {self._in_language(found['title'])}"

    def clause(self, criterion: str) -> Tree | None:
        found = self.standard(parse_criterion_id(criterion).standard)
        if found is None:
            return None
        return next((clause for clause in found["clauses"] if clause["criterion"] == criterion), None)

    def clause_title(self, criterion: str) -> str:
        """ "General" says nothing by itself: then the heading above it is named too."""
        clause = self.clause(criterion)
        if clause is None:
            return ""
        title = self._in_language(clause["title"])
        standard_id, _number = parse_criterion_id(criterion)
        above = self.clause(criterion_id(standard_id, clause["parent"])) if clause["parent"] else None
        is_general = above is not None and clause["title"]["en"] == "General"
        return f"{self._in_language(above['title'])} · {title}" if above is not None and is_general else title

    def cited(self, criterion: str) -> str:
        """ISO 9001 7.1.5.1: the number alone means another thing in another standard."""
        standard_id, number = parse_criterion_id(criterion)
        found = self.standard(standard_id)
        return f"{found['standard'] if found else standard_id} {number}"

    def cited_all(self, criteria: Iterable[str]) -> str:
        return self.words.listed(self.cited(criterion) for criterion in criteria)

    def places(self, record: Record) -> str:
        """Process, site, area and shift, as far as they are named."""
        names = (self.name_of(place, record.get(place)) for place in ("process", "site", "area", "shift"))
        return self.words.listed(name for name in names if name)

    def name_of(self, field: str, entity_id: str | None) -> str:
        """Of what a field of this name points to; empty where it points to nothing that has a name."""
        return self._names.get((LISTED_AS[field], entity_id), "")

    @cached_property
    def _names(self) -> dict[tuple[str, str | None], str]:
        """What the report does not list any more the closing record may."""
        return {
            (listed, item["id"]): item["name"]
            for record in (self.closing, self.report)
            for listed in set(LISTED_AS.values())
            for item in record.get(listed) or []
            if item.get("name")
        }

    def account_name(self, account: str | None) -> str:
        """What the team calls whoever has this account; empty for somebody who never had an entry in it."""
        team = (item for record in (self.report, self.closing) for item in record.get("team") or [])
        return next(
            (item["name"] for item in team if account and item.get("account") == account and item.get("name")), ""
        )

    def stated(self, text: Any) -> str:
        """The text, or in words that there is none."""
        return str(text) if text is not None and str(text).strip() else self.words.say("none.stated")

    def title(self, finding: Record) -> str:
        """The finding's title, or that it has none, in the words of the tablet."""
        return str(finding["title"]) if finding.get("title") else self.words.say("finding.untitled")

    def _in_language(self, wording: Any) -> str:
        return str(wording[self.words.language])


def _auditable(tree: Tree) -> tuple[str, ...]:
    return tuple(clause["number"] for clause in tree["clauses"] if clause["auditable"])
