"""What an audit of the demonstration is before it begins: its facts, its plan, and what earlier audits left to verify."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from server.demo.company import AUDIT_CLIENT
from server.domain.vocabulary import AuditType, FindingGrade
from server.standards.catalogue import criterion_id

QUALITY, ENVIRONMENT = "iso9001-2015", "iso14001-2015"
STANDARDS = (QUALITY, ENVIRONMENT)

AUDIT_SCOPE = (
    f"{AUDIT_CLIENT.certification_scope}. Both sites, all shifts, control of the outsourced heat treatment; without 8.3 of "
    "ISO 9001."
)
OBJECTIVES = (
    "Determine whether the management system conforms to the audit criteria; whether it enables the audit client to meet "
    "legal and contractual requirements; whether it is effective in reaching the audit client's objectives; and where it "
    "could be improved."
)


class SlotKind(StrEnum):
    """Meetings and processes are audit time; breaks and travel are not."""

    MEETING = "meeting"
    PROCESS = "process"
    TEAM = "team"
    BREAK = "break"
    TRAVEL = "travel"


@dataclass(frozen=True, slots=True)
class AuditTime:
    """Auditor days of eight hours, with the reason that the records have to show."""

    personnel: int
    table_days: float
    stage_1_days: float
    stage_2_days: float
    justification: str


@dataclass(frozen=True, slots=True)
class PlanSlot:
    """
    One line of the audit plan; times are local on site, people are ids. `clauses` are the numbers of ISO 9001 that matter there,
    `environment` those of ISO 14001.
    """

    id: str
    on: date
    begins: str
    ends: str
    kind: SlotKind
    title: str
    auditors: tuple[str, ...]
    auditees: tuple[str, ...] = ()
    process: str | None = None
    site: str | None = None
    area: str | None = None
    shift: str | None = None
    clauses: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    note: str = ""
    accompanied_by: tuple[str, ...] = ()

    @property
    def starts_at(self) -> str:
        """Local date and time as the contract writes them."""
        return f"{self.on.isoformat()}T{self.begins}"

    @property
    def ends_at(self) -> str:
        """Local date and time as the contract writes them."""
        return f"{self.on.isoformat()}T{self.ends}"

    @property
    def criteria(self) -> tuple[str, ...]:
        """The clauses as findings cite them."""
        return (*cited(QUALITY, *self.clauses), *cited(ENVIRONMENT, *self.environment))


@dataclass(frozen=True, slots=True)
class PreviousFinding:
    """What an earlier audit left to be verified: the statement, the audit client's answer, and what to look at now."""

    id: str
    number: str
    grade: FindingGrade
    statement: str
    criteria: tuple[str, ...]
    raised_on: date
    answer: str
    to_verify: str


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit as the office prepares it; `team` are ids of people, the leader first."""

    id: str
    reference: str
    title: str
    type: AuditType
    starts_on: date
    ends_on: date
    team: tuple[str, ...]
    audit_time: AuditTime
    plan: tuple[PlanSlot, ...]
    previous: tuple[PreviousFinding, ...] = ()
    objectives: str = OBJECTIVES
    audit_scope: str = AUDIT_SCOPE
    standards: tuple[str, ...] = STANDARDS
    language: str = "en"


def cited(standard: str, *numbers: str) -> tuple[str, ...]:
    """Clauses of one standard as findings cite them."""
    return tuple(criterion_id(standard, number) for number in numbers)


def numbers(text: str) -> tuple[str, ...]:
    """Clauses as a person lists them, with spaces between."""
    return tuple(text.split())
