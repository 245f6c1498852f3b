"""
A report with many photos, in a process of its own: content, layout, PDF/A and signature. Beside it a document that is nothing but the same
photos, one under the other, by the same library.

Run as a program (`python -m tests.bench.reports auditbook|floor COUNT FOLDER`) it prints one line of JSON.
"""

import io
import json
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from server.config import Config
from server.domain.refusals import Refusal
from server.evidence.derivatives import LONG_EDGE
from server.reports.content import build_content
from server.reports.material import attachments
from server.reports.render import render_report
from server.reports.stamping import FIELDS, certify_report
from server.sealing.canonical import sha256_hex
from server.sealing.pades import load_signer
from tests.bench.measuring import RUNS, Figure, Say, seconds
from tests.reports.pictures import all_pictures
from tests.reports.sample import (
    change_after_closing,
    material_of,
    sample_device,
    seal_closing,
    seal_report,
    write_audit,
)

SIZES = (30, 300)
"""Photos."""
ROOT = Path(__file__).parents[2]


def measure(say: Say) -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say("report: taking 300 photos")
        take_photos(folder, max(SIZES))
        for count in SIZES:
            say(f"report: {count} photos")
            ours = [_run("auditbook", count, folder) for _ in range(RUNS)]
            floor = [_run("floor", count, folder) for _ in range(RUNS)]
            group = f"report of {count} photos"
            figures += [
                Figure(group, what, [run[key] for run in ours], unit, "the photos alone", [run[key] for run in floor])
                for what, key, unit in (
                    ("time", "seconds", "s"),
                    ("peak memory", "memory", "MB"),
                    ("size", "size", "MB"),
                    ("pages", "pages", ""),
                )
            ]
    return figures


def _run(what: str, count: int, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.reports", what, str(count), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"The report could not be made:\n{done.stdout}{done.stderr}")
    said: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return said


def take_photos(folder: Path, count: int) -> None:
    """Each one different, in the size in which a report shows them."""
    views = [Image.open(io.BytesIO(data)).convert("RGB") for data in all_pictures()]
    size = (LONG_EDGE, LONG_EDGE * 3 // 4)
    for number in range(count):
        view = views[number % len(views)]
        part = (number % 40, number % 30, view.width - number % 50, view.height - number % 60)
        photo = view.resize(size, box=part)
        ImageDraw.Draw(photo).text((40, 40), f"{number + 1}", fill="#ffffff")
        photo.save(folder / f"{number:03d}.jpg", "JPEG", quality=82)


# --- In a process of its own


def _auditbook(photos: list[bytes], folder: Path) -> dict[str, float]:
    device = sample_device()
    sample = write_audit(device)
    for number, data in enumerate(photos):
        evidence, sha256 = f"evidence/p{number}", sha256_hex(data)
        sample.pictures[sha256] = data
        device.add(
            evidence,
            kind="photo",
            sha256=sha256,
            size=len(data),
            media_type="image/jpeg",
            source="camera_still",
            file_name=None,
            captured_at="2026-11-24T11:04:12.000Z",
        )
        device.set(evidence, "caption", f"Photo {number + 1}: gauge at the workplace, with its label")
        device.set(evidence, "is_in_report", True)
        device.add(f"evidence_link/l{number}", evidence=f"p{number}", finding=f"f{number % 4 + 1}", criterion=None)
    seal_closing(device)
    change_after_closing(device)
    seal_report(device)
    material = material_of(device)
    result: dict[str, Any] = {}

    def make() -> None:
        content = build_content(material)
        if isinstance(content, Refusal):
            raise SystemExit(content.sentence)
        now = datetime(2026, 11, 27, 8, 20, tzinfo=UTC)
        signer = load_signer(Config(data=str(folder / "keys")), now)
        rendered = render_report(content, sample.picture, attachments(material), FIELDS)
        if rendered.missing_pictures:
            raise SystemExit("pictures are missing")
        result.update(pdf=certify_report(rendered, content, signer, now).pdf, pages=rendered.pages)

    (folder / "keys").mkdir(exist_ok=True)
    return {"seconds": seconds(make), "pages": result["pages"], "size": len(result["pdf"]) / 1e6}


def _floor(photos: list[Path]) -> dict[str, float]:
    output = io.BytesIO()

    def make() -> None:
        canvas = Canvas(output, pagesize=A4)
        for number, photo in enumerate(photos):
            canvas.drawImage(str(photo), 60, 60 + 250 * (number % 3), 320, 240)
            if number % 3 == 2:
                canvas.showPage()
        canvas.save()

    return {"seconds": seconds(make), "pages": -(-len(photos) // 3), "size": len(output.getvalue()) / 1e6}


if __name__ == "__main__":
    what, count, place = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    files = sorted(place.glob("*.jpg"))[:count]
    said = _floor(files) if what == "floor" else _auditbook([file.read_bytes() for file in files], place)
    print(json.dumps(said | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
