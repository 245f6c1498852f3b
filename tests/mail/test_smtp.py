"""Delivery to real mail servers on this machine, and to a file where there is none."""

import ssl
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from server.config import Config
from server.mail.smtp import Attachment, DeliveryFailed, OutgoingMail, as_message, deliver, message_id, probe
from tests.mail.post_office import (
    PASSWORD,
    USER,
    PostOffice,
    make_certificate,
    only_after_signing_in,
    open_post_office,
)

CONFIG = Config(mail_from="Auditbook Nord <auditbook@nordcert.example>")
PDF = Attachment("Prüfbericht NL-1.pdf", "application/pdf", b"%PDF-1.7\n" + bytes(range(256)) * 40)
MAIL = OutgoingMail(
    id="0190a000-0000-7000-8000-000000000001",
    message_id=message_id("0190a000-0000-7000-8000-000000000001", CONFIG),
    to="reports@nordcert.example",
    subject="Auditbericht NL-1: Fräserei",
    body="Guten Tag,\n\nanbei der Bericht.\n.\nDer Punkt allein in der Zeile oben gehört dazu.\n",
    queued_at=1_795_000_000_123,
    attachment=PDF,
)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    return make_certificate(tmp_path)


def at(office: PostOffice, tls: str = "none", user: str = "", password: str = "") -> Config:
    return replace(
        CONFIG,
        smtp_host="localhost",
        smtp_port=str(office.port),
        smtp_tls=tls,
        smtp_user=user,
        smtp_password=password,
    )


def test_a_mail_arrives_as_it_was_written():
    with open_post_office(PostOffice()) as office:
        assert deliver(MAIL, at(office)) == "sent"
    (letter,), (envelope,) = office.letters, office.envelopes
    assert envelope.rcpt_tos == ["reports@nordcert.example"]
    assert envelope.mail_from == "auditbook@nordcert.example"
    assert letter["Subject"] == "Auditbericht NL-1: Fräserei"
    assert letter["From"] == "Auditbook Nord <auditbook@nordcert.example>"
    assert letter["To"] == "reports@nordcert.example"
    assert letter["Message-ID"] == "<0190a000-0000-7000-8000-000000000001@nordcert.example>"
    assert letter["Date"] == "Wed, 18 Nov 2026 11:06:40 +0000"
    assert letter["Auto-Submitted"] == "auto-generated"
    body = letter.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == MAIL.body
    (attached,) = letter.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("Prüfbericht NL-1.pdf", "application/pdf")
    assert attached.get_content() == PDF.data


def test_a_repeated_mail_is_the_same_to_the_last_byte():
    with open_post_office(PostOffice()) as office:
        deliver(MAIL, at(office))
        deliver(MAIL, at(office))
    first, second = (envelope.content for envelope in office.envelopes)
    assert first == second


def test_encryption_and_a_password_where_the_server_asks_for_them(
    certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
):
    tls, trusted = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with open_post_office(PostOffice(), **only_after_signing_in(tls)) as office:
        assert deliver(MAIL, at(office, "starttls", USER, PASSWORD)) == "sent"
        probe(at(office, "starttls", USER, PASSWORD))
        with pytest.raises(DeliveryFailed, match=r"535 5\.7\.8 Authentication credentials invalid"):
            deliver(MAIL, at(office, "starttls", USER, "wrong"))
        with pytest.raises(DeliveryFailed, match="530"):
            deliver(MAIL, at(office))
    assert len(office.letters) == 1
    assert office.letters[0]["Subject"] == MAIL.subject


def test_encryption_from_the_first_byte_on(certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch):
    tls, trusted = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with open_post_office(PostOffice(), ssl_context=tls) as office:
        assert deliver(MAIL, at(office, "tls")) == "sent"
    assert len(office.letters) == 1


def test_a_server_that_offers_no_encryption_gets_nothing_in_the_clear():
    with open_post_office(PostOffice()) as office:
        with pytest.raises(DeliveryFailed, match="STARTTLS"):
            deliver(MAIL, at(office, "starttls", USER, PASSWORD))
    assert office.letters == []


def test_a_server_whose_certificate_nobody_vouches_for_gets_no_password(certificate: tuple[ssl.SSLContext, Path]):
    tls, _ = certificate
    with open_post_office(PostOffice(), **only_after_signing_in(tls)) as office:
        with pytest.raises(DeliveryFailed, match="CERTIFICATE_VERIFY_FAILED"):
            deliver(MAIL, at(office, "starttls", USER, PASSWORD))
    assert office.letters == []


def test_what_the_server_says_is_handed_on():
    with open_post_office(PostOffice(refusals=1, refusal="552 5.3.4 Message too big")) as office:
        with pytest.raises(DeliveryFailed, match=r"552 5\.3\.4 Message too big"):
            deliver(MAIL, at(office))


def test_nobody_listening_is_a_failed_delivery():
    with open_post_office(PostOffice()) as office:
        config = at(office)
    with pytest.raises(DeliveryFailed, match="ConnectionRefusedError"):
        deliver(MAIL, config)
    with pytest.raises(DeliveryFailed, match="ConnectionRefusedError"):
        probe(config)


def test_without_a_mail_server_the_mail_is_a_file_that_mail_programs_open(tmp_path: Path):
    config = replace(CONFIG, data=str(tmp_path))
    assert deliver(MAIL, config) == "written"
    assert deliver(MAIL, config) == "written"
    (path,) = (tmp_path / "mail").iterdir()
    assert path.name == "20261118T110640Z-0190a000-0000-7000-8000-000000000001.eml"
    written = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert written["Subject"] == MAIL.subject
    assert [part.get_filename() for part in written.walk()][-1] == PDF.file_name


@pytest.mark.parametrize(
    "mail",
    [
        replace(MAIL, subject="Report\r\nBcc: all@example.org"),
        replace(MAIL, subject="Report\nBcc: all@example.org\n\nOther body"),
        replace(MAIL, attachment=replace(PDF, file_name='a.pdf"\r\nBcc: all@example.org')),
    ],
)
def test_no_text_becomes_a_header(mail: OutgoingMail):
    sent = message_from_bytes(as_message(mail, CONFIG).as_bytes(), policy=policy.default)
    assert sent["Bcc"] is None
    assert all(part["Bcc"] is None for part in sent.walk())


@pytest.mark.parametrize("to", ["a@b.example\r\nBcc: all@example.org", "a@b.example, c@d.example", "", "nobody"])
def test_what_is_no_single_address_is_not_written_to(to: str, tmp_path: Path):
    with pytest.raises(DeliveryFailed):
        deliver(replace(MAIL, to=to), replace(CONFIG, data=str(tmp_path)))
    assert not (tmp_path / "mail").exists()
