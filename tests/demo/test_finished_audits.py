"""
What the demonstration has to show in five minutes, asserted by what the log says: the two audits that are over.

They were made by tablets, and the server found nothing to set aside.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from server.demo.audit import QUALITY, STANDARDS
from server.demo.company import AUDIT_CLIENT, PEOPLE
from server.demo.replay import SIGNING_STATEMENT
from server.domain.finding import refusals_before_sealing
from server.domain.fold import EntityView
from server.domain.vocabulary import OperationKind, Origin
from server.standards.catalogue import criterion_id
from tests.demo.conftest import Held

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EXCLUDED = [criterion_id(QUALITY, number) for number in AUDIT_CLIENT.exclusions[0].clauses]


@pytest.fixture
def audit(stage_2: Held) -> EntityView:
    shown = stage_2.view.entity(f"audit/{stage_2.id}")
    assert shown is not None
    return shown


def record_of(held: Held, kind: str, which: int = -1) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(held.view.of_kind(kind)[which].get("record"))
    return record


def finding(held: Held, number: str) -> dict[str, Any]:
    (found,) = [one for one in record_of(held, "report_record")["findings"] if one["number"] == number]
    return dict(found)


def values_over_time(held: Held, ref: str, field: str) -> list[tuple[str, Any]]:
    """Who wrote what into a field, in the order of the log."""
    names = {
        member.get("account"): member.get("name")
        for member in held.view.of_kind("team_member")
        if member.get("account")
    }
    written = [
        entry.operation for entry in held.entries if (entry.operation.entity, entry.operation.field) == (ref, field)
    ]
    return [
        (names[operation.chain.account], operation.value) for operation in sorted(written, key=lambda one: one.wall)
    ]


@pytest.mark.parametrize("reference", ["S1", "S2"])
def test_they_were_written_by_the_tablets_of_the_team_and_nothing_was_set_aside(
    audits: dict[str, Held], reference: str
):
    held = audits[reference]
    assert {entry.origin for entry in held.entries} == {Origin.DEVICE}
    assert held.view.quarantined == {}
    chains = {entry.operation.chain for entry in held.entries}
    assert len(chains) == len({chain.installation for chain in chains}) == 2
    assert {entry.operation.context["zone"] for entry in held.entries} == {"Europe/Berlin"}
    assert not any(shown.is_disputed for one in held.view.entities.values() for shown in one.fields.values())


@pytest.mark.parametrize("reference", ["S1", "S2"])
def test_they_could_be_closed_by_the_rules_of_the_tablet(audits: dict[str, Held], reference: str):
    view = audits[reference].view
    assert refusals_before_sealing(view) == []
    recommended = {one.id for one in view.of_kind("recommendation")}
    assert recommended == (set(STANDARDS) if reference == "S2" else set())


@pytest.mark.parametrize("reference", ["S1", "S2"])
def test_every_operation_was_made_before_today_and_after_the_one_before_it(audits: dict[str, Held], reference: str):
    last: dict[str, int] = {}
    for entry in audits[reference].entries:
        operation = entry.operation
        assert last.get(operation.chain.installation, 0) <= operation.wall < (entry.received_at or 0)
        last[operation.chain.installation] = operation.wall


@pytest.mark.parametrize("reference", ["S1", "S2"])
def test_both_sides_signed_the_closing_record_on_the_glass(audits: dict[str, Held], reference: str):
    view = audits[reference].view
    words = view.of_kind("handwritten_signature")
    assert {word.get("party"): word.get("name") for word in words} == {
        "audit_team_leader": "Lena Brandt",
        "auditee_representative": "Thomas Reiter",
    }
    (closing,) = view.of_kind("closing_record")
    for word in words:
        assert word.get("closing_sha256") == closing.get("sha256")
        assert word.get("statement") == SIGNING_STATEMENT
        assert sum(len(stroke["points"]) for stroke in word.get("strokes")) > 200
    assert len(closing.get("seal")["signatures"]) == 2


def test_people_signed_under_the_very_sentences_that_the_app_shows():
    source = (ROOT / "pwa/src/domain/closing.ts").read_text(encoding="utf-8")
    declared = source.partition("export const SIGNING_STATEMENT =")[2].partition(";\n")[0]
    assert "".join(re.findall(r"'([^']*)'", declared)) == SIGNING_STATEMENT


def test_stage_1_has_areas_of_concern_and_no_grades(stage_1: Held):
    assert {found["grade"] for found in record_of(stage_1, "closing_record")["findings"]} == {"area_of_concern"}
    assert len(record_of(stage_1, "closing_record")["findings"]) == 3


def test_the_overdue_caliper_is_in_words_and_in_a_picture(stage_2: Held):
    gauges = finding(stage_2, "01")
    assert "caliper M-114 (due 2026-09-09)" in gauges["objective_evidence"]
    assert "2 of 12 gauges sampled" in gauges["objective_evidence"]
    shown = [one for one in record_of(stage_2, "report_record")["evidence"] if one["id"] in gauges["evidence"]]
    (picture,) = [one for one in shown if one["kind"] == "photo"]
    assert "M-114" in picture["caption"]
    assert {one["kind"] for one in shown} == {"photo", "document", "record"}


def test_the_label_of_the_caliper_is_pointed_at_and_a_name_on_the_board_is_covered(stage_2: Held):
    drawn = {
        one["caption"].partition(" ")[0]: [shape["kind"] for shape in one["annotation"]]
        for one in record_of(stage_2, "report_record")["evidence"]
        if "annotation" in one
    }
    assert drawn == {"Caliper": ["arrow", "text"], "Board": ["redact"]}


def test_a_repeated_minor_was_regraded_by_the_leader_with_the_reason(stage_2: Held):
    gauges = finding(stage_2, "01")
    assert values_over_time(stage_2, f"finding/{gauges['id']}", "grade") == [
        ("Aron Weiss", "minor_nonconformity"),
        ("Lena Brandt", "major_nonconformity"),
    ]
    assert "regraded" in gauges["grade_reason"] and "repeats minor nonconformity 2" in gauges["grade_reason"]
    (repeated,) = [one for one in stage_2.view.of_kind("previous_finding") if one.get("grade") == "minor_nonconformity"]
    assert repeated.get("criteria") == gauges["criteria"]
    assert (repeated.get("follow_up_result"), "finding 01" in repeated.get("follow_up_note")) == ("not_effective", True)


def test_a_finding_was_withdrawn_on_late_evidence_and_keeps_its_number(stage_2: Held):
    withdrawn = [one for one in record_of(stage_2, "closing_record")["findings"] if one["withdrawn_reason"]]
    assert [(one["number"], one["grade"], one["acknowledgement"]) for one in withdrawn] == [
        ("05", "minor_nonconformity", None)
    ]
    assert "Late evidence, before the closing meeting" in withdrawn[0]["withdrawn_reason"]
    clauses = {row["criterion"]: row["result"] for row in record_of(stage_2, "report_record")["clauses"]}
    assert clauses["iso9001-2015:7.2"] == "conforms"


def test_the_auditee_does_not_agree_with_one_grade_and_says_why(stage_2: Held):
    findings = record_of(stage_2, "closing_record")["findings"]
    (disputed,) = [one for one in findings if one["acknowledgement"] == "dissent"]
    assert (disputed["number"], disputed["criteria"]) == ("03", ["iso14001-2015:8.1"])
    assert "asks for an opportunity" in disputed["dissent_reason"]
    assert all(one["acknowledgement"] for one in findings if not one["withdrawn_reason"])


def test_the_exclusion_of_design_is_justified_clause_by_clause(stage_2: Held):
    rows = {row["criterion"]: row["result"] for row in record_of(stage_2, "report_record")["clauses"]}
    assert [criterion for criterion, result in rows.items() if result == "not_applicable"] == EXCLUDED
    reasons = [one.get("reason") for one in stage_2.view.of_kind("judgement") if one.get("criterion") in EXCLUDED]
    assert len(reasons) == 6 and all("customer owns and releases" in reason for reason in reasons)


def test_nothing_else_was_left_unseen(stage_2: Held):
    results = [row["result"] for row in record_of(stage_2, "report_record")["clauses"]]
    assert "not_seen" not in results and "not_planned" not in results


def test_the_concerns_of_stage_1_were_followed_up(stage_1: Held, stage_2: Held):
    followed = {one.get("number"): one for one in stage_2.view.of_kind("previous_finding")}
    concerns = record_of(stage_1, "closing_record")["findings"]
    for concern in concerns:
        again = followed[f"S1-{concern['number']}"]
        assert (again.get("grade"), again.get("criteria")) == (concern["grade"], concern["criteria"])
        assert again.get("follow_up_result") == "effective" and again.get("follow_up_note")


def test_a_fire_alarm_took_forty_minutes_and_the_plan_was_changed(stage_2: Held):
    (alarm,) = [one for one in stage_2.view.of_kind("deviation") if one.get("minutes_lost")]
    assert (alarm.get("minutes_lost"), "Fire alarm" in alarm.get("text")) == (40, True)
    assert alarm.get("told_to") == "Emre Yildiz and Thomas Reiter"
    moved = stage_2.view.entity("plan_slot/milling-early")
    assert moved is not None and moved.get("starts_at").endswith("T11:35")


def test_areas_without_photos_are_told_as_deviations(stage_2: Held):
    told = [one.get("text") for one in stage_2.view.of_kind("deviation") if not one.get("minutes_lost")]
    assert sorted(text.split(" in the ")[0] for text in told) == ["No photos", "No tablet"]
    (washing,) = [one for one in stage_2.view.of_kind("finding") if "washing" in one.get("title")]
    assert washing.get("observed_at") < washing.get("raised_at")


def test_evidence_in_words_is_of_every_kind_and_copies_nothing(stage_2: Held):
    """Documents are referenced; interviews name a role; where no photo may be taken, words take its place."""
    told = [one for one in stage_2.view.of_kind("evidence") if one.get("sha256") is None]
    assert {one.get("kind") for one in told} == {"document", "record", "interview", "observation"}
    (interview,) = [one for one in told if one.get("kind") == "interview"]
    assert "Machine operator" in interview.get("interviewee")
    surnames = [person.name.rpartition(" ")[2] for person in PEOPLE]
    said = " ".join(str(one.fields[name].value) for one in told for name in one.fields)
    assert [name for name in surnames if name in said] == []
    forbidden = {area.id for area in stage_2.view.of_kind("area") if area.get("photo_policy") == "forbidden"}
    assert {one.get("area") for one in told if one.get("kind") == "observation"} == forbidden
    (washing,) = [one for one in told if one.get("area") == "washing"]
    assert washing.get("observed_at") < washing.get("captured_at")


def test_one_document_serves_a_finding_and_two_clauses(stage_2: Held):
    (document,) = [one for one in stage_2.view.of_kind("evidence") if one.get("kind") == "document"]
    links = [one for one in stage_2.view.of_kind("evidence_link") if one.get("evidence") == document.id]
    assert sorted((one.get("finding") is not None, one.get("criterion")) for one in links) == [
        (False, "iso9001-2015:7.1.5.2"),
        (False, "iso9001-2015:7.5.3.1"),
        (True, None),
    ]


def test_an_interpreter_went_along_and_never_judged(stage_2: Held, audit: EntityView):
    (interpreter,) = [one for one in stage_2.view.of_kind("team_member") if one.get("role") == "interpreter"]
    assert interpreter.get("name") in audit.get("plan_against_actual")
    assert {one.get("auditor") for one in stage_2.view.of_kind("judgement")} == {"lena", "aron"}
    notes = [one.get("text") for one in stage_2.view.of_kind("note") if one.get("shift") == "night"]
    assert any("Romanian" in text for text in notes)


def test_the_night_the_second_site_and_the_outsourced_process_were_judged(stage_2: Held, audit: EntityView):
    judged = stage_2.view.of_kind("judgement")
    assert {one.get("site") for one in judged} >= {"main", "second"}
    assert {one.get("shift") for one in judged} == {"day", "early", "late", "night"}
    assert any(one.get("process") == "heat-treatment" for one in judged)
    assert audit.get("confirmed_headcount") == 60
    assert "agency workers" in audit.get("confirmed_shifts")
    assert "hardening" in audit.get("confirmed_outsourced")


def test_the_report_says_that_the_certificates_have_to_be_moved_to_the_2026_editions(audit: EntityView):
    assert "2026 editions of both standards" in audit.get("executive_summary")
    assert "ISO 9001:2026 and ISO 14001:2026" in audit.get("next_audit")


def test_the_report_was_revised_after_the_clients_comment_on_a_fact(stage_2: Held):
    records = sorted(stage_2.view.of_kind("report_record"), key=lambda one: one.get("revision"))
    assert [one.get("revision") for one in records] == [1, 2]
    assert records[0].get("reason") is None and "Comment of the client" in records[1].get("reason")
    first, second = (json.loads(one.get("record")) for one in records)
    assert first["changes_since_closing"] == []
    (change,) = second["changes_since_closing"]
    assert (change["finding"], change["field"]) == ("02", "objective_evidence")
    assert ("2023-03-04" in change["was"], "2023-03-14" in change["is"]) == (True, True)
    assert first["closing_sha256"] == second["closing_sha256"]


def test_each_record_is_sealed_once(stage_1: Held, stage_2: Held):
    for held, seals in ((stage_1, 2), (stage_2, 3)):
        assert sum(entry.operation.kind is OperationKind.SEAL for entry in held.entries) == seals


def test_findings_name_nobody_and_raw_notes_stay_out_of_what_is_sealed(stage_2: Held):
    """No cause, no names; interviewees and notes are for the audit team alone."""
    record = record_of(stage_2, "report_record")
    surnames = [person.name.rpartition(" ")[2] for person in PEOPLE]
    for found in record["findings"]:
        said = " ".join(str(found[part]) for part in ("requirement", "failure", "objective_evidence"))
        assert not [name for name in surnames if name in said], said
    sealed = json.dumps(record, ensure_ascii=False)
    for note in stage_2.view.of_kind("note"):
        assert note.get("text") not in sealed
