"""The database dies, and a replica that lacks the last commits takes over: `auditbook restored`, and the tablets bring what it lacks."""

from dataclasses import replace

import pytest
from flask import Flask

from server.app import create_app
from server.cli import _kept
from server.config import Config
from server.database import db
from server.domain.operation import GENESIS
from tests.conftest import close_database
from tests.devices import Device
from tests.evidence.sending import PICTURE, announce, bring, known
from tests.old_log import hand_back, remember
from tests.postgresql import Databases
from tests.upkeep.conftest import Command

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("database", ["postgresql"])
def test_a_replica_that_lags_takes_over_and_gets_what_it_lacks_from_a_tablet(
    database, command: Command, config: Config, postgresql: Databases, audit: Device, aron
):
    """Aron's tablet is never seen again: Lena's has pulled what he wrote, and the first server has signed it."""
    audit.add_member(aron)
    audit.push()
    db.engine.dispose()
    replica = replace(config, database_url=postgresql.make(config.database_url))
    audit.pull()
    copied = audit.cursor

    colleague = Device(aron, audit.audit)
    colleague.pull()
    colleague.add_finding("Of Aron, answered before the database died")
    colleague.push()
    photo = b"another" + PICTURE
    sha256 = bring(colleague, photo)
    audit.add_finding("Of Lena, answered before the database died")
    audit.push()
    audit.pull()
    old = remember(audit.person, audit.audit)
    audit.add_finding("Written while nothing answered")

    code, said, _ = command("restored", at=replica)
    assert (code, "A new epoch has begun" in said) == (0, True)
    app = create_app(replica)
    with app.app_context():
        lena = _at(audit, app)
        refused = lena.person.get(
            f"/api/audits/{lena.audit}/operations?epoch={old.epoch}&after={audit.cursor}&limit=500"
        )
        assert refused.json["code"] == "sync.epoch_changed"
        answer = hand_back(lena.person, old, copied)
        assert (answer.status_code, answer.json["next"]) == (200, None)
        assert lena.push().status_code == 200
        lena.pull()
        assert lena.is_safe()
        assert {finding.get("title") for finding in lena.view().of_kind("finding")} >= {
            "Of Aron, answered before the database died",
            "Of Lena, answered before the database died",
            "Written while nothing answered",
        }
        # The bytes never left the disk; the row comes with whoever has the photo.
        assert known(lena, sha256) == []
        assert announce(lena, photo).headers["Upload-Offset"] == str(len(photo))
        assert known(lena, sha256) == [sha256]
        close_database(app)
    assert [complaint for _, complaint in _kept(replica, is_quick=False) if complaint is not None] == []


def _at(device: Device, app: Flask) -> Device:
    """The same tablet, which finds another epoch and begins its log anew."""
    person = device.person.at(app)
    return replace(device, person=person, epoch=None, cursor=0, hash=GENESIS, pulled=[], pulled_digests=[])
