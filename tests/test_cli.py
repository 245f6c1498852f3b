"""The command line as a person meets it: what is said, what it ends with, and that a server stops when it is asked to."""

import io
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from server.cli import main
from server.config import Config
from server.database import SERVER, reading
from server.storage import accounts
from server.sync.erase import erase_content_of
from tests.devices import new_audit
from tests.old_log import back_up, put_back, remember
from tests.people import Person

pytestmark = pytest.mark.slow

PASSWORD = "three unrelated words"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(config: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command over the test's database: the exit code, and what was said on both streams."""
    monkeypatch.setenv("AUDITBOOK_DATA", config.data)

    def run_command(*argv: str, typed: str = "", **settings: str) -> tuple[int, str, str]:
        for name, value in settings.items():
            monkeypatch.setenv(f"AUDITBOOK_{name.upper()}", value)
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        try:
            code = main(argv)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_command


@pytest.mark.parametrize(
    "command",
    [
        (), ("serve",), ("worker",), ("account",), ("account", "create"), ("account", "reset-password"),
        ("device",), ("device", "list"), ("device", "block"), ("device", "unblock"), ("doctor",), ("backup",), ("restore",), ("restored",), ("import",), ("verify",),
    ],
)  # fmt: skip
def test_every_command_explains_itself(run: Run, command: tuple[str, ...]):
    code, said, _ = run(*command, "--help")
    assert code == 0
    assert re.search(r"^[A-Z][^.]+[.:]", said, re.MULTILINE), "in a sentence"


def test_a_misspelt_setting_is_said_and_nothing_is_done(run: Run):
    code, _, complaint = run("doctor", smpt_host="mail.example")
    assert (code, complaint) == (
        2,
        "auditbook: AUDITBOOK_SMPT_HOST is not a setting of Auditbook. docs/operations.md lists them all.\n",
    )


def test_an_account_is_made_and_can_sign_in(run: Run, lena: Person):
    code, said, _ = run(
        "account", "create", "ada@example.org", "--name", "Ada", "--role", "reader", "--workspace", "Nordcert",
        typed=f"{PASSWORD}\n",
    )  # fmt: skip
    assert (code, said) == (0, "ada@example.org can sign in now.\n")
    answer = lena.app.test_client().post("/api/session", json={"email": "ada@example.org", "password": PASSWORD})
    assert answer.json["workspaces"][0]["id"] == lena.workspace


def test_a_refusal_is_one_sentence(run: Run, lena: Person):
    given = ("account", "create", lena.email, "--name", "Lena", "--role", "reader")
    weak = run(*given, typed="short\n")
    assert (weak[0], weak[2]) == (
        2,
        "auditbook: The password is shorter than 12 characters. Three or four unrelated words make a good one.\n",
    )
    taken = run(*given, typed=f"{PASSWORD}\n")
    assert taken[0] == 2
    assert taken[2].startswith("auditbook: There is an account with this address already.")


def test_a_password_is_reset_and_the_account_is_out_everywhere(run: Run, lena: Person):
    assert run("account", "reset-password", lena.email, typed=f"{PASSWORD}\n")[0] == 0
    assert lena.get("/api/session").status_code == 401
    code, _, complaint = run("account", "reset-password", "nobody@example.org", typed=f"{PASSWORD}\n")
    assert (code, complaint.splitlines()[-1]) == (
        2,
        "auditbook: There is no account with the address nobody@example.org.",
    )


def test_a_lost_tablet_is_found_in_the_list_and_blocked(run: Run, lena: Person, aron: Person):
    code, said, _ = run("device", "list", lena.email)
    assert (code, said.count("\n")) == (0, 1)
    assert re.fullmatch(rf"{lena.installation}  lena@example\.org  seen \d{{4}}-\d\d-\d\d  tablet\n", said)
    assert run("device", "list")[1].count("\n") >= 2
    assert run("device", "block", lena.installation)[0] == 0
    assert re.search(r"  blocked \d{4}-\d\d-\d\d  ", run("device", "list", lena.email)[1])
    code, _, complaint = run("device", "block", lena.installation)
    assert (code, complaint) == (
        2,
        f"auditbook: No tablet with the id {lena.installation} is enrolled, or it was blocked before.\n",
    )
    assert run("device", "block", "the-one-in-the-train")[0] == 2


def test_a_tablet_that_was_found_again_is_let_in(run: Run, lena: Person):
    run("device", "block", lena.installation)
    assert lena.get("/api/audits").status_code == 403
    assert run("device", "unblock", lena.installation)[0] == 0
    assert lena.get("/api/audits").status_code == 200
    assert run("device", "unblock", lena.installation)[0] == 2


def test_the_list_of_tablets_is_for_people(run: Run, lena: Person):
    name = "tablet\x1b[2J\nof somebody else"
    enrolment = {"id": lena.installation, "name": name, "public_key": None}
    assert lena.api.put(f"/api/installations/{lena.installation}", json=enrolment).status_code == 200
    said = run("device", "list", lena.email)[1]
    assert said.endswith("  tablet?[2J?of somebody else\n"), "a name cannot steer the terminal, nor begin a line"
    code, _, complaint = run("device", "list", "nobody@example.org")
    assert (code, complaint) == (2, "auditbook: No tablet is enrolled for nobody@example.org.\n")


def test_after_a_restore_a_new_epoch_begins_and_what_was_erased_is_erased_again(
    run: Run, config: Config, lena: Person, paula: Person
):
    device = new_audit(lena)
    text = device.set(f"audit/{device.audit}", "scope", "to be erased")
    device.push()
    backup = back_up()
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    erase_content_of(paula.account, roles, device.audit, [device.prev], "Withdrawn.")
    before = put_back(backup)
    with config.decision_register_path.open("a") as register:
        register.write("torn")
    code, said, complaint = run("restored")
    assert (code, "The content of 1 entries" in said) == (0, True)
    assert "line 2 of the register of decisions cannot be read" in complaint
    page = remember(lena, device.audit)
    assert text not in page.operations
    assert page.epoch in said
    assert page.epoch != before


@pytest.mark.slow
def test_the_doctor_finds_nothing_wrong_with_a_fresh_server(run: Run, config: Config, tmp_path: Path):
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/index.html").write_text("")
    code, said, _ = run("doctor", pwa=str(tmp_path / "dist"))
    assert code == 0, said
    assert said.endswith("\nEverything works.\n")
    assert "NOT FOR PRODUCTION" in said
    assert str(config.data_folder / "mail") in said


def test_the_doctor_says_what_is_wrong(run: Run, tmp_path: Path):
    code, said, _ = run(
        "doctor",
        data=str(tmp_path / "empty"),
        pwa=str(tmp_path / "none"),
        smtp_host="127.0.0.1",
        smtp_port="1",
        signing_pkcs12=str(tmp_path / "missing.p12"),
    )
    assert code == 1
    bad = [line for line in said.splitlines() if line.startswith("BAD")]
    assert [re.split(r"[ :]", line.removeprefix("BAD  "))[0] for line in bad] == ["SQLite", "signing", "mail", "tablet"]
    assert "it is empty; `auditbook serve` fills it" in bad[0]
    assert "ConnectionRefusedError" in bad[2]
    assert said.endswith("\n4 of these need attention.\n")


@pytest.mark.slow
@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("demo", "says"), [("1", "hall three torque wrench"), ("0", "/#/join/first/")])
def test_a_server_says_how_to_begin_and_stops_when_asked(
    tmp_path: Path, ended_by: signal.Signals, demo: str, says: str
):
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "AUDITBOOK_DATA": str(tmp_path), "AUDITBOOK_PORT": "0", "AUDITBOOK_DEMO": demo,
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "server.cli", "serve"], env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        said = ""
        while says not in said:
            line = server.stdout.readline()
            assert line, f"it ended after: {said}"
            said += line
        address = re.search(r"is served at (http://localhost:\d+)\n", said)
        assert address, said
        with urllib.request.urlopen(f"{address[1]}/api/state", timeout=10) as answer:
            assert answer.status == 200
        server.send_signal(ended_by)
        assert server.wait(timeout=30) == 0
