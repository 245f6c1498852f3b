"""User text: escaped, normalised, complete, and never as an empty box."""

import re
from pathlib import Path

import pytest
from reportlab.platypus import Paragraph

from server.reports import look
from server.reports.text import cleaned, markup, paragraph, paragraphs, plain, right_to_left, unprintable

REPORTS = Path(__file__).resolve().parents[2] / "server" / "reports"


@pytest.mark.parametrize(
    "hostile",
    [
        "<b>unclosed",
        '<img src="/etc/passwd"/>',
        '<a href="javascript:alert(1)">x</a>',
        "<font color=\"[[[getattr(pow, '__globals__')]]]\">",
        "&lt;b&gt; & &amp; <!-- -->",
        "<br/><para>",
        "{page} %s \\0",
    ],
)
def test_what_looks_like_markup_is_printed_as_it_is(hostile: str):
    assert paragraph(hostile, look.BODY).getPlainText(identify=False) == hostile


def test_control_characters_and_what_turns_the_direction_of_writing_are_gone():
    assert cleaned("a\x00b\x07c\u202edcba\u2066\u00ad\ufeff\ufe0f!") == "abcdcba!"


def test_line_breaks_stay_and_empty_lines_begin_a_paragraph():
    assert markup("one\r\ntwo\u2028three") == "one<br/>two<br/>three"
    assert [piece.getPlainText() for piece in paragraphs("one\n\n\n\ntwo", look.BODY)] == ["one", "two"]
    assert paragraphs(" \n\n ", look.BODY) == []


def test_text_is_in_composed_form():
    assert cleaned("Mu\u0308ller") == "Müller"


def test_letters_that_the_text_font_lacks_come_from_another():
    assert markup("Ø 24.98 ⌀12 µ Ж α → ✓").count("<font name=") >= 4
    assert unprintable(["Ø ⌀ µ Ж α → ✓ ≥ ° ± ² „“ – … ẞ ł ğ ő"]) == []


def test_a_letter_that_no_font_has_is_printed_as_its_code():
    assert markup("Teil 中文!") == "Teil [U+4E2D U+6587]!"
    assert markup("中") == "[U+4E2D]"
    assert unprintable(["Teil 中文!", "\U0001f600"]) == ["中", "文", "\U0001f600"]


def test_plain_runs_say_the_same_as_markup():
    assert "".join(piece for _font, piece in plain("a<b> 中\nc")) == "a<b> [U+4E2D] c"


def test_right_to_left_scripts_are_recognised_and_their_invisible_marks_are_not():
    assert right_to_left(["abc", "שלום"]) == "HEBREW LETTER SHIN"
    assert right_to_left(["مرحبا"]) == "ARABIC LETTER MEEM"
    assert right_to_left(["abc\u200f\u202e", "中文", "Ж"]) is None


def test_markup_is_made_in_one_place():
    """`Paragraph(` elsewhere would let a user's text through unescaped."""
    elsewhere = [
        path.name
        for path in REPORTS.glob("*.py")
        if path.name != "text.py" and re.search(r"\b(?:X?Paragraph|Preformatted)\(", path.read_text(encoding="utf-8"))
    ]
    assert elsewhere == []
    assert isinstance(paragraph("x", look.BODY), Paragraph)
