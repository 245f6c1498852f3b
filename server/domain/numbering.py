"""
Which findings have a number for good: what was signed at a closing meeting or printed in a report that was issued stays as it is.

pwa/src/domain/numbering.ts decides the same; schemas/vectors/finding and schemas/vectors/numbering hold both together.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from server.domain.closings import SEAL, closings_of
from server.domain.fold import EntityView, LogView
from server.domain.operation import parse_plain_json

_NUMBER = re.compile(r"[0-9]{2,6}")


def fixed_numbers(view: LogView) -> dict[str, int]:
    """
    By finding, whether it is still there or not. What went out to the certification body comes first, then what the closing record
    that counts says, then those before it and beside it: of each what nothing before it knows and what is still free. Clocks decide
    nothing, and neither does a deletion: nobody takes back what was signed.
    """
    fixed: dict[str, int] = {}
    for record in _records(view):
        taken = set(fixed.values())
        for finding, number in _numbers_of(view, record).items():
            if finding not in fixed and number not in taken:
                fixed[finding] = number
    return fixed


def numbers_in(record: Any) -> dict[str, str]:
    """The numbers in a record's text, by finding. Not what this app writes, such as one of them twice: it fixes nothing."""
    try:
        findings = parse_plain_json(record.encode())["findings"]
        return _fitting([(finding["id"], finding["number"]) for finding in findings])
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _records(view: LogView) -> Iterator[EntityView]:
    sealed = {
        head.digest: entity
        for entity in view.entities.values()
        if entity.kind == "report_record" and SEAL in entity.fields
        for head in entity.fields[SEAL].heads
    }
    yield from (sealed[seal] for seal in view.issued if seal in sealed)
    closings = closings_of(view)
    yield from (view.entities[one.ref] for one in (*reversed(closings.counted), *closings.beside))


def _numbers_of(view: LogView, record: EntityView) -> dict[str, int]:
    """Where its content was erased, the word of the erasure says how it numbered the findings."""
    if record.born_view is None:
        return {}
    birth = record.born_view.heads[-1]
    if birth.is_erased:
        told = view.erased.get(birth.digest, {}).get("numbers")
        numbers = _fitting(list(told.items())) if isinstance(told, dict) else {}
    else:
        numbers = numbers_in((record.born or {}).get("record"))
    return {finding: int(number) for finding, number in numbers.items()}


def _fitting(numbers: list[tuple[Any, Any]]) -> dict[str, str]:
    """Nothing where one does not fit, or one stands there twice. Raises TypeError for what is no text."""
    if not all(isinstance(finding, str) and _NUMBER.fullmatch(number) for finding, number in numbers):
        return {}
    found: Mapping[str, str] = dict(numbers)
    is_twice = len(found) < len(numbers) or len({int(number) for number in found.values()}) < len(numbers)
    return {} if is_twice else dict(found)
