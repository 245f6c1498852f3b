"""
What stage 2 found, and the pictures of it: requirement, what is not met, objective evidence that another auditor could verify.

A minor that repeats an earlier one and was regraded, one that the auditee does not agree with, one withdrawn on late evidence, and
one whose facts were corrected after the audit client's comment.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

from server.demo import photo
from server.demo.audit import ENVIRONMENT, QUALITY, cited
from server.demo.fieldwork import Found, Photographed, Place, Rewritten
from server.demo.moment import At, former_surveillance_day, spoken
from server.domain.annotation import Shape
from server.domain.vocabulary import FindingGrade
from server.standards.catalogue import criterion_id

MAJOR = FindingGrade.MAJOR_NONCONFORMITY
MINOR = FindingGrade.MINOR_NONCONFORMITY
OPPORTUNITY = FindingGrade.OPPORTUNITY_FOR_IMPROVEMENT
POSITIVE = FindingGrade.POSITIVE

INSPECTION = Place("final-inspection", "main", "early")
HARDENING = Place("heat-treatment", "main", "day")
WASTE_YARD = Place("environment", "main", "day")
NIGHT = Place("milling", "main", "night")
WASHING = Place("assembly", "second", "early")
HALL_2 = Place("milling", "main", "early")


def caliper_due(starts_on: date) -> date:
    """Almost six weeks before anybody looked."""
    return starts_on - timedelta(days=41)


def former_reference(starts_on: date) -> str:
    """The report in which the gauges were a minor nonconformity for the first time."""
    return f"AC-{former_surveillance_day(starts_on - timedelta(weeks=5)).year}-118"


def visit_to_glutwerk(starts_on: date) -> tuple[date, date]:
    """When the heat treatment was visited last: as it was written down at first, and as it was."""
    year = starts_on.year - 3
    return date(year, 3, 4), date(year, 3, 14)


def supplier_evidence(starts_on: date, visited_on: date) -> str:
    """The one fact of it that the audit client corrected is the day of the visit."""
    return (
        f"Glutwerk Härterei GmbH: last visit on {visited_on.isoformat()} (visit report V-11), last evaluation in the same month; since then "
        "complaints R-03 and R-07 (case depth below 0.7 mm, 2 of 31 batches in twelve months). 7 of the other 8 "
        "critical providers sampled were evaluated within the last 12 months. The incoming check of hardness, three parts a batch, was "
        "carried out in all five batches followed."
    )


def stage_2_findings(starts_on: date) -> tuple[Found, ...]:
    """In the order in which they were raised."""
    one, two, three = (starts_on + timedelta(days=day) for day in range(3))
    return (
        _gauges(starts_on, one, two),
        Found(
            "supplier", At(one, "11:48"), "lena", MINOR, "Heat treatment was not re-evaluated after complaints",
            cited(QUALITY, "8.4.1"), HARDENING,
            requirement="External providers are monitored and re-evaluated by criteria that the organization has set (ISO 9001:2015, "
            "8.4.1). Own procedure P-08, section 5: critical providers every 12 months, a visit every second year, and both at once "
            "after the second complaint within a year.",
            failure="The re-evaluation of critical providers is not carried out as laid down: complaints do not trigger it.",
            objective_evidence=supplier_evidence(starts_on, visit_to_glutwerk(starts_on)[0]),
            grade_reason="One provider of nine; every batch is checked on arrival, and no part with a wrong case depth was delivered.",
            seen_in=("heat-treatment",),
        ),
        Found(
            "drums", At(one, "13:52"), "aron", MINOR, "Used coolant without label and tray, near a drain",
            cited(ENVIRONMENT, "8.1"), WASTE_YARD,
            requirement="Processes with significant environmental aspects are controlled as planned (ISO 14001:2015, 8.1). Own instruction "
            "W-12: every drum is labelled with substance and date and stands on a tray, at least 10 m from a drain.",
            failure="Hazardous liquids are kept in the waste yard without the identification and the retention that the organization has "
            "laid down.",
            objective_evidence=f"Waste yard behind hall 2, {spoken(one)}, 13:50: 2 of 7 drums with used coolant had no readable label and "
            "stood on bare ground, 4 m from the rain drain; traces of oil on the ground between drum 3 and the drain. Five drums in order. "
            "The inspection sheet of the yard was signed that morning without a remark.",
            grade_reason="Five of seven drums were in order and nothing reached the drain, which has an oil separator (tested in May).",
            is_corrected_on_site=True, seen_in=("environment",),
            dissent="The two drums were set down by the disposal contractor the evening before, and were labelled and on a tray within an "
            "hour. The company sees a lapse of an outside firm and asks for an opportunity for improvement instead.",
        ),
        Found(
            "compliance", At(one, "14:20"), "aron", OPPORTUNITY, "The evaluation of compliance could show what was looked at",
            cited(ENVIRONMENT, "9.1.2"), WASTE_YARD,
            failure="For each of the 38 obligations the evaluation says 'met' with a date and a name. For 9 of 10 sampled, the evidence "
            "was found within minutes; it is not named in the evaluation itself.",
        ),
        Found(
            "induction", At(one, "22:41"), "aron", MINOR, "Induction of agency workers on the night shift",
            cited(QUALITY, "7.2"), NIGHT,
            requirement="Evidence of competence is kept for everybody who works under the organization's control (ISO 9001:2015, 7.2 d).",
            failure="For agency workers on the night shift no evidence of the induction at the workplace could be shown.",
            objective_evidence=f"Hall 2, {spoken(one)}, 22:35: two of two agency workers at machines M 3 and M 5; no induction sheet in the "
            "shift folder. Both described the first-part check correctly (in Romanian, through the interpreter).",
            rewritten=(
                Rewritten(At(three, "11:46"), "lena", {
                    "withdrawn_reason": f"Late evidence, before the closing meeting: {spoken(three)}, 11:40, HR showed both induction "
                    "sheets, signed by worker and shift lead before the first shift (numbers 61 and 64, in Romanian and German). They "
                    "are kept with the agency's papers, not in the shift folder."}),
            ),
        ),
        Found(
            "board", At(one, "23:20"), "aron", POSITIVE, "Nothing is lost from shift to shift in hall 2",
            cited(QUALITY, "7.4", "8.5.1"), NIGHT,
            failure="The board at the entrance holds every open point by machine. Eight points of the last week were followed from shift to "
            "shift; all eight had been taken over and were closed or still marked as open.",
        ),
        Found(
            "washing", At(two, "10:04"), "lena", OPPORTUNITY, "Weekly test of the extraction in the washing room",
            cited(ENVIRONMENT, "8.1"), WASHING,
            failure="The test is recorded on the door for each of the last 26 weeks. The sheet says that it was done, not what the "
            "measured air flow was.",
            observed_at=At(two, "09:20"),
        ),
        Found(
            "evacuation", At(two, "11:41"), "aron", POSITIVE, "The alarm showed that the emergency plan works",
            cited(ENVIRONMENT, "8.2"), HALL_2,
            failure="During an unplanned fire alarm hall 2 and the offices were empty within four minutes. All 28 people on site, "
            "visitors and agency workers included, were counted at the assembly point by two people with up-to-date lists.",
        ),
    )  # fmt: skip


def _gauges(starts_on: date, one: date, two: date) -> Found:
    due, micrometer_due = caliper_due(starts_on), starts_on - timedelta(days=26)
    in_hall_2 = (
        f"Hall 2, bench 4, {spoken(one)}: caliper M-114 (due {due.isoformat()}) and micrometer M-092 (due {micrometer_due.isoformat()}) in "
        "use at final inspection; 2 of 12 gauges sampled. With M-114, 40 parts of order 4711 (diameter 25 h9) had been released for "
        "delivery that morning, job card 4711/3."
    )
    return Found(
        "gauges", At(one, "11:12"), "aron", MINOR, "Gauges in use past their calibration date",
        cited(QUALITY, "7.1.5.2"), INSPECTION,
        requirement="Measuring equipment is calibrated or verified at set intervals, and its status can be seen before use (ISO 9001:2015, "
        "7.1.5.2). Own instruction W-07, section 4: no gauge past its date at a workplace.",
        failure="The control of measuring equipment does not prevent the use of gauges whose calibration is overdue.",
        objective_evidence=in_hall_2,
        seen_in=("final-inspection",),
        rewritten=(
            Rewritten(At(two, "15:52"), "aron", {
                "objective_evidence": f"{in_hall_2}\n\nSample extended to both halls, the night shift and Beispielstadt: 5 of 24 gauges "
                "overdue, by 19 to 41 days (M-092, M-101, M-114, M-131 in hall 2, one of them at night; M-077 in hall 1); 0 of 6 in "
                "Beispielstadt. All five stand on the recall list of the month before, which the shift leads had received."}),
            Rewritten(At(two, "16:41"), "lena", {
                "grade": MAJOR.value,
                "grade_reason": "Raised as minor on the first day, regraded by the audit team leader on the second: it repeats minor "
                f"nonconformity 2 of the report {former_reference(starts_on)}, whose correction, a monthly recall list, is sent and not acted "
                "on; it concerns both halls and several shifts; and parts measured with an overdue gauge were released for delivery. "
                "That raises serious doubt about the control of measurement."}),
        ),
    )  # fmt: skip


CALIPER_DRAWN: tuple[Shape, ...] = (
    {"kind": "arrow", "colour": "red", "points": [[8250, 2420], [7650, 3330]], "text": None},
    {"kind": "text", "colour": "red", "points": [[7150, 2200]], "text": "past its due date"},
)
BOARD_DRAWN: tuple[Shape, ...] = (
    {"kind": "redact", "colour": None, "points": [[3620, 3690], [4270, 4110]], "text": None},
)
"""Somebody's name stands on the board. The report does not need it."""


def stage_2_photos(starts_on: date) -> tuple[Photographed, ...]:
    """The four that were picked for the report."""
    one, due = starts_on, caliper_due(starts_on)
    label = f"{due.day} {due:%b}"
    return (
        Photographed("caliper", At(one, "11:14"), "aron", partial(photo.caliper, label),
            f"Caliper M-114 at bench 4, in use at final inspection; calibration due {spoken(due)}", INSPECTION,
            finding="gauges", drawn=CALIPER_DRAWN),
        Photographed("chart", At(one, "11:58"), "lena", photo.furnace_chart,
            "Furnace chart of batch 3317 with the stamp of goods in: order 4692, followed from order to delivery", HARDENING,
            criterion=criterion_id(QUALITY, "8.5.1")),
        Photographed("drum", At(one, "13:54"), "aron", photo.drum,
            "Waste yard: one of two drums without readable label and tray, 4 m from the rain drain", WASTE_YARD,
            finding="drums"),
        Photographed("board", At(one, "23:22"), "aron", photo.whiteboard,
            "Board of hall 2 at 23:20: three points taken over, two still open", NIGHT, finding="board",
            drawn=BOARD_DRAWN),
    )  # fmt: skip
