"""
User text on its way to paper: the only place where markup is made.

Everything is escaped, normalised and freed of invisible characters; a letter that no font has is printed as its code, so that
nothing turns into an empty box or vanishes. Right-to-left scripts cannot be set correctly here, so they are refused before.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph

from server.reports import typefaces

_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_VARIATION_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))


def paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    """Set one piece of text. Line breaks stay, everything else that looks like markup is printed as it is."""
    return Paragraph(markup(text, style.fontName), style)


def paragraphs(text: str, style: ParagraphStyle) -> list[Paragraph]:
    """Set a longer text: an empty line begins a new paragraph."""
    pieces = [piece.strip("\n") for piece in cleaned(text).split("\n\n")]
    return [paragraph(piece, style) for piece in pieces if piece.strip()]


def markup(text: str, font: str = typefaces.TEXT) -> str:
    """The text as ReportLab's own markup, letter by letter in a font that has it."""
    return "".join(
        "<br/>" if piece == "\n" else escape(piece) if name == font else f'<font name="{name}">{escape(piece)}</font>'
        for name, piece in _runs(cleaned(text), font)
    )


def plain(text: str, font: str = typefaces.TEXT) -> list[tuple[str, str]]:
    """The text in one line, as pairs of font and letters, for what is drawn straight onto the page."""
    return list(_runs(cleaned(text).replace("\n", " "), font))


def cleaned(text: str) -> str:
    """NFC, line breaks as \\n, and no character that is invisible or steers the output."""
    one_way = unicodedata.normalize("NFC", str(text).replace("\r\n", "\n"))
    return "".join(_kept(letter) for letter in one_way)


def right_to_left(texts: Iterable[str]) -> str | None:
    """The name of the first right-to-left letter, such as "HEBREW LETTER ALEF"; None when every text runs to the right."""
    for text in texts:
        for letter in text:
            if unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT and unicodedata.category(letter) != "Cf":
                return unicodedata.name(letter, f"U+{ord(letter):04X}")
    return None


def unprintable(texts: Iterable[str]) -> list[str]:
    """Every letter that no font of the report has, in the order of their codes."""
    letters = {letter for text in texts for letter in cleaned(text) if letter != "\n"}
    return sorted(letter for letter in letters if typefaces.font_for(letter, typefaces.TEXT) is None)


def code_of(letter: str) -> str:
    return f"U+{ord(letter):04X}"


def _kept(letter: str) -> str:
    if letter in "\r\u2028\u2029\v\f\x85":
        return "\n"
    if letter == "\t":
        return " "
    category = unicodedata.category(letter)
    if category == "Zs":
        return "\u00a0" if letter in "\u00a0\u202f\u2007" else " "
    if letter == "\u2011":
        return "-"
    # Cf holds soft hyphens and the marks that turn the direction of writing: with them "gpj.exe" can look like "exe.jpg".
    if letter != "\n" and (category in ("Cc", "Cf", "Cs", "Cn") or letter in _VARIATION_SELECTORS):
        return ""
    return letter


def _runs(text: str, font: str) -> Iterator[tuple[str, str]]:
    """Neighbours that share a font, together; each line break alone; letters without a font as [U+XXXX]."""
    name, run, missing = font, "", []
    for letter in [*text, None]:
        found = None if letter is None else font if letter == "\n" else typefaces.font_for(letter, font)
        if letter is not None and found is None:
            missing.append(letter)
            continue
        if missing:
            if name != font and run:
                yield name, run
                run = ""
            name, run = font, run + f"[{' '.join(code_of(letter) for letter in missing)}]"
            missing = []
        if letter is None or letter == "\n" or found != name:
            if run:
                yield name, run
            run = ""
            if letter == "\n":
                yield font, "\n"
                name = font
                continue
        if letter is not None and found is not None:
            name, run = found, run + letter
