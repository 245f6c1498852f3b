"""What stands behind the findings: clause by clause, the people, the seals, and how to check all of it."""

from server.domain.vocabulary import FindingGrade, JudgementResult, SigningOutcome, SigningParty
from server.reports.material import Arrival, HandwrittenSignature, Record, SealedRecord
from server.reports.parts import (
    Attendance,
    ClauseRow,
    Clauses,
    ClauseTable,
    Count,
    Fact,
    Handwriting,
    ServerPage,
    Signatures,
    Verifying,
)
from server.reports.shapes import SHAPES
from server.reports.telling import BroughtCatalogue, Telling
from server.reports.text import code_of, unprintable
from server.standards.catalogue import parse_criterion_id


def clauses_part(telling: Telling) -> Clauses:
    """One table a standard, in the standard's order, with its chapter headings."""
    words, rows = telling.words, telling.report.get("clauses") or []
    by_standard: dict[str, list[Record]] = {}
    for row in rows:
        by_standard.setdefault(parse_criterion_id(row["criterion"]).standard, []).append(row)
    notes = _judgement_notes(telling)
    tables = tuple(
        ClauseTable(telling.standard_name(standard), tuple(_clause_rows(telling, of_standard, notes)))
        for standard, of_standard in by_standard.items()
    )
    shown = {row["result"] for row in rows}
    order = [*(result.value for result in JudgementResult), *(grade.value for grade in FindingGrade)]
    return Clauses(
        heading=words.say("clauses.heading"),
        intro=_clauses_intro(telling) if rows else words.say("clauses.none"),
        columns=(
            words.say("clauses.column.clause"),
            words.say("clauses.column.title"),
            words.say("clauses.column.result"),
            words.say("clauses.column.findings"),
        ),
        tables=tables,
        legend=tuple(Count(mark, 0, _result_word(telling, mark)) for mark in order if mark in shown),
    )


def attendance_part(telling: Telling) -> Attendance:
    words = telling.words
    people = sorted(telling.report.get("attendance") or [], key=lambda person: person.get("name") or "")
    return Attendance(
        heading=words.say("attendance.heading"),
        intro=words.say("attendance.intro" if people else "attendance.none"),
        columns=(
            words.say("attendance.column.name"),
            words.say("attendance.column.function"),
            words.say("attendance.column.opening"),
            words.say("attendance.column.closing"),
        ),
        rows=tuple(
            (
                telling.stated(person.get("name")),
                person.get("function") or words.say("none.short"),
                _was_there(telling, person.get("at_opening")),
                _was_there(telling, person.get("at_closing")),
            )
            for person in people
        ),
    )


def _was_there(telling: Telling, value: object) -> str:
    return telling.words.say("none.short") if value is None else telling.words.yes_no(value)


def signatures_part(telling: Telling) -> Signatures:
    """Who signed what at the closing meeting, the two seals, and the places of the electronic signatures."""
    words, material = telling.words, telling.material
    by_party = {str(entry.born.get("party")): entry for entry in material.handwritten if entry.born is not None}
    # Whose word was erased is not known any more: then nobody can be said to have given none.
    erased = [entry for entry in material.handwritten if entry.born is None]
    parties = [
        *(party.value for party in SigningParty if not erased or party.value in by_party),
        *(party for party in by_party if party not in set(SigningParty)),
    ]
    statements = ("receipt", "sample", *(("decision",) if telling.is_certification else ()))
    return Signatures(
        heading=words.say("signatures.heading"),
        intro=words.say("signatures.intro"),
        statements=tuple(words.say(f"signatures.statement.{name}") for name in statements),
        entries=(
            *(_handwriting(telling, party, by_party.get(party)) for party in parties),
            *(_erased_handwriting(telling) for _ in erased),
        ),
        records_heading=words.say("seals.heading"),
        records=(
            *_sealed(telling, "closing", material.closing),
            *_entries(telling),
            *_replaced(telling),
            *_sealed(telling, "report", material.report),
        ),
        fields_heading=words.say("fields.heading"),
        fields_intro=words.say("fields.intro" if telling.is_certification else "fields.intro_own"),
        team_leader_label=words.say("fields.team_leader"),
        release_label=words.say("fields.release"),
        empty_hint=words.say("fields.empty"),
        reason=words.say("fields.reason"),
        release_reason=words.say("fields.release_reason"),
    )


def server_part(telling: Telling) -> ServerPage:
    """Receipt, lateness, quarantine: what no seal of the team covers, and what nobody should mistake for its content."""
    words, server = telling.words, telling.material.server
    late = [
        words.count("server.late.entry", entry.count, author=entry.author, at=words.instant(entry.last_received_at))
        for entry in server.late
    ]
    return ServerPage(
        heading=words.say("server.heading"),
        intro=words.say("server.intro"),
        facts=(
            Fact(words.say("server.closing"), _received(telling, telling.material.closing, server.closing_received_at)),
            *(
                ()
                if server.closing_arrival is None
                else (Fact(words.say("server.custody"), _arrival(telling, server.closing_arrival)),)
            ),
            Fact(words.say("server.report"), _received(telling, telling.material.report, server.report_received_at)),
            Fact(
                words.say("server.entries"),
                words.count(
                    "server.entries.text",
                    server.entries,
                    first=words.instant(server.first_received_at),
                    last=words.instant(server.last_received_at),
                )
                if server.entries
                else words.say("server.entries.none"),
            ),
            Fact(words.say("server.late"), "\n".join(late) or words.say("server.late.none")),
            *(Fact(words.say("server.catalogue"), _brought(telling, one)) for one in telling.brought),
            *(
                Fact(words.say(f"server.{name}"), words.count(f"server.{name}", number))
                for name, number in (
                    ("quarantine", server.quarantined),
                    ("unread", server.unread),
                    ("erased", server.erased),
                )
                if number
            ),
            *(() if server.is_aside_checked else (Fact(words.say("server.lost"), words.say("server.lost.text")),)),
        ),
    )


def _clauses_intro(telling: Telling) -> str:
    """Where a tablet brought the list of clauses, whoever reads the table hears of it there."""
    words, names = telling.words, dict.fromkeys(one.name for one in telling.brought)
    warning = (
        words.say("clauses.brought", standards=words.listed(names), page=words.say("server.heading")) if names else ""
    )
    return " ".join(filter(None, (words.say("clauses.intro"), warning)))


def _brought(telling: Telling, catalogue: BroughtCatalogue) -> str:
    words = telling.words
    differences = [
        words.say(f"server.catalogue.{name}", clauses=words.listed(numbers))
        for name, numbers in (("lacking", catalogue.lacking), ("added", catalogue.added))
        if numbers
    ]
    compared = (
        words.say("server.catalogue.unknown")
        if catalogue.todays is None
        else " ".join(differences) or words.say("server.catalogue.same")
    )
    said = words.say("server.catalogue.text", standard=catalogue.name, sha256=catalogue.sha256)
    return f"{said} {compared}"


def verifying_part(telling: Telling) -> Verifying:
    words = telling.words
    missing = unprintable(telling.texts)
    codes = words.listed(code_of(letter) for letter in missing)
    steps = ("reader", "command", "attached", "originals", "authority")
    return Verifying(
        heading=words.say("verifying.heading"),
        intro=words.say("verifying.intro"),
        steps=tuple(Fact(words.say(f"verifying.{step}.title"), words.say(f"verifying.{step}.text")) for step in steps),
        command=words.say("verifying.command.line"),
        command_step=steps.index("command"),
        letters_heading=words.say("verifying.letters.title") if missing else "",
        letters=words.say("verifying.letters.text", codes=codes) if missing else "",
    )


def _clause_rows(telling: Telling, rows: list[Record], notes: dict[str, list[str]]) -> list[ClauseRow]:
    shown: list[ClauseRow] = []
    said_at: dict[str, str] = {}
    chapter = ""
    for row in rows:
        standard, number = parse_criterion_id(row["criterion"])
        top = number.split(".")[0] if number[0].isdigit() else ".".join(number.split(".")[:2])
        if top not in (chapter, number):
            shown.append(ClauseRow(top, telling.clause_title(f"{standard}:{top}"), "", "", "", ()))
        chapter = top
        mark = row["result"] if row["result"] in SHAPES else "not_seen"
        shown.append(
            ClauseRow(
                number,
                telling.clause_title(row["criterion"]),
                mark,
                _result_word(telling, row["result"]),
                telling.words.listed(row.get("findings") or []),
                _said_once(telling, number, notes.get(row["criterion"], []), said_at),
            )
        )
    return shown


def _said_once(telling: Telling, number: str, notes: list[str], said_at: dict[str, str]) -> tuple[str, ...]:
    """A reason that several clauses of a table share stands at the first of them. `said_at`: by note, the number of that clause."""
    return tuple(
        dict.fromkeys(
            note
            if (first := said_at.setdefault(note, number)) == number
            else telling.words.say("clauses.as", clause=first)
            for note in notes
        )
    )


def _result_word(telling: Telling, result: str) -> str:
    family = "result" if telling.words.knows(f"result.{result}") else "grade"
    return telling.words.word(family, result)


def _judgement_notes(telling: Telling) -> dict[str, list[str]]:
    """The reasons that auditors gave, such as for "not applicable", with the place where they apply."""
    notes: dict[str, list[str]] = {}
    for judgement in telling.report.get("judgements") or []:
        if reason := judgement.get("reason"):
            places = telling.places(judgement)
            said = f"{places}: {reason}" if places else str(reason)
            of_criterion = notes.setdefault(judgement["criterion"], [])
            if said not in of_criterion:
                of_criterion.append(said)
    return notes


def _handwriting(telling: Telling, party: str, entry: HandwrittenSignature | None) -> Handwriting:
    words = telling.words
    if entry is None or entry.born is None:
        return Handwriting(words.word("party", party), "", words.say("signing.no_entry"), "absent", (), ())
    born = entry.born
    outcome = str(born.get("outcome"))
    facts = [
        Fact(words.say("signing.statement"), telling.stated(born.get("statement"))),
        Fact(words.say("signing.at"), words.instant(born.get("signed_at"))),
    ]
    if born.get("reason"):
        facts.insert(0, Fact(words.say("signing.reason"), str(born["reason"])))
    name = telling.stated(born.get("name"))
    function = born.get("function")
    return Handwriting(
        party=words.word("party", party),
        name=f"{name}, {function}" if function else name,
        outcome=words.word("signing", outcome),
        outcome_code=outcome if outcome in set(SigningOutcome) else "absent",
        facts=tuple(facts),
        strokes=tuple(
            tuple((int(point[0]), int(point[1])) for point in stroke["points"] if len(point) >= 2)
            for stroke in born.get("strokes") or []
        ),
    )


def _erased_handwriting(telling: Telling) -> Handwriting:
    words = telling.words
    return Handwriting(
        party=words.say("signing.erased_party"),
        name="",
        outcome=words.say("signing.erased"),
        outcome_code="erased",
        facts=(Fact(words.say("signing.erased_note"), words.say("signing.erased_text")),),
        strokes=(),
    )


def _entries(telling: Telling) -> list[Fact]:
    """What the closing seal names of the words above it: the digest of the entry of each."""
    digests = "\n".join(entry.digest for entry in telling.material.handwritten)
    return [Fact(telling.words.say("seals.entries"), digests)] if digests else []


def _sealed(telling: Telling, name: str, record: SealedRecord) -> list[Fact]:
    words, seal = telling.words, record.seal
    return [
        Fact(
            words.say(f"seals.{name}"),
            words.say(
                f"seals.{record.state}", at=words.instant(seal["sealed_at"]), tablet=str(seal["installation"])[:8]
            ),
        ),
        Fact(words.say("seals.sha256"), record.sha256),
    ]


def _replaced(telling: Telling) -> list[Fact]:
    """Of a closing record that takes the place of another: which one, and why."""
    words, replaced = telling.words, telling.closing.get("supersedes")
    if not replaced:
        return []
    reason = str(telling.closing.get("reason") or "")
    return [
        Fact(words.say("seals.replaces"), words.say("seals.replaces.text", reason=reason)),
        Fact(words.say("seals.replaced_sha256"), str(replaced)),
    ]


def _received(telling: Telling, record: SealedRecord, received_at: str | None) -> str:
    words = telling.words
    sealed = words.instant(record.seal["sealed_at"])
    if received_at is None:
        return words.say("server.not_received", sealed=sealed)
    return words.say("server.received", sealed=sealed, received=words.instant(received_at))


def _arrival(telling: Telling, arrival: Arrival) -> str:
    """Files are said only where there are any, and what is lacking before everything else."""
    words = telling.words
    entries = words.count("server.custody.entries", arrival.entries)
    if arrival.lacking:
        lacking = words.count("server.custody.lacking", arrival.lacking, files=arrival.files)
        return f"{lacking} {words.say('server.custody.rest', entries=entries, at=words.instant(arrival.at))}"
    what = words.count("server.custody.files", arrival.files) if arrival.files else words.say("server.custody.no_files")
    return words.say("server.custody.all", entries=entries, files=what, at=words.instant(arrival.at))
