"""Signing in, who am I, signing out; and what a stranger learns from trying, which is nothing."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from schemas.account import SessionSchema
from server.database import SERVER, reading, unit_of_work
from server.identity import passwords
from server.identity.passwords import hash_password
from server.storage import accounts, clock
from server.storage.tables.account import SignInSession
from tests.people import Person

PASSWORD = "three unrelated words"


@pytest.fixture
def api(app: Flask, lena: Person) -> FlaskClient:
    """A browser in which nobody is signed in. Lena has a password."""
    with unit_of_work(SERVER) as session:
        accounts.set_password(session, lena.account, hash_password(PASSWORD), clock.now_ms())
    return app.test_client()


def sign_in(api: FlaskClient, email: str = "lena@example.org", password: str = PASSWORD):
    return api.post("/api/session", json={"email": email, "password": password})


def test_signing_in_answers_who_and_where(api: FlaskClient, lena: Person):
    answer = sign_in(api)
    assert answer.status_code == 200
    assert SessionSchema().validate(answer.json) == {}
    assert (answer.json["account"], answer.json["name"]) == (lena.account, "Lena Hartmann")
    assert answer.json["workspaces"] == [
        {"id": lena.workspace, "kind": "certification_body", "name": "Nordcert", "roles": ["lead_auditor"]}
    ]
    shown = api.get("/api/session").json
    assert {**shown, "server_time": ""} == {**answer.json, "server_time": ""}


def test_an_address_is_the_same_however_it_is_written(api: FlaskClient):
    assert sign_in(api, email=" LENA@Example.org ").status_code == 200


def test_a_password_is_the_same_on_every_keyboard(api: FlaskClient, lena: Person):
    with unit_of_work(SERVER) as session:
        accounts.set_password(session, lena.account, hash_password("Pru\u0308fmittelu\u0308berwachung"), clock.now_ms())
    assert sign_in(api, password="Pr\u00fcfmittel\u00fcberwachung").status_code == 200


def test_signing_out_ends_this_session_and_no_other(api: FlaskClient, lena: Person):
    sign_in(api)
    kept = api.get_cookie("auditbook")
    assert api.delete("/api/session").status_code == 204
    assert api.get_cookie("auditbook") is None
    assert kept is not None
    api.set_cookie("auditbook", kept.value)
    assert api.get("/api/session").status_code == 401, "the token itself is worth nothing any more"
    assert lena.get("/api/session").status_code == 200


def test_signing_out_twice_is_no_error(api: FlaskClient):
    assert api.delete("/api/session").status_code == 204


def test_only_the_hash_of_a_token_is_kept(api: FlaskClient, lena: Person):
    sign_in(api)
    cookie = api.get_cookie("auditbook")
    assert cookie is not None
    assert len(cookie.value) >= 43
    with reading(SERVER) as session:
        kept = [row.token_sha256 for row in session.query(SignInSession)]
    assert all(len(digest) == 32 and cookie.value.encode() not in digest for digest in kept)


@pytest.mark.usefixtures("passwords_as_served")
def test_an_unknown_address_and_a_wrong_password_are_answered_alike(api: FlaskClient, monkeypatch: pytest.MonkeyPatch):
    checked: list[str] = []
    verify = passwords._HASHER.verify

    class Watched:
        def verify(self, password_hash: str, password: str) -> bool:
            checked.append(password_hash)
            return verify(password_hash, password)

    monkeypatch.setattr(passwords, "_HASHER", Watched())
    wrong, unknown = sign_in(api, password="not my password"), sign_in(api, email="nobody@example.org")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json == unknown.json
    assert wrong.json["code"] == "account.wrong_credentials"
    assert len(checked) == 2, "both cost one check of a password"
    assert {hash_of.split("$")[3] for hash_of in checked} == {"m=19456,t=2,p=1"}


def test_the_eleventh_attempt_has_to_wait(api: FlaskClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("server.identity.sign_in.is_right_password", lambda given, password: False)
    for _ in range(10):
        assert sign_in(api, password="guess").status_code == 401
    answer = sign_in(api)
    assert answer.status_code == 429
    assert answer.json["code"] == "request.too_many"
    assert 0 < answer.json["facts"]["seconds"] <= 15 * 60
    assert answer.headers["Retry-After"] == str(answer.json["facts"]["seconds"])


def test_a_colleague_at_another_address_is_not_held_up(api: FlaskClient, monkeypatch: pytest.MonkeyPatch):
    for _ in range(10):
        sign_in(api, password="guess")
    assert sign_in(api).status_code == 429
    elsewhere = api.post(
        "/api/session",
        json={"email": "lena@example.org", "password": PASSWORD},
        environ_base={"REMOTE_ADDR": "203.0.113.7"},
    )
    assert elsewhere.status_code == 200
    later = clock.now_ms() + 16 * clock.MINUTE
    monkeypatch.setattr("server.identity.throttle.now_ms", lambda: later)
    assert sign_in(api).status_code == 200


@pytest.mark.slow
def test_many_machines_cannot_try_one_account_for_long(api: FlaskClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("server.identity.sign_in.is_right_password", lambda given, password: False)
    statuses = [
        api.post(
            "/api/session",
            json={"email": "lena@example.org", "password": "guess"},
            environ_base={"REMOTE_ADDR": f"203.0.113.{machine}"},
        ).status_code
        for machine in range(61)
    ]
    assert statuses == [401] * 60 + [429]


@pytest.mark.slow
def test_signing_in_rightly_does_not_use_up_attempts(api: FlaskClient):
    assert [sign_in(api).status_code for _ in range(11)] == [200] * 11


def test_a_password_that_is_changed_while_it_is_being_checked_opens_nothing(
    api: FlaskClient, lena: Person, monkeypatch: pytest.MonkeyPatch
):
    def change_meanwhile(given: str, password: str) -> bool:
        with unit_of_work(SERVER) as session:
            accounts.set_password(session, lena.account, hash_password("another set of words"), clock.now_ms())
        return True

    monkeypatch.setattr("server.identity.sign_in.is_right_password", change_meanwhile)
    assert sign_in(api).status_code == 401


def test_a_flood_of_sign_ins_waits_and_is_then_sent_away(api: FlaskClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(passwords, "_PATIENCE", 0.01)
    with passwords._turn(), passwords._turn():
        answer = sign_in(api)
    assert (answer.status_code, answer.json["code"]) == (503, "server.busy")
    assert sign_in(api).status_code == 200
