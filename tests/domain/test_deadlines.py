"""By when a nonconformity has to be dealt with."""

from datetime import date

import pytest

from server.domain.deadlines import Deadlines, due_dates, months_later
from server.domain.vocabulary import AuditType, FindingGrade

LAST_DAY = date(2026, 11, 26)


def test_a_major_nonconformity_of_stage_2_has_four_dates():
    due = due_dates(FindingGrade.MAJOR_NONCONFORMITY, AuditType.STAGE_2, LAST_DAY)
    assert due.containment_on == date(2026, 12, 10)
    assert due.plan_on == date(2026, 12, 26)
    assert due.verified_on == date(2027, 2, 24)
    assert due.decision_until == date(2027, 5, 26)


def test_the_six_months_belong_to_stage_2_alone():
    due = due_dates(FindingGrade.MAJOR_NONCONFORMITY, AuditType.SURVEILLANCE, LAST_DAY)
    assert due.decision_until is None


def test_a_minor_nonconformity_needs_a_plan_and_is_seen_again_in_the_next_audit():
    due = due_dates(FindingGrade.MINOR_NONCONFORMITY, AuditType.STAGE_2, LAST_DAY)
    assert (due.plan_on, due.verified_on, due.containment_on) == (date(2026, 12, 26), None, None)


def test_the_days_are_the_certification_bodys_to_set():
    due = due_dates(
        FindingGrade.MAJOR_NONCONFORMITY, AuditType.STAGE_2, LAST_DAY, Deadlines(verified_days=60, plan_days=10)
    )
    assert (due.plan_on, due.verified_on) == (date(2026, 12, 6), date(2027, 1, 25))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)
def test_a_month_that_is_too_short_ends_on_its_last_day(day: date, months: int, expected: date):
    assert months_later(day, months) == expected
