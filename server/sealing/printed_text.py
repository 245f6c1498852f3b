"""
The text that a PDF prints, read back through its fonts, so that a hash on paper can be compared with the one inside.

Only what our own reports use: simple fonts with a ToUnicode map. What cannot be decoded is left out, never guessed.
"""

import re

import pikepdf

_SECTION = re.compile(rb"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
_HEX = re.compile(rb"<([0-9A-Fa-f]+)>")
_SHOWS_TEXT = frozenset({"Tj", "TJ", "'", '"'})


def printed_text(pdf: pikepdf.Pdf) -> str:
    """Every piece of text on every page, one a line, in the order of drawing."""
    return "\n".join(piece for page in pdf.pages for piece in _pieces(page))


def _pieces(page: pikepdf.Page) -> list[str]:
    fonts = page.obj.get("/Resources", pikepdf.Dictionary()).get("/Font", pikepdf.Dictionary())
    maps: dict[str, dict[int, str]] = {}
    current: dict[int, str] = {}
    pieces = []
    for instruction in pikepdf.parse_content_stream(page):
        operator = str(instruction.operator)
        if operator == "Tf":
            name = str(instruction.operands[0])
            if name not in maps:
                maps[name] = _unicode_map(fonts.get(name))
            current = maps[name]
        elif operator in _SHOWS_TEXT:
            pieces.append("".join(_decoded(operand, current) for operand in instruction.operands))
    return pieces


def _decoded(operand: object, to_unicode: dict[int, str]) -> str:
    if isinstance(operand, pikepdf.Array):
        return "".join(_decoded(item, to_unicode) for item in operand)
    if isinstance(operand, pikepdf.String):
        return "".join(to_unicode.get(code, "") for code in bytes(operand))
    return ""


def _unicode_map(font: pikepdf.Object | None) -> dict[int, str]:
    if font is None or "/ToUnicode" not in font:
        return {}
    found: dict[int, str] = {}
    for section in _SECTION.finditer(font.ToUnicode.read_bytes()):
        codes = [bytes.fromhex(code.decode()) for code in _HEX.findall(section[2])]
        if section[1] == b"bfchar":
            pairs = zip(codes[::2], codes[1::2], strict=False)
            found.update({int.from_bytes(code): text.decode("utf-16-be", "replace") for code, text in pairs})
        else:
            for first, last, text in zip(codes[::3], codes[1::3], codes[2::3], strict=False):
                start = int.from_bytes(text)
                for step in range(int.from_bytes(last) - int.from_bytes(first) + 1):
                    found[int.from_bytes(first) + step] = chr(start + step)
    return found
