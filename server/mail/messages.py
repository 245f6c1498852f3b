"""
Subject and body for every occasion, in the reader's language. The words stand in templates/<occasion>.<language>.txt:
the first line is the subject, then a blank line, then the body.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES = ("en", "de")
"""The first one is spoken where a reader's own is missing."""


@dataclass(frozen=True, slots=True)
class Message:
    """A mail without sender and recipient. The subject is one line."""

    subject: str
    body: str


def invitation(language: str, *, name: str, inviter: str, workspace: str, code: str, public_url: str) -> Message:
    """To somebody who shall join a workspace."""
    facts = {"name": name, "inviter": inviter, "workspace": workspace, "code": code}
    return _message(_how("invitation", public_url), language, facts | {"link": _link(public_url, "join", code)})


def password_reset(language: str, *, name: str, code: str, public_url: str) -> Message:
    """To somebody who forgot a password, or of whom somebody else says so."""
    facts = {"name": name, "code": code}
    return _message(
        _how("password_reset", public_url), language, facts | {"link": _link(public_url, "new-password", code)}
    )


def report(
    language: str,
    *,
    certification_body: str,
    audit_client: str,
    title: str,
    reference: str,
    revision: int,
    is_provisional: bool,
    file_name: str,
    sha256: str,
) -> Message:
    """To the mailbox of the certification body, with the sealed report as a PDF."""
    facts = {
        "certification_body": certification_body,
        "audit_client": audit_client,
        "title": title,
        # An audit may have no reference.
        "numbered": f" {reference}" if reference else "",
        "revision": str(revision),
        "file_name": file_name,
        "sha256": sha256,
    }
    return _message("provisional_report" if is_provisional else "report", language, facts)


def _link(public_url: str, screen: str, code: str) -> str:
    return f"{public_url.rstrip('/')}/#/{screen}/{code}"


def _how(occasion: str, public_url: str) -> str:
    """A link needs an address under which people reach the app; without one they type the code."""
    return f"{occasion}_link" if public_url else f"{occasion}_code"


def _message(occasion: str, language: str, facts: Mapping[str, str]) -> Message:
    subject, _, body = _template(occasion, language if language in LANGUAGES else LANGUAGES[0]).partition("\n\n")
    return Message(
        # A name with a line break in it must not become a second header.
        subject=one_line(Template(subject).substitute(facts)),
        body=Template(body).substitute(facts),
    )


def one_line(text: str) -> str:
    """The text without line breaks and other control characters, blanks joined."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


@cache
def _template(occasion: str, language: str) -> str:
    return (TEMPLATES / f"{occasion}.{language}.txt").read_text(encoding="utf-8")
