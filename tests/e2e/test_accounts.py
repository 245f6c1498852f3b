"""Getting in: the first administrator of an empty server, an invitation, a forgotten password; and who sees nothing of an audit."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Tablets
from tests.e2e.serving import Mailbox, Server

pytestmark = pytest.mark.slow

FOUNDER = "nora@example.org"
PASSWORD = "three unrelated words here"


@dataclass(frozen=True)
class Founding:
    server: Server
    link: str
    """The first administrator's, as it was printed."""


@pytest.fixture(scope="module")
def empty(mailbox: Mailbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Founding]:
    """A server without a demonstration and without anybody in it. The tests here found it, one after the other."""
    data = tmp_path_factory.mktemp("empty") / "data"
    with Server(data, smtp_port=mailbox.port, AUDITBOOK_DEMO="0") as server:
        printed = re.search(r"http://localhost:\d+/#/join/first/\S+", server.log())
        assert printed is not None, server.log()
        yield Founding(server, printed.group())


@pytest.fixture
def people(tablet: Tablets, empty: Founding) -> Tablets:
    """Tablets that open the empty server."""
    tablet.address = empty.server.address
    return tablet


def code_in(mail: str) -> str:
    """It stands alone in its line, for typing it in."""
    codes = re.findall(r"^([A-Za-z0-9_-]{8,})$", mail.replace("\r", ""), re.MULTILINE)
    assert len(codes) == 1, mail
    return str(codes[0])


def newest_to(mailbox: Mailbox, recipient: str, subject: str) -> str:
    """The body of the mail that was sent last, once it is there."""
    for arrived in range(1, 20):
        mailbox.wait_for(arrived)
        message = mailbox.messages()[arrived - 1]
        if recipient in message["To"] and subject in message["Subject"]:
            return str(message.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    raise AssertionError("twenty mails, and none of them is the one")


def test_the_printed_link_makes_the_first_administrator_and_works_once(people: Tablets, empty: Founding):
    nora = people("nora")
    nora.page.goto(empty.link)
    nora.joins("Nora Lind", PASSWORD)
    expect(nora.page.get_by_role("checkbox")).to_have_count(0)
    nora.page.get_by_label("E-mail").fill(FOUNDER)
    nora.page.get_by_label("Name of your organization").fill("Nordcert")
    nora.page.get_by_role("button", name="Join", exact=True).click()
    expect(nora.page.get_by_role("heading", name="Audits", level=1)).to_be_visible()

    late = people("late")
    late.page.goto(empty.link)
    late.joins("Otto Spät", PASSWORD)
    late.page.get_by_label("E-mail").fill("otto@example.org")
    late.page.get_by_label("Name of your organization").fill("Spätcert")
    late.page.get_by_role("button", name="Join", exact=True).click()
    expect(late.page.get_by_role("alert")).to_be_visible()


def test_who_is_invited_by_mail_types_the_code_in_and_signs_in(people: Tablets, mailbox: Mailbox):
    nora = people("nora")
    nora.sign_in(FOUNDER, PASSWORD)
    nora.invites("Emil Stark", "emil@example.org", "Lead auditor")
    mail = newest_to(mailbox, "emil@example.org", "invites you")
    assert "http" not in mail, "without a public address there is no link to be trusted"

    emil = people("emil")
    emil.joins("Emil Stark", PASSWORD, code_in(mail))
    emil.page.get_by_role("button", name="Join", exact=True).click()
    expect(emil.page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    emil.sign_in("emil@example.org", PASSWORD)
    expect(emil.page.get_by_text("Emil Stark works on this device.")).to_be_visible()
    expect(emil.page.get_by_role("link", name="New audit")).to_have_count(1)


def test_a_forgotten_password_is_replaced_by_a_code_from_the_mail(people: Tablets, mailbox: Mailbox):
    nora = people("nora")
    nora.page.goto(nora.address)
    nora.page.get_by_role("link", name="New password").click()
    # The sign-in has a field of the same name, and goes only when the next screen is here.
    expect(nora.page.get_by_role("heading", name="New password", level=1)).to_be_visible()
    nora.page.get_by_label("E-mail").fill(FOUNDER)
    nora.page.get_by_role("button", name="Send me a code").click()
    mail = newest_to(mailbox, FOUNDER, "new password")
    nora.page.get_by_role("textbox", name="Code").fill(code_in(mail))
    nora.page.get_by_label("New password").fill("another four unrelated words")
    nora.page.get_by_role("button", name="Set the new password").click()
    expect(nora.page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    nora.sign_in(FOUNDER, "another four unrelated words")


def test_a_reader_who_is_in_no_team_sees_no_audit(tablet: Tablets):
    lena = tablet.in_the_audit("lena")
    room = lena.page.url

    ruth = tablet("ruth")
    ruth.sign_in("ruth@nordlicht.example")
    ruth.syncs_now()
    ruth.page.goto(f"{ruth.address}/#/audits")
    expect(ruth.page.get_by_text("No audits yet")).to_be_visible()
    ruth.page.goto(room)
    expect(ruth.page.get_by_text("This audit is not on this device")).to_be_visible()
    audit = room.rpartition("/")[2]
    answered = ruth.page.evaluate(
        """async (audit) => {
            const { epoch } = await (await fetch('/api/state')).json();
            return (await fetch(`/api/audits/${audit}/operations?epoch=${epoch}&after=0`)).status;
        }""",
        audit,
    )
    assert answered in (403, 404)


def test_a_blocked_tablet_says_so_and_recording_on_it_goes_on(tablet: Tablets, served: Server):
    lena = tablet.ready("lena")
    newest = served.runs("device", "list", "lena@nordlicht.example").splitlines()[-1].split()[0]
    served.runs("device", "block", newest)

    lena.page.goto(f"{lena.address}/#/sync")
    lena.page.get_by_role("button", name="Send now").click()
    expect(lena.page.get_by_text("This tablet was blocked. What it sends is kept aside")).to_be_visible()
    expect(lena.page.get_by_role("link", name="Tablet blocked")).to_be_visible()
    lena.page.goto(f"{lena.address}/#/audits")
    expect(lena.page.get_by_text("You can go on recording")).to_be_visible()

    lena.open_audit()
    lena.raise_finding("Minor nonconformity", title="Recorded all the same")
    lena.reloads()
    lena.page.goto(f"{lena.address}/#/audits")
    lena.open_audit()
    lena.open_finding("Recorded all the same")

    lena.signs_in_again()
    expect(lena.page.get_by_text("You can go on recording")).to_be_visible(timeout=30_000)

    served.runs("device", "unblock", newest)
    lena.syncs_now()
    expect(lena.page.get_by_role("link", name="Tablet blocked")).to_be_hidden()
