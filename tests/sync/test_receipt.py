"""The server signs how far each log goes, in every page and every answer to a push."""

import base64

from server.config import Config
from server.database import SERVER, reading
from server.domain.receipt import key_name, receipt_statement
from server.sealing.log_key import load_log_key
from server.storage import accounts
from server.sync.erase import erase_content_of
from server.sync.head_signature import verifying_key
from tests.devices import Device, new_audit


def is_signed(app, audit, epoch, seq, running_hash, receipt) -> bool:
    told = app.test_client().get("/api/state").json["log_key"]
    public_key = base64.urlsafe_b64decode(told + "=" * (-len(told) % 4))
    assert receipt["key"] == key_name(public_key)
    statement = receipt_statement(audit, epoch, seq, running_hash, receipt["at"])
    return verifying_key(statement, receipt["signature"], [public_key]) is not None


def test_every_page_signs_what_the_tablet_can_check_itself(app, database, lena):
    device = new_audit(lena)
    for _ in range(3):
        device.add_finding()
    device.push()
    reader = Device(lena, device.audit)
    for expected in (4, 8, 9, 9):
        page = reader.ask_page(limit=4)
        reader.cursor = page["next"]
        assert page["next"] == expected
        assert is_signed(app, device.audit, page["epoch"], page["next"], page["hash"], page["receipt"])
        assert not is_signed(app, device.audit, page["epoch"], page["next"] - 1, page["hash"], page["receipt"])


def test_the_answer_to_a_push_signs_the_log_as_it_stands_after_it(app, database, lena):
    device = new_audit(lena)
    device.set(f"audit/{device.audit}", "starts_on", "never")
    answer = device.push().json
    assert answer["head"]["seq"] == 5
    assert is_signed(app, device.audit, answer["epoch"], 5, answer["head"]["hash"], answer["receipt"])


def test_what_is_held_for_an_audit_that_is_not_known_here_is_not_signed_as_its_log(database, aron):
    """Else it could be handed back one day as the log of that audit."""
    device = new_audit(aron)
    device.dseq, device.made, device.prev = 0, [], "0" * 64
    device.add_finding()
    answer = device.push()
    assert answer.status_code == 200
    assert answer.json["receipt"] is None


def test_an_erasure_leaves_every_receipt_true(app, database, lena, paula):
    device = new_audit(lena)
    device.set(f"audit/{device.audit}", "scope", "to be erased")
    answer = device.push().json
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    erase_content_of(paula.account, roles, device.audit, [device.prev], "Withdrawn.")
    page = Device(lena, device.audit).ask_page(limit=4)
    assert "content_sha256" in page["operations"][3]
    assert (page["next"], page["hash"]) == (4, answer["head"]["hash"])
    assert is_signed(app, device.audit, page["epoch"], 4, page["hash"], answer["receipt"])


def test_the_key_lies_outside_the_database(app, config: Config):
    app.test_client().get("/api/state")
    assert (config.data_folder / "log.key").is_file()
    assert load_log_key(config).public_text == app.test_client().get("/api/state").json["log_key"]
