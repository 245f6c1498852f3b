"""
What happened in an audit of the demonstration that is over, as plain data: judged, noted, found, closed, reported.

Before: stage_1.py and stage_2.py tell it in the words of the people who were there.
After:  replay.py makes the operations of it, tablet by tablet, in the order of the moments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from server.demo.audit import Audit
from server.demo.moment import At
from server.domain.annotation import Shape
from server.domain.vocabulary import EvidenceKind, FindingGrade, FollowUpResult, JudgementResult, RecommendationOutcome


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was seen: ids of process, site and shift."""

    process: str | None = None
    site: str | None = None
    shift: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What one auditor said of some criteria where it was not simply "conforms" as planned."""

    at: At
    by: str
    criteria: tuple[str, ...]
    place: Place
    result: JudgementResult
    reason: str


@dataclass(frozen=True, slots=True)
class Noted:
    """A working note: never part of what is sealed."""

    at: At
    by: str
    text: str
    criterion: str
    place: Place


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Fields of a finding that somebody changed later: a regrade, a withdrawal, a correction."""

    at: At
    by: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A finding from raising to the closing meeting. `observed_at` where it was recorded later than it was seen."""

    id: str
    at: At
    by: str
    grade: FindingGrade
    title: str
    criteria: tuple[str, ...]
    place: Place
    failure: str
    requirement: str = ""
    objective_evidence: str = ""
    grade_reason: str = ""
    observed_at: At | None = None
    is_corrected_on_site: bool = False
    seen_in: tuple[str, ...] = ()
    """The slots of the plan in which it was seen: there, nobody judged that its criteria conform."""
    rewritten: tuple[Rewritten, ...] = ()
    dissent: str | None = None
    """Why the auditee does not agree; None where the finding was acknowledged."""


@dataclass(frozen=True, slots=True)
class Photographed:
    """
    A picture that was taken and picked for the report; `draw` makes its bytes. `drawn` is what the auditor drew on it afterwards, in
    the units of server/domain/annotation.py.
    """

    id: str
    at: At
    by: str
    draw: Callable[[], bytes]
    caption: str
    place: Place
    finding: str | None = None
    criterion: str | None = None
    drawn: tuple[Shape, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """
    Evidence in words: a document seen, a record sampled, an interview, an observation. `said` are fields of the contract.
    `observed_at` where it was recorded later than it was seen.
    """

    id: str
    at: At
    by: str
    kind: EvidenceKind
    place: Place
    said: Mapping[str, Any]
    criteria: tuple[str, ...] = ()
    finding: str | None = None
    area: str | None = None
    observed_at: At | None = None


@dataclass(frozen=True, slots=True)
class Deviated:
    """A departure from the plan, with whom it was agreed."""

    at: At
    by: str
    text: str
    told_to: str
    minutes_lost: int = 0


@dataclass(frozen=True, slots=True)
class Replanned:
    """A slot that did not go as planned."""

    at: At
    by: str
    slot: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FollowedUp:
    """What became of a finding of an earlier audit."""

    at: At
    by: str
    previous: str
    result: FollowUpResult
    note: str


@dataclass(frozen=True, slots=True)
class Attended:
    """Somebody of the company at the two meetings."""

    person: str
    at_opening: bool = True
    at_closing: bool = True


@dataclass(frozen=True, slots=True)
class Recommended:
    """The team's recommendation for one standard."""

    standard: str
    outcome: RecommendationOutcome
    text: str


@dataclass(frozen=True, slots=True)
class ClosingMeeting:
    """The record is shown when the meeting begins, signed by both sides, sealed. The leader's tablet does all of it."""

    begins: At
    signed_by: str
    """Who signs for the auditee."""
    recommendations: tuple[Recommended, ...] = ()


@dataclass(frozen=True, slots=True)
class Reported:
    """One revision of the report: what was written before it, and corrections of findings by id."""

    at: At
    texts: Mapping[str, Any] = field(default_factory=dict)
    corrections: Mapping[str, Rewritten] = field(default_factory=dict)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class FinishedAudit:
    """An audit that was held, closed and reported."""

    audit: Audit
    opened_at: At
    confirmed: Mapping[str, Any]
    closing: ClosingMeeting
    attendance: tuple[Attended, ...]
    reports: tuple[Reported, ...]
    findings: tuple[Found, ...] = ()
    photos: tuple[Photographed, ...] = ()
    told: tuple[Told, ...] = ()
    judged: tuple[Judged, ...] = ()
    notes: tuple[Noted, ...] = ()
    deviations: tuple[Deviated, ...] = ()
    replanned: tuple[Replanned, ...] = ()
    followed_up: tuple[FollowedUp, ...] = ()
