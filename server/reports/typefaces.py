"""
The fonts of the report, all embedded, and which of them has which letter.

Atkinson Hyperlegible Next was drawn so that 0 and O, 1 and l, 5 and S cannot be mistaken: serial numbers need that. What it lacks
comes from Noto; what none of them has is printed as its code (text.py). Licences lie beside the files.
ReportLab reads some settings while it is imported, so this module sets them and must come first (`__init__.py` sees to it).
"""

from functools import cache
from pathlib import Path

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

_FOLDER = Path(__file__).parent / "fonts"

TEXT, BOLD, ITALIC = "Text", "Text-Bold", "Text-Italic"
TABULAR, TABULAR_BOLD = "Tabular", "Tabular-Bold"
MONO = "Mono"

_FILES = {
    TEXT: "AtkinsonHyperlegibleNext-Regular.ttf",
    BOLD: "AtkinsonHyperlegibleNext-Bold.ttf",
    ITALIC: "AtkinsonHyperlegibleNext-Italic.ttf",
    TABULAR: "AtkinsonHyperlegibleNext-Regular.ttf",
    TABULAR_BOLD: "AtkinsonHyperlegibleNext-Bold.ttf",
    MONO: "AtkinsonHyperlegibleMono-Regular.ttf",
    "Fallback": "NotoSans-Regular.ttf",
    "Fallback-Bold": "NotoSans-Bold.ttf",
    "Fallback-Math": "NotoSansMath-Regular.ttf",
    "Fallback-Symbols": "NotoSansSymbols2-Regular.ttf",
}

_TABULAR_ZERO = 375
"""The glyph of the tabular zero (`tnum`) in Atkinson Hyperlegible Next; one to nine follow. ReportLab knows no font features."""
_TABULAR_WIDTH = 632


@cache
def loaded(name: str) -> TTFont:
    """The font, registered under its name on first use: the large fallbacks are read only when a letter asks for them."""
    font = TTFont(name, str(_FOLDER / _FILES[name]))
    if name in (TABULAR, TABULAR_BOLD):
        for digit in range(10):
            font.face.charToGlyph[ord("0") + digit] = _TABULAR_ZERO + digit
            font.face.charWidths[ord("0") + digit] = _TABULAR_WIDTH
    pdfmetrics.registerFont(font)
    return font


@cache
def font_for(letter: str, wanted: str) -> str | None:
    """The wanted font if it has the letter, else the first fallback that does; None where no font has it."""
    is_bold = wanted in (BOLD, TABULAR_BOLD)
    for name in (wanted, "Fallback-Bold" if is_bold else "Fallback", "Fallback-Math", "Fallback-Symbols"):
        if ord(letter) in loaded(name).face.charToGlyph:
            return name
    return None


def _prepare() -> None:
    for name in (TEXT, BOLD, ITALIC, TABULAR, TABULAR_BOLD, MONO):
        loaded(name)
        # Every name is a family of its own: markup such as <b> never changes the font behind our back.
        pdfmetrics.registerFontFamily(name, normal=name, bold=name, italic=name, boldItalic=name)
    # Base85 makes pictures a quarter larger and the build several times slower.
    rl_config.useA85 = 0
    # The same content gives the same bytes: no time of day and no random identifier in the file.
    rl_config.invariant = 1
    # Helvetica, ReportLab's own choice, is not embedded, and PDF/A forbids that.
    rl_config.canvas_basefontname = TEXT
    rl_config.defaultGraphicsFontName = TEXT


_prepare()
