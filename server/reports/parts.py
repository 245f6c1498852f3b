"""
The parts of a report as plain data: every sentence put into words, nothing decided about where it stands on a page.

content.py fills them, sections.py sets them. Two reports with equal parts are equal byte for byte before they are signed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """Something with its name beside it."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Count:
    mark: str
    number: int
    word: str


@dataclass(frozen=True, slots=True)
class StandardCounts:
    """How many findings of each grade there are in one standard, in the order of the cover's counts."""

    standard: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Recommendation:
    standard: str
    outcome: str
    text: str


@dataclass(frozen=True, slots=True)
class RunningHead:
    """What stands on every page. `page` has places for the page and for all pages."""

    report: str
    state: str
    owner: str
    page: str


@dataclass(frozen=True, slots=True)
class Cover:
    document: str
    body: str
    body_address: str
    kind: str
    client: str
    client_address: str
    identity: tuple[Fact, ...]
    state: str
    state_meaning: str
    facts: tuple[Fact, ...]
    recommendation_heading: str
    recommendations: tuple[Recommendation, ...]
    recommendation_note: str
    recommendation_since: str
    """Nonconformities that came after the closing meeting; empty where there are none."""
    counts_heading: str
    counts: tuple[Count, ...]
    counts_by_standard: tuple[StandardCounts, ...]
    """Empty where the audit is held against one standard."""
    closing_facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class NonconformityRow:
    mark: str
    number: str
    grade: str
    title: str
    clauses: str
    dates: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Conclusions:
    heading: str
    statements: tuple[Fact, ...]
    table_heading: str
    nonconformities: tuple[NonconformityRow, ...]
    table_note: str
    closing_facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class PreviousFinding:
    mark: str
    number: str
    grade: str
    statement: str
    result: str
    note: str


@dataclass(frozen=True, slots=True)
class Course:
    """How the audit went: page 3."""

    heading: str
    facts: tuple[Fact, ...]
    previous_heading: str
    previous: tuple[PreviousFinding, ...]
    previous_note: str
    closing_facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """
    Words about a picture on which something was drawn; empty where nothing was. The hash of the one that is shown is known when its
    bytes are.
    """

    said: str = ""
    original_label: str = ""
    shown_label: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to print. `absent` is said in its place when its bytes are not there."""

    sha256: str
    number: str
    caption: str
    absent: str
    name: str
    """By which its bytes are asked for (drawn.py)."""
    drawn: Drawn
    ahead: str = ""
    """Said under it where it is the smaller one that was sent ahead: the original had not arrived. Empty where it had."""
    standing: str = ""
    """Before, or after, where one shows the other again."""
    opens_pair: bool = False
    """The next one shows this one again: both stand in one row."""


@dataclass(frozen=True, slots=True)
class MarginGrade:
    """A grade in the margin, and what stands below it: the clauses to which it belongs."""

    mark: str
    word: str
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """`grades` holds one for all of it, or one for each standard where they differ."""

    id: str
    number: str
    grades: tuple[MarginGrade, ...]
    title: str
    is_withdrawn: bool
    parts: tuple[Fact, ...]
    remarks: tuple[Fact, ...]
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    heading: str
    intro: str
    findings: tuple[Finding, ...]
    further_heading: str
    further: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """`mark` is empty for a heading of the standard."""

    number: str
    title: str
    mark: str
    result: str
    findings: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClauseTable:
    standard: str
    rows: tuple[ClauseRow, ...]


@dataclass(frozen=True, slots=True)
class Clauses:
    heading: str
    intro: str
    columns: tuple[str, str, str, str]
    tables: tuple[ClauseTable, ...]
    legend: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """`said`: what it tells beside its name, line by line. `sha256` is empty where it is told in words and has no file."""

    number: str
    caption: str
    said: tuple[str, ...]
    facts: str
    sha256: str
    name: str
    """By which the bytes of its picture are asked for, where this report shows one; empty where it does not."""
    drawn: Drawn


@dataclass(frozen=True, slots=True)
class EvidenceGroup:
    """The evidence of one kind."""

    heading: str
    rows: tuple[EvidenceRow, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    heading: str
    intro: str
    groups: tuple[EvidenceGroup, ...]


@dataclass(frozen=True, slots=True)
class Attendance:
    heading: str
    intro: str
    columns: tuple[str, str, str, str]
    rows: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Handwriting:
    """One party's word at the closing meeting. `strokes` are points in thousandths of the pad's width, y downwards."""

    party: str
    name: str
    outcome: str
    outcome_code: str
    facts: tuple[Fact, ...]
    strokes: tuple[tuple[tuple[int, int], ...], ...]


@dataclass(frozen=True, slots=True)
class Signatures:
    heading: str
    intro: str
    statements: tuple[str, ...]
    entries: tuple[Handwriting, ...]
    records_heading: str
    records: tuple[Fact, ...]
    fields_heading: str
    fields_intro: str
    team_leader_label: str
    release_label: str
    empty_hint: str
    reason: str
    release_reason: str


@dataclass(frozen=True, slots=True)
class Change:
    where: str
    what: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Changes:
    heading: str
    intro: str
    was_label: str
    now_label: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class ServerPage:
    heading: str
    intro: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Verifying:
    heading: str
    intro: str
    steps: tuple[Fact, ...]
    command: str
    command_step: int
    letters_heading: str
    letters: str


@dataclass(frozen=True, slots=True)
class StampWords:
    """For the visible signature. `signed_at` is filled by whoever signs."""

    signed: str
    released: str
    level: str
    no_timestamp: str
    record: str
    warning: str


@dataclass(frozen=True, slots=True)
class ReportContent:
    language: str
    zone: str
    title: str
    author: str
    subject: str
    made_at: str
    """The instant of the seal: the file's dates are this, never the time of building."""
    head: RunningHead
    contents_heading: str
    cover: Cover
    conclusions: Conclusions
    course: Course
    findings: Findings
    clauses: Clauses
    evidence: Evidence
    attendance: Attendance
    signatures: Signatures
    changes: Changes
    server: ServerPage
    verifying: Verifying
    stamp: StampWords
    report_sha256: str
