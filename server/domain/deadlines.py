"""
By when a nonconformity has to be dealt with. The days are a certification body's settings with usual defaults, never a constant
of the standard, which knows only the six months after stage 2 (ISO/IEC 17021-1:2015, 9.5.3.2).
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from server.domain.vocabulary import AuditType, FindingGrade


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Calendar days from the last day of the audit."""

    containment_days: int = 14
    plan_days: int = 30
    verified_days: int = 90
    months_after_stage_2: int = 6


@dataclass(frozen=True, slots=True)
class DueDates:
    """For one nonconformity. What does not apply to its grade or type of audit is None."""

    containment_on: date | None
    plan_on: date
    verified_on: date | None
    decision_until: date | None
    """The last day, inclusive, on which a stage 2 can still lead to certification without being repeated."""


def due_dates(
    grade: FindingGrade, audit_type: AuditType, last_day: date, deadlines: Deadlines | None = None
) -> DueDates:
    """The dates of one nonconformity. The effectiveness of a minor one is looked at in the next audit, so it has no day."""
    limits = deadlines or Deadlines()
    plan_on = last_day + timedelta(days=limits.plan_days)
    if grade is not FindingGrade.MAJOR_NONCONFORMITY:
        return DueDates(None, plan_on, None, None)
    is_stage_2 = audit_type is AuditType.STAGE_2
    return DueDates(
        containment_on=last_day + timedelta(days=limits.containment_days),
        plan_on=plan_on,
        verified_on=last_day + timedelta(days=limits.verified_days),
        decision_until=months_later(last_day, limits.months_after_stage_2) if is_stage_2 else None,
    )


def months_later(day: date, months: int) -> date:
    """The same day of the month; where that month is too short, its last day."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
