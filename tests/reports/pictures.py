"""Six pictures from a machining shop, drawn so that one can tell what they show: no real place, no real person."""

import io
import math
import random
from collections.abc import Callable
from functools import cache

from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = (1280, 960)
Pen = ImageDraw.ImageDraw


def caliper() -> bytes:
    """A caliper whose calibration label is overdue."""

    def draw(pen: Pen) -> None:
        pen.polygon([(150, 560), (1120, 420), (1128, 480), (158, 620)], fill="#b9bec4", outline="#7c828a", width=3)
        for step in range(60):
            x = 260 + step * 14
            y = 548 - (x - 150) * 0.1443
            pen.line([(x, y + 4), (x + 1, y + (26 if step % 5 == 0 else 15))], fill="#3a3f45", width=2)
        pen.polygon([(150, 560), (215, 551), (255, 800), (190, 700)], fill="#a7adb4", outline="#7c828a", width=3)
        pen.polygon(
            [(520, 480), (780, 443), (800, 560), (620, 590), (600, 760), (548, 700)],
            fill="#c7cbd0",
            outline="#7c828a",
            width=3,
        )
        pen.rounded_rectangle((590, 478, 760, 548), 8, fill="#20262c")
        pen.text((606, 488), "24.98", fill="#9fe0c0", font=_font(44))
        pen.rounded_rectangle((842, 426, 1040, 520), 6, fill="#f7d84a", outline="#a68a14", width=3)
        pen.text((856, 434), "M-114", fill="#1d1d1d", font=_font(34))
        pen.text((856, 476), "due 2026-09-30", fill="#9b1111", font=_font(25))

    return _picture("#6e5a45", "#8a7357", draw, 1)


def drum() -> bytes:
    """A drum of coolant without a readable label, and no tray beneath it."""

    def draw(pen: Pen) -> None:
        pen.ellipse((380, 760, 900, 900), fill="#2b3136")
        pen.rectangle((400, 250, 880, 830), fill="#2f6f9f")
        pen.ellipse((400, 770, 880, 890), fill="#28608a")
        pen.ellipse((400, 190, 880, 310), fill="#4b8dbd", outline="#1f4c6d", width=4)
        pen.ellipse((720, 228, 790, 262), fill="#1f4c6d")
        for y in (430, 620):
            pen.arc((400, y - 60, 880, y + 60), 0, 180, fill="#1f4c6d", width=10)
        pen.polygon([(520, 470), (760, 480), (752, 640), (610, 662), (530, 600)], fill="#e6e3da")
        for y in range(500, 640, 26):
            pen.line([(546, y), (640 + (y * 37) % 90, y + 2)], fill="#b9b4a6", width=7)

    return _picture("#777b7c", "#979b9a", draw, 2)


def chips() -> bytes:
    """Two containers for metal chips, mixed up."""

    def draw(pen: Pen) -> None:
        chance = random.Random(3)
        for left, colour, word in ((110, "#3d7a4d", "ALU"), (690, "#8d4d32", "STEEL")):
            pen.polygon(
                [(left, 360), (left + 480, 360), (left + 430, 860), (left + 50, 860)],
                fill=colour,
                outline="#222",
                width=5,
            )
            for _ in range(330):
                x, y = left + 20 + chance.random() * 440, 300 + chance.random() * 90
                shade = chance.choice(["#cfd3d6", "#e8ebed", "#9aa0a5", "#c98e52"])
                pen.arc(
                    (x - 18, y - 14, x + 18, y + 14),
                    chance.random() * 360,
                    chance.random() * 360 + 120,
                    fill=shade,
                    width=5,
                )
            pen.rectangle((left + 130, 540, left + 350, 660), fill="#f1efe9")
            pen.text((left + 158, 562), word, fill="#222222", font=_font(64))

    return _picture("#5d6265", "#7f8486", draw, 3)


def chart() -> bytes:
    """A control chart on a screen, with two points above the limit."""

    def draw(pen: Pen) -> None:
        pen.rounded_rectangle((120, 110, 1160, 800), 18, fill="#1b1f24")
        pen.rectangle((150, 140, 1130, 770), fill="#f6f8f9")
        for y, colour in ((250, "#bb161b"), (455, "#4e5768"), (660, "#bb161b")):
            pen.line([(190, y), (1100, y)], fill=colour, width=3)
        values = [0.1, -0.3, 0.4, 0.2, -0.5, 0.6, 0.1, 0.9, -0.2, 1.18, 0.5, -0.1, 0.3, 1.24, 0.2, -0.4, 0.0, 0.5]
        points = [(205 + place * 51, 455 - value * 205) for place, value in enumerate(values)]
        pen.line(points, fill="#1d3eb4", width=5)
        for across, down in points:
            colour = "#bb161b" if down < 250 else "#1d3eb4"
            pen.ellipse((across - 10, down - 10, across + 10, down + 10), fill=colour)
        pen.text((190, 160), "Ø 24.98 H7   Op. 30   n = 5", fill="#152036", font=_font(34))
        pen.rectangle((560, 800, 720, 860), fill="#1b1f24")

    return _picture("#83888c", "#a4a9ac", draw, 4)


def board() -> bytes:
    """A tool board with outlines: every tool in its place."""

    def draw(pen: Pen) -> None:
        pen.rectangle((90, 90, 1190, 860), fill="#e9e2cf", outline="#8f8667", width=8)
        for row in range(3):
            for column in range(6):
                x, y = 170 + column * 175, 180 + row * 230
                pen.rounded_rectangle((x - 30, y - 40, x + 70, y + 150), 10, outline="#b3412c", width=4)
                if row % 2:
                    pen.rectangle((x + 8, y - 20, x + 30, y + 90), fill="#c9a22b")
                    pen.ellipse((x - 8, y + 78, x + 46, y + 132), fill="#70767c")
                else:
                    pen.rectangle((x + 10, y - 22, x + 28, y + 100), fill="#8a9097")
                    pen.arc((x - 14, y + 76, x + 52, y + 142), 300, 240, fill="#8a9097", width=16)

    return _picture("#5f666b", "#7b8286", draw, 5)


def cabinet() -> bytes:
    """The gauge cabinet: one drawer with a sticker "checked", one without."""

    def draw(pen: Pen) -> None:
        pen.rectangle((180, 80, 1100, 900), fill="#7d8a92", outline="#4a545a", width=8)
        for row in range(5):
            y = 120 + row * 152
            pen.rectangle((230, y, 1050, y + 128), fill="#97a4ab", outline="#56626a", width=4)
            pen.rounded_rectangle((560, y + 50, 720, y + 74), 10, fill="#39434a")
            pen.rectangle((260, y + 30, 430, y + 82), fill="#f4f2ea")
            pen.text((274, y + 34), f"G-{row + 1}", fill="#222222", font=_font(38))
            if row != 3:
                pen.ellipse((930, y + 34, 990, y + 94), fill="#2f8a4a")
                pen.line([(944, y + 64), (956, y + 78), (978, y + 48)], fill="#ffffff", width=7)

    return _picture("#9b9384", "#b6ae9e", draw, 6)


@cache
def all_pictures() -> list[bytes]:
    """The same bytes each time: their hashes stand in records."""
    return [caliper(), cabinet(), drum(), chips(), chart(), board()]


def _picture(low: str, high: str, draw: Callable[[Pen], None], seed: int) -> bytes:
    """A lit background, the thing itself, the softness and the grain of a camera."""
    base = Image.linear_gradient("L").resize(SIZE)
    picture = Image.composite(Image.new("RGB", SIZE, low), Image.new("RGB", SIZE, high), base)
    draw(ImageDraw.Draw(picture))
    shade = Image.radial_gradient("L").resize(SIZE).point(lambda value: int(value * 0.32))
    picture = Image.composite(Image.new("RGB", SIZE, "#0c0e10"), picture, shade)
    picture = picture.filter(ImageFilter.GaussianBlur(1.1))
    small = (SIZE[0] // 2, SIZE[1] // 2)
    grain = Image.frombytes("L", small, random.Random(seed).randbytes(small[0] * small[1]))
    picture = Image.blend(picture, grain.resize(SIZE).convert("RGB"), 0.04)
    output = io.BytesIO()
    picture.rotate(math.sin(seed) * 0.6, expand=False, fillcolor=low).save(output, "JPEG", quality=80)
    return output.getvalue()


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
