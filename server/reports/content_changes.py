"""What no longer reads as at the closing meeting, field by field: where, what, what it was and what it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from server.reports.content_evidence import position_words, recording_words
from server.reports.material import Record
from server.reports.parts import Change, Changes
from server.reports.telling import LISTED_AS, Telling

_KNOWN_BY: dict[str, tuple[str, ...]] = {
    "judgements": ("criterion", "process", "site", "shift", "auditor"),
    "recommendations": ("standard",),
}
"""By what an item of a list is known again, where it has no id."""
_NAMED_BY = {"deviations": "observed_at", "follow_up": "number", "recommendations": "standard"}
"""What it is called on paper, where it is not its name."""
_SHOWN_WHOLE = 240
"""Letters up to which a text is printed whole. A longer one is printed around what differs."""
_AROUND = 60
"""Letters that are printed before and behind the difference."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """One item as it was and as it is; None where it was not there."""

    was: Record | None
    now: Record | None


def changes_part(telling: Telling) -> Changes:
    words = telling.words
    changes = telling.report.get("changes_since_closing") or []
    return Changes(
        heading=words.say("changes.heading"),
        intro=words.say("changes.intro" if changes else "changes.none"),
        was_label=words.say("changes.was"),
        now_label=words.say("changes.now"),
        changes=tuple(told for change in changes for told in _told(telling, change)),
    )


def _told(telling: Telling, change: Record) -> Iterator[Change]:
    words, name = telling.words, change.get("field")
    finding, evidence = change.get("finding"), change.get("evidence")
    if finding is None and evidence is None:
        yield from _of_the_audit(telling, str(name))
        return
    where = (
        words.say("changes.finding", number=finding)
        if finding
        else words.say("changes.evidence", number=telling.numbered_evidence([str(evidence)]))
    )
    if name is None:
        yield Change(where, words.word("changes", change.get("is")), "", "")
    else:
        yield _compared(telling, where, words.word("field", name), str(name), change.get("was"), change.get("is"))


def _of_the_audit(telling: Telling, part: str) -> Iterator[Change]:
    """The record says only which part differs: the two sealed records say how."""
    was, now = telling.closing.get(part), telling.report.get(part)
    if isinstance(was, dict) and isinstance(now, dict):
        where = telling.words.say("changes.audit") if part == "audit" else telling.words.word("field", part)
        for name in _differing(was, now):
            what = telling.words.word("field", "audit_title" if (part, name) == ("audit", "title") else name)
            yield _compared(telling, where, what, name, was.get(name), now.get(name))
        return
    for pair in _paired(_KNOWN_BY.get(part, ("id",)), list(was or []), list(now or [])):
        yield from _judgement(telling, pair) if part == "judgements" else _item(telling, part, pair)


def _paired(known_by: tuple[str, ...], was: list[Record], now: list[Record]) -> Iterator[_Pair]:
    """Only what differs: as it was beside as it is."""

    def by_key(items: list[Record]) -> dict[tuple[Any, ...], Record]:
        return {tuple(item.get(name) for name in known_by): item for item in items}

    old, new = by_key(was), by_key(now)
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            yield _Pair(old.get(key), new.get(key))


def _judgement(telling: Telling, pair: _Pair) -> Iterator[Change]:
    words = telling.words
    item = pair.now or pair.was or {}
    what = words.listed(text for text in (words.say("changes.judgement"), telling.places(item)) if text)
    where = telling.cited(item["criterion"]) if item.get("criterion") else words.word("field", "criterion")
    yield Change(where, what, _judged(telling, pair.was), _judged(telling, pair.now))


def _judged(telling: Telling, judgement: Record | None) -> str:
    if judgement is None or not judgement.get("result"):
        return telling.words.say("none.empty")
    result, reason = telling.words.word("result", judgement["result"]), judgement.get("reason")
    return telling.words.say("graded.with_reason", grade=result, reason=reason) if reason else result


def _item(telling: Telling, part: str, pair: _Pair) -> Iterator[Change]:
    words, where = telling.words, telling.words.word("field", part)
    name = _name_of(telling, part, pair.was or pair.now or {})
    if pair.was is None or pair.now is None:
        yield Change(where, name, "", words.say("changes.added" if pair.was is None else "changes.removed"))
        return
    for field in _differing(pair.was, pair.now):
        what = words.say("changes.of_item", item=name, field=words.word("field_of", field))
        yield _compared(telling, where, what, field, pair.was.get(field), pair.now.get(field))


def _name_of(telling: Telling, part: str, item: Record) -> str:
    named_by = _NAMED_BY.get(part, "name")
    value = item.get(named_by)
    return telling.words.say("none.short") if value is None else told_value(telling, named_by, value)


def _differing(was: Record, now: Record) -> list[str]:
    return [name for name in sorted({*was, *now}) if was.get(name) != now.get(name)]


def _compared(telling: Telling, where: str, what: str, name: str, was: Any, now: Any) -> Change:
    before, after = told_value(telling, name, was), told_value(telling, name, now)
    if isinstance(was, str) and isinstance(now, str):
        before, after = around_difference(before, after)
    return Change(where, what, before, after)


def around_difference(was: str, now: str) -> tuple[str, str]:
    """Both texts, each cut to what differs and a few words on either side, where they are long and mostly alike."""
    if max(len(was), len(now)) <= _SHOWN_WHOLE:
        return was, now
    most = min(len(was), len(now))
    start = next((place for place in range(most) if was[place] != now[place]), most)
    end = next((place for place in range(most - start) if was[-1 - place] != now[-1 - place]), most - start)
    return _cut(was, start, end), _cut(now, start, end)


def _cut(text: str, start: int, end: int) -> str:
    """From some words before `start` to some behind what follows it, up to `end` letters before the last."""
    first, last = max(start - _AROUND, 0), min(len(text) - end + _AROUND, len(text))
    # A word is not cut in two, unless it is one that never ends.
    space = text.find(" ", first, start)
    first = space + 1 if first and space >= 0 else first
    space = text.rfind(" ", len(text) - end, last)
    last = space if last < len(text) and space >= 0 else last
    return f"{'… ' if first else ''}{text[first:last]}{' …' if last < len(text) else ''}"


def told_value(telling: Telling, name: str, value: Any) -> str:
    """One value of a record as a person says it."""
    words = telling.words
    if name == "grades":
        return _grades(telling, value or [])
    if value is None or value in ("", []):
        return words.say("none.empty")
    if isinstance(value, bool):
        return words.yes_no(value)
    if name == "considered":
        return words.listed(_considered(telling, value))
    if name in _FAMILIES:
        return words.word(_FAMILIES[name], value)
    if name == "criteria":
        # The audit's criteria are standards, a finding's are clauses.
        return words.listed(telling.cited(one) if ":" in one else telling.standard_name(one) for one in value)
    if name == "standard":
        return telling.standard_name(value)
    if name == "position":
        return position_words(words, value)
    if name == "clock":
        return words.say("evidence.skew", seconds=round(value["skew"] / 1000))
    if name == "recording":
        return recording_words(words, value)
    if name == "annotation":
        return words.count("drawn.shapes", len(value))
    if name == "samples":
        return words.listed(value)
    if name == "recorded_by":
        return telling.account_name(value) or str(value)
    if name == "retakes":
        return telling.numbered_evidence([value])
    if name == "evidence":
        return telling.numbered_evidence(value)
    if name == "size":
        return words.size(value)
    if name in LISTED_AS:
        return telling.name_of(name, value) or str(value)
    if name in ("raised_at", "observed_at", "captured_at"):
        return words.instant(value)
    if name in ("starts_on", "ends_on", "raised_on"):
        return words.day(value)
    return str(value)


_FAMILIES = {
    "grade": "grade",
    "acknowledgement": "acknowledgement",
    "type": "type",
    "language": "language",
    "role": "role",
    "result": "result",
    "outcome": "outcome",
    "follow_up_result": "follow_up",
    "kind": "evidence",
    "source": "source",
    "method": "method",
    "photo_policy": "photo_policy",
}
"""By field, the words of the catalogue in which its values are told."""


def _grades(telling: Telling, grades: list[Record]) -> str:
    """Line by line what the finding is in the standards that have a grade of their own."""
    words = telling.words
    lines = []
    for item in grades:
        grade, reason = words.word("grade", item["grade"]), item.get("grade_reason")
        text = words.say("graded.with_reason", grade=grade, reason=reason) if reason else grade
        lines.append(words.say("graded.in_standard", standard=telling.standard_name(item["standard"]), text=text))
    return "\n".join(lines) or words.say("graded.same_in_all")


def _considered(telling: Telling, considered: list[Record]) -> list[str]:
    """The nonconformities over which the team recommended. The number of one that was deleted since stands in the closing record."""
    findings = [*(telling.closing.get("findings") or []), *telling.findings]
    numbers = {finding["id"]: finding["number"] for finding in findings}
    told = sorted((numbers.get(one["finding"]) or telling.words.say("none.short"), one["grade"]) for one in considered)
    return [
        telling.words.say("recommendation.since.finding", number=number, grade=telling.words.word("grade", grade))
        for number, grade in told
    ]
