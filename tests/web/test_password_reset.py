"""A new password by mail: nobody learns who has an account, and whoever had the old password is out."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.config import Config
from server.database import SERVER, unit_of_work
from server.identity.reset import JOB, send_reset
from server.storage import clock
from server.storage.job_queue import claim_job
from tests.mailbox import code_in, waiting_mails
from tests.people import Person

PASSWORD = "another three words"


def ask(app: Flask, email: str):
    return app.test_client().post("/api/password-resets", json={"email": email})


def confirm(app: Flask, code: str, password: str = PASSWORD):
    return app.test_client().post("/api/password-resets/confirm", json={"token": code, "password": password})


def mailed_code(config: Config, email: str) -> str:
    """What the worker does with the request."""
    send_reset(email, config)
    return code_in(waiting_mails()[-1][2])


def test_asking_does_not_tell_whether_there_is_such_an_account(app: Flask, lena: Person):
    known, unknown = ask(app, lena.email), ask(app, "nobody@example.org")
    assert known.status_code == unknown.status_code == 202
    assert known.data == unknown.data
    assert waiting_mails() == [], "what differs is done later, by the worker"
    with unit_of_work(SERVER) as session:
        jobs = [claim_job(session), claim_job(session)]
    assert [(job.name, job.args) for job in jobs if job] == [
        (JOB, {"email": "lena@example.org"}),
        (JOB, {"email": "nobody@example.org"}),
    ]


def test_an_unknown_address_gets_no_mail(config: Config, lena: Person):
    send_reset("nobody@example.org", config)
    assert waiting_mails() == []


def test_the_code_sets_a_password_and_ends_every_session(app: Flask, config: Config, lena: Person):
    code = mailed_code(config, lena.email)
    assert waiting_mails()[0][:2] == ("lena@example.org", "A new password for Auditbook")
    assert confirm(app, code).status_code == 204
    assert lena.get("/api/session").status_code == 401
    answer = app.test_client().post("/api/session", json={"email": lena.email, "password": PASSWORD})
    assert answer.status_code == 200


def test_nobody_else_is_signed_out(app: Flask, config: Config, lena: Person, aron: Person):
    confirm(app, mailed_code(config, lena.email))
    assert aron.get("/api/session").status_code == 200


def test_a_code_works_once_and_takes_the_others_with_it(app: Flask, config: Config, lena: Person):
    first, second = mailed_code(config, lena.email), mailed_code(config, lena.email)
    assert confirm(app, second).status_code == 204
    assert confirm(app, second).json["code"] == "account.token_spent"
    assert confirm(app, first).json["code"] == "account.token_spent"


def test_a_code_is_good_for_an_hour(app: Flask, config: Config, lena: Person, monkeypatch: pytest.MonkeyPatch):
    code = mailed_code(config, lena.email)
    later = clock.now_ms() + clock.HOUR
    monkeypatch.setattr("server.identity.reset.now_ms", lambda: later)
    assert confirm(app, code).status_code == 410


def test_a_password_that_is_too_short_does_not_use_up_the_code(app: Flask, config: Config, lena: Person):
    code = mailed_code(config, lena.email)
    assert confirm(app, code, "too short").status_code == 422
    assert confirm(app, code).status_code == 204


def test_a_mailbox_cannot_be_filled(app: Flask, lena: Person):
    assert [ask(app, lena.email).status_code for _ in range(6)] == [202] * 5 + [429]
    api: FlaskClient = app.test_client()
    assert api.post("/api/password-resets", json={"email": "x@example.org"}).status_code == 202
