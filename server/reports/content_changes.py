"""What no longer reads as at the closing meeting, field by field: where, what, what it was and what it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from server.reports.material import Record
from server.reports.parts import Change, Changes
from server.reports.telling import Telling

_NAMED_BY: dict[str, tuple[str, ...]] = {
    "sites": ("name",),
    "team": ("name",),
    "judgements": ("criterion", "process", "site", "shift", "auditor"),
    "attendance": ("name",),
    "deviations": ("observed_at",),
    "follow_up": ("number",),
    "recommendations": ("standard",),
}
"""By what an item of a list is known again: the record gives it no identity."""
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
    for pair in _paired(_NAMED_BY.get(part, ()), list(was or []), list(now or [])):
        yield from _judgement(telling, pair) if part == "judgements" else _item(telling, part, pair)


def _paired(named_by: tuple[str, ...], was: list[Record], now: list[Record]) -> Iterator[_Pair]:
    """What belongs together: what is known by all that names it, then by its first name; one that is left over is the other renamed."""
    old = [item for item in was if item not in now]
    new = [item for item in now if item not in was]
    for names in (named_by, named_by[:1]):
        for item in list(new):
            found = next((one for one in old if all(one.get(name) == item.get(name) for name in names)), None)
            if names and found is not None:
                old.remove(found)
                new.remove(item)
                yield _Pair(found, item)
    if len(old) == len(new) == 1 and named_by == ("name",):
        yield _Pair(old.pop(), new.pop())
    yield from (_Pair(item, None) for item in old)
    yield from (_Pair(None, item) for item in new)


def _judgement(telling: Telling, pair: _Pair) -> Iterator[Change]:
    words = telling.words
    item = pair.now or pair.was or {}
    what = words.listed(text for text in (words.say("changes.judgement"), telling.places(item)) if text)
    where = telling.cited(item["criterion"]) if item.get("criterion") else words.word("field", "criterion")
    was, now = _judged(telling, pair.was), _judged(telling, pair.now)
    if was != now:
        yield Change(where, what, was, now)
        return
    for name in _differing(pair.was or {}, pair.now or {}):
        label = words.say("changes.of_item", item=words.say("changes.judgement"), field=words.word("field_of", name))
        yield _compared(telling, where, label, name, (pair.was or {}).get(name), (pair.now or {}).get(name))


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
    named_by = _NAMED_BY.get(part, ("name",))[0]
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
    if name in _FAMILIES:
        return words.word(_FAMILIES[name], value)
    if name == "criteria":
        # The audit's criteria are standards, a finding's are clauses.
        return words.listed(telling.cited(one) if ":" in one else telling.standard_name(one) for one in value)
    if name == "standard":
        return telling.standard_name(value)
    if name == "evidence":
        return telling.numbered_evidence(value)
    if name == "size":
        return words.size(value)
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
