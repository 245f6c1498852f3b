"""What the report shares with the tablet: shapes and colours of grades; and its own fonts."""

import re
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from server.domain.vocabulary import FindingGrade, JudgementResult
from server.reports import look, typefaces
from server.reports.shapes import COLOURS, SHAPES

ROOT = Path(__file__).resolve().parents[2]
FONTS = ROOT / "server" / "reports" / "fonts"


def test_every_grade_and_judgement_has_a_shape_and_a_colour():
    marks = {*FindingGrade, *JudgementResult}
    assert marks <= set(SHAPES)
    assert set(SHAPES) == set(COLOURS)


def test_the_shapes_are_those_of_the_tablet():
    source = (ROOT / "pwa/src/look/grade-shapes.ts").read_text(encoding="utf-8")
    constants = dict(re.findall(r"const (\w+) = '([^']+)';", source))
    constants |= dict(re.findall(r"const (\w+) =\s+'([^']+)';", source))
    starts = {mark: source.index(f"\n  {mark}: [") for mark in SHAPES}
    for mark, layers in SHAPES.items():
        end = min([start for start in starts.values() if start > starts[mark]], default=source.index("\n  disputed:"))
        body = source[starts[mark] : end]
        paths = [text or constants[name] for text, name in re.findall(r"\bd: (?:'([^']+)'|(\w+))", body)]
        paints = re.findall(r"paint: '(\w+)'", body)
        assert [(layer.path, layer.paint) for layer in layers] == list(zip(paths, paints, strict=True)), mark


@pytest.mark.parametrize("style", ["Regular", "Bold", "Italic"])
def test_the_tabular_figures_are_the_fonts_own(style: str):
    font = TTFont(FONTS / f"AtkinsonHyperlegibleNext-{style}.ttf")
    names = "zero one two three four five six seven eight nine".split()
    for digit, name in enumerate(names):
        glyph = f"{name}.tf"
        assert font.getGlyphID(glyph) == typefaces._TABULAR_ZERO + digit
        assert font["hmtx"][glyph][0] == typefaces._TABULAR_WIDTH


def test_every_font_comes_with_its_licence():
    licences = [path.read_text(encoding="utf-8") for path in FONTS.glob("OFL-*.txt")]
    assert len(licences) == 5
    assert all("SIL OPEN FONT LICENSE" in text for text in licences)
    assert {path.name for path in FONTS.glob("*.ttf")} == set(typefaces._FILES.values())


def test_the_frame_around_a_picture_that_is_absent_stays_in_its_column():
    absent = look.CAPTION_ABSENT
    assert absent.leftIndent == absent.rightIndent == absent.borderPadding
