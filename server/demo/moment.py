"""
When the demonstration's audits happened: counted back from the day on which it begins, so that it is always fresh.

Past audits fall on working days of their weeks; the one that begins today does so whatever weekday that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = "Europe/Berlin"
_ON_SITE = ZoneInfo(ZONE)


@dataclass(frozen=True, slots=True, order=True)
class At:
    """A moment as people on site tell it: a day, and the clock on the wall."""

    on: date
    clock: str

    @property
    def ms(self) -> int:
        """Milliseconds since 1970."""
        return round(self._moment.timestamp() * 1000)

    @property
    def instant(self) -> str:
        """In UTC, as the contract writes instants."""
        return self._moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @property
    def _moment(self) -> datetime:
        return datetime.combine(self.on, time.fromisoformat(self.clock), _ON_SITE)

    def later(self, seconds: float) -> At:
        """The same day a little later; nothing here is recorded across midnight."""
        moment = datetime.combine(self.on, time.fromisoformat(self.clock)) + timedelta(seconds=seconds)
        return At(moment.date(), moment.time().isoformat())


def stage_1_day(today: date) -> date:
    """The Tuesday ten weeks ago."""
    return _monday(today) - timedelta(weeks=10) + timedelta(days=1)


def stage_2_first_day(today: date) -> date:
    """The Tuesday five weeks ago: three days, and the night after the first."""
    return _monday(today) - timedelta(weeks=5) + timedelta(days=1)


def former_surveillance_day(stage_1_on: date) -> date:
    """When the body that certified the company before was there last; its certificate has expired since."""
    return stage_1_on - timedelta(weeks=55)


def spoken(on: date) -> str:
    """12 October, as an auditor writes a day of this year's work."""
    return f"{on.day} {on:%B}"


def _monday(today: date) -> date:
    return today - timedelta(days=today.weekday())
