"""The catalogue that a record was made with: it travels in the report, and a tablet brings what the server lacks."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.config import Config
from server.database import SERVER, reading
from server.reports.catalogues import known_catalogue
from server.sealing.canonical import canonical_bytes, sha256_hex
from server.sealing.verify import verify_report
from server.standards.catalogue import Standard, as_contract, catalogue_tree, load_catalogue, standard
from server.storage.report_store import ReportFiles
from tests.devices import Device, value_of
from tests.people import Cast
from tests.reports.issuing import ask, keep_pictures, listed, made_text, refusal_of, reseal, sent, work
from tests.reports.sample import (
    CATALOGUES,
)

pytestmark = pytest.mark.slow


def with_a_clause_more(edition: Standard) -> Standard:
    """As a later release may have it."""
    last = edition.auditable_clauses()[-1]
    return replace(edition, clauses=(*edition.clauses, replace(last, number="10.9")))


def of_a_later_release(monkeypatch: pytest.MonkeyPatch) -> None:
    later = {name: with_a_clause_more(edition) for name, edition in load_catalogue().items()}
    for module in ("server.reports.catalogues", "server.reports.telling", "server.web.standard"):
        monkeypatch.setattr(f"{module}.load_catalogue", lambda: later)


def test_a_clause_more_in_todays_edition_fails_no_record_of_before(
    tablet: Device, app: Flask, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The tablet lists the clauses of the catalogue that it was given, and the server still has that one."""
    for one in CATALOGUES:
        assert tablet.person.get(f"/api/standards/{one['standard']}").status_code == 200
        assert tablet.person.get(f"/api/standards/{one['standard']}").status_code == 200
    of_a_later_release(monkeypatch)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert made_text(tablet, app, config)


def tree_of(name: str) -> dict[str, Any]:
    return catalogue_tree(as_contract(standard(name)))


def bring(tablet: Device, tree: dict[str, Any], sha256: str | None = None) -> Any:
    named = sha256 or sha256_hex(canonical_bytes(tree))
    return tablet.person.api.put(f"/api/audits/{tablet.audit}/catalogues/{named}", json=tree)


def lacking(tablet: Device) -> dict[str, Any]:
    answer = ask(tablet)
    assert (answer.status_code, answer.json["code"]) == (409, "report.catalogue_unknown"), answer.json
    facts: dict[str, Any] = answer.json["facts"]
    return facts


def test_a_catalogue_that_the_server_does_not_have_is_brought_by_the_tablet(
    tablet: Device, app: Flask, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The server was restored from before it handed the editions out, and today's release has a clause more."""
    of_a_later_release(monkeypatch)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    for one in CATALOGUES:
        assert lacking(tablet) == one
        assert bring(tablet, tree_of(one["standard"])).status_code == 204
        assert bring(tablet, tree_of(one["standard"])).status_code == 204, "twice does no harm"
    text = made_text(tablet, app, config)
    assert "never handed out by this server: the list of clauses of ISO 9001:2015, ISO 14001:2015." in text
    assert CATALOGUES[0]["sha256"] in text.replace(" ", "")
    assert text.count("it lacks, so that this report says nothing about them: 10.9.") == 2
    (report,) = listed(tablet)
    path = ReportFiles(config.data_folder).path(report["id"])
    assert "catalogues.brought" in {check.code for check in verify_report(path).checks}


def test_a_tablet_that_invents_a_catalogue_with_fewer_clauses_is_shown_up(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    """The nonconformities of 7.1.5.2 would not be looked for: the report says which clauses it says nothing about."""
    tree = tree_of("iso9001-2015")
    tree["clauses"] = [clause for clause in tree["clauses"] if clause["number"] not in ("8.7.1", "8.7.2", "8.7")]
    invented = {"standard": "iso9001-2015", "sha256": sha256_hex(canonical_bytes(tree))}
    record = json.loads(value_of(tablet.made[-2])["record"])
    record["clauses"] = [row for row in record["clauses"] if not row["criterion"].startswith("iso9001-2015:8.7")]
    reseal(tablet, record | {"catalogues": [invented, CATALOGUES[1]]})
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert lacking(tablet) == invented
    assert bring(tablet, tree).status_code == 204
    text = made_text(tablet, app, config)
    assert "so that this report says nothing about them: 8.7.1, 8.7.2." in text


def renamed(tree: dict[str, Any]) -> dict[str, Any]:
    return tree | {"clauses": [{**clause, "criterion": "iso9001-2015:9.9"} for clause in tree["clauses"]]}


def without_leaves(tree: dict[str, Any]) -> dict[str, Any]:
    return tree | {"clauses": [{**clause, "auditable": False} for clause in tree["clauses"]]}


def without_headings(tree: dict[str, Any]) -> dict[str, Any]:
    return tree | {"clauses": [clause for clause in tree["clauses"] if clause["auditable"]]}


UNFIT = {"renamed": renamed, "without leaves": without_leaves, "without headings": without_headings}


@pytest.mark.parametrize("how", UNFIT)
def test_what_is_no_catalogue_is_not_kept(tablet: Device, how: str):
    """Also where a sealed record names the hash of the very thing."""
    tree = UNFIT[how](tree_of("iso9001-2015"))
    record = json.loads(value_of(tablet.made[-2])["record"])
    named = {"standard": "iso9001-2015", "sha256": sha256_hex(canonical_bytes(tree))}
    reseal(tablet, record | {"catalogues": [named, CATALOGUES[1]]})
    sent(tablet)
    answer = bring(tablet, tree)
    assert (answer.status_code, answer.json["code"]) == (422, "report.catalogue_unfit"), answer.json
    assert lacking(tablet) == named


def test_only_what_a_sealed_record_names_is_kept_and_only_from_who_leads_the_audit(
    tablet: Device, cast: Cast, monkeypatch: pytest.MonkeyPatch
):
    of_a_later_release(monkeypatch)
    sent(tablet)
    tree = tree_of("iso9001-2015")
    strange = tree | {"edition": "2035"}
    for answer in (bring(tablet, strange), bring(tablet, strange, CATALOGUES[0]["sha256"])):
        assert (answer.status_code, answer.json["code"]) == (422, "report.catalogue_unfit")
    for odd in (tree | {"more": 1}, tree | {"clauses": [*tree["clauses"], 7]}, {}):
        assert bring(tablet, odd, CATALOGUES[0]["sha256"]).status_code == 422
    address = f"/api/audits/{tablet.audit}/catalogues/{CATALOGUES[0]['sha256']}"
    for person in cast.everybody():
        expected = 204 if person is cast.lena else 403 if person is cast.paula else 404
        assert person.api.put(address, json=tree).status_code == expected, person.name


def test_what_a_tablet_had_brought_is_the_servers_own_as_soon_as_it_hands_it_out(
    database: str, tablet: Device, monkeypatch: pytest.MonkeyPatch
):
    sent(tablet)
    with pytest.MonkeyPatch.context() as later:
        of_a_later_release(later)
        assert bring(tablet, tree_of("iso9001-2015")).status_code == 204
        with reading(SERVER) as session:
            known = known_catalogue(session, CATALOGUES[0]["sha256"])
            assert known is not None and known.is_brought
    assert tablet.person.get("/api/standards/iso9001-2015").status_code == 200
    of_a_later_release(monkeypatch)
    assert bring(tablet, tree_of("iso9001-2015")).status_code == 204
    with reading(SERVER) as session:
        known = known_catalogue(session, CATALOGUES[0]["sha256"])
        assert known is not None and not known.is_brought


def test_a_report_that_names_no_catalogue_or_that_of_another_standard_is_refused(tablet: Device, app: Flask):
    record = json.loads(value_of(tablet.made[-2])["record"])
    reseal(tablet, record | {"catalogues": [CATALOGUES[0], CATALOGUES[0] | {"standard": "iso14001-2015"}]})
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.catalogue_unknown", CATALOGUES[0] | {"standard": "iso14001-2015"})
