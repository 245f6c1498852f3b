"""The doctor proves every log, photo and report by its hash; each kind of damage is planted here, and told with its audit."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from server.cli import _kept
from server.config import Config
from server.database import SERVER, unit_of_work
from server.domain.operation import erase_content
from server.storage.evidence_store import EvidenceFiles
from server.storage.identifiers import new_id
from server.storage.tables.audit import Audit, AuditTeam
from server.storage.tables.evidence import Blob
from server.storage.tables.operation import Chain, ChainHead, LoggedOperation
from server.sync.erase import erase_content_of
from tests.devices import Device
from tests.evidence.sending import PICTURE, SHA256, bring, key_of
from tests.upkeep.conftest import Command, keep_report

pytestmark = pytest.mark.slow


@pytest.fixture
def told(config: Config) -> Callable[..., list[str]]:
    """What the doctor says is wrong with what is kept. What it says of keys and settings is in tests/test_cli.py."""

    def look(*, is_quick: bool = False) -> list[str]:
        return [f"{name}: {complaint}" for name, complaint in _kept(config, is_quick=is_quick) if complaint is not None]

    return look


def change(statement: Any) -> None:
    """As no part of the server does."""
    with unit_of_work(SERVER) as session:
        session.execute(statement)


def entry(seq: int) -> Any:
    return sa.update(LoggedOperation).where(LoggedOperation.seq == seq)


def test_a_healthy_server_has_nothing_wrong_with_it(database, told, config: Config, audit: Device, aron, paula):
    """With all that may stand in a log: what was set aside, brought by others, released, erased, forked."""
    keep_report(config, audit)
    stranger = Device(aron, audit.audit)
    stranger.add_finding("Not in the team")
    stranger.push()
    audit.push([audit.keep("not an operation")])
    audit.add_finding("After what cannot be read")
    audit.push(audit.made[-2:])
    audit.push([stranger.made[0]])
    branch = Device(audit.person, audit.audit, dseq=2, prev=audit.prev)
    branch.add_finding("From a restored copy of the tablet")
    branch.push()
    paula.post(f"/api/audits/{audit.audit}/operations/{stranger.heads[_any(stranger)][0]}/release")
    with unit_of_work(SERVER) as session:
        from server.storage import accounts

        roles = accounts.roles_of(session, paula.account)
    erase_content_of(paula.account, roles, audit.audit, [audit.pulled_digests[4]], "Withdrawn.")
    assert told() == []
    assert told(is_quick=True) == []


def _any(device: Device) -> tuple[str, str]:
    return next(iter(device.heads))


def name_of(audit: Device) -> str:
    return f"Audit A-2026-017 Stage 2 Musterwerk ({audit.audit})"


def test_changed_words(database, told, audit: Device):
    with unit_of_work(SERVER) as session:
        data = session.scalar(sa.select(LoggedOperation.data).where(LoggedOperation.seq == 5))
    change(entry(5).values(data=data.replace(b"No calibration", b"A calibration")))
    assert told() == [
        f"{name_of(audit)}: the bytes of entry 5 are not those that were stored: they do not give its digest"
    ]


def test_words_that_were_erased_with_another_hash_in_their_place(database, told, audit: Device):
    with unit_of_work(SERVER) as session:
        data = session.scalar(sa.select(LoggedOperation.data).where(LoggedOperation.seq == 5))
    header, _ = erase_content(data)
    change(entry(5).values(data=header, content_sha256="a" * 64))
    assert "the bytes of entry 5 are not those that were stored" in told()[0]


def test_an_entry_that_is_gone(database, told, audit: Device):
    change(sa.delete(LoggedOperation).where(LoggedOperation.seq == 5))
    wrong = told()
    assert f"{name_of(audit)}: entry 5 missing: the numbers go from 4 to 6" in wrong
    assert any("the running hash does not lead to entry 6" in one for one in wrong)
    assert any(f"account {audit.person.account}" in one and "numbers 5 to 5 are missing" in one for one in wrong)


@pytest.mark.parametrize(
    ("values"), [{"received_at": 1}, {"origin": "server"}, {"hash": "b" * 64}], ids=["time", "origin", "hash"]
)
def test_a_time_of_receipt_an_origin_or_a_running_hash_that_was_changed(database, told, audit: Device, values):
    change(entry(4).values(**values))
    assert any("the running hash does not lead to entry 4" in one for one in told())


def test_the_end_of_a_log_that_is_cut_off(database, told, audit: Device):
    change(sa.delete(LoggedOperation).where(LoggedOperation.seq == audit.cursor))
    assert any(f"says that it ends with entry {audit.cursor}, and it ends with entry" in one for one in told())


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"head_hash": "c" * 64}, "its row has another running hash than its last entry"),
        ({"latest_receipt": 1}, "its row has another newest time of receipt than its entries"),
    ],
)
def test_an_audits_row_that_says_something_else(database, told, audit: Device, values, says):
    change(sa.update(Audit).values(**values))
    assert told() == [f"{name_of(audit)}: {says}"]


def test_a_list_that_shows_something_else_than_the_log_says(database, told, audit: Device, aron):
    audit.add_member(aron)
    audit.push()
    change(sa.update(Audit).values(title="Stage 1 Musterwerk"))
    change(sa.delete(AuditTeam).where(AuditTeam.account_id == aron.account))
    name = f"Audit A-2026-017 Stage 1 Musterwerk ({audit.audit})"
    assert told() == [
        f"{name}: the team that lists know is not the one that the log says",
        f"{name}: lists show another title than the log says",
    ]
    audit.set(f"audit/{audit.audit}", "client_name", "Musterwerk")
    audit.push()
    audit.add_member(audit.person)
    audit.push()
    assert told() == [], "the next change of it puts it right"


@pytest.mark.parametrize("values", [{"entity": "finding/x"}, {"field": "title"}, {"chain_account": "x"}, {"dseq": 77}])
def test_columns_that_say_something_else_than_the_bytes(database, told, audit: Device, values):
    change(entry(4).values(**values))
    assert any("the columns of entry 4 say something else than its bytes" in one for one in told())


def test_a_verdict_in_the_columns_that_the_log_does_not_know(database, told, audit: Device):
    change(entry(4).values(verdict="quarantined", verdict_code="chain.forked", verdict_facts="{}"))
    assert told() == [
        f"{name_of(audit)}: the columns say of entry 4 that it is set aside, and the server's last word in the log says nothing"
    ]


def test_another_time_since_which_an_entry_counts(database, told, audit: Device, aron):
    """By it is told which of two births, or of two seals, was the first."""
    early = Device(aron, audit.audit)
    early.add_finding("Not in the team yet")
    early.push()
    audit.add_member(aron)
    audit.push()
    assert told() == []
    change(entry(audit.cursor + 1).values(since=1))
    assert f"the columns say of entry {audit.cursor + 1} that it counts since 1, and" in told()[0]


@pytest.mark.parametrize("verdict", [None, "applied"])
def test_a_verdict_in_the_log_that_the_columns_do_not_know(database, told, audit: Device, aron, verdict):
    stranger = Device(aron, audit.audit)
    stranger.add_finding("Not in the team")
    stranger.push()
    assert told() == []
    change(entry(audit.cursor + 1).values(verdict=verdict))
    assert "the server's last word" in told()[0]
    assert "set aside (audit.not_assigned)" in told()[0]


def test_a_chain_whose_row_ends_elsewhere(database, told, audit: Device):
    change(sa.update(Chain).where(Chain.account == audit.person.account).values(tip_dseq=99, tip_digest="d" * 64))
    [wrong] = told()
    assert f"account {audit.person.account}" in wrong
    assert "says that it ends with number 99, and it ends with number" in wrong


def test_a_chain_that_has_no_row(database, told, audit: Device):
    change(sa.delete(ChainHead))
    change(sa.delete(Chain).where(Chain.account == audit.person.account))
    [wrong] = told()
    assert f"account {audit.person.account}" in wrong
    assert "has no row that says where it ends" in wrong


def test_a_number_of_a_chain_that_is_here_twice(database, told, audit: Device):
    change(entry(5).values(dseq=4))
    wrong = told()
    assert any("number 4 of the chain of account" in one and "is here twice" in one for one in wrong)


def test_a_signature_of_a_tablet_that_does_not_verify(database, told, audit: Device):
    change(sa.update(ChainHead).values(signature="A" * 86))
    assert any("signature under number" in one and "does not verify any more" in one for one in told())


def test_a_tablet_that_signed_what_is_not_here(database, told, audit: Device):
    change(sa.update(ChainHead).where(ChainHead.dseq == 7).values(digest="e" * 64))
    assert any("the tablet signed number 7" in one and "no such entry is here" in one for one in told())


def test_a_photo_that_is_gone(database, told, config: Config, audit: Device):
    EvidenceFiles(config).blobs.delete(key_of(audit))
    assert told() == [f"files: {name_of(audit)}: the bytes of evidence {SHA256} are gone"]
    assert told(is_quick=True) == [], "no file is looked at"


def test_a_photo_with_one_bit_turned(database, told, config: Config, audit: Device):
    path = EvidenceFiles(config).blobs.path(key_of(audit))
    path.write_bytes(bytes([PICTURE[0] ^ 1]) + PICTURE[1:])
    [wrong] = told()
    assert f"the file of evidence {SHA256} is not what it was" in wrong


def test_a_photo_whose_row_tells_another_size(database, told, audit: Device):
    change(sa.update(Blob).values(size=7))
    assert told() == [f"files: {name_of(audit)}: evidence {SHA256} has {len(PICTURE)} bytes, and its row says 7"]


def test_a_file_without_a_row(database, told, config: Config, audit: Device):
    other = bring(audit, b"another")
    change(sa.delete(Blob).where(Blob.sha256 == other))
    [wrong] = told()
    assert f"{other} has no row" in wrong
    assert name_of(audit) in wrong


def test_photos_of_an_audit_that_is_not_in_the_database(told, config: Config, audit: Device):
    strange = config.data_folder / "evidence" / audit.person.workspace / new_id()
    strange.mkdir()
    (strange / ("f" * 64)).write_bytes(b"")
    assert told() == [f"files: {strange} belongs to no audit of this database"]


def test_reports_that_are_gone_changed_or_of_nobody(database, told, config: Config, audit: Device):
    report = keep_report(config, audit)
    path = config.data_folder / "reports" / f"{report}.pdf"
    path.write_bytes(b"%PDF forged")
    assert f"{name_of(audit)}: the PDF of report {report} is not the one that was made" in told()[0]
    path.rename(path.with_name(f"{new_id()}.pdf"))
    gone, strange = told()
    assert f"{name_of(audit)}: the PDF of report {report} is gone" in gone
    assert "no report of this database is called so" in strange


def test_a_database_with_a_torn_page(told, config: Config, audit: Device):
    path = config.data_folder / "auditbook.sqlite3"
    with unit_of_work(SERVER) as session:
        session.connection().exec_driver_sql("COMMIT")
        session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        page, size = session.execute(
            sa.text(
                "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema WHERE name = 'operation'"
            )
        ).one()
        session.connection().exec_driver_sql("BEGIN")
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 200)
    assert told() != []


def test_of_a_log_in_which_everything_is_wrong_only_the_first_sentences_are_told(told, audit: Device):
    for _ in range(12):
        audit.add_finding()
    audit.push()
    change(sa.update(LoggedOperation).values(hash="b" * 64))
    wrong = told()
    assert len(wrong) == 21
    assert wrong[-1].startswith(f"{name_of(audit)}: and ")


@pytest.mark.slow
def test_damage_ends_the_command_with_1_and_names_the_last_backup(command: Command, audit: Device, place):
    said = command("doctor", "--quick")[1]
    assert "ok   1 logs with" in said
    assert "ok   last backup: none yet" in said
    command("backup", place)
    change(entry(4).values(hash="b" * 64))
    code, said, _ = command("doctor", "--quick")
    assert code == 1
    assert f"BAD  {name_of(audit)}: the running hash does not lead to entry 4" in said
    assert "ok   last backup: 20" in said
