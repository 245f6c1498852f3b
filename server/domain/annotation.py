"""
What is drawn on a photo: shapes beside the original, which stays as it left the shutter, and how each shape looks.

A place is a pair of whole numbers, x and y from the upper left corner of the upright picture, in ten-thousandths of its longer edge
on both axes: circles stay round, one number says how thick a line is, and no size in pixels has to be known (docs/adr/0011). What
lies beyond the shorter edge is not seen.

`drawing` gives strokes, areas and letters; tablet and server paint them without knowing what an arrow is. The same rule stands in
pwa/src/domain/annotation.ts; schemas/vectors/annotation holds both together.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

UNITS = 10_000
MOST_SHAPES = 60
MOST_POINTS = 400
"""Of one shape."""
MOST_POINTS_IN_ALL = 3000
LONGEST_TEXT = 40
"""Characters: a label on one line. What is longer is a caption."""

WIDTH, CASING = 50, 20
"""Of a line, and of the light or dark edge on either side of it, by which it is seen on any ground and in black and white."""
HEAD_LENGTH, HEAD_WIDTH = 320, 280
TEXT_SIZE, TEXT_CASING = 300, 36
"""Height of the letters' em, and the width of the edge around them."""
FRAME = 24

INKS: Mapping[str, tuple[str, str]] = {
    "red": ("#c4122f", "#ffffff"),
    "yellow": ("#ffd500", "#111111"),
    "blue": ("#0b4fd6", "#ffffff"),
    "black": ("#111111", "#ffffff"),
}
"""By colour the ink and its edge."""
COVER, COVER_FRAME = "#1a1a1a", "#ffffff"

Shape = Mapping[str, Any]
Mark = dict[str, Any]
"""One thing to paint: `cover` (corners) and `area` (points), `line` (points, `width`) or `text` (`at`, `size`, `edge`, `edge_width`), each in its `ink`."""


def covers(shapes: object) -> bool:
    """Whether something under these shapes is not to be seen."""
    return isinstance(shapes, list) and any(isinstance(one, dict) and one.get("kind") == "redact" for one in shapes)


def layer_of(evidence: Mapping[str, Any], all_evidence: Iterable[Mapping[str, Any]]) -> list[Shape]:
    """What is drawn on one piece of evidence of a record. What another entry covers in the same file is covered here too. What has no file has no layer."""
    if not evidence.get("sha256"):
        return []
    own = list(evidence.get("annotation") or [])
    others = [
        shape
        for other in all_evidence
        if other.get("id") != evidence.get("id") and other.get("sha256") == evidence.get("sha256")
        for shape in other.get("annotation") or []
        if shape["kind"] == "redact" and shape not in own
    ]
    return [*others, *own]


def drawing(shapes: Sequence[Shape]) -> list[Mark]:
    """The marks to paint, in their order: what covers comes first, so that it hides the picture and no mark."""
    covering = [shape for shape in shapes if shape["kind"] == "redact"]
    marking = [shape for shape in shapes if shape["kind"] != "redact"]
    return [mark for shape in [*covering, *marking] for mark in _marks(shape)]


def drawing_text(shapes: Sequence[Shape]) -> str:
    """The same as JSON, for whoever paints it. One drawing, one text."""
    told = {"units": UNITS, "marks": drawing(shapes)}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _marks(shape: Shape) -> list[Mark]:
    points = shape["points"]
    if shape["kind"] == "redact":
        corners = _corners(points)
        return [{"cover": corners, "ink": COVER}, {"line": [*corners, corners[0]], "width": FRAME, "ink": COVER_FRAME}]
    ink, edge = INKS[shape["colour"]]
    if shape["kind"] == "text":
        return [
            {
                "text": shape["text"],
                "at": points[0],
                "size": TEXT_SIZE,
                "ink": ink,
                "edge": edge,
                "edge_width": TEXT_CASING,
            }
        ]
    if shape["kind"] == "arrow":
        return _arrow(points[0], points[1], ink, edge)
    line = points
    if shape["kind"] == "box":
        corners = _corners(points)
        line = [*corners, corners[0]]
    return [
        {"line": line, "width": WIDTH + 2 * CASING, "ink": edge},
        {"line": line, "width": WIDTH, "ink": ink},
    ]


def _arrow(tail: list[int], tip: list[int], ink: str, edge: str) -> list[Mark]:
    """A shaft and a head whose tip is the place that is meant. A short arrow is all head."""
    x, y = tip[0] - tail[0], tip[1] - tail[1]
    length = math.sqrt(x * x + y * y)
    along, across = x / length, y / length
    head = min(HEAD_LENGTH, length)
    half = HEAD_WIDTH / 2 * head / HEAD_LENGTH
    neck = [_whole(tip[0] - along * head), _whole(tip[1] - across * head)]
    left = [_whole(tip[0] - along * head - across * half), _whole(tip[1] - across * head + along * half)]
    right = [_whole(tip[0] - along * head + across * half), _whole(tip[1] - across * head - along * half)]
    return [
        {"line": [tail, neck], "width": WIDTH + 2 * CASING, "ink": edge},
        {"line": [tip, left, right, tip], "width": 2 * CASING, "ink": edge},
        {"line": [tail, neck], "width": WIDTH, "ink": ink},
        {"area": [tip, left, right], "ink": ink},
    ]


def _corners(points: Sequence[list[int]]) -> list[list[int]]:
    (left, top), (right, bottom) = points
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def _whole(value: float) -> int:
    """The nearest whole number; a half goes up, in both languages."""
    return math.floor(value + 0.5)
