"""The demonstration is real: signed in with the printed password, pulled like any audit, folded like any log."""

from datetime import date
from itertools import pairwise

from flask import Flask

from server.config import Config
from server.database import SERVER, reading
from server.demo.seed import PASSWORD, seed, sign_ins
from server.domain.fold import LogView, fold_log
from server.domain.vocabulary import Origin
from server.storage.operation_log import load_entries

TODAY = date(2026, 11, 24)


def signed_in(app: Flask, email: str):
    api = app.test_client()
    answer = api.post("/api/session", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, email
    return api, answer.json["workspaces"][0]


def test_it_begins_once_and_only_in_an_empty_database(database: str, app: Flask):
    assert seed(TODAY)
    assert not seed(TODAY)


def test_everybody_who_is_listed_can_sign_in(app: Flask):
    seed(TODAY)
    assert sign_ins()[0] == ("lena@nordlicht.example", "Lead auditor")
    for email, _ in sign_ins():
        signed_in(app, email)


def test_the_team_takes_the_audit_along_and_ruth_does_not(app: Flask):
    seed(TODAY)
    roles = {}
    for name in ("lena", "aron", "jonas", "miriam", "ruth"):
        api, _ = signed_in(app, f"{name}@nordlicht.example")
        audits = api.get("/api/audits").json
        roles[name] = [audit["team_role"] for audit in audits]
    assert roles == {"lena": ["audit_team_leader"], "aron": ["auditor"], "jonas": [None], "miriam": [None], "ruth": []}
    thomas, workspace = signed_in(app, "thomas@spanwerk.example")
    assert thomas.get("/api/audits").json == []
    assert workspace["kind"] == "audit_client"


def test_the_audit_is_prepared_and_nothing_is_judged(app: Flask):
    seed(TODAY)
    api, _ = signed_in(app, "lena@nordlicht.example")
    (listed,) = api.get("/api/audits").json
    assert (listed["title"], listed["starts_on"]) == ("Stage 2 certification audit ISO 9001:2015", "2026-11-24")
    view = _folded(listed["id"])
    assert view.quarantined == {}
    counts = {kind: len(view.of_kind(kind)) for kind in ("site", "shift", "process", "team_member", "previous_finding")}
    assert counts == {"site": 2, "shift": 4, "process": 12, "team_member": 3, "previous_finding": 3}
    slots = view.of_kind("plan_slot")
    assert {slot.get("starts_at")[:10] for slot in slots} == {"2026-11-24", "2026-11-25"}
    assert all(slot.get("state") == "planned" for slot in slots)
    assert view.of_kind("finding") == view.of_kind("judgement") == []
    for slot in slots:
        for kind in ("site", "process", "shift"):
            assert slot.get(kind) is None or view.entity(f"{kind}/{slot.get(kind)}") is not None
    audit = view.entity(f"audit/{listed['id']}")
    assert audit is not None
    assert not any(shown.is_disputed for shown in audit.fields.values())


def test_the_log_is_an_office_chain_without_gaps(app: Flask):
    seed(TODAY)
    api, _ = signed_in(app, "lena@nordlicht.example")
    (listed,) = api.get("/api/audits").json
    with reading(SERVER) as session:
        entries = load_entries(session, listed["id"])
    assert {entry.origin for entry in entries} == {Origin.SERVER}
    assert [entry.operation.dseq for entry in entries] == list(range(1, len(entries) + 1))
    assert all(later.operation.prev == one.operation.digest for one, later in pairwise(entries))
    state = api.get("/api/state").json
    account = api.get("/api/session").json["account"]
    assert {(entry.operation.chain.installation, entry.operation.chain.account) for entry in entries} == {
        (state["installation"], account)
    }


def test_the_client_and_where_reports_go_are_known(app: Flask, config: Config):
    seed(TODAY)
    api, workspace = signed_in(app, "jonas@nordlicht.example")
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


def _folded(audit: str) -> LogView:
    with reading(SERVER) as session:
        return fold_log(load_entries(session, audit))
