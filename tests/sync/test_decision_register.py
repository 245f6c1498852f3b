"""The register of decisions stands beside the backups: what was erased or blocked stays so, whichever backup is put back."""

import json
import multiprocessing
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.domain.operation import digest_of
from server.domain.refusals import Refused
from server.identity import by_hand
from server.identity.passwords import hash_password
from server.storage import accounts, decision_register
from server.storage.clock import now_ms
from server.storage.decision_register import Erasure, PasswordSet, Register, TabletBlocked
from server.storage.identifiers import new_id
from server.storage.server_state import server_identity
from server.storage.tables.account import Account, Installation, SignInSession
from server.storage.tables.server import ServerState
from server.sync.erase import erase_content_of
from server.sync.restore import begin_again, catch_up_with_register
from tests.devices import Device, codes, new_audit, states
from tests.old_log import back_up, hand_back, put_back, remember

pytestmark = pytest.mark.slow

SECRET = "Mr Novak, a cleaner, was not trained."


def erase(person, device: Device, digest: str) -> None:
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, person.account)
    erase_content_of(person.account, roles, device.audit, [digest], "Withdrawn,\nby request of “N.”")


def first_digest(device: Device) -> str:
    return digest_of(device.made[0].encode())


@pytest.fixture
def told(database, lena) -> Device:
    device = new_audit(lena)
    device.set(device.add_finding(), "failure", SECRET)
    device.push()
    return device


@pytest.fixture
def register(config: Config) -> Path:
    return config.data_folder / "decisions.jsonl"


def test_an_erasure_is_a_line_of_the_register_before_it_is_answered(told: Device, paula, register: Path):
    erase(paula, told, told.prev)
    (line,) = register.read_text(encoding="utf-8").splitlines()
    written = json.loads(line)
    assert (written["audit"], written["erasure"], written["by"]) == (told.audit, told.prev, paula.account)
    assert written["reason"] == "Withdrawn,\nby request of “N.”"
    assert SECRET not in line
    assert stat.S_IMODE(register.stat().st_mode) == 0o600
    erase(paula, told, told.prev)
    assert len(register.read_text().splitlines()) == 1, "said twice it is written once"


def test_a_backup_from_before_is_erased_again_before_the_server_serves(told: Device, lena, paula, register: Path):
    backup = back_up()
    erase(paula, told, told.prev)
    put_back(backup)
    assert SECRET in str(remember(lena, told.audit).operations), "this is what a restore brings back"
    before = register.read_bytes()
    began = begin_again()
    assert (began.erased, began.unreadable_lines) == (1, ())
    page = remember(lena, told.audit)
    assert page.epoch == began.epoch
    assert SECRET not in str(page.operations)
    reader = Device(lena, told.audit)
    reader.pull()
    (why,) = reader.view().erased.values()
    assert (why["by"], why["reason"]) == (paula.account, "Withdrawn,\nby request of “N.”")
    assert set(states(told.push(told.made))) == {"duplicate"}
    assert SECRET not in str(remember(lena, told.audit).operations)
    assert register.read_bytes().startswith(before), "it is never written anew"


def test_at_its_start_the_server_looks_as_well(told: Device, lena, paula):
    backup = back_up()
    erase(paula, told, told.prev)
    put_back(backup)
    assert catch_up_with_register().erased == 1
    assert SECRET not in str(remember(lena, told.audit).operations)
    head = Device(lena, told.audit).ask_page()["head"]
    assert catch_up_with_register().erased == 0
    assert Device(lena, told.audit).ask_page()["head"] == head


def test_content_that_comes_only_after_the_restore_is_not_taken_in(database, lena, paula):
    device = new_audit(lena)
    device.push()
    backup = back_up()
    device.set(f"audit/{device.audit}", "scope", SECRET)
    device.push()
    erase(paula, device, device.prev)
    put_back(backup)
    assert begin_again().erased == 0
    device.push(device.made)
    assert SECRET not in str(remember(lena, device.audit).operations)


def test_a_torn_last_line_is_said_and_keeps_nothing_from_being_read_or_written(told: Device, paula, register: Path):
    backup = back_up()
    erase(paula, told, told.prev)
    with register.open("ab") as file:
        file.write(b'{"audit": "0191')
    put_back(backup)
    began = begin_again()
    assert (began.erased, began.unreadable_lines) == (1, (2,))
    erase(paula, told, first_digest(told))
    torn = register.read_bytes()
    assert torn.endswith(b"}\n")
    assert b'{"audit": "0191\n{' in torn, "what comes next begins on a line of its own"
    read = decision_register.read(register)
    assert [erasure.digest for erasure in read.erasures] == [told.prev, first_digest(told)]
    assert read.unreadable == (2,)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "7",
        "{}",
        '{"audit": 7}',
        '{"tablet_blocked": "x", "at": 1}',
        '{"password_set": 7, "at": 1}',
        "\ufffd",
        "[" * 100_000,
    ],
)
def test_whatever_stands_in_a_line_that_cannot_be_read_is_said(tmp_path: Path, line: str):
    path = tmp_path / "register"
    path.write_text(f"{line}\n", encoding="utf-8")
    assert decision_register.read(path) == Register(unreadable=() if line == "" else (1,))


def test_what_the_table_alone_knows_is_added_to_the_register(told: Device, paula, register: Path):
    """It was lost, or has been given another place."""
    erase(paula, told, told.prev)
    before = register.read_bytes()
    register.unlink()
    catch_up_with_register()
    assert register.read_bytes() == before


def test_a_decision_about_a_workspace_that_the_backup_lacks_stays_in_the_register(told: Device, register: Path):
    decision = Erasure(new_id(), "0" * 64, new_id(), "Withdrawn.", new_id(), 1_795_000_000_000)
    decision_register.append(register, [decision])
    began = begin_again()
    assert (began.erased, began.unknown) == (0, 1)
    assert decision_register.read(register).erasures == (decision,)


def test_where_the_register_cannot_be_written_nothing_is_erased(told: Device, lena, paula, register: Path):
    register.mkdir()
    with pytest.raises(Refused) as refused:
        erase(paula, told, told.prev)
    assert refused.value.refusal.code == "server.busy"
    assert SECRET in str(remember(lena, told.audit).operations)


def test_processes_that_write_at_once_leave_whole_lines(tmp_path: Path):
    path = tmp_path / "register"
    with multiprocessing.get_context("fork").Pool(8) as processes:
        processes.map(_append_many, [str(path)] * 8)
    read = decision_register.read(path)
    assert (len(read.erasures), read.unreadable) == (160, ())


def _append_many(path: str) -> None:
    for number in range(20):
        decision = Erasure(new_id(), f"{number:064d}", new_id(), "x" * 2000, new_id(), number)
        decision_register.append(Path(path), [decision])


def test_the_register_stands_where_the_setting_says(tmp_path: Path):
    assert Config(data=str(tmp_path)).decision_register_path == tmp_path / "decisions.jsonl"
    elsewhere = Config(data=str(tmp_path), decision_register=str(tmp_path / "far" / "register"))
    assert elsewhere.decision_register_path == tmp_path / "far" / "register"


ACCESS = {Account: ("password_hash", "password_set_at"), Installation: ("revoked_at",), SignInSession: ("revoked_at",)}
Access = list[tuple[Any, dict[str, Any]]]


def back_up_access() -> Access:
    with reading(SERVER) as session:
        return [
            (table, {"id": row.id, **{name: getattr(row, name) for name in names}})
            for table, names in ACCESS.items()
            for row in session.scalars(sa.select(table))
        ]


def put_back_access(backup: Access) -> None:
    with unit_of_work(SERVER) as session:
        for table, values in backup:
            session.execute(sa.update(table).where(table.id == values["id"]).values(values))


def test_a_tablet_that_was_blocked_since_the_backup_stays_blocked(database, lena, register: Path):
    device = new_audit(lena)
    device.push()
    backup = back_up_access()
    assert by_hand.block_installation(lena.installation) == 1
    put_back_access(backup)
    assert begin_again().blocked == 1
    pulled = lena.get(f"/api/audits/{device.audit}/operations")
    assert pulled.json["code"] == "account.installation_revoked"
    assert catch_up_with_register().blocked == 0
    assert decision_register.read(register).tablets == {lena.installation: True}


def test_a_tablet_that_was_let_in_since_the_backup_waits_to_be_let_in_again(database, lena):
    """The backup says blocked; nobody is let in by a file alone."""
    device = new_audit(lena)
    device.push()
    by_hand.block_installation(lena.installation)
    backup = back_up_access()
    by_hand.unblock_installation(lena.installation)
    put_back_access(backup)
    assert begin_again().blocked == 0
    pulled = lena.get(f"/api/audits/{device.audit}/operations")
    assert pulled.json["code"] == "account.installation_revoked"


def test_a_blocked_tablet_that_the_backup_does_not_know_is_not_enrolled_anew(database, lena, register: Path):
    unknown = new_id()
    decision_register.append(register, [TabletBlocked(unknown, True, 1)])
    begin_again()
    enrolment = {"id": unknown, "name": "Tablet", "public_key": None}
    assert lena.api.put(f"/api/installations/{unknown}", json=enrolment).json["code"] == "account.installation_revoked"


def test_a_blocked_tablet_that_the_backup_does_not_know_hands_in_its_work_and_can_be_let_in(
    database, lena, register: Path
):
    """The simulator found it: nobody could let in what was not there, and its work had nowhere to go."""
    unknown = replace(lena, installation=new_id())
    decision_register.append(register, [TabletBlocked(unknown.installation, True, 1)])
    begin_again()
    path = f"/api/installations/{unknown.installation}"
    enrolment = {"id": unknown.installation, "name": "Tablet", "public_key": None}
    assert unknown.api.put(path, json=enrolment).json["code"] == "account.installation_revoked"
    device = new_audit(unknown)
    assert set(codes(device.push())) == {"account.installation_revoked"}
    assert by_hand.unblock_installation(unknown.installation) == 1
    assert unknown.api.put(path, json=enrolment).status_code == 200
    device.pull()
    assert device.is_safe()


def test_a_password_that_was_changed_since_the_backup_lets_nobody_in(database, lena, register: Path):
    with unit_of_work(SERVER) as session:
        accounts.set_password(session, lena.account, hash_password("the one that was known to somebody"), now_ms())
    backup = back_up_access()
    assert by_hand.reset_password(lena.email, "a quite new password")
    put_back_access(backup)
    assert lena.api.get("/api/session").status_code == 200
    began = begin_again()
    assert began.without_password == (lena.email,)
    assert lena.api.get("/api/session").status_code == 401, "whoever was signed in by the old one is out"
    for password in ("the one that was known to somebody", "a quite new password"):
        answer = lena.api.post("/api/session", json={"email": lena.email, "password": password})
        assert answer.json["code"] == "account.wrong_credentials"
    assert catch_up_with_register().without_password == ()
    assert by_hand.reset_password(lena.email, "and another new one")
    answer = lena.api.post("/api/session", json={"email": lena.email, "password": "and another new one"})
    assert answer.status_code == 200
    assert set(decision_register.read(register).passwords) == {lena.account}


def test_a_password_of_somebody_whom_the_backup_does_not_know_is_passed_over(database, app, register: Path):
    decision_register.append(register, [PasswordSet(new_id(), 1_795_000_000_000)])
    assert begin_again().without_password == ()


def set_password(person, password: str, at: int) -> None:
    with unit_of_work(SERVER) as session:
        accounts.set_password(session, person.account, hash_password(password), at)


def signs_in(person, password: str) -> bool:
    given = {"email": person.email, "password": password}
    return person.app.test_client().post("/api/session", json=given).status_code == 200


def test_a_password_that_was_set_after_the_clock_was_put_back_stays(database, lena):
    now = now_ms()
    set_password(lena, "the first one of today", now + 3_600_000)
    set_password(lena, "the newest one of today", now)
    catch_up_with_register()
    assert signs_in(lena, "the newest one of today")


@pytest.mark.parametrize("later", [0, -1000], ids=["in the same millisecond", "the clock was put back"])
def test_an_old_password_does_not_come_back_whatever_the_clock_says(database, lena, later: int):
    now = now_ms() + 10_000
    set_password(lena, "known to somebody by now", now)
    backup = back_up_access()
    set_password(lena, "the newest one of today", now + later)
    put_back_access(backup)
    begin_again()
    assert not signs_in(lena, "known to somebody by now")


def test_by_which_names_the_server_has_written_is_known_whatever_backup_is_put_back(told: Device, register: Path):
    """Words that it said under one of them may be lost. A tablet that names another one has made it up."""
    with reading(SERVER) as session:
        first = server_identity(session).installation
    assert catch_up_with_register().erased == 0
    assert not register.exists(), "a server that was never restored has one name, and tells none"
    begin_again()
    with reading(SERVER) as session:
        second = server_identity(session).installation
    assert decision_register.read(register).servers == {first, second}
    with unit_of_work(SERVER) as session:
        # The older backup once more: it knows nothing of the second life.
        row = session.get_one(ServerState, 1)
        row.installation, row.former = first, "[]"
    begin_again()
    with reading(SERVER) as session:
        assert server_identity(session).former == {first, second}
    register.unlink()
    catch_up_with_register()
    assert decision_register.read(register).servers >= {first, second}


def test_a_server_that_has_lost_its_log_key_begins_an_epoch_and_so_does_a_database_from_before_that(told: Device):
    """Nothing that was signed with the old key proves anything, so no tablet could show that the database was put back."""
    assert catch_up_with_register("1" * 64).epoch == "", "the first one that it hears of"
    assert catch_up_with_register("1" * 64).epoch == ""
    with unit_of_work(SERVER) as session:
        before = vars(session.get_one(ServerState, 1)).copy()
    lost = catch_up_with_register("2" * 64)
    assert lost.epoch != ""
    assert catch_up_with_register("2" * 64).epoch == ""
    with unit_of_work(SERVER) as session:
        row = session.get_one(ServerState, 1)
        row.epoch, row.installation, row.former, row.log_key = (
            before[name] for name in ("epoch", "installation", "former", "log_key")
        )
    assert catch_up_with_register("2" * 64).epoch not in ("", lost.epoch, before["epoch"])
    assert catch_up_with_register().epoch == "", "a command that signs nothing"
    begin_again()
    assert catch_up_with_register("3" * 64).epoch == "", "told, it has begun already"


def test_the_epoch_that_a_tablet_brings_about_knows_the_key_that_signs_in_it(told: Device, lena):
    backup = back_up()
    told.add_finding("After the backup")
    told.push()
    old = remember(lena, told.audit)
    put_back(backup, is_told=False)
    assert hand_back(lena, old).status_code == 200
    with reading(SERVER) as session:
        assert server_identity(session).epoch != old.epoch
    assert catch_up_with_register("2" * 64).epoch != "", "a backup of now, and another key"


def test_a_database_from_before_a_restore_that_is_put_back_without_a_word_begins_an_epoch_at_the_next_start(
    told: Device,
):
    with reading(SERVER) as session:
        before = server_identity(session)
    later = begin_again().epoch
    assert catch_up_with_register().epoch == ""
    with unit_of_work(SERVER) as session:
        row = session.get_one(ServerState, 1)
        row.epoch, row.installation, row.former = before.epoch, before.installation, "[]"
    began = catch_up_with_register().epoch
    assert began not in ("", before.epoch, later)
    assert catch_up_with_register().epoch == ""
