"""The demonstration's company holds together: a plan that a team could follow, and references that resolve."""

from collections import defaultdict
from datetime import date
from itertools import pairwise

import pytest

from server.demo import company
from server.standards.catalogue import standard

FIRST_DAY = date(2026, 11, 24)


@pytest.fixture
def plan() -> tuple[company.PlanSlot, ...]:
    return company.audit_plan(FIRST_DAY)


def test_every_clause_that_is_not_excluded_is_planned_at_least_once(plan):
    excluded = {number for exclusion in company.AUDIT_CLIENT.exclusions for number in exclusion.clauses}
    leaves = {clause.number for clause in standard(company.STANDARD).auditable_clauses()}
    planned = {number for slot in plan for number in slot.clauses}
    assert leaves - planned == excluded


def test_nobody_is_booked_in_two_places_at_once(plan):
    days = defaultdict(list)
    for slot in plan:
        for person in slot.auditors:
            days[person, slot.on].append((slot.begins, slot.ends))
    for (person, on), slots in days.items():
        for (_, ends), (begins, _) in pairwise(sorted(slots)):
            assert ends <= begins, f"{person} on {on}: {ends} overlaps {begins}"


def test_slots_name_people_sites_areas_shifts_and_processes_that_exist(plan):
    people = {person.id for person in company.PEOPLE}
    for slot in plan:
        assert {*slot.auditors, *slot.auditees, *slot.accompanied_by} <= people
        assert slot.site in {None, *(site.id for site in company.SITES)}
        assert slot.area in {None, *(area.id for area in company.AREAS)}
        assert slot.shift in {None, *(shift.id for shift in company.SHIFTS)}
        assert slot.process in {None, *(process.id for process in company.PROCESSES)}


def test_sixty_people_work_there_on_two_sites_and_at_night():
    assert sum(company.headcount_of(site.id) for site in company.SITES) == 60
    assert len(company.SITES) == 2
    assert any(row.shift == "night" and row.agency for row in company.HEADCOUNT)


def test_the_team_has_one_leader_and_people_with_accounts_have_reserved_addresses():
    roles = [person.team_role for person in company.PEOPLE if person.team_role is not None]
    assert roles.count(company.TeamRole.AUDIT_TEAM_LEADER) == 1
    assert all(person.email.endswith(".example") for person in company.PEOPLE)


def test_earlier_findings_belong_to_earlier_audits():
    audits = {audit.id for audit in company.previous_audits(FIRST_DAY)}
    assert {finding.audit for finding in company.previous_findings(FIRST_DAY)} <= audits
