"""A blocked tablet is refused by its session, whether or not it names itself; what it wrote can still be handed in."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.database import SERVER, unit_of_work
from server.identity.by_hand import block_installation, unblock_installation
from server.identity.passwords import hash_password
from server.storage import accounts
from server.storage.clock import now_ms
from server.storage.identifiers import new_id
from tests.devices import Device, codes, new_audit, states
from tests.people import Person

pytestmark = pytest.mark.slow

PASSWORD = "three unrelated words"
BLOCKED = (403, "account.installation_revoked")


def sign_in(app: Flask, person: Person) -> FlaskClient:
    """Another browser, or the same one after signing out, in which nothing is enrolled yet."""
    with unit_of_work(SERVER) as session:
        accounts.set_password(session, person.account, hash_password(PASSWORD), now_ms())
    api = app.test_client()
    assert api.post("/api/session", json={"email": person.email, "password": PASSWORD}).status_code == 200
    return api


def enrol(api: FlaskClient, installation: str):
    given = {"id": installation, "name": "tablet", "public_key": None}
    return api.put(f"/api/installations/{installation}", json=given)


def pull(api: FlaskClient, device: Device):
    answer = api.get(f"/api/audits/{device.audit}/operations")
    return answer.status_code, answer.json.get("code")


@pytest.fixture
def device(database: str, lena: Person) -> Device:
    """Lena's tablet with an audit that the server has."""
    device = new_audit(lena)
    assert states(device.push()) == ["stored"] * 3
    return device


def test_only_an_enrolled_tablet_pulls_because_only_that_can_be_blocked(app: Flask, device: Device, lena: Person):
    api = sign_in(app, lena)
    assert api.get("/api/session").json["installation"] is None
    assert pull(api, device) == (403, "account.installation_unknown")
    tablet = new_id()
    assert enrol(api, tablet).status_code == 200
    assert api.get("/api/session").json["installation"] == tablet
    assert pull(api, device) == (200, None)


def test_a_blocked_tablet_that_does_not_name_itself_receives_nothing(device: Device, lena: Person):
    assert block_installation(lena.installation) == 1
    assert pull(lena.api, device) == BLOCKED
    for address in ("audits", f"audits/{device.audit}/reports", f"audits/{device.audit}/evidence/{'0' * 64}"):
        assert lena.get(f"/api/{address}").json["code"] == "account.installation_revoked", address
    assert lena.get("/api/session").json["account"] == lena.account


def test_another_tablet_of_the_same_person_works_on(device: Device, lena: Person):
    other = lena.enrol_another()
    block_installation(lena.installation)
    assert pull(other.api, device) == (200, None)
    theirs = Device(other, device.audit)
    theirs.add_finding()
    assert states(theirs.push()) == ["stored"] * 2


def test_what_a_blocked_tablet_still_sends_is_kept_aside_under_whichever_name(device: Device, lena: Person):
    """A tablet that had a double pushes the chain of its old name too. That name is not blocked; the session is."""
    older = lena.enrol_another()
    block_installation(lena.installation)
    device.add_finding()
    assert codes(device.push()) == ["account.installation_revoked"] * 2
    under_its_old_name = Device(older, device.audit)
    under_its_old_name.add_finding()
    sent = under_its_old_name.send(under_its_old_name.made, api=lena.api)
    assert codes(sent) == ["account.installation_revoked"] * 2
    under_its_old_name.add_finding()
    assert states(under_its_old_name.push(under_its_old_name.made[2:])) == ["stored"] * 2, "the other tablet goes on"


def test_what_a_blocked_tablet_sent_for_an_audit_to_come_stays_aside_when_it_comes(lena: Person, database: str):
    older = lena.enrol_another()
    device = new_audit(lena)
    early = Device(older, device.audit)
    early.add_finding("planted")
    block_installation(lena.installation)
    assert codes(early.send(early.made, api=lena.api)) == ["account.installation_revoked"] * 2
    fresh = lena.enrol_another()
    leading = Device(fresh, device.audit)
    leading.create_audit()
    assert states(leading.push()) == ["stored"]
    leading.pull()
    assert leading.cursor == 5, "the planted operations moved in, each with its verdict"
    assert leading.view().of_kind("finding") == []


def test_a_thief_takes_no_new_name_in_a_blocked_session(device: Device, lena: Person):
    block_installation(lena.installation)
    answer = enrol(lena.api, new_id())
    assert (answer.status_code, answer.json["code"]) == BLOCKED
    assert pull(lena.api, device) == BLOCKED


def test_a_name_that_was_taken_before_the_tablet_was_blocked_does_not_help(device: Device, lena: Person):
    """Between the theft and the call to the office there are hours in which the session may take any other name."""
    other = lena.enrol_another()
    for name in (new_id(), other.installation):
        assert enrol(lena.api, name).status_code == 200
    block_installation(lena.installation)
    assert pull(lena.api, device) == BLOCKED
    assert pull(other.api, device) == (200, None)


def test_a_session_that_names_no_tablet_ends_with_the_tablet(app: Flask, device: Device, lena: Person, aron: Person):
    """Stolen between signing in and the first contact after it: such a session could take any name."""
    nameless, of_somebody_else = sign_in(app, lena), sign_in(app, aron)
    block_installation(lena.installation)
    assert enrol(nameless, new_id()).status_code == 401
    assert of_somebody_else.get("/api/session").status_code == 200


def test_signing_in_anew_on_a_blocked_tablet_does_not_help(app: Flask, device: Device, lena: Person, aron: Person):
    block_installation(lena.installation)
    for person in (lena, aron):
        api = sign_in(app, person)
        answer = enrol(api, lena.installation)
        assert (answer.status_code, answer.json["code"]) == BLOCKED, "whoever tries: it is the tablet that is blocked"
        assert api.get("/api/session").json["installation"] is None
        assert pull(api, device) == (403, "account.installation_unknown")


def test_a_session_never_becomes_that_of_a_blocked_tablet(device: Device, lena: Person):
    other = lena.enrol_another()
    block_installation(other.installation)
    answer = enrol(lena.api, other.installation)
    assert (answer.status_code, answer.json["code"]) == BLOCKED
    assert pull(lena.api, device) == (200, None)


def test_a_tablet_that_found_a_double_of_itself_goes_on_under_its_new_name(device: Device, lena: Person):
    tablet = new_id()
    assert enrol(lena.api, tablet).status_code == 200
    assert lena.get("/api/session").json["installation"] == tablet
    assert pull(lena.api, device) == (200, None)
    device.add_finding()
    assert states(device.push()) == ["stored"] * 2, "the chain of its old name ends whole"


def test_a_tablet_that_was_found_again_is_let_in_and_what_it_sent_meanwhile_is_decided_on(device: Device, lena: Person):
    block_installation(lena.installation)
    device.add_finding()
    device.push()
    assert unblock_installation(lena.installation) == 1
    assert unblock_installation(lena.installation) == 0
    device.pull()
    assert device.is_safe()
    assert device.view().of_kind("finding") == []
    device.add_finding()
    assert states(device.push()) == ["stored"] * 2


def test_an_invitation_is_not_accepted_on_a_blocked_tablet(database: str, lena: Person):
    block_installation(lena.installation)
    given = {"token": "AAAA-0000", "name": "Lena", "password": PASSWORD}
    answer = lena.post("/api/invitations/accept", json=given)
    assert (answer.status_code, answer.json["code"]) == BLOCKED
