"""What was seen, sampled and heard in stage 2 and is evidence in words: nothing of the company's was copied, and nobody is named."""

from __future__ import annotations

from datetime import date, timedelta

from server.demo.audit import ENVIRONMENT, QUALITY, cited
from server.demo.fieldwork import Told
from server.demo.moment import At
from server.demo.stage_2_findings import HALL_2, INSPECTION, NIGHT, WASHING
from server.domain.vocabulary import EvidenceKind


def stage_2_told(starts_on: date) -> tuple[Told, ...]:
    """One of each kind and more, in the order in which they were recorded."""
    one, two = starts_on, starts_on + timedelta(days=1)
    # Unformatted: a list reads piece by piece.
    # fmt: off
    return (
        Told("instruction", At(one, "11:18"), "aron", EvidenceKind.DOCUMENT, INSPECTION, {
            "title": "Measuring equipment", "identifier": "W-07", "revision": "4",
            "found_in": "Document system, terminal in the gauge room",
            "caption": "Section 4: no gauge past its date at a workplace."},
            cited(QUALITY, "7.1.5.2", "7.5.3.1"), finding="gauges"),
        Told("night-interview", At(one, "22:55"), "aron", EvidenceKind.INTERVIEW, NIGHT, {
            "interviewee": "Machine operator, agency worker, night shift",
            "caption": "In Romanian through the interpreter: a first part out of tolerance means stop, red tag, call the shift lead."},
            cited(QUALITY, "7.3", "8.7.1"), area="hall-2"),
        Told("washing", At(two, "10:04"), "lena", EvidenceKind.OBSERVATION, WASHING, {
            "caption": "Washing room: gloves and goggles worn by both people at the basin; solvent record filled in for every day of "
            "the month."},
            cited(ENVIRONMENT, "8.1"), area="washing", observed_at=At(two, "09:20")),
        Told("prototype", At(two, "12:34"), "aron", EvidenceKind.OBSERVATION, HALL_2, {
            "caption": "Prototype cell: first-part report of order 4720 signed, labels of all three gauges valid, parts covered."},
            cited(QUALITY, "8.5.1", "7.1.5.1"), area="prototype-cell"),
        Told("gauges-sampled", At(two, "15:40"), "aron", EvidenceKind.RECORD, INSPECTION, {
            "title": "Calibration records of the overdue gauges", "samples": ["M-077", "M-092", "M-101", "M-114", "M-131"],
            "population": "24 gauges sampled in both halls, the night shift included",
            "caption": "Overdue by 19 to 41 days; all five stand on the recall list of the month before."},
            cited(QUALITY, "7.1.5.2"), finding="gauges"),
    )
    # fmt: on
