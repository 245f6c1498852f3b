"""The plan of stage 2: three days at both sites, and the night after the first. Whoever works at night begins late the next day."""

from __future__ import annotations

from datetime import date, timedelta

from server.demo.audit import PlanSlot, SlotKind, numbers


def stage_2_plan(starts_on: date) -> tuple[PlanSlot, ...]:
    """Every clause of both standards but the excluded ones, at least once."""
    one, two, three = (starts_on + timedelta(days=day) for day in range(3))
    meeting, process, team, pause, travel = (
        SlotKind.MEETING,
        SlotKind.PROCESS,
        SlotKind.TEAM,
        SlotKind.BREAK,
        SlotKind.TRAVEL,
    )
    both, lena, aron = ("lena", "aron"), ("lena",), ("aron",)
    # Unformatted: a timetable reads slot by slot.
    # fmt: off
    return (
        PlanSlot("opening", one, "08:30", "09:00", meeting, "Opening meeting", both,
            ("katharina", "thomas", "emre", "uwe", "olaf"), site="main", area="office"),
        PlanSlot("purchasing", one, "09:00", "10:30", process, "Purchasing and goods in", lena, ("sabine",),
            "purchasing", "main", "goods-in", "day", numbers("8.4.1 8.4.2 8.4.3 7.5.3.1"), numbers("8.1")),
        PlanSlot("orders", one, "09:00", "10:30", process, "Sales and work preparation", aron, ("nina",), "orders",
            "main", "office", "day", numbers("8.1 8.2.1 8.2.2 8.2.3.1 8.2.3.2 8.2.4 8.5.3 8.5.5 9.1.2 4.3")),
        PlanSlot("heat-treatment", one, "10:40", "12:15", process, "Heat treatment (outsourced)", lena,
            ("sabine", "petra"), "heat-treatment", "main", "goods-in", "day",
            numbers("8.1 8.4.1 8.4.2 8.5.1 8.5.2 8.6")),
        PlanSlot("final-inspection", one, "10:40", "12:15", process, "Final inspection and gauges", aron, ("petra",),
            "final-inspection", "main", "hall-2", "early", numbers("7.1.5.1 7.1.5.2 8.5.2 8.6 8.7.1 8.7.2")),
        PlanSlot("lunch-one", one, "12:15", "13:00", pause, "Lunch", both, site="main"),
        PlanSlot("leadership", one, "13:00", "15:00", process, "Leadership and planning", lena,
            ("katharina", "thomas"), "leadership", "main", "office", "day",
            numbers("4.1 4.2 4.3 5.1.1 5.1.2 5.2.1 5.2.2 5.3 6.1.1 6.1.2 6.2.1 6.2.2 6.3 7.1.1 9.3.1 9.3.2 9.3.3"),
            numbers("4.1 4.2 4.3 5.1 5.2 5.3 6.1.1 6.2.1 6.2.2 7.1 9.3")),
        PlanSlot("environment", one, "13:00", "14:30", process, "Environment and waste yard", aron, ("uwe",),
            "environment", "main", "waste-yard", "day", (),
            numbers("6.1.2 6.1.3 6.1.4 7.4.3 8.1 9.1.1 9.1.2")),
        PlanSlot("turning-late", one, "14:40", "16:15", process, "Turning, late shift", aron, ("emre",), "turning",
            "main", "hall-1", "late", numbers("8.5.1 8.5.2 8.5.6 7.1.4 7.1.5.1 7.3 5.2.2 8.7.1"),
            numbers("7.3 8.1")),
        PlanSlot("quality", one, "15:10", "16:15", process, "Internal audits and figures", lena, ("thomas",), "quality",
            "main", "office", "day", numbers("4.4.1 9.1.1 9.1.3 9.2.1 9.2.2"), numbers("9.2.1 9.2.2")),
        PlanSlot("review-one", one, "16:15", "16:45", meeting, "Team, then the day with the auditee", both, ("thomas",),
            site="main", area="office"),
        PlanSlot("milling-night", one, "22:00", "23:45", process, "Milling, night shift", aron, ("marek",), "milling",
            "main", "hall-2", "night", numbers("8.5.1 8.5.2 8.6 8.7.1 7.1.2 7.1.5.1 7.2 7.3 7.4 5.3"),
            numbers("7.2 7.3 8.2"), accompanied_by=("ilinca",)),

        PlanSlot("travel-out", two, "08:15", "09:00", travel, "Travel to Beispielstadt", lena),
        PlanSlot("assembly", two, "09:00", "10:30", process, "Deburring, washing and assembly", lena, ("olaf",),
            "assembly", "second", "assembly", "early",
            numbers("8.5.1 8.5.2 8.5.4 8.7.1 7.1.5.1 7.1.5.2 7.2 7.3 5.2.2"), numbers("7.2 8.1")),
        PlanSlot("dispatch", two, "10:30", "11:30", process, "Warehouse and dispatch", lena, ("olaf",), "dispatch",
            "second", "warehouse", "early", numbers("8.5.2 8.5.4 8.5.5 8.6 7.4"), numbers("8.1 8.2")),
        PlanSlot("milling-early", two, "10:45", "12:15", process, "Milling and prototype cell, early shift", aron,
            ("emre",), "milling", "main", "hall-2", "early",
            numbers("8.5.1 8.5.3 8.5.4 8.5.6 7.1.5.1 8.7.1"), numbers("8.1")),
        PlanSlot("travel-back", two, "11:30", "12:15", travel, "Travel to the main works", lena),
        PlanSlot("lunch-two", two, "12:15", "13:00", pause, "Lunch", both, site="main"),
        PlanSlot("maintenance", two, "13:15", "14:15", process, "Maintenance and emergencies", lena, ("uwe",),
            "maintenance", "main", "workshop", "day", numbers("7.1.3 7.1.4 6.1.2"), numbers("8.2")),
        PlanSlot("hr", two, "13:15", "14:45", process, "HR and training", aron, ("julia",), "hr", "main",
            "office", "day", numbers("7.1.2 7.1.6 7.2 7.3"), numbers("7.2 7.3")),
        PlanSlot("documents", two, "14:20", "15:45", process, "Documents and communication", lena, ("thomas",),
            "quality", "main", "office", "day", numbers("4.4.2 7.4 7.5.1 7.5.2 7.5.3.1 7.5.3.2"),
            numbers("4.4 7.4.1 7.4.2 7.5.1 7.5.2 7.5.3")),
        PlanSlot("milling-late", two, "14:55", "16:00", process, "Milling, late shift", aron, ("daniela",), "milling",
            "main", "hall-2", "late", numbers("8.5.1 8.5.2 7.1.5.1 7.4 8.7.1"), numbers("7.3 8.1")),
        PlanSlot("team-two", two, "16:15", "17:00", team, "Team meeting", both, site="main", area="office"),

        PlanSlot("turning-early", three, "08:30", "09:45", process, "Turning, early shift", aron, ("goran",), "turning",
            "main", "hall-1", "early", numbers("8.5.1 8.5.2 8.5.6 7.1.5.1 7.3"), numbers("8.1")),
        PlanSlot("improvement", three, "08:30", "09:45", process, "Complaints and improvement", lena, ("thomas",),
            "quality", "main", "office", "day", numbers("8.7.2 9.1.2 9.1.3 10.1 10.2.1 10.2.2 10.3"),
            numbers("10.1 10.2 10.3")),
        PlanSlot("open-points", three, "10:00", "11:00", process, "Open points", both, ("thomas", "julia"), "quality",
            "main", "office", "day"),
        PlanSlot("caucus", three, "11:00", "12:30", team, "Team caucus", both, site="main", area="office"),
        PlanSlot("lunch-three", three, "12:30", "13:15", pause, "Lunch", both, site="main"),
        PlanSlot("closing", three, "13:30", "14:30", meeting, "Closing meeting", both,
            ("katharina", "thomas", "emre", "uwe", "olaf"), site="main", area="office"),
    )
    # fmt: on
