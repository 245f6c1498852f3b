"""The demonstration is real: signed in with the printed password, pulled like any audit, folded like any log."""

from datetime import timedelta
from itertools import pairwise

import pytest
from flask import Flask

from server.config import Config
from server.demo.seed import seed, sign_ins
from server.domain.vocabulary import Origin
from server.storage.evidence_store import EvidenceFiles
from tests.demo.conftest import TODAY, Held
from tests.demo.signed_in import signed_in

pytestmark = pytest.mark.slow


def test_it_begins_once_and_only_in_an_empty_database(database: str, app: Flask, config: Config):
    """On both databases: the tablets' pushes, the evidence and the questions for reports are the real ones."""
    files = EvidenceFiles(config)
    assert seed(TODAY, files)
    api, _ = signed_in(app, "lena@nordlicht.example")
    before = api.get("/api/audits").json
    assert len(before) == 3
    assert not seed(TODAY + timedelta(days=3), files)
    assert api.get("/api/audits").json == before
    reports = [report for audit in before for report in api.get(f"/api/audits/{audit['id']}/reports").json]
    assert sorted(report["revision"] for report in reports) == [1, 1, 2]
    assert {report["state"] for report in reports} == {"waiting"}


def test_everybody_who_is_listed_can_sign_in(seeded: Flask):
    assert sign_ins()[0] == ("lena@nordlicht.example", "Lead auditor")
    for email, _ in sign_ins():
        signed_in(seeded, email)


def test_the_team_takes_the_audits_along_and_ruth_does_not(seeded: Flask):
    roles = {}
    for name in ("lena", "aron", "jonas", "miriam", "ruth"):
        api, _ = signed_in(seeded, f"{name}@nordlicht.example")
        roles[name] = [audit["team_role"] for audit in api.get("/api/audits").json]
    assert roles == {
        "lena": ["audit_team_leader"] * 3,
        "aron": ["auditor"] * 3,
        "jonas": [None] * 3,
        "miriam": [None] * 3,
        "ruth": [],
    }
    thomas, workspace = signed_in(seeded, "thomas@spanwerk.example")
    assert thomas.get("/api/audits").json == []
    assert workspace["kind"] == "audit_client"


def test_the_audit_of_today_is_prepared_and_nothing_of_it_is_judged_but_what_the_scope_leaves_out(
    audits: dict[str, Held],
):
    view = audits["S2R"].view
    assert view.quarantined == {}
    counts = {kind: len(view.of_kind(kind)) for kind in ("site", "shift", "process", "team_member")}
    assert counts == {"site": 2, "shift": 4, "process": 13, "team_member": 3}
    slots = view.of_kind("plan_slot")
    assert {slot.get("starts_at")[:10] for slot in slots} == {"2026-11-24", "2026-11-25"}
    assert all(slot.get("state") == "planned" for slot in slots)
    assert view.of_kind("finding") == view.of_kind("evidence") == []
    judged = {one.get("criterion"): (one.get("result"), one.get("auditor")) for one in view.of_kind("judgement")}
    assert judged == {f"iso9001-2015:8.3.{number}": ("not_applicable", "lena") for number in range(1, 7)}
    assert all("drawing" in one.get("reason") for one in view.of_kind("judgement"))
    audit = view.entity(f"audit/{audits['S2R'].id}")
    assert audit is not None
    assert audit.get("criteria") == ["iso9001-2015", "iso14001-2015"]
    assert not any(shown.is_disputed for shown in audit.fields.values())


def test_its_earlier_findings_are_those_of_the_finished_audit_in_both_standards(audits: dict[str, Held]):
    earlier = audits["S2R"].view.of_kind("previous_finding")
    assert {(one.get("number"), one.get("grade"), *one.get("criteria")) for one in earlier} == {
        ("S2-01", "major_nonconformity", "iso9001-2015:7.1.5.2"),
        ("S2-02", "minor_nonconformity", "iso9001-2015:8.4.1"),
        ("S2-03", "minor_nonconformity", "iso14001-2015:8.1"),
    }
    ended_on = audits["S2"].view.entity(f"audit/{audits['S2'].id}")
    assert ended_on is not None
    assert {one.get("raised_on") for one in earlier} == {ended_on.get("ends_on")}


def test_what_slots_name_is_there_in_every_audit(audits: dict[str, Held]):
    for held in audits.values():
        for slot in held.view.of_kind("plan_slot"):
            for kind in ("site", "process", "shift"):
                assert slot.get(kind) is None or held.view.entity(f"{kind}/{slot.get(kind)}") is not None


def test_the_log_of_today_is_an_office_chain_without_gaps(seeded: Flask, audits: dict[str, Held]):
    entries = audits["S2R"].entries
    assert {entry.origin for entry in entries} == {Origin.SERVER}
    assert [entry.operation.dseq for entry in entries] == list(range(1, len(entries) + 1))
    assert all(later.operation.prev == one.operation.digest for one, later in pairwise(entries))
    api, _ = signed_in(seeded, "lena@nordlicht.example")
    state, account = api.get("/api/state").json, api.get("/api/session").json["account"]
    assert {(entry.operation.chain.installation, entry.operation.chain.account) for entry in entries} == {
        (state["installation"], account)
    }


def test_the_client_and_where_reports_go_are_known(seeded: Flask):
    api, workspace = signed_in(seeded, "jonas@nordlicht.example")
    (client,) = api.get(f"/api/workspaces/{workspace['id']}/clients").json
    assert client["name"] == "Spanwerk Musterhausen GmbH"
    assert [(site["name"], site["headcount"]) for site in client["sites"]] == [
        ("Main works Musterhausen", 42),
        ("Works Beispielstadt", 18),
    ]
    settings = api.get(f"/api/workspaces/{workspace['id']}/settings").json
    assert settings["report_recipient"] == "reports@nordlicht.example"
    people = api.get(f"/api/workspaces/{workspace['id']}/people").json
    assert [person["name"] for person in people] == [
        "Aron Weiss", "Jonas Petersen", "Lena Brandt", "Miriam Okafor", "Ruth Adler",
    ]  # fmt: skip
