"""Pages 1 to 3, which are all that many people read: what it is, what the team concludes, how the audit went."""

from collections import Counter

from server.domain.deadlines import due_dates
from server.domain.vocabulary import Acknowledgement, AuditType, FindingGrade, JudgementResult
from server.reports.material import Record, ReportState
from server.reports.parts import (
    Conclusions,
    Count,
    Course,
    Cover,
    Fact,
    NonconformityRow,
    PreviousFinding,
    Recommendation,
    StandardCounts,
)
from server.reports.telling import NONCONFORMITIES, Graded, Telling

_COUNTED = ("major_nonconformity", "minor_nonconformity", "opportunity_for_improvement", "positive")
_COUNTED_AT_STAGE_1 = ("area_of_concern", "opportunity_for_improvement", "positive")


def _lacking(telling: Telling) -> str:
    """Which pictures of a provisional report were still on their way, by their numbers."""
    picked = set(telling.report.get("pictures") or [])
    lacking = [item["id"] for item in telling.evidence if item["id"] in picked and telling.is_lacking(item)]
    if telling.material.state is not ReportState.PROVISIONAL or not lacking:
        return ""
    return telling.words.count("state.lacking", len(lacking), numbers=telling.numbered_evidence(lacking))


def cover_part(telling: Telling) -> Cover:
    """Who, what, when, on what scope, with which recommendation."""
    words, audit, report = telling.words, telling.audit, telling.report
    client = report.get("audit_client") or {}
    body = report.get("certification_body") or {}
    state = telling.material.state
    meaning = state.value if state == "provisional" or telling.is_certification else f"{state}_own"
    order = {standard: place for place, standard in enumerate(audit.get("criteria") or [])}
    recommendations = sorted(report.get("recommendations") or [], key=lambda item: order.get(item["standard"], 99))
    return Cover(
        document=words.say("cover.document"),
        body=telling.stated(body.get("name")),
        body_address=body.get("address") or "",
        kind=words.word("type", audit.get("type")),
        client=telling.stated(client.get("name")),
        client_address=client.get("address") or "",
        identity=tuple(_identity(telling)),
        state=words.say(f"state.{state}"),
        state_meaning=" ".join(filter(None, [words.say(f"state.meaning.{meaning}"), _lacking(telling)])),
        facts=(
            Fact(words.say("cover.representative"), telling.stated(client.get("representative"))),
            Fact(words.say("cover.scope"), telling.stated(audit.get("scope"))),
            Fact(words.say("cover.criteria"), _standards(telling)),
            Fact(words.say("cover.dates"), words.period(audit.get("starts_on"), audit.get("ends_on"))),
            Fact(words.say("cover.sites"), _sites(telling)),
            Fact(words.say("cover.team"), _team(telling)),
        ),
        recommendation_heading=words.say("recommendation.heading"),
        recommendations=tuple(_recommendation(telling, item) for item in recommendations),
        recommendation_note=_recommendation_note(telling),
        recommendation_since=_since_closing(telling),
        counts_heading=words.say("counts.heading"),
        counts=tuple(_counts(telling)),
        counts_by_standard=tuple(_counts_by_standard(telling)),
        closing_facts=(
            Fact(words.say("counts.clauses"), _coverage(telling)),
            Fact(
                words.say("confidentiality.heading"),
                words.say("confidentiality.text" if telling.is_certification else "confidentiality.text_own"),
            ),
            Fact(words.say("distribution.heading"), _distribution(telling)),
        ),
    )


def conclusions_part(telling: Telling) -> Conclusions:
    """Page 2: what the team concludes, and what follows by when."""
    words, summary = telling.words, telling.summary
    nonconformities = [
        (finding, graded)
        for finding in telling.standing
        for graded in telling.graded(finding)
        if graded.grade in NONCONFORMITIES
    ]
    statements = [
        Fact(words.say(f"summary.{name}"), telling.stated(summary.get(name)))
        for name in ("conformity", "effectiveness", "internal_audit_and_review")
    ]
    if summary.get("executive_summary"):
        statements.insert(0, Fact(words.say("summary.executive_summary"), str(summary["executive_summary"])))
    statements += [
        Fact(words.say(f"summary.{name}"), _verdict(telling, name, summary.get(name)))
        for name in ("is_scope_appropriate", "are_objectives_met")
    ]
    group = "certification" if telling.is_certification else "own"
    group = "stage_1" if telling.audit.get("type") == AuditType.STAGE_1 else group
    asks = FindingGrade.AREA_OF_CONCERN if group == "stage_1" else None
    is_asked = any(graded.grade == asks for finding in telling.standing for graded in telling.graded(finding))
    if not (nonconformities or is_asked):
        group = f"{group}_none"
    return Conclusions(
        heading=words.say("conclusions.heading"),
        statements=tuple(statements),
        table_heading=words.say("nonconformities.heading"),
        nonconformities=tuple(_nonconformity(telling, *row) for row in nonconformities),
        table_note=words.say("nonconformities.note" if nonconformities else "nonconformities.none"),
        closing_facts=(
            Fact(words.say("next_steps.heading"), words.say(f"next_steps.{group}")),
            Fact(
                words.say("appeal.heading"),
                words.say("appeal.text" if telling.is_certification else "appeal.text_own"),
            ),
            Fact(words.say("sampling.heading"), words.say("sampling.text")),
        ),
    )


def course_part(telling: Telling) -> Course:
    """Page 3: the plan and what became of it."""
    words, summary, report = telling.words, telling.summary, telling.report
    share = summary.get("remote_share_percent")
    earlier = report.get("follow_up") or []
    return Course(
        heading=words.say("course.heading"),
        facts=(
            Fact(words.say("course.objectives"), telling.stated(telling.audit.get("objectives"))),
            Fact(words.say("course.plan"), telling.stated(summary.get("plan_against_actual"))),
            Fact(
                words.say("course.remote"),
                words.say("none.stated") if share is None else words.say("course.remote_share", percent=share),
            ),
            Fact(words.say("course.deviations"), _deviations(telling)),
            Fact(words.say("course.changes"), telling.stated(summary.get("changes"))),
            Fact(words.say("course.confirmed"), _confirmed(telling)),
        ),
        previous_heading=words.say("previous.heading"),
        previous=tuple(_previous(telling, item) for item in earlier),
        previous_note="" if earlier else words.say("previous.none"),
        closing_facts=(
            Fact(words.say("course.unresolved"), _unresolved(telling)),
            Fact(words.say("course.next_audit"), telling.stated(summary.get("next_audit"))),
        ),
    )


def _identity(telling: Telling) -> list[Fact]:
    words, report = telling.words, telling.report
    revision = report.get("revision") or 1
    facts = [
        Fact(words.say("cover.number"), telling.stated(telling.audit.get("reference"))),
        Fact(words.say("cover.revision"), str(revision)),
        Fact(words.say("cover.sealed"), words.instant(telling.material.report.seal["sealed_at"])),
    ]
    if report.get("reason"):
        facts.append(Fact(words.say("cover.reason"), str(report["reason"])))
    return facts


def _standards(telling: Telling) -> str:
    return "\n".join(telling.standard_title(item) for item in telling.audit.get("criteria") or []) or (
        telling.words.say("none.stated")
    )


def _sites(telling: Telling) -> str:
    sites = [
        ", ".join(part for part in (site.get("name"), site.get("address")) if part)
        for site in telling.report.get("sites") or []
    ]
    return "\n".join(sites) or telling.words.say("none.stated")


def _team(telling: Telling) -> str:
    members = telling.report.get("team") or []
    order = list(telling.words.say("team.order").split())
    ranked = sorted(members, key=lambda member: order.index(member["role"]) if member.get("role") in order else 99)
    lines = [f"{telling.stated(item.get('name'))}, {telling.words.word('role', item.get('role'))}" for item in ranked]
    return "\n".join(lines) or telling.words.say("none.stated")


def _recommendation_note(telling: Telling) -> str:
    if not telling.report.get("recommendations"):
        return telling.words.say("recommendation.none")
    return telling.words.say("recommendation.note" if telling.is_certification else "recommendation.note_own")


def _since_closing(telling: Telling) -> str:
    """A recommendation of the closing meeting does not know of what was found on the way out: then the reader is told."""
    words = telling.words
    before = {finding["id"]: finding for finding in telling.closing.get("findings") or []}
    later = [
        words.say("recommendation.since.finding", number=finding["number"], grade=words.word("grade", worst))
        for finding in telling.standing
        if (worst := telling.worst(finding)) in NONCONFORMITIES
        and not _was_as_grave(telling, before.get(finding["id"]), worst)
    ]
    if not later:
        return ""
    said = [words.say("recommendation.since", findings=words.listed(later))]
    if telling.report.get("recommendations"):
        said.append(words.say(f"recommendation.since.{_became_of_it(telling)}"))
    return " ".join(said)


def _became_of_it(telling: Telling) -> str:
    was, now = (record.get("recommendations") or [] for record in (telling.closing, telling.report))
    if was == now:
        return "same"
    spoken = [[(item["standard"], item.get("outcome"), item.get("text")) for item in items] for items in (was, now)]
    return "confirmed" if spoken[0] == spoken[1] else "changed"


def _was_as_grave(telling: Telling, finding: Record | None, worst: str) -> bool:
    if finding is None or finding.get("withdrawn_reason"):
        return False
    then = telling.worst(finding)
    return then in NONCONFORMITIES and NONCONFORMITIES.index(then) <= NONCONFORMITIES.index(worst)


def _recommendation(telling: Telling, item: Record) -> Recommendation:
    return Recommendation(
        telling.standard_name(item["standard"]),
        telling.words.word("outcome", item.get("outcome")),
        item.get("text") or "",
    )


def _counts(telling: Telling) -> list[Count]:
    """Each finding once, under the worst of its grades."""
    words = telling.words
    found = Counter(telling.worst(finding) for finding in telling.standing)
    shown = _counted_grades(telling)
    return [Count(grade, found[grade], words.count(f"grade.{grade}", found[grade])) for grade in shown]


def _counts_by_standard(telling: Telling) -> list[StandardCounts]:
    """Each finding in every standard that it cites, under its grade there."""
    standards = telling.audit.get("criteria") or []
    if len(standards) < 2:
        return []
    found = Counter(item for finding in telling.standing for item in telling.grades(finding).items())
    shown = _counted_grades(telling)
    return [
        StandardCounts(telling.standard_name(standard), tuple(found[standard, grade] for grade in shown))
        for standard in standards
    ]


def _counted_grades(telling: Telling) -> list[str]:
    """Those that this type of audit gives, and any other that was given all the same."""
    always = _COUNTED_AT_STAGE_1 if telling.audit.get("type") == AuditType.STAGE_1 else _COUNTED
    given = {graded.grade for finding in telling.standing for graded in telling.graded(finding)}
    return [grade.value for grade in FindingGrade if grade.value in always or grade in given]


def _coverage(telling: Telling) -> str:
    words, rows = telling.words, telling.report.get("clauses") or []
    results = Counter(row["result"] for row in rows)
    silent = [result.value for result in JudgementResult if result is not JudgementResult.CONFORMS]
    judged = len(rows) - sum(results[result] for result in silent)
    said = [words.count("coverage.judged", len(rows), judged=judged)]
    said += [words.count(f"coverage.{result}", results[result]) for result in silent if results[result]]
    withdrawn = len(telling.findings) - len(telling.standing)
    text = words.say("coverage.joined", parts=words.listed(said))
    return f"{text} {words.count('coverage.withdrawn', withdrawn)}" if withdrawn else text


def _distribution(telling: Telling) -> str:
    words, report = telling.words, telling.report
    client = report.get("audit_client") or {}
    representative = client.get("representative")
    to_client = ", ".join(part for part in (client.get("name"), representative) if part)
    body = (report.get("certification_body") or {}).get("name")
    receivers = [text for text in (to_client, body and words.say("distribution.body", body=body)) if text]
    return "\n".join(receivers) or words.say("none.stated")


def _verdict(telling: Telling, name: str, value: object) -> str:
    if value is None:
        return telling.words.say("none.stated")
    return telling.words.say(f"summary.{name}.{'yes' if value else 'no'}")


def _nonconformity(telling: Telling, finding: Record, graded: Graded) -> NonconformityRow:
    """One line of the table: a finding whose standards differ has one for each in which it is a nonconformity."""
    return NonconformityRow(
        mark=str(graded.grade),
        number=finding["number"],
        grade=telling.words.word("grade", graded.grade),
        title=telling.title(finding),
        clauses=telling.cited_all(graded.criteria),
        dates=tuple(deadline_facts(telling, str(graded.grade))),
    )


def deadline_facts(telling: Telling, grade: str) -> list[Fact]:
    """What is due by when; for a minor nonconformity the effectiveness is looked at in the next audit."""
    words, audit_type = telling.words, telling.audit.get("type")
    if telling.last_day is None or audit_type not in set(AuditType):
        return []
    due = due_dates(FindingGrade(grade), AuditType(audit_type), telling.last_day)
    named = (
        ("due.containment", due.containment_on),
        ("due.plan", due.plan_on),
        ("due.verified", due.verified_on),
        ("due.six_months", due.decision_until),
    )
    facts = [Fact(words.say(key), words.short_day(on.isoformat())) for key, on in named if on is not None]
    if due.verified_on is None:
        facts.append(Fact(words.say("due.effectiveness"), words.say("due.next_audit")))
    return facts


def _deviations(telling: Telling) -> str:
    words, lines = telling.words, []
    for item in sorted(telling.report.get("deviations") or [], key=lambda item: item.get("observed_at") or ""):
        line = f"{words.instant(item.get('observed_at'))}: {telling.stated(item.get('text'))}"
        if item.get("minutes_lost"):
            line += " " + words.count("deviation.lost", item["minutes_lost"])
        if item.get("told_to"):
            line += " " + words.say("deviation.told", who=item["told_to"])
        lines.append(line)
    return "\n\n".join(lines) or words.say("course.deviations_none")


def _confirmed(telling: Telling) -> str:
    words, confirmed = telling.words, telling.report.get("confirmed") or {}
    lines = []
    if confirmed.get("confirmed_headcount") is not None:
        lines.append(words.say("confirmed.headcount", number=confirmed["confirmed_headcount"]))
    for name in ("shifts", "outsourced"):
        if confirmed.get(f"confirmed_{name}"):
            lines.append(words.say(f"confirmed.{name}", text=confirmed[f"confirmed_{name}"]))
    if confirmed.get("confirmed_scope") is not None:
        lines.append(words.say(f"confirmed.scope.{'yes' if confirmed['confirmed_scope'] else 'no'}"))
    return "\n".join(lines) or words.say("none.stated")


def _unresolved(telling: Telling) -> str:
    """What the team wrote, and every finding with which the auditee does not agree: also where the team wrote that there is none."""
    words, written = telling.words, str(telling.summary.get("unresolved_issues") or "").strip()
    dissents = "\n".join(
        words.say("course.unresolved.dissent", number=finding["number"])
        for finding in telling.standing
        if finding.get("acknowledgement") == Acknowledgement.DISSENT
    )
    return "\n\n".join(text for text in (written, dissents) if text) or words.say("none.stated")


def _previous(telling: Telling, item: Record) -> PreviousFinding:
    words = telling.words
    number = telling.stated(item.get("number"))
    if item.get("raised_on"):
        number = words.say("previous.number", number=number, day=words.short_day(item["raised_on"]))
    return PreviousFinding(
        mark=item.get("grade") or "not_seen",
        number=number,
        grade=words.word("grade", item.get("grade")),
        statement=telling.stated(item.get("statement")),
        result=words.word("follow_up", item.get("follow_up_result") or "none"),
        note=item.get("follow_up_note") or "",
    )
