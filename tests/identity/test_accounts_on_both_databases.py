"""The whole way of an account on SQLite and on PostgreSQL: invited, signed in, enrolled, new password, out."""

from flask import Flask

from server.config import Config
from server.identity.reset import send_reset
from tests.mailbox import code_in, waiting_mails
from tests.people import Cast

FIRST, SECOND = "three unrelated words", "another three words"


def test_the_way_of_an_account(database: str, app: Flask, config: Config, cast: Cast):
    paula, api = cast.paula, app.test_client()
    invitation = {"email": "nora@example.org", "name": "Nora Lind", "roles": ["auditor"]}
    assert paula.post(f"/api/workspaces/{paula.workspace}/invitations", json=invitation).status_code == 204
    code = code_in(waiting_mails()[-1][2])
    accepted = {"token": code, "name": "Nora Lind", "password": FIRST}
    assert api.post("/api/invitations/accept", json=accepted).status_code == 204
    assert api.post("/api/invitations/accept", json=accepted).status_code == 410

    signed_in = api.post("/api/session", json={"email": "nora@example.org", "password": FIRST})
    assert signed_in.json["workspaces"][0]["roles"] == ["auditor"]
    tablet = "0190a000-0000-7000-8000-000000000001"
    enrolment = {"id": tablet, "name": "tablet", "public_key": None}
    assert api.put(f"/api/installations/{tablet}", json=enrolment).status_code == 200

    assert api.post("/api/password-resets", json={"email": "nora@example.org"}).status_code == 202
    send_reset("nora@example.org", config)
    confirmed = {"token": code_in(waiting_mails()[-1][2]), "password": SECOND}
    assert api.post("/api/password-resets/confirm", json=confirmed).status_code == 204
    assert api.get("/api/session").status_code == 401
    assert api.post("/api/session", json={"email": "nora@example.org", "password": FIRST}).status_code == 401
    assert api.post("/api/session", json={"email": "nora@example.org", "password": SECOND}).status_code == 200
    assert api.delete("/api/session").status_code == 204
    assert api.get("/api/session").status_code == 401
