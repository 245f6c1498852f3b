"""What whoever runs the server does at its terminal."""

import pytest
from flask import Flask

from server.domain.refusals import Refused
from server.domain.vocabulary import Role
from server.identity.by_hand import (
    block_installation,
    create_account,
    installations,
    reset_password,
    unblock_installation,
)
from tests.people import Person

PASSWORD = "three unrelated words"
ADA = {"email": "ada@example.org", "name": "Ada Berg", "password": PASSWORD, "roles": [Role.ADMINISTRATOR]}


def sign_in(app: Flask, email: str, password: str):
    return app.test_client().post("/api/session", json={"email": email, "password": password})


def test_an_account_in_an_empty_server_makes_the_workspace(app: Flask):
    create_account(**ADA, workspace="Nordcert")
    create_account(**ADA | {"email": "berta@example.org"}, workspace="Nordcert")
    one, other = (sign_in(app, f"{name}@example.org", PASSWORD).json["workspaces"] for name in ("ada", "berta"))
    assert one == other
    assert (one[0]["name"], one[0]["roles"]) == ("Nordcert", ["administrator"])


def test_an_address_is_taken_once(app: Flask):
    create_account(**ADA, workspace="Nordcert")
    with pytest.raises(Refused) as refused:
        create_account(**ADA | {"email": "ADA@example.org"}, workspace="Südcert")
    assert refused.value.refusal.code == "account.address_taken"


def test_a_new_password_ends_every_session(app: Flask, lena: Person):
    assert reset_password("Lena@example.org", PASSWORD)
    assert lena.get("/api/session").status_code == 401
    assert sign_in(app, lena.email, PASSWORD).status_code == 200
    assert not reset_password("nobody@example.org", PASSWORD)


def test_a_lost_tablet_is_blocked_for_everybody_who_worked_on_it(lena: Person, aron: Person):
    enrolment = {"id": lena.installation, "name": "the same tablet", "public_key": None}
    assert aron.api.put(f"/api/installations/{lena.installation}", json=enrolment).status_code == 200
    assert block_installation(lena.installation) == 2
    assert block_installation(lena.installation) == 0
    assert unblock_installation(lena.installation) == 2
    assert unblock_installation(lena.installation) == 0


def test_tablets_are_listed_with_whose_they_are_and_when_they_were_seen(database: str, lena: Person, aron: Person):
    block_installation(lena.installation)
    listed = installations()
    assert [tablet.email for tablet in listed] == [
        f"{name}@example.org" for name in ("aron", "lena", "otto", "paula", "ruth")
    ]
    his, hers = listed[:2]
    assert (hers.id, hers.email, hers.name) == (lena.installation, lena.email, "tablet")
    assert hers.revoked_at is not None
    assert (his.id, his.revoked_at) == (aron.installation, None)
    assert his.last_seen_at is not None
    assert [tablet.id for tablet in installations(" Aron@example.org ")] == [aron.installation]
    assert installations("nobody@example.org") == []
