"""The findings, each with its parts, its dates and its pictures."""

from dataclasses import replace

from server.reports.content_evidence import cited_evidence, drawn_words, is_printable
from server.reports.content_front import deadline_facts
from server.reports.drawn import picture_name
from server.reports.material import Record
from server.reports.parts import Fact, Finding, Findings, MarginGrade, Picture
from server.reports.telling import NONCONFORMITIES, Graded, Telling

_MOST_IN_MARGIN = 8
"""Clauses that stand beside a finding. More of them get a line of their own."""


def findings_part(telling: Telling) -> Findings:
    """Every finding in the order of its number, withdrawn ones too: a number that is missing raises questions."""
    words = telling.words
    linked = {item for finding in telling.findings for item in finding.get("evidence") or []}
    further = [item for item in telling.report.get("pictures") or [] if item not in linked]
    return Findings(
        heading=words.say("findings.heading"),
        intro=words.say("findings.intro" if telling.findings else "findings.none"),
        findings=tuple(_finding(telling, finding) for finding in telling.findings),
        further_heading=words.say("pictures.further"),
        further=tuple(pictures_of(telling, further)),
    )


def pictures_of(telling: Telling, ids: list[str]) -> list[Picture]:
    """Those of these pieces of evidence that were picked for the report, in the order of their numbers."""
    words, picked = telling.words, set(telling.report.get("pictures") or []) & set(ids)
    shown = {item["id"]: item for item in telling.evidence if item["id"] in picked and item.get("sha256")}
    left, pictures = dict(shown), list[Picture]()
    # First what shows nothing again; then what is left, should photos name each other in a circle.
    for item in sorted(shown.values(), key=lambda one: one.get("retakes") in shown):
        series = _series(item, left)
        for number, one in enumerate(series):
            said = words.say("picture.after" if number else "picture.before") if len(series) > 1 else ""
            pictures.append(replace(_picture(telling, one), standing=said, opens_pair=number == 0 and len(series) > 1))
    return pictures


def _series(first: Record, left: dict[str, Record]) -> list[Record]:
    """A photo, what shows it again, and what shows that again; each is taken out of those that are left."""
    if left.pop(first["id"], None) is None:
        return []
    again = [item for item in left.values() if item.get("retakes") == first["id"]]
    return [first, *(one for item in again for one in _series(item, left))]


def _finding(telling: Telling, finding: Record) -> Finding:
    is_withdrawn = bool(finding.get("withdrawn_reason"))
    return Finding(
        id=finding["id"],
        number=finding["number"],
        grades=tuple(_margin_grade(telling, finding, graded) for graded in telling.graded(finding)),
        title=telling.title(finding),
        is_withdrawn=is_withdrawn,
        parts=tuple(_parts(telling, finding)),
        remarks=tuple(_remarks(telling, finding, is_withdrawn)),
        pictures=tuple(pictures_of(telling, finding.get("evidence") or [])),
    )


def _margin_grade(telling: Telling, finding: Record, graded: Graded) -> MarginGrade:
    words = telling.words
    # The margin is narrow: a long word brings its own place to break.
    narrow = f"grade.narrow.{graded.grade}"
    word = words.say(narrow) if words.knows(narrow) else words.word("grade", graded.grade)
    if finding.get("withdrawn_reason"):
        word = words.say("finding.withdrawn", grade=word)
    clauses = tuple(telling.cited(criterion) for criterion in graded.criteria)
    if len(finding.get("criteria") or []) > _MOST_IN_MARGIN:
        clauses = (telling.standard_name(graded.standard),) if graded.standard else ()
    return MarginGrade(graded.grade or "not_seen", word, clauses)


def _parts(telling: Telling, finding: Record) -> list[Fact]:
    words = telling.words
    if telling.is_nonconformity(finding):
        return [
            Fact(words.say(f"part.{name}"), telling.stated(finding.get(name)))
            for name in ("requirement", "failure", "objective_evidence")
        ]
    return [
        Fact(words.say(f"part.{name}.plain"), str(finding[name]))
        for name in ("requirement", "failure", "objective_evidence")
        if finding.get(name)
    ]


def _remarks(telling: Telling, finding: Record, is_withdrawn: bool) -> list[Fact]:
    """What belongs to the finding without being one of its three parts, each only where there is something to say."""
    words = telling.words
    remarks = []
    if is_withdrawn:
        remarks.append(Fact(words.say("remark.withdrawn"), str(finding["withdrawn_reason"])))
    if reasons := _grade_reasons(telling, finding):
        remarks.append(Fact(words.say("remark.grade_reason"), reasons))
    if len(finding.get("criteria") or []) > _MOST_IN_MARGIN:
        remarks.append(Fact(words.say("field.criteria"), telling.cited_all(finding["criteria"])))
    if places := telling.places(finding):
        remarks.append(Fact(words.say("remark.where"), places))
    if finding.get("observed_at"):
        remarks.append(Fact(words.say("remark.when"), words.instant(finding["observed_at"])))
    elif finding.get("raised_at"):
        remarks.append(Fact(words.say("remark.raised"), words.instant(finding["raised_at"])))
    if finding.get("evidence"):
        remarks.append(Fact(words.say("remark.evidence"), cited_evidence(telling, finding["evidence"])))
    if finding.get("is_corrected_on_site"):
        remarks.append(Fact(words.say("remark.corrected"), words.say("remark.corrected.text")))
    if finding.get("acknowledgement") and not is_withdrawn:
        said = words.word("acknowledgement", finding["acknowledgement"])
        reason = finding.get("dissent_reason")
        remarks.append(Fact(words.say("remark.acknowledgement"), f"{said} {reason}" if reason else said))
    if telling.is_nonconformity(finding) and not is_withdrawn:
        remarks.append(Fact(words.say("remark.due"), _due(telling, finding)))
    return remarks


def _grade_reasons(telling: Telling, finding: Record) -> str:
    """Why this grade; where standards have one of their own, standard by standard."""
    words = telling.words
    special = {item["standard"]: item for item in finding.get("grades") or []}
    standards = telling.grades(finding)
    if not special.keys() & standards.keys():
        return str(finding.get("grade_reason") or "")
    reasons = {standard: special.get(standard, finding).get("grade_reason") for standard in standards}
    return "\n".join(
        words.say("graded.in_standard", standard=telling.standard_name(standard), text=reason)
        for standard, reason in reasons.items()
        if reason
    )


def _due(telling: Telling, finding: Record) -> str:
    """The dates of its grade; those of each standard where the grades differ."""
    words, lines = telling.words, []
    for graded in telling.graded(finding):
        if graded.grade not in NONCONFORMITIES:
            continue
        dates = words.listed(f"{fact.label} {fact.value}" for fact in deadline_facts(telling, graded.grade))
        text = dates or words.say("none.stated")
        standard = graded.standard and telling.standard_name(graded.standard)
        lines.append(words.say("graded.in_standard", standard=standard, text=text) if standard else text)
    return "\n".join(lines)


def _picture(telling: Telling, item: Record) -> Picture:
    words = telling.words
    number = telling.evidence_numbers[item["id"]]
    return Picture(
        sha256=item["sha256"],
        number=number,
        caption=words.say(
            "picture.caption",
            caption=item.get("caption") or words.say("picture.no_caption"),
            at=words.instant(item.get("captured_at")),
        ),
        absent=words.say(_absent(telling, item)),
        ahead=words.say("picture.ahead") if telling.is_lacking(item) else "",
        name=picture_name(telling.report, item),
        drawn=drawn_words(telling, item),
    )


def _absent(telling: Telling, item: Record) -> str:
    """Why a picture is not shown, for the case that it is not."""
    if not is_printable(item.get("media_type")):
        return "picture.not_printable"
    is_here = telling.material.arrived is not None and not telling.is_lacking(item)
    return "picture.unreadable" if is_here else "picture.pending"
