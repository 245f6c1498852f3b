"""What a report shows of a photo on which something was drawn: under which name, and with what painted in."""

import hashlib

from server.domain.annotation import Shape, covers, drawing_text, layer_of
from server.reports.material import Record


def layer(record: Record, item: Record) -> list[Shape]:
    """What is drawn on this piece of evidence, by the sealed record; with what another one covers in the same file."""
    return layer_of(item, record.get("evidence") or [])


def drawing(record: Record, item: Record) -> str | None:
    """The layer as whoever makes the picture paints it; None where there is none."""
    shapes = layer(record, item)
    return drawing_text(shapes) if shapes else None


def is_covered(record: Record, item: Record) -> bool:
    return covers(layer(record, item))


def picture_name(record: Record, item: Record) -> str:
    """One file may be shown in two ways: its hash, and that of the drawing where there is one."""
    text = drawing(record, item)
    return item["sha256"] if text is None else f"{item['sha256']}.{hashlib.sha256(text.encode()).hexdigest()}"
