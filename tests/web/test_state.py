"""The server about itself, the catalogue, and the contract."""

from dataclasses import replace

from flask import Flask

from schemas.report import ServerStateSchema
from server.app import create_app
from server.config import Config
from server.standards.catalogue import load_catalogue
from tests.people import Person


def test_the_server_says_what_is_only_for_trying_out(app: Flask):
    state = app.test_client().get("/api/state").json
    assert ServerStateSchema().validate(state) == {}
    assert (state["is_signing_for_development"], state["is_mail_sent"], state["public_url"]) == (True, False, None)
    assert app.test_client().get("/api/state").json == state, "epoch and installation stay"


def test_the_server_says_what_is_configured(config: Config):
    configured = replace(
        config, smtp_host="mail.example", signing_pkcs12="signer.p12", public_url="https://audit.example"
    )
    state = create_app(configured).test_client().get("/api/state", base_url="https://audit.example").json
    assert (state["is_signing_for_development"], state["is_mail_sent"]) == (False, True)
    assert state["public_url"] == "https://audit.example"


def test_another_tablet_can_scan_the_public_address_and_where_there_is_none_nothing_is_shown(
    app: Flask, config: Config
):
    assert app.test_client().get("/api/state/address.svg").status_code == 404
    public = create_app(replace(config, public_url="https://audit.example"))
    code = public.test_client().get("/api/state/address.svg", base_url="https://audit.example")
    assert (code.status_code, code.mimetype) == (200, "image/svg+xml")
    assert code.data.startswith(b"<svg")


def test_the_catalogue_lists_every_edition_and_hands_each_out(ruth: Person):
    listed = ruth.get("/api/standards").json
    assert {edition["id"] for edition in listed} == set(load_catalogue())
    assert all("clauses" not in edition for edition in listed)
    for edition in listed:
        whole = ruth.get(f"/api/standards/{edition['id']}")
        assert whole.status_code == 200
        assert len(whole.json["clauses"]) > 20
        again = ruth.get(f"/api/standards/{edition['id']}", headers={"If-None-Match": whole.headers["ETag"]})
        assert again.status_code == 304


def test_words_arrive_as_they_were_written(ruth: Person):
    assert "ü" in ruth.get("/api/standards").get_data(as_text=True)


def test_the_contract_of_the_routes_is_published(app: Flask):
    contract = app.test_client().get("/api/openapi.json").json
    assert contract["openapi"] == "3.1.0"
    assert "/api/workspaces/{workspace}/clients/{client}" in contract["paths"]
    assert {"Problem", "Session", "AuditClient"} <= set(contract["components"]["schemas"])
    assert set(contract["components"]["responses"]["DEFAULT_ERROR"]["content"]) == {"application/problem+json"}
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                assert operation.get("summary"), f"{method} {path} says what it does"
