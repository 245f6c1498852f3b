"""Real mail servers on loopback: what they took stands in `letters`."""

import datetime
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

USER, PASSWORD = "auditbook", "the mail server's own"


class PostOffice:
    """Takes letters, after having refused as many as it was told to."""

    def __init__(self, refusals: int = 0, refusal: str = "451 4.7.1 Greylisted, try again later"):
        self.letters: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.refusals = refusals
        self.refusal = refusal
        self.port = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        if self.refusals:
            self.refusals -= 1
            return self.refusal
        content = envelope.content
        assert isinstance(content, bytes)
        letter = message_from_bytes(content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.envelopes.append(envelope)
        return "250 OK"


@contextmanager
def open_post_office(office: PostOffice, **options: Any) -> Iterator[PostOffice]:
    """The office, open on a port of its own."""
    controller = Controller(office, hostname="127.0.0.1", port=0, **options)
    _learn_port(controller)
    controller.start()
    try:
        office.port = controller.port
        yield office
    finally:
        controller.stop()


def _learn_port(controller: Controller) -> None:
    """aiosmtpd asks itself for an answer before it says that it is open, and has to know where."""
    trigger: Callable[[], None] = controller._trigger_server

    def trigger_at_port() -> None:
        controller.port = controller.server.sockets[0].getsockname()[1]
        trigger()

    controller._trigger_server = trigger_at_port


def only_after_signing_in(tls: ssl.SSLContext) -> dict[str, Any]:
    """As mail servers are: STARTTLS first, then a name and a password, then letters."""

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, given: LoginPassword) -> AuthResult:
        is_right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)

    return {
        "tls_context": tls,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": authenticate,
    }


def make_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A certificate for `localhost`: the server's side of it, and the file that says that it may be trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "localhost.pem", folder / "localhost.key"
    trusted.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, trusted
