"""The register of evidence: by kind, what each piece says, where, when and by whom it was recorded, and what it bears out."""

from datetime import datetime, timedelta

from server.domain.evidence import FULL_TURN, WITH_FILE, is_off, method_of
from server.domain.vocabulary import EvidenceKind, EvidenceMethod, RecordingEnd
from server.reports.drawn import drawing, is_covered, picture_name
from server.reports.material import Record
from server.reports.parts import Drawn, Evidence, EvidenceGroup, EvidenceRow
from server.reports.telling import Telling
from server.reports.wording import Words

_PRINTABLE = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"})
"""What has a copy in report size. Everything else is named in the register of evidence."""
ORDER = (
    EvidenceKind.DOCUMENT,
    EvidenceKind.RECORD,
    EvidenceKind.INTERVIEW,
    EvidenceKind.OBSERVATION,
    EvidenceKind.PHOTO,
    EvidenceKind.DRAWING,
    EvidenceKind.VOICE_NOTE,
    EvidenceKind.FILE,
)


def evidence_part(telling: Telling) -> Evidence:
    """All of it, printed or not. What is a file stands with the hash that binds the original to this report."""
    words = telling.words
    used: dict[str, list[str]] = {}
    for finding in telling.findings:
        for item in finding.get("evidence") or []:
            used.setdefault(item, []).append(finding["number"])
    by_kind: dict[str, list[Record]] = {kind.value: [] for kind in ORDER}
    for item in telling.evidence:
        by_kind.setdefault(str(item.get("kind")), []).append(item)
    return Evidence(
        heading=words.say("evidence.heading"),
        intro=_intro(telling),
        groups=tuple(
            EvidenceGroup(
                words.word("evidence_group", kind),
                tuple(_row(telling, item, used.get(item["id"], [])) for item in items),
            )
            for kind, items in by_kind.items()
            if items
        ),
    )


def cited_evidence(telling: Telling, ids: list[str]) -> str:
    """The numbers of a finding's evidence; what is told in words stands behind its own, since no picture shows it."""
    told = [item for item in telling.evidence if item["id"] in ids and item.get("kind") not in WITH_FILE]
    plain = telling.numbered_evidence(one for one in ids if one not in {item["id"] for item in told})
    lines = [
        telling.words.say("evidence.cited", number=telling.evidence_numbers[item["id"]], name=name_of(telling, item))
        for item in told
    ]
    return "\n".join([*([plain] if plain else []), *lines])


def name_of(telling: Telling, item: Record) -> str:
    """What it is called: a document by title, number and revision, an interview by the role of whom was asked."""
    words = telling.words
    match item.get("kind"):
        case EvidenceKind.DOCUMENT | EvidenceKind.RECORD:
            revision = item.get("revision")
            parts = [
                item.get("identifier"),
                item.get("title"),
                revision and words.say("evidence.revision", revision=revision),
            ]
            named = words.listed(str(part) for part in parts if part)
            return named or item.get("caption") or words.word("evidence", item.get("kind"))
        case EvidenceKind.INTERVIEW:
            return str(item.get("interviewee") or words.word("evidence", EvidenceKind.INTERVIEW))
        case EvidenceKind.OBSERVATION:
            return str(item.get("caption") or words.word("evidence", EvidenceKind.OBSERVATION))
        case EvidenceKind.VOICE_NOTE:
            return str(item.get("caption") or words.word("evidence", EvidenceKind.VOICE_NOTE))
    return str(item.get("caption") or words.say("picture.no_caption"))


def is_printable(media_type: str | None) -> bool:
    """Whether evidence of this type is shown as a picture, once its bytes are there."""
    return media_type in _PRINTABLE


def drawn_words(telling: Telling, item: Record) -> Drawn:
    """What is said of a picture on which something was drawn; nothing of any other."""
    if drawing(telling.report, item) is None:
        return Drawn()
    words = telling.words
    return Drawn(
        said=words.say("drawn.covered" if is_covered(telling.report, item) else "drawn.marked"),
        original_label=words.say("drawn.original"),
        shown_label=words.say("drawn.shown"),
    )


def _intro(telling: Telling) -> str:
    """How it was collected, by the three ways of the standards, and what the hashes are good for. Of what there is none nothing is said."""
    words = telling.words
    if not telling.evidence:
        return words.say("evidence.none")
    methods = [method_of(item.get("kind"), item.get("method")) for item in telling.evidence]
    counts = [
        words.say("evidence.method", method=words.word("method", method), number=methods.count(method))
        for method in EvidenceMethod
        if method in methods
    ]
    sentences = [words.say("evidence.collected", methods=words.listed(counts))]
    if any(item.get("sha256") for item in telling.evidence):
        sentences.append(words.say("evidence.intro"))
    kinds = {item.get("kind") for item in telling.evidence}
    if kinds & {EvidenceKind.DOCUMENT, EvidenceKind.RECORD}:
        sentences.append(words.say("evidence.references"))
    if EvidenceKind.INTERVIEW in kinds:
        sentences.append(words.say("evidence.by_role"))
    return " ".join([*sentences, words.say("evidence.notes")])


def _row(telling: Telling, item: Record, findings: list[str]) -> EvidenceRow:
    name, drawn = name_of(telling, item), drawn_words(telling, item)
    return EvidenceRow(
        number=telling.evidence_numbers[item["id"]],
        caption=name,
        said=tuple(_said(telling, item, name)),
        facts=" · ".join(fact for fact in [*_facts(telling, item, findings), drawn.said] if fact),
        sha256=str(item.get("sha256") or ""),
        name=picture_name(telling.report, item) if _is_shown(telling, item) else "",
        drawn=drawn,
    )


def _is_shown(telling: Telling, item: Record) -> bool:
    return is_printable(item.get("media_type")) and item["id"] in set(telling.report.get("pictures") or [])


def _said(telling: Telling, item: Record, name: str) -> list[str]:
    words, lines = telling.words, []
    caption = item.get("caption")
    if caption and caption != name:
        lines.append(str(caption))
    if samples := item.get("samples"):
        lines.append(words.say("evidence.samples", samples=words.listed(samples)))
    if item.get("population"):
        lines.append(words.say("evidence.population", population=item["population"]))
    if item.get("found_in"):
        lines.append(words.say("evidence.found_in", where=item["found_in"]))
    return lines


def _by_server(words: Words, item: Record) -> str:
    """When it was recorded by the server's clock, where the tablet's was off by minutes."""
    clock, at = item.get("clock"), item.get("captured_at")
    if not clock or not at or not is_off(clock["skew"]):
        return ""
    try:
        right = datetime.fromisoformat(at) + timedelta(milliseconds=clock["skew"])
    except OverflowError:
        return ""
    return words.say("evidence.by_server", at=words.instant(right.isoformat()))


def position_words(words: Words, position: Record | None) -> str:
    """As on a map, in degrees north and east."""
    if not position:
        return ""
    north, east = position["latitude"] / FULL_TURN * 180, position["longitude"] / FULL_TURN * 180
    where = f"{abs(north):.5f}° {'S' if north < 0 else 'N'}, {abs(east):.5f}° {'W' if east < 0 else 'E'}"
    return words.say("evidence.position", where=where, metres=position["accuracy"])


def recording_words(words: Words, recording: Record | None) -> str:
    """How long a voice note is, and that it does not end where its speaker stopped it."""
    if not recording:
        return ""
    seconds = round(recording["length"] / 1000)
    length = words.say("recording.length", minutes=seconds // 60, seconds=f"{seconds % 60:02}")
    if recording["end"] == RecordingEnd.STOPPED:
        return length
    return words.listed([length, words.word("recording_end", recording["end"])])


def _facts(telling: Telling, item: Record, findings: list[str]) -> list[str]:
    words = telling.words
    recorded = words.instant(item.get("captured_at"))
    observed = item.get("observed_at")
    facts = [
        words.word("method", method_of(item.get("kind"), item.get("method"))),
        words.say("evidence.observed", at=words.instant(observed), recorded=recorded) if observed else recorded,
        _by_server(words, item),
        telling.places(item),
        position_words(words, item.get("position")),
        telling.account_name(item.get("recorded_by")),
    ]
    if item.get("sha256"):
        facts += [
            recording_words(words, item.get("recording")),
            words.size(item.get("size") or 0),
            item.get("media_type") or "",
        ]
    if telling.is_lacking(item):
        facts.append(words.say("evidence.lacking"))
    if item.get("allowed_by"):
        facts.append(words.say("evidence.allowed_by", who=item["allowed_by"]))
    if item.get("retakes"):
        facts.append(words.say("evidence.retakes", number=telling.numbered_evidence([item["retakes"]])))
    if item.get("criteria"):
        facts.append(telling.cited_all(item["criteria"]))
    if findings:
        facts.append(words.count("evidence.findings", len(findings), findings=words.listed(sorted(findings))))
    if _is_shown(telling, item):
        facts.append(words.say("evidence.printed"))
    return facts
