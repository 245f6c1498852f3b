"""Inviting somebody by mail, accepting, and the first administrator of an empty server."""

from dataclasses import replace

import pytest
from flask import Flask

from server.app import create_app
from server.config import Config
from server.identity.invite import found
from server.storage import clock
from tests.mailbox import code_in, waiting_mails
from tests.people import Person

PASSWORD = "three unrelated words"
NORA = {"email": "Nora@example.org", "name": "Nora Lind", "roles": ["auditor", "reader"]}


def invite(person: Person, **changed: object):
    return person.post(f"/api/workspaces/{person.workspace}/invitations", json=NORA | changed)


def accept(app: Flask, code: str, api: object = None, **changed: object):
    given = {"token": code, "name": "Nora Lind", "password": PASSWORD} | changed
    return (api or app.test_client()).post("/api/invitations/accept", json=given)


@pytest.fixture
def code(paula: Person) -> str:
    """What Nora's invitation says."""
    assert invite(paula).status_code == 204
    ((_, _, body),) = waiting_mails()
    return code_in(body)


def test_an_invitation_is_a_mail_with_a_code(paula: Person, code: str):
    ((recipient, subject, body),) = waiting_mails()
    assert recipient == "Nora@example.org"
    assert subject == "Paula Brandt invites you to Auditbook (Nordcert)"
    assert code in body
    assert "http" not in body, "without a public address there is nothing to link to"


def test_with_a_public_address_the_mail_has_a_link(config: Config, paula: Person):
    app = create_app(replace(config, public_url="https://audit.example/"))
    cookie = paula.api.get_cookie("auditbook")
    assert cookie is not None
    api = app.test_client()
    api.set_cookie("__Host-auditbook", cookie.value, domain="audit.example")
    answer = api.post(f"/api/workspaces/{paula.workspace}/invitations", json=NORA, base_url="https://audit.example")
    assert answer.status_code == 204
    ((_, _, body),) = waiting_mails()
    assert f"\nhttps://audit.example/#/join/{code_in(body)}\n" in body


def test_accepting_gives_the_roles_and_a_way_in(app: Flask, paula: Person, code: str):
    assert accept(app, code).status_code == 204
    api = app.test_client()
    signed_in = api.post("/api/session", json={"email": "nora@example.org", "password": PASSWORD}).json
    assert signed_in["workspaces"][0]["roles"] == ["auditor", "reader"]
    people = paula.get(f"/api/workspaces/{paula.workspace}/people").json
    assert [person["name"] for person in people] == [
        "Aron Weiss", "Lena Hartmann", "Nora Lind", "Paula Brandt", "Ruth Keller",
    ]  # fmt: skip


def test_a_code_may_be_typed_as_people_type(app: Flask, code: str):
    typed = " " + code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert accept(app, typed).status_code == 204


def test_a_code_works_once(app: Flask, code: str):
    assert accept(app, code).status_code == 204
    answer = accept(app, code)
    assert (answer.status_code, answer.json["code"]) == (410, "account.token_spent")


def test_a_code_is_good_for_seven_days(app: Flask, code: str, monkeypatch: pytest.MonkeyPatch):
    later = clock.now_ms() + 7 * clock.DAY
    monkeypatch.setattr("server.identity.accept.now_ms", lambda: later)
    assert accept(app, code).status_code == 410


def test_a_password_that_is_too_short_does_not_use_up_the_code(app: Flask, code: str):
    answer = accept(app, code, password="elevenchars")
    assert (answer.status_code, answer.json["code"]) == (422, "account.weak_password")
    assert answer.json["facts"] == {"least": 12}
    assert accept(app, code).status_code == 204


@pytest.mark.slow
def test_guessing_codes_soon_has_to_wait(app: Flask):
    statuses = [accept(app, f"AAAA-{number:04}").status_code for number in range(31)]
    assert statuses == [410] * 30 + [429]


def test_nobody_takes_over_an_account_with_a_code(app: Flask, paula: Person, lena: Person):
    invite(paula, email=lena.email.upper())
    code = code_in(waiting_mails()[0][2])
    answer = accept(app, code)
    assert (answer.status_code, answer.json["code"]) == (409, "account.address_taken")
    assert accept(app, code, api=paula.api).status_code == 409, "nor does a colleague who is signed in"
    assert accept(app, code, api=lena.api).status_code == 204
    assert lena.get("/api/session").json["workspaces"][0]["roles"] == ["lead_auditor", "auditor", "reader"]


def test_somebody_who_is_signed_in_cannot_use_a_code_for_somebody_new(app: Flask, lena: Person, code: str):
    assert accept(app, code, api=lena.api).status_code == 410
    assert accept(app, code).status_code == 204


def test_somebody_of_another_workspace_joins_with_the_same_account(app: Flask, paula: Person, otto: Person):
    invite(paula, email=otto.email)
    assert accept(app, code_in(waiting_mails()[0][2]), api=otto.api).status_code == 204
    workspaces = otto.get("/api/session").json["workspaces"]
    assert {workspace["name"]: workspace["roles"] for workspace in workspaces} == {
        "Nordcert": ["auditor", "reader"],
        "Südcert": ["lead_auditor"],
    }


@pytest.mark.parametrize(
    "email", ["nora", "nora@", "a@b@c", "nora@example.org\nBcc: all@example.org", "a, b@example.org", "<a@b.example>"]
)
def test_what_is_no_address_is_not_written_to(paula: Person, email: str):
    answer = invite(paula, email=email)
    assert (answer.status_code, answer.json["code"]) == (400, "request.malformed")
    assert waiting_mails() == []


def test_a_name_with_a_line_break_stays_in_the_subject_s_line(paula: Person):
    invite(paula, name="Nora\r\nBcc: all@example.org")
    ((_, subject, _),) = waiting_mails()
    assert "\n" not in subject


def test_an_empty_server_is_founded_by_whoever_has_its_link(app: Flask):
    code = found()
    assert code is not None
    answer = accept(app, code, email="ada@example.org", name="Ada Berg", workspace_name="Nordcert")
    assert answer.status_code == 204
    api = app.test_client()
    signed_in = api.post("/api/session", json={"email": "ada@example.org", "password": PASSWORD}).json
    assert [(workspace["name"], workspace["kind"], workspace["roles"]) for workspace in signed_in["workspaces"]] == [
        ("Nordcert", "certification_body", ["administrator", "programme_manager", "lead_auditor"])
    ]
    assert found() is None, "a server is founded once"


def test_only_the_link_that_was_printed_last_founds(app: Flask):
    first, second = found(), found()
    assert first is not None
    assert second is not None
    given = {"email": "ada@example.org", "name": "Ada Berg"}
    assert accept(app, first, **given).status_code == 410
    lacking = accept(app, second)
    assert (lacking.status_code, lacking.json["code"]) == (422, "account.first_needs_address")
    assert accept(app, second, **given).status_code == 204


def test_a_founding_link_is_worth_nothing_once_there_is_an_account(app: Flask, config: Config):
    code = found()
    assert code is not None
    from server.database import SERVER, unit_of_work
    from server.domain.vocabulary import Role, WorkspaceKind
    from server.storage.workspaces import add_workspace
    from tests.people import enter

    with unit_of_work(SERVER) as session:
        workspace = add_workspace(session, kind=WorkspaceKind.CERTIFICATION_BODY, name="Nordcert", now=clock.now_ms())
    enter(app, workspace, "Lena Hartmann", Role.LEAD_AUDITOR)
    assert accept(app, code, email="eve@example.org").status_code == 410
