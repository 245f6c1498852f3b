"""
The report's sentences, each by its key, in the language of the audit; and how that language writes days, times and sizes.

A key that is not in the catalogue is an error: a report with a gap in it must not leave the house.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FOLDER = Path(__file__).parent / "words"
LANGUAGES = ("en", "de")


@cache
def catalogue(language: str) -> dict[str, str]:
    words: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return words


@dataclass(frozen=True, slots=True)
class Words:
    """One language, and the time zone in which instants are told."""

    language: str
    zone: str = "UTC"

    @classmethod
    def of(cls, language: str | None, zone: str | None = None) -> "Words":
        """The nearest language that there is: `de-AT` reads German, an unknown one English."""
        short = (language or "").split("-")[0].lower()
        return cls(short if short in LANGUAGES else LANGUAGES[0], _known_zone(zone))

    def say(self, key: str, **facts: Any) -> str:
        """The sentence with its facts in their places."""
        return catalogue(self.language)[key].format(**facts)

    def template(self, key: str) -> str:
        """The sentence with its places still open, for facts that come later."""
        return catalogue(self.language)[key]

    def knows(self, key: str) -> bool:
        return key in catalogue(self.language)

    def count(self, key: str, number: int, **facts: Any) -> str:
        """The sentence for one, or the one for several and none."""
        return self.say(f"{key}.{'one' if number == 1 else 'other'}", number=number, **facts)

    def word(self, family: str, value: str | None) -> str:
        """One word of the vocabulary, such as a grade. A value that a newer app brought is printed as it is."""
        if value is None:
            return self.say("none.stated")
        return self.say(f"{family}.{value}") if self.knows(f"{family}.{value}") else value

    def day(self, text: str | None) -> str:
        """24 November 2026"""
        return self._day(text, "date.long")

    def short_day(self, text: str | None) -> str:
        """24 Nov 2026"""
        return self._day(text, "date.short")

    def instant(self, text: str | None) -> str:
        """24 Nov 2026, 10:41 CET"""
        if not text:
            return self.say("none.stated")
        at = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC if self.zone == "UTC" else self._zone())
        return self.say("date.time", day=self.short_day(at.date().isoformat()), time=f"{at:%H:%M} {at:%Z}")

    def period(self, first: str | None, last: str | None) -> str:
        if first == last or not last:
            return self.day(first)
        return self.say("date.period", first=self.day(first), last=self.day(last))

    def size(self, number: int) -> str:
        """Bytes as a person says them."""
        amount, unit = (number / 1000, "kB") if number < 1_000_000 else (number / 1_000_000, "MB")
        return f"{amount:.1f} {unit}".replace(".", self.say("number.decimal"))

    def listed(self, items: Iterable[str]) -> str:
        return ", ".join(items)

    def yes_no(self, value: object) -> str:
        return self.say("yes" if value else "no")

    def _day(self, text: str | None, key: str) -> str:
        if not text:
            return self.say("none.stated")
        on = date.fromisoformat(text)
        month = self.say(f"month.{on.month}")
        return self.say(key, day=on.day, month=month, short=self.say(f"month.short.{on.month}"), year=on.year, on=on)

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


def _known_zone(zone: str | None) -> str:
    try:
        return str(ZoneInfo(zone)) if zone else "UTC"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
