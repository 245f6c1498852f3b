"""
A file that a tablet wrote to be taken out by hand, at the server. `lena.zip.age` was written by the app itself
(pwa/src/handover/handover.test.ts): an audit that Lena began, with a finding and a photo, none of which was ever sent.
"""

import base64
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server.cli import main
from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.domain.fold import fold_log
from server.domain.operation import erase_content
from server.domain.refusals import Refused
from server.handover.age import decrypt
from server.handover.read import opened
from server.handover.take_in import Taken, take_in
from server.identity.by_hand import block_installation
from server.storage import accounts, audits
from server.storage import operation_log as log
from server.storage.blobs import BlobKey
from server.storage.clock import now_ms
from server.storage.disk import sha256_of
from server.storage.evidence_store import EvidenceFiles
from server.storage.identifiers import new_id
from server.storage.tables.operation import LoggedOperation
from tests.handover.sealing import sealed
from tests.people import enter_under_ids

pytestmark = pytest.mark.slow

FILE = Path(__file__).with_name("lena.zip.age")
PASSPHRASE = "lusab-babad-gutih-tugad"
LENA = "0191e6a0-0000-7000-8000-0000000000a1"
AUDIT = "0191e6a0-0000-7000-8000-000000000a0d"
WORKSPACE = "0191e6a0-0000-7000-8000-00000000c0de"


@pytest.fixture(scope="module")
def contents() -> dict[str, Any]:
    """What the file says about itself."""
    with zipfile.ZipFile(io.BytesIO(plain())) as archive:
        said: dict[str, Any] = json.loads(archive.read("handover.json"))
        return said


def plain() -> bytes:
    target = io.BytesIO()
    with FILE.open("rb") as source:
        decrypt(source, target, PASSPHRASE)
    return target.getvalue()


@pytest.fixture
def lena_of_the_file(app, contents) -> str:
    """The account and the tablet that the file names, as this server has them. The id of the tablet."""
    [tablet] = [one for one in contents["installations"] if one["account"] == LENA]
    public_key = base64.urlsafe_b64decode(tablet["public_key"] + "=" * (-len(tablet["public_key"]) % 4))
    enter_lena()
    with unit_of_work(SERVER) as session:
        accounts.enrol_installation(
            session, tablet["installation"], LENA, name="tablet", public_key=public_key, now=now_ms()
        )
    installation: str = tablet["installation"]
    return installation


def enter_lena() -> None:
    now = now_ms()
    with unit_of_work(SERVER) as session:
        enter_under_ids(session, workspace=WORKSPACE, account=LENA, now=now)


def taken(config: Config, path: Path = FILE, passphrase: str = PASSPHRASE) -> Taken:
    with opened(path, passphrase) as handover:
        [audit] = take_in(handover, EvidenceFiles(config))
    return audit


def test_a_file_that_the_app_wrote_becomes_its_authors_audit(database, app, config, lena_of_the_file, contents):
    done = taken(config)
    assert (done.new, done.known, done.photos) == (7, 0, 1)
    assert not done.quarantined and not done.refused
    with reading(SERVER) as session:
        view = fold_log(log.load_entries(session, AUDIT))
        senders = {row.sent_by_account for row in session.query(LoggedOperation)}
        author = audits.find_audit(session, AUDIT).created_by
    assert [finding.get("title") for finding in view.of_kind("finding")] == ["No calibration record"]
    assert senders == {LENA} == {author}
    [photo] = contents["evidence"]
    files = EvidenceFiles(config)
    assert sha256_of(files.blobs.path(BlobKey(WORKSPACE, AUDIT, photo["sha256"]))) == photo["sha256"]


def test_it_may_be_taken_in_twice(database, app, config, lena_of_the_file):
    taken(config)
    again = taken(config)
    assert (again.new, again.known, again.photos, again.photos_known) == (0, 7, 0, 1)
    with reading(SERVER) as session:
        assert audits.find_audit(session, AUDIT).head_seq == 7


def test_what_a_blocked_tablet_wrote_is_set_aside(database, app, config, lena_of_the_file):
    block_installation(lena_of_the_file)
    done = taken(config)
    assert done.new == 0
    assert sum(done.quarantined.values()) + sum(done.refused.values()) == 7


def test_a_tablet_that_nobody_knows_writes_nothing_into_this_server(database, app, config):
    enter_lena()
    done = taken(config)
    assert (done.new, dict(done.refused), done.photos_refused) == (0, {"handover.unknown_tablet": 7}, 1)


def test_what_nobody_can_vouch_for_is_kept_aside_in_an_audit_that_is_known(database, app, config, lena_of_the_file):
    taken(config)
    stranger = new_id()
    text = json.dumps(
        {"v": 1, "chain": {"installation": stranger, "account": LENA, "audit": AUDIT}, "dseq": 1, "prev": "0" * 64}
    )
    batch = {
        "protocol": 1,
        "installation": stranger,
        "account": LENA,
        "announced": {"dseq": 1, "digest": "0" * 64},
        "head_signature": "A" * 86,
        "operations": [f"{text}\n{{}}"],
    }

    def with_stranger(entries: dict[str, bytes]) -> None:
        entries[f"audits/{AUDIT}/batches.jsonl"] += json.dumps(batch).encode() + b"\n"
        said = json.loads(entries["handover.json"])
        said["audits"][0]["batches"] += 1
        said["audits"][0]["operations"] += 1
        entries["handover.json"] = json.dumps(said).encode()

    path = written(config.data_folder / "changed.zip.age", changed(with_stranger))
    done = taken(config, path)
    assert (done.new, done.known, sum(done.quarantined.values())) == (0, 7, 1)


@pytest.mark.parametrize("is_erased", [False, True])
def test_the_log_in_a_file_puts_right_what_has_rotted_at_the_server(app, config, run, lena_of_the_file, is_erased):
    """A tablet that has nothing to send writes such a file as well; of what was erased it has the header alone."""
    taken(config)
    if is_erased:
        with unit_of_work(SERVER) as session:
            [erased] = session.query(LoggedOperation).filter(LoggedOperation.seq == 6)
            erased.data, erased.content_sha256 = erase_content(erased.data)
    with reading(SERVER) as session:
        rows = list(session.query(LoggedOperation).order_by(LoggedOperation.seq))
        session.expunge_all()

    def only_the_log(entries: dict[str, bytes]) -> None:
        said = json.loads(entries["handover.json"])
        receipt = {"at": "2026-11-24T09:41:07.250Z", "key": "a" * 64, "signature": "A" * 86}
        log = {"epoch": new_id(), "seq": len(rows), "hash": rows[-1].hash, "receipt": receipt}
        said["audits"][0] |= {"log": log, "batches": 0, "operations": 0}
        lines = [
            {"seq": row.seq, "data": row.data.decode(), "origin": row.origin, "received_at": receipt["at"]}
            | ({"content_sha256": row.content_sha256} if row.content_sha256 else {})
            for row in rows
        ]
        rest = {name: content for name, content in entries.items() if name.startswith("evidence/")}
        entries.clear()
        entries["handover.json"] = json.dumps(said).encode()
        entries[f"audits/{AUDIT}/log.jsonl"] = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        entries |= {BATCHES: b""} | rest

    path = written(config.data_folder / "log.zip.age", changed(only_the_log))
    with unit_of_work(SERVER) as session:
        [rotten] = session.query(LoggedOperation).filter(LoggedOperation.seq == 6)
        rotten.data = rotten.data[:40] + b"?" + rotten.data[41:]
    code, said, _ = run(path, f"{PASSPHRASE}\n")
    assert (code, "Damaged here, and put right from this file: entry 6." in said) == (0, True)
    with reading(SERVER) as session:
        assert [row.data for row in session.query(LoggedOperation).order_by(LoggedOperation.seq)] == [
            row.data for row in rows
        ]
    assert "put right" not in run(path, f"{PASSPHRASE}\n")[1]


# --- The command


@pytest.fixture
def run(config: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    monkeypatch.setenv("AUDITBOOK_DATA", config.data)

    def run_import(path: Path, typed: str, *more: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = main(["import", str(path), *more])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_import


def test_the_command_says_what_was_new_and_what_was_here(run, lena_of_the_file):
    code, said, _ = run(FILE, f"{PASSPHRASE}\n")
    assert code == 0
    assert "Written by Lena at " in said
    assert "7 entries are new, 0 were here already." in said
    assert "1 photos are new, 0 were here already." in said
    _, said, _ = run(FILE, f" {PASSPHRASE} \n")
    assert "0 entries are new, 7 were here already." in said


def test_the_command_says_what_is_wrong_with_a_file(run, tmp_path, app):
    assert run(FILE, "another passphrase\n")[::2] == (
        2,
        "auditbook: The passphrase does not fit this file. Type it exactly as the other tablet showed it.\n",
    )
    code, _, said = run(tmp_path / "nowhere", "x\n")
    assert (code, said) == (2, f"auditbook: {tmp_path / 'nowhere'} cannot be read: No such file or directory.\n")


def test_whoever_runs_the_server_may_say_whose_work_of_an_unknown_tablet_is(run, app, capsys):
    enter_lena()
    code, said, _ = run(FILE, f"{PASSPHRASE}\n")
    assert (code, "--vouch-for" in said) == (1, True)
    code, _, complaint = run(FILE, f"{PASSPHRASE}\n", "--vouch-for", "nobody@example.org")
    assert (code, "Nobody has an account with the address nobody@example.org." in complaint) == (2, True)
    with reading(SERVER) as session:
        email = accounts.account_by_id(session, LENA).email
    code, said, _ = run(FILE, f"{PASSPHRASE}\n", "--vouch-for", email)
    assert (code, "1 photos are new" in said) == (0, True)
    assert (
        f"7 of them come from a tablet that this server did not know: they count as written by {email} on your word."
        in said
    )
    assert main(["device", "list", email]) == 0
    assert "vouched for 20" in capsys.readouterr().out


# --- Poison


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(sealed(content, PASSPHRASE))
    return path


def changed(change: Callable[[dict[str, bytes]], None], compression: int = zipfile.ZIP_STORED) -> bytes:
    """The file that the app wrote, with other entries."""
    with zipfile.ZipFile(io.BytesIO(plain())) as archive:
        entries = {one.filename: archive.read(one) for one in archive.infolist()}
    change(entries)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def put(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda entries: entries.__setitem__(name, content)


def say(**said: Any) -> Callable[[dict[str, bytes]], None]:
    def change(entries: dict[str, bytes]) -> None:
        entries["handover.json"] = json.dumps(json.loads(entries["handover.json"]) | said).encode()

    return change


BATCHES = f"audits/{AUDIT}/batches.jsonl"
POISON: dict[str, tuple[str, Callable[[], bytes]]] = {
    "nothing": ("malformed", lambda: b""),
    "no zip": ("malformed", lambda: b"PK and then some text"),
    "a zip of somebody else": ("not_a_handover", lambda: changed(lambda entries: entries.pop("handover.json"))),
    "an entry that leads out of the folder": ("malformed", lambda: changed(put("../../etc/cron.d/evil", b"x"))),
    "an entry with an absolute path": ("malformed", lambda: changed(put("/etc/passwd", b"x"))),
    "an entry too many": ("malformed", lambda: changed(put("evidence/" + "0" * 64, b"x"))),
    "an entry that lacks": ("malformed", lambda: changed(lambda entries: entries.pop(BATCHES))),
    "packed entries": ("malformed", lambda: changed(lambda _: None, zipfile.ZIP_DEFLATED)),
    "a bomb": ("malformed", lambda: changed(put("bomb", bytes(50_000_000)), zipfile.ZIP_DEFLATED)),
    "ten thousand entries": (
        "malformed",
        lambda: changed(lambda entries: entries.update({f"evidence/{n:064x}": b"" for n in range(10_000)})),
    ),
    "a list of contents that is a list": ("not_a_handover", lambda: changed(put("handover.json", b"[]"))),
    "a list of contents that is no text": ("malformed", lambda: changed(put("handover.json", b"\xff\xfe"))),
    "a list of contents that is deep": ("malformed", lambda: changed(put("handover.json", b"[" * 100_000))),
    "audits that are a number": ("malformed", lambda: changed(say(audits=7))),
    "another version": ("other_version", lambda: changed(say(version=2))),
    "batches that are no JSON": ("malformed", lambda: changed(put(BATCHES, b"{\n"))),
    "batches that are of another type": ("malformed", lambda: changed(put(BATCHES, b"7\n"))),
    "batches without an end": ("malformed", lambda: changed(put(BATCHES, b"{}"))),
    "batches that are fewer than was said": ("malformed", lambda: changed(put(BATCHES, b""))),
}


@pytest.mark.parametrize("poison", POISON)
def test_poison_is_refused_and_nothing_is_taken_in(poison, config, lena_of_the_file):
    code, make = POISON[poison]
    path = written(config.data_folder / "poison.zip.age", make())
    with pytest.raises(Refused) as refused:
        taken(config, path)
    assert refused.value.refusal.code == f"handover.{code}"
    assert is_untouched()


def test_a_photo_that_is_another_one_is_refused_and_nothing_is_taken_in(config, lena_of_the_file, contents):
    [photo] = contents["evidence"]
    path = written(config.data_folder / "p.age", changed(put(f"evidence/{photo['sha256']}", bytes(photo["size"]))))
    with pytest.raises(Refused):
        taken(config, path)
    assert is_untouched()


def is_untouched() -> bool:
    with reading(SERVER) as session:
        return audits.find_audit(session, AUDIT) is None and not session.query(LoggedOperation).count()


def test_a_byte_that_is_another_one_is_found_wherever_it_is(tmp_path):
    """And so is an end that lacks. The scrypt of the app is slow by intent; this file is the same with a quick one."""
    whole = sealed(plain(), PASSPHRASE)
    codes = set()
    for at in range(0, len(whole), 1000):
        for poison in (whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :], whole[:at]):
            with pytest.raises(Refused) as refused:
                decrypt(io.BytesIO(poison), io.BytesIO(), PASSPHRASE)
            codes.add(refused.value.refusal.code)
    assert codes <= {"handover.damaged", "handover.wrong_passphrase", "handover.not_a_handover"}
    with pytest.raises(Refused):
        decrypt(io.BytesIO(whole + b"x"), io.BytesIO(), PASSPHRASE)


def test_a_file_that_wants_a_gigabyte_is_not_tried(tmp_path):
    greedy = sealed(b"", PASSPHRASE).replace(b" 4\n", b" 22\n", 1)
    with pytest.raises(Refused) as refused:
        decrypt(io.BytesIO(greedy), io.BytesIO(), PASSPHRASE)
    assert refused.value.refusal.code == "handover.not_a_handover"


def test_without_us_anybody_who_can_unzip_gets_at_the_photo(tmp_path, contents):
    """`age -d` gives this ZIP; the rest is a tool that every machine has."""
    (tmp_path / "lena.zip").write_bytes(plain())
    subprocess.run([sys.executable, "-m", "zipfile", "-e", "lena.zip", "."], cwd=tmp_path, check=True)
    [photo] = contents["evidence"]
    assert sha256_of(tmp_path / "evidence" / photo["sha256"]) == photo["sha256"]
