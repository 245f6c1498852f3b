"""
Stage 2, five weeks ago: what happened besides the findings, the closing meeting, the report and its revision.

The concerns of stage 1 are followed up, a fire alarm takes forty minutes, an interpreter is needed at night, two areas allow no
photos. The team cannot recommend the certificate of ISO 9001, so the audit is repeated: that is the one which begins today.
"""

from __future__ import annotations

from datetime import date, timedelta

from server.demo.audit import ENVIRONMENT, QUALITY, Audit, PreviousFinding, cited
from server.demo.company import AUDIT_CLIENT
from server.demo.fieldwork import (
    Attended,
    ClosingMeeting,
    Deviated,
    FinishedAudit,
    FollowedUp,
    Judged,
    Noted,
    Place,
    Recommended,
    Replanned,
    Reported,
    Rewritten,
)
from server.demo.moment import At, former_surveillance_day, spoken
from server.demo.stage_1 import AUDIT_TIME
from server.demo.stage_2_findings import (
    HALL_2,
    HARDENING,
    INSPECTION,
    MINOR,
    NIGHT,
    WASHING,
    former_reference,
    stage_2_findings,
    stage_2_photos,
    supplier_evidence,
    visit_to_glutwerk,
)
from server.demo.stage_2_plan import stage_2_plan
from server.demo.stage_2_told import stage_2_told
from server.domain.vocabulary import (
    AuditType,
    FindingGrade,
    FollowUpResult,
    JudgementResult,
    RecommendationOutcome,
    SlotState,
)
from server.standards.catalogue import criterion_id

CONCERN = FindingGrade.AREA_OF_CONCERN
WEEKS_AFTER_STAGE_1 = 5


def stage_2(starts_on: date) -> FinishedAudit:
    """As it went in the three days from this one on."""
    one, two, three = (starts_on + timedelta(days=day) for day in range(3))
    return FinishedAudit(
        audit=Audit(
            id="stage-2",
            reference=f"NL-{starts_on.year}-0417-S2",
            title="Stage 2 audit ISO 9001:2015 and ISO 14001:2015",
            type=AuditType.STAGE_2,
            starts_on=one,
            ends_on=three,
            team=("lena", "aron", "ilinca"),
            audit_time=AUDIT_TIME,
            plan=stage_2_plan(starts_on),
            previous=previous_findings(starts_on),
        ),
        opened_at=At(one, "08:30"),
        confirmed={
            "confirmed_headcount": 60,
            "confirmed_shifts": "Main works day, early, late and night, Beispielstadt day, early and late; ten agency workers, two of "
            "them at night",
            "confirmed_outsourced": "Case hardening and tempering (Glutwerk Härterei GmbH), calibration of gauges",
            "confirmed_scope": True,
        },
        closing=ClosingMeeting(
            begins=At(three, "13:30"),
            signed_by="thomas",
            recommendations=(
                Recommended(QUALITY, RecommendationOutcome.NOT_RECOMMENDED,
                    "The control of gauges failed for the second time. The team proposes to repeat stage 2."),
                Recommended(ENVIRONMENT, RecommendationOutcome.RECOMMENDED_AFTER_CLOSURE,
                    "Once the plan for the minor nonconformity (03) is accepted."),
            ),
        ),
        attendance=(
            Attended("katharina"), Attended("thomas"), Attended("emre"), Attended("uwe"),
            Attended("olaf", at_opening=False), Attended("julia", at_opening=False),
        ),
        reports=_reports(starts_on),
        findings=stage_2_findings(starts_on),
        photos=stage_2_photos(starts_on),
        told=stage_2_told(starts_on),
        judged=(
            Judged(At(one, "10:02"), "aron", cited(QUALITY, *AUDIT_CLIENT.exclusions[0].clauses),
                Place("orders", "main", "day"), JudgementResult.NOT_APPLICABLE,
                "Exclusion justified in the scope (4.3): every part is made to a drawing that the customer owns and releases. Three "
                "orders with a proposal followed (2118, 2131, 2140): asked as a question, changed and released by the customer."),
        ),
        notes=_notes(one, two, three),
        deviations=(
            Deviated(At(two, "11:42"), "aron", "Fire alarm in hall 2 from 10:55 to 11:35 (dust on a smoke detector). Milling was audited from "
                "11:35 to 12:55 instead; nothing was left out.",
                "Emre Yildiz and Thomas Reiter", 40),
            Deviated(At(two, "12:50"), "aron", "No photos in the prototype cell (confidential parts): objective evidence in words and by "
                "order number.", "Emre Yildiz"),
            Deviated(At(two, "10:06"), "lena", "No tablet in the washing room (explosive atmosphere): notes on paper at 09:20, recorded at "
                "10:04.", "Olaf Thoms"),
        ),
        replanned=(
            Replanned(At(two, "11:38"), "aron", "milling-early", {
                "starts_at": f"{two.isoformat()}T11:35", "ends_at": f"{two.isoformat()}T12:55", "reason": "Fire alarm, 40 minutes"}),
            Replanned(At(two, "12:58"), "aron", "lunch-two", {
                "starts_at": f"{two.isoformat()}T12:55", "ends_at": f"{two.isoformat()}T13:15"}),
            Replanned(At(three, "11:01"), "lena", "open-points", {
                "state": SlotState.NOT_HELD.value, "reason": "Nothing was left open; the time went to the caucus"}),
        ),
        followed_up=_followed_up(starts_on),
    )  # fmt: skip


def previous_findings(starts_on: date) -> tuple[PreviousFinding, ...]:
    """What stage 2 had to look at: the concerns of stage 1, and a minor of the body that certified the company before."""
    stage_1_on = starts_on - timedelta(weeks=WEEKS_AFTER_STAGE_1)
    former_on = former_surveillance_day(stage_1_on)
    return (
        PreviousFinding(
            "s1-01", "S1-01", CONCERN,
            "The register of compliance obligations does not cover the washing room in Beispielstadt.",
            cited(ENVIRONMENT, "6.1.3"), stage_1_on,
            answer="Register extended with an outside adviser: seven obligations added.",
            to_verify="The seven obligations, who is in charge, evidence that they are met.",
        ),
        PreviousFinding(
            "s1-02", "S1-02", CONCERN,
            "Neither the works Beispielstadt nor the night shift has been audited internally, although both are in the scope.",
            (*cited(QUALITY, "9.2.1", "9.2.2"), *cited(ENVIRONMENT, "9.2.1", "9.2.2")), stage_1_on,
            answer="Both were audited three weeks after stage 1 by two internal auditors of the other site; five findings.",
            to_verify="Reports with evidence from the floor and from the night, independence of the auditors, programme for next year.",
        ),
        PreviousFinding(
            "s1-03", "S1-03", CONCERN,
            "The scope leaves out 8.3 as 'not relevant', while sales offers help with simpler shapes: who decides on the drawing?",
            cited(QUALITY, "4.3"), stage_1_on,
            answer="Scope revised: only the customer changes the drawing. Website reworded.",
            to_verify="Three orders with a proposal: who changed and released the drawing?",
        ),
        PreviousFinding(
            "former-gauges", f"{former_reference(starts_on)}/2", MINOR,
            "The control of gauges does not prevent use after the due date: in hall 2, 2 of 10 (M-071, M-088) by 19 and 34 days.",
            cited(QUALITY, "7.1.5.2"), former_on,
            answer="Both gauges calibrated without deviation. The gauge custodian sends a recall list to the shift leads every month.",
            to_verify="A new sample in both halls, at night and in Beispielstadt; recall lists of the last six months.",
        ),
    )  # fmt: skip


def _followed_up(starts_on: date) -> tuple[FollowedUp, ...]:
    one, two = starts_on, starts_on + timedelta(days=1)
    return (
        FollowedUp(At(one, "14:25"), "aron", "s1-01", FollowUpResult.EFFECTIVE,
            "38 obligations, nine of Beispielstadt. Inspection of the ventilation and solvent record seen: both current."),
        FollowedUp(At(one, "15:58"), "lena", "s1-02", FollowUpResult.EFFECTIVE,
            "Reports IA-13 (Beispielstadt) and IA-14 (night) read: evidence from the floor, five findings, four closed, one in time. "
            "Next year's programme contains both."),
        FollowedUp(At(one, "10:20"), "aron", "s1-03", FollowUpResult.EFFECTIVE,
            "Edition 7 states the reason. Orders 2118, 2131 and 2140: the customer changed and released the drawing each time."),
        FollowedUp(At(two, "16:43"), "lena", "former-gauges", FollowUpResult.NOT_EFFECTIVE,
            "Six monthly recall lists were sent. Five of 24 gauges were in use past their date all the same: see finding 01."),
    )  # fmt: skip


def _notes(one: date, two: date, three: date) -> tuple[Noted, ...]:
    return (
        Noted(At(one, "09:41"), "lena", "Population 214 purchase orders since July. Eight by risk of the provider, two at random: 10 of 10 "
            "with drawing index and test certificate asked for.", criterion_id(QUALITY, "8.4.3"),
            Place("purchasing", "main", "day")),
        Noted(At(one, "11:20"), "aron", "Petra keeps the recall list on paper beside bench 4. She crosses out what has come back; nobody "
            "asks for the rest.", criterion_id(QUALITY, "7.1.5.2"), INSPECTION),
        Noted(At(one, "12:04"), "lena", "Trail: order 4692, batch 3317, furnace chart, hardness 60.2 60.5 59.9 HRC, three of three parts "
            "checked on arrival, delivered complete.", criterion_id(QUALITY, "8.5.2"), HARDENING),
        Noted(At(one, "22:52"), "aron", "Two interviews in Romanian, Ilinca interprets word for word; she has never worked for Spanwerk or "
            "Helferhand. Both know what to do when the first part is out of tolerance: stop, red tag, Marek.",
            criterion_id(QUALITY, "7.3"), NIGHT),
        Noted(At(two, "09:58"), "lena", "Washing room seen at 09:20, paper only. Gloves and goggles worn, solvent record complete for the "
            "month.", criterion_id(ENVIRONMENT, "8.1"), WASHING),
        Noted(At(two, "12:32"), "aron", "Prototype cell, in words: order 4720, first-part report signed, three gauges with valid labels, "
            "parts covered.", criterion_id(QUALITY, "8.5.1"), HALL_2),
        Noted(At(three, "10:41"), "lena", "Six complaints in twelve months, all answered with cause and action; two concern case depth.",
            criterion_id(QUALITY, "9.1.2"), Place("quality", "main", "day")),
    )  # fmt: skip


def _reports(starts_on: date) -> tuple[Reported, ...]:
    """Sealed on the second working day; revised after the audit client's comment on a fact, which came within five more."""
    sealed_on, comment_on, revised_on = (starts_on + timedelta(days=days) for days in (6, 10, 14))
    wrong, right = visit_to_glutwerk(starts_on)
    return (
        Reported(at=At(sealed_on, "08:50"), texts=_texts(starts_on)),
        Reported(
            at=At(revised_on, "10:20"),
            corrections={
                "supplier": Rewritten(At(revised_on, "10:05"), "lena", {
                    "objective_evidence": supplier_evidence(starts_on, right)}),
            },
            reason=f"Comment of the client, {spoken(comment_on)}: finding 02, visit on {right.isoformat()}, not {wrong.isoformat()}.",
        ),
    )  # fmt: skip


def _texts(starts_on: date) -> dict[str, object]:
    two = starts_on + timedelta(days=1)
    return {
        "executive_summary": "Spanwerk runs a small system that people on the floor can explain without looking it up, at night as well. The "
        "control of gauges is not in order: a minor nonconformity of the last certification came back in both halls, and products were "
        "released with an overdue gauge. It was regraded to major. Two minor nonconformities need an answer.\n\nAudited in the 2015 "
        "editions. The 2026 editions of both standards are published: the certificates have to be moved to them within the transition "
        "period.",
        "conformity": "Apart from the nonconformities listed below, the system conforms to both standards at the sites, in the processes and "
        "on the shifts that were sampled. The exclusion of 8.3 is justified.",
        "effectiveness": "On-time delivery (96.8 %, objective 96) and scrap (1.1 %, objective 1.5) are met, energy per machine hour fell by "
        "6 %. Complaints rose from four to six. The system achieves what it is meant to, apart from the reliability of measurements.",
        "internal_audit_and_review": "Eleven of fourteen internal audits of the programme are held, at both sites and on all shifts, by auditors "
        "of other departments. The management review has all inputs of both standards, but nothing of overdue gauges; five of its seven "
        "decisions are carried out.",
        "is_scope_appropriate": True,
        "are_objectives_met": True,
        "changes": "Since stage 1: register of obligations, wording of the scope, internal audits. Headcount, shifts and outsourced processes "
        "are unchanged.",
        "unresolved_issues": "Finding 03: the audit client acknowledges the facts and does not agree with the grade. It was told how to take "
        "this to the certification body.",
        "plan_against_actual": f"Planned and used: 6.5 auditor days on site. Night shift on {spoken(starts_on)}, 22:00 to 23:45, with interviews in "
        "Romanian through the interpreter Ilinca Popa, who is independent of the audit client; her time is not counted. The 40 minutes of the "
        f"fire alarm on {spoken(two)} were made up the same day.",
        "remote_share_percent": 0,
        "next_audit": "Stage 2 is to be repeated at both sites, night shift included: gauges first, then re-evaluation of providers and the "
        "waste yard. To be agreed there: the move to ISO 9001:2026 and ISO 14001:2026.",
    }
