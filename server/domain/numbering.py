"""
Which findings have a number for good: what was signed at a closing meeting or printed in a report that was issued stays as it is.

pwa/src/domain/numbering.ts decides the same; schemas/vectors/finding and schemas/vectors/numbering hold both together.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from server.domain.closings import closings_of
from server.domain.fold import EntityView, LogView
from server.domain.operation import parse_plain_json

_NUMBER = re.compile(r"[0-9]{2,6}")


def fixed_numbers(view: LogView) -> tuple[dict[str, int], set[int]]:
    """
    The numbers by finding, and every number that was ever given, which no other finding gets.

    Whether the finding is still there or not: what went out to the certification body comes first, then what the closing record that
    counts says, then those before it and beside it; of each what nothing before it knows and what is still free. Clocks decide
    nothing, and neither does a deletion: nobody takes back what was signed.
    """
    fixed: dict[str, int] = {}
    given: set[int] = set()
    for numbers in _given(view):
        taken = set(fixed.values())
        for finding, number in numbers.items():
            given.add(int(number))
            if finding not in fixed and int(number) not in taken:
                fixed[finding] = int(number)
    return fixed, given


def numbers_in(record: Any) -> dict[str, str]:
    """The numbers in a record's text, by finding. Not what this app writes, such as one of them twice: it fixes nothing."""
    try:
        findings = parse_plain_json(record.encode())["findings"]
        return _fitting([(finding["id"], finding["number"]) for finding in findings])
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _given(view: LogView) -> Iterator[dict[str, str]]:
    """What counts of them by now matters only of closing records: what was issued stays issued."""
    for words in view.issued.values():
        for word in words:
            yield _told(word.get("numbers"))
    closings = closings_of(view)
    for one in (*reversed(closings.counted), *closings.beside):
        yield _numbers_of(view, view.entities[one.ref])


def _numbers_of(view: LogView, record: EntityView) -> dict[str, str]:
    """Where its content was erased, the word of the erasure says how it numbered the findings."""
    if record.born_view is None:
        return {}
    birth = record.born_view.heads[-1]
    if not birth.is_erased:
        return numbers_in((record.born or {}).get("record"))
    kept = view.erased.get(birth.digest, {}).get("record")
    return _told(kept.get("numbers")) if isinstance(kept, dict) else {}


def _told(numbers: Any) -> dict[str, str]:
    try:
        return _fitting(list(numbers.items())) if isinstance(numbers, dict) else {}
    except TypeError:
        return {}


def _fitting(numbers: list[tuple[Any, Any]]) -> dict[str, str]:
    """Nothing where one does not fit, or one stands there twice. Raises TypeError for what is no text."""
    if not all(isinstance(finding, str) and _NUMBER.fullmatch(number) for finding, number in numbers):
        return {}
    found: Mapping[str, str] = dict(numbers)
    is_twice = len(found) < len(numbers) or len({int(number) for number in found.values()}) < len(numbers)
    return {} if is_twice else dict(found)
