"""
Stage 1: one day on site, readiness and no grades. Three areas of concern, which stage 2 follows up.

Is the system ready to be audited? The documents are; nobody has looked at the night, nor at the second site.
"""

from __future__ import annotations

from datetime import date

from server.demo import photo
from server.demo.audit import ENVIRONMENT, QUALITY, Audit, AuditTime, PlanSlot, SlotKind, cited, numbers
from server.demo.fieldwork import (
    Attended,
    ClosingMeeting,
    FinishedAudit,
    Found,
    Judged,
    Noted,
    Photographed,
    Place,
    Reported,
)
from server.demo.moment import At
from server.domain.vocabulary import AuditType, FindingGrade, JudgementResult
from server.standards.catalogue import criterion_id, standard

AUDIT_TIME = AuditTime(
    personnel=60,
    table_days=11.0,
    stage_1_days=2.0,
    stage_2_days=7.0,
    justification="46 to 65 people: five auditor days for ISO 9001, six for ISO 14001 at medium complexity. Two days less for one "
    "integrated system with common documents, internal audits and review. The second site and the night shift call for more "
    "time, the excluded design and the repetitive work in assembly for less; the body judged that they balance. The "
    "interpreter's time is not counted.",
)

CONCERN = FindingGrade.AREA_OF_CONCERN
_OFFICE = Place("quality", "main", "day")
_LEADING = Place("leadership", "main", "day")


def stage_1(on: date) -> FinishedAudit:
    """As it went on this day."""
    return FinishedAudit(
        audit=_audit(on),
        opened_at=At(on, "09:00"),
        confirmed={
            "confirmed_headcount": 60,
            "confirmed_shifts": "Main works: day, early, late and night. Works Beispielstadt: day, early and late. Ten of the 60 are "
            "agency workers, two of them on the night shift.",
            "confirmed_outsourced": "Case hardening and tempering (Glutwerk Härterei GmbH), calibration of gauges (Kalibrio Messtechnik "
            "GmbH), agency workers (Helferhand Personal GmbH)",
            "confirmed_scope": True,
        },
        closing=ClosingMeeting(begins=At(on, "16:00"), signed_by="thomas"),
        attendance=(Attended("katharina"), Attended("thomas"), Attended("uwe"), Attended("emre", at_opening=False)),
        reports=(_report(on),),
        findings=_findings(on),
        photos=(
            Photographed(
                "planner", At(on, "11:31"), "lena", photo.wall_planner,
                "Internal audit programme on the wall: no mark in the rows of the night shift and of Beispielstadt",
                _OFFICE, finding="internal-audit",
            ),
        ),
        judged=_not_planned(on),
        notes=(
            Noted(At(on, "10:12"), "lena", "Thomas has run the system for four years, Uwe has had the environmental part for two. "
                "Both name the same three objectives without looking.", criterion_id(QUALITY, "5.3"), _LEADING),
            Noted(At(on, "13:55"), "aron", "Walk through both halls: stage 2 needs a slot after 22:00. Two agency workers on the "
                "night shift speak Romanian and little German: interpreter.", criterion_id(QUALITY, "7.2"),
                Place("milling", "main", "early")),
        ),
    )  # fmt: skip


def _audit(on: date) -> Audit:
    meeting, process = SlotKind.MEETING, SlotKind.PROCESS
    both, lena, aron = ("lena", "aron"), ("lena",), ("aron",)
    # Unformatted: a timetable reads slot by slot.
    # fmt: off
    plan = (
        PlanSlot("opening", on, "09:00", "09:30", meeting, "Opening meeting", both, ("katharina", "thomas", "uwe"),
            site="main", area="office"),
        PlanSlot("context", on, "09:30", "11:00", process, "Context, scope, policy and objectives", lena,
            ("katharina", "thomas"), "leadership", "main", "office", "day",
            numbers("4.1 4.2 4.3 5.2.1 5.3 6.1.1 6.2.1 6.3"), numbers("4.1 4.2 4.3 5.2 5.3 6.1.1 6.2.1")),
        PlanSlot("aspects", on, "09:30", "11:00", process, "Aspects, obligations, emergencies", aron, ("uwe",),
            "environment", "main", "waste-yard", "day", (), numbers("6.1.2 6.1.3 6.1.4 8.2 9.1.2")),
        PlanSlot("system", on, "11:00", "12:15", process, "Documents, internal audits, management review", lena,
            ("thomas",), "quality", "main", "office", "day",
            numbers("4.4.1 4.4.2 7.5.1 7.5.2 7.5.3.1 9.2.1 9.2.2 9.3.1 9.3.2 9.3.3 10.2.1"),
            numbers("4.4 7.5.1 7.5.2 7.5.3 9.2.1 9.2.2 9.3 10.2")),
        PlanSlot("walk", on, "13:00", "14:30", process, "Walk through halls, goods in and waste yard", both,
            ("emre", "uwe"), "milling", "main", "hall-2", "early", numbers("7.1.3 7.1.4")),
        PlanSlot("second-site", on, "14:45", "15:30", process, "Beispielstadt by video", aron, ("olaf",), "assembly",
            "second", "assembly", "late", numbers("7.1.3 7.1.4")),
        PlanSlot("closing", on, "16:00", "16:45", meeting, "Closing meeting", both,
            ("katharina", "thomas", "uwe", "emre"), site="main", area="office"),
    )
    # fmt: on
    return Audit(
        id="stage-1",
        reference=f"NL-{on.year}-0417-S1",
        title="Stage 1 audit ISO 9001:2015 and ISO 14001:2015",
        type=AuditType.STAGE_1,
        starts_on=on,
        ends_on=on,
        team=("lena", "aron"),
        audit_time=AUDIT_TIME,
        plan=plan,
        objectives="Review the documented information; look at the sites and talk with people there; see whether internal audits and "
        "the management review are planned and carried out; confirm scope, headcount and shifts; and decide with the audit "
        "client whether and how stage 2 can be held.",
    )


def _findings(on: date) -> tuple[Found, ...]:
    return (
        Found(
            "obligations", At(on, "10:24"), "aron", CONCERN, "Register of obligations without the solvent of Beispielstadt",
            cited(ENVIRONMENT, "6.1.3"), Place("environment", "main", "day"), seen_in=("aspects",),
            failure="The register of compliance obligations does not cover the washing room in Beispielstadt.",
            objective_evidence="Register of 31 obligations, last reviewed in March: 29 of the main works, 2 of Beispielstadt (noise, fire "
            "protection). The washing room works with about 400 litres of hydrocarbon solvent in an explosive atmosphere; neither "
            "the inspection of its ventilation nor its solvent record is listed.",
        ),
        Found(
            "internal-audit", At(on, "11:28"), "lena", CONCERN, "Internal audits leave out the night and the second site",
            (*cited(QUALITY, "9.2.1", "9.2.2"), *cited(ENVIRONMENT, "9.2.1", "9.2.2")), _OFFICE, seen_in=("system",),
            failure="The internal audit programme covers the main works on the early and late shift. Neither the works Beispielstadt "
            "nor the night shift has been audited, although both are in the scope.",
            objective_evidence="Programme in force, revision 2, on the wall of the quality office: 9 of 12 audits held, none of them in "
            "Beispielstadt or after 22:00. Reports IA-05 and IA-07 read: sound samples, five of six actions closed.",
        ),
        Found(
            "exclusion", At(on, "11:52"), "lena", CONCERN, "The reason for leaving out 8.3 does not carry it",
            cited(QUALITY, "4.3"), _LEADING, seen_in=("context",),
            failure="The documented scope leaves out 8.3 with the words 'not relevant', while sales offers help with simpler shapes on "
            "the website. The reason does not show who decides on the drawing.",
            objective_evidence="Manual, section 1.3, edition 6; page 'Your part, made simpler' of the website. Offers 2118 and 2131 each "
            "contain a proposal to change a radius.",
        ),
    )  # fmt: skip


def _not_planned(on: date) -> tuple[Judged, ...]:
    """Everything that stage 1 leaves to stage 2, said so that nothing looks forgotten."""
    planned = {criterion for slot in _audit(on).plan for criterion in slot.criteria}
    left = {
        name: [
            criterion_id(name, clause.number)
            for clause in standard(name).auditable_clauses()
            if criterion_id(name, clause.number) not in planned
        ]
        for name in (QUALITY, ENVIRONMENT)
    }
    return tuple(
        Judged(At(on, "15:35"), "lena", tuple(criteria), Place(), JudgementResult.NOT_PLANNED, "Left to stage 2.")
        for criteria in left.values()
    )


def _report(on: date) -> Reported:
    return Reported(
        at=At(on, "18:40"),
        texts={
            "executive_summary": "Spanwerk is ready for stage 2. The system is documented, known to those who run it, and in use at both "
            "sites. Three areas of concern could become nonconformities in stage 2 and are to be dealt with before: internal audits "
            "that leave out the night shift and Beispielstadt, the reason for leaving out 8.3, and the obligations of the washing room.",
            "conformity": "Stage 1 does not state conformity. The documented information that was read covers the requirements of both "
            "standards, apart from the areas of concern.",
            "effectiveness": "Figures for three quarters are at hand for all objectives; they will be looked at in stage 2.",
            "internal_audit_and_review": "Internal audits are planned and partly carried out: 9 of 12, none of them at night or in "
            "Beispielstadt. A management review with all inputs of both standards was held; its seven decisions have owners and dates.",
            "is_scope_appropriate": True,
            "are_objectives_met": True,
            "changes": "None since the application. Both standards are audited in their 2015 editions; the 2026 editions are published, so "
            "the certificates would have to be moved to them within the transition period.",
            "plan_against_actual": "Planned and used: 2.0 auditor days, two auditors for one day. Beispielstadt was seen by video for 45 "
            "minutes after a test of the connection; all else on site.",
            "remote_share_percent": 5,
            "next_audit": "Stage 2 in five weeks at both sites: three days, two auditors, one slot between 22:00 and 02:00 with an "
            "interpreter for Romanian. Focus: gauges, heat treatment, agency workers, hazardous substances.",
        },
    )  # fmt: skip
