"""
How a fact is written. What is hashed has one spelling: 2026-11-24 and not 24.11.2026, an account in small letters and not in braces.

Two spellings of one fact would be two births, two accounts, two judgements of one place. pwa/src/domain/spelling.ts holds the
tablet to the same forms before a tap becomes an operation; schemas/vectors/spelling proves it. A person's own words have no form.
"""

import re
from datetime import date
from enum import StrEnum


class Form(StrEnum):
    DAY = "day"
    LOCAL_TIME = "local_time"
    INSTANT = "instant"
    UUID = "uuid"
    SHA256 = "sha256"
    STANDARD = "standard"
    CRITERION = "criterion"
    REFERENCE = "reference"
    LANGUAGE = "language"
    MEDIA_TYPE = "media_type"


_DAY = "(?:19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}"
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_STANDARD = "[a-z][a-z0-9]{1,13}(?:-[a-z0-9]{1,5}){0,3}"
_CLAUSE = "(?:[A-Z]|[A-Z]?[1-9][0-9]?)"

PATTERNS: dict[Form, str] = {
    Form.DAY: _DAY,
    Form.LOCAL_TIME: f"{_DAY}T{_TIME}",
    # Three digits of milliseconds and Z: what `Date.toISOString` gives in every browser.
    Form.INSTANT: rf"{_DAY}T{_TIME}:[0-5][0-9]\.[0-9]{{3}}Z",
    Form.UUID: "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    Form.SHA256: "[0-9a-f]{64}",
    Form.STANDARD: _STANDARD,
    Form.CRITERION: rf"{_STANDARD}:{_CLAUSE}(?:\.{_CLAUSE}){{0,4}}",
    # As long as a UUID, so that a criterion and four of them fit into the id of a judgement.
    Form.REFERENCE: "[A-Za-z0-9][A-Za-z0-9._:-]{0,35}",
    Form.LANGUAGE: "[a-z]{2}(?:-[A-Z]{2})?",
    Form.MEDIA_TYPE: "[a-z0-9][a-z0-9.+-]{0,20}/[a-z0-9][a-z0-9.+-]{0,75}",
}
"""Every form as an expression that both languages read alike. It has to match the whole text."""

_COMPILED = {form: re.compile(pattern) for form, pattern in PATTERNS.items()}
_ON_A_DAY = frozenset({Form.DAY, Form.LOCAL_TIME, Form.INSTANT})


def is_spelled(form: Form, text: str) -> bool:
    """Whether the text is written in this form; a day must be one that the calendar has."""
    return _COMPILED[form].fullmatch(text) is not None and (form not in _ON_A_DAY or _exists(text[:10]))


def _exists(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True
