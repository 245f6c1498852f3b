"""The words of every mail: each occasion in each language, nothing left open, nothing smuggled in."""

import re

import pytest

from server.mail.messages import LANGUAGES, TEMPLATES, Message, invitation, one_line, password_reset, report

CODE = "7QX2-M0KD-V5TA-9CHW-3RNE"


def test_every_occasion_is_worded_in_every_language_with_the_same_facts():
    by_occasion: dict[str, dict[str, set[str]]] = {}
    for path in sorted(TEMPLATES.glob("*.txt")):
        occasion, language, _ = path.name.split(".")
        text = path.read_text(encoding="utf-8")
        assert "\n\n" in text, f"{path.name} has a subject and a body"
        by_occasion.setdefault(occasion, {})[language] = set(re.findall(r"\$(\w+)", text))
    for occasion, facts in by_occasion.items():
        assert set(facts) == set(LANGUAGES), occasion
        assert facts["en"] == facts["de"], occasion


def an_invitation(language: str = "en", public_url: str = "", **changed: str) -> Message:
    facts = {"name": "Nora Lind", "inviter": "Paula Brandt", "workspace": "Nordcert", "code": CODE} | changed
    return invitation(language, public_url=public_url, **facts)


def a_report(language: str, *, reference: str = "NL-1", is_provisional: bool = False) -> Message:
    return report(
        language,
        certification_body="Nordcert",
        audit_client="Spanwerk GmbH",
        title="Stage 2",
        reference=reference,
        revision=2,
        is_provisional=is_provisional,
        file_name="NL-1-r2.pdf",
        sha256="ab" * 32,
    )


def test_an_invitation_reads_as_a_person_would_write_it():
    assert an_invitation() == Message(
        subject="Paula Brandt invites you to Auditbook (Nordcert)",
        body=(
            "Good day Nora Lind,\n\n"
            "Paula Brandt invites you to work in Auditbook for Nordcert.\n\n"
            'Open Auditbook, choose "I have an invitation" and type this code:\n\n'
            f"{CODE}\n\n"
            "It can be used once, within seven days. If you did not expect this mail, you need not do anything.\n"
        ),
    )


def test_a_link_takes_the_place_of_the_code_where_people_reach_the_app():
    assert f"\nhttps://audit.example/#/join/{CODE}\n" in an_invitation(public_url="https://audit.example").body
    reset = password_reset("de", name="Nora Lind", code=CODE, public_url="https://audit.example/")
    assert f"\nhttps://audit.example/#/new-password/{CODE}\n" in reset.body
    assert reset.subject == "Ein neues Passwort für Auditbook"


def test_a_reader_of_an_unknown_language_gets_english():
    assert an_invitation("ro") == an_invitation("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_s_mail_says_what_to_compare(language: str):
    message = a_report(language)
    assert "NL-1" in message.subject
    assert "Spanwerk GmbH" in message.subject
    assert "ab" * 32 in message.body
    assert "NL-1-r2.pdf" in message.body


def test_a_report_without_a_reference_leaves_no_gap_in_its_mail():
    assert a_report("en", reference="").subject == "Audit report, revision 2: Spanwerk GmbH"
    assert "Anbei der Auditbericht, Revision 2.\n" in a_report("de", reference="").body


def test_a_provisional_report_is_called_so_in_the_subject():
    assert a_report("en", is_provisional=True).subject.startswith("PROVISIONAL ")
    assert a_report("de", is_provisional=True).subject.startswith("VORLÄUFIGER ")


@pytest.mark.parametrize("name", ["$code", "${inviter}", "$$", "100 %", "{name}", "<b>Nora</b>"])
def test_a_name_is_only_a_name(name: str):
    assert f"Good day {name}," in an_invitation(name=name).body


def test_no_name_makes_a_second_line_of_the_subject():
    subject = an_invitation(inviter="Paula\r\nBcc: all@example.org\x00\u2028X").subject
    assert subject == "Paula Bcc: all@example.org X invites you to Auditbook (Nordcert)"


def test_one_line_keeps_what_can_be_read():
    assert one_line("  Prüfung\t der\nNacht­schicht 夜 ") == "Prüfung der Nacht schicht 夜"
