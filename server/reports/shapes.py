"""
The shapes of grades and judgements, drawn as vectors: the same numbers as pwa/src/look/grade-shapes.ts (a test compares them).

Each differs from the others in outline, so a copy in grey says the same as the screen in colour.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from reportlab.lib.colors import HexColor

GRID = 24


@dataclass(frozen=True, slots=True)
class Layer:
    """`solid` is filled with the mark's colour, `line` drawn with it, `cut` drawn with the colour of paper on top."""

    path: str
    paint: Literal["solid", "line", "cut"]
    width: float = 0
    dash: tuple[float, float] | None = None


_DISC = "M12 2 C17.523 2 22 6.477 22 12 C22 17.523 17.523 22 12 22 C6.477 22 2 17.523 2 12 C2 6.477 6.477 2 12 2 Z"
_RING = "M12 3 C16.971 3 21 7.029 21 12 C21 16.971 16.971 21 12 21 C7.029 21 3 16.971 3 12 C3 7.029 7.029 3 12 3 Z"

SHAPES: dict[str, tuple[Layer, ...]] = {
    "conforms": (Layer(_DISC, "solid"), Layer("M7.3 12.4 L10.6 15.7 L16.7 8.7", "cut", 2.4)),
    "positive": (
        Layer(
            "M8.5 2 L15.5 2 L15.5 8.5 L22 8.5 L22 15.5 L15.5 15.5 L15.5 22 L8.5 22 L8.5 15.5 L2 15.5 L2 8.5 L8.5 8.5 Z",
            "solid",
        ),
    ),
    "opportunity_for_improvement": (Layer("M12 1.2 L22.8 12 L12 22.8 L1.2 12 Z", "solid"),),
    "minor_nonconformity": (Layer("M12 2 L23 21.2 L1 21.2 Z", "solid"),),
    "major_nonconformity": (Layer("M12 0.9 L21.6 6.45 L21.6 17.55 L12 23.1 L2.4 17.55 L2.4 6.45 Z", "solid"),),
    "area_of_concern": (
        Layer("M3.2 3.2 L20.8 3.2 L20.8 20.8 L3.2 20.8 Z", "line", 2.4),
        Layer("M8.2 8.2 L15.8 8.2 L15.8 15.8 L8.2 15.8 Z", "solid"),
    ),
    "not_seen": (Layer(_RING, "line", 2, (3.2, 2.455)),),
    "not_planned": (Layer("M5 12 L19 12", "line", 2.4),),
    "not_applicable": (Layer(_RING, "line", 2), Layer("M5.64 18.36 L18.36 5.64", "line", 2)),
}

COLOURS = {
    "conforms": "#00776b",
    "positive": "#287f3d",
    "opportunity_for_improvement": "#007cb8",
    "minor_nonconformity": "#c26e00",
    "major_nonconformity": "#bb161b",
    "area_of_concern": "#844288",
    "not_seen": "#4e5768",
    "not_planned": "#4e5768",
    "not_applicable": "#4e5768",
}

_GREY = "#9a9fa8"

_STEP = re.compile(r"([MLCZ])([^MLCZ]*)")


def draw_shape(canvas: Any, mark: str, x: float, y: float, size: float, *, is_grey: bool = False) -> None:
    """Draw a mark with its lower left corner at x, y. In grey for what counts no more."""
    canvas.saveState()
    canvas.translate(x, y + size)
    canvas.scale(size / GRID, -size / GRID)
    canvas.setLineCap(1)
    canvas.setLineJoin(1)
    for layer in SHAPES[mark]:
        colour = HexColor("#ffffff" if layer.paint == "cut" else _GREY if is_grey else COLOURS[mark])
        canvas.setFillColor(colour)
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(layer.width)
        canvas.setDash(*(([*layer.dash], 0) if layer.dash else ([], 0)))
        is_solid = layer.paint == "solid"
        canvas.drawPath(_path(canvas, layer.path), stroke=0 if is_solid else 1, fill=1 if is_solid else 0)
    canvas.restoreState()


def _path(canvas: Any, description: str) -> Any:
    path = canvas.beginPath()
    for letter, numbers in _STEP.findall(description):
        points = [float(number) for number in numbers.split()]
        if letter == "M":
            path.moveTo(*points)
        elif letter == "L":
            path.lineTo(*points)
        elif letter == "C":
            path.curveTo(*points)
        else:
            path.close()
    return path
