"""Take README's pictures from the last tour: `make tour`, then `make pictures`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
TOUR = ROOT / "var/tour"
PICTURES = ROOT / "docs/pictures"
SCREENS = {"slot": "*-judged.png", "finding": "*-finding.png", "sealed": "*-sealed.png"}
WIDTH = 900


def main() -> None:
    if not (TOUR / "report.pdf").is_file():
        sys.exit("There is no tour in var/tour/ yet. Run `make tour` first.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, pattern in SCREENS.items():
        keep(sorted(TOUR.glob(pattern))[0], name)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page"
        subprocess.run(
            ["pdftoppm", "-r", "110", "-f", "1", "-l", "1", "-singlefile", "-png", str(TOUR / "report.pdf"), str(page)],
            check=True,
        )
        keep(page.with_suffix(".png"), "report", height=625)


def keep(file: Path, name: str, height: int | None = None) -> None:
    """As wide as a README shows it; `height` crops from the top. With a palette the small marks of the grades lost their colours."""
    with Image.open(file) as picture:
        scaled = picture.convert("RGB").resize((WIDTH, round(picture.height * WIDTH / picture.width)))
        cropped = scaled.crop((0, 0, WIDTH, height or scaled.height))
        cropped.save(PICTURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
