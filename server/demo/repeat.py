"""
The audit that begins today: stage 2 once more, after a major nonconformity. Prepared, and nothing of it judged yet but what the scope
leaves out.

Two days, since what conformed five weeks ago is sampled in less depth; the findings of then are looked at in full.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from server.demo.audit import (
    ENVIRONMENT,
    OBJECTIVES,
    QUALITY,
    Audit,
    AuditTime,
    PlanSlot,
    PreviousFinding,
    SlotKind,
    cited,
    numbers,
)
from server.demo.company import AUDIT_CLIENT
from server.demo.prepare import entity
from server.domain.judgement import judgement_id
from server.domain.vocabulary import AuditType, FindingGrade, JudgementResult
from server.sync.office import Change

AUDIT_TIME = AuditTime(
    personnel=60,
    table_days=11.0,
    stage_1_days=0.0,
    stage_2_days=3.5,
    justification="Repeated five weeks after a full stage 2: half its time, with gauges, providers and hazardous substances in full and "
    "the rest sampled anew. Decided by the certification body. The interpreter's time is not counted.",
)


def repeated_stage_2(starts_on: date, stage_2_ended_on: date) -> Audit:
    """Begins on this day and ends on the next, whatever weekday that is."""
    return Audit(
        id="repeat",
        reference=f"NL-{starts_on.year}-0417-S2R",
        title="Stage 2 certification audit ISO 9001:2015 and ISO 14001:2015, repeated",
        type=AuditType.STAGE_2,
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=1),
        team=("lena", "aron", "ilinca"),
        audit_time=AUDIT_TIME,
        plan=audit_plan(starts_on),
        previous=previous_findings(stage_2_ended_on),
        objectives=f"{OBJECTIVES} Verify the corrective actions for the nonconformities of the first stage 2. Agree when the certificates "
        "are moved to the 2026 editions of both standards.",
    )


def left_out() -> Iterator[Change]:
    """What does not apply, as the audit team leader says it while she prepares: of the whole organization, in no place of it."""
    for exclusion in AUDIT_CLIENT.exclusions:
        for criterion in cited(QUALITY, *exclusion.clauses):
            born: dict[str, object] = {
                "criterion": criterion,
                "process": None,
                "site": None,
                "shift": None,
                "auditor": "lena",
            }
            yield from entity(
                f"judgement/{judgement_id(criterion, None, None, None, 'lena')}",
                born,
                result=JudgementResult.NOT_APPLICABLE.value,
                reason=exclusion.reason,
            )


def previous_findings(raised_on: date) -> tuple[PreviousFinding, ...]:
    """The nonconformities of the first stage 2, in both standards."""
    minor = FindingGrade.MINOR_NONCONFORMITY
    return (
        PreviousFinding(
            "s2-01", "S2-01", FindingGrade.MAJOR_NONCONFORMITY,
            "The control of measuring equipment does not prevent the use of gauges whose calibration is overdue. 5 of 24 gauges in both "
            "halls and on several shifts were overdue by 19 to 41 days; 40 parts of order 4711 had been released with caliper M-114.",
            cited(QUALITY, "7.1.5.2"), raised_on,
            answer="The 40 parts measured again, none out of tolerance. A gauge is now locked away on its due date, by the shift lead, "
            "with a signature; whoever lacks one asks the gauge custodian.",
            to_verify="A new sample in both halls, at night and in Beispielstadt; the signatures of four weeks; what was done about parts "
            "measured with the other four gauges.",
        ),
        PreviousFinding(
            "s2-02", "S2-02", minor,
            "The re-evaluation of critical providers is not carried out as laid down: complaints do not trigger it. Glutwerk Härterei GmbH "
            "was neither evaluated nor visited after the second complaint about case depth.",
            cited(QUALITY, "8.4.1"), raised_on,
            answer="Glutwerk visited and evaluated. The complaint form now asks for the number of complaints within a year.",
            to_verify="Report of the visit, evaluation, the next two complaints.",
        ),
        PreviousFinding(
            "s2-03", "S2-03", minor,
            "Hazardous liquids are kept in the waste yard without the identification and the retention that the organization has laid down: "
            "2 of 7 drums with used coolant without label and tray, 4 m from the rain drain.",
            cited(ENVIRONMENT, "8.1"), raised_on,
            answer="Contract with the disposal firm changed: no drum is set down without a receipt by Spanwerk.",
            to_verify="Waste yard unannounced, receipts of four weeks, inspection sheets with remarks.",
        ),
    )  # fmt: skip


def audit_plan(starts_on: date) -> tuple[PlanSlot, ...]:
    """The two days, slot by slot: every clause but the excluded ones, both sites, and the night shift with its handover."""
    one, two = starts_on, starts_on + timedelta(days=1)
    meeting, process, team, pause = SlotKind.MEETING, SlotKind.PROCESS, SlotKind.TEAM, SlotKind.BREAK
    both, lena, aron = ("lena", "aron"), ("lena",), ("aron",)
    # Unformatted: a timetable reads slot by slot.
    # fmt: off
    return (
        PlanSlot("opening", one, "08:30", "09:00", meeting, "Opening meeting", both,
            ("katharina", "thomas", "emre", "olaf"), site="main", area="office",
            note="Confirm headcount, shifts, outsourced processes and scope against the application."),
        PlanSlot("purchasing", one, "09:00", "10:30", process, "Purchasing and goods in", lena, ("sabine",),
            "purchasing", "main", "goods-in", "day", numbers("8.4.1 8.4.2 8.4.3 7.5.3.1"), numbers("8.1"),
            note="Sample orders by risk of the supplier, plus two at random."),
        PlanSlot("orders", one, "09:00", "10:30", process, "Sales and work preparation", aron, ("nina",), "orders",
            "main", "office", "day", numbers("8.1 8.2.1 8.2.2 8.2.3.1 8.2.3.2 8.2.4 8.5.3 8.5.5 9.1.2 4.3"),
            note="Pick the order whose parts are followed through the halls; test the reason for leaving out 8.3."),
        PlanSlot("final-inspection", one, "10:40", "11:25", process, "Final inspection", lena, ("petra",),
            "final-inspection", "main", "hall-2", "early", numbers("7.1.5.1 7.1.5.2 8.5.2 8.6 8.7.1 8.7.2"),
            note="Verify S2-01: sample across both halls, note n of N."),
        PlanSlot("turning-early", one, "10:40", "12:15", process, "Turning, early shift", aron, ("emre", "goran"),
            "turning", "main", "hall-1", "early",
            numbers("8.5.1 8.5.2 8.5.6 7.1.4 7.1.5.1 7.3 5.2.2 8.7.1"), numbers("7.3 8.1")),
        PlanSlot("heat-treatment", one, "11:30", "12:15", process, "Heat treatment (outsourced)", lena,
            ("sabine", "petra"), "heat-treatment", "main", "goods-in", "day",
            numbers("8.1 8.4.1 8.4.2 8.5.1 8.5.2 8.6"),
            note="Furnace charts and hardness reports of three batches, back to the purchase order."),
        PlanSlot("lunch-one", one, "12:15", "13:00", pause, "Lunch", both, site="main"),
        PlanSlot("leadership", one, "13:00", "14:30", process, "Leadership and planning", lena,
            ("katharina", "thomas"), "leadership", "main", "office", "day",
            numbers("4.1 4.2 4.3 5.1.1 5.1.2 5.2.1 5.2.2 5.3 6.1.1 6.1.2 6.2.1 6.2.2 6.3 7.1.1 9.3.1 9.3.2 9.3.3"), numbers("4.1 4.2 4.3 5.1 5.2 5.3 6.1.1 6.2.1 6.2.2 7.1 9.3")),
        PlanSlot("maintenance", one, "13:00", "14:00", process, "Maintenance, environment and waste yard", aron, ("uwe",),
            "maintenance", "main", "waste-yard", "day", numbers("7.1.3 7.1.4 6.1.2 7.5.3.1 7.5.3.2"), numbers("6.1.2 6.1.3 6.1.4 7.4.3 8.1 8.2 9.1.1 9.1.2")),
        PlanSlot("milling-late", one, "14:10", "15:45", process, "Milling, late shift", aron, ("emre", "daniela"),
            "milling", "main", "hall-2", "late", numbers("8.5.1 8.5.2 8.5.3 8.5.4 8.5.6 7.1.5.1 7.4 8.7.1"), numbers("8.1"),
            note="The prototype cell is part of the hall: no photos there."),
        PlanSlot("quality", one, "14:30", "15:45", process, "Quality management and improvement", lena, ("thomas",),
            "quality", "main", "office", "day",
            numbers("4.4.1 6.2.2 9.1.1 9.1.3 9.2.1 9.2.2 10.1 10.2.1 10.2.2 10.3"), numbers("9.2.1 9.2.2 10.1 10.2 10.3"),
            note="Was the lock for overdue gauges audited internally?"),
        PlanSlot("team-one", one, "15:45", "16:30", team, "Team meeting", both, site="main", area="office"),
        PlanSlot("review-one", one, "16:30", "16:45", meeting, "Daily review with the auditee", both, ("thomas",),
            site="main", area="office"),
        # The second day begins with the last hours of the night.
        PlanSlot("milling-night", two, "04:45", "06:15", process, "Milling, night shift and handover", aron,
            ("marek",), "milling", "main", "hall-2", "night",
            numbers("8.5.1 8.5.2 8.6 8.7.1 7.1.2 7.1.5.2 7.2 7.3 7.4 5.3"), numbers("7.2 7.3 8.2"),
            note="Interviews in Romanian with the interpreter; who releases at night? Handover to the early shift at 06:00.",
            accompanied_by=("ilinca",)),
        PlanSlot("assembly", two, "08:30", "10:00", process, "Deburring, washing and assembly", lena, ("olaf",),
            "assembly", "second", "assembly", "early",
            numbers("8.5.1 8.5.2 8.5.4 8.7.1 7.1.5.1 7.2 7.3 5.2.2"), numbers("7.2 8.1"),
            note="Washing room: no tablet inside. Notes on paper, recorded afterwards with the time of observation."),
        PlanSlot("hr", two, "08:30", "10:00", process, "HR and training", aron, ("julia",), "hr", "main",
            "office", "day", numbers("7.1.2 7.1.6 7.2 7.3"), numbers("7.2 7.3"), "Agency workers: two chosen from the night shift."),
        PlanSlot("dispatch", two, "10:00", "11:00", process, "Warehouse and dispatch", lena, ("olaf",), "dispatch",
            "second", "warehouse", "early", numbers("8.5.2 8.5.4 8.5.5 8.6 7.4"), numbers("8.1 8.2"),
            note="Follow the order picked on the first day until it leaves the house."),
        PlanSlot("documents", two, "10:10", "11:00", process, "Documented information", aron, ("thomas",), "quality",
            "main", "office", "day", numbers("4.4.2 7.5.1 7.5.2 7.5.3.1 7.5.3.2 9.2.2"), numbers("4.4 7.4.1 7.4.2 7.5.1 7.5.2 7.5.3"),
            note="W-07 in its new edition: released, known, at every workplace?"),
        PlanSlot("travel", two, "11:00", "11:45", SlotKind.TRAVEL, "Travel to the main works", lena),
        PlanSlot("turning-open", two, "11:10", "11:45", process, "Open points in the halls", aron, ("emre",),
            "turning", "main", "hall-1", "early", numbers("8.5.1 8.5.6")),
        PlanSlot("lunch-two", two, "11:45", "12:30", pause, "Lunch", both, site="main"),
        PlanSlot("caucus", two, "12:30", "13:45", team, "Team caucus", both, site="main", area="office",
            note="Merge the tablets, list duplicates, agree grades, write the recommendation."),
        PlanSlot("closing", two, "14:00", "15:00", meeting, "Closing meeting", both,
            ("katharina", "thomas", "emre", "olaf"), site="main", area="office"),
    )
    # fmt: on
