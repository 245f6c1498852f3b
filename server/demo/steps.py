"""
What happened on site, as steps: who did what at which moment, and the operations that it takes on a tablet.

Before: fieldwork.py's data. After: replay.py writes the steps in the order of their moments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.demo.audit import PlanSlot
from server.demo.company import PERSON
from server.demo.fieldwork import Deviated, FinishedAudit, Found, Photographed, Place, Rewritten, Told
from server.demo.moment import At
from server.demo.prepare import entity
from server.demo.tablet import JPEG
from server.domain.evidence import FACTS_OF_A_FILE
from server.domain.judgement import judgement_id
from server.domain.vocabulary import EvidenceKind, EvidenceSource, JudgementResult, SlotState, TeamRole
from server.sealing.canonical import sha256_hex
from server.storage.identifiers import new_id
from server.sync.office import Change


@dataclass(frozen=True, slots=True)
class Step:
    """What one person did at one moment."""

    at: At
    by: str
    changes: tuple[Change, ...]


class Steps:
    """Of one audit. Entities get ids as tablets give them; `pictures` are the bytes that the photos name, by photographer."""

    def __init__(self, finished: FinishedAudit, audit: str):
        self._finished, self._audit = finished, audit
        self._leader = finished.audit.team[0]
        self._ids: dict[str, str] = {}
        self.pictures: dict[str, list[bytes]] = {}

    def ref(self, kind: str, name: str, at: At) -> str:
        """The entity of this name, made at this moment if it is new."""
        return f"{kind}/{self._ids.setdefault(f'{kind}/{name}', new_id(at.ms))}"

    def known(self, kind: str, name: str) -> str:
        """The entity of this name, which a step before has made."""
        return f"{kind}/{self._ids[f'{kind}/{name}']}"

    def on_site(self) -> Iterator[Step]:
        yield from self._opening()
        for slot in self._finished.audit.plan:
            yield from self._slot(slot)
        for judged in self._finished.judged:
            for criterion in judged.criteria:
                said = self._judgement(criterion, judged.place, judged.by, judged.result, judged.reason)
                yield Step(judged.at, judged.by, said)
        for noted in self._finished.notes:
            ref = f"note/{new_id(noted.at.ms)}"
            place = {"criterion": noted.criterion, **_placed(noted.place)}
            yield Step(noted.at, noted.by, (*entity(ref, {"observed_at": noted.at.instant}, **place, text=noted.text),))
        for found in self._finished.findings:
            yield from self._finding(found)
        for photo in self._finished.photos:
            yield self._photo(photo)
            if photo.drawn:
                ref = self.known("evidence", photo.id)
                yield Step(
                    photo.at.later(75), photo.by, changed(ref, annotation=[dict(shape) for shape in photo.drawn])
                )
        for told in self._finished.told:
            yield self._told(told)
        for deviated in self._finished.deviations:
            yield self._deviation(deviated)
        for again in self._finished.replanned:
            yield Step(again.at, again.by, changed(f"plan_slot/{again.slot}", **again.fields))
        for past in self._finished.followed_up:
            said = changed(
                f"previous_finding/{past.previous}", follow_up_result=past.result.value, follow_up_note=past.note
            )
            yield Step(past.at, past.by, said)

    def attended_closing(self) -> dict[str, bool]:
        """By person, for everybody on the list of attendance."""
        return dict.fromkeys(self._auditors(), True) | {
            guest.person: guest.at_closing for guest in self._finished.attendance
        }

    def _auditors(self) -> list[str]:
        team = self._finished.audit.team
        return [person for person in team if PERSON[person].team_role is not TeamRole.INTERPRETER]

    def _opening(self) -> Iterator[Step]:
        opened, leader = self._finished.opened_at, self._leader
        for auditor in self._auditors():
            function = "Audit team leader" if auditor == leader else "Auditor"
            changes = self._attendance(auditor, PERSON[auditor].name, function, at_opening=True)
            yield Step(opened.later(60), leader, changes)
        for guest in self._finished.attendance:
            person = PERSON[guest.person]
            changes = self._attendance(person.id, person.name, person.function, at_opening=guest.at_opening)
            yield Step(opened.later(90), leader, changes)
        confirmed = changed(f"audit/{self._audit}", **self._finished.confirmed)
        yield Step(opened.later(20 * 60), leader, confirmed)

    def _attendance(self, person: str, name: str, function: str, *, at_opening: bool) -> tuple[Change, ...]:
        ref = self.ref("attendance", person, self._finished.opened_at)
        return tuple(entity(ref, {}, name=name, function=function, at_opening=at_opening))

    def _slot(self, slot: PlanSlot) -> Iterator[Step]:
        """Each of its auditors goes through its clauses: they conform, but where something was found."""
        again = {
            name: value for one in self._finished.replanned if one.slot == slot.id for name, value in one.fields.items()
        }
        if again.get("state") == SlotState.NOT_HELD.value:
            return
        begins = datetime.fromisoformat(str(again.get("starts_at", slot.starts_at)))
        ends = datetime.fromisoformat(str(again.get("ends_at", slot.ends_at)))
        first = At(begins.date(), begins.time().isoformat("minutes"))
        seconds = (ends - begins).total_seconds()
        found = {one for finding in self._finished.findings if slot.id in finding.seen_in for one in finding.criteria}
        here = Place(slot.process, slot.site, slot.shift)
        to_judge = [criterion for criterion in slot.criteria if criterion not in found]
        for auditor in slot.auditors:
            for place, criterion in enumerate(to_judge, start=1):
                at = first.later(round(seconds * place / (len(to_judge) + 1)))
                yield Step(at, auditor, self._judgement(criterion, here, auditor, JudgementResult.CONFORMS))
        if slot.id != "closing":
            yield Step(
                first.later(seconds), slot.auditors[0], changed(f"plan_slot/{slot.id}", state=SlotState.DONE.value)
            )

    def _judgement(
        self, criterion: str, place: Place, auditor: str, result: JudgementResult, reason: str = ""
    ) -> tuple[Change, ...]:
        ref = f"judgement/{judgement_id(criterion, place.process, place.site, place.shift, auditor)}"
        where = {"process": place.process, "site": place.site, "shift": place.shift}
        return tuple(
            entity(ref, {"criterion": criterion, **where, "auditor": auditor}, result=result.value, reason=reason)
        )

    def _finding(self, found: Found) -> Iterator[Step]:
        """Raised with a tap on its grade, put into words in the minutes after."""
        ref = self.ref("finding", found.id, found.at)
        raised = Change.add(ref, {"raised_at": found.at.instant, "raised_by": found.by})
        first = {"grade": found.grade.value, "criteria": list(found.criteria), **_placed(found.place)}
        yield Step(found.at, found.by, (raised, *changed(ref, **first)))
        words = {
            "title": found.title,
            "requirement": found.requirement,
            "failure": found.failure,
            "objective_evidence": found.objective_evidence,
            "grade_reason": found.grade_reason,
            "observed_at": found.observed_at.instant if found.observed_at else None,
            "is_corrected_on_site": found.is_corrected_on_site or None,
        }
        yield Step(found.at.later(150), found.by, changed(ref, **{name: said for name, said in words.items() if said}))
        for rewritten in found.rewritten:
            yield self.rewriting(found.id, rewritten)

    def rewriting(self, finding: str, rewritten: Rewritten) -> Step:
        return Step(rewritten.at, rewritten.by, changed(self.known("finding", finding), **rewritten.fields))

    def _photo(self, photo: Photographed) -> Step:
        """Taken, filed where it belongs, and picked for the report."""
        picture = photo.draw()
        self.pictures.setdefault(photo.by, []).append(picture)
        ref = self.ref("evidence", photo.id, photo.at)
        born = {
            "kind": EvidenceKind.PHOTO.value,
            "sha256": sha256_hex(picture),
            "size": len(picture),
            "media_type": JPEG,
            "source": EvidenceSource.CAMERA_STILL.value,
            "file_name": None,
            "captured_at": photo.at.instant,
        }
        finding = self.known("finding", photo.finding).partition("/")[2] if photo.finding else None
        link = {"evidence": ref.partition("/")[2], "finding": finding, "criterion": photo.criterion}
        changes = (
            *entity(ref, born, **_placed(photo.place)),
            Change.add(f"evidence_link/{new_id(photo.at.ms)}", link),
            *changed(ref, caption=photo.caption, is_in_report=True),
        )
        return Step(photo.at, photo.by, changes)

    def _told(self, told: Told) -> Step:
        """Kept in one tap with all that it bears out."""
        ref = self.ref("evidence", told.id, told.at)
        born = {"kind": told.kind.value, **dict.fromkeys(FACTS_OF_A_FILE), "captured_at": told.at.instant}
        finding = self.known("finding", told.finding).partition("/")[2] if told.finding else None
        targets: list[tuple[str | None, str | None]] = [(None, criterion) for criterion in told.criteria]
        if finding:
            targets.append((finding, None))
        observed = {"observed_at": told.observed_at.instant} if told.observed_at else {}
        where = {"area": told.area} if told.area else {}
        changes = (
            *entity(ref, born, **told.said, **_placed(told.place), **where, **observed),
            *(
                Change.add(
                    f"evidence_link/{new_id(told.at.ms)}",
                    {"evidence": ref.partition("/")[2], "finding": found, "criterion": criterion},
                )
                for found, criterion in targets
            ),
        )
        return Step(told.at, told.by, changes)

    def _deviation(self, deviated: Deviated) -> Step:
        ref = f"deviation/{new_id(deviated.at.ms)}"
        said = {"text": deviated.text, "minutes_lost": deviated.minutes_lost, "told_to": deviated.told_to}
        return Step(deviated.at, deviated.by, tuple(entity(ref, {"observed_at": deviated.at.instant}, **said)))


def changed(ref: str, **fields: Any) -> tuple[Change, ...]:
    """One operation a field."""
    return tuple(Change(ref, name, value) for name, value in fields.items())


def _placed(place: Place) -> dict[str, str]:
    named = {"process": place.process, "site": place.site, "shift": place.shift}
    return {name: value for name, value in named.items() if value is not None}
