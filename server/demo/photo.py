"""
Pictures such as an auditor takes, drawn when the demonstration begins: no real place, no person, no file in the repository.

Each function gives the bytes of a JPEG as a camera would. The same call gives the same bytes.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFilter, ImageFont

CANVAS = (1600, 1200)
"""What is drawn on."""
SIZE = (1280, 960)
"""What comes out."""
Pen = ImageDraw.ImageDraw
Point = tuple[float, float]


def caliper(due: str) -> bytes:
    """A caliper on a drawing, with a calibration label whose date is past."""

    def draw(pen: Pen) -> None:
        _drawing_sheet(pen)
        beam = [(150, 690), (1480, 520), (1490, 590), (158, 762)]
        pen.polygon([(x + 14, y + 26) for x, y in beam], fill="#6f6a60")
        pen.polygon(beam, fill="#c3c8cd", outline="#80868d", width=3)
        pen.line([(152, 700), (1482, 529)], fill="#e9edf0", width=5)
        for step in range(76):
            x = 300 + step * 15
            y = 752 - (x - 158) * 0.1295
            pen.line(
                [(x, y - 2), (x - 2, y - (34 if step % 10 == 0 else 26 if step % 5 == 0 else 17))],
                fill="#33383d",
                width=2,
            )
            if step % 10 == 0:
                pen.text((x - 8, y - 64), str(step // 10), fill="#33383d", font=_font(24))
        jaw = [(150, 690), (232, 680), (262, 760), (300, 1010), (268, 1030), (196, 860), (158, 762)]
        pen.polygon([(x + 14, y + 24) for x, y in jaw], fill="#6f6a60")
        pen.polygon(jaw, fill="#b2b8be", outline="#7a8087", width=3)
        slide = [
            (560, 612),
            (940, 564),
            (962, 700),
            (720, 732),
            (700, 760),
            (652, 1000),
            (620, 985),
            (596, 770),
            (570, 752),
        ]
        pen.polygon([(x + 14, y + 24) for x, y in slide], fill="#6f6a60")
        pen.polygon(slide, fill="#d3d7da", outline="#80868d", width=3)
        pen.polygon([(610, 622), (860, 590), (874, 672), (622, 706)], fill="#20262b")
        _write(pen, (640, 622), "24.98", 56, "#a9e6c8", -7.2)
        pen.ellipse((886, 596, 930, 640), fill="#9aa1a8", outline="#6d747b", width=3)
        label = [(1046, 566), (1330, 530), (1340, 606), (1056, 644)]
        pen.polygon(label, fill="#f4d53c", outline="#9f8613", width=3)
        _write(pen, (1062, 562), "M-114", 38, "#1c1c1c", -7.2)
        _write(pen, (1066, 602), f"next due {due}", 27, "#a01212", -7.2)

    return _photograph("#6b5338", "#8d7351", draw, 11)


def drum() -> bytes:
    """A drum for used coolant: the label cannot be read, nothing catches what drips, and a drain is near."""

    def draw(pen: Pen) -> None:
        pen.polygon([(0, 690), (1600, 640), (1600, 1200), (0, 1200)], fill="#73777a")
        for x in range(-200, 1800, 330):
            pen.line([(x, 1200), (x + 260, 650)], fill="#686c6f", width=5)
        pen.line([(0, 900), (1600, 850)], fill="#686c6f", width=4)
        pen.polygon([(1150, 1000), (1480, 990), (1560, 1110), (1180, 1124)], fill="#2a2d2f")
        for x in range(1190, 1520, 40):
            pen.line([(x - 18, 1000), (x + 26, 1116)], fill="#8a8e90", width=9)
        pen.ellipse((420, 940, 1010, 1110), fill="#3d4144")
        pen.ellipse((700, 990, 1130, 1110), fill="#4c4433")
        for place in range(58):
            shade = 52 + round(58 * math.sin(math.pi * (place + 0.5) / 58))
            pen.rectangle(
                (440 + place * 9, 330, 450 + place * 9, 1010),
                fill=(shade // 3, round(shade * 0.86), round(shade * 1.22)),
            )
        pen.pieslice((440, 930, 964, 1090), 0, 180, fill="#1f4667")
        pen.ellipse((440, 250, 964, 410), fill="#4a88b6", outline="#16344d", width=6)
        pen.ellipse((474, 268, 930, 392), outline="#2c6390", width=6)
        pen.ellipse((786, 300, 868, 346), fill="#16344d")
        for y in (545, 800):
            pen.arc((440, y - 78, 964, y + 78), 0, 180, fill="#173c59", width=14)
            pen.arc((440, y - 90, 964, y + 66), 0, 180, fill="#5f9ac4", width=5)
        pen.polygon(
            [(560, 610), (846, 622), (838, 742), (796, 776), (742, 758), (600, 782), (566, 730)], fill="#ddd8c8"
        )
        for y in range(634, 742, 22):
            pen.line([(590, y), (680 + (y * 53) % 130, y + 3)], fill="#b4ad99", width=9)
        for x, y, wide in ((610, 650, 90), (720, 690, 70), (600, 720, 60)):
            pen.ellipse((x, y, x + wide, y + 34), fill="#8f8468")
        pen.polygon([(866, 380), (878, 380), (884, 620), (872, 660), (862, 610)], fill="#6a5a32")

    return _photograph("#8b9092", "#b0b4b3", draw, 12)


def whiteboard() -> bytes:
    """The board of hall 2: what is open, at which machine, handed over from shift to shift."""
    rows = (
        ("M 3", "tool 14 worn, change at 400 parts", "early", "done"),
        ("M 5", "order 4711: 12 parts to go", "early", "done"),
        ("M 7", "coolant low, Uwe knows", "late", ""),
        ("CMM", "probe calibrated 21:40", "late", "done"),
        ("M 5", "order 4718 waits for material", "night", ""),
    )

    def draw(pen: Pen) -> None:
        pen.rectangle((96, 106, 1520, 1080), fill="#5a5e61")
        pen.rectangle((70, 80, 1500, 1060), fill="#f5f6f4", outline="#aeb3b6", width=16)
        pen.rectangle((560, 1060, 1000, 1092), fill="#c2c6c8")
        for x, colour in ((600, "#1f3f9c"), (720, "#b3221f"), (850, "#23272a")):
            pen.rounded_rectangle((x, 1044, x + 96, 1064), 8, fill=colour)
        _write(pen, (120, 112), "HALL 2   open points", 66, "#1f3f9c", 0.8)
        pen.line([(110, 222), (1460, 216)], fill="#1f3f9c", width=6)
        for x, word in ((124, "machine"), (340, "what"), (1060, "from"), (1270, "night")):
            _write(pen, (x, 236), word, 36, "#6a6f74", 0.5)
        chance = random.Random(7)
        for place, (machine, what, shift, state) in enumerate(rows):
            y = 306 + place * 138
            tilt = chance.uniform(-0.9, 1.1)
            _write(pen, (124, y), machine, 54, "#23272a", tilt)
            _write(pen, (340, y + 4), what, 44, "#23272a", tilt)
            _write(pen, (1060, y + 2), shift, 46, "#1f3f9c", tilt)
            if state:
                pen.line([(1276, y + 34), (1300, y + 60), (1352, y - 4)], fill="#1d7a3c", width=11, joint="curve")
            else:
                pen.ellipse((1280, y + 2, 1340, y + 58), outline="#b3221f", width=8)
            pen.line([(112, y + 96), (1458, y + 92)], fill="#d6d9da", width=3)

    return _photograph("#767c80", "#9ba1a4", draw, 13)


def furnace_chart() -> bytes:
    """The chart of one batch that was hardened outside: the curve, its limits, and the stamp of goods in."""

    def draw(pen: Pen) -> None:
        pen.polygon([(172, 84), (1490, 122), (1452, 1130), (134, 1092)], fill="#5b5144")
        pen.polygon([(150, 60), (1470, 96), (1430, 1104), (112, 1066)], fill="#f6f3ea")
        _write(pen, (230, 92), "Glutwerk   Batch 3317   case hardening", 44, "#2b2b2b", 1.6)
        _write(pen, (230, 152), "order 4692   20MnCr5   240 parts", 36, "#55524a", 1.6)
        left, top, wide, high = 250, 250, 1080, 620
        for step in range(11):
            x = left + wide * step / 10
            pen.line([(x, top), (x - 18, top + high)], fill="#d9d2bf", width=2)
        for step in range(7):
            y = top + high * step / 6
            pen.line([(left, y), (left + wide, y + 28)], fill="#d9d2bf", width=2)
            _write(pen, (168, round(y) - 16), str(1000 - step * 150), 26, "#55524a", 1.6)
        curve = [
            (0.0, 0.02),
            (0.09, 0.78),
            (0.14, 0.88),
            (0.55, 0.885),
            (0.60, 0.80),
            (0.70, 0.795),
            (0.72, 0.10),
            (0.80, 0.06),
        ]
        curve += [(0.84, 0.21), (0.94, 0.215), (1.0, 0.04)]
        points = [(left + x * wide - (1 - y) * 18, top + (1 - y) * high + x * 28) for x, y in _smooth(curve)]
        pen.line(points, fill="#b3221f", width=7, joint="curve")
        for y in (0.915, 0.855):
            pen.line(
                [(left + 0.12 * wide, top + (1 - y) * high), (left + 0.58 * wide, top + (1 - y) * high + 16)],
                fill="#1d7a3c",
                width=4,
            )
        _write(pen, (560, 392), "930 °C +/- 10", 34, "#1d7a3c", 1.6)
        _write(pen, (250, 930), "surface 60.2  60.5  59.9 HRC      depth 0.82 mm (0.7 to 1.0)", 38, "#2b2b2b", 1.6)
        pen.ellipse((1090, 560, 1370, 700), outline="#27408f", width=8)
        _write(pen, (1126, 604), "GOODS IN", 38, "#27408f", -6)
        _write(pen, (1146, 648), "3 of 3 ok", 34, "#27408f", -6)

    return _photograph("#6f6252", "#95866f", draw, 14)


def wall_planner() -> bytes:
    """The twelve internal audits of the year on the wall: two rows without a mark."""
    rows = ("Sales", "Purchasing", "Turning", "Milling", "Inspection", "Maintenance", "Night shift", "Beispielstadt")
    row_of_audit = (0, 1, 2, 3, 4, 5, 0, 2, 3, 1, 4, 5)
    held = 9

    def draw(pen: Pen) -> None:
        pen.rectangle((104, 96, 1520, 1110), fill="#8c8778")
        pen.rectangle((80, 70, 1496, 1086), fill="#fbfaf5", outline="#c9c3b2", width=4)
        _write(pen, (116, 94), "Internal audits   revision 2", 54, "#27408f", 0)
        for audit in range(12):
            pen.text((434 + audit * 86, 188), f"{audit + 1:02d}", fill="#6a6f74", font=_font(34))
        for row, name in enumerate(rows):
            y = 240 + row * 102
            pen.line([(100, y), (1478, y)], fill="#d5d0c0", width=3)
            pen.text((116, y + 28), name, fill="#23272a", font=_font(40))
            for audit in range(12):
                pen.line([(420 + audit * 86, 240), (420 + audit * 86, 1056)], fill="#e4e0d3", width=2)
        for audit, row in enumerate(row_of_audit):
            x, y = 463 + audit * 86, 291 + row * 102
            if audit < held:
                pen.ellipse((x - 28, y - 28, x + 28, y + 28), fill="#2f8a4a")
                pen.line([(x - 13, y), (x - 3, y + 11), (x + 15, y - 13)], fill="#ffffff", width=7)
            else:
                pen.ellipse((x - 28, y - 28, x + 28, y + 28), outline="#27408f", width=6)

    return _photograph("#a8a293", "#c6c0b0", draw, 15)


def _drawing_sheet(pen: Pen) -> None:
    """A workshop drawing under the caliper: a turned part with its dimensions."""
    pen.polygon([(90, 120), (1440, 60), (1530, 1060), (180, 1130)], fill="#ece8db")
    ink = "#5c6470"
    for box in ((420, 250, 760, 420), (760, 215, 1010, 455), (1010, 270, 1180, 395)):
        pen.rectangle(box, outline=ink, width=4)
    pen.line([(380, 335), (1230, 335)], fill="#9a8f6b", width=2)
    for x in (420, 760, 1010, 1180):
        pen.line([(x, 455), (x, 500)], fill=ink, width=2)
    pen.line([(420, 490), (1180, 490)], fill=ink, width=2)
    pen.text((860, 150), "dia 25 h9", fill=ink, font=_font(36))
    pen.text((980, 900), "4711 - 03     C45", fill=ink, font=_font(40))
    pen.rectangle((950, 880, 1420, 1040), outline=ink, width=3)


def _photograph(low: str, high: str, draw: Callable[[Pen], None], seed: int) -> bytes:
    """The light of a hall, the thing itself, and what a lens makes of it: a little turned, soft at the edge, with grain."""
    chance = random.Random(seed)
    light = Image.linear_gradient("L").resize(CANVAS)
    canvas = Image.composite(Image.new("RGB", CANVAS, low), Image.new("RGB", CANVAS, high), light)
    draw(ImageDraw.Draw(canvas))
    wide, tall = CANVAS
    lean = [chance.uniform(10, 34) for _ in range(8)]
    corners = (lean[0], lean[1], lean[2], tall - lean[3], wide - lean[4], tall - lean[5], wide - lean[6], lean[7])
    picture = canvas.transform(SIZE, Image.Transform.QUAD, corners, Image.Resampling.BILINEAR)
    shade = Image.radial_gradient("L").point(lambda value: int(value * 0.42)).resize(SIZE)
    picture.paste(Image.new("RGB", SIZE, "#0b0d0f"), (0, 0), shade)
    glow = Image.radial_gradient("L").point(lambda value: max(0, 70 - value)).resize((880, 640))
    picture.paste(Image.new("RGB", glow.size, "#fff6e0"), (230, -210), glow)
    picture = picture.filter(ImageFilter.BoxBlur(0.7))
    half = (SIZE[0] // 2, SIZE[1] // 2)
    grain = Image.frombytes("L", half, chance.randbytes(half[0] * half[1])).resize(SIZE, Image.Resampling.BILINEAR)
    picture = Image.blend(picture, grain.convert("RGB"), 0.035)
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=82)
    return output.getvalue()


def _write(pen: Pen, at: tuple[int, int], text: str, size: int, colour: str, tilt: float) -> None:
    """A line of text that climbs or falls by so many degrees."""
    font = _font(size)
    _, _, right, bottom = font.getbbox(text)
    ink = Image.new("L", (round(right) + 8, round(bottom) + 8))
    ImageDraw.Draw(ink).text((4, 4), text, fill=255, font=font)
    turned = ink.rotate(-tilt, expand=True, resample=Image.Resampling.BILINEAR)
    # What climbs needs room above where it begins.
    rise = round(max(0.0, -math.sin(math.radians(tilt)) * ink.width))
    pen.bitmap((at[0], at[1] - rise), turned, fill=colour)


def _smooth(points: list[Point]) -> list[Point]:
    """Rounded corners, as a recorder draws them."""
    for _ in range(3):
        cut = [points[0]]
        for (x0, y0), (x1, y1) in pairwise(points):
            cut += [(x0 * 0.75 + x1 * 0.25, y0 * 0.75 + y1 * 0.25), (x0 * 0.25 + x1 * 0.75, y0 * 0.25 + y1 * 0.75)]
        points = [*cut, points[-1]]
    return points


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return font
