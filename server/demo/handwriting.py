"""
Signatures as strokes on the glass, from letters that are kept as a few points each and drawn as one running line.

Points are in thousandths of the pad's width, 1000 by 400, with milliseconds since the first one, as pwa/src/components keeps them.
"""

from __future__ import annotations

import math
import random
from typing import Any

Point = tuple[float, float]

# Each letter begins and ends on the baseline; x runs from 0, y is 0 at the baseline and 1 at the height of an "a".
_LETTERS: dict[str, list[Point]] = {
    "a": [(0.1, 0.1), (0.75, 0.95), (0.35, 1.0), (0.12, 0.45), (0.4, 0.02), (0.78, 0.55), (0.82, 0.95), (0.82, 0.2), (1.0, 0.05)],
    "d": [(0.1, 0.1), (0.7, 0.95), (0.3, 1.0), (0.1, 0.4), (0.4, 0.02), (0.8, 0.7), (1.0, 2.2), (0.85, 0.9), (0.85, 0.15), (1.05, 0.05)],
    "e": [(0.0, 0.05), (0.35, 0.45), (0.55, 0.85), (0.35, 1.0), (0.15, 0.55), (0.3, 0.05), (0.7, 0.1)],
    "i": [(0.0, 0.05), (0.3, 0.95), (0.28, 0.3), (0.4, 0.0), (0.6, 0.1)],
    "n": [(0.0, 0.05), (0.2, 0.95), (0.2, 0.05), (0.3, 0.6), (0.6, 1.0), (0.68, 0.5), (0.7, 0.05), (0.95, 0.08)],
    "r": [(0.0, 0.05), (0.25, 1.0), (0.35, 0.8), (0.6, 0.9), (0.5, 0.3), (0.6, 0.02), (0.75, 0.08)],
    "t": [(0.0, 0.05), (0.35, 1.2), (0.42, 1.9), (0.32, 0.6), (0.4, 0.02), (0.7, 0.1)],
    "B": [(0.25, 0.0), (0.5, 1.2), (0.65, 2.3), (0.4, 1.6), (0.9, 2.5), (1.5, 2.2), (1.2, 1.4), (0.8, 1.25), (1.5, 1.0), (1.5, 0.3),
        (0.9, 0.0), (0.6, 0.2), (1.8, 0.1)],
    "L": [(0.2, 1.5), (0.9, 2.4), (1.0, 1.9), (0.7, 0.9), (0.4, 0.1), (0.15, 0.2), (0.5, 0.25), (1.1, -0.1), (1.6, 0.1)],
    "R": [(0.3, 0.0), (0.5, 1.3), (0.6, 2.3), (0.3, 1.7), (0.9, 2.5), (1.5, 2.1), (1.1, 1.4), (0.7, 1.2), (1.1, 0.7), (1.5, 0.0),
        (1.9, 0.1)],
    "T": [(0.1, 2.0), (0.6, 2.4), (1.7, 2.3), (1.1, 2.2), (0.9, 1.0), (0.7, 0.0), (0.3, 0.1), (0.8, 0.25), (1.4, 0.1)],
}  # fmt: skip
_LIFTS = {"t": [(0.02, 1.35), (0.75, 1.5)], "i": [(0.42, 1.5), (0.46, 1.55)]}
"""What the pen adds after the word: the bar of a t, the dot of an i."""


def signature(name: str, occasion: str) -> list[dict[str, Any]]:
    """Initial and surname, in haste. The name decides whose hand it is, `occasion` how it went: the same gives the same strokes."""
    first, _, surname = name.rpartition(" ")
    hand, chance = random.Random(name), random.Random(f"{name}, {occasion}")
    lean, width, is_underlined = hand.uniform(0.15, 0.6), hand.uniform(0.8, 1.15), hand.random() < 0.5
    size = chance.uniform(58, 66)
    line: list[Point] = []
    lifts: list[list[Point]] = []
    x = 0.4
    for place, letter in enumerate(first[:1] + surname):
        # Whoever signs every day writes the end of the name smaller and smaller.
        height = 1.0 if place < 2 else max(0.62, 1.0 - 0.055 * place)
        shape = [(x + px * width, py * height + chance.uniform(-0.05, 0.05)) for px, py in _LETTERS[letter]]
        line += shape
        lifts += [[(x + px, py * height) for px, py in lift] for lift in [_LIFTS.get(letter)] if lift]
        x = shape[-1][0] - (0.05 if letter.islower() else 0.0)
    line += [(x + 0.5, 0.25), (x + 1.4, -0.1)]
    under = [[(x + 0.9, -0.75), (x * 0.55, -0.55), (0.9, -0.85), (x * 0.4, -1.0)]] if is_underlined else []
    scale = min(size, 860 / (x + 2.4))

    def on_glass(point: Point) -> Point:
        px, py = point
        return 70 + (px + py * lean) * scale, 268 - py * scale + px * scale * -0.03

    return _timed([[on_glass(point) for point in stroke] for stroke in (line, *lifts, *under)], chance)


def _timed(strokes: list[list[Point]], chance: random.Random) -> list[dict[str, Any]]:
    """Curves through the points, with the time that a hand takes: slower where it turns."""
    clock = 0.0
    written = []
    for stroke in strokes:
        curve = _through(stroke)
        points = []
        before = curve[0]
        for x, y in curve:
            clock += 4 + math.dist(before, (x, y)) * chance.uniform(0.8, 1.3)
            points.append([_within(x, 1000), _within(y, 400), round(clock)])
            before = (x, y)
        written.append({"points": points})
        clock += chance.uniform(90, 180)
    return written


def _through(points: list[Point], steps: int = 7) -> list[Point]:
    """A centripetal-looking curve through all points (Catmull-Rom)."""
    padded = [points[0], *points, points[-1]]
    curve = [points[0]]
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(1, steps + 1):
            t = step / steps
            curve.append((_between(a[0], b[0], c[0], d[0], t), _between(a[1], b[1], c[1], d[1], t)))
    return curve


def _between(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)


def _within(value: float, most: int) -> int:
    return min(max(round(value), 0), most)
