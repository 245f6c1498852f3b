"""The report in words: what stands where, and what does not."""

from dataclasses import replace
from typing import Any

import pytest

from server.domain.refusals import Refusal
from server.reports.content import build_content
from server.reports.material import Arrival, Catalogue, ReportMaterial, ReportState
from server.reports.parts import ReportContent
from server.sealing.canonical import canonical_bytes
from server.standards.catalogue import as_contract, catalogue_tree, standard
from tests.reports.sample import sample_material

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def material() -> ReportMaterial:
    return sample_material("en")[0]


@pytest.fixture(scope="module")
def content(material: ReportMaterial) -> ReportContent:
    return told(material)


def told(material: ReportMaterial) -> ReportContent:
    content = build_content(material)
    assert isinstance(content, ReportContent), content
    return content


def changed(material: ReportMaterial, **parts: Any) -> ReportMaterial:
    """The same material with another record, as if that had been sealed."""
    data = canonical_bytes(material.report.record | parts)
    return replace(material, report=replace(material.report, data=data))


def facts(part: Any) -> dict[str, str]:
    return {fact.label: fact.value for fact in part}


def test_the_cover_says_who_what_when_on_which_scope(content: ReportContent):
    cover = content.cover
    assert (cover.body, cover.client, cover.kind) == (
        "Nordlicht Certification Ltd",
        "Kessler Feinwerk GmbH",
        "Certification audit, stage 2",
    )
    shown = facts(cover.facts)
    assert shown["Audit scope"].startswith("Development-free manufacture of turned and milled precision parts")
    assert shown["Audit criteria"].splitlines()[0] == (
        "ISO 9001:2015; Amd 1:2024, Quality management systems - Requirements"
    )
    assert shown["Dates"] == "24 November 2026 to 26 November 2026"
    assert shown["Audit team"].splitlines()[0] == "Lena Hartmann, audit team leader"


def test_the_counts_leave_out_what_was_withdrawn(content: ReportContent):
    assert [(count.mark, count.number) for count in content.cover.counts] == [
        ("major_nonconformity", 2),
        ("minor_nonconformity", 3),
        ("opportunity_for_improvement", 2),
        ("positive", 1),
    ]
    assert "1 finding was withdrawn; its number is kept." in facts(content.cover.closing_facts)["Coverage"]


def test_each_standard_counts_its_own_grades(content: ReportContent):
    """Finding 09 is a minor in the one and a major in the other."""
    assert [(row.standard, row.numbers) for row in content.cover.counts_by_standard] == [
        ("ISO 9001:2015", (1, 3, 1, 1)),
        ("ISO 14001:2015", (1, 1, 1, 0)),
    ]


def test_an_audit_of_one_standard_counts_once(material: ReportMaterial):
    audit = material.report.record["audit"] | {"criteria": ["iso9001-2015"]}
    assert told(changed(material, audit=audit)).cover.counts_by_standard == ()


def test_it_recommends_and_does_not_decide(content: ReportContent):
    assert [item.standard for item in content.cover.recommendations] == ["ISO 9001:2015", "ISO 14001:2015"]
    assert "not a decision" in content.cover.recommendation_note


def test_every_nonconformity_has_its_dates(content: ReportContent):
    major, *minors = content.conclusions.nonconformities
    assert facts(major.dates) == {
        "containment": "10 Dec 2026",
        "correction and plan": "26 Dec 2026",
        "implemented and verified": "24 Feb 2027",
        "six-month limit": "26 May 2027",
    }
    assert facts(minors[0].dates) == {"correction and plan": "26 Dec 2026", "effectiveness": "next audit"}


def test_a_finding_with_two_grades_has_a_line_for_each_standard_with_the_dates_of_that_grade(content: ReportContent):
    lines = [row for row in content.conclusions.nonconformities if row.number == "09"]
    assert [(row.mark, row.clauses) for row in lines] == [
        ("minor_nonconformity", "ISO 9001 8.5.1"),
        ("major_nonconformity", "ISO 14001 9.1.2"),
    ]
    assert facts(lines[0].dates) == {"correction and plan": "26 Dec 2026", "effectiveness": "next audit"}
    assert facts(lines[1].dates)["implemented and verified"] == "24 Feb 2027"


def test_a_nonconformity_in_one_standard_alone_has_one_line(material: ReportMaterial):
    finding = material.report.record["findings"][8] | {"grade": "opportunity_for_improvement"}
    content = told(changed(material, findings=[finding]))
    (line,) = content.conclusions.nonconformities
    assert (line.mark, line.clauses) == ("major_nonconformity", "ISO 14001 9.1.2")
    assert [part.label for part in content.findings.findings[0].parts][1] == "What is not met"


def test_a_finding_with_two_grades_says_both_with_their_reasons_and_dates(content: ReportContent):
    finding = content.findings.findings[8]
    assert [(grade.mark, grade.clauses) for grade in finding.grades] == [
        ("minor_nonconformity", ("ISO 9001 8.5.1",)),
        ("major_nonconformity", ("ISO 14001 9.1.2",)),
    ]
    said = facts(finding.remarks)
    general, stricter = said["Reason for the grade"].splitlines()
    assert general.startswith("ISO 9001:2015: The cleanliness of parts")
    assert stricter.startswith("ISO 14001:2015: A limit of the permit")
    assert said["Due"].splitlines()[0] == "ISO 9001:2015: correction and plan 26 Dec 2026, effectiveness next audit"
    assert said["Due"].splitlines()[1].startswith("ISO 14001:2015: containment 10 Dec 2026")


def test_grades_of_a_standard_that_is_not_cited_any_more_say_nothing(material: ReportMaterial):
    finding = material.report.record["findings"][8] | {"criteria": ["iso9001-2015:8.5.1"]}
    (shown,) = told(changed(material, findings=[finding])).findings.findings
    assert [grade.word for grade in shown.grades] == ["Minor nonconformity"]


def test_a_nonconformity_has_three_parts_and_its_pictures(content: ReportContent):
    finding = content.findings.findings[0]
    assert [part.label for part in finding.parts] == ["Requirement", "What is not met", "Objective evidence"]
    assert [picture.number for picture in finding.pictures] == ["E-01", "E-02"]
    assert [grade.clauses for grade in finding.grades] == [("ISO 9001 7.1.5.2", "ISO 9001 8.6")]


def test_a_withdrawn_finding_keeps_its_number_and_says_why(content: ReportContent):
    finding = content.findings.findings[7]
    assert (finding.number, finding.is_withdrawn) == ("08", True)
    assert facts(finding.remarks)["Withdrawn"].startswith("The record was brought")
    assert "Due" not in facts(finding.remarks)


def test_a_dissent_is_printed_with_its_reason(content: ReportContent):
    assert facts(content.findings.findings[1].remarks)["Auditee"] == (
        "Dissent. The client sees a lapse of one day and asks for an opportunity instead."
    )


def test_the_worst_result_of_a_clause_stands_in_the_matrix(content: ReportContent):
    rows = {row.number: row for row in content.clauses.tables[0].rows}
    assert (rows["7.1.5.2"].mark, rows["7.1.5.2"].findings) == ("major_nonconformity", "01")
    elsewhere = {row.number: row for row in content.clauses.tables[1].rows}
    assert (rows["8.5.1"].mark, rows["8.5.1"].findings) == ("minor_nonconformity", "03, 09")
    assert (elsewhere["9.1.2"].mark, elsewhere["9.1.2"].findings) == ("major_nonconformity", "09")
    assert rows["7.2"].mark == "conforms", "the withdrawn finding does not count"
    assert rows["8.3.1"].notes[0].endswith("exclusion justified in the scope (4.3).")
    assert (rows["7"].title, rows["7"].mark) == ("Support", "")


def test_a_reason_that_several_clauses_share_stands_at_the_first_of_them(content: ReportContent):
    rows = {row.number: row for row in content.clauses.tables[0].rows}
    assert {rows[f"8.3.{number}"].notes for number in range(2, 7)} == {("As for 8.3.1.",)}


def test_what_changed_since_the_closing_meeting_is_shown_in_both_wordings(content: ReportContent):
    (change,) = content.changes.changes
    assert (change.where, change.what) == ("Finding 04", "Objective evidence")
    assert "2025-03-04" in change.was
    assert "2025-03-14" in change.now


def test_a_grade_of_one_standard_that_changed_since_is_told_in_words(material: ReportMaterial):
    now = material.report.record["findings"][8]["grades"]
    change = {"finding": "09", "evidence": None, "field": "grades", "was": [], "is": now}
    (told_change,) = told(changed(material, changes_since_closing=[change])).changes.changes
    assert (told_change.what, told_change.was) == ("Grades by standard", "The same grade in every standard")
    assert told_change.now.startswith("ISO 14001:2015: Major nonconformity. A limit of the permit was exceeded")


def test_the_servers_page_speaks_of_receipt_lateness_and_quarantine(content: ReportContent):
    said = facts(content.server.facts)
    assert said["Report record"].endswith("Received 27 Nov 2026, 09:15 CET.")
    assert said["Late entries"].startswith("2 entries by Aron Weiss")
    assert said["Set aside"].startswith("1 entry")


@pytest.mark.parametrize(
    ("arrival", "said"),
    [
        (
            Arrival(214, 31, 0, "2026-11-26T16:04:00Z"),
            "Everything under the closing seal was here by 26 Nov 2026, 17:04 CET: 214 entries and 31 photos and files, the bytes included.",
        ),
        (
            Arrival(1, 0, 0, "2026-11-26T16:04:00Z"),
            "Everything under the closing seal was here by 26 Nov 2026, 17:04 CET: 1 entry and no photos, the bytes included.",
        ),
        (
            Arrival(214, 31, 2, "2026-11-26T16:04:00Z"),
            "2 of 31 photos and files under the closing seal had not arrived when this report was made. "
            "The rest, with 214 entries, was here by 26 Nov 2026, 17:04 CET.",
        ),
    ],
)
def test_it_says_by_when_everything_under_the_closing_seal_was_on_the_server(
    material: ReportMaterial, arrival: Arrival, said: str
):
    server = replace(material.server, closing_arrival=arrival)
    assert facts(told(replace(material, server=server)).server.facts)["Arrival"] == said


def test_it_says_audit_team_leader(content: ReportContent):
    assert "lead auditor" not in repr(content).lower()


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_is_left_untold(language: str):
    content = told(sample_material(language)[0])
    assert "{page}" in content.head.page
    filled_later = (content.head.page, content.stamp.level)
    text = repr(content)
    for sentence in filled_later:
        text = text.replace(sentence, "")
    for gap in ("None", "Not stated", "Nicht angegeben", "{", "}"):
        assert gap not in text.replace("None.", ""), gap


def test_the_german_report_speaks_german(material: ReportMaterial):
    german = told(sample_material("de")[0])
    assert german.cover.kind == "Zertifizierungsaudit, Stufe 2"
    assert german.head.state == "ENTWURF"
    assert german.clauses.tables[0].rows[0].title == "Kontext der Organisation"
    assert german.signatures.statements[0] == "Eine Unterschrift bestätigt den Empfang, nicht die Zustimmung."


def test_an_audit_without_anything_is_told_in_whole_sentences(material: ReportMaterial):
    empty: dict[str, Any] = {
        name: []
        for name in ("findings", "evidence", "pictures", "judgements", "attendance", "deviations", "follow_up", "team")
    }
    content = told(
        changed(
            material,
            **empty,
            sites=[],
            recommendations=[],
            summary={},
            confirmed={},
            clauses=[],
            changes_since_closing=[],
            certification_body={},
            audit_client={},
            audit={"type": "stage_2", "language": "en"},
        )
    )
    assert content.conclusions.table_note == "The audit team raised no nonconformity."
    assert content.findings.intro == "The audit team raised no finding."
    assert content.evidence.intro.startswith("No evidence was recorded one by one.")
    assert content.attendance.intro == "No attendance was recorded."
    assert content.changes.intro.startswith("None:")
    assert content.cover.client == "Not stated."


def test_stage_1_counts_concerns_and_asks_for_them_before_stage_2(material: ReportMaterial):
    record = material.report.record
    concern = record["findings"][0] | {"grade": "area_of_concern"}
    content = told(changed(material, audit=record["audit"] | {"type": "stage_1"}, findings=[concern]))
    assert [count.mark for count in content.cover.counts] == [
        "opportunity_for_improvement",
        "positive",
        "area_of_concern",
    ]
    assert facts(content.conclusions.closing_facts)["Next steps"].startswith("Resolve the areas of concern")


def test_an_internal_audit_speaks_of_no_certification_body(material: ReportMaterial):
    content = told(changed(material, audit=material.report.record["audit"] | {"type": "internal"}))
    next_steps = facts(content.conclusions.closing_facts)
    assert "certification body" not in next_steps["Next steps"]
    assert "certification body" not in next_steps["Appeal and complaint"]


def test_a_newer_word_is_printed_as_it_came(material: ReportMaterial):
    record = material.report.record
    content = told(changed(material, findings=[record["findings"][0] | {"grade": "observation_2030"}]))
    assert content.findings.findings[0].grades[0].word == "observation_2030"


def test_right_to_left_text_is_refused_with_its_first_letter(material: ReportMaterial):
    record = material.report.record
    refused = build_content(changed(material, audit=record["audit"] | {"scope": "ייצור"}))
    assert refused == Refusal("report.script_unsupported", {"letter": "HEBREW LETTER YOD"})


def test_letters_without_a_font_are_listed(material: ReportMaterial):
    record = material.report.record
    content = told(changed(material, audit=record["audit"] | {"scope": "精密部品 parts"}))
    assert "U+54C1, U+5BC6, U+7CBE, U+90E8" in content.verifying.letters


def test_the_state_is_that_of_the_material(material: ReportMaterial):
    assert told(replace(material, state=ReportState.PROVISIONAL)).head.state == "PROVISIONAL"
    assert told(replace(material, state=ReportState.RELEASED)).cover.state_meaning == "Reviewed and released."


def test_clauses_are_printed_with_the_titles_of_the_catalogue_that_the_record_names():
    material, _ = sample_material()
    tree = catalogue_tree(as_contract(standard("iso9001-2015")))
    clause = next(one for one in tree["clauses"] if one["number"] == "4.1")
    clause["title"] = {"en": "As it was called then", "de": "Wie es damals hieß"}
    content = build_content(replace(material, catalogues=(Catalogue(tree),)))
    assert isinstance(content, ReportContent)
    titles = [row.title for table in content.clauses.tables for row in table.rows]
    assert "As it was called then" in titles
    assert "Understanding the organization and its context" in titles, "ISO 14001 is told by today's"
