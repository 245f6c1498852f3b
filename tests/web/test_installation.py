"""Enrolling a tablet: which key signs there, and that none is ever forgotten."""

import base64

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask

from server.database import SERVER, reading, unit_of_work
from server.storage import accounts
from server.storage.clock import now_ms
from server.storage.server_state import begin_new_epoch, server_identity
from tests.devices import new_audit
from tests.people import Person

TABLET = "0190a000-0000-7000-8000-000000000001"


def enrol(person: Person, public_key: str | None, **changed: object):
    given = {"id": TABLET, "name": "Lena's tablet", "public_key": public_key} | changed
    return person.api.put(f"/api/installations/{TABLET}", json=given)


def new_key(curve: ec.EllipticCurve | None = None) -> tuple[bytes, str]:
    key = ec.generate_private_key(curve or ec.SECP256R1()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return spki, base64url(spki)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def kept_keys(person: Person) -> list[bytes]:
    with reading(SERVER) as session:
        return accounts.installation_keys(session, TABLET, person.account)


def test_a_tablet_is_enrolled_with_its_key(lena: Person):
    spki, text = new_key()
    answer = enrol(lena, text)
    assert answer.status_code == 200
    assert answer.json == {"id": TABLET, "name": "Lena's tablet", "public_key": text}
    with reading(SERVER) as session:
        row = accounts.installation(session, TABLET, lena.account)
    assert row == accounts.KnownInstallation("Lena's tablet", spki, None)


def test_enrolling_again_changes_nothing(lena: Person):
    _, text = new_key()
    assert [enrol(lena, text).status_code for _ in range(2)] == [200, 200]
    assert len(kept_keys(lena)) == 1


def test_a_new_key_is_added_and_the_old_one_kept(lena: Person):
    (old, old_text), (new, new_text) = new_key(), new_key()
    enrol(lena, old_text)
    enrol(lena, new_text)
    assert set(kept_keys(lena)) == {old, new}
    with reading(SERVER) as session:
        row = accounts.installation(session, TABLET, lena.account)
    assert row is not None
    assert row.public_key == new


def test_a_tablet_without_a_key_is_enrolled_too(lena: Person):
    assert enrol(lena, None).status_code == 200
    assert kept_keys(lena) == []


def test_the_same_tablet_is_another_enrolment_for_another_person(lena: Person, aron: Person):
    (first, first_text), (second, second_text) = new_key(), new_key()
    enrol(lena, first_text)
    enrol(aron, second_text)
    assert (kept_keys(lena), kept_keys(aron)) == ([first], [second])


def test_a_key_of_another_kind_is_refused(lena: Person):
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    others = [
        base64url(rsa_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))[:300],
        new_key(ec.SECP384R1())[1],
        "AAAA",
        "not base64!",
        "",
        "é",
    ]
    for text in others:
        answer = enrol(lena, text)
        assert (answer.status_code, answer.json["code"]) == (400, "request.malformed"), text
    assert kept_keys(lena) == []


def test_the_address_and_the_body_name_the_same_tablet(lena: Person):
    assert enrol(lena, None, id="0190a000-0000-7000-8000-000000000002").status_code == 400


def test_a_tablet_that_was_blocked_cannot_enrol_itself_again(lena: Person, aron: Person):
    _, text = new_key()
    enrol(lena, text)
    enrol(aron, text)
    with unit_of_work(SERVER) as session:
        assert accounts.revoke_installation(session, TABLET, now_ms()) == 2
        assert accounts.revoke_installation(session, TABLET, now_ms()) == 0
    answer = enrol(lena, new_key()[1])
    assert (answer.status_code, answer.json["code"]) == (403, "account.installation_revoked")


def test_nobody_enrols_without_signing_in(lena: Person):
    lena.api.delete("/api/session")
    assert enrol(lena, None).status_code == 401


def test_nobody_enrols_under_the_name_of_the_server(app: Flask, lena: Person):
    server = app.test_client().get("/api/state").json["installation"]
    answer = lena.api.put(f"/api/installations/{server}", json={"id": server, "name": "Mine", "public_key": None})
    assert (answer.status_code, answer.json["code"]) == (400, "request.malformed")


def test_no_tablet_takes_a_name_under_which_the_server_writes_or_wrote(database, lena: Person):
    """After a restore the server has another name, and its old chains are in the log all the same."""
    device = new_audit(lena)
    device.set(f"audit/{device.audit}", "type", "no such type")
    device.push()
    with unit_of_work(SERVER) as session:
        before = server_identity(session).installation
        begin_new_epoch(session)
        now = server_identity(session).installation
    for taken in (before, now):
        given = {"id": taken, "name": "Lena's tablet", "public_key": None}
        answer = lena.api.put(f"/api/installations/{taken}", json=given)
        assert (answer.status_code, answer.json["code"]) == (400, "request.malformed")
