"""The plans of the three audits hold together: a team could follow them, and references resolve."""

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise

import pytest

from server.demo.audit import QUALITY, STANDARDS, Audit
from server.demo.company import AUDIT_CLIENT, PEOPLE
from server.demo.moment import stage_1_day, stage_2_first_day
from server.demo.repeat import repeated_stage_2
from server.demo.stage_1 import stage_1
from server.demo.stage_2 import WEEKS_AFTER_STAGE_1, stage_2
from server.demo.works import AREAS, PROCESSES, SHIFTS, SITES
from server.standards.catalogue import criterion_id, standard

TODAY = date(2026, 11, 24)


def audits_of(today: date) -> tuple[Audit, ...]:
    one, two = stage_1(stage_1_day(today)).audit, stage_2(stage_2_first_day(today)).audit
    return one, two, repeated_stage_2(today, two.ends_on)


@pytest.fixture(params=[0, 1, 2], ids=["stage 1", "stage 2", "repeated"])
def audit(request: pytest.FixtureRequest) -> Audit:
    return audits_of(TODAY)[request.param]


@pytest.mark.parametrize("which", [1, 2], ids=["stage 2", "repeated"])
def test_every_clause_of_both_standards_but_the_excluded_ones_is_planned(which: int):
    excluded = {criterion_id(QUALITY, number) for one in AUDIT_CLIENT.exclusions for number in one.clauses}
    leaves = {criterion_id(name, clause.number) for name in STANDARDS for clause in standard(name).auditable_clauses()}
    planned = {criterion for slot in audits_of(TODAY)[which].plan for criterion in slot.criteria}
    assert leaves - planned == excluded
    assert planned <= leaves


def test_nobody_is_booked_in_two_places_at_once(audit: Audit):
    days = defaultdict(list)
    for slot in audit.plan:
        for person in slot.auditors:
            days[person, slot.on].append((slot.begins, slot.ends))
    for (person, on), slots in days.items():
        for (_, ends), (begins, _) in pairwise(sorted(slots)):
            assert ends <= begins, f"{person} on {on}: {ends} overlaps {begins}"


def test_slots_name_people_sites_areas_shifts_and_processes_that_exist(audit: Audit):
    people = {person.id for person in PEOPLE}
    for slot in audit.plan:
        assert {*slot.auditors, *slot.auditees, *slot.accompanied_by} <= people
        assert slot.site in {None, *(site.id for site in SITES)}
        assert slot.area in {None, *(area.id for area in AREAS)}
        assert slot.shift in {None, *(shift.id for shift in SHIFTS)}
        assert slot.process in {None, *(process.id for process in PROCESSES)}


@pytest.mark.parametrize("day", range(14))
def test_whatever_day_it_is_the_audits_follow_each_other_and_the_past_ones_fall_on_working_days(day: int):
    today = TODAY + timedelta(days=day)
    one, two, three = audits_of(today)
    assert one.ends_on < two.starts_on <= two.ends_on < three.starts_on == today
    assert two.starts_on - one.starts_on == timedelta(weeks=WEEKS_AFTER_STAGE_1)
    assert all(on.weekday() < 5 for on in (one.starts_on, two.starts_on, two.ends_on))
    finished = stage_2(two.starts_on)
    assert all(report.at.on < today and report.at.on.weekday() < 5 for report in finished.reports)


def test_whoever_audits_at_night_has_eleven_hours_of_rest():
    plan = audits_of(TODAY)[1].plan
    (night,) = [slot for slot in plan if slot.shift == "night"]
    next_day = [slot for slot in plan if slot.on == night.on + timedelta(days=1) and "aron" in slot.auditors]
    assert (night.ends, min(slot.begins for slot in next_day)) == ("23:45", "10:45")
