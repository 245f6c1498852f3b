"""
What tablets of earlier versions send is taken by the server of today, byte for byte.

The requests were written once by the app of their time (pwa/src/store/old-versions.test.ts) and are never written again. A tablet
that lay in a drawer for months sends these very bytes.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from server.database import SERVER, reading, unit_of_work
from server.identity.codes import new_token, token_digest
from server.storage import accounts, chains, sign_ins
from server.storage.clock import now_ms
from tests.devices import Device, codes, states
from tests.people import Person, client_of, enter_under_ids

FROZEN = Path(__file__).parents[2] / "pwa" / "src" / "store" / "testdata"
OLD = sorted(FROZEN.glob("tablet-of-version-*.json"))


@pytest.fixture(params=OLD, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest) -> dict[str, Any]:
    tablet: dict[str, Any] = json.loads(request.param.read_text(encoding="utf-8"))
    return tablet


@pytest.fixture
def lena(app: Flask, old: dict[str, Any]) -> Person:
    """Whose tablet it is, as the server knows her since then."""
    now, token = now_ms(), new_token()
    spelled = old["public_key"]
    public_key = base64.urlsafe_b64decode(spelled + "=" * (-len(spelled) % 4))
    with unit_of_work(SERVER) as session:
        enter_under_ids(session, workspace=old["workspace"], account=old["account"], now=now)
        begun = sign_ins.add_session(
            session, account=old["account"], token_sha256=token_digest(token), device="test", now=now
        )
        accounts.enrol_installation(
            session, old["installation"], old["account"], name="tablet", public_key=public_key, now=now
        )
        sign_ins.bind_session(session, begun, old["account"], old["installation"])
    api = client_of(app, token)
    key = ec.generate_private_key(ec.SECP256R1())  # signs nothing here: the requests are signed
    return Person(
        app, old["account"], "Lena Hartmann", "lena@example.org", old["workspace"], api, old["installation"], key
    )


@pytest.mark.slow
def test_a_tablet_that_is_versions_older_pushes_and_everything_counts(lena: Person, old: dict[str, Any]):
    tablet = Device(lena, old["audit"])
    for body in old["batches"]:
        answer = tablet.send_body(body.encode(), packed=True)
        assert answer.status_code == 200, answer.json
        assert set(states(answer)) == {"stored"}, codes(answer)

    with reading(SERVER) as session:
        heads = [head.key_sha256 for head in chains.chain_heads(session, old["audit"])]
    assert len(heads) == len(old["batches"]), "a signature did not verify"
    assert None not in heads

    reader = Device(lena, old["audit"])
    reader.pull()
    view = reader.view()
    assert view.quarantined == {}
    shown = {entity.ref: entity for kind in ("audit", "finding", "note") for entity in view.of_kind(kind)}
    for one in old["shows"]:
        entity = shown[f"{one['kind']}/{one['id']}"]
        assert {name: entity.get(name) for name in one["fields"]} == one["fields"]
    assert [photo.get("sha256") for photo in view.of_kind("evidence")] == [photo["sha256"] for photo in old["photos"]]


@pytest.mark.slow
def test_a_tablet_that_is_versions_older_sends_again_what_had_arrived(lena: Person, old: dict[str, Any]):
    tablet = Device(lena, old["audit"])
    for body in old["batches"]:
        tablet.send_body(body.encode())
    for body in old["batches"]:
        answer = tablet.send_body(body.encode())
        assert set(states(answer)) == {"duplicate"}, codes(answer)


def test_there_is_a_tablet_of_an_earlier_version():
    assert OLD
